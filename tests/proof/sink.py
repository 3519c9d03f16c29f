"""The judge: a mail server on loopback that writes each message to a file, on the disk, before it answers the dot.

A program of its own: `python sink.py RECORD SCRIPT` writes its port to stdout. SCRIPT is JSON and says what it does, by
recipient, by `*` for all others, and by `greeting`: `accept`; `late S`, it answers the dot after so many seconds;
`held`, once somebody says `XRELEASE`; `hang`, never; `lose`, the connection ends instead; `reset`, the connection ends
right after the reply 250; `half`, it reads no further than the beginning of the message; `greylist`, 451 to the first
RCPT; any other text is the reply to RCPT, or the greeting.

Beside SMTP it knows `XWAIT N`, answered once N messages are recorded, `XRCPT NAME`, answered once that recipient was
named, and `XIDLE`, answered once nobody is connected.
"""

import asyncio
import json
import os
import re
import socket
import struct
import sys
from collections.abc import Callable

SO_IT_IS = "250 2.0.0 so it is"
QUEUED = "250 2.0.0 queued"
MOST_BYTES = 20_000_000
STEP = re.compile(rb"This is mail (\d+)")
MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Gone(Exception):
    """The connection is over."""


class Sink:
    def __init__(self, record: str, script: dict[str, str]) -> None:
        self.script = script
        self.changed = asyncio.Condition()
        self.named: list[str] = []
        self.clients = 0
        self.recorded = 0
        self.is_released = False
        self._file = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def behaviour(self, recipient: str) -> str:
        return self.script.get(recipient, self.script.get("*", "accept"))

    async def record(self, recipient: str, message: bytes) -> None:
        message_id, step = MESSAGE_ID.search(message), STEP.search(message)
        assert message_id is not None
        line = {
            "sequence": self.recorded + 1,
            "seconds": asyncio.get_running_loop().time(),
            "recipient": recipient,
            "message_id": message_id.group(1).decode(),
            "step": int(step.group(1)) if step else 0,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)
        self.recorded += 1
        await self.tell()

    async def tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(self, reader, writer)
        try:
            await conversation.run()
        except (Gone, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.clients -= conversation.is_client
            writer.transport.abort()
            await self.tell()


class Conversation:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._recipient = ""
        self.is_client = False

    async def run(self) -> None:
        await self._say(self._sink.script.get("greeting", "220 judge.example"))
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode().strip()
            verb, _, rest = line.partition(" ")
            await self._answer(verb.upper(), rest)

    async def _answer(self, verb: str, rest: str) -> None:
        sink = self._sink
        match verb:
            case "EHLO":
                sink.clients += not self.is_client
                self.is_client = True
                await self._say("250-judge.example\r\n250 8BITMIME")
            case "RCPT":
                await self._take_recipient(rest.partition("<")[2].partition(">")[0])
            case "DATA":
                await self._take_message()
            case "XWAIT":
                await self._once(lambda: sink.recorded >= int(rest))
            case "XRCPT":
                await self._once(lambda: rest in sink.named)
            case "XRELEASE":
                sink.is_released = True
                await sink.tell()
                await self._say(SO_IT_IS)
            case "XIDLE":
                await self._once(lambda: not sink.clients)
            case _:
                await self._say("250 2.0.0 ok")

    async def _once(self, is_so: Callable[[], bool], reply: str = SO_IT_IS) -> None:
        async with self._sink.changed:
            await self._sink.changed.wait_for(is_so)
        await self._say(reply)

    async def _take_recipient(self, recipient: str) -> None:
        behaviour = self._sink.behaviour(recipient)
        is_first = recipient not in self._sink.named
        self._sink.named.append(recipient)
        await self._sink.tell()
        self._recipient = recipient
        if behaviour == "greylist":
            behaviour = "451 4.7.1 come back later" if is_first else "accept"
        await self._say(behaviour if behaviour[0].isdigit() else "250 2.1.5 ok")

    async def _take_message(self) -> None:
        behaviour = self._sink.behaviour(self._recipient)
        if behaviour == "half":
            # The rest stays in the sockets, so that the sender cannot have written all of it.
            self._writer.transport.pause_reading()  # type: ignore[attr-defined]
            await self._say("354 go ahead")
            await asyncio.Event().wait()
        await self._say("354 go ahead")
        message = await self._reader.readuntil(b"\r\n.\r\n")
        await self._sink.record(self._recipient, message)
        match behaviour.split():
            case ["held"]:
                await self._once(lambda: self._sink.is_released, QUEUED)
            case ["hang"]:
                await self._reader.read()
                raise Gone
            case ["lose"]:
                self._cut()
            case ["reset"]:
                await self._say(QUEUED)
                self._cut()
            case ["late", seconds]:
                await asyncio.sleep(float(seconds))
                await self._say(QUEUED)
            case _:
                await self._say(QUEUED)

    def _cut(self) -> None:
        connected: socket.socket = self._writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        raise Gone

    async def _say(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")
        await self._writer.drain()
        if reply.startswith("421"):
            raise Gone


async def main(record: str, script: str) -> None:
    sink = Sink(record, json.loads(script))
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    if "half" in sink.script.values():
        # So that both ends take less than 100 kB of what nobody reads.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    server = await asyncio.start_server(sink.converse, sock=listener, limit=MOST_BYTES)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
