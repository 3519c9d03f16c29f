"""What every store promises to whoever looks for one person, to show or to erase them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from camd.domain.campaign import Campaign
from camd.domain.facts import CandidateId, Facts, InboundId, LeadId
from camd.domain.inbound import InboundClass
from camd.domain.token_bucket import QuotaScope
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.ports.lookups import Asking, LookupAnswer, LookupId
from camd.ports.providers import Found
from camd.ports.records import Crash, Inbound
from camd.ports.store import Store, Tx

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MESSAGE = Inbound(
    InboundId("ib_1"), "sales", "1", InboundClass.HUMAN_NEUTRAL, "said so", True, NOW, NOW, "engine", sender_hash="h"
)


def message(number: int, **fields: object) -> Inbound:
    return replace(MESSAGE, id=InboundId(f"ib_{number}"), identity=str(number), **fields)  # type: ignore[arg-type]  # any


async def add(store: Store, *messages: Inbound) -> None:
    for each in messages:
        assert await store.write(lambda tx, each=each: tx.inbox.add(each))  # type: ignore[misc]  # bound at once


@pytest.mark.parametrize(
    "field", [{"sender": "Ann@x.de"}, {"subject": "of ann@X.de"}, {"text": "x\nann@x.de"}, {"note": "<ann@x.de>"}]
)
async def test_a_message_is_found_by_any_word_in_it_whatever_its_case(store: Store, field: dict[str, str]) -> None:
    await add(store, message(1, text="bob@x.de"), message(2, **field))
    assert await store.read(lambda tx: tx.inbox.mentioning({"Ann@x.de"})) == ["ib_2"]


async def test_what_could_not_be_read_is_looked_through_too(store: Store) -> None:
    await add(store, message(1, raw=b"\xff From: ANN@x.de\r\n"), message(2, raw=b"\xff"))
    assert await store.read(lambda tx: tx.inbox.mentioning(["ann@x.de"])) == ["ib_1"]


@pytest.mark.parametrize("word", ["a_n@x.de", "a%@x.de", "a\\n@x.de"])
async def test_a_word_stands_for_itself(store: Store, word: str) -> None:
    await add(store, message(1, text="ann@x.de"), message(2, text=word))
    assert await store.read(lambda tx: tx.inbox.mentioning([word])) == ["ib_2"]


async def test_forgotten_messages_are_empty_and_count_once(store: Store) -> None:
    await add(store, message(1, text="a", sender="b", subject="c", note="d", raw=b"e"), message(2, text="f"))
    ids = [InboundId("ib_1"), InboundId("ib_9")]
    assert await store.write(lambda tx: tx.inbox.forget(ids)) == 1
    assert await store.write(lambda tx: tx.inbox.forget(ids)) == 0
    left = await store.read(lambda tx: tx.inbox.get(InboundId("ib_1")))
    assert left is not None
    assert (left.text, left.sender, left.subject, left.note, left.raw) == (None,) * 5
    assert left.evidence == "forgotten"
    kept = await store.read(lambda tx: tx.inbox.get(InboundId("ib_2")))
    assert kept is not None
    assert kept.text == "f"


async def test_the_messages_of_a_sender_come_newest_first(store: Store) -> None:
    await add(store, message(1), message(2), message(3, sender_hash="other"))
    assert [each.id for each in await store.read(lambda tx: tx.inbox.of_sender("h"))] == ["ib_2", "ib_1"]


async def test_every_candidate_of_every_campaign_is_read_in_pieces(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    def unit(tx: Tx) -> None:
        tx.candidates.add(campaign.id, "csv", [Found("1", Facts()), Found("2", Facts(), is_stub=True)])
        tx.candidates.add(other.id, "csv", [Found("3", Facts())])

    await store.write(unit)
    first = await store.read(lambda tx: tx.candidates.all(CandidateId(0), 2))
    rest = await store.read(lambda tx: tx.candidates.all(first[-1].id, 2))
    assert [(each.campaign_id, each.source_ref) for each in (*first, *rest)] == [(1, "1"), (1, "2"), (2, "3")]


async def test_what_was_asked_about_a_candidate_is_forgotten_and_its_receipt_stays(
    store: Store, campaign: Campaign
) -> None:
    def asked(tx: Tx, candidate_id: CandidateId) -> LookupId:
        asking = Asking("apollo", Operation.MATCH, campaign.id, None, candidate_id, Decimal(1), "like", ("name",))
        wanted = tx.lookups.want(asking, NOW)
        answer = LookupAnswer(Facts(email="ann@x.de"))
        done = replace(wanted, status=LookupStatus.DONE, result=LookupResult.FOUND, answer=answer, spent=Decimal(1))
        return tx.lookups.save(wanted, done).id

    ids = [await store.write(lambda tx, n=n: asked(tx, CandidateId(n))) for n in (1, 2)]  # type: ignore[misc]  # bound
    await store.write(lambda tx: tx.lookups.forget_candidate(CandidateId(1)))
    first, second = [await store.read(lambda tx, each=each: tx.lookups.get(each)) for each in ids]  # type: ignore[misc]
    assert first is not None
    assert (first.answer, first.likeness, first.spent) == (None, None, 1)
    assert second is not None
    assert second.answer is not None
    assert await store.read(lambda tx: tx.lookups.subjects(ids[0])) == []
    assert await store.read(lambda tx: tx.lookups.subjects(ids[1])) == ["name"]


async def test_the_crashes_of_a_lead_are_forgotten_alone(store: Store, campaign: Campaign) -> None:
    for lead in ("ld_1", "ld_2", None):
        crash = Crash(campaign.id, NOW, "error", "trace", LeadId(lead) if lead else None)
        await store.write(lambda tx, crash=crash: tx.campaigns.add_crash(crash))  # type: ignore[misc]  # bound at once
    await store.write(lambda tx: tx.campaigns.forget_crashes_of(LeadId("ld_1")))
    left = await store.read(lambda tx: tx.campaigns.crashes(campaign.id, 10))
    assert [each.lead_id for each in left] == [None, "ld_2"]


async def test_many_windows_are_counted_in_their_order(store: Store) -> None:
    keys = [str(number) for number in range(40)]

    def unit(tx: Tx) -> None:
        for key in keys:
            tx.quotas.debit(QuotaScope.CAMPAIGN, key, NOW, int(key))

    await store.write(unit)
    windows = [(QuotaScope.CAMPAIGN, key, NOW - timedelta(hours=1)) for key in keys]
    assert await store.read(lambda tx: tx.quotas.used_of(windows)) == list(range(40))
    assert await store.read(lambda tx: tx.quotas.used_of([])) == []
