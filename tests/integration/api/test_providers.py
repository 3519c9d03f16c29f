"""What the API tells of providers, and of what was paid to know a person."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx

from camd.daemon.wiring import make_metrics
from camd.domain.errors import KeyRefused, Scope
from camd.domain.facts import Facts, LeadId, Verdict
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.operations.desk import Desk
from camd.pipeline import credit_budget, lookup_outcomes
from camd.pipeline.provider_health import ProviderHealth
from camd.ports.lookups import Lookup, LookupAnswer
from camd.ports.store import Tx
from camd.sim.enrichers import MemoryEnricher, service

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]
OFFER = service("hunter", Operation.VERIFY, price="0.5")


def with_hunter(desk: Desk) -> Desk:
    hunter = MemoryEnricher(desk.context.clock, "hunter", [OFFER])
    context = desk.context
    metrics = make_metrics(context.clock, context.settings, ["hunter"])
    health = ProviderHealth(context.store, context.clock, context.entropy, metrics)
    budgets = {"hunter": Decimal(200)}
    return replace(
        desk, context=replace(context, enrichers={"hunter": hunter}, credits_per_day=budgets, providers=health)
    )


async def asked_lead(http: httpx.AsyncClient) -> LeadId:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    added = await http.post("/api/cam/campaigns/Q1/leads", json={"email": "mara@nordwind.example"})
    return LeadId(added.json()["id"])


async def test_providers_are_listed_with_what_they_do_and_cost_today(desk: Desk, serving: Serve) -> None:
    desk = with_hunter(desk)
    async with serving(desk) as http:
        lead_id = await asked_lead(http)
        await desk.write(lambda tx: reserved(tx, desk, lead_id))
        listed = {each["name"]: each for each in (await http.get("/api/cam/providers")).json()["items"]}
    assert listed["hunter"]["roles"] == ["verify"]
    assert (listed["hunter"]["credits_today"], listed["hunter"]["credits_per_day"]) == (0.5, 200)
    assert listed["csv"]["roles"] == ["source"]
    assert listed["csv"]["credits_today"] is None
    assert listed["hunter"]["source_fields"] == []
    assert [(field["name"], field["kind"], field["required"]) for field in listed["csv"]["source_fields"]] == [
        ("path", "text", True),
        ("map", "table", False),
        ("max_candidates", "number", False),
    ]


async def test_a_provider_that_rests_says_until_when_and_how_it_is_mended(desk: Desk, serving: Serve) -> None:
    desk = with_hunter(desk)
    refused = KeyRefused("set providers.hunter.api_key", scope=Scope.PROVIDER)
    await desk.context.providers.failed("hunter", Operation.VERIFY, refused)
    async with serving(desk) as http:
        listed = {each["name"]: each for each in (await http.get("/api/cam/providers")).json()["items"]}
    assert listed["hunter"]["problem"] == "set providers.hunter.api_key"
    assert listed["hunter"]["rests_until"] is not None


def reserved(tx: Tx, desk: Desk, lead_id: LeadId) -> Lookup:
    lead = tx.leads.get(lead_id)
    assert lead is not None
    campaign = tx.campaigns.get(lead.campaign_id)
    assert campaign is not None
    now = desk.now()
    lookup_outcomes.want(tx, OFFER.offer, campaign.id, lead.id, lead.facts, now)
    [wanted] = tx.lookups.of_lead(lead.id)
    credit_budget.reserve(tx, campaign, "hunter", wanted.price, now)
    return tx.lookups.save(wanted, replace(wanted, status=LookupStatus.ASKED, asked_at=now))


async def test_a_lead_shows_its_receipts(desk: Desk, serving: Serve) -> None:
    desk = with_hunter(desk)
    async with serving(desk) as http:
        lead_id = await asked_lead(http)

        def unit(tx: Tx) -> None:
            asked = reserved(tx, desk, lead_id)
            answer = LookupAnswer(Facts(), Verdict.VALID, "hunter: valid, score 97", "{}")
            done = replace(
                asked,
                status=LookupStatus.DONE,
                result=LookupResult.FOUND,
                spent=Decimal("0.5"),
                answer=answer,
                settled_at=desk.now() + timedelta(seconds=1),
            )
            tx.lookups.save(asked, done)

        before = await http.get(f"/api/cam/leads/{lead_id}")
        assert before.json()["receipts"] == []
        await desk.write(unit)
        [receipt] = (await http.get(f"/api/cam/leads/{lead_id}")).json()["receipts"]
        exported = (await http.get(f"/api/cam/leads/{lead_id}/export")).json()
    assert (receipt["provider"], receipt["operation"], receipt["result"]) == ("hunter", "verify", "found")
    assert (receipt["credits"], receipt["reserved"], receipt["asked_before"]) == (0.5, None, False)
    assert receipt["evidence"] == "hunter: valid, score 97"
    assert [lookup["spent"] for lookup in exported["lookups"]] == ["0.500"]
