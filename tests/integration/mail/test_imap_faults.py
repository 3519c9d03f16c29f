"""The inbox by IMAP from a server on loopback that refuses, lies, hangs and breaks off."""

import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import anyio
import pytest
from aiohttp import web
from pydantic import SecretStr

from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.mail.imap_connection import Patience
from camd.mail.inboxes import Inboxes
from camd.ports.inbox import MESSAGE_BYTES, Batch, Folder, FolderRole, InboxSession
from camd.ports.settings import MailboxSettings
from camd.sim.world import mailbox
from camd.system import SystemClock
from tests.integration.mail.imap_server import CAPABILITIES, PASSWORD, USER, FolderOnServer, ImapServer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INBOX = Folder("INBOX", FolderRole.ANSWERS)
QUICK = Patience(connect=0.6, command=0.6, body=0.6, idle=0.1, poll=0.01)
PATIENT = Patience(connect=5, command=5, body=5, idle=5, poll=0.01)
NOISE = (
    b"* OK [ALERT] the system goes down on Sunday\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 3 EXPUNGE\r\n"
    b"* NO disk almost full\r\n* FLAGS (\\Seen)\r\n* OK Still here {5}\r\n"
)


class Authority(Protocol):
    @property
    def trusted(self) -> ssl.SSLContext: ...

    def server(self, host: str = ..., *, days: int = ...) -> ssl.SSLContext: ...


def box(server: ImapServer, **changes: Any) -> MailboxSettings:
    plain = replace(
        mailbox("sales"),
        imap_host="127.0.0.1",
        imap_port=server.port,
        imap_security="none",
        username=USER,
        password=SecretStr(PASSWORD),
    )
    return replace(plain, **changes)


def doors(settings: MailboxSettings, patience: Patience = PATIENT, tls: ssl.SSLContext | None = None) -> Inboxes:
    return Inboxes({settings.name: settings}, SystemClock(), patience=patience, tls=tls)


@asynccontextmanager
async def session_with(server: ImapServer, patience: Patience = PATIENT) -> AsyncIterator[InboxSession]:
    async with server.serving(), doors(box(server), patience).open("sales") as session:
        yield session


def with_letters(*contents: bytes) -> ImapServer:
    server = ImapServer()
    for content in contents:
        server.folders["INBOX"].put(content, NOON)
    return server


def scripted(script: Mapping[str, Any], *contents: bytes) -> ImapServer:
    server = with_letters(*contents)
    server.script = script
    return server


def contents(batch: Batch) -> list[bytes]:
    return [message.content for _, message in batch.messages]


async def refusal(
    settings: MailboxSettings, patience: Patience = PATIENT, tls: ssl.SSLContext | None = None
) -> Failure:
    with pytest.raises(Failure) as failed:
        async with doors(settings, patience, tls).open("sales"):
            pytest.fail("it was opened")
    assert failed.value.scope is Scope.MAILBOX
    return failed.value


async def trouble_reading(server: ImapServer, patience: Patience = PATIENT) -> Transient:
    """What reading raises; the session is of no use any more, and says so."""
    async with session_with(server, patience) as session:
        with pytest.raises(Transient) as failed:
            await session.read(INBOX, None, NOON, 10)
    assert failed.value.scope is Scope.MAILBOX
    return failed.value


async def names_of(server: ImapServer, **changes: Any) -> list[str]:
    async with server.serving(), doors(box(server, **changes)).open("sales") as session:
        return [each.name for each in await session.folders()]


