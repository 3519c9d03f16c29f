from datetime import UTC, datetime

import pytest

from camd.mail.parse import parse
from camd.mail.parsed import Parsed
from camd.mail.report_parts import blocks, own_parts, returned_headers, returned_ids, source
from camd.ports.inbox import RawMessage


def parsed(text: str) -> Parsed:
    raw = text.encode()
    return parse(RawMessage(raw, len(raw), datetime(2026, 8, 5, tzinfo=UTC)))


def report(*parts: str) -> Parsed:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return parsed(f"From: a@x.example\nContent-Type: multipart/report; boundary=b\n\n{body}--b--\n")


INNER = "Content-Type: message/rfc822\n\nMessage-ID: <in@x.example>\nSubject: hi\n\nMessage-ID: <quoted@x.example>"


def test_what_stands_below_a_returned_message_is_not_the_messages_own() -> None:
    outer = report(
        "Content-Type: text/plain\n\nhello", INNER.replace("Subject: hi", "Content-Type: message/delivery-status")
    )
    assert [part.get_content_type() for part in own_parts(outer.message)] == ["text/plain", "message/rfc822"]


def test_fields_are_unfolded_and_the_first_of_a_name_counts() -> None:
    text = "A: 1\nB: two\n\tthree\na: 4\nno field\n : nothing\n\n\nC : 5\n"
    assert blocks(text) == [{"a": "1", "b": "two three"}, {"c": "5"}]


PLAIN = "Message-ID: <in@x.example>\nSubject: hi"
PACKED = "TWVzc2FnZS1JRDogPGluQHguZXhhbXBsZT4KU3ViamVjdDogaGk="
QUOTED = "Content-Transfer-Encoding: quoted-printable\n\nMessage-ID: =3Cin@x.example>\nSubject: hi"


@pytest.mark.parametrize(
    "part",
    [
        INNER,
        f"Content-Type: text/rfc822-headers\n\n{PLAIN}",
        f"Content-Type: text/rfc822-headers\n{QUOTED}",
        f"Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n{PACKED}",
        f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{PACKED}",
        "Content-Type: message/global\n\nMessage-ID:\n <in@x.example>\nSubject: hi\n\nx",
    ],
)
def test_the_returned_header_is_read_however_it_is_packed(part: str) -> None:
    mail = report(part)
    assert returned_ids(mail) == ("in@x.example",)
    assert returned_headers(mail)["subject"] == "hi"


def test_ids_are_read_from_the_text_where_nothing_is_returned() -> None:
    mail = parsed(
        "From: a@x.example\n\nIt failed.\n\n> Message-ID: <in@x.example>\nX-Original-Message-ID: <first@x.example>\n"
    )
    assert returned_ids(mail) == ("in@x.example", "first@x.example")
    assert returned_headers(mail) == {}


def test_bytes_of_no_charset_are_text_that_can_be_stored() -> None:
    raw = b"From: a@x.example\nContent-Type: message/feedback-report\n\nFeedback-Type: \xff\xfe\n"
    mail = parse(RawMessage(raw, len(raw), datetime(2026, 8, 5, tzinfo=UTC)))
    [part] = own_parts(mail.message)
    source(part).encode()
