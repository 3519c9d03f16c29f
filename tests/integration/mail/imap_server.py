"""An IMAP4rev1 server on loopback, as small as a reader needs it, that answers as a test tells it.

What a reader must not do (SELECT, STORE, a BODY that is no PEEK) it refuses by a failed assertion.
"""

import re
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Self

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSStream

HANG, CLOSE = b"hang", b"close"
"""Behind or instead of an answer: nothing for ever, or the end of the connection."""
USER, PASSWORD = "ann", "right"
CAPABILITIES = ("IDLE", "SASL-IR", "AUTH=PLAIN", "AUTH=XOAUTH2", "SPECIAL-USE", "LIST-EXTENDED")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ALLOWED = re.compile(
    r"(CAPABILITY|NOOP|LOGIN .*|AUTHENTICATE .*|STARTTLS|(X?LIST) .*|EXAMINE .*|IDLE|FETCH \* \(UID\)"
    r"|UID SEARCH .*|UID FETCH [\d,]+ \(UID (RFC822\.SIZE INTERNALDATE|BODY\.PEEK\[\](<0\.\d+>)?)\))",
    re.DOTALL,
)


@dataclass(slots=True)
class Kept:
    """A message. `said` is the size that the server tells where it is not the true one."""

    uid: int
    content: bytes
    arrived_at: datetime
    said: int | None = None


@dataclass(slots=True)
class FolderOnServer:
    attributes: str = ""
    validity: int = 7
    next_uid: int = 1
    messages: list[Kept] = field(default_factory=list)
    arrival: anyio.Event = field(default_factory=anyio.Event)

    def put(self, content: bytes, arrived_at: datetime, said: int | None = None) -> int:
        uid = self.next_uid
        self.next_uid += 1
        self.messages.append(Kept(uid, content, arrived_at, said))
        self.arrival.set()
        self.arrival = anyio.Event()
        return uid

    def renumber(self) -> None:
        """As a server does that lost its index: other UIDs under another UIDVALIDITY."""
        self.validity += 1
        for place, message in enumerate(self.messages, 1):
            message.uid = place
        self.next_uid = len(self.messages) + 1


def usual_folders() -> dict[str, FolderOnServer]:
    named = {
        "INBOX": "",
        "Archive": "\\Archive",
        "Junk": "\\Junk",
        "Trash": "\\Trash",
        "Sent": "\\Sent",
        "Clients": "",
        "Shared": "\\Noselect",
    }
    return {name: FolderOnServer(attributes) for name, attributes in named.items()}


@dataclass(slots=True)
class ImapServer:
    """`script` has by command (`UID FETCH`, `greeting`, ...) the bytes to answer with, `{tag}` in them replaced, or a
    sequence of them, of which each is given once and the last for ever; `None` is the server's own answer.

    `seen` are the commands. Without `tls` there is no STARTTLS; with `implicit_tls` each connection begins encrypted.
    """

    folders: dict[str, FolderOnServer] = field(default_factory=usual_folders)
    script: Mapping[str, bytes | Sequence[bytes | None]] = field(default_factory=dict)
    capabilities: Sequence[str] = CAPABILITIES
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    token: str = "token"
    port: int = 0
    seen: list[str] = field(default_factory=list)
    connections: int = 0
    idling: anyio.Event = field(default_factory=anyio.Event)
    _given: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = listener.extra(SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(listener.serve, self._converse))
            yield self
            tasks.cancel_scope.cancel()

    def scripted(self, name: str) -> bytes | None:
        told = self.script.get(name)
        if told is None or isinstance(told, bytes):
            return told
        turn = self._given.get(name, 0)
        self._given[name] = turn + 1
        return told[min(turn, len(told) - 1)]

    async def _converse(self, stream: ByteStream) -> None:
        self.connections += 1
        try:
            async with stream:
                await _Conversation(self, stream).run()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.IncompleteRead, ssl.SSLError):
            pass  # the client went, or was sent away