# Connecting and logging in


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_the_connection_is_encrypted_before_the_password_goes_out(authority: Authority, security: str) -> None:
    server = ImapServer(tls=authority.server(), implicit_tls=security == "tls")
    server.folders["INBOX"].put(b"Hello", NOON)
    async with server.serving():
        door = doors(box(server, imap_security=security), tls=authority.trusted)
        async with door.open("sales") as session:
            assert contents(await session.read(INBOX, None, NOON, 10)) == [b"Hello"]
    assert (server.seen[0] == "STARTTLS") is (security == "starttls")


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("host", "days"), [("mail.example", 1), ("127.0.0.1", -1)])
async def test_a_certificate_of_another_name_or_time_ends_it(
    authority: Authority, security: str, host: str, days: int
) -> None:
    server = ImapServer(tls=authority.server(host, days=days), implicit_tls=security == "tls")
    async with server.serving():
        failed = await refusal(box(server, imap_security=security), tls=authority.trusted)
    assert isinstance(failed, Misconfigured)
    assert "cannot be trusted" in str(failed)
    assert not [line for line in server.seen if line.startswith(("LOGIN", "AUTHENTICATE"))]


async def test_an_unknown_authority_is_not_trusted(authority: Authority) -> None:
    async with ImapServer(tls=authority.server(), implicit_tls=True).serving() as server:
        assert isinstance(await refusal(box(server, imap_security="tls")), Misconfigured)


async def test_a_server_that_speaks_no_tls_is_misconfigured(authority: Authority) -> None:
    async with ImapServer().serving() as server:
        failed = await refusal(box(server, imap_security="tls"), tls=authority.trusted)
    assert isinstance(failed, Misconfigured)
    assert "imap_port" in str(failed)


@pytest.mark.parametrize(
    "script",
    [{"STARTTLS": b"{tag} BAD what\r\n"}, {"greeting": b"* PREAUTH welcome\r\n"}],
)
async def test_without_starttls_no_password_goes_out(authority: Authority, script: Mapping[str, bytes]) -> None:
    async with ImapServer(script=script).serving() as server:
        failed = await refusal(box(server, imap_security="starttls"), tls=authority.trusted)
    assert isinstance(failed, Misconfigured)
    assert not [line for line in server.seen if line.startswith(("LOGIN", "AUTHENTICATE"))]


async def test_what_was_slipped_in_before_tls_is_not_believed(authority: Authority) -> None:
    script = {"STARTTLS": b"{tag} OK go ahead\r\n* OK slipped in\r\n"}
    async with ImapServer(script=script).serving() as server:
        failed = await refusal(box(server, imap_security="starttls"), tls=authority.trusted)
    assert isinstance(failed, Transient)
    assert "more than it was asked" in str(failed)


async def test_nothing_is_sent_in_the_clear_to_another_machine() -> None:
    failed = await refusal(box(ImapServer(), imap_host="imap.firm.example"))
    assert isinstance(failed, Misconfigured)
    assert "imap_security" in str(failed)


async def test_a_server_that_knows_the_client_already_asks_for_nothing() -> None:
    server = scripted({"greeting": b"* PREAUTH welcome\r\n"}, b"Hello")
    async with session_with(server) as session:
        assert contents(await session.read(INBOX, None, NOON, 10)) == [b"Hello"]
    assert not [line for line in server.seen if line.startswith(("LOGIN", "AUTHENTICATE"))]


@pytest.mark.parametrize("capabilities", [("AUTH=PLAIN",), ("AUTH=PLAIN", "SASL-IR"), ()])
async def test_a_password_is_given_as_the_server_wants_it(capabilities: tuple[str, ...]) -> None:
    async with ImapServer(capabilities=capabilities).serving() as server, doors(box(server)).open("sales"):
        assert server.seen[1].startswith("AUTHENTICATE PLAIN" if capabilities else "LOGIN ")


async def test_quotes_in_a_password_stay_in_it() -> None:
    async with ImapServer(capabilities=()).serving() as server:
        await refusal(box(server, password=SecretStr('a"b\\c d')))
    assert server.seen[1] == r'LOGIN "ann" "a\"b\\c d"'


