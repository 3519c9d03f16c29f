"""A mail server on loopback that answers as a test tells it: also what no decent server would."""

import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSStream

HANG = "hang"
RESET = "reset"
"""Instead of a reply: nothing for ever, or the end of the connection."""

PASSWORD = "right"  # noqa: S105 - of a server that exists in tests only
_MAX_LINE, _MAX_MESSAGE = 10_000, 10_000_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """One accepted message: `recipient` as RCPT named it, `raw` as it came, with its dots still doubled."""

    recipient: str
    raw: bytes


@dataclass(slots=True)
class ScriptedServer:
    """`script` has the replies by verb, or `greeting` and `DOT`; of several each is given once, the last for ever.

    `seen` are the commands in their order. Without `tls` there is no STARTTLS; with `implicit_tls` each connection
    begins encrypted. It takes AUTH with `PASSWORD` as password or token.
    """

    script: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    extensions: Sequence[str] = ()
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    port: int = 0
    seen: list[str] = field(default_factory=list)
    accepted: list[Envelope] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    _given: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no query, but a socket's attribute
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(listener.serve, self._converse))
            yield self
            tasks.cancel_scope.cancel()

    def reply(self, verb: str, default: str) -> str:
        told = self.script.get(verb, default)
        if isinstance(told, str):
            return told
        turn = self._given.get(verb, 0)
        self._given[verb] = turn + 1
        return told[min(turn, len(told) - 1)]

    async def _converse(self, stream: ByteStream) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            async with stream:
                await _Conversation(self, stream).run()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.IncompleteRead, ssl.SSLError):
            pass  # the client went, or was sent away
        finally:
            self.open_now -= 1


class _Conversation:
    def __init__(self, server: ScriptedServer, stream: ByteStream) -> None:
        self._server = server
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)
        self._is_encrypted = False
        self._recipient = ""

    async def run(self) -> None:
        if self._server.implicit_tls:
            await self._encrypt()
        await self._say("greeting", "220 mail.test ready")
        while True:
            line = (await self._lines.receive_until(b"\r\n", _MAX_LINE)).decode()
            self._server.seen.append(line)
            await self._answer(line.partition(" ")[0], line)

    async def _answer(self, verb: str, line: str) -> None:
        match verb:
            case "EHLO":
                await self._say(verb, self._offer())
            case "STARTTLS":
                await self._say(verb, "220 go ahead")
                await self._encrypt()
            case "AUTH":
                await self._say(verb, _judged(line))
            case "DATA":
                await self._take_message()
            case _:
                self._recipient = line if verb == "RCPT" else self._recipient
                await self._say(verb, "250 2.0.0 ok")

    async def _take_message(self) -> None:
        if not (await self._say("DATA", "354 go ahead")).startswith("354"):
            return
        raw = await self._lines.receive_until(b"\r\n.\r\n", _MAX_MESSAGE)
        recipient = self._recipient.partition("<")[2].partition(">")[0]
        self._server.accepted.append(Envelope(recipient, raw + b"\r\n"))
        await self._say("DOT", "250 2.0.0 queued")

    def _offer(self) -> str:
        extensions = list(self._server.extensions)
        if self._server.tls is not None and not self._is_encrypted:
            extensions.append("STARTTLS")
        return "\r\n".join([*(f"250-{line}" for line in ("mail.test", *extensions)), "250 HELP"])

    async def _say(self, verb: str, default: str) -> str:
        told = self._server.reply(verb, default)
        if told == HANG:
            await anyio.sleep_forever()
        if told == RESET:
            raise anyio.EndOfStream
        await self._stream.send(told.encode() + b"\r\n")
        return told

    async def _encrypt(self) -> None:
        assert self._server.tls is not None, "a server without a certificate is asked for none"
        self._stream = await TLSStream.wrap(
            self._stream, server_side=True, ssl_context=self._server.tls, standard_compatible=False
        )
        self._lines = BufferedByteReceiveStream(self._stream)
        self._is_encrypted = True


def _judged(line: str) -> str:
    told = b64decode(line.rpartition(" ")[2]).decode()
    is_right = told.endswith((f"\0{PASSWORD}", f"Bearer {PASSWORD}\x01\x01"))
    return "235 2.7.0 welcome" if is_right else "535 5.7.8 wrong"
