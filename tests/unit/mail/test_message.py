"""The message as bytes: headers, threads, ways out, and that nothing from a lead becomes a header of its own."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.mail.message import build
from camd.ports.channel import Handover
from camd.sim.world import mailbox

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BOX = mailbox("sales")
HANDOVER = Handover("sales", "bob@firm.example", "a.b@us.example", "For Firm", "Hello Bob\n")
FIRST = ("t1@us.example",)
WRITABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300).map(str.strip)
WORDS = st.lists(
    st.sampled_from(["Grüße", "an", "=?utf-8?q?x?=", "日本語", "a" * 1000, '"q"', "(c)", "<a@b>", ",", ""])
)
SUBJECTS = WRITABLE | WORDS.map(" ".join).map(str.strip)
BREAKS = ("\r\nBcc: eve@x.example", "\nBcc: eve@x.example", "\rBcc: eve@x.example", "\0", "\x0b", "\u2028", "\x85")


def raw(handover: Handover = HANDOVER, from_name: str | None = "Ann") -> bytes:
    return build(handover, replace(BOX, from_name=from_name), NOW).as_bytes()


def parsed(handover: Handover = HANDOVER) -> EmailMessage:
    return message_from_bytes(raw(handover), policy=policy.default)


def heading(message: bytes, name: str) -> str:
    """A header as any old program reads it: unfolded, encoded words decoded."""
    found = message_from_bytes(message, policy=policy.compat32)[name]
    return str(make_header(decode_header(found.replace("\r\n", "")))) if found else ""


def test_a_first_mail_has_the_headers_of_one_and_no_others() -> None:
    assert [name for name, _ in parsed().items()] == [
        "From",
        "To",
        "Date",
        "Message-ID",
        "Subject",
        "List-Unsubscribe",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]
    lines = raw().split(b"\r\n")
    assert b'From: "Ann" <sales@us.example>' in lines
    assert b"To: bob@firm.example" in lines
    assert b"Date: Mon, 02 Mar 2026 09:30:00 +0000" in lines
    assert b"Message-ID: <a.b@us.example>" in lines
    assert b'Content-Type: text/plain; charset="utf-8"' in lines


@given(SUBJECTS)
def test_a_subject_reads_as_it_was_written(subject: str) -> None:
    assert heading(raw(replace(HANDOVER, subject=subject)), "Subject") == subject


@given(SUBJECTS, WRITABLE)
def test_lines_are_short_enough_and_their_ends_whole(subject: str, body: str) -> None:
    message = raw(replace(HANDOVER, subject=subject, body=body, references=("x" * 200 + "@us.example",) * 25), subject)
    assert max(map(len, message.split(b"\r\n"))) <= 998
    assert message.isascii()
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert b"\r" not in message.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", ["Zoë Müller, GmbH", 'Ann "the" O\\Hara', "=?utf-8?q?x?=", "Ann  Lee", "日本 語" * 20])
def test_a_name_reads_as_it_was_written(name: str) -> None:
    shown = heading(raw(from_name=name), "From")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert shown in (f"{name} <sales@us.example>", f'"{quoted}" <sales@us.example>')


def test_an_encoded_word_has_at_most_75_characters() -> None:
    words = raw(replace(HANDOVER, subject="ü" * 300)).split(b"Subject: ")[1].split(b"\r\nList")[0].split()
    assert all(word.startswith(b"=?utf-8?b?") and len(word) <= 75 for word in words)


def test_without_a_name_the_address_stands_alone() -> None:
    assert b"\r\nTo:" in raw(from_name=None)
    assert raw(from_name=None).startswith(b"From: sales@us.example\r\n")


@given(WRITABLE, st.booleans())
def test_a_body_arrives_whole(body: str, with_breaks: bool) -> None:
    text = body.replace(" ", "\n") if with_breaks else body
    ended = text if text.endswith("\n") else f"{text}\n"
    assert parsed(replace(HANDOVER, body=text)).get_content().replace("\r\n", "\n") == ended


@pytest.mark.parametrize("body", ["Hello Bob,\n\nA word?\n", "Hé\n", "x" * 2000, "\0", ".\n..\nFrom x\n", "日本語\n"])
def test_quoted_printable_is_used_where_it_is_needed(body: str) -> None:
    is_plain = body.isascii() and len(body) < 100 and "\0" not in body
    assert parsed(replace(HANDOVER, body=body))["Content-Transfer-Encoding"] == (
        "7bit" if is_plain else "quoted-printable"
    )


@pytest.mark.parametrize("body", ["a\rb", "a\nb", "a\r\nb"])
def test_fault_72_every_end_of_line_becomes_the_same(body: str) -> None:
    assert raw(replace(HANDOVER, body=body)).endswith(b"\r\n\r\na\r\nb\r\n")


def test_half_a_character_in_a_body_is_refused() -> None:
    with pytest.raises(Invalid):
        raw(replace(HANDOVER, body="\ud800"))


@pytest.mark.parametrize("subject", ["For Firm", "Re: For Firm", "RE : For Firm", "Über Firm"])
def test_a_follow_up_names_its_thread(subject: str) -> None:
    message = parsed(replace(HANDOVER, subject=subject, references=(*FIRST, "t2@us.example")))
    assert message["In-Reply-To"] == "<t2@us.example>"
    assert message["References"] == "<t1@us.example> <t2@us.example>"
    assert message["Subject"] == (subject if subject.upper().startswith("RE") else f"Re: {subject}")


@pytest.mark.parametrize("length", [1, 19, 20, 21, 500])
def test_of_a_long_thread_the_first_and_last_ten_are_named(length: int) -> None:
    ids = tuple(f"t{number}@us.example" for number in range(length))
    named = str(parsed(replace(HANDOVER, references=ids))["References"]).split()
    kept = ids if length <= 20 else (*ids[:10], *ids[-10:])
    assert named == [f"<{each}>" for each in kept]


def test_a_long_id_is_never_encoded() -> None:
    long = f"{'x' * 300}@us.example"
    message = raw(replace(HANDOVER, message_id=long, references=(long, long)))
    assert message.count(f"<{long}>".encode()) == 4


def test_a_page_to_opt_out_is_one_click() -> None:
    url = f"https://mail.us.example/u/{'t' * 200}"
    message = raw(replace(HANDOVER, opt_out_url=url))
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in message
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in message


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:8001/u/t"])
def test_without_an_https_page_a_mail_opts_out(url: str | None) -> None:
    message = raw(replace(HANDOVER, opt_out_url=url))
    assert b"\r\nList-Unsubscribe: <mailto:sales@us.example?subject=unsubscribe>\r\n" in message
    assert b"List-Unsubscribe-Post" not in message


@pytest.mark.parametrize("mark", BREAKS)
@pytest.mark.parametrize("field", ["recipient", "message_id", "subject", "opt_out_url"])
def test_fault_71_a_break_in_any_header_is_refused(field: str, mark: str) -> None:
    before = "https://x.example/" if field == "opt_out_url" else str(getattr(HANDOVER, field))
    given_fields: dict[str, Any] = {field: before[:3] + mark + before[3:] if field != "opt_out_url" else before + mark}
    with pytest.raises(Invalid):
        raw(replace(HANDOVER, **given_fields))


@pytest.mark.parametrize("mark", BREAKS)
def test_fault_71_a_break_in_a_thread_or_in_our_own_name_is_refused(mark: str) -> None:
    with pytest.raises(Invalid):
        raw(replace(HANDOVER, references=(f"t1{mark}@us.example",)))
    with pytest.raises(Invalid):
        raw(from_name=f"Ann{mark}x")
    with pytest.raises(Invalid):
        build(HANDOVER, replace(BOX, address=f"sales{mark}@us.example"), NOW)


def test_fault_73_a_break_is_refused_though_the_library_would_take_it() -> None:
    message = build(HANDOVER, BOX, NOW)
    for value in ("a\r\nBcc: eve@x.example", "a\nb", "a\rb", "a\0b"):
        with pytest.raises(Invalid):
            message["X-Any"] = value


def test_fault_75_an_address_in_unicode_stands_in_utf_8_and_its_domain_as_an_a_label() -> None:
    message = raw(replace(HANDOVER, recipient="jörg@bücher.example"))
    assert "\r\nTo: jörg@xn--bcher-kva.example\r\n".encode() in message
