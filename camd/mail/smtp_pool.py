"""The connections of one mailbox: never more than its `max_connections` at once, kept open between messages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import anyio

from camd.domain.errors import Transient
from camd.mail.smtp_session import Session

IDLE_SECONDS = 60.0
"""After which an unused connection is closed; servers close theirs after 5 minutes (RFC 5321, 4.5.3.2.7)."""

Prepare = Callable[[Session], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Idle:
    session: Session
    closing: asyncio.TimerHandle


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Session]], size: int) -> None:
        self._connect = connect
        self._places = anyio.CapacityLimiter(size)
        self._idle: list[_Idle] = []

    @asynccontextmanager
    async def prepared(self, prepare: Prepare) -> AsyncIterator[Session]:
        """A session for which `prepare` went well; what is `Transient` on a kept one is tried on a new one.

        It is kept afterwards, unless the block raises or is cancelled.
        """
        async with self._places:
            session = await self._kept(prepare) or await _prepared(await self._connect(), prepare)
            with ExitStack() as undo:
                undo.callback(session.close)
                yield session
                if session.is_open:
                    undo.pop_all()
                    self._keep(session)

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Session]:
        """A new connection, closed afterwards; a kept one makes room for it."""
        async with self._places:
            if self._idle:
                self._take().close()
            session = await self._connect()
            try:
                yield session
            finally:
                session.close()

    def close(self) -> None:
        """Closes what is kept."""
        while self._idle:
            self._take().close()

    async def _kept(self, prepare: Prepare) -> Session | None:
        while self._idle:
            session = self._take()
            if session.is_open:
                # The server may be about to close it.
                with suppress(Transient):
                    return await _prepared(session, prepare)
        return None

    def _keep(self, session: Session) -> None:
        closing = asyncio.get_running_loop().call_later(IDLE_SECONDS, session.close)
        self._idle.append(_Idle(session, closing))

    def _take(self) -> Session:
        newest = self._idle.pop()
        newest.closing.cancel()
        return newest.session


async def _prepared(session: Session, prepare: Prepare) -> Session:
    """Closes the session where that fails."""
    with ExitStack() as undo:
        undo.callback(session.close)
        await prepare(session)
        undo.pop_all()
    return session
