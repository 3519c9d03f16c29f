"""Options made of the API's own bodies: every plain field is an option of its name with dashes.

Parts that are objects themselves (`icp`, `window`, …) have none: they come from a definition file.
"""

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import click
from pydantic import AwareDatetime, BaseModel, ValidationError

from camd.schema.page import DEFAULT_LIMIT, MAX_LIMIT
from camd.schema.problem import field_problems

F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)
E = TypeVar("E", bound=Enum)


class OneOf(click.ParamType[E], Generic[E]):
    """A member of an enumeration, by its value."""

    name = "choice"

    def __init__(self, kind: type[E]) -> None:
        self._kind = kind

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        return f"[{'|'.join(str(member.value) for member in self._kind)}]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> E:
        try:
            return self._kind(value)
        except ValueError:
            known = ", ".join(str(member.value) for member in self._kind)
            self.fail(f"{value!r} is none of {known}", param, ctx)


class Instant(click.ParamType[datetime]):
    """RFC 3339; a day or a time without zone is this machine's local time."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            # Without a zone `astimezone` takes the local one.
            return datetime.fromisoformat(str(value)).astimezone()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time: give 2027-01-31, 2027-01-31T14:00 or 2027-01-31T14:00:00Z", param, ctx)


class Pair(click.ParamType[tuple[str, str]]):
    """`name=value`."""

    name = "name=value"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).rpartition("=") if self.splits_last else str(value).partition("=")
        if not name or not equals:
            self.fail(f"{value!r} is no {self.name}", param, ctx)
        return name, rest

    splits_last = False


class Column(Pair):
    """`column=field`; a column's name may hold the sign itself."""

    name = "column=field"
    splits_last = True


def paged(function: F) -> F:
    """The options of every list."""
    limited = click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=DEFAULT_LIMIT, show_default=True)
    continued = click.option("--cursor", help="Where the list before left off.")
    return limited(continued(function))


def body_options(
    model: type[BaseModel], *, required: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> Callable[[F], F]:
    """An option for each plain field of the body but those in `without`, which stand elsewhere on the line."""

    def decorate(function: F) -> F:
        for name, field in reversed(model.model_fields.items()):
            if name in without:
                continue
            if option := _option(name, field.annotation, required=name in required):
                function = option(function)
        return function

    return decorate


def given_fields(model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that stood on the command line, by their names in JSON; an empty text empties a field."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value == ():
            continue
        field = model.model_fields[name]
        kind, _ = _kind(field.annotation)
        fields[field.alias or name] = None if value == "" else dict(value) if kind is dict else value
    return fields


def read_body(model: type[M], given: Mapping[str, Any]) -> M:
    """The body that the options make. Raises a usage error that names every wrong one."""
    try:
        return model.model_validate(given_fields(model, given))
    except ValidationError as error:
        wrong = [f"{_flag(found.field.partition('.')[0])}: {found.message}" for found in field_problems(error)]
        raise click.UsageError("\n  ".join(wrong)) from error


def _option(name: str, annotation: Any, *, required: bool) -> Callable[[F], F] | None:
    kind, inner = _kind(annotation)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return None
    if inner is bool:
        return click.option(f"{_flag(name)}/--no-{_flag(name).removeprefix('--')}", name, default=None)
    many = kind is not None
    type_ = Pair() if kind is dict else _type(inner)
    default = {} if many or required else {"default": None}
    return click.option(_flag(name), name, type=type_, multiple=many, required=required, **default)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _kind(annotation: Any) -> tuple[type | None, Any]:
    """Whether the field holds many (`tuple` or `dict`), and the type of one."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin in (Union, types.UnionType):
        return _kind(next(each for each in arguments if each is not type(None)))
    if origin is tuple:
        return tuple, _kind(arguments[0])[1]
    if origin is dict:
        return dict, str
    return None, annotation


def _type(inner: Any) -> click.ParamType[Any]:
    if isinstance(inner, type) and issubclass(inner, Enum):
        return OneOf(inner)
    if inner is AwareDatetime:
        return Instant()
    if inner is int:
        return click.INT
    # An amount stays a text: a float would lose its cents.
    return click.FLOAT if inner is float else click.STRING
