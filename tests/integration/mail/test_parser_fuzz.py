"""Whatever arrives is read or said to be unreadable: nothing raises, and 200 MB of memory are enough for any."""

import pickle
import random  # noqa: TID251 - seeded: the same mutations in every run
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.mail.identity import identity_of
from camd.mail.parse import CannotParse, parse
from camd.mail.parsed import Own
from camd.mail.reading import read_letter
from camd.ports.inbox import Letter, RawMessage, Unreadable

OWN = Own(frozenset({"sales@us.example"}), "Europe/Berlin")
ARRIVED_AT = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)

ANSWER = """From: =?utf-8?q?J=C3=BCrgen_Ott?= <j@x.example>
To: "Sales, Team" <sales@us.example>, b@us.example
Subject: =?iso-2022-jp?B?GyRCRyc/LkRkO18bKEI=?= Re: hello
Message-ID: <1.2@x.example>
In-Reply-To: <t1@us.example>
References: <t0@us.example>
 <t1@us.example>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_a"

--=_a
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Nein danke, bitte abmelden. Gr=C3=BC=C3=9Fe

Am Mo., 9. M=C3=A4rz 2026 um 09:14 Uhr schrieb Ann <
sales@us.example>:

> Hello
> If you do not want to hear from me again, reply with 'stop'.
--=20
J=C3=BCrgen
--=_a
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: base64

PGRpdj5OZWluIGRhbmtlPGJyPjxibG9ja3F1b3RlIHR5cGU9ImNpdGUiPkhlbGxvPC9ibG9ja3F1b3RlPjwvZGl2Pg==
--=_a--
"""
REPORT = """Return-Path: <>
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: sales@us.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="r/b"

--r/b
Content-Description: Notification

<x@y.example>: host mx.y.example said: 550 5.1.1 User unknown

--r/b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; x@y.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--r/b
Content-Type: message/rfc822

From: sales@us.example
Message-ID: <t1@us.example>
Subject: hello

Hello
--r/b--
"""
ABSENCE = """From: ann@x.example
Subject: Automatic reply: hello
Auto-Submitted: auto-replied
X-Auto-Response-Suppress: All
Content-Type: text/html; charset=windows-1252

<html><body><p>I am out of the office until 23 March 2026.</p><p hidden style='display:none'>x</p></body></html>
"""
OUTLOOK = """From: Ann <ann@x.example>
Subject: AW: hello
Content-Type: text/plain; charset="windows-1252"

Danke, kein Interesse.

-----Ursprüngliche Nachricht-----
Von: Max <sales@us.example>
Gesendet: Freitag, 3. Mai 2026 10:12
An: Ann
Betreff: hello

Hello
"""
SEEDS = [each.encode() for each in (ANSWER, REPORT, ABSENCE, OUTLOOK)]
SPLINTERS = [
    *(
        b"\r\n",
        b"\n\n",
        b"\0",
        b"\xff\xfe",
        b"--=_a",
        b"--r/b--",
        b"=?utf-8?q?",
        b"?=",
        b"<",
        b">",
        b'"',
        b"(",
        b"\\",
        b": ",
        b";",
    ),
    *(
        b"Content-Type: message/rfc822\n\n",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
        b"=3D",
        b"> ",
        b"<!--",
        b"&#",
    ),
    *(
        b"Content-Transfer-Encoding: base64\n",
        b"charset=idna",
        b"From ",
        b"wrote:\n",
        b"From: a@b\n",
        b"9" * 5000,
        b" " * 3000,
    ),
    *(
        b"until 99 February 20260",
        b"Status: 5.1.1\n",
        b"name*0*=a'b",
        b"\x1b$B",
        "停止".encode("cp932"),
        b"<blockquote>",
    ),
]


def raw(content: bytes, *, size: int | None = None) -> RawMessage:
    return RawMessage(content, len(content) if size is None else size, ARRIVED_AT)


def is_answered(message: RawMessage) -> None:
    """`parse` alone shows a bug of its own: `read_letter` would call the message unreadable."""
    try:
        mail = parse(message)
    except CannotParse:
        mail = None
    letter = read_letter(message, OWN)
    assert letter.identity == identity_of(message)
    if mail is None:
        assert isinstance(letter, Unreadable)
    else:
        assert isinstance(letter, Letter), letter
        "".join(
            [letter.text, letter.subject, letter.sender or "", letter.sender_name or "", *letter.recipients]
        ).encode()
        assert "\0" not in letter.text + letter.subject
        assert "\n" not in letter.subject


def mutated(seed: bytes, dice: random.Random) -> bytes:
    content = bytearray(seed)
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(len(content) + 1)
        match dice.randrange(5):
            case 0:
                content[at:at] = dice.choice(SPLINTERS)
            case 1:
                del content[at : at + dice.randint(1, 60)]
            case 2:
                content[at : at + 1] = bytes([dice.randrange(256)])
            case 3:
                content[at:at] = content[at : at + dice.randint(1, 200)] * dice.randint(1, 5)
            case _:
                other = dice.choice(SEEDS)
                start = dice.randrange(len(other))
                content[at:at] = other[start : start + dice.randint(1, 300)]
    return bytes(content)


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_a_sound_message_is_read(number: int) -> None:
    assert isinstance(read_letter(raw(SEEDS[number]), OWN), Letter)


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.sampled_from(SEEDS))
def test_fault_64_a_mutated_message_is_answered(seed: int, message: bytes) -> None:
    is_answered(raw(mutated(message, random.Random(seed))))


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_fault_64_any_bytes_are_answered(content: bytes) -> None:
    is_answered(raw(content))


