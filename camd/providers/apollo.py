"""The source `apollo`: people that Apollo's search finds, for nothing, as stubs whom only a match can name.

Page by page of a hundred, until Apollo has no more or shows no more (50,000). Results are sorted anew for every page: a
person may come twice, which the store sees by the reference, or never.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.ports.clock import Clock
from camd.ports.providers import Cursor, Found, Page, RateLimit, Rejected, SourceField
from camd.providers.answers import objects, text, whole
from camd.providers.apollo_api import PER_PAGE, SEARCH, ApolloApi, ApolloSettings
from camd.providers.apollo_fields import FIELDS, Entry, problems_of
from camd.providers.apollo_person import facts_of, verdict_of
from camd.providers.http import Http

MOST_SHOWN = 50_000
"""People of one search that can be read, however many it finds."""
UNBELIEVABLE = 50_000_000
"""Apollo passes over what it does not understand, and finds about everybody it knows."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The next row to be read: the `row`-th, from 0, of a `page` from 1. `found` counts those that were given."""

    digest: str
    page: int = 1
    row: int = 0
    found: int = 0
    is_done: bool = False

    def cursor(self) -> Cursor:
        return {
            "digest": self.digest,
            "page": self.page,
            "row": self.row,
            "found": self.found,
            "is_done": self.is_done,
        }


@dataclass(frozen=True, slots=True)
class _Batch:
    """One answer; `total` counts the people of all pages, if it says so."""

    rows: Sequence[dict[str, Any] | None]
    total: int | None

    def is_last(self, page: int) -> bool:
        everything = MOST_SHOWN if self.total is None else min(self.total, MOST_SHOWN)
        return not self.rows or page * PER_PAGE >= everything


class ApolloSource:
    """`[[sources]]` of type `apollo`: the filters of Apollo's people search under Apollo's own names, `max_candidates`,
    counted over the life of the entry, and `include_without_email`. People of whom Apollo says that it holds no
    verified address are passed over without it, unless `contact_email_status` asks for such people: a match of one of
    them costs as much and brings only a name."""

    name = "apollo"
    fields: Sequence[SourceField] = FIELDS
    price = Decimal(0)

    def __init__(self, settings: ApolloSettings, clock: Clock, http: Http | None = None) -> None:
        self._api = ApolloApi(settings, clock, http or Http())

    @property
    def limits(self) -> Sequence[RateLimit]:
        return self._api.limits[SEARCH].rates()

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        return [*problems_of(settings), *self._api.problems()]

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> Page:
        """One page of Apollo's at most. Raises `Misconfigured` or `Transient`, of scope `campaign` where only this
        entry is at fault."""
        if problems := problems_of(settings):
            raise Misconfigured("; ".join(problems), scope=Scope.CAMPAIGN)
        entry = Entry.read(settings)
        place = _place(entry, cursor)
        if place.is_done or entry.is_full(place.found):
            return Page((), (), place.cursor(), exhausted=True)
        batch = _batch(await self._api.search(entry.filters, place.page))
        if batch.total is not None and batch.total > UNBELIEVABLE:
            raise Misconfigured(
                "Apollo finds more than 50 million people, as if it had no filters; narrow the source's fields",
                scope=Scope.CAMPAIGN,
            )
        return _page(entry, place, batch, limit)


def _page(entry: Entry, place: _Place, batch: _Batch, limit: int) -> Page:
    people: list[Found] = []
    rejected: list[Rejected] = []
    left_out = 0
    row = place.row
    for item in batch.rows[place.row :]:
        if len(people) + len(rejected) == limit or entry.is_full(place.found + len(people)):
            break
        row += 1
        if item is not None and _lacks_address(item) and not entry.include_without_email:
            left_out += 1
            continue
        read = _row(item, (place.page - 1) * PER_PAGE + row)
        if isinstance(read, Found):
            people.append(read)
        else:
            rejected.append(read)
    reached = replace(place, row=row, found=place.found + len(people))
    if row >= len(batch.rows):
        reached = replace(reached, page=place.page + 1, row=0, is_done=batch.is_last(place.page))
    is_exhausted = reached.is_done or entry.is_full(reached.found)
    return Page(people, rejected, reached.cursor(), is_exhausted, list(_warnings(entry, batch, left_out)))


def _warnings(entry: Entry, batch: _Batch, left_out: int) -> Iterator[str]:
    if batch.total is not None and batch.total > MOST_SHOWN and not entry.is_full(MOST_SHOWN):
        mend = "split the source by country, seniority or company size"
        yield f"the search finds {batch.total} people and shows the first {MOST_SHOWN}; {mend}"
    if left_out:
        mend = 'ask for contact_email_status = ["verified"], or set include_without_email = true to take them too'
        yield f"passed over {left_out} on this page without a verified address; {mend}"


def _batch(told: Mapping[str, Any]) -> _Batch:
    """`contacts` and `pagination` are of Apollo's older search, which shows whole people."""
    if not isinstance(told.get("people"), list) and not isinstance(told.get("contacts"), list):
        raise Transient("Apollo gave no usable answer: it has no list of people", scope=Scope.PROVIDER)
    rows = [*objects(told.get("people")), *objects(told.get("contacts"))]
    paging = told.get("pagination")
    total = whole(told.get("total_entries"))
    if total is None and isinstance(paging, dict):
        total = whole(paging.get("total_entries"))
    # The older count is nought, with people beside it, where the other one is meant.
    return _Batch(rows, total if total is not None and total >= len(rows) else None)


def _lacks_address(item: Mapping[str, Any]) -> bool:
    return item.get("has_email") is False or item.get("email_status") == "unavailable"


def _row(item: Mapping[str, Any] | None, line: int) -> Found | Rejected:
    if item is None:
        return Rejected(line, "malformed: this row is no person")
    # A contact of the workspace has an id of its own beside that of the person.
    ref = text(item.get("person_id")) or text(item.get("id"))
    if ref is None:
        return Rejected(line, "no_id: Apollo names no id of this person")
    known = facts_of(item)
    masked = text(item.get("last_name_obfuscated"))
    last = known.last_name or (masked if masked and "*" in masked else None)
    facts = replace(known, last_name=last, source=ApolloSource.name, source_ref=ref)
    # Whom the older search shows with an address need not be paid for.
    verdict = verdict_of(item)[0] if facts.email else None
    return Found(ref, facts, verdict=verdict, is_stub=facts.email is None)


def _place(entry: Entry, cursor: Cursor | None) -> _Place:
    """Where the cursor left off, if it is about the same search; else the beginning."""
    if cursor is None or cursor["digest"] != entry.digest:
        return _Place(entry.digest)
    numbers = {name: int(cursor[name] or 0) for name in ("page", "row", "found")}
    return _Place(entry.digest, **numbers, is_done=bool(cursor["is_done"]))
