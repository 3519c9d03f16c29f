"""The grammar of IMAP4rev1 (RFC 3501, section 9) as far as a reader needs it; no IO.

What is none of it raises `NotImap`, however it is nested or cut off.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: \[([^\]]*)\])?(?: (.*))?", re.IGNORECASE | re.DOTALL)
_LITERAL_AT_END = re.compile(rb"\{(\d{1,19})\}\Z")
_TOKEN = re.compile(
    rb"""\s*(?:
        (?P<open>\()
        |(?P<close>\))
        |"(?P<quoted>(?:[^"\\]|\\.)*)"
        |(?P<literal>\{\d+\})
        |(?P<atom>[^\s()"]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_DIGITS = 10
"""Of a number of 32 bits."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class NotImap(Exception):
    """It is no answer of an IMAP server."""


@dataclass(frozen=True, slots=True)
class Literal:
    """`content` is the beginning of it where there was more than is kept; `size` is what the server sent."""

    content: bytes
    size: int


Value: TypeAlias = "bytes | Literal | list[Value] | None"


@dataclass(frozen=True, slots=True)
class Status:
    """`code` is the first word in the brackets, in capitals, `argument` the rest of them."""

    kind: str
    code: str
    argument: str
    text: str

    def __str__(self) -> str:
        told = f"[{self.code}] {self.text}" if self.code else self.text
        return f"{self.kind} {told}"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `tag` is `*` or `+` or a command's; it has a status, or it has values."""

    tag: str
    status: Status | None
    values: Sequence[Value]
    size: int


def has_free_text(line: bytes) -> bool:
    """What a person is told may end like a literal."""
    tag, _, rest = line.partition(b" ")
    return tag == b"+" or _status(rest) is not None


def literal_size(line: bytes) -> int | None:
    """The size of the literal that comes behind this line."""
    found = _LITERAL_AT_END.search(line[-21:])
    return int(found[1]) if found else None


def response(line: bytes, literals: Sequence[Literal]) -> Response:
    """`line` is what stands around the literals, each in its place announced by its size."""
    tag, _, rest = line.partition(b" ")
    size = len(line) + sum(len(each.content) for each in literals)
    name = tag.decode("ascii", "replace")
    if name == "+":
        return Response(name, None, (), size)
    status = _status(rest)
    return Response(name, status, () if status else _values(rest, literals), size)


def _status(text: bytes) -> Status | None:
    found = _STATUS.fullmatch(text)
    if found is None:
        return None
    code, _, argument = _text(found[2] or b"").partition(" ")
    return Status(found[1].decode().upper(), code.upper(), argument, _text(found[3] or b""))


def _values(text: bytes, literals: Sequence[Literal]) -> list[Value]:
    """Lists are kept on a stack of our own: a server can nest them deeper than Python would."""
    top: list[Value] = []
    stack = [top]
    remaining = iter(literals)
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotImap("a string does not end")
        at = found.end()
        match found.lastgroup:
            case "open":
                inner: list[Value] = []
                stack[-1].append(inner)
                stack.append(inner)
            case "close":
                if len(stack) == 1:
                    raise NotImap("a list ends that did not begin")
                stack.pop()
            case "quoted":
                stack[-1].append(_ESCAPED.sub(rb"\1", found["quoted"]))
            case "literal":
                stack[-1].append(next(remaining, None))
            case _:
                atom = found["atom"]
                stack[-1].append(None if atom.upper() == b"NIL" else atom)
    if len(stack) > 1:
        raise NotImap("a list does not end")
    return top


def named(name: str, answers: Sequence[Response]) -> list[Sequence[Value]]:
    """What stands behind the name in each answer that begins with it."""
    return [each.values[1:] for each in answers if each.values and plain(each.values[0]).upper() == name.encode()]


def is_arrival(answer: Response) -> bool:
    """Whether it counts the messages of the folder, which a server does unasked when one arrives."""
    return len(answer.values) == 2 and plain(answer.values[1]).upper() in {b"EXISTS", b"RECENT"}


def plain(value: Value) -> bytes:
    """The bytes of a string in any of its forms; nothing for NIL and for a list."""
    match value:
        case Literal(content):
            return content
        case bytes():
            return value
        case _:
            return b""


def number(value: Value) -> int | None:
    text = plain(value)
    return int(text) if text.isdigit() and len(text) <= _DIGITS else None


def quoted(text: str | bytes) -> bytes:
    """Raises `ValueError` for what would end the line: another command could follow it."""
    raw = text.encode() if isinstance(text, str) else text
    if any(each in raw for each in b"\0\r\n"):
        raise ValueError("it holds an end of line")
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def day(of: date) -> str:
    """English months in every locale."""
    return f"{of.day}-{_MONTHS[of.month - 1]}-{of.year}"


def arrival(value: Value) -> datetime | None:
    """INTERNALDATE, such as ` 7-Mar-2026 02:44:25 -0700`."""
    try:
        told = parsedate_to_datetime(_text(plain(value)).replace("-", " ", 2))
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
