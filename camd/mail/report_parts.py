"""The parts of a machine's report (RFC 6522) as text and fields, however its sender labelled and encoded them.

Nothing below a returned message is entered: what a person forwards is not the message's own report.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from email.message import Message

from camd.mail.parsed import Parsed

_RETURNED = frozenset(
    {"message/rfc822", "message/global", "message/rfc822-headers", "message/global-headers", "text/rfc822-headers"}
)
_MOST_PARTS = 200
_MOST_CHARACTERS, _NOTICE_CHARACTERS = 200_000, 20_000
_MOST_IDS = 10
_COPY_BEGINS = re.compile(
    r"^[ \t>*]*(?:[-=_*]{2,40}.{0,80}(?:copy|original|returned|below this line|headers?|kopie|ursprüngliche|d'origine)"
    r"|original message headers|(?:return-path|received|message-id|mime-version|dkim-signature):"
    r"|content of the original)",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Exchange and its filters keep the id that a mail had before they gave it another one.
_ID = re.compile(
    r"^[ \t>]*(?:x-microsoft-original-|x-ms-exchange-original-|x-original-|original-)?message-id[ \t]*:\s*"
    r"<([^<>\s]{3,300})>",
    re.IGNORECASE | re.MULTILINE,
)

type_of = Message.get_content_type


def own_parts(message: Message) -> Iterator[Message]:
    """The leaves of the message's own tree in their order; a report and a returned message are leaves."""
    waiting = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(reversed(_children(part)))
        else:
            yield part


def source(part: Message) -> str:
    """The part's content as it was written, decoded, with LF line ends."""
    payload = part.get_payload()
    text = "\n\n".join(map(_written, _children(part))) if isinstance(payload, list) else str(payload)
    readable = text[:_MOST_CHARACTERS].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _decoded(readable, part).replace("\r\n", "\n").replace("\0", "")


def blocks(text: str) -> list[Mapping[str, str]]:
    """Blocks of `Name: value` lines that blank lines separate; names in lower case, the first of each name counts."""
    found: list[Mapping[str, str]] = []
    for block in _BLANK_LINE.split(text.strip("\n")):
        fields: dict[str, str] = {}
        name = ""
        for line in block.split("\n"):
            if line[:1] in {" ", "\t"} and name:
                fields[name] = f"{fields[name]} {line.strip()}"
                continue
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if colon and name and name not in fields:
                fields[name] = value.strip()
            else:
                name = ""
        if fields:
            found.append(fields)
    return found


def returned_headers(mail: Parsed) -> Mapping[str, str]:
    """The header of the message that a report gives back, empty where it gives none."""
    for part in own_parts(mail.message):
        if type_of(part) in _RETURNED:
            found = blocks(source(part))
            return found[0] if found else {}
    return {}


def returned_ids(mail: Parsed) -> tuple[str, ...]:
    """Message-IDs of the message that a report or a notice is about: from what it gives back, else from its text."""
    reports = [part for part in own_parts(mail.message) if part.get_content_maintype() == "message"]
    texts = [source(part) for part in own_parts(mail.message) if type_of(part) in _RETURNED]
    headers = [_BLANK_LINE.split(text.lstrip("\n"), maxsplit=1)[0] for text in texts]
    for candidates in (headers, [*map(source, reports), mail.text[:_MOST_CHARACTERS]]):
        found = dict.fromkeys(each for text in candidates for each in _ID.findall(text))
        if found:
            return tuple(found)[:_MOST_IDS]
    return ()


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def _written(part: Message) -> str:
    """A message or a block of fields as text; deeper trees keep their header only."""
    header = "\n".join(f"{name}: {value}" for name, value in part.raw_items())
    payload = part.get_payload()
    body = payload if isinstance(payload, str) else "\n\n".join(_written(each) for each in _children(part)[:50])
    return f"{header}\n\n{body}" if header else body


def _decoded(text: str, part: Message) -> str:
    # RFC 2046, 5.2.1 forbids it, and some hosts do it: then the stdlib took the encoded lines for a header or a body.
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    try:
        if encoding == "base64" and ":" not in text:
            return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text
    if encoding == "quoted-printable" and part.get_content_maintype() == "text":
        return quopri.decodestring(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
    return text


def above_the_copy(text: str) -> str:
    """What the mail system wrote itself, without the copy of our mail below it."""
    head = text[:_NOTICE_CHARACTERS]
    begins = _COPY_BEGINS.search(head, 1)
    return head[: begins.start()] if begins else head
