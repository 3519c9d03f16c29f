"""Bugs that are planted to show that the proof sees them: each hands a mail over before its mark is stored."""

from collections.abc import Callable
from typing import TypeVar, cast

from camd.ports.channel import Handover, HandoverOutcome, MailDoor, OnWire
from camd.ports.store import Store, Tx

T = TypeVar("T")


class SendFirst:
    """The message goes out, and only then the mark is stored."""

    name = "email"

    def __init__(self, inner: MailDoor) -> None:
        self._inner = inner

    async def log_in(self, mailbox: str) -> None:
        await self._inner.log_in(mailbox)

    async def hand_over(self, handover: Handover, on_wire: OnWire) -> HandoverOutcome:
        outcome = await self._inner.hand_over(handover, _unmarked)
        await on_wire()
        return outcome


async def _unmarked() -> None:
    """Stores nothing."""


class Forgetful:
    """A store that says it has the mark, and has not."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner

    async def write(self, unit: Callable[[Tx], T]) -> T:
        if "_OnWire.mark" not in getattr(unit, "__qualname__", ""):
            return await self._inner.write(unit)

        def undone(tx: Tx) -> None:
            raise _Undone(unit(tx))

        try:
            await self._inner.write(undone)
        except _Undone as undoing:
            return cast("T", undoing.args[0])
        raise AssertionError("a unit that raises is undone")

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._inner.read(query)


class _Undone(Exception):
    """Its argument is the answer of what was undone."""
