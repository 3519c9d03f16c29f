"""Lists: pages, newest first, with an opaque cursor; a cursor that is none raises `Invalid` for `cursor`."""

import base64
import binascii
from collections.abc import Sequence
from typing import Generic, TypeVar

from camd.domain.errors import Invalid
from camd.schema.values import View

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_LONGEST_NUMBER = 19

Item = TypeVar("Item")


class Page(View, Generic[Item]):
    """`next` continues the list; null at its end."""

    items: list[Item]
    next: str | None = None


def encode_cursor(kind: str, row: str) -> str:
    """`kind` names the list, so that a cursor of another list is refused."""
    return base64.urlsafe_b64encode(f"{kind}:{row}".encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str) -> str:
    """The row that `encode_cursor` was given."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise not_a_cursor() from error
    found, separator, row = text.partition(":")
    if found != kind or not separator or not row:
        raise not_a_cursor()
    return row


def decode_number(kind: str, cursor: str) -> str:
    """As `decode_cursor`, for a list whose rows have numbers."""
    row = decode_cursor(kind, cursor)
    if as_number(row) is None:
        raise not_a_cursor()
    return row


def as_number(text: str) -> int | None:
    """A row's number, where it is one that a database can hold."""
    is_one = text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER
    return int(text) if is_one else None


def not_a_cursor() -> Invalid:
    return Invalid("give the `next` of this list's page before, unchanged", field="cursor")


def checked_limit(limit: int) -> int:
    """Raises `Invalid` for a limit that is not 1 to 500."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"give a number from 1 to {MAX_LIMIT}", field="limit")
    return limit


def cut(rows: Sequence[tuple[str, Item]], limit: int, kind: str) -> Page[Item]:
    """A page of at most `limit` of the rows read, each with its place; one row more says that it goes on."""
    kept = rows[:limit]
    goes_on = len(rows) > limit
    return Page(items=[item for _, item in kept], next=encode_cursor(kind, kept[-1][0]) if goes_on else None)
