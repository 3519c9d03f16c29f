"""The inbox against a real Dovecot: what people do to their mail meanwhile, and that nothing of it is changed."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.mail.inboxes import Inboxes
from camd.ports.inbox import Batch, Folder, FolderRole, InboxSession
from camd.ports.settings import MailboxSettings
from camd.sim.world import mailbox
from camd.system import SystemClock
from tests.system.dovecot_server import PASSWORD, Account, Dovecot, running_dovecot

pytestmark = pytest.mark.system

SINCE = SystemClock().now() - timedelta(days=3)
OLD = SINCE - timedelta(days=300)
INBOX, ARCHIVE, TRASH, CLIENTS = (Folder(name, FolderRole.ANSWERS) for name in ("INBOX", "Ablage", "Müll", "Clients"))
LETTER = b"From: bob@firm.example\r\nSubject: Re: Hello\r\n\r\nYes, please.\r\n"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    if os.geteuid() != 0 or not (shutil.which("dovecot") and shutil.which("doveadm")):
        pytest.skip("needs root, and the Debian package dovecot-imapd installed")
    with running_dovecot() as server:
        yield server


@pytest.fixture
def account(dovecot: Dovecot, request: pytest.FixtureRequest) -> Account:
    return Account(dovecot, request.function.__name__)


def settings(account: Account, **changes: Any) -> MailboxSettings:
    plain = replace(
        mailbox("sales"),
        imap_host="127.0.0.1",
        imap_port=account.server.port,
        username=account.name,
        password=SecretStr(PASSWORD),
    )
    return replace(plain, **changes)


def door(account: Account, **changes: Any) -> Inboxes:
    return Inboxes({"sales": settings(account, **changes)}, SystemClock(), tls=account.server.trusted)


def letter(number: int) -> bytes:
    return b"X-Number: %d\r\n" % number + LETTER


def contents(batch: Batch) -> list[bytes]:
    assert batch.is_last
    return [message.content for _, message in batch.messages]


async def read_all(session: InboxSession) -> Mapping[str, Batch]:
    return {each.name: await session.read(each, None, SINCE, 50) for each in await session.folders()}


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_is_read_over_an_encrypted_connection(account: Account, security: str) -> None:
    account.deliver(letter(1), CLIENTS.name)
    port = account.server.port if security == "tls" else account.server.starttls_port
    async with door(account, imap_security=security, imap_port=port).open("sales") as session:
        assert letter(1) in contents(await session.read(CLIENTS, None, SINCE, 50))


async def test_a_wrong_password_is_for_the_operator_to_mend(account: Account) -> None:
    with pytest.raises(Misconfigured, match="refused the log-in: NO \\[AUTHENTICATIONFAILED\\]") as failed:
        async with door(account, password=SecretStr("wrong")).open("sales"):
            pytest.fail("it was opened")
    assert failed.value.scope is Scope.MAILBOX


async def test_a_certificate_of_an_unknown_authority_is_not_trusted(account: Account) -> None:
    with pytest.raises(Misconfigured, match="cannot be trusted"):
        async with Inboxes({"sales": settings(account)}, SystemClock()).open("sales"):
            pytest.fail("it was opened")


async def test_folders_are_found_by_their_special_use(account: Account) -> None:
    async with door(account).open("sales") as session:
        folders = [(each.name, each.role) for each in await session.folders()]
    answers = [(name, FolderRole.ANSWERS) for name in ("INBOX", "Ablage", "Spam", "Müll")]
    assert folders == [*answers, ("Sent Items", FolderRole.SENT)]


async def test_a_message_that_arrives_while_idling_is_seen(account: Account) -> None:
    async with door(account).open("sales") as session:
        before = await session.read(INBOX, None, SINCE, 50)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, partial(account.deliver, letter(1)))
            await session.wait(3600)
        assert contents(await session.read(INBOX, before.position, SINCE, 50)) == [letter(1)]


async def test_what_was_archived_and_deleted_while_we_were_away_is_found(account: Account) -> None:
    async with door(account).open("sales") as session:
        before = await read_all(session)
    for number in range(3):
        account.deliver(letter(number))
    account.admin("move", ARCHIVE.name, "mailbox", "INBOX", "header", "x-number", "1")
    account.admin("move", TRASH.name, "mailbox", "INBOX", "header", "x-number", "2")
    async with door(account).open("sales") as session:
        found = [
            contents(await session.read(folder, before[folder.name].position, SINCE, 50))
            for folder in (INBOX, ARCHIVE, TRASH)
        ]
    assert found == [[letter(0)], [letter(1)], [letter(2)]]


async def test_a_message_expunged_while_we_were_away_is_no_trouble(account: Account) -> None:
    for number in range(3):
        account.deliver(letter(number))
    async with door(account).open("sales") as session:
        first = await session.read(INBOX, None, SINCE, 1)
        account.admin("expunge", "mailbox", "INBOX", "header", "x-number", "1")
        assert contents(await session.read(INBOX, first.position, SINCE, 50)) == [letter(2)]


async def test_old_mail_is_left_out_at_the_first_look(account: Account) -> None:
    account.bring_in(letter(1), OLD)
    account.deliver(letter(2))
    account.bring_in(letter(3), OLD)
    async with door(account).open("sales") as session:
        batch = await session.read(INBOX, None, SINCE, 50)
        assert contents(batch) == [letter(2)]
        assert contents(await session.read(INBOX, batch.position, SINCE, 50)) == []


async def test_fault_66_a_folder_made_anew_is_read_again(account: Account) -> None:
    account.deliver(letter(1), CLIENTS.name)
    async with door(account).open("sales") as session:
        before = await session.read(CLIENTS, None, SINCE, 50)
        account.admin("mailbox delete", CLIENTS.name)
        account.admin("mailbox create", CLIENTS.name)
        account.deliver(letter(1), CLIENTS.name)
        account.deliver(letter(2), CLIENTS.name)
        after = await session.read(CLIENTS, before.position, SINCE, 50)
    assert contents(after) == [letter(1), letter(2)]
    assert before.position.partition(":")[0] != after.position.partition(":")[0]


async def test_ten_megabytes_come_whole(account: Account) -> None:
    large = LETTER + b"x" * 998 * 10_000 + b"\r\n"
    account.deliver(large)
    async with door(account).open("sales") as session:
        [message] = contents(await session.read(INBOX, None, SINCE, 50))
    assert message == large


async def test_every_flag_is_as_it_was(account: Account) -> None:
    account.deliver(letter(1))
    account.deliver(letter(2))
    account.admin("flags add", "\\Flagged", "mailbox", "INBOX", "header", "x-number", "2")
    fetch = ("fetch", "flags uid", "mailbox", "*")
    before = account.admin(*fetch)
    async with door(account).open("sales") as session:
        assert len((await read_all(session))["INBOX"].messages) == 2
        await session.wait(0)
    assert account.admin(*fetch) == before
    assert "Seen" not in before


async def test_a_server_restarted_under_us_is_transient_and_nothing_is_missed(account: Account) -> None:
    async with door(account).open("sales") as session, anyio.create_task_group() as tasks:
        before = await session.read(INBOX, None, SINCE, 50)
        tasks.start_soon(anyio.to_thread.run_sync, account.server.stop)
        with pytest.raises(Transient):
            await session.wait(3600)
    account.server.start()
    account.deliver(letter(1))
    async with door(account).open("sales") as session:
        assert contents(await session.read(INBOX, before.position, SINCE, 50)) == [letter(1)]


async def test_the_maildir_that_dovecot_keeps_is_read_beside_it() -> None:
    with running_dovecot("maildir") as server:
        account = Account(server, "maildir")
        # A maildir has the ends of line of its machine.
        first, second = (letter(number).replace(b"\r\n", b"\n") for number in (1, 2))
        account.deliver(first)
        account.deliver(second, CLIENTS.name)
        box = replace(settings(account), maildir=server.folder / "mail" / "maildir", folders=("INBOX", CLIENTS.name))
        async with Inboxes({"sales": box}, SystemClock()).open("sales") as session:
            names = [each.name for each in await session.folders()]
            assert names == ["INBOX", CLIENTS.name]
            before = await session.read(INBOX, None, SINCE, 50)
            assert contents(before) == [first]
            assert contents(await session.read(CLIENTS, None, SINCE, 50)) == [second]
            account.admin("flags add", "\\Seen", "mailbox", "INBOX", "all")
            assert contents(await session.read(INBOX, before.position, SINCE, 50)) == []
