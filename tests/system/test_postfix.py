"""The channel against a real Postfix: what it takes, what its Maildir holds, and what never reaches it."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Protocol

import anyio
import pytest
from pydantic import SecretStr

from camd.domain.errors import Misconfigured, Scope
from camd.mail.smtp import SmtpChannel
from camd.ports.channel import Accepted, Handover
from camd.ports.settings import MailboxSettings
from camd.sim.world import mailbox
from camd.system import SystemClock

pytestmark = pytest.mark.system

PASSWORD = "correct horse"
OPT_OUT_URL = "https://camd.us.example/u/" + "t" * 90
FIRST = Handover(
    mailbox="sales",
    recipient="bob@firm.example",
    message_id="first.one@us.example",
    subject="Grüße an die Zahnärzte von Gießen, von einem, der längere Betreffzeilen als andere Leute schreibt",
    body="Hallo Bob,\n.\n..zwei Punkte\nund eine Zeile: " + "länger " * 300 + "\nBis bald\n",
    opt_out_url=OPT_OUT_URL,
)
FOLLOW_UP = replace(
    FIRST,
    message_id="second.one@us.example",
    subject="Still interested?",
    body="Hi Bob\n",
    references=("first.one@us.example",),
)


class Server(Protocol):
    port: int
    clear_port: int
    trusted: ssl.SSLContext

    @property
    def received(self) -> Callable[[str], bytes]: ...

    @property
    def inbox(self) -> Callable[[], list[bytes]]: ...

    @property
    def end_of_session(self) -> Callable[[], None]: ...


def sales(server: Server, **changes: Any) -> MailboxSettings:
    settings = replace(
        mailbox("sales"),
        from_name='Änne "Anna" Müller',
        smtp_host="127.0.0.1",
        smtp_port=server.port,
        username="sales",
        password=SecretStr(PASSWORD),
    )
    return replace(settings, **changes)


@asynccontextmanager
async def door(server: Server, settings: MailboxSettings, tls: ssl.SSLContext | None) -> AsyncIterator[SmtpChannel]:
    """For one connection. An encrypted one is closed when the server has answered to that."""
    async with SmtpChannel({"sales": settings}, SystemClock(), tls=tls) as channel:
        yield channel
    await anyio.to_thread.run_sync(server.end_of_session)
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


async def delivered(server: Server, handover: Handover) -> bytes:
    """The file in the Maildir after the handover."""

    async def marked() -> None:
        await anyio.lowlevel.checkpoint()

    async with door(server, sales(server), server.trusted) as channel:
        outcome = await channel.hand_over(handover, marked)
    assert isinstance(outcome, Accepted), outcome
    return server.received(handover.message_id)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert message.defects == []
    return message


async def refusal(server: Server, settings: MailboxSettings, tls: ssl.SSLContext | None) -> Misconfigured:
    async def never() -> None:
        pytest.fail("it was about to hand the message over")

    async with door(server, settings, tls) as channel:
        with pytest.raises(Misconfigured) as refused:
            await channel.hand_over(FIRST, never)
    assert refused.value.scope is Scope.MAILBOX
    return refused.value


async def test_a_mail_sent_with_starttls_and_a_password_is_in_the_maildir_as_it_was_written(postfix: Server) -> None:
    message = parsed(await delivered(postfix, FIRST))
    assert "ESMTPSA" in message["Received"], "neither encrypted nor logged in"
    assert message["Delivered-To"] == "bob@firm.example"
    assert message.get_content() == FIRST.body


async def test_every_line_is_ascii_ends_in_crlf_and_is_no_longer_than_allowed(postfix: Server) -> None:
    # The server would have refused another end of line: smtpd_forbid_bare_newline.
    raw = await delivered(postfix, replace(FIRST, message_id="lines.one@us.example"))
    assert max(map(len, raw.splitlines())) <= 998  # RFC 5322, 2.1.1
    assert raw.isascii()


async def test_names_and_subjects_beyond_ascii_are_encoded_words(postfix: Server) -> None:
    raw = await delivered(postfix, replace(FIRST, message_id="names.one@us.example"))
    assert b"From: =?utf-8?" in raw
    assert b"Subject: =?utf-8?" in raw
    message = parsed(raw)
    [sender] = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Änne "Anna" Müller', "sales@us.example")
    assert message["Subject"] == FIRST.subject


async def test_the_headers_that_receivers_ask_for_are_there_once(postfix: Server) -> None:
    before = SystemClock().now()
    message = parsed(await delivered(postfix, replace(FIRST, message_id="heads.one@us.example")))
    once = ("From", "To", "Date", "Subject", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version")
    assert {name: len(message.get_all(name, [])) for name in once} == dict.fromkeys(once, 1)
    assert message["Message-ID"] == "<heads.one@us.example>"
    assert message["List-Unsubscribe"] == f"<{OPT_OUT_URL}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert before.replace(microsecond=0) <= message["Date"].datetime <= SystemClock().now()
    assert "In-Reply-To" not in message


async def test_a_follow_up_stands_in_the_thread(postfix: Server) -> None:
    message = parsed(await delivered(postfix, FOLLOW_UP))
    assert message["Subject"] == "Re: Still interested?"
    assert message["In-Reply-To"] == "<first.one@us.example>"
    assert message["References"] == "<first.one@us.example>"


async def test_a_wrong_password_is_for_the_operator_to_mend(postfix: Server) -> None:
    refused = await refusal(postfix, sales(postfix, password=SecretStr("wrong")), postfix.trusted)
    assert "refused the log-in: 535" in str(refused)


async def test_no_password_goes_to_a_server_without_starttls(postfix: Server) -> None:
    before = len(postfix.inbox())
    refused = await refusal(postfix, sales(postfix, smtp_port=postfix.clear_port), postfix.trusted)
    assert "does not offer STARTTLS" in str(refused)
    assert len(postfix.inbox()) == before


async def test_a_server_that_wants_starttls_takes_nothing_in_the_clear(postfix: Server) -> None:
    refused = await refusal(postfix, sales(postfix, smtp_security="none"), postfix.trusted)
    assert "offers no way to log in" in str(refused)


async def test_a_certificate_of_an_unknown_authority_is_not_trusted(postfix: Server) -> None:
    refused = await refusal(postfix, sales(postfix), None)
    assert "cannot be trusted" in str(refused)
