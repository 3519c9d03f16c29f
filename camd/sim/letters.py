"""Messages that come back: what a person, a machine or a mail server sends in answer to one of ours."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from camd.ports.channel import Handover


def answer(handover: Handover, to: str, text: str, at: datetime, *, sender: str | None = None) -> EmailMessage:
    """A person's answer with our mail quoted below it; `to` is the mailbox's address."""
    message = _begun(sender or handover.recipient, to, f"Re: {handover.subject}", at)
    message["In-Reply-To"] = f"<{handover.message_id}>"
    message["References"] = " ".join(f"<{each}>" for each in (*handover.references, handover.message_id))
    quoted = "\n".join(f"> {line}" for line in handover.body.splitlines())
    message.set_content(f"{text}\n\nOn {at:%a, %d %b %Y at %H:%M}, {to} wrote:\n{quoted}\n")
    return message


def fresh(sender: str, to: str, subject: str, text: str, at: datetime) -> EmailMessage:
    """A mail that answers nothing."""
    message = _begun(sender, to, subject, at)
    message.set_content(text)
    return message


def away_note(handover: Handover, to: str, text: str, at: datetime) -> EmailMessage:
    """What a mail server answers for somebody who is away (RFC 3834)."""
    message = _begun(handover.recipient, to, f"Automatic reply: {handover.subject}", at)
    message["Auto-Submitted"] = "auto-replied"
    message["In-Reply-To"] = f"<{handover.message_id}>"
    message.set_content(text)
    return message


def bounce(
    handover: Handover, to: str, code: str, at: datetime, *, reply: str = "550 user unknown", names_mail: bool = True
) -> EmailMessage:
    """A delivery status notification (RFC 3464); without `names_mail` it does not show our Message-ID."""
    status = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {handover.recipient}\n"
        f"Action: failed\nStatus: {code}\nDiagnostic-Code: smtp; {reply}\n"
    )
    message = _begun("MAILER-DAEMON@mx.example", to, "Undelivered Mail Returned to Sender", at)
    message["Return-Path"] = "<>"
    returned = (_headers_of(handover),) if names_mail else ()
    return _report(message, "delivery-status", "The mail could not be delivered.", status, *returned)


def complaint(handover: Handover, to: str, at: datetime) -> EmailMessage:
    """A feedback report of a mail provider (RFC 5965)."""
    report = "Feedback-Type: abuse\nUser-Agent: Provider/1\nVersion: 1\n"
    message = _begun("feedback@provider.example", to, "Complaint", at)
    return _report(message, "feedback-report", "This is a spam report.", report, _headers_of(handover))


def sent_copy(handover: Handover, sender: str, at: datetime, *, message_id: str | None = None) -> EmailMessage:
    """The mail as it lies in the folder Sent."""
    message = _begun(sender, handover.recipient, handover.subject, at)
    message.replace_header("Message-ID", f"<{message_id or handover.message_id}>")
    message.set_content(handover.body)
    return message


def _begun(sender: str, to: str, subject: str, at: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain="them.example")
    return message


def _report(message: EmailMessage, kind: str, words: str, fields: str, *returned: str) -> EmailMessage:
    """A `multipart/report` (RFC 6522)."""
    parts = [("text/plain", f"{words}\n"), (f"message/{kind}", fields)]
    parts += [("text/rfc822-headers", headers) for headers in returned]
    boundary = "=_report"
    texts = [f"--{boundary}\nContent-Type: {content_type}\n\n{text}\n" for content_type, text in parts]
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/report; report-type="{kind}"; boundary="{boundary}"'
    message.set_payload("".join(texts) + f"--{boundary}--\n")
    return message


def _headers_of(handover: Handover) -> str:
    return f"Message-ID: <{handover.message_id}>\nTo: {handover.recipient}\n"
