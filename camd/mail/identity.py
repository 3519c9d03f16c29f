"""One name for one message, in whatever folder and by whatever way it is met again. Linear, and never raises."""

import hashlib
import re

from camd.ports.inbox import RawMessage

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_MOST_FIELDS = 5_000
_CUT_BODY_BYTES = 500_000
"""Of a message that was cut: the length of its header, and so the place of the cut, differs from folder to folder."""

# What the stations of the way write: trace fields (RFC 5321, 4.4), verdicts (RFC 8601), seals (RFC 6376, 8617), and
# what mailboxes keep with a message.
_TRACE = frozenset(
    {
        b"received",
        b"return-path",
        b"delivered-to",
        b"envelope-to",
        b"delivery-date",
        b"authentication-results",
        b"received-spf",
        b"dkim-signature",
        b"domainkey-signature",
        b"status",
        b"lines",
        b"content-length",
    }
)


def identity_of(raw: RawMessage) -> str:
    """SHA-256, in hexadecimal, of what the author's program wrote: all but trace fields, every `X-` field and the kind
    of line ends; the order and the folding of the fields do not count."""
    content = raw.content.replace(b"\r\n", b"\n")
    position = content.find(b"\n") + 1 if content.startswith((b"From ", b">From ")) else 0
    fields: list[bytes] = []
    while len(fields) < _MOST_FIELDS and (field := _FIELD.match(content, position)):
        position = field.end()
        name = field[1].lower()
        if name not in _TRACE and not name.startswith((b"x-", b"arc-")):
            fields.append(name + b":" + field[2].translate(None, b" \t\n"))
    end = position + _CUT_BODY_BYTES if raw.is_cut else None
    digest = hashlib.sha256(b"\n".join(sorted(fields)))
    digest.update(b"\n\n" + content[position:end].rstrip(b"\n"))
    return digest.hexdigest()
