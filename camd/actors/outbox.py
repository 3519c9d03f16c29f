"""One mailbox's outbox: the only sender. It claims one touch after the other and hands each over, so many at once as
the mailbox may have connections.

It never polls: it sleeps until the next instant at which anything may go, or its doorbell. Whatever ends a handover,
its outcome is stored, also under cancellation, and what its place sends next is claimed in the same commit; what a
killed process left in flight is settled at the next start.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import anyio
from anyio import CancelScope, get_cancelled_exc_class

from camd.actors.send_counts import SendCounts
from camd.actors.wake import Doorbells, seconds_until
from camd.domain.errors import Failure
from camd.domain.facts import CampaignId, TouchId
from camd.pipeline.context import Context
from camd.pipeline.handover import EVERY_CAMPAIGN, Claimed, Nothing, Refusal, Round, claims, mark_on_wire
from camd.pipeline.rehoming import give_away
from camd.pipeline.send_gate import GateReason
from camd.pipeline.send_quota import note_zones
from camd.pipeline.settle import Result, Untold, outcome_word, settle, settle_interrupted
from camd.ports.channel import Refused, Unknown, Withdrawn
from camd.ports.journal import OutcomeLine
from camd.ports.records import TouchStatus
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.telemetry.logs import LogValue, get_log

log = get_log()

RETRY_SECONDS = 5.0
"""Between two tries to store an outcome, and to reach a database that is away."""
REST_SECONDS = 20.0
"""Of a connection's place after the database was away at the mark."""
SETTLE_SECONDS = 10.0
"""What a stopped handover may take to store its outcome."""

RESULTS = frozenset({TouchStatus.SENT, TouchStatus.REJECTED, TouchStatus.DEFERRED, TouchStatus.UNKNOWN})
_KEEP_ALL = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN})
"""With any other outcome quotas were given back."""