@settings(max_examples=200)
@given(st.lists(st.sampled_from(SPLINTERS) | st.binary(max_size=8), max_size=40).map(b"".join))
def test_fault_64_splinters_of_messages_are_answered(content: bytes) -> None:
    is_answered(raw(b"From: a@b.example\n" + content))


@settings(max_examples=100)
@given(st.sampled_from(SEEDS), st.data())
def test_a_head_of_any_length_is_answered(message: bytes, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(message)))
    is_answered(raw(message[:length], size=30_000_000))


def nested(levels: int) -> bytes:
    opened = (b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels))
    return b"From: a@b.example\r\n" + b"".join(opened) + b"\r\nhello\r\n"


def with_fields(*fields: bytes, body: bytes = b"hello") -> bytes:
    return b"From: a@b.example\r\n" + b"".join(fields) + b"\r\n" + body


HOSTILE: dict[str, Callable[[], bytes]] = {
    "2,000 nested parts": lambda: nested(2000),
    "2,000 nested messages": lambda: b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 2000,
    "nested parts around 24 MB": lambda: nested(60) + b"x" * 24_000_000,
    "50,000 headers": lambda: with_fields(*(b"X-%d: y\r\n" % n for n in range(50_000))),
    "a header of 8 million fields": lambda: with_fields(b"a:\n" * 8_000_000),
    "a header of 4 million lines": lambda: with_fields(b"a: b\n " * 4_000_000 + b"\n"),
    "5,000 addresses": lambda: with_fields(
        b"To: " + b", ".join(b"A B <a%d@b.example>" % n for n in range(5000)) + b"\r\n"
    ),
    "10 MB of text": lambda: with_fields(body=b"hello world this is text\r\n" * 400_000),
    "10 MB of HTML": lambda: with_fields(
        b"Content-Type: text/html\r\n", body=b"<p>hello <b>world</b></p>\r\n" * 380_000
    ),
    "10 MB of open tags": lambda: with_fields(b"Content-Type: text/html\r\n", body=b"<a <p " * 1_700_000),
    "10 MB of quoted-printable": lambda: with_fields(
        b"Content-Transfer-Encoding: quoted-printable\r\n", body=b"=E3=81=82=\r\n" * 900_000
    ),
    "1.2 MB of encoded subject": lambda: with_fields(
        b"Subject: " + b"\r\n ".join([b"=?utf-8?b?aGVsbG8gd29ybGQ=?="] * 45_000) + b"\r\n"
    ),
    "a thousand unknown charsets": lambda: with_fields(
        b"Subject: " + b"".join(b"=?x%d?q?a?= " % n for n in range(5000)) + b"\r\n"
    ),
    "25 MB of empty lines": lambda: with_fields(body=b"\n" * 25_000_000),
    "25 MB of delimiters": lambda: with_fields(
        b"Content-Type: multipart/mixed; boundary=x\r\n", body=b"--x\n" * 6_000_000
    ),
    "25 MB of an attachment": lambda: with_fields(
        b"Content-Type: multipart/mixed; boundary=x\r\n",
        body=b"--x\r\n\r\nhello\r\n--x\r\nContent-Type: application/pdf\r\n\r\n" + b"JVBERi0xLjQK\r\n" * 1_700_000,
    ),
    "a million blocks of a report": lambda: with_fields(
        b"Content-Type: message/delivery-status\r\n", body=b"a: b\n\n" * 1_000_000
    ),
    "introductions without end": lambda: with_fields(body=b"On 3.5.2026 10:12 a@b wrote:\r\n" * 30_000),
    "headers of quotes without end": lambda: with_fields(body=b"From: a\r\nTo: b\r\n" * 60_000),
    "a lying charset": lambda: with_fields(
        b"Content-Type: text/plain; charset=utf-16\r\n", body=b"hello \xff\xfe\0" * 100_000
    ),
    "a charset that is a trap": lambda: with_fields(
        b"Content-Type: text/plain; charset=punycode\r\n", body=b"xn--a-" * 200_000
    ),
    "NUL bytes": lambda: with_fields(b"Subject: a\0b\r\n", body=b"hello\0" * 1_000_000),
    "no Message-ID": lambda: b"From: a@b.example\r\n\r\nhello",
    "binary rubbish": lambda: random.Random(1).randbytes(2_000_000),
    "binary rubbish below a header": lambda: with_fields(body=random.Random(2).randbytes(2_000_000)),
}

LIMITED = """
import os, pickle, resource, sys
from camd.mail.reading import read_letter

for line in sys.stdin:
    if not os.fork():
        resource.setrlimit(resource.RLIMIT_AS, (200_000_000, 200_000_000))
        with open(line.strip(), "rb") as file:
            raw, own = pickle.load(file)
        with open(line.strip(), "wb") as file:
            pickle.dump(read_letter(raw, own), file)
        os._exit(0)
    print(os.wait()[1], flush=True)
"""


@pytest.fixture(scope="module")
def limited() -> Iterator[subprocess.Popen[str]]:
    """Reads the message of each file that it is told of in a process of its own, and leaves the letter in its place."""
    with subprocess.Popen([sys.executable, "-c", LIMITED], stdin=PIPE, stdout=PIPE, text=True) as process:
        yield process


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_faults_63_to_65_a_hostile_message_fits_200_mb(
    limited: subprocess.Popen[str], tmp_path: Path, make: Callable[[], bytes]
) -> None:
    message, file = raw(make()), tmp_path / "message"
    file.write_bytes(pickle.dumps((message, OWN)))
    assert limited.stdin
    assert limited.stdout
    print(file, file=limited.stdin, flush=True)
    assert limited.stdout.readline() == "0\n"
    letter = pickle.loads(file.read_bytes())
    assert letter.identity == identity_of(message)
    assert isinstance(letter, Letter) or letter.why == "it has no header"
