"""A provider of answers in memory: it knows what it is told, keeps account of what it charges, and fails on command."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import anyio

from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import REF, VERDICT, Offer, Operation
from camd.ports.clock import Clock
from camd.ports.lookups import Finding, Job, LookupResult, Question, Reply, Service
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


@dataclass(slots=True)
class MemoryEnricher:
    """Answers with what `answers` makes of each question. A call meets the next of `troubles`, if it is one, after it
    was charged where `charges_in_trouble`; it takes `seconds`. With `works_for` each call is a job of that length."""

    clock: Clock
    name: str
    services: Sequence[Service]
    answers: Callable[[Operation, Facts], Reply] = lambda _, __: NO_MATCH
    seconds: float = 0.0
    works_for: timedelta | None = None
    troubles: deque[Exception | None] = field(default_factory=deque)
    charges_in_trouble: bool = False
    calls: list[tuple[Operation, Sequence[Question]]] = field(default_factory=list)
    charged: list[tuple[Operation, Facts, Decimal]] = field(default_factory=list)
    polls: int = 0

    @property
    def spent(self) -> Decimal:
        return sum((amount for *_, amount in self.charged), Decimal(0))

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        self.calls.append((operation, questions))
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None and not self.charges_in_trouble:
            await anyio.sleep(self.seconds)
            raise trouble
        replies = self._replies(operation, questions)
        await anyio.sleep(self.seconds)
        if trouble is not None:
            raise trouble
        if self.works_for is None:
            return replies
        now = self.clock.now()
        return Job(f"job {len(self.calls)}", now, now + timedelta(seconds=30))

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        await anyio.sleep(self.seconds)
        self.polls += 1
        now = self.clock.now()
        assert self.works_for is not None, "only jobs are polled"
        if now < job.submitted_at + self.works_for:
            return Job(job.id, job.submitted_at, now + timedelta(seconds=30), job.polls + 1)
        return [self.answers(self.services[0].offer.operation, question.facts) for question in questions]

    def _replies(self, operation: Operation, questions: Sequence[Question]) -> list[Reply]:
        replies = [self.answers(operation, question.facts) for question in questions]
        for question, reply in zip(questions, replies, strict=True):
            if isinstance(reply, Finding) and reply.credits:
                self.charged.append((operation, question.facts, reply.credits))
        return replies