async def test_a_line_break_in_a_password_begins_no_other_command() -> None:
    async with ImapServer(capabilities=()).serving() as server:
        failed = await refusal(box(server, password=SecretStr('a"\r\nA9 DELETE INBOX')))
    assert isinstance(failed, Misconfigured)
    assert server.seen == ["CAPABILITY"]


@pytest.mark.parametrize("capabilities", [CAPABILITIES, ()])
async def test_a_wrong_password_names_its_mend_and_is_tried_once(capabilities: tuple[str, ...]) -> None:
    async with ImapServer(capabilities=capabilities).serving() as server:
        failed = await refusal(box(server, password=SecretStr("s3cret")))
    assert isinstance(failed, Misconfigured)
    assert "refused the log-in: NO [AUTHENTICATIONFAILED]" in str(failed)
    assert "[mailboxes.sales]" in str(failed)
    assert "s3cret" not in str(failed)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("NO [ALERT] Application-specific password required", Misconfigured),
        ("NO LOGIN failed.", Misconfigured),
        ("NO [AUTHENTICATIONFAILED] temporary failure", Misconfigured),
        ("NO [UNAVAILABLE] user database is away", Transient),
        ("NO [INUSE] locked", Transient),
        ("NO [LIMIT] enough", Transient),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", Transient),
        ("BAD User is authenticated but not connected.", Transient),
    ],
)
async def test_a_refused_log_in_is_for_the_operator_and_a_busy_server_is_not(answer: str, kind: type[Failure]) -> None:
    async with ImapServer(script={"AUTHENTICATE": f"{{tag}} {answer}\r\n".encode()}).serving() as server:
        assert type(await refusal(box(server))) is kind


async def test_a_server_that_names_a_pause_gets_it() -> None:
    answer = b"{tag} NO Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n"
    async with ImapServer(script={"AUTHENTICATE": answer}).serving() as server:
        failed = await refusal(box(server))
    assert isinstance(failed, Transient)
    assert failed.retry_after == timedelta(milliseconds=299_961)


@pytest.mark.parametrize(
    ("capabilities", "changes"),
    [
        (("LOGINDISABLED",), {}),
        (("AUTH=PLAIN",), {"auth": "xoauth2"}),
        (CAPABILITIES, {"username": None}),
    ],
)
async def test_a_log_in_that_cannot_be_is_misconfigured(
    capabilities: tuple[str, ...], changes: Mapping[str, Any]
) -> None:
    async with granting() as url, ImapServer(capabilities=capabilities).serving() as server:
        settings = box(server, oauth_token_url=url, **changes)
        assert isinstance(await refusal(settings), Misconfigured)
    assert server.seen == ["CAPABILITY"]


@asynccontextmanager
async def granting(status: int = 200) -> AsyncIterator[str]:
    """Where tokens are given: `token1`, then `token2`."""
    count = 0

    async def grant(_: web.Request) -> web.Response:
        nonlocal count
        count += 1
        if status != 200:
            return web.json_response({"error": "invalid_grant"}, status=status)
        return web.json_response({"access_token": f"token{count}", "expires_in": 3600})

    app = web.Application()
    app.router.add_post("/token", grant)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    finally:
        await runner.cleanup()


def with_token(server: ImapServer, url: str) -> MailboxSettings:
    return box(
        server, auth="xoauth2", oauth_token_url=url, oauth_client_id="id", oauth_refresh_token=SecretStr("refresh")
    )


@pytest.mark.parametrize("capabilities", [CAPABILITIES, ("AUTH=XOAUTH2",)])
async def test_a_token_opens_the_inbox(capabilities: tuple[str, ...]) -> None:
    server = ImapServer(token="token1", capabilities=capabilities)
    async with granting() as url, server.serving(), doors(with_token(server, url)).open("sales") as session:
        assert await session.folders()


async def test_a_token_withdrawn_before_its_end_is_replaced_at_the_next_attempt() -> None:
    async with granting() as url, ImapServer(token="token2").serving() as server:
        door = doors(with_token(server, url))
        with pytest.raises(Misconfigured):
            async with door.open("sales"):
                pytest.fail("it was opened")
        async with door.open("sales") as session:
            assert await session.folders()


