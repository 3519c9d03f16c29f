from datetime import UTC, datetime

import pytest

from camd.domain.inbound import InboundClass
from camd.mail.complaints import is_feedback, read_complaint
from camd.mail.parse import parse
from camd.mail.parsed import Parsed
from camd.ports.inbox import RawMessage

AT = datetime(2026, 8, 5, 9, 30, tzinfo=UTC)
OUR_ID = "k3v9.touch.77@sender.example"


def parsed(text: str) -> Parsed:
    raw = text.lstrip("\n").replace("\n", "\r\n").encode()
    return parse(RawMessage(raw, len(raw), AT))


def arf(fields: str, returned: str = f"Message-ID: <{OUR_ID}>\nTo: bob@receiver.example") -> str:
    return f"""
From: fbl@provider.example
To: ann@sender.example
Subject: FW: An idea for you
Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"

--=_b
Content-Type: text/plain

This is an email abuse report.
--=_b
Content-Type: message/feedback-report

{fields}
User-Agent: SomeGenerator/1.0
Version: 1

--=_b
Content-Type: message/rfc822

{returned}

Hello
--=_b--
"""


@pytest.mark.parametrize("kind", ["abuse", "Abuse", "fraud", "virus", "other", "opt-out"])
def test_a_feedback_report_is_a_complaint_of_its_recipient(kind: str) -> None:
    reading = read_complaint(parsed(arf(f"Feedback-Type: {kind}\nOriginal-Rcpt-To: <bob@receiver.example>")))
    assert reading is not None
    assert reading.kind is InboundClass.COMPLAINT
    [report] = reading.reports
    assert (report.recipient, report.kind, report.message_ids) == ("bob@receiver.example", None, (OUR_ID,))
    assert "@" not in reading.evidence


def test_the_recipient_is_read_from_the_returned_message_where_the_report_keeps_it_back() -> None:
    for_yahoo = arf("Feedback-Type: abuse\nOriginal-Rcpt-To: <redacted@redacted.invalid>")
    for_microsoft = arf(
        "Feedback-Type: abuse", f"X-HmXmrOriginalRecipient: <bob@receiver.example>\nMessage-ID: <{OUR_ID}>"
    )
    for text in (for_yahoo, for_microsoft):
        reading = read_complaint(parsed(text))
        assert reading is not None
        assert reading.reports[0].recipient == "bob@receiver.example"


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam"])
def test_reports_of_other_things_are_no_complaints(kind: str) -> None:
    mail = parsed(arf(f"Feedback-Type: {kind}"))
    assert read_complaint(mail) is None
    assert is_feedback(mail)


@pytest.mark.parametrize(
    "head",
    [
        "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1",
        "From: scomp@aol.net\nSubject: Email Feedback Report for IP 192.0.2.1",
        "From: 8123@reports.spamcop.net\nSubject: [SpamCop (192.0.2.1) id:8123]An idea",
        "From: abuse@provider.example\nX-XARF: PLAIN\nSubject: abuse report about 192.0.2.1",
        "From: loop@provider.example\nAuto-Submitted: auto-generated\nSubject: Spam report for your domain",
    ],
)
def test_the_forms_before_the_standard_are_read(head: str) -> None:
    returned = (
        f"--=_b\nContent-Type: message/rfc822\n\nMessage-ID: <{OUR_ID}>\nTo: bob@receiver.example\n\nHello\n--=_b--\n"
    )
    text = f'{head}\nTo: ann@sender.example\nContent-Type: multipart/mixed; boundary="=_b"\n\n{returned}'
    reading = read_complaint(parsed(text))
    assert reading is not None
    assert (reading.reports[0].recipient, reading.reports[0].message_ids) == ("bob@receiver.example", (OUR_ID,))


def test_what_a_person_forwards_or_says_is_no_complaint_of_a_provider() -> None:
    report = arf("Feedback-Type: abuse").lstrip()
    head = 'From: bob@receiver.example\nContent-Type: multipart/mixed; boundary="=_o"'
    forwarded = f"{head}\n\n--=_o\nContent-Type: message/rfc822\n\n{report}\n--=_o--\n"
    assert read_complaint(parsed(forwarded)) is None
    assert (
        read_complaint(parsed("From: bob@receiver.example\nSubject: Spam report\n\nStop it, this is spam.\n")) is None
    )


def test_a_report_without_its_fields_is_a_complaint() -> None:
    head = "From: fbl@provider.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b"
    reading = read_complaint(parsed(f"{head}\n\n--b\n\nx\n--b--\n"))
    assert reading is not None
    assert reading.reports[0].recipient is None
