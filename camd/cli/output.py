"""What commands print: the API's JSON as it is, or tables of at most 100 columns for people.

Without colour where nobody looks; characters that steer a terminal are never passed on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import click
from pydantic import BaseModel, TypeAdapter

from camd.cli.grammar import session

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 100

V = TypeVar("V", bound=BaseModel)
Cell = str | int | float | Decimal | bool | Enum | datetime | Sequence[str] | Mapping[str, object] | None


def show(view: V, for_people: Callable[[V], None]) -> None:
    """Prints the view as it was asked for."""
    if session().as_json:
        click.echo(view.model_dump_json())
    else:
        for_people(view)


def show_list(views: Sequence[V], kind: type[V], for_people: Callable[[V], None]) -> None:
    """As `show`, for an answer that is a JSON array."""
    if session().as_json:
        click.echo(TypeAdapter(list[kind]).dump_json(list(views)))  # type: ignore[valid-type]  # a type at run time
    else:
        for view in views:
            for_people(view)


@cache
def console() -> "Console":
    from rich.console import Console

    found = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not found.is_terminal or found.width > WIDTH:
        found.width = WIDTH
    return found


_PERSON_WIDTH = 36


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Sequence[str] = ()) -> None:
    """Prints a table; the headings in `right` stand over figures."""
    console().print(make_table(headings, rows, right=right))


def make_table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Sequence[str] = ()) -> "Table":
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        # What is to be copied or added up stays in one piece.
        is_figure = heading in right
        made.add_column(
            heading,
            justify="right" if is_figure else "left",
            overflow="ellipsis" if heading == "person" else "fold",
            no_wrap=is_figure or heading in {"id", "person"},
            max_width=_PERSON_WIDTH if heading == "person" else None,
        )
    for row in rows:
        made.add_row(*map(text, row))
    return made


def facts(pairs: Iterable[tuple[str, Cell]]) -> None:
    """Prints names and values below each other, without those that have none."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, "", (), [], {}):
            made.add_row(name, text(value))
    console().print(made)


def line(words: str) -> None:
    """Prints one line, however long it is."""
    click.echo(plain(words))


def lines(words: str) -> None:
    for each in words.splitlines():
        line(each)


def note(words: str) -> None:
    """Something beside the answer: it must not end up in a file that the answer is sent to."""
    click.echo(plain(words), err=True)


def more(cursor: str | None) -> None:
    """Says how a list goes on."""
    if cursor is not None:
        note(f"more: --cursor {cursor}")


def text(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case datetime():
            return day_and_time(value)
        case float():
            return f"{value:.2f}"
        case Decimal():
            return f"{value:,.2f}".removesuffix(".00")
        case str():
            return plain(value)
        case Mapping():
            return ", ".join(f"{plain(str(name))} {text(amount)}" for name, amount in value.items())  # type: ignore[arg-type]  # cells of one line
        case Sequence():
            return ", ".join(map(plain, value))
        case _:
            return str(value)


def when(instant: datetime) -> str:
    """The local time of this machine to the second, with its zone."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def day_and_time(instant: datetime) -> str:
    """As `when`, to the minute."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M %Z}"


def plain(words: str) -> str:
    """Without line breaks and the sequences by which a name or a mail could steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in words)
