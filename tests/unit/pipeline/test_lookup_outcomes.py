"""What becomes of a question: its receipt, its credits, and whoever waits for it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, Enrichment
from camd.domain.errors import Failure, Permanent, Scope, Transient, Uncertain
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import Lead, LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason, parse_value
from camd.domain.token_bucket import QuotaScope
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.operations.imports import remove_leads
from camd.pipeline import lookup_outcomes, record
from camd.pipeline.cycle import run_cycle
from camd.pipeline.lookup_claims import claim
from camd.ports.lookups import Finding, Job, Later, Lookup, Reply, Service, Unfinished
from camd.ports.providers import Found
from camd.ports.records import Candidate
from camd.ports.store import Tx
from camd.sim.enrichers import NO_MATCH, MemoryEnricher, found, service, verdict
from camd.sim.world import World, people, simulate

FINDER = service("list", Operation.FIND, price="2", batch=5)
MATCHER = service("list", Operation.MATCH, batch=5)
VERIFIER = service("list", Operation.VERIFY, batch=5)
ANN = Found("row 1", Facts(first_name="Ann", last_name="Lee", company="Acme", domain="acme.example"))
STUB = Found("id 9", Facts(first_name="Ann", last_name="Le***e", company="Acme"), is_stub=True)
EMAIL = Facts(email="ann@acme.example")
LOST = Uncertain("the answer was cut short", scope=Scope.PROVIDER)
OBJECTION = Finding(LookupResult.OBJECTED)


class Asked:
    """A campaign whose questions are in flight."""

    def __init__(self, world: World, campaign: Campaign, lookups: Sequence[Lookup], by: Service) -> None:
        self.world = world
        self.campaign = campaign
        self.lookups = lookups
        self.service = by

    async def settle(self, *replies: Reply) -> frozenset[int]:
        ctx, now = self.world.context, self.world.clock.now()
        woken = await self.world.store.write(
            lambda tx: lookup_outcomes.settle(tx, ctx, self.lookups, list(replies), now)
        )
        return frozenset(woken)

    async def fail(self, failure: Failure) -> None:
        now = self.world.clock.now()
        await self.world.store.write(
            lambda tx: lookup_outcomes.settle_failure(tx, self.service, self.lookups, failure, now)
        )

    async def kept(self, place: int = 0) -> Lookup:
        lookup = await self.world.store.read(lambda tx: tx.lookups.get(self.lookups[place].id))
        assert lookup is not None
        return lookup

    async def names(self) -> set[str]:
        return set(await self.world.store.read(lambda tx: tx.lookups.subjects(self.lookups[0].id)))

    async def lead(self) -> Lead:
        [lead] = await self.world.leads(self.campaign)
        return lead

    async def candidate(self) -> Candidate | None:
        candidate_id = self.lookups[0].candidate_id
        assert candidate_id is not None
        return await self.world.store.read(lambda tx: tx.candidates.get(candidate_id))

    async def reserved(self) -> Decimal:
        key, since = f"campaign:{self.campaign.id}", self.world.clock.now() - timedelta(days=1)
        units = await self.world.store.read(lambda tx: tx.quotas.used(QuotaScope.PROVIDER_CREDITS, key, since))
        return Decimal(units) / 1000

    async def next_cycle(self) -> None:
        await run_cycle(self.world.context, self.campaign.id, call_dry=False)


def played(
    tmp_path: Path, by: Service, *rows: Found, enrichment: Enrichment | None = None
) -> Callable[[Callable[[Asked], Awaitable[None]]], None]:
    """Runs a scenario that begins when all questions about these people were asked."""

    def run(scenario: Callable[[Asked], Awaitable[None]]) -> None:
        async def whole(world: World) -> None:
            world.enrichers = [MemoryEnricher(world.clock, "list", [by])]
            world.verifier.verdicts = {f"c{number}.example": Verdict.UNKNOWN for number in range(9)}
            await world.restart()
            campaign = await world.live(*rows, enrichment=enrichment or Enrichment(("list",)))
            await run_cycle(world.context, campaign.id, call_dry=False)
            asked = await world.store.write(lambda tx: claim(tx, world.context, "list", [by], {}))
            lookups = [lookup for call in asked.calls for lookup in call.lookups]
            await scenario(Asked(world, campaign, lookups, by))

        simulate(tmp_path, whole)

    return run


def test_an_answer_is_a_receipt_with_its_cost_and_the_rest_is_given_back(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        assert await asked.reserved() == 2
        assert await asked.settle(found(EMAIL, price="0.5")) == {asked.campaign.id}
        kept = await asked.kept()
        assert (kept.status, kept.result, kept.spent) == (LookupStatus.DONE, LookupResult.FOUND, Decimal("0.5"))
        assert await asked.reserved() == Decimal("0.5")
        assert (await asked.lead()).next_action_at == asked.world.clock.now()
        stored = await asked.world.now(asked.campaign)
        assert stored.next_cycle_at == asked.world.clock.now()
        await asked.next_cycle()
        assert (await asked.lead()).key == "address:ann@acme.example"

    played(tmp_path, FINDER, ANN)(scenario)


def test_what_cost_more_than_was_reserved_counts_whole(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(found(EMAIL, price="3"))
        assert await asked.reserved() == 3

    played(tmp_path, FINDER, ANN)(scenario)


def test_an_answer_is_found_again_under_all_that_it_told(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        before = await asked.names()
        await asked.settle(replace(found(EMAIL), refs=("77",)))
        told = Facts(email="ann@acme.example", source="list", source_ref="77")
        names = await asked.world.store.read(lambda tx: lookup_outcomes.names_of(tx, "list", Operation.FIND, told))
        assert await asked.names() == before | set(names)
        assert len(names) == 2

    played(tmp_path, FINDER, ANN)(scenario)


def test_what_nobody_can_send_to_is_not_learned(tmp_path: Path) -> None:
    """A verdict on it would be about another address."""

    async def scenario(asked: Asked) -> None:
        await asked.settle(found(Facts(email="n/a", title="CEO\r\nBcc: x"), said=Verdict.VALID))
        kept = await asked.kept()
        assert kept.answer is not None
        assert (kept.answer.facts, kept.answer.verdict) == (Facts(), None)
        await asked.next_cycle()
        assert (await asked.lead()).state.lost_reason in {None, LostReason.NO_ADDRESS}

    played(tmp_path, FINDER, ANN)(scenario)


def test_what_is_asked_again_later_costs_nothing_meanwhile_and_keeps_its_memory(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(Later(timedelta(minutes=3), {"times": 1}))
        kept = await asked.kept()
        assert (kept.status, dict(kept.memory)) == (LookupStatus.WANTED, {"times": 1})
        assert kept.not_before == asked.world.clock.now() + timedelta(minutes=3)
        assert await asked.reserved() == 0

    played(tmp_path, FINDER, ANN)(scenario)


def test_what_is_left_unfinished_is_uncertain_and_stays_reserved(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(Unfinished())
        kept = await asked.kept()
        assert (kept.status, kept.spent) == (LookupStatus.UNCERTAIN, None)
        assert await asked.reserved() == 2
        assert (await asked.lead()).next_action_at == asked.world.clock.now()

    played(tmp_path, FINDER, ANN)(scenario)


def test_an_answer_after_the_erasure_is_paid_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.world.erase(await asked.lead())
        await asked.settle(replace(found(EMAIL), refs=("77",), raw="{}"))
        kept = await asked.kept()
        assert (kept.status, kept.spent, kept.answer, kept.likeness) == (LookupStatus.DONE, Decimal(1), None, None)
        assert await asked.names() == set()
        assert (await asked.lead()).facts == Facts()

    played(tmp_path, FINDER, ANN)(scenario)


def test_an_objection_after_the_erasure_stands_without_the_address(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.world.erase(await asked.lead())
        await asked.settle(replace(OBJECTION, facts=EMAIL))
        standing = await asked.world.store.read(lambda tx: record.covering(tx, "ann@acme.example"))
        assert standing is not None
        assert (standing.reason, standing.value) == (SuppressionReason.OBJECTED, None)

    played(tmp_path, FINDER, ANN)(scenario)


def test_nothing_is_remembered_for_an_erased_person_who_would_be_asked_about_again(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.world.erase(await asked.lead())
        await asked.settle(Later(timedelta(minutes=3), {"name": "Ann"}))
        kept = await asked.kept()
        assert (kept.status, dict(kept.memory)) == (LookupStatus.UNCERTAIN, {})

    played(tmp_path, FINDER, ANN)(scenario)


def test_an_answer_about_a_lead_that_was_taken_back_is_paid_and_forgotten(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        lead = await asked.lead()
        await asked.world.store.write(lambda tx: tx.leads.delete(lead))
        await asked.settle(found(EMAIL))
        kept = await asked.kept()
        assert (kept.spent, kept.answer) == (Decimal(1), None)

    played(tmp_path, FINDER, ANN)(scenario)


def test_what_was_learned_of_a_lead_goes_with_it(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(found(EMAIL))
        await asked.world.erase(await asked.lead())
        kept = await asked.kept()
        assert (kept.spent, kept.answer) == (Decimal(1), None)
        assert await asked.names() == set()
        assert await remove_leads(asked.world.desk, "im_none") == (0, 0)  # type: ignore[arg-type]  # no such import

    played(tmp_path, FINDER, ANN)(scenario)


def test_a_lost_answer_is_uncertain_for_good(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.fail(LOST)
        assert (await asked.kept()).status is LookupStatus.UNCERTAIN
        assert await asked.reserved() == 2

    played(tmp_path, FINDER, ANN)(scenario)


def test_a_lost_answer_is_asked_for_again_where_that_is_free_but_not_for_ever(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        for tries in range(1, lookup_outcomes.LOST_AT_MOST):
            await asked.fail(LOST)
            again = await asked.kept()
            assert (again.status, again.tries) == (LookupStatus.WANTED, tries)
            asked.world.clock.jump(again.not_before - asked.world.clock.now())
            claimed = await asked.world.store.write(
                lambda tx: claim(tx, asked.world.context, "list", [asked.service], {})
            )
            asked.lookups = claimed.calls[0].lookups
        await asked.fail(LOST)
        assert (await asked.kept()).status is LookupStatus.UNCERTAIN

    played(tmp_path, replace(FINDER, is_repeatable=True), ANN)(scenario)


def test_of_a_call_that_is_refused_each_question_is_asked_alone_and_then_refused(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        refused = Permanent("malformed", scope=Scope.ITEM)
        await asked.fail(refused)
        kept = [await asked.kept(place) for place in (0, 1)]
        assert [(each.status, each.tries) for each in kept] == [(LookupStatus.WANTED, 1)] * 2
        claimed = await asked.world.store.write(lambda tx: claim(tx, asked.world.context, "list", [asked.service], {}))
        asked.lookups = claimed.calls[0].lookups
        await asked.fail(refused)
        kept_one = await asked.kept()
        assert (kept_one.status, kept_one.result, kept_one.spent) == (
            LookupStatus.DONE,
            LookupResult.REFUSED,
            Decimal(0),
        )

    played(tmp_path, VERIFIER, *people(2))(scenario)


def test_what_did_nothing_is_asked_again_when_the_provider_is_back(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.fail(Transient("bad gateway", scope=Scope.PROVIDER))
        kept = await asked.kept()
        assert (kept.status, kept.not_before) == (LookupStatus.WANTED, asked.world.clock.now())
        assert await asked.reserved() == 0

    played(tmp_path, FINDER, ANN)(scenario)


@pytest.mark.parametrize("is_repeatable", [True, False])
def test_what_a_process_that_ended_had_asked_is_settled_by_the_next(tmp_path: Path, is_repeatable: bool) -> None:
    async def scenario(asked: Asked) -> None:
        now, campaign = asked.world.clock.now(), await asked.world.now(asked.campaign)

        def unit(tx: Tx) -> tuple[frozenset[int], int]:
            page = lookup_outcomes.open_search(tx, campaign, "list", Decimal(1), now)
            woken, lost = lookup_outcomes.settle_interrupted(tx, "list", [asked.service], now)
            closed = tx.lookups.get(page.id)
            assert closed is not None
            assert (closed.status, closed.spent) == (LookupStatus.DONE, Decimal(0))
            return frozenset(woken), lost

        assert await asked.world.store.write(unit) == (frozenset({asked.campaign.id}), 0 if is_repeatable else 1)
        status = LookupStatus.WANTED if is_repeatable else LookupStatus.UNCERTAIN
        assert (await asked.kept()).status is status

    played(tmp_path, replace(FINDER, is_repeatable=is_repeatable), ANN)(scenario)


def test_a_read_that_was_cut_short_is_closed_by_the_next_one(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        now, campaign = asked.world.clock.now(), await asked.world.now(asked.campaign)
        first, second = [
            await asked.world.store.write(lambda tx: lookup_outcomes.open_search(tx, campaign, "list", Decimal(1), now))
            for _ in range(2)
        ]
        read = await asked.world.store.read(lambda tx: [tx.lookups.get(each.id) for each in (first, second)])
        assert [each and each.status for each in read] == [LookupStatus.DONE, LookupStatus.ASKED]
        await asked.world.store.write(lambda tx: lookup_outcomes.close_search(tx, second, Decimal(1), now))
        assert await asked.reserved() == 3

    played(tmp_path, FINDER, ANN)(scenario)


def test_a_job_keeps_its_questions_until_it_ends(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        now = asked.world.clock.now()
        job = Job("req 1", now, now + timedelta(seconds=30))

        def begin(tx: Tx) -> None:
            lookup_outcomes.await_job(tx, "list", Operation.FIND, asked.lookups, job)

        await asked.world.store.write(begin)
        assert (await asked.kept()).status is LookupStatus.PENDING
        [open_job] = await asked.world.store.read(lambda tx: tx.lookups.open_jobs("list"))
        lookups, questions = await asked.world.store.read(lambda tx: lookup_outcomes.questions_of(tx, open_job.id))
        assert [question.facts.first_name for question in questions] == ["Ann"]
        lead = await asked.lead()
        await asked.world.store.write(lambda tx: tx.leads.delete(lead))
        _, questions = await asked.world.store.read(lambda tx: lookup_outcomes.questions_of(tx, open_job.id))
        assert [question.facts for question in questions] == [Facts()]
        await asked.world.store.write(lambda tx: lookup_outcomes.end_job(tx, open_job.id, lookups, now))
        assert (await asked.kept()).status is LookupStatus.UNCERTAIN
        assert await asked.world.store.read(lambda tx: tx.lookups.open_jobs("list")) == []

    played(tmp_path, FINDER, ANN)(scenario)


def test_what_was_asked_before_is_not_forgotten_with_the_question(tmp_path: Path) -> None:
    """It may have been paid for."""

    async def scenario(asked: Asked) -> None:
        await asked.settle(Later(timedelta(minutes=1), {"times": 1}))
        wanted = await asked.kept()
        await asked.world.store.write(lambda tx: lookup_outcomes.withdraw(tx, wanted, asked.world.clock.now()))
        assert (await asked.kept()).status is LookupStatus.UNCERTAIN

    played(tmp_path, FINDER, ANN)(scenario)


def test_who_objected_is_not_written_to_by_any_campaign(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        other = await asked.world.live(*people(1))
        await run_cycle(asked.world.context, other.id, call_dry=False)
        await asked.settle(OBJECTION)
        [elsewhere] = await asked.world.leads(other)
        assert ((await asked.lead()).state.lost_reason, elsewhere.state.lost_reason) == (
            LostReason.DO_NOT_CONTACT,
            LostReason.DO_NOT_CONTACT,
        )

    played(tmp_path, VERIFIER, *people(1))(scenario)


def test_who_objected_without_an_address_is_lost_by_the_next_live_cycle(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(OBJECTION)
        await asked.world.go(asked.campaign, live=False)
        await asked.next_cycle()
        await asked.next_cycle()
        assert (await asked.lead()).status is LeadStatus.ENRICHED
        await asked.world.go(asked.campaign, live=True)
        await asked.next_cycle()
        await asked.next_cycle()
        assert (await asked.lead()).state.lost_reason is LostReason.DO_NOT_CONTACT

    played(tmp_path, FINDER, ANN)(scenario)


def test_an_objection_is_about_the_address_that_was_asked_for(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.world.change_lead(await asked.lead(), email="new@c0.example")
        await asked.settle(OBJECTION)
        standing = await asked.world.store.read(lambda tx: record.covering(tx, "new@c0.example"))
        assert standing is None

    played(tmp_path, VERIFIER, *people(1))(scenario)


def test_an_objection_is_copied_with_the_answer(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(replace(OBJECTION, facts=EMAIL))

        def forget(tx: Tx) -> None:
            standing = record.covering(tx, "ann@acme.example")
            assert standing is not None
            tx.suppressions.remove(standing.id)

        await asked.world.store.write(forget)
        other = await asked.world.live(ANN, enrichment=Enrichment(("list",)))
        await run_cycle(asked.world.context, other.id, call_dry=False)
        await asked.world.store.write(lambda tx: claim(tx, asked.world.context, "list", [asked.service], {}))
        key = parse_value("ann@acme.example").key
        assert await asked.world.store.read(lambda tx: record.covering(tx, key))

    played(tmp_path, FINDER, ANN)(scenario)


def test_a_stub_becomes_the_lead_that_it_was_found_to_be_with_its_receipt(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(found(Facts(email="ann@acme.example", last_name="Lee"), said=Verdict.VALID))
        await asked.next_cycle()
        lead = await asked.lead()
        assert (lead.facts.email, lead.facts.last_name, lead.facts.source_ref) == ("ann@acme.example", "Lee", "id 9")
        kept = await asked.kept()
        assert (kept.lead_id, kept.candidate_id) == (lead.id, None)

    played(tmp_path, MATCHER, STUB)(scenario)


def test_a_stub_with_an_address_that_does_not_work_is_a_lead_without_one(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(found(Facts(email="ann@acme.example", last_name="Lee"), said=Verdict.INVALID))
        candidate = await asked.candidate()
        assert candidate is not None
        assert (candidate.facts.email, candidate.facts.last_name, candidate.verdict) == (None, "Lee", None)

    played(tmp_path, MATCHER, STUB)(scenario)


@pytest.mark.parametrize("reply", [NO_MATCH, OBJECTION, Unfinished()])
def test_a_stub_whom_nobody_knows_is_gone(tmp_path: Path, reply: Reply) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(reply)
        assert await asked.candidate() is None

    played(tmp_path, MATCHER, STUB)(scenario)


def test_an_answer_about_a_stub_that_is_gone_is_paid_and_forgotten(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        candidate = await asked.candidate()
        assert candidate is not None
        await asked.world.store.write(lambda tx: tx.candidates.remove([candidate.id]))
        await asked.settle(found(EMAIL))
        kept = await asked.kept()
        assert (kept.spent, kept.answer) == (Decimal(1), None)

    played(tmp_path, MATCHER, STUB)(scenario)


def test_a_stub_that_is_gone_is_not_asked_about_again(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        candidate = await asked.candidate()
        assert candidate is not None
        await asked.world.store.write(lambda tx: tx.candidates.remove([candidate.id]))
        await asked.fail(Transient("bad gateway", scope=Scope.PROVIDER))
        again = await asked.world.store.write(lambda tx: claim(tx, asked.world.context, "list", [MATCHER], {}))
        assert again.calls == []
        assert await asked.world.store.read(lambda tx: tx.lookups.get(asked.lookups[0].id)) is None

    played(tmp_path, MATCHER, STUB)(scenario)


@pytest.mark.parametrize(("email", "is_known"), [("ann@acme.example", True), ("ann@refused.example", False)])
def test_a_stub_that_turns_out_to_be_known_or_refused_makes_no_lead(tmp_path: Path, email: str, is_known: bool) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.world.suppress("refused.example")
        await asked.settle(found(Facts(email=email, last_name="Lee")))
        await asked.next_cycle()
        leads = await asked.world.leads(asked.campaign)
        assert [lead.facts.email for lead in leads] == ["ann@acme.example"]
        kept = await asked.kept()
        assert (kept.lead_id == leads[0].id, kept.answer is not None) == (is_known, is_known)

    known = Found("row 2", Facts(email="ann@acme.example"))
    played(tmp_path, MATCHER, STUB, known, enrichment=Enrichment())(scenario)


def test_what_was_asked_of_a_candidate_is_forgotten_with_the_lead_that_is_the_same_person(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        await asked.settle(replace(found(Facts(email="ann@acme.example", last_name="Lee")), raw="{}"))
        await asked.world.erase(await asked.lead())
        assert await asked.candidate() is None
        kept = await asked.kept()
        assert (kept.answer, await asked.names()) == (None, set())

    known = Found("row 2", Facts(email="ann@acme.example"))
    played(tmp_path, MATCHER, STUB, known, enrichment=Enrichment())(scenario)


def test_who_is_nobody_yet_is_looked_at_again_with_the_answer_to_a_duplicate(tmp_path: Path) -> None:
    """The lead without an address is the person whom a stub turns out to be."""

    async def scenario(asked: Asked) -> None:
        await asked.settle(found(Facts(email="ann@acme.example", last_name="Lee", domain="acme.example")))
        await asked.next_cycle()
        again = await asked.world.store.write(lambda tx: claim(tx, asked.world.context, "list", [MATCHER], {}))
        assert again.calls == []
        await asked.next_cycle()
        lead = await asked.lead()
        assert (lead.facts.source_ref, lead.facts.email) == ("row 1", "ann@acme.example")

    played(tmp_path, MATCHER, STUB, ANN)(scenario)


def test_a_verdict_changes_no_name_of_the_question(tmp_path: Path) -> None:
    async def scenario(asked: Asked) -> None:
        before = await asked.names()
        await asked.settle(verdict(Verdict.VALID))
        assert await asked.names() == before

    played(tmp_path, VERIFIER, *people(1))(scenario)
