"""The mail by which a server tells that it could not deliver what it had accepted (RFC 3464)."""

from datetime import datetime
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime

STATUS = "5.1.1"
_DIAGNOSTIC = f"550 {STATUS} the address does not exist"


def delivery_report(message: bytes, *, sender: str, recipient: str, server: str, now: datetime) -> bytes:
    """A permanent failure of `recipient`, to be put into the inbox of `sender`; `message` comes back whole."""
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    report["Return-Path"] = "<>"
    report["From"] = f"Mail Delivery System <mailer-daemon@{server}>"
    report["To"] = sender
    report["Subject"] = "Undelivered mail returned to sender"
    report["Date"] = format_datetime(now)
    report["Auto-Submitted"] = "auto-replied"
    original = BytesParser(policy=SMTP).parsebytes(message)
    report.attach(
        MIMEText(f"This is {server}. Your message could not be delivered to:\n\n<{recipient}>: {_DIAGNOSTIC}\n")
    )
    report.attach(_status(recipient, server, now))
    report.attach(MIMEMessage(original))
    return report.as_bytes(policy=SMTP)


def _status(recipient: str, server: str, now: datetime) -> Message:
    of_message, of_recipient = Message(), Message()
    of_message["Reporting-MTA"] = f"dns; {server}"
    of_message["Arrival-Date"] = format_datetime(now)
    of_recipient["Final-Recipient"] = _typed(recipient)
    of_recipient["Action"] = "failed"
    of_recipient["Status"] = STATUS
    of_recipient["Diagnostic-Code"] = f"smtp; {_DIAGNOSTIC}"
    status = MIMEBase("message", "delivery-status")
    status.set_payload([of_message, of_recipient])
    return status


def _typed(address: str) -> str:
    """RFC 6533, 3: an address that is not ASCII is written with its code points."""
    if address.isascii():
        return f"rfc822; {address}"
    return "utf-8; " + "".join(letter if letter.isascii() else rf"\x{{{ord(letter):X}}}" for letter in address)
