"""A message as it arrived becomes what the rules look at. Whatever it holds, it is read as well as can be, within the
limits of `mime_tree` and a megabyte of text; what is no message at all raises `CannotParse`."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message

from camd.mail.charsets import clean, decode
from camd.mail.header_fields import addresses, decoded, message_ids, parameters
from camd.mail.html_text import text_of_html
from camd.mail.mime_tree import FIELD_BYTES, Node, raw_field, tree_of
from camd.mail.parsed import Parsed, Part
from camd.ports.inbox import RawMessage

TEXT_CHARACTERS = 1_000_000
MOST_THREAD = 100
_MOST_SUBJECT = 1_000
_MOST_FILE_NAME = 255
_MOST_BYTES_OF_A_CHARACTER = 4

_MARKED_UP = frozenset({"text/html", "text/enriched"})
# What some programs write for readers without HTML, instead of what they wrote for the others.
_EXCUSE = re.compile(r"\bHTML\b", re.IGNORECASE)
_MOST_EXCUSE = 400


class CannotParse(Exception):
    """The bytes are no message."""


@dataclass(frozen=True, slots=True)
class _Body:
    """What a person reads of a part, in the forms that it has."""

    plain: str | None = None
    page: str | None = None

    @property
    def text(self) -> str:
        if self.page is None:
            return self.plain or ""
        plain = (self.plain or "").strip()
        is_excuse = len(plain) < _MOST_EXCUSE and _EXCUSE.search(plain)
        return text_of_html(self.page) if not plain or is_excuse else self.plain or ""


def parse(raw: RawMessage) -> Parsed:
    """Raises `CannotParse` for bytes without a single header field."""
    tree = tree_of(raw.content)
    message = tree.message
    if not message.keys():
        raise CannotParse("it has no header")
    headers = _headers(message)
    reader = _Reader()
    body = reader.read(tree)
    sender_name, sender = _sender(message)
    return Parsed(
        headers=headers,
        message_id=next(iter(message_ids(raw_field(message, "message-id") or "")), None),
        thread=_thread(message),
        sender=sender,
        sender_name=sender_name,
        recipients=tuple(
            address for _, address in addresses(", ".join(_all(message, {"to", "cc", "bcc"}))[:FIELD_BYTES])
        ),
        subject=next(iter(headers.get("subject", ())), "")[:_MOST_SUBJECT],
        content_type=tree.content_type,
        report_type=tree.parameters.get("report-type", "").lower() or None,
        text=clean(body.text)[:TEXT_CHARACTERS].strip("\n"),
        parts=tuple(reader.parts),
        arrived_at=raw.arrived_at,
        message=message,
    )


class _Reader:
    """Reads the leaves of a tree in their order."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._left = TEXT_CHARACTERS

    def read(self, node: Node) -> _Body:
        """Nothing of a message that is returned or forwarded, and of no attachment, is read as the body."""
        if not node.children:
            return self._leaf(node)
        bodies = [self.read(child) for child in node.children]
        match node.content_type:
            case "multipart/alternative":
                plain = next((body.plain for body in bodies if (body.plain or "").strip()), None)
                return _Body(plain, next((body.page for body in bodies if body.page is not None), None))
            case "multipart/related":
                return next((body for body in bodies if body != _Body()), _Body())
            case kind if kind.startswith("multipart/"):
                return (
                    bodies[0] if len(bodies) == 1 else _Body("\n\n".join(filter(None, (body.text for body in bodies))))
                )
            case _:
                return _Body()

    def _leaf(self, node: Node) -> _Body:
        text = decode(node.body[: self._left * _MOST_BYTES_OF_A_CHARACTER], node.parameters.get("charset"))
        text = clean(text[: self._left])
        self._left -= len(text)
        disposition = raw_field(node.message, "content-disposition") or ""
        name = parameters(disposition).get("filename") or node.parameters.get("name")
        self.parts.append(
            Part(node.content_type, text, _headers(node.message), name[:_MOST_FILE_NAME] if name else None)
        )
        is_attached = disposition.lower().startswith("attachment") or (name and not disposition)
        if is_attached or not node.body:
            return _Body()
        if node.content_type in _MARKED_UP:
            return _Body(page=text)
        if node.content_type == "text/plain" or node.content_type.startswith("multipart/"):
            is_flowed = node.parameters.get("format", "").lower() == "flowed"
            return _Body(_unflowed(text, node.parameters.get("delsp", "").lower() == "yes") if is_flowed else text)
        return _Body()


def _unflowed(text: str, is_space_soft: bool) -> str:
    """RFC 3676, 4: a line that ends with a space goes on in the next one of the same depth."""
    lines: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if depth == open_depth and content != "-- ":
            lines.append(content)
        else:
            lines.append("\n" + "> " * bool(depth) + content if lines else "> " * bool(depth) + content)
        goes_on = content.endswith(" ") and content != "-- "
        open_depth = depth if goes_on else -1
        if goes_on and is_space_soft:
            lines[-1] = lines[-1][:-1]
    return "".join(lines)


def _headers(message: Message) -> Mapping[str, Sequence[str]]:
    found = defaultdict(list)
    for name, value in message.raw_items():
        found[name.lower()].append(decoded(str(value)))
    return dict(found)


def _all(message: Message, names: set[str]) -> Iterator[str]:
    return (str(value) for name, value in message.raw_items() if name.lower() in names)


def _sender(message: Message) -> tuple[str | None, str | None]:
    for name in ("from", "sender", "return-path"):
        for found in addresses(raw_field(message, name) or ""):
            return found
    return None, None


def _thread(message: Message) -> tuple[str, ...]:
    nearest = message_ids(raw_field(message, "in-reply-to") or "")
    others = reversed(message_ids(raw_field(message, "references") or ""))
    return tuple(dict.fromkeys([*nearest, *others]))[:MOST_THREAD]
