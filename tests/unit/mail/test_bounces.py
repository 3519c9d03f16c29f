from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.inbound import BounceKind, InboundClass
from camd.mail.bounces import read_bounce
from camd.mail.parse import parse
from camd.mail.parsed import Parsed
from camd.ports.inbox import RawMessage, Reading

AT = datetime(2026, 8, 5, 9, 30, tzinfo=UTC)
HARD, SOFT, DELAYED = InboundClass.HARD_BOUNCE, InboundClass.SOFT_BOUNCE, InboundClass.DELAYED
SENDER, OTHER = BounceKind.SENDER_TROUBLE, BounceKind.OTHER
OUR_ID = "k3v9.touch.77@sender.example"


def parsed(text: str) -> Parsed:
    raw = text.lstrip("\n").replace("\n", "\r\n").encode()
    return parse(RawMessage(raw, len(raw), AT))


def bounce(text: str) -> Reading:
    reading = read_bounce(parsed(text))
    assert reading is not None
    return reading


def dsn(
    fields: str,
    *,
    head: str = "From: MAILER-DAEMON@mx.receiver.example (Mail System)\nSubject: Undelivered Mail Returned to Sender",
    says: str = "This is the mail system at host mx.receiver.example.",
    returned: str = f"Message-ID: <{OUR_ID}>\nFrom: Ann <ann@sender.example>\nTo: bob@receiver.example",
    kind: str = "message/delivery-status",
) -> str:
    return f"""
Return-Path: <>
{head}
To: ann@sender.example
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=utf-8

{says}

--=_b
Content-Type: {kind}

Reporting-MTA: dns; mx.receiver.example
Arrival-Date: Wed, 5 Aug 2026 11:30:00 +0200

{fields}

--=_b
Content-Type: message/rfc822

{returned}

Hello Bob
--=_b--
"""


def recipient(action: str, status: str, diagnostic: str, name: str = "bob") -> str:
    return f"""Final-Recipient: rfc822; {name}@receiver.example
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}"""


POSTFIX = recipient(
    "failed", "5.1.1", "smtp; 550 5.1.1 <bob@receiver.example>: Recipient address rejected: User unknown"
)


