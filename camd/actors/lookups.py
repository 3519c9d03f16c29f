"""One provider's desk: asks the questions that are wanted, so many at once as the provider bears, and polls its jobs.

It sleeps until the next instant at which anything may be asked, or its doorbell. Each question is written down as asked
before it goes out; what a process that ended had asked is uncertain, or asked again where that costs nothing twice.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar, assert_never

import anyio
from anyio import CancelScope, get_cancelled_exc_class
from anyio.abc import TaskGroup, TaskStatus

from camd.actors.keeping import ProviderKeeper
from camd.actors.wake import Doorbells, seconds_until
from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Misconfigured,
    Permanent,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import CampaignId
from camd.domain.waterfall import LookupResult, Operation
from camd.pipeline import lookup_outcomes
from camd.pipeline.context import Context
from camd.pipeline.lookup_claims import Call, Claim, claim
from camd.ports.lookups import Enricher, Finding, Job, JobId, Later, OpenJob, Reply, Unfinished
from camd.ports.store import StaleWrite, Tx
from camd.ports.store_errors import StoreUnavailable
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import PROVIDER_RESULTS

log = get_log()

T = TypeVar("T")

RETRY_SECONDS = 5.0
"""Between two tries to reach a database that is away."""
SETTLE_SECONDS = 10.0
"""What a stopped call may take to store that its answer is lost."""
POLL_RETRY = timedelta(minutes=1)
"""After a poll that failed; a poll costs nothing."""
JOB_LASTS = timedelta(days=7)
"""A job whose polls still fail then is given up: leads wait for it."""


class Desk:
    """`run` asks until it is cancelled, or `stop` was called and nothing is in flight any more."""

    def __init__(self, context: Context, enricher: Enricher, bells: Doorbells) -> None:
        self.provider = enricher.name
        self._context = context
        self._enricher = enricher
        self._bells = bells
        self._bell = bells.provider(enricher.name)
        self._open_calls: Counter[Operation] = Counter()
        self._polled: set[JobId] = set()
        self._poll_again: dict[JobId, datetime] = {}
        self._in_flight = 0
        self._stopping = anyio.Event()
        self._wait_for_rest: list[anyio.Event] = []

    def stop(self) -> None:
        """Nothing new is asked; `run` returns when what is in flight has ended."""
        self._stopping.set()
        self._bell.ring()

    async def at_rest(self) -> None:
        """Returns once nothing is in flight and nothing more may be asked now, or `run` has ended. Jobs may be open."""
        rest = anyio.Event()
        self._wait_for_rest.append(rest)
        self._bell.ring()
        await rest.wait()

    async def run(self) -> None:
        try:
            await self._begin()
            async with anyio.create_task_group() as tasks:
                while not self._stopping.is_set():
                    await self._look(tasks)
        finally:
            self._tell_of_rest()

    async def _begin(self) -> None:
        now, services = self._context.clock.now(), self._enricher.services
        unit = partial(lookup_outcomes.settle_interrupted, provider=self.provider, services=services, now=now)
        woken, lost = await self._kept(unit)
        self._ring(woken)
        if lost:
            log.warning("provider.response_invalid", provider=self.provider, count=lost, reason="camd was stopped")

    async def _look(self, tasks: TaskGroup) -> None:
        services = self._enricher.services
        jobs = await self._read(lambda tx: tx.lookups.open_jobs(self.provider))
        open_calls = self._open_calls + Counter(job.operation for job in jobs)
        claimed: Claim = await self._kept(lambda tx: claim(tx, self._context, self.provider, services, open_calls))
        for call in claimed.calls:
            self._open_calls[call.operation] += 1
            self._in_flight += 1
            tasks.start_soon(self._ask, call)
        self._ring(claimed.woken)
        now = self._context.clock.now()
        waiting = {job.id: self._polls_at(job) for job in jobs}
        for job in jobs:
            if waiting[job.id] <= now and job.id not in self._polled:
                self._polled.add(job.id)
                self._in_flight += 1
                tasks.start_soon(self._poll, job)
        instants = [at for job_id, at in waiting.items() if job_id not in self._polled]
        if claimed.until is not None:
            instants.append(claimed.until)
        if not self._in_flight:
            self._tell_of_rest()
        idle = self._context.settings.engine.max_idle_seconds
        await self._bell.wait(seconds_until(min(instants, default=None), self._context.clock, idle))

    def _polls_at(self, open_job: OpenJob) -> datetime:
        """A provider that rests is not polled either."""
        rest = self._context.providers.not_before(self.provider, open_job.operation)
        return max(at for at in (open_job.job.poll_at, self._poll_again.get(open_job.id), rest) if at is not None)

    async def _ask(self, call: Call) -> None:
        try:
            await self._asked(call)
        finally:
            self._open_calls[call.operation] -= 1
            self._in_flight -= 1
            self._bell.ring()

    async def _asked(self, call: Call) -> None:
        started = self._context.clock.monotonic()
        outcome: Sequence[Reply] | Job | Failure
        try:
            outcome = await self._enricher.ask(call.operation, call.questions)
        except Failure as failure:
            outcome = failure
        except get_cancelled_exc_class():
            lost = Uncertain("camd was stopped", scope=Scope.PROVIDER)
            with anyio.move_on_after(SETTLE_SECONDS, shield=True):
                await self._store(self._settling(call, lost))
            raise
        took = self._context.clock.monotonic() - started
        self._context.metrics.provider_request_duration_seconds.labels(self.provider).observe(took)
        if isinstance(outcome, Uncertain) and not call.service.is_repeatable:
            count = len(call.lookups)
            log.warning("provider.response_invalid", provider=self.provider, count=count, error=outcome)
        with CancelScope(shield=True):
            await self._told(call.operation, outcome)
        await self._store(self._settling(call, outcome))

    def _settling(self, call: Call, outcome: Sequence[Reply] | Job | Failure) -> Callable[[Tx], frozenset[CampaignId]]:
        context = self._context

        def unit(tx: Tx) -> frozenset[CampaignId]:
            now = context.clock.now()
            match outcome:
                case Failure():
                    return lookup_outcomes.settle_failure(tx, call.service, call.lookups, outcome, now)
                case Job():
                    lookup_outcomes.await_job(tx, self.provider, call.operation, call.lookups, outcome)
                    return frozenset()
                case replies:
                    return lookup_outcomes.settle(tx, context, call.lookups, replies, now)

        return unit

    async def _poll(self, open_job: OpenJob) -> None:
        try:
            await self._polled_once(open_job)
        finally:
            self._polled.discard(open_job.id)
            self._in_flight -= 1
            self._bell.ring()

    async def _polled_once(self, open_job: OpenJob) -> None:
        context, operation = self._context, open_job.operation
        lookups, questions = await self._read(partial(lookup_outcomes.questions_of, job_id=open_job.id))
        outcome: Sequence[Reply] | Job | Failure
        try:
            outcome = await self._enricher.poll(open_job.job, questions)
        except Failure as failure:
            outcome = failure
        with CancelScope(shield=True):
            await self._told(operation, outcome)
        self._poll_again.pop(open_job.id, None)

        def unit(tx: Tx) -> frozenset[CampaignId]:
            now = context.clock.now()
            match outcome:
                case Uncertain() | Permanent():
                    return lookup_outcomes.end_job(tx, open_job.id, lookups, now)
                case Failure() if now - open_job.job.submitted_at >= JOB_LASTS:
                    return lookup_outcomes.end_job(tx, open_job.id, lookups, now)
                case Failure():
                    # The job keeps its own appointment: how late it is says something to the provider's module.
                    self._poll_again[open_job.id] = now + POLL_RETRY
                    return frozenset()
                case Job():
                    tx.lookups.save_job(open_job.id, outcome)
                    return frozenset()
                case replies:
                    tx.lookups.end_job(open_job.id)
                    return lookup_outcomes.settle(tx, context, lookups, replies, now)

        await self._store(unit)

    async def _told(self, operation: Operation, outcome: Sequence[Reply] | Job | Failure) -> None:
        """Health and metrics of one answer."""
        context = self._context
        context.metrics.provider_requests_total.labels(self.provider, operation, word_of(outcome)).inc()
        if isinstance(outcome, Failure) and not isinstance(outcome, Permanent):
            await context.providers.failed(self.provider, operation, outcome)
            return
        await context.providers.answered(self.provider, operation)
        if not isinstance(outcome, Failure | Job):
            spent = sum(reply.credits for reply in outcome if isinstance(reply, Finding))
            context.metrics.provider_credits_total.labels(self.provider).inc(float(spent))

    def _ring(self, campaigns: frozenset[CampaignId]) -> None:
        for campaign_id in campaigns:
            self._bells.ring(campaign_id)

    async def _store(self, unit: Callable[[Tx], frozenset[CampaignId]]) -> None:
        """Keeps what a provider said, as soon as the database is back; a process that ends before that has lost it."""
        is_again = False
        while True:
            try:
                with CancelScope(shield=True):
                    woken = await self._context.store.write(unit)
            except StoreUnavailable:
                is_again = True
            except StaleWrite:
                # The commit of an earlier try stands: only what comes after it failed.
                if not is_again:
                    raise
                return
            else:
                self._ring(woken)
                return
            await anyio.sleep(RETRY_SECONDS)

    def _tell_of_rest(self) -> None:
        for rest in self._wait_for_rest:
            rest.set()
        self._wait_for_rest.clear()

    async def _kept(self, unit: Callable[[Tx], T]) -> T:
        """Tries until the database is back, of which the watch tells once for all."""
        while True:
            try:
                return await self._context.store.write(unit)
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)

    async def _read(self, query: Callable[[Tx], T]) -> T:
        while True:
            try:
                return await self._context.store.read(query)
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)


class Desks:
    """Owns the tasks of all desks."""

    def __init__(self, context: Context, bells: Doorbells) -> None:
        self._context = context
        self._bells = bells
        self._desks: dict[str, Desk] = {}
        self._stop = anyio.Event()
        self._ended: anyio.Event | None = None

    @property
    def is_running(self) -> bool:
        return self._ended is not None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Asks until it is cancelled, or after `drain` until nothing is in flight."""
        self._stop = anyio.Event()
        self._ended = ended = anyio.Event()
        try:
            async with anyio.create_task_group() as tasks:
                for enricher in self._context.enrichers.values():
                    self._desks[enricher.name] = Desk(self._context, enricher, self._bells)
                    tasks.start_soon(self._keep, enricher)
                task_status.started()
        finally:
            self._ended = None
            ended.set()

    async def drain(self) -> None:
        """Nothing new is asked from now on; returns when nothing is in flight."""
        self._stop.set()
        for desk in self._desks.values():
            desk.stop()
        if self._ended is not None:
            await self._ended.wait()

    async def at_rest(self) -> None:
        """Returns when none of them has anything in flight nor may ask more now."""
        async with anyio.create_task_group() as tasks:
            for desk in self._desks.values():
                tasks.start_soon(desk.at_rest)

    async def _keep(self, enricher: Enricher) -> None:
        async def ask() -> None:
            try:
                await self._desks[enricher.name].run()
            except Exception:
                self._desks[enricher.name] = Desk(self._context, enricher, self._bells)
                raise

        await ProviderKeeper(self._context, "desk", enricher.name, self._stop).keep(ask)


def word_of(outcome: Sequence[Reply] | Job | Failure) -> str:
    """One of the words by which all providers' answers are counted."""
    match outcome:
        case Failure():
            return next(word for kind, word in _FAILURES.items() if isinstance(outcome, kind))
        case Job():
            return "pending"
        case replies:
            words = [_word_of_reply(reply) for reply in replies]
            return next((word for word in PROVIDER_RESULTS if word in words), "ok")


def _word_of_reply(reply: Reply) -> str:
    match reply:
        case Finding(result=LookupResult.OBJECTED):
            return "suppressed_person"
        case Finding(result=LookupResult.NO_MATCH):
            return "no_match"
        case Finding(result=LookupResult.REFUSED):
            return "permanent"
        case Finding():
            return "ok"
        case Later():
            return "pending"
        case Unfinished():
            return "uncertain"
        case never:
            assert_never(never)


_FAILURES: Mapping[type[Failure], str] = {
    RateLimited: "rate_limited",
    BudgetExhausted: "budget_exhausted",
    KeyRefused: "auth",
    PlanRefused: "plan_or_scope",
    Misconfigured: "plan_or_scope",
    Uncertain: "uncertain",
    Transient: "transient",
    Permanent: "permanent",
}
"""The first that fits."""
