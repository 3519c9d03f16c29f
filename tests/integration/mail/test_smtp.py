"""The channel against a server on loopback that accepts, refuses, hangs, resets and lies."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any, Protocol

import anyio
import pytest
from pydantic import SecretStr

from camd.domain.errors import Failure, Misconfigured, Permanent, Scope, Transient
from camd.domain.inbound import BounceKind, judge_status_code
from camd.mail.smtp import SmtpChannel
from camd.mail.smtp_session import Patience
from camd.ports.channel import Accepted, Handover, Refused, Stage, Unknown, Withdrawn
from camd.ports.settings import MailboxSettings
from camd.sim.smtp_server import HANG, PASSWORD, RESET, ScriptedServer
from camd.sim.world import mailbox
from camd.system import SystemClock

HANDOVER = Handover("sales", "bob@firm.example", "abc.def@acme.example", "For Firm", "Hello Bob\n.\nA word?\n")
QUICK = Patience(connect=0.6, command=0.6, dot=0.6)
PATIENT = Patience(connect=5, command=5, dot=5)


class Mark(Protocol):
    error: Exception | None
    calls: int

    async def __call__(self) -> None: ...


class Authority(Protocol):
    @property
    def trusted(self) -> ssl.SSLContext: ...

    def server(self, host: str = ..., *, days: int = ...) -> ssl.SSLContext: ...


def box(server: ScriptedServer, **changes: Any) -> MailboxSettings:
    plain = replace(mailbox("sales"), smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
    return replace(plain, **changes)


def with_password(server: ScriptedServer, word: str = PASSWORD, **changes: Any) -> MailboxSettings:
    return box(server, username="ann", password=SecretStr(word), **changes)


def door(settings: MailboxSettings, patience: Patience = PATIENT, tls: ssl.SSLContext | None = None) -> SmtpChannel:
    return SmtpChannel({settings.name: settings}, SystemClock(), patience=patience, tls=tls)


async def failure_of(door: SmtpChannel, mark: Mark, handover: Handover = HANDOVER) -> Failure:
    with pytest.raises(Failure) as failed:
        await door.hand_over(handover, mark)
    return failed.value


async def test_a_message_arrives_as_it_was_written(mark: Mark) -> None:
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        assert await sales.hand_over(HANDOVER, mark) == Accepted("250 2.0.0 queued")
    [envelope] = server.accepted
    message = message_from_bytes(envelope.raw.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert (envelope.recipient, message["Subject"]) == ("bob@firm.example", "For Firm")
    assert message.get_content() == HANDOVER.body.replace("\n", "\r\n")
    assert [line.partition(" ")[0] for line in server.seen] == ["EHLO", "MAIL", "RCPT", "DATA"]
    assert mark.calls == 1


async def test_the_mark_is_made_after_the_receiver_was_named_and_before_data() -> None:
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        before: list[str] = []

        async def look() -> None:
            before.extend(server.seen)

        await sales.hand_over(HANDOVER, look)
    assert before[-1] == "RCPT TO:<bob@firm.example>"


async def test_what_wins_at_the_mark_hands_nothing_over(mark: Mark) -> None:
    mark.error = Withdrawn("opted out")
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        with pytest.raises(Withdrawn):
            await sales.hand_over(HANDOVER, mark)
        mark.error = None
        await sales.hand_over(HANDOVER, mark)
    assert len(server.accepted) == 1
    assert [line for line in server.seen if line == "DATA"] == ["DATA"]


async def test_connections_are_reused_and_bounded(mark: Mark) -> None:
    async with ScriptedServer().serving() as server, door(box(server, max_connections=2)) as sales:
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(sales.hand_over, HANDOVER, mark)
        assert len(server.accepted) == 6
        assert (server.connections, server.most_open) == (2, 2)


async def test_a_kept_connection_that_the_server_closed_is_replaced(mark: Mark) -> None:
    script = {"MAIL": ["250 ok", RESET, "250 ok"]}
    async with ScriptedServer(script).serving() as server, door(box(server)) as sales:
        for _ in range(2):
            assert isinstance(await sales.hand_over(HANDOVER, mark), Accepted)
        assert server.connections == 2


async def test_a_log_in_takes_the_place_of_a_kept_connection(mark: Mark) -> None:
    async with ScriptedServer().serving() as server, door(box(server, max_connections=1)) as sales:
        await sales.hand_over(HANDOVER, mark)
        await sales.log_in("sales")
        await sales.hand_over(HANDOVER, mark)
    assert len(server.accepted) == 2


async def test_a_refused_receiver_leaves_the_connection_usable(mark: Mark) -> None:
    script = {"RCPT": ["550 5.1.1 unknown", "250 ok"]}
    async with ScriptedServer(script).serving() as server, door(box(server)) as sales:
        assert isinstance(await sales.hand_over(HANDOVER, mark), Refused)
        assert isinstance(await sales.hand_over(HANDOVER, mark), Accepted)
    assert (server.connections, "RSET" in server.seen) == (1, True)


# Faults by their number.


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_fault_44_a_server_that_hangs_before_the_message_has_handed_nothing_over(verb: str, mark: Mark) -> None:
    async with ScriptedServer({verb: HANG}).serving() as server, door(box(server), QUICK) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Transient)
    assert (failed.scope, server.accepted) == (Scope.MAILBOX, [])
    assert mark.calls == (verb == "DATA")


async def test_fault_44_a_host_that_takes_no_connection_is_left_in_time(mark: Mark) -> None:
    with socket.socket() as full:
        # A queue of waiting connections that is full: the system answers no further one.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        server = ScriptedServer(port=full.getsockname()[1])
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            with anyio.fail_after(60):
                failed = await failure_of(door(box(server), QUICK), mark)
    assert isinstance(failed, Transient)
    assert (failed.scope, mark.calls) == (Scope.MAILBOX, 0)


async def test_fault_44_a_server_that_hangs_after_the_dot_leaves_it_unknown(mark: Mark) -> None:
    async with ScriptedServer({"DOT": HANG}).serving() as server, door(box(server), QUICK) as sales:
        assert isinstance(await sales.hand_over(HANDOVER, mark), Unknown)
    assert len(server.accepted) == 1


def test_fault_44_the_times_are_those_of_the_design() -> None:
    assert Patience() == Patience(connect=5, command=30, dot=600)


async def test_fault_45_421_at_the_greeting_is_trouble_of_the_mailbox(mark: Mark) -> None:
    async with ScriptedServer({"greeting": "421 4.3.2 too busy"}).serving() as server, door(box(server)) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Transient)
    assert (failed.scope, mark.calls) == (Scope.MAILBOX, 0)


async def test_fault_45_421_within_the_session_defers(mark: Mark) -> None:
    async with (
        ScriptedServer({"RCPT": ["421 4.7.0 slow down", "250 ok"]}).serving() as server,
        door(box(server)) as sales,
    ):
        told = await sales.hand_over(HANDOVER, mark)
        assert told == Refused(Stage.RCPT, 421, "4.7.0", "4.7.0 slow down")
        assert isinstance(told, Refused)
        assert told.for_now
        assert isinstance(await sales.hand_over(HANDOVER, mark), Accepted)
    assert server.connections == 2


@pytest.mark.parametrize(("verb", "stage"), [("RCPT", Stage.RCPT), ("DATA", Stage.DATA), ("DOT", Stage.DOT)])
@pytest.mark.parametrize(("code", "for_now"), [(450, True), (552, False)])
async def test_fault_46_a_reply_against_the_message_is_definite(
    verb: str, stage: Stage, code: int, for_now: bool, mark: Mark
) -> None:
    async with ScriptedServer({verb: f"{code} {code // 100}.2.2 full"}).serving() as server, door(box(server)) as sales:
        told = await sales.hand_over(HANDOVER, mark)
    assert told == Refused(stage, code, f"{code // 100}.2.2", f"{code // 100}.2.2 full")
    assert isinstance(told, Refused)
    assert told.for_now is for_now


async def test_fault_46_a_code_about_us_is_seen_as_such(mark: Mark) -> None:
    async with ScriptedServer({"RCPT": "550 5.7.1 blocked"}).serving() as server, door(box(server)) as sales:
        told = await sales.hand_over(HANDOVER, mark)
    assert isinstance(told, Refused)
    assert judge_status_code(told.enhanced, told.reply) is BounceKind.SENDER_TROUBLE


@pytest.mark.parametrize("code", [421, 451, 550, 553])
async def test_a_reply_to_mail_from_is_trouble_of_the_mailbox(code: int, mark: Mark) -> None:
    async with ScriptedServer({"MAIL": f"{code} no"}).serving() as server, door(box(server)) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Transient if code < 500 else Permanent)
    assert (failed.scope, mark.calls) == (Scope.MAILBOX, 0)


async def test_a_used_up_limit_of_the_provider_passes(mark: Mark) -> None:
    async with ScriptedServer({"MAIL": "550 5.4.5 daily limit"}).serving() as server, door(box(server)) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Transient)
    assert failed.retry_after is not None


async def test_fault_47_a_connection_reset_before_the_reply_to_the_dot_leaves_it_unknown(mark: Mark) -> None:
    async with ScriptedServer({"DOT": RESET}).serving() as server, door(box(server)) as sales:
        assert isinstance(await sales.hand_over(HANDOVER, mark), Unknown)
    assert len(server.accepted) == 1


async def test_fault_47_a_connection_reset_at_data_is_no_handover(mark: Mark) -> None:
    async with ScriptedServer({"DATA": RESET}).serving() as server, door(box(server)) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Transient)
    assert (failed.scope, mark.calls, server.accepted) == (Scope.MAILBOX, 1, [])


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("250", Accepted("250")),
        ("250 \x01\x7f \udcff".encode("utf-8", "replace").decode(), Accepted("250 ?? ?")),
        ("250-2.0.0 first\r\n250-second\r\n250 third", Accepted("250 2.0.0 first second third")),
        ("250 550 5.1.1 a lie", Accepted("250 550 5.1.1 a lie")),
        ("299 odd", Accepted("299 odd")),
        ("554 250 ok", Refused(Stage.DOT, 554, None, "250 ok")),
    ],
)
async def test_fault_48_the_code_alone_decides(reply: str, expected: object, mark: Mark) -> None:
    async with ScriptedServer({"DOT": reply}).serving() as server, door(box(server)) as sales:
        assert await sales.hand_over(HANDOVER, mark) == expected
    assert len(server.accepted) == 1


@pytest.mark.parametrize("reply", ["ok", "", "354 go on", "099 what", "2x0 ok", "250-" + "x" * 40_000])
async def test_fault_48_a_reply_without_sense_leaves_it_unknown(reply: str, mark: Mark) -> None:
    async with ScriptedServer({"DOT": reply}).serving() as server, door(box(server), QUICK) as sales:
        assert isinstance(await sales.hand_over(HANDOVER, mark), Unknown)


async def test_fault_48_what_follows_a_reply_is_not_the_reply_to_the_next_command(mark: Mark) -> None:
    script = {"DOT": "250 ok\r\n250 more", "RCPT": ["250 ok", "550 5.1.1 unknown"]}
    async with ScriptedServer(script).serving() as server, door(box(server)) as sales:
        assert isinstance(await sales.hand_over(HANDOVER, mark), Accepted)
        told = await sales.hand_over(HANDOVER, mark)
    assert isinstance(told, Refused)
    assert (told.stage, len(server.accepted)) == (Stage.RCPT, 1)


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
async def test_fault_48_a_server_that_answers_ahead_is_given_no_message(verb: str, mark: Mark) -> None:
    script = {"RCPT": "250 ok", "DATA": "354 go ahead"}
    script[verb] += "\r\n250 2.0.0 queued"
    async with ScriptedServer(script).serving() as server, door(box(server)) as sales:
        assert isinstance(await failure_of(sales, mark), Transient)
    assert server.accepted == []


async def test_fault_49_a_refused_log_in_names_its_mend_and_is_tried_once(mark: Mark) -> None:
    offered = ("AUTH PLAIN LOGIN CRAM-MD5",)
    async with ScriptedServer(extensions=offered).serving() as server, door(with_password(server, "wrong")) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Misconfigured)
    assert (failed.scope, mark.calls) == (Scope.MAILBOX, 0)
    assert "535" in str(failed)
    assert "[mailboxes.sales]" in str(failed)
    assert len([line for line in server.seen if line.startswith("AUTH")]) == 1


async def test_fault_49_one_refused_mailbox_hinders_no_other(mark: Mark) -> None:
    async with ScriptedServer(extensions=("AUTH PLAIN",)).serving() as server:
        boxes = {"sales": with_password(server, "wrong"), "info": with_password(server, name="info")}
        async with SmtpChannel(boxes, SystemClock(), patience=PATIENT) as both:
            await failure_of(both, mark)
            assert isinstance(await both.hand_over(replace(HANDOVER, mailbox="info"), mark), Accepted)


async def test_a_log_in_that_may_work_later_is_weather(mark: Mark) -> None:
    script, offered = {"AUTH": "454 4.7.0 not now"}, ("AUTH PLAIN",)
    async with ScriptedServer(script, offered).serving() as server, door(with_password(server)) as sales:
        assert isinstance(await failure_of(sales, mark), Transient)


async def test_a_server_without_a_log_in_that_is_known_is_misconfigured(mark: Mark) -> None:
    async with ScriptedServer(extensions=("AUTH GSSAPI",)).serving() as server, door(with_password(server)) as sales:
        assert isinstance(await failure_of(sales, mark), Misconfigured)


@pytest.mark.parametrize("implicit_tls", [False, True])
async def test_a_message_goes_encrypted_to_a_server_that_proves_its_name(
    implicit_tls: bool, authority: Authority, mark: Mark
) -> None:
    server = ScriptedServer(extensions=("AUTH PLAIN",), tls=authority.server(), implicit_tls=implicit_tls)
    async with server.serving():
        settings = with_password(server, smtp_security="tls" if implicit_tls else "starttls")
        async with door(settings, tls=authority.trusted) as sales:
            assert isinstance(await sales.hand_over(HANDOVER, mark), Accepted)


async def test_fault_50_a_stripped_starttls_sends_nothing_in_the_clear(authority: Authority, mark: Mark) -> None:
    async with (
        ScriptedServer(extensions=("AUTH PLAIN",)).serving() as server,
        door(with_password(server, smtp_security="starttls"), tls=authority.trusted) as sales,
    ):
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Misconfigured)
    assert [line.partition(" ")[0] for line in server.seen] == ["EHLO"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["expired", "another name", "signed by nobody known"])
async def test_fault_50_a_certificate_that_proves_nothing_ends_it(
    wrong: str, security: str, authority: Authority, mark: Mark
) -> None:
    certificates: dict[str, Callable[[], ssl.SSLContext]] = {
        "expired": lambda: authority.server(days=-1),
        "another name": lambda: authority.server("other.test"),
        "signed by nobody known": authority.server,
    }
    trusted = ssl.create_default_context() if wrong == "signed by nobody known" else authority.trusted
    server = ScriptedServer(extensions=("AUTH PLAIN",), tls=certificates[wrong](), implicit_tls=security == "tls")
    async with server.serving(), door(with_password(server, smtp_security=security), tls=trusted) as sales:
        failed = await failure_of(sales, mark)
    assert isinstance(failed, Misconfigured)
    assert failed.scope is Scope.MAILBOX
    assert not [line for line in server.seen if line.startswith(("AUTH", "MAIL"))]


async def test_fault_50_no_password_goes_in_the_clear_to_another_machine(mark: Mark) -> None:
    async with (
        ScriptedServer(extensions=("AUTH PLAIN",)).serving() as server,
        door(with_password(server, smtp_host="mail.example", smtp_security="none")) as sales,
    ):
        assert isinstance(await failure_of(sales, mark), Misconfigured)
    assert server.connections == 0


async def test_fault_51_greylisting_defers_and_the_same_mailbox_goes_on(mark: Mark) -> None:
    async with (
        ScriptedServer({"RCPT": ["451 4.7.1 greylisted", "250 ok"]}).serving() as server,
        door(box(server)) as sales,
    ):
        told = await sales.hand_over(HANDOVER, mark)
        assert isinstance(told, Refused)
        assert (told.code, told.for_now) == (451, True)
        assert isinstance(await sales.hand_over(HANDOVER, mark), Accepted)
    ids = [message_from_bytes(each.raw)["Message-ID"] for each in server.accepted]
    assert ids == [f"<{HANDOVER.message_id}>"]


async def test_fault_60_a_relay_that_has_no_address_is_trouble_of_the_mailbox(mark: Mark) -> None:
    nowhere = box(ScriptedServer(port=25), smtp_host="no..such..name")
    failed = await failure_of(door(nowhere), mark)
    assert isinstance(failed, Transient)
    assert (failed.scope, mark.calls) == (Scope.MAILBOX, 0)


async def test_a_relay_that_refuses_the_connection_is_trouble_of_the_mailbox(mark: Mark) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        failed = await failure_of(door(box(ScriptedServer(port=free.getsockname()[1]))), mark)
    assert isinstance(failed, Transient)


@pytest.mark.parametrize(
    "recipient",
    [
        "bob@firm.example\r\nRCPT TO:<eve@firm.example>",
        "bob@firm.example\n",
        "bob@firm.example\r",
        "bob\0@firm.example",
        "bob@firm.example>",
        "bob@firm.example SIZE=1",
        "bob",
        "",
    ],
)
async def test_fault_71_a_recipient_that_is_no_address_never_reaches_the_server(recipient: str, mark: Mark) -> None:
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        failed = await failure_of(sales, mark, replace(HANDOVER, recipient=recipient))
    assert isinstance(failed, Permanent)
    assert (failed.scope, server.connections, mark.calls) == (Scope.ITEM, 0, 0)


@pytest.mark.parametrize("end", ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r\n", "\r\n.\r"])
async def test_fault_72_nothing_in_a_body_ends_the_message_early(end: str, mark: Mark) -> None:
    smuggled = f"Hello{end}MAIL FROM:<eve@firm.example>"
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        assert isinstance(await sales.hand_over(replace(HANDOVER, body=smuggled), mark), Accepted)
    [envelope] = server.accepted
    assert b"\r\n" in envelope.raw
    assert b"\n" not in envelope.raw.replace(b"\r\n", b"")
    assert b"\r" not in envelope.raw.replace(b"\r\n", b"")
    assert len([line for line in server.seen if line.startswith("MAIL")]) == 1


async def test_fault_75_a_local_part_in_unicode_goes_only_where_it_is_taken(mark: Mark) -> None:
    handover = replace(HANDOVER, recipient="jörg@bücher.example")
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        failed = await failure_of(sales, mark, handover)
        assert isinstance(failed, Permanent)
        assert (failed.scope, str(failed)[:11]) == (Scope.ITEM, "unsupported")
        assert not [line for line in server.seen if line.startswith("MAIL")]
    async with ScriptedServer(extensions=("SMTPUTF8", "8BITMIME")).serving() as server, door(box(server)) as sales:
        assert isinstance(await sales.hand_over(handover, mark), Accepted)
    assert server.accepted[0].recipient == "jörg@xn--bcher-kva.example"
    assert "SMTPUTF8" in next(line for line in server.seen if line.startswith("MAIL"))


async def test_fault_75_a_domain_in_unicode_goes_as_its_a_label(mark: Mark) -> None:
    async with ScriptedServer().serving() as server, door(box(server)) as sales:
        told = await sales.hand_over(replace(HANDOVER, recipient="bob@Bücher.example"), mark)
        assert isinstance(told, Accepted)
    assert server.accepted[0].recipient == "bob@xn--bcher-kva.example"


@pytest.mark.parametrize("verb", ["greeting", "RCPT", "DATA", "DOT"])
async def test_a_cancelled_handover_leaves_no_connection_behind(verb: str, mark: Mark) -> None:
    async with ScriptedServer({verb: HANG}).serving() as server, door(box(server)) as sales:
        with anyio.move_on_after(0.2) as scope:
            await sales.hand_over(HANDOVER, mark)
        assert scope.cancelled_caught
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        assert sales._pools["sales"]._idle == []


async def test_a_mailbox_that_is_not_configured_is_named(mark: Mark) -> None:
    async with door(mailbox("sales")) as sales:
        failed = await failure_of(sales, mark, replace(HANDOVER, mailbox="gone"))
    assert isinstance(failed, Misconfigured)
    assert "[mailboxes.gone]" in str(failed)
