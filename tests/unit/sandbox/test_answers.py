"""Letters of people and their machines, as a mail program would read them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from camd.sandbox.answers import PROGRAMS, Program, answer, gmail, iphone, note, outlook
from camd.sandbox.complaint import complaint
from camd.sandbox.received import Received, open_mail
from camd.sandbox.words import all_words

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OURS = """\
From: Ada Example <ada@studio.example>
To: jörg.müller@zähne.example
Date: Mon, 02 Mar 2026 09:14:00 +0000
Message-ID: <two@studio.example>
References: <one@studio.example>
Subject: Re: Booking
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Guten Tag Jörg,

wie buchen Patienten & Gäste?
"""


def ours() -> Received:
    source = OURS.replace("\n", "\r\n").encode()
    return open_mail(source, sender="ada@studio.example", recipient="jörg.müller@zähne.example", now=NOW)


def answered(program: Program, text: str = "Ja, gern.") -> EmailMessage:
    made = answer(ours(), all_words()["de"], text, program, message_id="a@mx.example", now=NOW)
    return message_from_bytes(made, _class=EmailMessage, policy=default)


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_is_opened_as_its_reader_sees_it() -> None:
    mail = ours()
    assert (mail.step, mail.sender_name, mail.recipient_name) == (2, "Ada Example", "Jörg Müller")
    assert mail.text.startswith("Guten Tag Jörg,\n")


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_answer_stands_in_its_thread_above_our_mail(program: Program) -> None:
    message = answered(program)
    assert message["In-Reply-To"] == "<two@studio.example>"
    assert message["References"] == "<one@studio.example> <two@studio.example>"
    assert message["Return-Path"] == "<jörg.müller@zähne.example>"
    assert message["Subject"] == "Re: Booking"
    text = body(message)
    assert text.startswith("Ja, gern.\n")
    assert "wie buchen Patienten & Gäste?" in text


def test_gmail_marks_each_quoted_line_and_sends_html_too() -> None:
    message = answered(gmail)
    assert "Am Mo., 2. März 2026 um 09:14 Uhr schrieb Ada Example <ada@studio.example>:" in " ".join(
        body(message).split()
    )
    assert "\n> Guten Tag Jörg,\n>\n> wie buchen" in body(message)
    assert '<blockquote class="gmail_quote"' in body(message, "html")
    assert "Patienten &amp; Gäste" in body(message, "html")


def test_outlook_quotes_without_marks_below_the_headers_of_our_mail() -> None:
    text = body(answered(outlook))
    assert "\nVon: Ada Example <ada@studio.example>\nGesendet: 2. März 2026 09:14\n" in text
    assert "\nwie buchen" in text
    assert 'id="divRplyFwdMsg"' in body(answered(outlook), "html")


def test_a_phone_signs_and_sends_no_html() -> None:
    message = answered(iphone)
    assert "Von meinem iPhone gesendet\n\n> Am 2. März 2026" in body(message)
    assert message.get_content_type() == "text/plain"


def test_a_machine_says_that_it_answers() -> None:
    made = note(ours(), "Automatische Antwort: Re: Booking", "Ich bin nicht da.", message_id="a@mx.example", now=NOW)
    message = message_from_bytes(made, _class=EmailMessage, policy=default)
    assert (message["Auto-Submitted"], message["Return-Path"]) == ("auto-replied", "<>")
    assert message["In-Reply-To"] == "<two@studio.example>"


def test_a_complaint_names_its_kind_and_brings_our_mail_back() -> None:
    message = message_from_bytes(complaint(ours(), server="mx.example", now=NOW), _class=EmailMessage, policy=default)
    assert (message.get_content_type(), message.get_param("report-type")) == ("multipart/report", "feedback-report")
    _, feedback, original = message.iter_parts()
    assert feedback.get_content_type() == "message/feedback-report"
    assert "Feedback-Type: abuse" in feedback.as_string()
    [returned] = original.iter_parts()
    assert returned["Message-ID"] == "<two@studio.example>"