def test_a_report_says_of_whom_by_which_code_and_of_which_message() -> None:
    reading = bounce(dsn(POSTFIX))
    assert reading.kind is HARD
    [report] = reading.reports
    assert (report.recipient, report.kind, report.code) == ("bob@receiver.example", BounceKind.HARD, "5.1.1")
    assert report.message_ids == (OUR_ID,)
    assert report.diagnostic.startswith("550 5.1.1 <bob@receiver.example>: Recipient")
    assert "@" not in reading.evidence


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "expected", "kind", "code"),
    [
        (
            "failed",
            "5.1.10",
            "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
            HARD,
            BounceKind.HARD,
            "5.1.10",
        ),
        (
            "failed",
            "5.4.4",
            "X-Postfix; Host or domain name not found. Name service error",
            HARD,
            BounceKind.HARD,
            "5.4.4",
        ),
        ("failed", "5.0.0", "smtp; 550 No such user here", HARD, BounceKind.HARD, None),
        ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", HARD, BounceKind.HARD, "5.1.1"),
        ("failed", "5.0.0", "X-Notes; bob not listed in Domino Directory", HARD, BounceKind.HARD, None),
        (
            "failed",
            "5.0.350",
            "smtp;550 5.0.350 Remote server returned an error -> 550 5.1.1 gone",
            HARD,
            BounceKind.HARD,
            "5.1.1",
        ),
        (
            "Failed (bad address)",
            "5.1.1 (bad destination mailbox address)",
            "smtp; 550 no",
            HARD,
            BounceKind.HARD,
            "5.1.1",
        ),
        ("failed", "5.1.1", "smtp; 550 5.7.1 Service unavailable, blocked using a list", SOFT, SENDER, "5.7.1"),
        ("failed", "5.1.1", "SMTP; 550 Message rejected as spam by content filter", SOFT, SENDER, "5.1.1"),
        ("failed", "5.7.1", "smtp; 550-5.7.1 This message is likely unsolicited mail", SOFT, SENDER, "5.7.1"),
        ("failed", "5.7.515", "smtp;550 5.7.515 Access denied, sending domain", SOFT, SENDER, "5.7.515"),
        ("failed", "5.4.5", "smtp; 550 5.4.5 Daily user sending limit exceeded", SOFT, SENDER, "5.4.5"),
        ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", SOFT, BounceKind.SOFT, "5.2.2"),
        ("failed", "4.4.7", "smtp;550 4.4.7 QUEUE.Expired; message expired", SOFT, BounceKind.SOFT, "4.4.7"),
        ("failed", "4.4.7", "smtp; 550 5.1.1 user unknown", SOFT, BounceKind.SOFT, "4.4.7"),
        ("failed", "5.0.0", "smtp; 552 Mailbox quota exceeded", SOFT, BounceKind.SOFT, None),
        ("failed", "5.4.1", "smtp;550 5.4.1 Recipient address rejected: Access denied", SOFT, OTHER, "5.4.1"),
        ("failed", "5.3.4", "smtp; 552 5.3.4 too big", SOFT, OTHER, "5.3.4"),
        ("error", "5.1.1", "smtp; 550 5.1.1 unknown", HARD, BounceKind.HARD, "5.1.1"),
        (
            "delayed",
            "4.4.1",
            "smtp; connect to mx.receiver.example: Connection timed out",
            DELAYED,
            BounceKind.SOFT,
            "4.4.1",
        ),
        ("delayed", "4.2.2", "smtp; 452 4.2.2 mailbox full", DELAYED, BounceKind.SOFT, "4.2.2"),
    ],
)
def test_the_refusing_hosts_code_decides(
    action: str, status: str, diagnostic: str, expected: InboundClass, kind: BounceKind, code: str | None
) -> None:
    reading = bounce(dsn(recipient(action, status, diagnostic)))
    assert (reading.kind, reading.reports[0].kind, reading.reports[0].code) == (expected, kind, code)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded (to multi-recipient alias)"])
def test_a_report_of_success_changes_nothing(action: str) -> None:
    reading = bounce(dsn(recipient(action, "2.1.5", "smtp; 250 2.1.5 OK")))
    assert reading.kind is InboundClass.AUTO_REPLY
    assert reading.reports == ()


def test_each_failed_recipient_is_told_and_one_hard_failure_makes_the_bounce_hard() -> None:
    fields = "\n\n".join(
        [
            recipient("delivered", "2.0.0", "smtp; 250 ok", "carol"),
            recipient("failed", "5.2.2", "smtp; 552 5.2.2 full", "dave"),
            recipient("failed", "5.1.1", "smtp; 550 5.1.1 unknown"),
        ]
    )
    reading = bounce(dsn(fields))
    assert reading.kind is HARD
    assert [(each.recipient, each.kind) for each in reading.reports] == [
        ("dave@receiver.example", BounceKind.SOFT),
        ("bob@receiver.example", BounceKind.HARD),
    ]


def test_the_address_that_we_wrote_to_outranks_the_one_it_was_sent_on_to() -> None:
    recipients = "Original-Recipient: rfc822;bob@receiver.example\nFinal-Recipient: rfc822;b@elsewhere.example"
    fields = f"{recipients}\nAction: failed\nStatus: 5.1.1"
    assert bounce(dsn(fields)).reports[0].recipient == "bob@receiver.example"


def test_folded_fields_and_odd_case_are_read() -> None:
    recipients = "FINAL-RECIPIENT: RFC822;\n bob@receiver.example"
    fields = f"{recipients}\naction: FAILED\nSTATUS: 5.0.0\ndiagnostic-code: smtp;\n 550 5.1.1\n unknown"
    report = bounce(dsn(fields)).reports[0]
    assert (report.recipient, report.code) == ("bob@receiver.example", "5.1.1")


def test_a_report_in_international_form_is_read() -> None:
    fields = "Final-Recipient: utf-8; bøb@receiver.example\nAction: failed\nStatus: 5.1.1"
    report = bounce(dsn(fields, kind="message/global-delivery-status")).reports[0]
    assert (report.recipient, report.code) == ("bøb@receiver.example", "5.1.1")


