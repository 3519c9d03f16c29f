"""What stands for the outside world in a simulation: lists of people, a verifier, and a store that counts its calls.

They do what their ports promise, and fail only on command.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import anyio

from camd.domain.contact import EmailAddress
from camd.domain.errors import Misconfigured, Scope
from camd.domain.facts import Verdict
from camd.ports.providers import MAX_CANDIDATES, Cursor, Found, Page, RateLimit, SourceField, Verification
from camd.ports.store import Store, Tx
from camd.schema.status import FieldKind

T = TypeVar("T")


@dataclass(slots=True)
class ListSource:
    """Lists of people in memory, by name: `list` of a `[[sources]]` entry, which may have `max_candidates` too.

    A list in `trouble` raises that error instead of giving a page.
    """

    lists: dict[str, list[Found]] = field(default_factory=dict)
    trouble: dict[str, Exception] = field(default_factory=dict)
    rows_in_a_page: int = 1000
    fetched: int = 0
    name: str = "list"
    fields: Sequence[SourceField] = (
        SourceField("list", FieldKind.TEXT, "The name of the list", required=True),
        MAX_CANDIDATES,
    )
    limits: Sequence[RateLimit] = ()
    price: Decimal = Decimal(0)

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        return () if str(settings.get("list")) in self.lists else ("list: there is no list of that name",)

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> Page:
        await anyio.lowlevel.checkpoint()
        self.fetched += 1
        wanted = str(settings.get("list"))
        if error := self.trouble.get(wanted):
            raise error
        if wanted not in self.lists:
            raise Misconfigured("; ".join(self.check(settings)), scope=Scope.CAMPAIGN)
        most = settings.get("max_candidates")
        assert most is None or isinstance(most, int)
        rows = self.lists[wanted][:most]
        start = int(cursor["row"] or 0) if cursor else 0
        end = start + min(limit, self.rows_in_a_page)
        return Page(rows[start:end], (), {"row": min(end, len(rows))}, exhausted=end >= len(rows))


@dataclass(slots=True)
class Verifier:
    """Says `valid` of every address but those of the domains in `verdicts`; crashes on those in `crashes_on`."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    crashes_on: set[str] = field(default_factory=set)
    rate_limit: RateLimit = field(default_factory=lambda: RateLimit(1000, timedelta(seconds=1), burst=1000))
    name: str = "dns"

    async def verify(self, address: EmailAddress) -> Verification:
        await anyio.lowlevel.checkpoint()
        if address.key in self.crashes_on:
            raise ZeroDivisionError("planted by the simulation")
        return Verification(self.verdicts.get(address.domain, Verdict.VALID), "simulated")


class CountingStore:
    """A store that counts the calls that reach it, and whose writes can be refused as if the database were away."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.calls = 0
        self.trouble: Exception | None = None

    async def write(self, unit: Callable[[Tx], T]) -> T:
        self.calls += 1
        if self.trouble:
            raise self.trouble
        return await self._inner.write(unit)

    async def read(self, query: Callable[[Tx], T]) -> T:
        self.calls += 1
        return await self._inner.read(query)
