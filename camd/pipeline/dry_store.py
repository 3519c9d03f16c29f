"""The store as a dry cycle sees it: what it writes into the ledger is marked, so that no webhook tells of it."""

from collections.abc import Callable
from typing import TypeVar

from camd.ports.store import Store, Tx

T = TypeVar("T")


class DryStore:
    def __init__(self, inner: Store) -> None:
        self._inner = inner

    async def write(self, unit: Callable[[Tx], T]) -> T:
        def marked(tx: Tx) -> T:
            with tx.ledger.in_dry_run():
                return unit(tx)

        return await self._inner.write(marked)

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._inner.read(query)
