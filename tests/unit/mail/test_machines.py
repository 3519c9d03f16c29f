from datetime import UTC, datetime

import pytest

from camd.mail.machines import has_no_return_path, is_daemon, is_postmaster, mark_of, takes_no_reply
from camd.mail.parse import parse
from camd.mail.parsed import Parsed
from camd.ports.inbox import RawMessage


def parsed(head: str) -> Parsed:
    raw = f"{head}\nSubject: x\n\ny\n".encode()
    return parse(RawMessage(raw, len(raw), datetime(2026, 8, 5, tzinfo=UTC)))


BOB = "From: Bob <bob@receiver.example>\n"


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "Auto-Submitted: (really) AUTO-NOTIFIED",
        "X-Autoreply: yes",
        "X-Autorespond: 1",
        "X-AutoReply-From: bob@receiver.example",
        "Precedence: auto_reply",
        "Precedence: Auto-Reply",
        "X-MS-Exchange-Inbox-Rules-Loop: bob@receiver.example",
        "X-FC-MachineGenerated: true",
        "X-OTRS-Loop: yes",
        "X-POST-MessageClass: 9; Autoresponder",
        "Delivered-To: Autoresponder",
        "Return-Path: <>",
    ],
)
def test_a_header_shows_an_automatic_message(field: str) -> None:
    assert mark_of(parsed(BOB + field)) == field.partition(":")[0].lower()


def test_a_vendors_own_mark_outranks_what_newsletters_have_too() -> None:
    assert mark_of(parsed(f"Return-Path: <>\nAuto-Submitted: auto-generated\n{BOB}X-Autoreply: yes")) == "x-autoreply"


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No; comment",
        "X-Auto-Response-Suppress: All",
        "Precedence: first-class",
        "Return-Path: <bob@receiver.example>",
        "Delivered-To: ann@sender.example",
        "X-Mailer: Microsoft Outlook 16.0",
        "X-Priority: 1",
    ],
)
def test_ordinary_headers_are_no_mark(field: str) -> None:
    assert mark_of(parsed(BOB + field)) is None


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON",
        "MAILER-DAEMON@x.example (Mail Delivery System)",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x.example>",
        "MDaemon at x.example <MDaemon@x.example>",
    ],
)
def test_a_daemon_is_known_by_its_name(sender: str) -> None:
    assert is_daemon(parsed(f"From: {sender}"))


def test_a_postmaster_is_no_daemon_and_a_person_is_neither() -> None:
    postmaster, person = parsed("From: Postmaster@x.example"), parsed(BOB)
    assert (is_postmaster(postmaster), is_daemon(postmaster)) == (True, False)
    assert (is_postmaster(person), is_daemon(person)) == (False, False)


@pytest.mark.parametrize(
    "sender", ["no-reply@x.example", "noreply.shop@x.example", "DoNotReply@x.example", "nicht-antworten@x.example"]
)
def test_some_senders_say_that_they_take_no_reply(sender: str) -> None:
    assert takes_no_reply(parsed(f"From: {sender}"))
    assert not takes_no_reply(parsed(BOB))


def test_an_empty_sender_is_a_systems() -> None:
    assert has_no_return_path(parsed(f"Return-Path: <>\n{BOB.strip()}"))
    assert has_no_return_path(parsed("From: <>"))
    assert not has_no_return_path(parsed(BOB.strip()))
