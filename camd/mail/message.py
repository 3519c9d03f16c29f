"""The message as it goes out: plain text with the headers of RFC 5322 and 8058, nothing that tracks.

Everything that becomes a header is checked here, whatever the interpreter would do with it; what cannot stand in
one raises `Invalid` and no message is made.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from email.utils import quote as escaped
from urllib.parse import quote

from camd.domain.contact import refuse_header_break
from camd.domain.errors import Invalid
from camd.mail.address import Mailable, mailable
from camd.ports.channel import Handover
from camd.ports.settings import MailboxSettings

KEPT_REFERENCES = 10
"""Of a thread of more than twice as many, the first and the last so many are named."""

_FOLD_AT = 78
_MAX_WORD = 900
"""A word is never broken; a line may have 998 bytes (RFC 5322, 2.1.1)."""
_ENCODED_BYTES = 45
"""So many make an encoded word of 72 characters; 75 are allowed (RFC 2047, 2)."""
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
_WEB_ADDRESS = re.compile(r"https://[!-;=?-~]+")
_THREADED = re.compile(r"re\s*:", re.IGNORECASE)


class _Policy(EmailPolicy):
    """Keeps and writes header values that are texts as they are: the library's own folding was seen to lose spaces
    of a subject and to encode long ids and links, which no receiver takes for such."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        refuse_header_break(str(value), name)
        return name, value

    def fold(self, name: str, value: str) -> str:
        return super().fold(name, value) if hasattr(value, "fold") else _folded(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode()


_POLICY = _Policy(linesep=SMTP.linesep, max_line_length=_FOLD_AT)


def build(handover: Handover, mailbox: MailboxSettings, now: datetime) -> EmailMessage:
    """One message to one person; addresses that need SMTPUTF8 stand in it as UTF-8 (RFC 6532). Raises `Invalid`."""
    sender = mailable(mailbox.address, "address")
    message = EmailMessage(policy=_POLICY)
    message["From"] = _named(sender, _line(mailbox.from_name or "", "from_name"))
    message["To"] = str(mailable(handover.recipient, "recipient"))
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _bracketed([handover.message_id], "message_id")
    message["Subject"] = _subject(handover)
    if handover.references:
        message["In-Reply-To"] = _bracketed(handover.references[-1:], "references")
        message["References"] = _bracketed(_kept(handover.references), "references")
    for name, value in _ways_out(handover, sender):
        message[name] = value
    _set_body(message, handover.body)
    return message


def _line(text: str, field: str) -> str:
    """A tab becomes a space, anything else that could end a line is refused."""
    refuse_header_break(text, field)
    spaced = text.replace("\t", " ").strip()
    if not _CONTROLS.isdisjoint(map(unicodedata.category, spaced)):
        raise Invalid("Remove line breaks and control characters", field=field)
    return spaced


def _named(address: Mailable, name: str) -> str:
    if not name:
        return str(address)
    shown = f'"{escaped(name)}"' if _is_plain(name) else _encoded(name)
    return f"{shown} <{address}>"


def _subject(handover: Handover) -> str:
    """A follow-up's begins with `Re: `."""
    subject = _line(handover.subject, "subject")
    shown = subject if _is_plain(subject) else _encoded(subject)
    return f"Re: {shown}" if handover.references and not _THREADED.match(subject) else shown


def _is_plain(text: str) -> bool:
    """Whether it reads the same after folding and is no encoded word by chance."""
    longest = max(map(len, text.split(" ")))
    return text.isascii() and "=?" not in text and "  " not in text and longest <= _MAX_WORD


def _encoded(text: str) -> str:
    """Encoded words (RFC 2047); the space between two of them is no part of the text."""
    return " ".join(f"=?utf-8?b?{b64encode(chunk.encode()).decode()}?=" for chunk in _chunks(text))


def _chunks(text: str) -> Iterator[str]:
    chunk = ""
    for letter in text:
        if len((chunk + letter).encode()) > _ENCODED_BYTES:
            yield chunk
            chunk = ""
        chunk += letter
    yield chunk


def _kept(references: Sequence[str]) -> Sequence[str]:
    if len(references) <= 2 * KEPT_REFERENCES:
        return references
    return [*references[:KEPT_REFERENCES], *references[-KEPT_REFERENCES:]]


def _bracketed(ids: Sequence[str], field: str) -> str:
    for each in ids:
        if not _MESSAGE_ID.fullmatch(each) or len(each) > _MAX_WORD:
            raise Invalid("A Message-ID is ASCII such as abc.def@example.com, without < and >", field=field)
    return " ".join(f"<{each}>" for each in ids)


def _ways_out(handover: Handover, sender: Mailable) -> Iterator[tuple[str, str]]:
    """One click (RFC 8058, 3.1) where the person has an https address for it, else a mail to the mailbox."""
    url = handover.opt_out_url
    if url is None or not url.startswith("https:"):
        to = f"{quote(sender.local, safe='+')}@{sender.domain}"
        yield "List-Unsubscribe", f"<mailto:{to}?subject=unsubscribe>"
    elif _WEB_ADDRESS.fullmatch(url) and len(url) <= _MAX_WORD:
        yield "List-Unsubscribe", f"<{url}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    else:
        raise Invalid("An address of the web is ASCII without spaces, < and >", field="opt_out_url")


def _set_body(message: EmailMessage, body: str) -> None:
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    is_plain = text.isascii() and "\0" not in text and max(map(len, text.split("\n"))) <= _FOLD_AT
    try:
        message.set_content(text, cte="7bit" if is_plain else "quoted-printable")
    except UnicodeEncodeError as error:
        raise Invalid("Remove the half characters from the text", field="body") from error


def _folded(name: str, value: str) -> str:
    """Folds at spaces alone (RFC 5322, 2.2.3), so that each word stays as it is."""
    lines, line = [], f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > _FOLD_AT and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"
