"""Stage 1: one bounded read of each source that has more; found rows wait as candidates, stored with the cursor.

A read that costs is written down and its credits are reserved before it is made; a dry run only counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from camd.domain.campaign import Campaign
from camd.domain.errors import Failure, Misconfigured, Scope
from camd.domain.waterfall import Operation
from camd.pipeline import credit_budget, lookup_outcomes
from camd.pipeline.context import Context
from camd.pipeline.provider_rate import take_calls
from camd.ports.lookups import Lookup
from camd.ports.providers import LeadSource, NotYet, Page
from camd.ports.records import SourceState
from camd.ports.store import Tx
from camd.schema.report import CycleError

BATCH = 1000
REPORTED_REJECTS = 100
RETRY_AFTER = timedelta(minutes=5)
"""For a source that fails and does not say when to ask again."""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """`paid` is the note of what it cost, for a source that takes credits."""

    state: SourceState
    page: Page
    paid: Lookup | None = None


@dataclass(slots=True)
class Discovery:
    """What the sources gave. `waits` are how long sources that failed, or may not be asked or have nothing yet, want to
    be left alone; `would_spend` are the credits of reads that a dry run left out."""

    pages: list[SourcePage] = field(default_factory=list)
    errors: list[CycleError] = field(default_factory=list)
    waits: list[timedelta] = field(default_factory=list)
    would_spend: dict[str, Decimal] = field(default_factory=dict)

    @property
    def more(self) -> bool:
        """Whether another read would give more at once."""
        return any(not page.page.exhausted for page in self.pages)


@dataclass(frozen=True, slots=True)
class _Ticket:
    """One read is allowed; `paid` says what was reserved for it."""

    paid: Lookup | None = None


async def discover(ctx: Context, campaign: Campaign, states: Sequence[SourceState], *, dry: bool) -> Discovery:
    """Reads every source that is not exhausted. A source that fails costs the others nothing."""
    found = Discovery()
    for state in states:
        if not state.exhausted:
            await _read(ctx, campaign, state, found, dry=dry)
    return found


async def _read(ctx: Context, campaign: Campaign, state: SourceState, found: Discovery, *, dry: bool) -> None:
    now = ctx.clock.now()
    if (rests_until := ctx.providers.not_before(state.type, Operation.SEARCH)) is not None:
        found.errors.append(CycleError(stage="discover", scope=Scope.PROVIDER, message=f"{state.type} rests"))
        found.waits.append(rests_until - now)
        return
    try:
        source = _source(ctx, state)
        if dry and source.price:
            found.would_spend[state.type] = found.would_spend.get(state.type, Decimal(0)) + source.price
            return
        ticket = await _ticket(ctx, campaign, source)
        if isinstance(ticket, NotYet):
            found.waits.append(ticket.until - now)
            return
        page = await _fetch(ctx, campaign, state, source, ticket)
    except Failure as failure:
        await ctx.providers.failed(state.type, Operation.SEARCH, failure)
        found.errors.append(_failed(state, failure))
        found.waits.append(getattr(failure, "retry_after", None) or RETRY_AFTER)
        return
    if isinstance(page, NotYet):
        found.waits.append(page.until - now)
        return
    await ctx.providers.answered(state.type, Operation.SEARCH)
    found.pages.append(SourcePage(state, page, ticket.paid))
    found.errors += [
        CycleError(stage="discover", scope=Scope.PROVIDER, message=f"{state.type}: {warning}")
        for warning in page.warnings
    ]
    found.errors += [
        CycleError(stage="discover", scope=Scope.ITEM, message=f"{state.type} line {row.line}: {row.reason}")
        for row in page.rejected[:REPORTED_REJECTS]
    ]


def _source(ctx: Context, state: SourceState) -> LeadSource:
    source = ctx.sources.get(state.type)
    if source is None:
        known = ", ".join(sorted(ctx.sources))
        raise Misconfigured(f"there is no source {state.type}; known: {known}", scope=Scope.CAMPAIGN)
    return source


async def _ticket(ctx: Context, campaign: Campaign, source: LeadSource) -> _Ticket | NotYet:
    limits = ctx.providers.paced(source.name, source.limits)
    if not limits and not source.price:
        return _Ticket()
    now = ctx.clock.now()

    def unit(tx: Tx) -> _Ticket | NotYet:
        if source.price and tx.instance.recovery().hold:
            return NotYet(now + RETRY_AFTER)
        refused_until = credit_budget.refusal(tx, ctx, campaign, source.name, source.price, now)
        if refused_until is not None:
            return NotYet(refused_until)
        taken = take_calls(tx, source.name, Operation.SEARCH, limits, 1, now)
        if not taken.calls:
            return NotYet(taken.not_before)
        return _Ticket(
            lookup_outcomes.open_search(tx, campaign, source.name, source.price, now) if source.price else None
        )

    return await ctx.store.write(unit)


async def _fetch(
    ctx: Context, campaign: Campaign, state: SourceState, source: LeadSource, ticket: _Ticket
) -> Page | NotYet:
    """Raises what the source raises; without a page nothing was paid for that will not be paid for by the next read."""
    settings = campaign.definition.sources[state.position].settings
    page: Page | NotYet | None = None
    try:
        page = await source.fetch(settings, state.cursor, BATCH)
        return page
    finally:
        if ticket.paid is not None and not isinstance(page, Page):
            paid = ticket.paid
            await ctx.store.write(lambda tx: lookup_outcomes.close_search(tx, paid, Decimal(0), ctx.clock.now()))


def _failed(state: SourceState, failure: Failure) -> CycleError:
    return CycleError(stage="discover", scope=failure.scope, message=f"{state.type}: {failure}")


def source_states(campaign: Campaign, stored: Sequence[SourceState]) -> list[SourceState]:
    """The state of every source of the definition; one that was never read starts at its beginning."""
    by_position = {state.position: state for state in stored}
    return [
        by_position.get(position) or SourceState(position, entry.type, None, exhausted=False, found=0)
        for position, entry in enumerate(campaign.definition.sources)
    ]


def store_page(tx: Tx, campaign: Campaign, read: SourcePage, now: datetime) -> int:
    """Stores candidates and cursor together, so that a row is neither skipped nor read twice."""
    added = tx.candidates.add(campaign.id, read.state.type, read.page.found)
    if read.paid is not None:
        lookup_outcomes.close_search(tx, read.paid, read.page.credits, now)
    state = replace(
        read.state,
        cursor=read.page.cursor,
        exhausted=read.page.exhausted,
        found=read.state.found + added,
    )
    tx.sources.save(campaign.id, state)
    return added