async def test_a_refused_renewal_is_misconfigured() -> None:
    async with granting(400) as url, ImapServer().serving() as server:
        failed = await refusal(with_token(server, url))
    assert isinstance(failed, Misconfigured)
    assert "invalid_grant" in str(failed)


@pytest.mark.parametrize(
    "greeting",
    [b"* BYE too many connections\r\n", b"hang", b"close", b"220 mail.test ESMTP\r\n", b"\xff\r\n", b"* NO\r\n"],
)
async def test_a_server_that_does_not_greet_may_later(greeting: bytes) -> None:
    async with ImapServer(script={"greeting": greeting}).serving() as server:
        assert isinstance(await refusal(box(server), QUICK), Transient)


async def test_a_port_where_nobody_listens_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failed = await refusal(box(ImapServer(port=port)))
    assert isinstance(failed, Transient)
    assert f"127.0.0.1:{port} cannot be reached" in str(failed)


async def test_a_name_that_is_none_is_transient() -> None:
    failed = await refusal(box(ImapServer(), imap_host="a..b", imap_security="tls"))
    assert isinstance(failed, Transient)


# Reading


@pytest.mark.parametrize("command", ["EXAMINE", "UID SEARCH", "UID FETCH"])
@pytest.mark.parametrize(
    "answer",
    [
        b"close",
        b"hang",
        b"* BYE shutting down\r\nclose",
        b"{tag} NO [UNAVAILABLE] later\r\n",
        b"{tag} BAD what\r\n",
        b"A999 OK of something else\r\n",
        b"+ go on\r\n",
        b"* 1 FETCH (UID 1 BODY[] {1000}\r\nhalf of itclose",
        b"* 1 FETCH (UID 1 BODY[] {1000}\r\nhalf of ithang",
        b"* 1 FETCH (UID 1\r\n",
        b"* 1 FETCH UID 1)\r\n",
        b'* LIST () "/" "no end\r\n',
        b"* " + b"(" * 100_000 + b"\r\n",
        b"no line at all" * 1000 + b"close",
    ],
)
async def test_a_server_in_trouble_is_transient(command: str, answer: bytes) -> None:
    await trouble_reading(scripted({command: answer}, b"Hello"), QUICK)


async def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    failed = await trouble_reading(scripted({"EXAMINE": b"x" * 9_000_000 + b"hang"}))
    assert "a line does not end" in str(failed)


async def test_answers_without_an_end_do_not_fill_the_memory() -> None:
    failed = await trouble_reading(scripted({"EXAMINE": b"* OK %s\r\n" % (b"x" * 1_000_000) * 51 + b"hang"}))
    assert "without an end" in str(failed)


async def test_what_broke_off_is_not_used_again() -> None:
    server = scripted({"EXAMINE": [b"hang"]}, b"Hello")
    async with session_with(server, QUICK) as session:
        with pytest.raises(Transient, match="it took too long"):
            await session.read(INBOX, None, NOON, 10)
        with pytest.raises(Transient, match="broke off before"):
            await session.read(INBOX, None, NOON, 10)
    assert len([line for line in server.seen if line.startswith("EXAMINE")]) == 1


async def test_what_was_cancelled_is_not_used_again() -> None:
    async with session_with(scripted({"UID FETCH": b"hang"}, b"Hello")) as session:
        with anyio.move_on_after(0.05):
            await session.read(INBOX, None, NOON, 10)
        with pytest.raises(Transient, match="broke off before"):
            await session.read(INBOX, None, NOON, 10)


async def test_a_refused_command_leaves_the_connection_usable() -> None:
    server = scripted({"EXAMINE": [b"{tag} NO [INUSE] locked\r\n", None]}, b"Hello")
    async with session_with(server) as session:
        with pytest.raises(Transient):
            await session.read(INBOX, None, NOON, 10)
        assert contents(await session.read(INBOX, None, NOON, 10)) == [b"Hello"]


