"""A mail as the person who got it sees it."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr, parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Received:
    """`step` is its place in its thread, from 1; `source` the whole message."""

    sender: str
    sender_name: str
    recipient: str
    subject: str
    sent_at: datetime
    message_id: str
    references: tuple[str, ...]
    text: str
    source: bytes

    @property
    def step(self) -> int:
        return len(self.references) + 1

    @property
    def recipient_name(self) -> str:
        """As far as an address tells: `anna.lindner@` is Anna Lindner."""
        return self.recipient.partition("@")[0].replace(".", " ").replace("_", " ").title()


def open_mail(message: bytes, *, sender: str, recipient: str, now: datetime) -> Received:
    """`sender` and `recipient` are those of the envelope, `now` stands for a missing date."""
    parsed = message_from_bytes(message, _class=EmailMessage, policy=default)
    body = parsed.get_body(("plain",))
    date = str(parsed["Date"] or "")
    return Received(
        sender=sender,
        sender_name=parseaddr(str(parsed["From"] or ""))[0] or sender,
        recipient=recipient,
        subject=str(parsed["Subject"] or ""),
        sent_at=parsedate_to_datetime(date) if date else now,
        message_id=str(parsed["Message-ID"] or "").strip(),
        references=tuple(str(parsed["References"] or "").split()),
        text=str(body.get_content()).replace("\r\n", "\n") if body else "",
        source=message,
    )
