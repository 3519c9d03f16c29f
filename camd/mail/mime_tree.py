"""A message taken apart into its tree, within limits that hold before anything is built: 50 levels, 1,000 parts, 1,000
fields of a header and 64 kB of one field. Total and linear.

The tree is the one that the standard library would build. Its own parser recurses into 2,000 nested parts and keeps
50,000 fields.
"""

import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message

from camd.mail.header_fields import parameters, unbase64

MOST_LEVELS = 50
MOST_PARTS = 1_000
MOST_FIELDS = 1_000
FIELD_BYTES = 64_000
HEADER_BYTES = 1_000_000
LEAF_BYTES = 4_000_000
"""A megabyte of text in the least dense encoding. Of what is no text nothing is kept."""

_MOST_FIELDS_IN_ALL = 10_000
_MOST_DELIMITERS = 100_000
_DESCRIPTION_BYTES = 4_000
"""Of a field that describes a part: the standard library takes quadratic time over its parameters."""

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n")
_HEADER_END = re.compile(rb"\n\r?\n")
_DELIMITER_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_BLOCK_END = re.compile(rb"\n\r?(?=\n)|\n\r?\Z")
_READ = ("text/", "message/", "multipart/")
_FIELD_BLOCKS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(frozen=True, slots=True)
class Node:
    """A part. `body` is a leaf's content without its transfer encoding; a message that is returned or forwarded is the
    only child of the part that holds it."""

    message: Message
    content_type: str
    parameters: Mapping[str, str]
    body: bytes = b""
    children: tuple["Node", ...] = ()


@dataclass(slots=True)
class _Left:
    """What may still be built."""

    parts: int = MOST_PARTS
    fields: int = _MOST_FIELDS_IN_ALL
    delimiters: int = _MOST_DELIMITERS


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a part stands in `data`, and how many levels may be below it."""

    data: bytes
    start: int
    end: int
    levels: int


def tree_of(content: bytes) -> Node:
    """The message that `content` is, with or without the line that an mbox puts before it."""
    start = content.find(b"\n") + 1 if content.startswith((b"From ", b">From ")) else 0
    return _node(_Span(content, start, len(content), MOST_LEVELS), _Left(), "text/plain")


def raw_field(message: Message, name: str) -> str | None:
    """The first one of that name, given in lower case, as it was written; bytes of no charset are surrogates."""
    return next((str(value) for each, value in message.raw_items() if each.lower() == name), None)


def _node(span: _Span, left: _Left, default_type: str) -> Node:
    message = Message()
    message.set_default_type(default_type)
    body_start = _read_fields(message, span, left)
    body = _Span(span.data, body_start, span.end, span.levels - 1)
    kind = message.get_content_type()
    found = parameters(raw_field(message, "content-type") or "")
    if body.levels >= 0 and kind.startswith("multipart/") and (children := _parts(kind, found, body, left)):
        message.set_payload([child.message for child in children])
        return Node(message, kind, found, children=children)
    if not kind.startswith(_READ):
        message.set_payload("")
        return Node(message, kind, found)
    written = span.data[body_start : min(span.end, body_start + LEAF_BYTES)]
    content = _unpacked(written, raw_field(message, "content-transfer-encoding") or "")
    if body.levels >= 0 and kind in _MESSAGES:
        child = _node(_Span(content, 0, len(content), body.levels), left, "text/plain")
        message.set_payload([child.message])
        return Node(message, kind, found, children=(child,))
    if kind in _FIELD_BLOCKS:
        message.set_payload(_blocks(content, left))
    else:
        message.set_payload(written.decode("ascii", "surrogateescape"))
    return Node(message, kind, found, content)


def _read_fields(message: Message, span: _Span, left: _Left) -> int:
    """Gives where the body starts: behind a blank line, or at the first line that is no field."""
    position, size = span.start, 0
    most = min(MOST_FIELDS, left.fields)
    for _ in range(most):
        field = _FIELD.match(span.data, position, span.end)
        if field is None or size > HEADER_BYTES:
            break
        position = field.end()
        name = field[1].decode("ascii")
        limit = _DESCRIPTION_BYTES if name.lower().startswith("content-") else FIELD_BYTES
        value = field[2][:limit].strip(b" \t\r\n")
        size += len(value)
        left.fields -= 1
        message.set_raw(name, value.decode("ascii", "surrogateescape"))
    else:
        end = _HEADER_END.search(span.data, max(span.start, position - 1), span.end)
        return end.end() if end else span.end
    blank = _BLANK_LINE.match(span.data, position, span.end)
    return blank.end() if blank else position


def _parts(kind: str, found: Mapping[str, str], body: _Span, left: _Left) -> tuple[Node, ...]:
    boundary = found.get("boundary", "").rstrip()
    if not boundary:
        return ()
    default_type = "message/rfc822" if kind == "multipart/digest" else "text/plain"
    children = []
    for start, end in _pieces(b"--" + boundary.encode("utf-8", "replace"), body, left):
        if left.parts == 0:
            break
        left.parts -= 1
        children.append(_node(_Span(body.data, start, end, body.levels), left, default_type))
    return tuple(children)


def _pieces(delimiter: bytes, body: _Span, left: _Left) -> Iterator[tuple[int, int]]:
    """Where the parts between lines of the delimiter begin and end (RFC 2046, 5.1.1); the last may lack its end."""
    data, piece, position = body.data, -1, body.start
    while left.delimiters > 0:
        left.delimiters -= 1
        at = data.find(delimiter, position, body.end)
        if at < 0:
            break
        position = at + len(delimiter)
        line_end = _DELIMITER_END.match(data, position, body.end)
        if line_end is None or (at > body.start and data[at - 1 : at] != b"\n"):
            continue
        if piece >= 0:
            yield piece, max(piece, at - (2 if data[at - 2 : at] == b"\r\n" else 1))
        piece = position = line_end.end()
        if line_end[1]:
            return
    if piece >= 0:
        yield piece, body.end


def _blocks(content: bytes, left: _Left) -> list[Message | str]:
    """The groups of fields of a delivery report (RFC 3464, 2.1), as the standard library keeps them."""
    blocks: list[Message | str] = []
    position = 0
    while position < len(content) and left.parts > 0:
        left.parts -= 1
        found = _BLOCK_END.search(content, position)
        end = found.end() if found else len(content)
        block = Message()
        _read_fields(block, _Span(content, position, end, 0), left)
        blocks.append(block)
        while content[end : end + 1] in {b"\r", b"\n"}:
            end += 1
        position = end
    return blocks


def _unpacked(written: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "base64" if _looks_like_base64(written):
            return unbase64(written)
        case "quoted-printable":
            return quopri.decodestring(written)
        case _:
            return written


def _looks_like_base64(written: bytes) -> bool:
    """Some say so of plain text."""
    return b" " not in written.strip()[:1_000]