async def test_a_folder_that_is_gone_is_transient() -> None:
    async with session_with(ImapServer()) as session:
        with pytest.raises(Transient, match="NONEXISTENT"):
            await session.read(Folder("Gone", FolderRole.ANSWERS), None, NOON, 10)


async def test_noise_between_the_answers_is_passed_over() -> None:
    fetched = (
        b'* 1 FETCH (INTERNALDATE "02-Mar-2026 12:00:00 +0000" RFC822.SIZE 5 UID 1)\r\n{tag} OK done\r\n',
        b'* 1 FETCH (FLAGS (\\Seen) BODY[] "He\\"lo" UID 1)\r\n{tag} OK done\r\n',
    )
    answers = {
        "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 2] ok\r\n{tag} OK [READ-ONLY] done\r\n",
        "UID SEARCH": b"* SEARCH 1\r\n* SEARCH\r\n{tag} OK done\r\n",
    }
    script: dict[str, Any] = {name: NOISE + answer for name, answer in answers.items()}
    script["UID FETCH"] = [NOISE + each for each in fetched]
    async with session_with(scripted(script, b"Hello")) as session:
        batch = await session.read(INBOX, None, NOON, 10)
    assert contents(batch) == [b'He"lo']
    assert batch.position == "7:1"


async def test_fault_66_under_another_uidvalidity_what_arrived_since_is_read_again() -> None:
    server = with_letters(b"one", b"two")
    async with session_with(server) as session:
        before = await session.read(INBOX, None, NOON, 10)
        server.folders["INBOX"].put(b"old", NOON - timedelta(days=3))
        server.folders["INBOX"].renumber()
        after = await session.read(INBOX, before.position, NOON, 10)
    assert contents(after) == [b"one", b"two"]
    assert (before.position, after.position) == ("7:2", "8:3")


async def test_old_messages_between_those_wanted_are_left_out_in_every_batch() -> None:
    server = ImapServer()
    for number in range(6):
        server.folders["INBOX"].put(b"%d" % number, NOON - timedelta(days=9 * (number % 2)))
    async with session_with(server) as session:
        first = await session.read(INBOX, None, NOON, 2)
        second = await session.read(INBOX, first.position, NOON, 2)
    assert (contents(first), contents(second)) == ([b"0", b"2"], [b"4"])
    assert (first.position, second.position) == ("7:3:6", "7:6")


async def test_a_server_that_names_no_next_uid_is_asked_for_its_last() -> None:
    told = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK done\r\n"
    server = with_letters(b"one")
    server.folders["INBOX"].put(b"old", NOON - timedelta(days=3))
    async with session_with(server) as session:
        await session.read(INBOX, None, NOON, 10)
        server.script = {"EXAMINE": told}
        batch = await session.read(INBOX, None, NOON, 10)
    assert (contents(batch), batch.position) == ([b"one"], "7:2")


async def test_a_message_larger_than_the_server_said_is_cut_and_stops_nothing() -> None:
    server = with_letters()
    server.folders["INBOX"].put(b"x" * (MESSAGE_BYTES + 9), NOON, said=100)
    server.folders["INBOX"].put(b"next", NOON)
    async with session_with(server) as session:
        [(_, large)] = (await session.read(INBOX, None, NOON, 1)).messages
        assert (len(large.content), large.size_bytes) == (MESSAGE_BYTES, MESSAGE_BYTES + 9)
        assert contents(await session.read(INBOX, "7:1", NOON, 1)) == [b"next"]


async def test_a_message_smaller_than_the_server_said_is_whole() -> None:
    server = with_letters()
    server.folders["INBOX"].put(b"small", NOON, said=100)
    async with session_with(server) as session:
        [(_, small)] = (await session.read(INBOX, None, NOON, 1)).messages
    assert not small.is_cut


