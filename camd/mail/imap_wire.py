"""IMAP's answers from a stream of bytes, as they come; whoever waits sets the time.

Raises `NotImap` for what is none, and anyio's errors for a connection that ends. A wait that was cancelled in the
middle of an answer leaves the wire unusable; `readable` alone may be cancelled.
"""

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from camd.mail.imap_syntax import Literal, NotImap, Response, has_free_text, literal_size, response

_LINE_BYTES = 8_000_000
"""UIDs of a million messages in one line."""
_PIECE_BYTES = 65_536
_LITERALS = 1_000


class Wire:
    """`keep_bytes` are kept of a literal; the rest is read and dropped, so that one that is larger than the server
    said neither fills the memory nor ends the connection."""

    def __init__(self, stream: ByteStream, keep_bytes: int) -> None:
        self._stream = stream
        self._received = BufferedByteReceiveStream(stream)
        self._keep_bytes = keep_bytes

    @property
    def has_more(self) -> bool:
        """Whether something was received beyond what was read."""
        return bool(self._received.buffer)

    async def send(self, line: bytes) -> None:
        await self._stream.send(line + b"\r\n")

    async def readable(self) -> None:
        """Returns when the next answer has begun."""
        if not self._received.buffer:
            self._received.feed_data(await self._stream.receive())

    async def receive(self) -> Response:
        text = line = await self._line()
        literals: list[Literal] = []
        if has_free_text(line):
            return response(text, literals)
        while (size := literal_size(line)) is not None:
            if len(literals) == _LITERALS or len(text) > _LINE_BYTES:
                raise NotImap("an answer does not end")
            literals.append(await self._literal(size))
            line = await self._line()
            text += line
        return response(text, literals)

    async def _line(self) -> bytes:
        try:
            return await self._received.receive_until(b"\r\n", _LINE_BYTES)
        except anyio.DelimiterNotFound as error:
            raise NotImap("a line does not end") from error

    async def _literal(self, size: int) -> Literal:
        kept = bytearray()
        missing = size
        while missing:
            piece = await self._received.receive(min(missing, _PIECE_BYTES))
            missing -= len(piece)
            kept += piece[: self._keep_bytes - len(kept)]
        return Literal(bytes(kept), size)
