import pytest

from camd.mail.parse import MOST_THREAD, TEXT_CHARACTERS, CannotParse, parse
from camd.mail.parsed import Parsed
from camd.ports.inbox import RawMessage
from camd.sim.clock import START


def read(content: bytes | str) -> Parsed:
    data = content.encode() if isinstance(content, str) else content
    return parse(RawMessage(data, len(data), START))


def part(text: str, kind: str = "text/plain; charset=utf-8", more: str = "") -> str:
    return f"Content-Type: {kind}\n{more}\n{text}\n"


def multipart(kind: str, *parts: str, boundary: str = "=_b") -> str:
    lines = "".join(f"--{boundary}\n{each}\n" for each in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{lines}--{boundary}--\n'


def test_a_plain_message_is_taken_apart() -> None:
    mail = read(
        "From: =?utf-8?q?J=C3=BCrgen?= <J.Au@x.example>\nTo: Sales <sales+t1@us.example>, b@us.example\n"
        "Cc: c@us.example\nSubject: Re:\n Hello\nMessage-ID: <1@x.example>\nIn-Reply-To: <o3@us.example>\n"
        "References: <o1@us.example> <o2@us.example>\n <o3@us.example>\nAuto-Submitted: no\n\nYes.\n"
    )
    assert (mail.sender_name, mail.sender) == ("Jürgen", "J.Au@x.example")
    assert mail.recipients == ("sales+t1@us.example", "b@us.example", "c@us.example")
    assert mail.subject == "Re: Hello"
    assert mail.message_id == "1@x.example"
    assert mail.thread == ("o3@us.example", "o2@us.example", "o1@us.example")
    assert mail.header("auto-submitted") == "no"
    assert mail.header("x-none") is None
    assert (mail.text, mail.content_type, mail.arrived_at) == ("Yes.", "text/plain", START)


def test_what_a_careless_program_leaves_out_is_missing() -> None:
    mail = read("X: y\n\nbody")
    assert (mail.sender, mail.sender_name, mail.message_id, mail.recipients, mail.thread) == (None, None, None, (), ())
    assert mail.subject == ""


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        ("Sender: s@x.example\n", "s@x.example"),
        ("From: MAILER-DAEMON\nReturn-Path: <r@x.example>\n", "r@x.example"),
        ("From: nobody\nReturn-Path: <>\n", None),
    ],
)
def test_without_an_author_the_sender_is_the_next_best(fields: str, sender: str | None) -> None:
    assert read(f"{fields}\nbody").sender == sender


@pytest.mark.parametrize(
    "content", [b"", b"\n\nbody", b"\x00\x01\x02" * 50, b"no field at all\r\n\r\nbody", b"\xff" * 1000]
)
def test_bytes_that_are_no_message_are_refused(content: bytes) -> None:
    with pytest.raises(CannotParse, match="no header"):
        read(content)


PLAIN, PAGE = part("plain text"), part("<p>page &amp; text</p>", "text/html")