@pytest.mark.parametrize("answer", [b"{tag} OK done\r\n", b"{tag} NO [EXPUNGEISSUED] some are gone\r\n"])
async def test_a_message_deleted_before_it_is_fetched_is_passed_over(answer: bytes) -> None:
    async with session_with(scripted({"UID FETCH": [None, answer, None]}, b"gone", b"there")) as session:
        batch = await session.read(INBOX, None, NOON, 10)
    assert (contents(batch), batch.is_last, batch.position) == ([b"there"], True, "7:2")


async def test_a_message_that_the_server_holds_but_does_not_give_counts_as_cut() -> None:
    script = {"UID FETCH": [None, b"* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK done\r\n"]}
    async with session_with(scripted(script, b"Hello")) as session:
        [(_, message)] = (await session.read(INBOX, None, NOON, 10)).messages
    assert (message.content, message.is_cut) == (b"", True)


async def test_what_was_read_before_the_connection_broke_is_not_lost() -> None:
    server = scripted({"UID FETCH": [None, None, b"* 2 FETCH (UID 2 BODY[] {99}\r\nclose"]}, b"one", b"two")
    async with session_with(server) as session:
        batch = await session.read(INBOX, None, NOON, 10)
        assert (contents(batch), batch.is_last, batch.position) == ([b"one"], False, "7:1:2")
        with pytest.raises(Transient):
            await session.read(INBOX, batch.position, NOON, 10)


async def test_a_date_that_is_none_counts_as_now() -> None:
    script = {"UID FETCH": [b'* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE "?")\r\n{tag} OK done\r\n', None]}
    async with session_with(scripted(script, b"Hello")) as session:
        assert contents(await session.read(INBOX, None, NOON, 10)) == [b"Hello"]


# Folders


async def test_where_everything_is_in_one_folder_the_inbox_is_not_read_twice() -> None:
    folders = {
        "INBOX": "",
        "[Gmail]": "\\Noselect",
        "[Gmail]/Alle Nachrichten": "\\All",
        "[Gmail]/Papierkorb": "\\Trash",
        "[Gmail]/Spam": "\\Junk",
        "[Gmail]/Gesendet": "\\Sent",
    }
    server = ImapServer({name: FolderOnServer(attributes) for name, attributes in folders.items()})
    assert await names_of(server) == [
        "[Gmail]/Alle Nachrichten",
        "[Gmail]/Spam",
        "[Gmail]/Papierkorb",
        "[Gmail]/Gesendet",
    ]


async def test_an_older_server_is_asked_for_special_uses_in_its_own_way() -> None:
    answer = b'* XLIST (\\AllMail) "/" Everything\r\n* XLIST (\\Spam) "/" Bad\r\n{tag} OK done\r\n'
    server = ImapServer(script={"XLIST": answer}, capabilities=("AUTH=PLAIN", "XLIST"))
    assert await names_of(server) == ["Everything", "Bad"]


async def test_names_beyond_ascii_with_quotes_and_spaces_are_read_and_asked_for() -> None:
    odd = 'Ann\'s "best" \\ * clients'
    server = ImapServer({"INBOX": FolderOnServer(), "Entw&APw-rfe & Co": FolderOnServer()})
    server.folders[odd] = FolderOnServer()
    server.folders[odd].put(b"Hello", NOON)
    listed = [f'* LIST () "/" {{{len(odd)}}}\r\n{odd}', '* LIST () "/" "Entw&APw-rfe &- Co"', "* LIST () NIL INBOX"]
    server.script = {"LIST": "".join(f"{line}\r\n" for line in listed).encode() + b"{tag} OK done\r\n"}
    async with server.serving():
        door = doors(box(server, folders=("Inbox", odd, "Entwürfe & Co")))
        async with door.open("sales") as session:
            folders = await session.folders()
            assert [each.name for each in folders] == ["INBOX", odd, "Entwürfe & Co"]
            assert contents(await session.read(folders[1], None, NOON, 10)) == [b"Hello"]
            with pytest.raises(Transient):
                await session.read(folders[2], None, NOON, 10)
    assert server.seen[-1] == 'EXAMINE "Entw&APw-rfe &- Co"'


