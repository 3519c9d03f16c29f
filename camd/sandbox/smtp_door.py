"""SMTP of the mail world: what a client says, passed to those who decide, and their replies.

It listens on loopback alone, so that nobody elsewhere can leave a mail here.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import anyio
from aiosmtpd.smtp import SMTP, Envelope, Session

from camd.domain.errors import Invalid
from camd.ports.settings import is_loopback

HOST = "127.0.0.1"
SERVER_NAME = "mx.mail.example"
MESSAGE_BYTES = 5_000_000


class Recipients(Protocol):
    def reply_to_recipient(self, recipient: str) -> str: ...

    async def reply_to_message(self, sender: str, recipients: Sequence[str], message: bytes) -> str: ...


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def listening(recipients: Recipients, host: str) -> AsyncIterator[int]:
    """The port; at the end every conversation is cut off. Raises `Invalid` for a host that is not loopback."""
    if not is_loopback(host):
        raise Invalid(f"The mail world listens on this machine alone, not on {host}", field="host")
    loop = asyncio.get_running_loop()
    open_now: set[_Conversation] = set()
    server = await loop.create_server(lambda: _Conversation(_Hooks(recipients), loop, open_now), host, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for conversation in open_now:
            conversation.abort()
        while open_now:
            await anyio.lowlevel.cancel_shielded_checkpoint()


class _Conversation(SMTP):
    """One connection, in `open_now` for as long as it lasts."""

    def __init__(self, hooks: "_Hooks", loop: asyncio.AbstractEventLoop, open_now: "set[_Conversation]") -> None:
        # Without a name of its own the library asks DNS for this machine's.
        super().__init__(
            hooks, hostname=SERVER_NAME, enable_SMTPUTF8=True, data_size_limit=MESSAGE_BYTES, ident="camd", loop=loop
        )
        self._open_now = open_now

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open_now.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._open_now.discard(self)

    def abort(self) -> None:
        assert isinstance(self.transport, asyncio.WriteTransport), "an open connection has its transport"
        self.transport.abort()


class _Hooks:
    """The library finds these by their names."""

    def __init__(self, recipients: Recipients) -> None:
        self._recipients = recipients

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        reply = self._recipients.reply_to_recipient(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        assert isinstance(envelope.content, bytes), "the library was told to decode nothing"
        assert envelope.mail_from is not None, "DATA comes after MAIL"
        return await self._recipients.reply_to_message(envelope.mail_from, envelope.rcpt_tos, envelope.content)