def test_a_report_that_is_encoded_against_the_standard_is_read() -> None:
    text = (
        dsn("")
        .replace(
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.receiver.example",
            "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
            "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGJvYkByZWNlaXZlci5leGFtcGxlCkFjdGlvbjogZmFp\nbGVkClN0YXR1czogNS4xLjEK",
        )
        .replace("Arrival-Date: Wed, 5 Aug 2026 11:30:00 +0200\n", "")
    )
    assert bounce(text).kind is HARD


def test_a_report_without_fields_is_read_by_what_it_tells_people() -> None:
    said = "<bob@receiver.example>: host mx said: 550 5.1.1 User unknown (in reply to RCPT TO command)"
    reading = bounce(dsn("", says=said))
    assert reading.kind is HARD
    assert reading.reports[0].recipient == "bob@receiver.example"


def test_a_report_that_says_why_only_to_people_is_read_by_it() -> None:
    fields = "Final-Recipient: rfc822; bob@receiver.example\nAction: failed"
    reading = bounce(dsn(fields, says="Remote Server returned '550 5.1.1 User unknown'"))
    assert (reading.kind, reading.reports[0].code) == (HARD, "5.1.1")


@pytest.mark.parametrize(
    "returned",
    [
        f"message-id: <{OUR_ID}>",
        f"Message-ID:\n <{OUR_ID}>",
        f"Message-ID: <0101@eu-west-1.amazonses.com>\nX-Microsoft-Original-Message-ID: <{OUR_ID}>",
    ],
)
def test_the_ids_of_the_returned_message_are_read(returned: str) -> None:
    assert OUR_ID in bounce(dsn(POSTFIX, returned=returned)).reports[0].message_ids


def test_an_id_that_the_returned_text_quotes_is_not_the_returned_messages() -> None:
    returned = f"Message-ID: <{OUR_ID}>\n\nMessage-ID: <other@elsewhere.example>"
    assert bounce(dsn(POSTFIX, returned=returned)).reports[0].message_ids == (OUR_ID,)


FORWARDED = f"""
From: Bob <bob@receiver.example>
To: ann@sender.example
Subject: Fwd: Undelivered Mail Returned to Sender
Content-Type: multipart/mixed; boundary="=_o"

--=_o
Content-Type: text/plain

I got this from your server, my colleague has left. Call me instead.
--=_o
Content-Type: message/rfc822

{dsn(POSTFIX).lstrip()}
--=_o--
"""


def test_a_report_that_a_person_forwards_is_no_bounce() -> None:
    assert read_bounce(parsed(FORWARDED)) is None


def test_a_report_that_a_persons_mail_program_took_apart_is_no_bounce() -> None:
    text = dsn(POSTFIX, head="From: Bob <bob@receiver.example>\nSubject: Fwd: Undelivered Mail").replace(
        "Return-Path: <>\n", ""
    )
    taken_apart = text.replace("multipart/report; report-type=delivery-status", "multipart/mixed")
    assert read_bounce(parsed(taken_apart)) is None
    assert read_bounce(parsed("Return-Path: <>\n" + taken_apart.lstrip())) is not None


@pytest.mark.parametrize(
    "unit", ["user ", "a", "550 ", "message ", "bob@", "\n", "1.1.", "<", "to: a@b ", "empfänger "]
)
def test_100_kilobytes_of_one_word_are_read(unit: str) -> None:
    body = (unit * 100_000)[:100_000]
    mail = parsed(
        f"Return-Path: <>\nFrom: mailer-daemon@x.example\nSubject: {unit.strip() * 40}\n\nHi. This is the\n\n{body}"
    )
    assert read_bounce(mail) is not None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.binary(max_size=300))
def test_whatever_a_report_holds_it_is_read(fields: str, says: str, returned: bytes) -> None:
    raw = dsn(fields, says=says).lstrip().encode("utf-8", "replace").replace(b"Hello Bob", returned)
    read_bounce(parse(RawMessage(raw, len(raw), AT)))