async def test_a_name_that_no_standard_allows_is_asked_for_as_the_server_wrote_it() -> None:
    server = ImapServer({"INBOX": FolderOnServer(), "Größe & Co": FolderOnServer()})
    server.folders["Größe & Co"].put(b"Hello", NOON)
    async with server.serving(), doors(box(server, folders=("Größe & Co",))).open("sales") as session:
        [folder] = await session.folders()
        assert contents(await session.read(folder, None, NOON, 10)) == [b"Hello"]


async def test_three_thousand_folders_are_no_trouble() -> None:
    folders = {f"Clients/{number}": FolderOnServer() for number in range(3000)}
    assert await names_of(ImapServer({"INBOX": FolderOnServer()} | folders)) == ["INBOX"]


# Waiting


async def test_a_message_that_arrives_while_idling_ends_the_wait() -> None:
    server = ImapServer()
    async with session_with(server) as session, anyio.create_task_group() as tasks:
        tasks.start_soon(session.wait, 3600)
        await server.idling.wait()
        server.folders["INBOX"].put(b"Hello", NOON)


async def test_fault_67_an_idle_is_ended_and_begun_again_before_its_time() -> None:
    server = ImapServer()
    async with session_with(server, replace(PATIENT, idle=0.01)) as session:
        await session.wait(0.1)
        assert (await session.read(INBOX, None, NOON, 10)).is_last
    assert server.seen.count("IDLE") > 1


async def test_fault_67_a_server_that_died_silently_is_noticed() -> None:
    async with session_with(ImapServer(script={"IDLE": b"+ idling\r\nhang"}), QUICK) as session:
        with pytest.raises(Transient, match="it took too long"):
            await session.wait(0.01)


@pytest.mark.parametrize("answer", [b"close", b"hang", b"* BYE idle for too long\r\nclose", b"+ idling\r\nclose"])
async def test_a_connection_that_ends_while_idling_is_transient(answer: bytes) -> None:
    async with session_with(ImapServer(script={"IDLE": answer}), QUICK) as session:
        with pytest.raises(Transient):
            await session.wait(3600)


async def test_noise_while_idling_ends_no_wait() -> None:
    idle = b"+ idling\r\n" + NOISE + b"* 1 EXISTS\r\n{tag} OK done\r\n"
    async with session_with(ImapServer(script={"IDLE": idle})) as session:
        await session.wait(3600)


@pytest.mark.parametrize("refused", [b"{tag} BAD what\r\n", b"+ idling\r\n{tag} NO not any more\r\n"])
async def test_where_idle_is_refused_the_server_is_polled(refused: bytes) -> None:
    await _polled(ImapServer(script={"IDLE": refused}))


async def test_where_idle_is_not_offered_the_server_is_polled() -> None:
    await _polled(ImapServer(capabilities=("AUTH=PLAIN",)))


async def _polled(server: ImapServer) -> None:
    server.script = dict(server.script) | {"NOOP": [b"{tag} OK\r\n", b"{tag} OK\r\n", b"* 1 EXISTS\r\n{tag} OK\r\n"]}
    async with session_with(server) as session:
        await session.wait(3600)
    assert server.seen.count("NOOP") == 3


async def test_a_session_that_is_cancelled_closes_its_connection() -> None:
    server = ImapServer()
    async with server.serving():
        opened = anyio.Event()

        async def listen() -> None:
            async with doors(box(server)).open("sales") as session:
                opened.set()
                await session.wait(3600)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await opened.wait()
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        async with doors(box(server)).open("sales") as session:
            assert await session.folders()
    assert server.connections == 2