BODIES = {
    "plain": (PLAIN, "plain text"),
    "page": (PAGE, "page & text"),
    "alternative": (multipart("alternative", PLAIN, PAGE), "plain text"),
    "page first": (multipart("alternative", PAGE, PLAIN), "plain text"),
    "empty plain": (multipart("alternative", part("  "), PAGE), "page & text"),
    "excuse": (multipart("alternative", part("Your program shows no HTML."), PAGE), "page & text"),
    "page with pictures": (
        multipart("alternative", multipart("related", PAGE, part("GIF8", "image/gif"), boundary="in")),
        "page & text",
    ),
    "two texts": (multipart("mixed", PLAIN, part("and more")), "plain text\n\n\nand more"),
    "attached text": (multipart("mixed", PLAIN, part("log", more="Content-Disposition: attachment\n")), "plain text"),
    "named text": (multipart("mixed", PLAIN, part("log", "text/plain; name=log.txt")), "plain text"),
    "shown text with a name": (part("stop", more="Content-Disposition: inline; filename=text_0.txt\n"), "stop"),
    "calendar": (multipart("mixed", PLAIN, part("BEGIN:VCALENDAR", "text/calendar")), "plain text"),
    "forwarded as it was": (
        multipart("mixed", PLAIN, part("Subject: inner\n\nnot mine", "message/rfc822")),
        "plain text",
    ),
    "signed": (multipart("signed", PLAIN, part("MIIB", "application/pkcs7-signature")), "plain text"),
    "nothing": (multipart("mixed", part("%PDF", "application/pdf")), ""),
    "broken multipart": ("Content-Type: multipart/mixed\n\nplain text", "plain text"),
    "unknown charset": (part("plain text", "text/plain; charset=x-nobody"), "plain text"),
    "nul": (part("plain\0 text"), "plain text"),
    "carriage returns": (part("plain\r\rtext"), "plain\n\ntext"),
    "flowed": (
        part("plain \ntext\n> quoted \n> on\n-- \nAnn", "text/plain; format=flowed"),
        "plain text\n> quoted on\n-- \nAnn",
    ),
    "flowed Japanese": (part("配信 \n停止", "text/plain; charset=utf-8; format=flowed; delsp=yes"), "配信停止"),
    "stuffed": (part(" From us\n >not quoted", "text/plain; format=flowed"), "From us\n>not quoted"),
}


@pytest.mark.parametrize(("content", "text"), BODIES.values(), ids=BODIES.keys())
def test_the_text_is_what_a_person_reads(content: str, text: str) -> None:
    assert read(f"From: a@x.example\n{content}").text.rstrip() == text


def test_raw_8_bit_text_of_a_lying_charset_is_read() -> None:
    assert read(b"Content-Type: text/plain; charset=us-ascii\n\nGr\xc3\xbc\xc3\x9fe").text == "Grüße"
    assert read(b"Content-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe").text == "Grüße"
    assert read(b"Subject: Gr\xc3\xbc\xc3\x9fe\n\n").subject == "Grüße"


def test_every_leaf_is_a_part_with_its_own_header() -> None:
    returned = part("Subject: inner\n\nours", "message/rfc822")
    attached = part("x", 'application/pdf; name="=?utf-8?q?=C3=A9?=.pdf"')
    mail = read(multipart("report; report-type=Delivery-Status", PLAIN, PAGE, returned, attached))
    assert [each.content_type for each in mail.parts] == ["text/plain", "text/html", "text/plain", "application/pdf"]
    assert [each.file_name for each in mail.parts] == [None, None, None, "é.pdf"]
    assert mail.parts[2].headers == {"subject": ["inner"]}
    assert mail.parts[3].text == ""
    assert mail.report_type == "delivery-status"


def test_fault_63_a_megabyte_of_text_is_kept() -> None:
    mail = read(b"A: b\n\n" + "é".encode() * 3_000_000)
    assert mail.text == "é" * TEXT_CHARACTERS
    assert sum(len(each.text) for each in mail.parts) <= TEXT_CHARACTERS


def test_fault_65_a_long_list_of_recipients_is_read_in_part() -> None:
    mail = read("To: " + ", ".join(f"A B <a{n}@x.example>" for n in range(5000)) + "\n\nbody")
    assert len(mail.recipients) == 1000


def test_fault_65_a_megabyte_of_encoded_subject_is_read_in_part() -> None:
    mail = read("Subject: " + "\n ".join(["=?utf-8?b?aGVsbG8gd29ybGQ=?="] * 45_000) + "\n\nbody")
    assert mail.subject.startswith("hello world")
    assert len(mail.subject) <= 1000


def test_a_thread_without_end_is_read_in_part() -> None:
    mail = read("References: " + " ".join(f"<{n}@x>" for n in range(500)) + "\n\nbody")
    assert len(mail.thread) == MOST_THREAD
    assert mail.thread[0] == "499@x"


def test_a_message_of_which_only_the_head_came_is_read() -> None:
    content = multipart("mixed", PLAIN, part("x" * 5000, "application/pdf"))[:300].encode()
    mail = parse(RawMessage(content, 30_000_000, START))
    assert mail.text.strip() == "plain text"
