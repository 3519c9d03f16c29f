"""The report of a mail provider whose user pressed "spam" (RFC 5965)."""

from datetime import datetime
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser
from email.policy import SMTPUTF8
from email.utils import format_datetime

from camd.sandbox.received import Received


def complaint(mail: Received, *, server: str, now: datetime) -> bytes:
    report = MIMEMultipart("report")
    report.set_param("report-type", "feedback-report")
    report["Return-Path"] = "<>"
    report["From"] = f"Feedback loop <feedback@{server}>"
    report["To"] = mail.sender
    report["Subject"] = f"FW: {mail.subject}"
    report["Date"] = format_datetime(now)
    report.attach(MIMEText(f"This is a spam report of a user of {server}. The message is attached.\n"))
    report.attach(_feedback(mail, server, now))
    report.attach(MIMEMessage(BytesParser(policy=SMTPUTF8).parsebytes(mail.source)))
    return report.as_bytes(policy=SMTPUTF8)


def _feedback(mail: Received, server: str, now: datetime) -> Message:
    fields = Message()
    fields["Feedback-Type"] = "abuse"
    fields["User-Agent"] = f"{server}/1.0"
    fields["Version"] = "1"
    fields["Original-Mail-From"] = f"<{mail.sender}>"
    fields["Original-Rcpt-To"] = f"<{mail.recipient}>"
    fields["Arrival-Date"] = format_datetime(now)
    part = MIMEBase("message", "feedback-report")
    part.set_payload([fields])
    return part