class Outbox:
    """`run` sends until it is cancelled, or `stop` was called and nothing is in flight any more."""

    def __init__(self, context: Context, mailbox: MailboxSettings, bells: Doorbells, counts: SendCounts) -> None:
        self.mailbox = mailbox.name
        self._context = context
        self._bells = bells
        self._bell = bells.outbox(mailbox.name)
        self._counts = counts
        self._places = anyio.Semaphore(mailbox.max_connections, fast_acquire=True)
        self._in_flight = 0
        self._own_rings = 0
        self._served = EVERY_CAMPAIGN
        self._refused: Mapping[CampaignId, Refusal] = {}
        self._stop_reason: str | None = None
        self._stopping = anyio.Event()
        self._wait_for_rest: list[anyio.Event] = []

    def stop(self) -> None:
        """Nothing new is claimed; `run` returns when what is in flight has ended."""
        self._stopping.set()
        self._bell.ring()

    def waits_for(self, campaign_id: CampaignId) -> str | None:
        """Why all of the campaign's ready touches wait here, as it was last seen."""
        if self._stop_reason is not None:
            return self._stop_reason
        refusal = self._refused.get(campaign_id)
        return refusal.reason if refusal else None

    async def at_rest(self) -> None:
        """Looks again, and returns once nothing is in flight and nothing more may go now, or `run` has ended."""
        rest = anyio.Event()
        self._wait_for_rest.append(rest)
        self._bell.ring()
        await rest.wait()

    async def run(self) -> None:
        try:
            while not await self._has_begun():
                await self._bell.wait(RETRY_SECONDS)
            await self._send()
        finally:
            self._tell_of_rest()

    async def _has_begun(self) -> bool:
        """False where the database is away, of which the watch tells once for all."""
        try:
            await self._context.store.write(self._begin)
        except StoreUnavailable:
            return self._stopping.is_set()
        return True

    async def _send(self) -> None:
        async with anyio.create_task_group() as tasks:
            while not self._stopping.is_set():
                await self._places.acquire()
                self._places.release()
                claimed, nothing = await self._claim()
                for each in claimed:
                    self._places.acquire_nowait()
                    self._in_flight += 1
                    tasks.start_soon(self._carry, each)
                if nothing is not None:
                    await self._sleep(nothing)

    def _begin(self, tx: Tx) -> None:
        now = self._context.clock.now()
        note_zones(tx, self._context.settings, now)
        settle_interrupted(tx, self._context, {}, now, mailbox=self.mailbox)

    async def _claim(self) -> tuple[list[Claimed], Nothing | None]:
        """A touch for each free place, as far as there are any that may go."""
        if self._stopping.is_set():
            return [], None
        refused, clock = self._refused, self._context.clock
        started = clock.monotonic()
        try:
            rounds = await self._context.store.write(self._claims(self._places.value))
            if _waits_for_a_person(rounds) and await give_all_away(self._context, self.mailbox):
                self._bells.ring_outboxes()
        except StoreUnavailable:
            # The watch tells of it once for all.
            return [], Nothing(self._context.clock.now() + timedelta(seconds=RETRY_SECONDS))
        claimed, last = self._learn(rounds, refused), rounds[-1].found
        if claimed:
            self._context.metrics.send_duration_seconds.labels("claim").observe(clock.monotonic() - started)
        return claimed, None if isinstance(last, Claimed) else last

    def _claims(self, places: int) -> Callable[[Tx], list[Round]]:
        """The unit that claims for so many places. Whose turn it is it asks when it runs: another place may have
        claimed in between."""
        context, refused, now = self._context, self._refused, self._context.clock.now()

        def unit(tx: Tx) -> list[Round]:
            rounds = claims(tx, context, self.mailbox, self._served, refused, places, now)
            claimed = [found.found for found in rounds if isinstance(found.found, Claimed)]
            if claimed:
                self._served = claimed[-1].touch.campaign_id
            return rounds

        return unit

    def _learn(self, rounds: Sequence[Round], refused: Mapping[CampaignId, Refusal]) -> list[Claimed]:
        """What the claims found, which passed over those that were `refused` when they were asked for."""
        if not rounds:
            return []
        last = rounds[-1]
        self._stop_reason = last.found.reason if isinstance(last.found, Nothing) else None
        if self._refused is refused:
            # Else somebody rang meanwhile, and what was refused may go; or another claim has told of it.
            self._refused = last.refused
        for campaign_id in set().union(*(found.woken for found in rounds)):
            self._bells.ring(campaign_id)
        return [found.found for found in rounds if isinstance(found.found, Claimed)]

    async def _sleep(self, nothing: Nothing) -> None:
        if not self._in_flight:
            self._tell_of_rest()
        idle = self._context.settings.engine.max_idle_seconds
        await self._bell.wait(seconds_until(nothing.until, self._context.clock, idle))
        if self._bell.rings != self._own_rings:
            # Somebody else rang: what refused a campaign may be gone.
            self._own_rings = self._bell.rings
            self._refused = {}

    def _tell_of_rest(self) -> None:
        for rest in self._wait_for_rest:
            rest.set()
        self._wait_for_rest.clear()

    async def _carry(self, claimed: Claimed) -> None:
        """One place: a handover after the other, each from the intent to its stored outcome, until none follows."""
        self._context.metrics.sends_in_flight.inc()
        following: Claimed | None = claimed
        try:
            while following is not None:
                following = await self._hand_over(following)
        finally:
            self._context.metrics.sends_in_flight.dec()
            self._in_flight -= 1
            self._places.release()
            self._own_rings += 1
            self._bell.ring()

    async def _hand_over(self, claimed: Claimed) -> Claimed | None:
        """Answers what the place hands over next."""
        context = self._context
        on_wire = _OnWire(context, claimed.touch.id)
        started = context.clock.monotonic()
        result: Result
        try:
            result = await context.mail.hand_over(claimed.handover, on_wire.mark)
        except Withdrawn as withdrawn:
            self._blocked(claimed, str(withdrawn))
            return None
        except StoreUnavailable:
            # No fault of the mailbox. Its place rests, so that a disk that stays full is asked now and then only.
            await self._store_until_it_is(claimed, on_wire, Untold("database_away"), is_last=True)
            with anyio.move_on_after(REST_SECONDS):
                await self._stopping.wait()
            return None
        except Failure as failure:
            result = failure
        except get_cancelled_exc_class():
            with anyio.move_on_after(SETTLE_SECONDS, shield=True), suppress(StoreUnavailable):
                await self._store_outcome(claimed, on_wire, on_wire.interrupted(), is_last=True)
            raise
        context.metrics.send_duration_seconds.labels("hand_over").observe(context.clock.monotonic() - started)
        return await self._store_until_it_is(claimed, on_wire, result)

    async def _store_until_it_is(
        self, claimed: Claimed, on_wire: "_OnWire", result: Result, *, is_last: bool = False
    ) -> Claimed | None:
        while True:
            with CancelScope(shield=True), suppress(StoreUnavailable):
                return await self._store_outcome(claimed, on_wire, result, is_last=is_last)
            # A crash now leaves it unknown, and the journal's line tells what it was.
            await anyio.sleep(RETRY_SECONDS)

    async def _store_outcome(
        self, claimed: Claimed, on_wire: "_OnWire", result: Result, *, is_last: bool
    ) -> Claimed | None:
        """Claims what follows in the same commit, unless it `is_last` or the outbox stops.

        Raises StoreUnavailable: then nothing is sent until the outcome is stored."""
        context, touch = self._context, claimed.touch
        # Without its mark the journal has no line of this handover: the word would be taken for an earlier one's.
        if on_wire.is_marked and (word := outcome_word(result)):
            await context.journal.note(OutcomeLine(context.clock.now(), claimed.handover.message_id, word))
        refused = self._refused
        follow = None if is_last or self._stopping.is_set() else self._claims(1)

        def outcome(tx: Tx) -> TouchStatus:
            return settle(tx, context, touch.id, result, context.clock.now())

        started = context.clock.monotonic()
        try:
            status, rounds = await context.store.write(lambda tx: (outcome(tx), follow(tx) if follow else []))
        except StoreUnavailable:
            context.gate.close(GateReason.OUTCOME_WAITS)
            raise
        except Exception:
            # What is wrong with another touch must not cost this one its outcome.
            self._tell(claimed, await context.store.write(outcome), result)
            raise
        context.metrics.send_duration_seconds.labels("settle").observe(context.clock.monotonic() - started)
        if any(closure.reason is GateReason.OUTCOME_WAITS for closure in context.gate.closures()):
            context.gate.open(GateReason.OUTCOME_WAITS)
            self._bells.ring_outboxes()
        self._tell(claimed, status, result)
        return next(iter(self._learn(rounds, refused)), None)

    def _tell(self, claimed: Claimed, status: TouchStatus, result: Result) -> None:
        campaign_id, mailbox, named = claimed.touch.campaign_id, self.mailbox, _named(claimed)
        self._counts.add(campaign_id, status)
        match status:
            case TouchStatus.SENT:
                log.info("send.sent", **named)
            case TouchStatus.REJECTED:
                log.warning("send.rejected", **named, reason=_code(result))
            case TouchStatus.DEFERRED:
                log.info("send.deferred", **named, reason=_code(result))
            case TouchStatus.UNKNOWN:
                log.warning("send.unknown", **named)
        if status in RESULTS:
            self._context.metrics.sends_total.labels(mailbox, status).inc()
        self._bells.ring(campaign_id)
        if status not in _KEEP_ALL:
            # What was given back may let out what was passed over for the day.
            self._bells.ring_outboxes()

    def _blocked(self, claimed: Claimed, reason: str) -> None:
        """What a person or an answer changed between the two marks won."""
        campaign_id = claimed.touch.campaign_id
        self._counts.add(campaign_id, TouchStatus.CANCELLED)
        self._context.metrics.sends_total.labels(self.mailbox, "blocked").inc()
        log.info("send.blocked", **_named(claimed), reason=reason)
        self._bells.ring(campaign_id)
        self._bells.ring_outboxes()


