"""One request to the API as a value, and the answer it gives: the same for both faces of the client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

T = TypeVar("T")

Plain = str | int | bool | datetime | None
Params = list[tuple[str, str]]

PREFIX = "/api/cam"
SECONDS = 70.0
"""A little longer than the server lets a request take."""
FILE_SECONDS = 3700.0


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request; `answer` reads the JSON of a good answer. What is created under a `key` of the caller's own is
    created once, however often it is asked for within a day."""

    method: str
    path: str
    answer: Callable[[bytes], T]
    params: Params = field(default_factory=list)
    body: bytes | None = None
    upload: BinaryIO | None = None
    seconds: float = SECONDS
    key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Idempotency-Key": self.key} if self.key is not None else {}


def path(template: str, *parts: str | int) -> str:
    """The path under `/api/cam`, each `{}` filled with a quoted part."""
    return PREFIX + template.format(*(quote(str(part), safe="") for part in parts))


def params(**given: Plain) -> Params:
    """What was given, without the parameters that are none."""
    return [(name, _text(value)) for name, value in given.items() if value is not None]


def body_of(model: BaseModel) -> bytes:
    """Only what was set is sent: in a PATCH a field left out is not the same as one that is null."""
    return model.model_dump_json(exclude_unset=True).encode()


def pairs(name: str, mapping: Mapping[str, str]) -> Params:
    return [(name, f"{column}={chosen}") for column, chosen in mapping.items()]


def _text(value: str | int | bool | datetime) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
