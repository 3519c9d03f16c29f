"""What a new lead's look leads to: a verdict, a question that costs, or the end of its waterfall."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from camd.domain.campaign import Enrichment
from camd.domain.errors import Scope
from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.lead import Action, Enriched, Lead, LeadState, LeadStatus, Lost
from camd.domain.outcome import Advance, Outcome, Snooze, Want
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.pipeline.enrich import enrich, not_configured
from camd.ports.lookups import Lookup, LookupAnswer, LookupId
from camd.ports.providers import RateLimit
from camd.schema.report import CycleError
from camd.sim.clock import START
from camd.sim.enrichers import MemoryEnricher, service
from camd.sim.fakes import Verifier
from camd.sim.world import World, simulate

ANN = Facts(first_name="Ann", last_name="Lee", company="Acme", source="list", source_ref="row 1")
ADDRESSED = replace(ANN, email="ann@acme.example")
FOUND = Facts(email="ann@found.example")


def lead(facts: Facts = ADDRESSED, **changes: object) -> Lead:
    """`object`: the fields of a lead."""
    new = Lead(
        id=LeadId("ld_ann"),
        campaign_id=CampaignId(1),
        key="a",
        state=LeadState(LeadStatus.NEW),
        facts=facts,
        created_at=START,
        updated_at=START,
        next_action=Action.ENRICH,
        next_action_at=START,
    )
    return replace(new, **changes)  # type: ignore[arg-type]  # fields by name


def asked(operation: Operation, **changes: object) -> Lookup:
    """Answered by provider `one`. `object`: the fields of a lookup."""
    done = Lookup(
        LookupId(1),
        "one",
        operation,
        CampaignId(1),
        LeadId("ld_ann"),
        None,
        LookupStatus.DONE,
        Decimal(1),
        START,
        START,
    )
    return replace(done, **changes)  # type: ignore[arg-type]  # fields by name


def answered(
    operation: Operation, facts: Facts | None = None, said: Verdict | None = None, result: str = "found"
) -> Lookup:
    return asked(operation, result=LookupResult(result), answer=LookupAnswer(facts or Facts(), said, "told"))


def outcome(
    tmp_path: Path, who: Lead, *lookups: Lookup, dry: bool = False, verdict: Verdict = Verdict.UNKNOWN
) -> Outcome:
    """With two providers that find and one that verifies; the free check says that of every address."""
    [told] = outcomes(tmp_path, [who], lookups, dry=dry, verdict=verdict)
    return told


def outcomes(
    tmp_path: Path,
    who: Sequence[Lead],
    lookups: Sequence[Lookup] = (),
    *,
    dry: bool = False,
    verdict: Verdict = Verdict.UNKNOWN,
    rate: RateLimit | None = None,
) -> list[Outcome]:
    async def scenario(world: World) -> list[Outcome]:
        verdicts = dict.fromkeys(("acme.example", "found.example"), verdict)
        world.verifier = Verifier(verdicts, rate_limit=rate or Verifier().rate_limit)
        world.enrichers = [
            MemoryEnricher(world.clock, name, [service(name, Operation.FIND), service(name, Operation.VERIFY)])
            for name in ("one", "two")
        ]
        await world.restart()
        campaign = await world.live(enrichment=Enrichment(("one", "two")))
        known = {each.id: lookups for each in who} if lookups else {}
        found = await enrich(world.context, campaign, who, known, dry=dry, now=START)
        return [each for _, each in found]

    folder = tmp_path / f"world {len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    return simulate(folder, scenario)


def provider_of(told: Outcome) -> tuple[str, Operation]:
    assert isinstance(told, Want)
    return told.offer.provider, told.offer.operation


def advanced(told: Outcome) -> Lead:
    assert isinstance(told, Advance)
    return told.lead


def test_what_the_free_check_can_tell_is_not_paid_for(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(), verdict=Verdict.VALID)
    assert isinstance(told, Advance)
    assert (told.lead.verdict, told.lead.next_action, told.events) == (Verdict.VALID, Action.SCORE, (Enriched(),))


def test_what_it_cannot_tell_is_a_question(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead())
    assert provider_of(told) == ("one", Operation.VERIFY)
    assert isinstance(told, Want)
    assert (told.lead.next_action, told.lead.next_action_at, told.lead.verdict) == (
        Action.ENRICH,
        None,
        Verdict.UNKNOWN,
    )


def test_a_dry_run_scores_what_it_knows_and_leaves_the_question_for_later(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(), dry=True)
    assert isinstance(told, Want)
    assert (told.lead.next_action, told.lead.next_action_at) == (Action.SCORE, START)


def test_nobody_without_an_address_is_verified(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(ANN))
    assert provider_of(told) == ("one", Operation.FIND)
    assert isinstance(told, Want)
    assert (told.lead.verdict, told.lead.verdict_evidence) == (Verdict.UNKNOWN, "no address")


def test_who_waits_for_an_answer_is_left_alone(tmp_path: Path) -> None:
    waiting = asked(Operation.VERIFY, status=LookupStatus.PENDING)
    assert outcome(tmp_path, lead(verdict=Verdict.UNKNOWN), waiting) == Snooze(None)
    told = outcome(tmp_path, lead(verdict=Verdict.UNKNOWN), waiting, dry=True)
    assert isinstance(told, Advance)
    assert (told.lead.next_action, told.events) == (Action.SCORE, ())


def test_a_found_address_is_checked_for_nothing_before_it_is_paid_for(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), answered(Operation.FIND, FOUND))
    assert provider_of(told) == ("one", Operation.VERIFY)
    told = outcome(tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), answered(Operation.FIND, FOUND), verdict=Verdict.VALID)
    assert (advanced(told).facts.email, advanced(told).verdict) == ("ann@found.example", Verdict.VALID)


def test_where_a_found_address_cannot_get_mail_somebody_else_is_asked(tmp_path: Path) -> None:
    told = outcome(
        tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), answered(Operation.FIND, FOUND), verdict=Verdict.INVALID
    )
    assert provider_of(told) == ("two", Operation.FIND)


def test_what_a_finder_knows_of_its_address_outranks_a_check_that_cannot_tell(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), answered(Operation.FIND, FOUND, Verdict.CATCH_ALL))
    assert (advanced(told).verdict, advanced(told).verdict_evidence) == (Verdict.CATCH_ALL, "told")


def test_an_own_address_that_fails_ends_the_waterfall(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(verdict=Verdict.UNKNOWN), answered(Operation.VERIFY, said=Verdict.INVALID))
    assert isinstance(told, Advance)
    assert (told.lead.verdict, told.events) == (Verdict.INVALID, (Enriched(),))


def test_when_nobody_is_left_to_ask_the_waterfall_is_finished(tmp_path: Path) -> None:
    nobody = [answered(Operation.FIND, result="no_match"), replace(asked(Operation.FIND), provider="two")]
    told = outcome(tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), *nobody)
    assert isinstance(told, Advance)
    assert (told.lead.facts.email, told.events) == (None, (Enriched(),))


def test_a_corrected_address_is_checked_for_nothing_first(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(verdict=None), answered(Operation.FIND), verdict=Verdict.VALID)
    assert advanced(told).verdict is Verdict.VALID


def test_who_objected_is_lost_and_nobody_else_is_asked(tmp_path: Path) -> None:
    objection = answered(Operation.FIND, result="objected")
    told = outcome(tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), objection)
    assert isinstance(told, Advance)
    assert (told.lead.verdict, [type(event) for event in told.events]) == (Verdict.SUPPRESSED, [Lost])
    told = outcome(tmp_path, lead(ANN, verdict=Verdict.UNKNOWN), objection, dry=True)
    assert isinstance(told, Advance)
    assert (told.lead.verdict, told.events) == (Verdict.SUPPRESSED, (Enriched(),))


def test_who_is_no_longer_new_is_only_scored(tmp_path: Path) -> None:
    told = outcome(tmp_path, lead(state=LeadState(LeadStatus.REPLIED)))
    assert isinstance(told, Advance)
    assert (told.lead.next_action, told.events) == (Action.SCORE, ())


def test_those_beyond_the_rate_of_the_free_check_are_looked_at_when_it_allows(tmp_path: Path) -> None:
    leads = [lead(id=LeadId(f"ld_{number}")) for number in range(3)]
    told = outcomes(tmp_path, leads, verdict=Verdict.VALID, rate=RateLimit(1, timedelta(minutes=1), burst=2))
    assert [type(each) for each in told] == [Advance, Advance, Snooze]
    assert told[2] == Snooze(START + timedelta(minutes=1), "quota:provider_rate")


def test_a_provider_that_cannot_be_asked_is_told_of(tmp_path: Path) -> None:
    async def scenario(world: World) -> list[CycleError]:
        world.enrichers = [
            MemoryEnricher(world.clock, "idle", []),
            MemoryEnricher(world.clock, "one", [service("one", Operation.FIND)]),
        ]
        await world.restart()
        campaign = await world.live(enrichment=Enrichment(("gone", "idle", "one")))
        return not_configured(world.context, campaign)

    told = simulate(tmp_path, scenario)
    assert [(each.scope, each.message.split()[0]) for each in told] == [
        (Scope.PROVIDER, "gone"),
        (Scope.PROVIDER, "idle"),
    ]