class _Conversation:
    def __init__(self, server: ImapServer, stream: ByteStream) -> None:
        self._server = server
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)
        self._is_encrypted = False
        self._examined = FolderOnServer()

    async def run(self) -> None:
        if self._server.implicit_tls:
            await self._encrypt()
        if not await self._from_script("greeting", ""):
            await self._say("* OK ready")
        while True:
            line = await self._line()
            tag, _, words = line.partition(" ")
            self._server.seen.append(words)
            assert _ALLOWED.fullmatch(words), f"no reader may say {words}"
            await self._answer(tag, words)

    async def _answer(self, tag: str, words: str) -> None:
        name = " ".join(words.split(" ")[: 2 if words.startswith("UID") else 1])
        if await self._from_script(name, tag):
            return
        verdict = "OK done"
        match name:
            case "IDLE":
                await self._idle()
            case "LOGIN" | "AUTHENTICATE":
                if not await self._is_known(words):
                    verdict = "NO [AUTHENTICATIONFAILED] invalid credentials"
            case "EXAMINE" if self._named(words) not in self._server.folders:
                verdict = "NO [NONEXISTENT] no such folder"
            case "STARTTLS":
                pass
            case _:
                for line in self._told(name, words):
                    await self._stream.send(line + b"\r\n")
        await self._say(f"{tag} {verdict}")
        if name == "STARTTLS":
            await self._encrypt()

    def _told(self, name: str, words: str) -> list[bytes]:
        told: dict[str, Callable[[str], list[bytes]]] = {
            "CAPABILITY": self._offer,
            "LIST": self._list,
            "EXAMINE": self._examine,
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "FETCH": lambda _: [f"* 1 FETCH (UID {self._examined.messages[-1].uid})".encode()],
            "NOOP": lambda _: [self._exists()],
        }
        return told[name](words)

    def _offer(self, _: str) -> list[bytes]:
        offered = [*self._server.capabilities]
        if self._server.tls is not None and not self._is_encrypted:
            offered.append("STARTTLS")
        return [f"* CAPABILITY {' '.join(['IMAP4rev1', *offered])}".encode()]

    def _list(self, _: str) -> list[bytes]:
        return [f'* LIST ({folder.attributes}) "/" "{name}"'.encode() for name, folder in self._server.folders.items()]

    def _named(self, words: str) -> str:
        return re.sub(r"\\(.)", r"\1", words.partition('"')[2][:-1])

    def _examine(self, words: str) -> list[bytes]:
        self._examined = folder = self._server.folders[self._named(words)]
        return [
            rb"* FLAGS (\Answered \Seen)",
            self._exists(),
            f"* OK [UIDVALIDITY {folder.validity}] valid".encode(),
            f"* OK [UIDNEXT {folder.next_uid}] next".encode(),
        ]

    def _exists(self) -> bytes:
        return f"* {len(self._examined.messages)} EXISTS".encode()

    def _search(self, words: str) -> list[bytes]:
        found = re.fullmatch(r"UID SEARCH UID (\d+):(\d+|\*)(?: SINCE (\d+)-(\w+)-(\d+))?", words)
        assert found, words
        first, last, day, month, year = found.groups()
        uids = [each.uid for each in self._examined.messages]
        ends = sorted((int(first), max(uids, default=0) if last == "*" else int(last)))
        since = datetime(int(year), _MONTHS.index(month) + 1, int(day), tzinfo=UTC) if day else None
        matching = [
            str(each.uid)
            for each in self._examined.messages
            if ends[0] <= each.uid <= ends[1] and (since is None or each.arrived_at >= since)
        ]
        return [f"* SEARCH {' '.join(matching)}".rstrip().encode()]

    def _fetch(self, words: str) -> list[bytes]:
        uids = {int(uid) for uid in words.split(" ")[2].split(",")}
        part = re.search(r"<0\.(\d+)>", words)
        told = []
        for place, each in enumerate(self._examined.messages, 1):
            if each.uid not in uids:
                continue
            if "BODY" in words:
                content = each.content[: int(part[1])] if part else each.content
                name = "BODY[]<0>" if part else "BODY[]"
                told.append(f"* {place} FETCH (UID {each.uid} {name} {{{len(content)}}}\r\n".encode() + content + b")")
            else:
                size = len(each.content) if each.said is None else each.said
                arrived = _internal_date(each.arrived_at)
                told.append(f'* {place} FETCH (UID {each.uid} RFC822.SIZE {size} INTERNALDATE "{arrived}")'.encode())
        return told

    async def _idle(self) -> None:
        known, arrival = len(self._examined.messages), self._examined.arrival
        await self._say("+ idling")
        self._server.idling.set()
        async with anyio.create_task_group() as tasks:

            async def tell() -> None:
                if len(self._examined.messages) == known:
                    await arrival.wait()
                await self._stream.send(self._exists() + b"\r\n")

            tasks.start_soon(tell)
            with suppress(anyio.IncompleteRead):  # the client went: the next line is missing too
                assert await self._line() == "DONE"
            tasks.cancel_scope.cancel()

    async def _is_known(self, words: str) -> bool:
        if words.startswith("LOGIN"):
            return words == f'LOGIN "{USER}" "{PASSWORD}"'
        _, mechanism, *at_once = words.split(" ")
        if not at_once:
            await self._say("+ ")
        told = b64decode(at_once[0] if at_once else await self._line()).decode()
        if mechanism == "PLAIN":
            return told == f"\0{USER}\0{PASSWORD}"
        if told == f"user={USER}\1auth=Bearer {self._server.token}\1\1":
            return True
        await self._say("+ eyJzdGF0dXMiOiI0MDAifQ==")
        assert await self._line() == "", "an empty line ends the challenge"
        return False

    async def _from_script(self, name: str, tag: str) -> bool:
        told = self._server.scripted(name)
        if told is None:
            return False
        for piece in re.split(b"(hang|close)", told.replace(b"{tag}", tag.encode())):
            match piece:
                case b"hang":
                    await anyio.sleep_forever()
                case b"close":
                    raise anyio.EndOfStream
                case _:
                    await self._stream.send(piece)
        return True

    async def _line(self) -> str:
        return (await self._lines.receive_until(b"\r\n", 100_000)).decode()

    async def _say(self, line: str) -> None:
        await self._stream.send(line.encode() + b"\r\n")

    async def _encrypt(self) -> None:
        assert self._server.tls is not None, "a server without a certificate is asked for none"
        self._stream = await TLSStream.wrap(
            self._stream, server_side=True, ssl_context=self._server.tls, standard_compatible=False
        )
        self._lines = BufferedByteReceiveStream(self._stream)
        self._is_encrypted = True


def _internal_date(at: datetime) -> str:
    """An hour ahead of UTC, as a server elsewhere writes it."""
    local = at + timedelta(hours=1)
    return f"{local.day:2}-{_MONTHS[local.month - 1]}-{local:%Y %H:%M:%S} +0100"
