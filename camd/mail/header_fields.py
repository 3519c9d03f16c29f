"""What stands in a message's header: encoded words, addresses and ids, however carelessly they were written.

Total and linear: what cannot be read is left out or left as it is. The standard library's own readers of the same
were seen to raise, to recurse and to take quadratic time.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from itertools import groupby, islice
from urllib.parse import unquote

from camd.mail.charsets import clean, decode

MOST_ADDRESSES = 1_000
MOST_IDS = 100
_MOST_ID, _MOST_ADDRESS, _MOST_NAME, _MOST_PARAMETERS = 998, 320, 200, 4_000

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_TOKEN = re.compile(
    r"""
    "(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\Z)
    | <(?P<angle>[^<>]*)>
    | (?P<mark>[(),;:])
    | (?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=|[^\s"<>(),;:]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PARAMETER = re.compile(
    r";\s*(?P<name>[^\s=;*\"]+)(?P<section>\*\d+)?(?P<extended>\*)?\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^;\s]*))"
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BRACKETED = re.compile(r"<([^<>]+)>")


def decoded(value: str) -> str:
    """One line, its encoded words (RFC 2047) and raw 8-bit letters read as well as can be. Words of one charset that
    follow each other are joined before: programs break them within a letter."""
    runs = groupby(_pieces(_BETWEEN_WORDS.sub("", value)), key=lambda piece: piece[0])
    texts = [decode(b"".join(data for _, data in run), charset) for charset, run in runs]
    return " ".join(clean("".join(texts)).split())


def addresses(value: str) -> Iterator[tuple[str | None, str]]:
    """Names and bare addresses of a `From` or `To` field (RFC 5322, 3.4), groups opened; at most 1,000."""
    # A quotation that never ends hides what follows it, and some programs encode the address along with the name.
    for text in (value, value.replace('"', " "), decoded(value)):
        found = islice(_usable(text), MOST_ADDRESSES)
        for first in found:
            yield first
            yield from found
            return


def message_ids(value: str) -> tuple[str, ...]:
    """Ids without angle brackets, in their order, each once; a bare word with an @ counts where no brackets are."""
    text = decoded(value)
    candidates = _BRACKETED.findall(text) or [word.strip("<>,;\"'") for word in text.split() if "@" in word]
    ids = ("".join(each.split()) for each in candidates)
    return tuple(dict.fromkeys(each for each in ids if 0 < len(each) <= _MOST_ID))


def unbase64(data: bytes) -> bytes:
    """As far as it is base64: other characters are passed over, and what is missing at the end is missed."""
    letters = _NOT_BASE64.sub(b"", data)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parameters(value: str) -> dict[str, str]:
    """Those of a field such as `Content-Type` by their names in lower case, joined and decoded (RFC 2231)."""
    found: dict[str, str] = {}
    for name, section, extended, quoted, bare in _PARAMETER.findall(value[:_MOST_PARAMETERS]):
        text = re.sub(r"\\(.)", r"\1", quoted) or bare
        if extended:
            text = unquote(text.split("'", 2)[-1])
        if section:
            found[name.lower()] = found.get(name.lower(), "") + text
        else:
            found.setdefault(name.lower(), text)
    return {name: decoded(text) for name, text in found.items()}


def _usable(value: str) -> Iterator[tuple[str | None, str]]:
    for name, address in _mailboxes(value):
        bare = decoded("".join(address.split())).strip("[]'")
        if len(bare) <= _MOST_ADDRESS and "@" in bare[1:-1] and " " not in bare:
            yield decoded(name)[:_MOST_NAME] or None, bare


def _pieces(value: str) -> Iterator[tuple[str | None, bytes]]:
    """Runs of text with their charset, None for what is no encoded word."""
    position = 0
    for word in _WORD.finditer(value):
        if position < word.start():
            yield None, _bytes(value[position : word.start()])
        charset = word[1].partition("*")[0].lower()  # RFC 2231, 5: a language may follow
        yield charset, _unpacked(word[2], word[3])
        position = word.end()
    yield None, _bytes(value[position:])


def _unpacked(encoding: str, text: str) -> bytes:
    data = _bytes(text)
    if encoding in "qQ":
        return quopri.decodestring(data, header=True)
    return unbase64(data)


def _mailboxes(value: str) -> Iterator[tuple[str, str]]:
    words: list[str] = []
    comment: list[str] = []
    angle: str | None = None
    depth = 0
    for token in _TOKEN.finditer(value + ","):
        mark = token["mark"]
        if mark == "(" or (mark == ")" and depth):
            depth += 1 if mark == "(" else -1
        elif depth and token.end() <= len(value):
            comment.append(token[0])
        elif token["angle"] is not None:
            angle = token["angle"]
        elif mark in {",", ";"}:
            if angle is not None:
                # RFC 5322, 4.4: an obsolete route may stand before the address.
                yield " ".join(words), angle.rpartition(":")[2]
            elif bare := [word for word in words if "@" in word]:
                yield "".join(comment), bare[-1]
            words, comment, angle, depth = [], [], None, 0
        elif mark == ":":
            words = []
        elif not token[0].isspace():
            quoted = token["quoted"]
            words.append(token[0] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
