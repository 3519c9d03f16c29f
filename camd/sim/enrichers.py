"""A provider of answers in memory: it knows what it is told, keeps account of what it charges, and fails on command."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import anyio

from camd.domain.errors import Uncertain
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import REF, VERDICT, LookupResult, Offer, Operation
from camd.ports.clock import Clock
from camd.ports.lookups import Finding, Job, Question, Reply, Service
from camd.ports.providers import RateLimit

NAMED: tuple[frozenset[str], ...] = (
    frozenset({"first_name", "last_name", "domain"}),
    frozenset({"first_name", "last_name", "company"}),
)
NEEDS: Mapping[Operation, tuple[frozenset[str], ...]] = {
    Operation.MATCH: (frozenset({REF}), frozenset({"linkedin_url"}), frozenset({"email"}), *NAMED),
    Operation.FIND: NAMED,
    Operation.VERIFY: (frozenset({"email"}),),
}
GIVES: Mapping[Operation, frozenset[str]] = {
    Operation.MATCH: frozenset({"email", "title", "company", "domain", "last_name"}),
    Operation.FIND: frozenset({"email"}),
    Operation.VERIFY: frozenset({VERDICT}),
}
POLL = timedelta(seconds=30)
NO_MATCH = Finding(LookupResult.NO_MATCH)


def service(
    provider: str,
    operation: Operation,
    *,
    price: str = "1",
    batch: int = 1,
    at_once: int = 8,
    limits: Sequence[RateLimit] = (),
    is_repeatable: bool = False,
) -> Service:
    offer = Offer(provider, operation, Decimal(price), NEEDS[operation], GIVES[operation])
    return Service(offer, limits, batch, at_once, is_repeatable)


def verdict(said: Verdict, price: str = "1") -> Finding:
    return Finding(LookupResult.FOUND, Decimal(price), verdict=said, evidence=f"simulated: {said}")


def found(facts: Facts, price: str = "1", said: Verdict | None = None) -> Finding:
    return Finding(LookupResult.FOUND, Decimal(price), facts, said, f"simulated: {said}" if said else None)


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of the provider's own account; `ref` is that of the question."""

    at: datetime
    operation: Operation
    facts: Facts
    credits: Decimal
    ref: str


@dataclass(slots=True)
class MemoryEnricher:
    """Answers with what `answers` makes of each question. A call meets the next of `troubles`, if it is one; where
    `charges_in_trouble` an `Uncertain` one was charged all the same. It takes `seconds`. With `works_for` each call is
    a job of that length. What is asked again of a service that is repeatable is not charged again, unless the provider
    is one that `lies`."""

    clock: Clock
    name: str
    services: Sequence[Service]
    answers: Callable[[Operation, Facts], Reply] = lambda _, __: NO_MATCH
    seconds: float = 0.0
    works_for: timedelta | None = None
    troubles: deque[Exception | None] = field(default_factory=deque)
    poll_troubles: deque[Exception | None] = field(default_factory=deque)
    charges_in_trouble: bool = False
    lies: bool = False
    calls: list[tuple[Operation, Sequence[Question]]] = field(default_factory=list)
    charged: list[Charge] = field(default_factory=list)
    polls: int = 0
    _jobs: dict[str, Sequence[Reply]] = field(default_factory=dict)

    @property
    def spent(self) -> Decimal:
        return sum((charge.credits for charge in self.charged), Decimal(0))

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        self.calls.append((operation, questions))
        job_id = f"job {len(self.calls)}"
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None and not (self.charges_in_trouble and isinstance(trouble, Uncertain)):
            await anyio.sleep(self.seconds)
            raise trouble
        replies = self._replies(operation, questions)
        await anyio.sleep(self.seconds)
        if trouble is not None:
            raise trouble
        if self.works_for is None:
            return replies
        now = self.clock.now()
        self._jobs[job_id] = replies
        return Job(job_id, now, now + POLL)

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        await anyio.sleep(self.seconds)
        self.polls += 1
        if self.poll_troubles and (trouble := self.poll_troubles.popleft()):
            raise trouble
        now = self.clock.now()
        assert self.works_for is not None, "only jobs are polled"
        if now < job.submitted_at + self.works_for:
            return Job(job.id, job.submitted_at, now + POLL, job.polls + 1)
        assert len(questions) == len(self._jobs[job.id]), "each question of the call is asked about"
        return self._jobs[job.id]

    def _replies(self, operation: Operation, questions: Sequence[Question]) -> list[Reply]:
        replies = [self.answers(operation, question.facts) for question in questions]
        is_repeatable = any(each.is_repeatable for each in self.services if each.offer.operation is operation)
        for question, reply in zip(questions, replies, strict=True):
            if not isinstance(reply, Finding) or not reply.credits:
                continue
            is_repeat = any((charge.operation, charge.facts) == (operation, question.facts) for charge in self.charged)
            if self.lies or not (is_repeatable and is_repeat):
                charge = Charge(self.clock.now(), operation, question.facts, reply.credits, question.ref)
                self.charged.append(charge)
        return replies
