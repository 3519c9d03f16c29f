"""What every store promises of the questions to providers, of their jobs and of the stubs that they are about."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from camd.domain.campaign import Campaign
from camd.domain.facts import CampaignId, CandidateId, Facts, LeadId, Verdict
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.ports.lookups import Asking, Job, JobId, Lookup, LookupAnswer, LookupId, OpenJob
from camd.ports.providers import Found
from camd.ports.records import Candidate
from camd.ports.store import StaleWrite, Store, Tx

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = LeadId("ld_ann")
BOB = LeadId("ld_bob")
STUB = CandidateId(7)
ONE, TWO, THREE = CampaignId(1), CampaignId(2), CampaignId(3)
MATCH = Operation.MATCH
SETTLED = [LookupStatus.DONE, LookupStatus.UNCERTAIN]
IN_FLIGHT = [LookupStatus.ASKED, LookupStatus.PENDING]
ANSWER = LookupAnswer(
    Facts(email="ann@acme.com", tags=("hot",), expected_mrr=Decimal("10.50")), Verdict.VALID, "score 99", '{"id":1}'
)
JOB = Job("req-1", NOW, NOW + HOUR, 2)


def asking(**changes: object) -> Asking:
    """Who Ann is, which Apollo is to tell."""
    about_ann = Asking("apollo", MATCH, ONE, ANN, None, Decimal(1), "ann|li|n", ("hash of ann",))
    return replace(about_ann, **changes)  # type: ignore[arg-type]  # fields by name


async def want(store: Store, at: datetime = NOW, **changes: object) -> Lookup:
    return await store.write(lambda tx: tx.lookups.want(asking(**changes), at))


async def put(store: Store, status: LookupStatus, at: datetime = NOW, **changes: object) -> Lookup:
    """Wanted and saved with that status; `at` is when it was settled."""
    wanted = await want(store, NOW, **changes)
    return await change(store, wanted, status=status, settled_at=at if status in SETTLED else None)


async def change(store: Store, before: Lookup, **changes: object) -> Lookup:
    after = replace(before, **changes)  # type: ignore[arg-type]  # fields by name
    return await store.write(lambda tx: tx.lookups.save(before, after))


async def kept(store: Store, lookup: Lookup) -> Lookup | None:
    return await store.read(lambda tx: tx.lookups.get(lookup.id))


async def names_of(store: Store, lookup: Lookup) -> Sequence[str]:
    return await store.read(lambda tx: tx.lookups.subjects(lookup.id))


async def ids(store: Store, query: Callable[[Tx], object]) -> list[LookupId]:
    found = await store.read(query)
    assert isinstance(found, list | tuple)
    return [each.id for each in found]


async def test_a_wanted_lookup_is_read_as_it_was_written(store: Store) -> None:
    wanted = await want(store, candidate_id=STUB, price=Decimal("0.125"))
    expected = Lookup(
        wanted.id, "apollo", MATCH, ONE, ANN, STUB, LookupStatus.WANTED, Decimal("0.125"), NOW, NOW, "ann|li|n"
    )
    assert wanted == expected
    assert await kept(store, wanted) == expected


async def test_a_settled_lookup_is_read_as_it_was_saved(store: Store) -> None:
    whole = await change(
        store,
        await want(store),
        status=LookupStatus.DONE,
        not_before=NOW + HOUR,
        denied="provider_credits",
        tries=3,
        memory={"page": 2, "rate": 0.5, "is_late": True, "left": None, "id": "1"},
        asked_at=NOW,
        job_id=JobId(4),
        settled_at=NOW + HOUR,
        result=LookupResult.FOUND,
        spent=Decimal("0.2"),
        answer=ANSWER,
        copied_from=LookupId(9),
    )
    assert await kept(store, whole) == whole


async def test_a_lookup_that_nobody_wanted_is_none(store: Store) -> None:
    assert await store.read(lambda tx: tx.lookups.get(LookupId(1))) is None


@pytest.mark.parametrize("changes", [{"status": LookupStatus.ASKED}, {"tries": 1}])
async def test_a_lookup_that_was_changed_meanwhile_is_not_saved(store: Store, changes: dict[str, object]) -> None:
    before = await want(store)
    meanwhile = await change(store, before, **changes)
    with pytest.raises(StaleWrite):
        await change(store, before, status=LookupStatus.DONE)
    assert await kept(store, before) == meanwhile


async def test_a_lookup_that_was_dropped_meanwhile_is_not_saved(store: Store) -> None:
    before = await want(store)
    await store.write(lambda tx: tx.lookups.drop(before.id))
    with pytest.raises(StaleWrite):
        await change(store, before)


async def test_a_lookup_that_is_saved_unchanged_stays_as_it_is(store: Store) -> None:
    wanted = await want(store)
    assert await change(store, wanted) == wanted == await kept(store, wanted)


async def test_a_lookup_keeps_what_it_is_found_by(store: Store) -> None:
    with pytest.raises(AssertionError, match="provider"):
        await change(store, await want(store), provider="hunter")


@pytest.mark.parametrize("status", LookupStatus)
async def test_only_a_wanted_lookup_can_be_dropped(store: Store, status: LookupStatus) -> None:
    lookup = await put(store, status)
    await store.write(lambda tx: tx.lookups.drop(lookup.id))
    is_kept = status is not LookupStatus.WANTED
    assert (await kept(store, lookup) is not None) == is_kept
    assert bool(await names_of(store, lookup)) == is_kept


async def test_the_number_of_a_dropped_lookup_is_never_given_again(store: Store) -> None:
    dropped = await want(store)
    await store.write(lambda tx: tx.lookups.drop(dropped.id))
    assert (await want(store)).id > dropped.id


async def test_the_lookups_of_leads_are_found_oldest_first(store: Store) -> None:
    first, of_bob, second = [await want(store, lead_id=lead) for lead in (ANN, BOB, ANN)]
    await want(store, lead_id=None)
    assert await ids(store, lambda tx: tx.lookups.of_lead(ANN)) == [first.id, second.id]
    assert await ids(store, lambda tx: tx.lookups.of_lead(LeadId("ld_eve"))) == []
    found = await store.read(lambda tx: tx.lookups.of_leads([BOB, LeadId("ld_eve"), ANN]))
    assert found == {ANN: [first, second], BOB: [of_bob]}


async def test_the_lookups_of_very_many_leads_are_found_at_once(store: Store) -> None:
    leads = [LeadId(f"ld_{number:04}") for number in range(1001)]
    await store.write(lambda tx: [tx.lookups.want(asking(lead_id=lead), NOW) for lead in leads])
    found = await store.read(lambda tx: tx.lookups.of_leads(leads))
    assert found.keys() == set(leads)


async def test_the_latest_lookup_of_a_candidate_is_found(store: Store) -> None:
    _, latest, _ = [await want(store, lead_id=None, candidate_id=each) for each in (STUB, STUB, CandidateId(8))]
    assert await store.read(lambda tx: tx.lookups.of_candidate(STUB)) == latest
    assert await store.read(lambda tx: tx.lookups.of_candidate(CandidateId(9))) is None


async def test_what_was_asked_about_a_candidate_becomes_a_lookup_of_the_lead(store: Store) -> None:
    asked = await put(store, LookupStatus.ASKED, lead_id=None, candidate_id=STUB)
    await store.write(lambda tx: tx.lookups.give_to_lead(asked.id, ANN))
    assert await store.read(lambda tx: tx.lookups.of_lead(ANN)) == [replace(asked, lead_id=ANN, candidate_id=None)]


async def test_due_are_the_wanted_ones_of_one_campaign_and_operation_whose_instant_has_come(store: Store) -> None:
    second = await want(store, at=NOW + HOUR)
    first, third = await want(store), await want(store, at=NOW + HOUR)
    await want(store, at=NOW + 2 * HOUR)
    await want(store, campaign_id=TWO)
    await want(store, provider="hunter")
    await want(store, operation=Operation.FIND)
    await put(store, LookupStatus.ASKED)
    due = [first.id, second.id, third.id]
    assert await ids(store, lambda tx: tx.lookups.due("apollo", MATCH, ONE, NOW + HOUR, 9)) == due
    assert await ids(store, lambda tx: tx.lookups.due("apollo", MATCH, ONE, NOW + HOUR, 2)) == due[:2]


async def test_the_campaigns_with_something_due_are_found_in_the_order_of_their_numbers(store: Store) -> None:
    for campaign_id, at in ((THREE, NOW), (ONE, NOW), (TWO, NOW + HOUR), (ONE, NOW)):
        await want(store, campaign_id=campaign_id, at=at)
    await want(store, campaign_id=CampaignId(4), provider="hunter")
    await want(store, campaign_id=CampaignId(5), operation=Operation.FIND)
    await put(store, LookupStatus.DONE, campaign_id=CampaignId(6))
    assert await store.read(lambda tx: tx.lookups.campaigns_due("apollo", MATCH, NOW)) == [ONE, THREE]
    assert await store.read(lambda tx: tx.lookups.campaigns_due("apollo", MATCH, NOW + HOUR)) == [ONE, TWO, THREE]
    assert await store.read(lambda tx: tx.lookups.campaigns_due("zerobounce", MATCH, NOW)) == []


async def test_the_wanted_ones_about_leads_are_found_oldest_first_due_or_not(store: Store) -> None:
    first = await want(store, at=NOW + HOUR)
    second = await want(store, campaign_id=TWO, operation=Operation.FIND)
    await want(store, lead_id=None, candidate_id=STUB)
    await want(store, provider="hunter")
    await put(store, LookupStatus.ASKED)
    assert await ids(store, lambda tx: tx.lookups.wanted("apollo", 9)) == [first.id, second.id]
    assert await ids(store, lambda tx: tx.lookups.wanted("apollo", 1)) == [first.id]


async def test_the_next_instant_is_the_soonest_after_the_given_one_in_any_campaign(store: Store) -> None:
    for campaign_id, hours in ((ONE, 0), (ONE, 3), (TWO, 2)):
        await want(store, campaign_id=campaign_id, at=NOW + hours * HOUR)
    await want(store, provider="hunter", at=NOW + HOUR)
    asked = await want(store, at=NOW + HOUR)
    await change(store, asked, status=LookupStatus.ASKED)
    assert await store.read(lambda tx: tx.lookups.next_due_at("apollo", NOW)) == NOW + 2 * HOUR
    assert await store.read(lambda tx: tx.lookups.next_due_at("apollo", NOW + 3 * HOUR)) is None


async def test_every_wanted_one_of_a_campaign_is_put_off(store: Store) -> None:
    wanted = [await want(store), await want(store, operation=Operation.FIND)]
    others = [
        await want(store, campaign_id=TWO),
        await want(store, provider="hunter"),
        await put(store, LookupStatus.ASKED),
    ]
    await store.write(lambda tx: tx.lookups.put_off("apollo", ONE, NOW + HOUR, "provider_credits"))
    late = [replace(each, not_before=NOW + HOUR, denied="provider_credits") for each in wanted]
    assert [await kept(store, each) for each in wanted] == late
    assert [await kept(store, each) for each in others] == others
    await store.write(lambda tx: tx.lookups.put_off("apollo", ONE, NOW, None))
    assert [await kept(store, each) for each in wanted] == wanted


async def test_further_names_are_added_to_those_that_a_lookup_has(store: Store) -> None:
    lookup = await want(store, subjects=("b", "a"))
    await store.write(lambda tx: tx.lookups.add_subjects(lookup.id, ["c", "a"]))
    await store.write(lambda tx: tx.lookups.add_subjects(lookup.id, []))
    assert sorted(await names_of(store, lookup)) == ["a", "b", "c"]
    done = await change(store, lookup, status=LookupStatus.DONE, settled_at=NOW)
    assert await store.read(lambda tx: tx.lookups.settled("apollo", MATCH, ["c"])) == done


@pytest.mark.parametrize("status", LookupStatus)
async def test_what_is_done_or_uncertain_is_settled(store: Store, status: LookupStatus) -> None:
    lookup = await put(store, status)
    found = await store.read(lambda tx: tx.lookups.settled("apollo", MATCH, ["hash of ann"]))
    assert found == (lookup if status in SETTLED else None)


async def test_the_latest_settled_lookup_under_any_of_the_names_is_found(store: Store) -> None:
    latest = await put(store, LookupStatus.DONE, at=NOW + HOUR, subjects=("a", "b"))
    for name in ("a", "c"):
        await put(store, LookupStatus.DONE, subjects=(name,))
    assert await store.read(lambda tx: tx.lookups.settled("apollo", MATCH, ["c", "a", "x"])) == latest
    assert await store.read(lambda tx: tx.lookups.settled("apollo", MATCH, ["x"])) is None
    assert await store.read(lambda tx: tx.lookups.settled("apollo", MATCH, [])) is None
    assert await store.read(lambda tx: tx.lookups.settled("apollo", Operation.FIND, ["a"])) is None
    assert await store.read(lambda tx: tx.lookups.settled("hunter", MATCH, ["a"])) is None


async def test_a_copy_of_an_answer_is_not_copied_again(store: Store) -> None:
    original = await put(store, LookupStatus.DONE)
    copy = await put(store, LookupStatus.DONE, at=NOW + HOUR)
    await change(store, copy, copied_from=original.id)
    assert await store.read(lambda tx: tx.lookups.settled("apollo", MATCH, ["hash of ann"])) == original


@pytest.mark.parametrize("status", LookupStatus)
async def test_what_is_asked_or_pending_is_in_flight(store: Store, status: LookupStatus) -> None:
    await put(store, status)

    def by_name(tx: Tx) -> bool:
        return tx.lookups.is_in_flight("apollo", MATCH, ["other", "hash of ann"], None)

    def by_likeness(tx: Tx) -> bool:
        return tx.lookups.is_in_flight("apollo", MATCH, [], "ann|li|n")

    assert await store.read(by_name) == (status in IN_FLIGHT)
    assert await store.read(by_likeness) == (status in IN_FLIGHT)


@pytest.mark.parametrize(
    ("provider", "operation", "names", "likeness"),
    [
        ("hunter", MATCH, ["hash of ann"], "ann|li|n"),
        ("apollo", Operation.FIND, ["hash of ann"], "ann|li|n"),
        ("apollo", MATCH, ["hash of bob"], "bob|li|n"),
        ("apollo", MATCH, [], None),
    ],
)
async def test_another_question_is_not_in_flight(
    store: Store, provider: str, operation: Operation, names: list[str], likeness: str | None
) -> None:
    await put(store, LookupStatus.ASKED)
    await put(store, LookupStatus.ASKED, likeness=None, subjects=())
    assert not await store.read(lambda tx: tx.lookups.is_in_flight(provider, operation, names, likeness))


async def test_in_flight_at_a_provider_are_the_asked_ones_that_wait_for_no_job_oldest_first(store: Store) -> None:
    second, first = await want(store), await want(store, operation=Operation.FIND, lead_id=None)
    for lookup in (first, second):
        await change(store, lookup, status=LookupStatus.ASKED)
    await put(store, LookupStatus.PENDING)
    await put(store, LookupStatus.WANTED)
    await put(store, LookupStatus.ASKED, provider="hunter")
    assert await ids(store, lambda tx: tx.lookups.in_flight("apollo")) == [second.id, first.id]


async def test_the_credits_that_a_campaign_wants_are_the_prices_of_its_wanted_ones(store: Store) -> None:
    for price in ("1", "0.2", "0.005"):
        await want(store, price=Decimal(price))
    await want(store, provider="hunter", operation=Operation.FIND)
    await want(store, campaign_id=TWO)
    await put(store, LookupStatus.ASKED)
    found = await store.read(lambda tx: tx.lookups.credits_wanted(ONE))
    assert found == {"apollo": Decimal("1.205"), "hunter": Decimal(1)}


async def test_open_ones_are_counted_by_provider_and_reason(store: Store) -> None:
    for status in LookupStatus:
        await put(store, status)
    for _ in range(2):
        await change(store, await want(store), denied="provider_credits")
    await want(store, provider="hunter")
    await want(store, campaign_id=TWO)
    found = await store.read(lambda tx: tx.lookups.open_counts(ONE))
    assert found == {("apollo", None): 3, ("apollo", "provider_credits"): 2, ("hunter", None): 1}


async def test_an_erasure_leaves_what_was_asked_and_paid_and_nothing_that_was_learned(store: Store) -> None:
    memory = {"name": "Ann"}
    done = await change(
        store,
        await want(store),
        status=LookupStatus.DONE,
        settled_at=NOW,
        result=LookupResult.FOUND,
        spent=Decimal(1),
        answer=ANSWER,
        memory=memory,
    )
    asked, wanted = await put(store, LookupStatus.ASKED), await want(store)
    of_bob = await change(store, await want(store, lead_id=BOB), memory=memory, answer=ANSWER)
    await store.write(lambda tx: tx.lookups.forget_answers(ANN))
    assert await store.read(lambda tx: tx.lookups.of_lead(ANN)) == [
        replace(done, answer=None, memory={}, likeness=None),
        replace(asked, likeness=None),
    ]
    for lookup, names in ((done, []), (asked, []), (wanted, []), (of_bob, ["hash of ann"])):
        assert await names_of(store, lookup) == names
    assert await kept(store, of_bob) == of_bob


async def test_a_lookup_in_flight_at_an_erasure_is_settled_without_its_person(store: Store) -> None:
    asked = await put(store, LookupStatus.ASKED)
    await store.write(lambda tx: tx.lookups.forget_answers(ANN))
    done = await change(store, asked, status=LookupStatus.DONE, spent=Decimal(1))
    assert await kept(store, done) == replace(done, likeness=None)


async def add_job(store: Store, job: Job = JOB, provider: str = "dropcontact") -> JobId:
    return await store.write(lambda tx: tx.lookups.add_job(provider, MATCH, job))


async def test_open_jobs_are_found_soonest_poll_first(store: Store) -> None:
    sooner = replace(JOB, id="req-2", poll_at=NOW)
    late, soon = await add_job(store), await add_job(store, sooner)
    await add_job(store, provider="hunter")
    expected = [OpenJob(soon, "dropcontact", MATCH, sooner), OpenJob(late, "dropcontact", MATCH, JOB)]
    assert await store.read(lambda tx: tx.lookups.open_jobs("dropcontact")) == expected


async def test_a_job_is_polled_again_until_it_is_ended(store: Store) -> None:
    number = await add_job(store)
    again = replace(JOB, poll_at=NOW + 2 * HOUR, polls=3)
    await store.write(lambda tx: tx.lookups.save_job(number, again))
    expected = [OpenJob(number, "dropcontact", MATCH, again)]
    assert await store.read(lambda tx: tx.lookups.open_jobs("dropcontact")) == expected
    await store.write(lambda tx: tx.lookups.end_job(number))
    assert await store.read(lambda tx: tx.lookups.open_jobs("dropcontact")) == []
    assert await add_job(store) > number


async def test_the_questions_of_a_job_stay_in_the_order_of_their_ids(store: Store) -> None:
    number, other = await add_job(store), await add_job(store)
    first, second, third = [await want(store) for _ in range(3)]
    for lookup, job_id in ((second, number), (third, other), (first, number)):
        await change(store, lookup, status=LookupStatus.PENDING, job_id=job_id)
    assert await ids(store, lambda tx: tx.lookups.of_job(number)) == [first.id, second.id]


async def test_a_deleted_lead_takes_its_wanted_lookups_along_and_no_receipt(store: Store, campaign: Campaign) -> None:
    lead = Lead(ANN, campaign.id, "key", LeadState(LeadStatus.NEW), Facts(), NOW, NOW)
    await store.write(lambda tx: tx.leads.insert(lead))
    await want(store)
    asked, of_bob = await put(store, LookupStatus.ASKED), await want(store, lead_id=BOB)
    await store.write(lambda tx: tx.leads.delete(lead))
    assert await ids(store, lambda tx: tx.lookups.of_lead(ANN)) == [asked.id]
    assert await ids(store, lambda tx: tx.lookups.of_lead(BOB)) == [of_bob.id]


async def add_candidates(store: Store, campaign: Campaign) -> list[Candidate]:
    """A stub, a person, and a stub again."""
    rows = [
        Found("1", Facts(first_name="Ann"), is_stub=True),
        Found("2", Facts(email="bo@acme.com")),
        Found("3", Facts(), is_stub=True),
    ]

    def unit(tx: Tx) -> list[Candidate]:
        tx.candidates.add(campaign.id, "apollo", rows)
        found = [*tx.candidates.waiting(campaign.id, 9), *tx.candidates.stubs(campaign.id, 9)]
        return sorted(found, key=lambda candidate: candidate.id)

    return await store.write(unit)


async def test_stubs_are_not_among_those_that_wait_to_become_leads(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    first, person, last = await add_candidates(store, campaign)
    await add_candidates(store, other)
    assert (first.is_stub, person.is_stub) == (True, False)
    assert await store.read(lambda tx: tx.candidates.waiting(campaign.id, 9)) == [person]
    assert await store.read(lambda tx: tx.candidates.stubs(campaign.id, 9)) == [first, last]
    assert await store.read(lambda tx: tx.candidates.stubs(campaign.id, 1)) == [first]
    assert await store.read(lambda tx: tx.candidates.get(first.id)) == first
    assert await store.read(lambda tx: tx.candidates.get(CandidateId(99))) is None


async def test_a_stub_with_a_question_is_not_asked_about_again(store: Store, campaign: Campaign) -> None:
    first, person, last = await add_candidates(store, campaign)
    await store.write(lambda tx: tx.candidates.note_asked(first.id))
    assert await store.read(lambda tx: tx.candidates.stubs(campaign.id, 9)) == [last]
    assert await store.read(lambda tx: tx.candidates.waiting(campaign.id, 9)) == [person]
    assert await store.read(lambda tx: tx.candidates.get(first.id)) == first


async def test_an_identified_stub_waits_to_become_a_lead(store: Store, campaign: Campaign) -> None:
    first, person, last = await add_candidates(store, campaign)
    await store.write(lambda tx: tx.candidates.note_asked(first.id))
    facts = Facts(first_name="Ann", email="ann@acme.com")
    await store.write(lambda tx: tx.candidates.identify(first.id, facts, Verdict.VALID))
    expected = replace(first, facts=facts, verdict=Verdict.VALID, is_stub=False)
    assert await store.read(lambda tx: tx.candidates.waiting(campaign.id, 9)) == [expected, person]
    assert await store.read(lambda tx: tx.candidates.stubs(campaign.id, 9)) == [last]


async def test_a_campaign_has_candidates_until_the_last_stub_is_gone(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    first, person, last = await add_candidates(store, campaign)
    await store.write(lambda tx: tx.candidates.note_asked(first.id))
    await store.write(lambda tx: tx.candidates.remove([person.id, last.id]))
    assert await store.read(lambda tx: tx.candidates.is_any(campaign.id))
    assert not await store.read(lambda tx: tx.candidates.is_any(other.id))
    await store.write(lambda tx: tx.candidates.remove([first.id]))
    assert not await store.read(lambda tx: tx.candidates.is_any(campaign.id))


async def test_a_removed_stub_takes_its_wanted_lookups_along_and_no_receipt(store: Store, campaign: Campaign) -> None:
    stubs = [candidate.id for candidate in await add_candidates(store, campaign)]
    asked = await put(store, LookupStatus.ASKED, lead_id=None, candidate_id=stubs[0])
    gone = [await want(store, lead_id=None, candidate_id=stub) for stub in stubs]
    of_another = await want(store, lead_id=None, candidate_id=CandidateId(99))
    await store.write(lambda tx: tx.candidates.remove(stubs))
    assert [await kept(store, each) for each in gone] == [None] * 3
    assert [await kept(store, each) for each in (asked, of_another)] == [asked, of_another]
