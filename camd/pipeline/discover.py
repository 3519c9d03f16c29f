"""Stage 1: one bounded read of each source that has more; found rows wait as candidates, stored with the cursor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from camd.domain.campaign import Campaign
from camd.domain.errors import Failure, Misconfigured, Scope
from camd.pipeline.context import Context
from camd.ports.providers import NotYet, Page
from camd.ports.records import SourceState
from camd.ports.store import Tx
from camd.schema.report import CycleError

BATCH = 1000
REPORTED_REJECTS = 100
RETRY_AFTER = timedelta(minutes=5)
"""For a source that fails and does not say when to ask again."""


@dataclass(frozen=True, slots=True)
class SourcePage:
    state: SourceState
    page: Page


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the sources gave; `more` says that another read would give more at once, `retry_after` when a source
    that failed, or has nothing yet, may be asked again."""

    pages: Sequence[SourcePage]
    errors: Sequence[CycleError]
    retry_after: timedelta | None

    @property
    def more(self) -> bool:
        return any(not page.page.exhausted for page in self.pages)


async def discover(ctx: Context, campaign: Campaign, states: Sequence[SourceState]) -> Discovery:
    """Reads every source that is not exhausted. A source that fails costs the others nothing."""
    pages: list[SourcePage] = []
    errors: list[CycleError] = []
    waits: list[timedelta] = []
    for state in states:
        if state.exhausted:
            continue
        if (rests_until := ctx.providers.not_before(state.type)) is not None:
            errors.append(CycleError(stage="discover", scope=Scope.PROVIDER, message=f"{state.type} rests"))
            waits.append(rests_until - ctx.clock.now())
            continue
        try:
            page = await _fetch(ctx, campaign, state)
        except Failure as failure:
            await ctx.providers.failed(state.type, failure)
            errors.append(_failed(state, failure))
            waits.append(getattr(failure, "retry_after", None) or RETRY_AFTER)
            continue
        if isinstance(page, NotYet):
            waits.append(page.until - ctx.clock.now())
            continue
        await ctx.providers.answered(state.type)
        pages.append(SourcePage(state, page))
        errors += [
            CycleError(stage="discover", scope=Scope.PROVIDER, message=f"{state.type}: {warning}")
            for warning in page.warnings
        ]
        errors += [
            CycleError(stage="discover", scope=Scope.ITEM, message=f"{state.type} line {row.line}: {row.reason}")
            for row in page.rejected[:REPORTED_REJECTS]
        ]
    return Discovery(pages, errors, min(waits, default=None))


async def _fetch(ctx: Context, campaign: Campaign, state: SourceState) -> Page | NotYet:
    source = ctx.sources.get(state.type)
    if source is None:
        known = ", ".join(sorted(ctx.sources))
        raise Misconfigured(f"there is no source {state.type}; known: {known}", scope=Scope.CAMPAIGN)
    settings = campaign.definition.sources[state.position].settings
    return await source.fetch(settings, state.cursor, BATCH)


def _failed(state: SourceState, failure: Failure) -> CycleError:
    return CycleError(stage="discover", scope=failure.scope, message=f"{state.type}: {failure}")


def source_states(campaign: Campaign, stored: Sequence[SourceState]) -> list[SourceState]:
    """The state of every source of the definition; one that was never read starts at its beginning."""
    by_position = {state.position: state for state in stored}
    return [
        by_position.get(position) or SourceState(position, entry.type, None, exhausted=False, found=0)
        for position, entry in enumerate(campaign.definition.sources)
    ]


def store_page(tx: Tx, campaign: Campaign, read: SourcePage) -> int:
    """Stores candidates and cursor together, so that a row is neither skipped nor read twice."""
    added = tx.candidates.add(campaign.id, read.state.type, read.page.found)
    state = replace(
        read.state,
        cursor=read.page.cursor,
        exhausted=read.page.exhausted,
        found=read.state.found + added,
    )
    tx.sources.save(campaign.id, state)
    return added