class _OnWire:
    """The second mark of one handover, and whether its message may have been begun."""

    def __init__(self, context: Context, touch_id: TouchId) -> None:
        self._context = context
        self._touch_id = touch_id
        self.is_marked = False

    async def mark(self) -> None:
        """Returns once the mark and its line are durable. Raises `Withdrawn`, with the intent released."""
        context = self._context
        reason = await context.store.write(lambda tx: mark_on_wire(tx, context, self._touch_id, context.clock.now()))
        if reason is not None:
            raise Withdrawn(reason)
        self.is_marked = True

    def interrupted(self) -> Result:
        return Unknown("camd was stopped") if self.is_marked else Untold("camd was stopped")


def _named(claimed: Claimed) -> dict[str, LogValue]:
    """A touch as the log names it."""
    touch = claimed.touch
    return {"campaign_id": touch.campaign_id, "touch_id": touch.id, "lead": touch.lead_id, "mailbox": touch.mailbox}


def _code(result: Result) -> str:
    """What the server said, without its text: that may name a person."""
    if isinstance(result, Refused):
        return f"{result.stage} {result.code} {result.enhanced or ''}".strip()
    return type(result).__name__


def _waits_for_a_person(rounds: Sequence[Round]) -> bool:
    last = rounds[-1].found
    return isinstance(last, Nothing) and last.is_disabled


async def give_all_away(context: Context, mailbox: str) -> bool:
    """First mails that wait at this mailbox go to others of their campaign; true where any could."""
    after: TouchId | None = None
    has_moved = False
    while True:
        unit = partial(give_away, ctx=context, mailbox=mailbox, after=after, now=context.clock.now())
        moved, after = await context.store.write(unit)
        has_moved = has_moved or moved > 0
        if after is None:
            return has_moved
