import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mail.identity import identity_of
from camd.ports.inbox import RawMessage
from camd.sim.clock import START

MAIL = (
    b"From: Ann <a@x.example>\r\nTo: b@us.example\r\nSubject: Hello,\r\n world\r\nMessage-ID: <1@x.example>\r\n"
    b"Date: Mon, 5 Jan 2026 08:00:00 +0000\r\n\r\nFirst line\r\nsecond line\r\n"
)


def named(content: bytes, *, size: int = 0) -> str:
    return identity_of(RawMessage(content, size or len(content), START))


TRACES = [
    b"Received: from a by b;\r\n\tMon, 5 Jan 2026",
    b"Return-Path: <a@x.example>",
    b"Delivered-To: b@us.example",
    b"X-Original-To: b@us.example",
    b"Envelope-To: b@us.example",
    b"X-Received: by 10.0.0.1",
    b"ARC-Seal: i=1; a=rsa-sha256",
    b"ARC-Message-Signature: i=1",
    b"ARC-Authentication-Results: i=1",
    b"Authentication-Results: mx.example; spf=pass",
    b"Received-SPF: pass",
    b"DKIM-Signature: v=1",
    b"X-Spam-Status: No",
    b"X-Spam: no",
    b"Status: RO",
    b"X-Status: A",
    b"X-UID: 12",
    b"X-Keywords: $Forwarded",
    b"X-Gmail-Labels: Inbox",
    b"X-GM-THRID: 1",
    b"X-Mozilla-Status: 0001",
    b"Lines: 2",
    b"Content-Length: 24",
    b"x-ms-exchange-organization-scl: 1",
    b"RECEIVED: from a",
]


@pytest.mark.parametrize("trace", TRACES)
def test_what_the_way_and_the_mailbox_write_does_not_count(trace: bytes) -> None:
    assert named(trace + b"\r\n" + MAIL) == named(MAIL)
    assert named(MAIL.replace(b"\r\n\r\n", b"\r\n" + trace + b"\r\n\r\n", 1)) == named(MAIL)


@pytest.mark.parametrize(
    "stored",
    [
        MAIL.replace(b"\r\n", b"\n"),
        b"From a@x.example Mon Jan  5 08:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n"),
        MAIL.replace(b"Hello,\r\n world", b"Hello, world"),
        MAIL.replace(b"Hello,\r\n world", b"Hello,\r\n\t world"),
        MAIL.replace(b"From:", b"FROM:"),
        MAIL + b"\r\n",
        MAIL[len(b"From: Ann <a@x.example>\r\n") :].replace(b"\r\n\r\n", b"\r\nFrom: Ann <a@x.example>\r\n\r\n", 1),
    ],
)
def test_how_a_mailbox_stores_a_message_does_not_count(stored: bytes) -> None:
    assert named(stored) == named(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"Ann", b"Bob"),
        MAIL.replace(b"<1@", b"<2@"),
        MAIL.replace(b"world", b"all"),
        MAIL.replace(b"second", b"third"),
        MAIL.replace(b"08:00", b"09:00"),
        MAIL.replace(b"First line\r\n", b""),
        MAIL.replace(b"\r\n\r\n", b"\r\nAuto-Submitted: auto-replied\r\n\r\n", 1),
        MAIL.replace(b"\r\n\r\n", b"\r\n\r\nReceived: x\r\n", 1),
        b"",
        MAIL[:40],
    ],
)
def test_another_message_has_another_name(other: bytes) -> None:
    assert named(other) != named(MAIL)


def test_a_message_that_is_cut_is_known_by_its_head_wherever_it_was_cut() -> None:
    whole = MAIL + b"x" * 2_000_000
    size = 30_000_000
    assert named(whole[:1_000_000], size=size) == named(TRACES[0] + b"\r\n" + whole[:999_000], size=size)
    assert named(whole[:1_000_000], size=size) != named(whole[:1_000_000].replace(b"First", b"Other"), size=size)


@given(st.binary(max_size=300))
def test_any_bytes_have_a_name_of_64_hexadecimal_digits(content: bytes) -> None:
    assert len(bytes.fromhex(named(content))) == 32


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_two_bodies_have_two_names(first: bytes, second: bytes) -> None:
    one, other = (body.replace(b"\r", b"").rstrip(b"\n") for body in (first, second))
    assert (named(b"A: b\n\n" + one) == named(b"A: b\n\n" + other)) == (one == other)
