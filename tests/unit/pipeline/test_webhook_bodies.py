"""What an endpoint reads of an event: ids and figures always, a person only where it may, and never more than it can
take.
"""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from camd.domain.campaign import Campaign
from camd.domain.events import Event, EventType, Value
from camd.domain.facts import Facts, TouchId
from camd.domain.lead import Authority, Lead, Lost, LostReason, Won
from camd.pipeline import record, webhook_bodies
from camd.ports.settings import WebhookSettings
from camd.schema.webhook import BODIES, DATA, MAX_BYTES, Person
from camd.sim.clock import START
from camd.sim.world import OPERATOR, World, people, simulate

CRM = WebhookSettings("crm", SecretStr("https://crm.example"), None, (), "standard", False, True)
BARE = replace(CRM, personal_data=False)
SLACK = replace(CRM, flavour="slack")


async def campaign_with_lead(world: World) -> tuple[Campaign, Lead]:
    campaign = await world.campaign(*people(1), name="Q1 <&> Dentists")
    await world.cycle(campaign)
    [lead] = await world.leads(campaign)
    return campaign, lead


async def append(world: World, kind: EventType, **fields: Any) -> int:
    """`Any`: fields of the event."""
    await world.store.write(lambda tx: tx.ledger.append(Event(kind, START, **({"actor": OPERATOR} | fields))))
    return await world.store.read(lambda tx: tx.ledger.last_seq())


async def body(world: World, seq: int, endpoint: WebhookSettings = CRM) -> Any:
    """`Any`: JSON."""
    return json.loads(await world.store.read(lambda tx: webhook_bodies.body_of(tx, endpoint, seq)))


def test_a_persons_facts_go_along_only_where_they_may(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await campaign_with_lead(world)
        seq = await append(
            world,
            EventType.LEAD_REPLIED,
            campaign_id=campaign.id,
            lead_id=lead.id,
            data={"from": "contacted", "to": "replied"},
        )
        personal = (await body(world, seq))["data"]
        bare = (await body(world, seq, BARE))["data"]
        assert personal["person"]["email"] == "p0@c0.example"
        assert (personal["campaign_name"], personal["actor"]) == ("Q1 <&> Dentists", "os:ann")
        assert bare == {
            "sequence": seq,
            "occurred_at": "2026-01-05T08:00:00Z",
            "actor": "os",
            "campaign_id": campaign.id,
            "campaign_name": None,
            "lead_id": lead.id,
            "person": None,
            "from": "contacted",
            "to": "replied",
            "reason": None,
        }

    simulate(tmp_path, scenario)


def test_a_win_tells_its_revenue(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        won = (Won(Decimal("99.50")),)
        await world.store.write(lambda tx: record.apply(tx, lead, won, actor=OPERATOR, now=START))
        seq = await world.store.read(lambda tx: tx.ledger.last_seq())
        told = await body(world, seq, BARE)
        while told["type"] != "lead.won":
            seq -= 1
            told = await body(world, seq, BARE)
        assert (told["data"]["mrr"], told["data"]["currency"]) == (99.5, "EUR")

    simulate(tmp_path, scenario)


def test_a_chat_gets_one_line(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await campaign_with_lead(world)
        lost = (Lost(LostReason.NEGATIVE_REPLY, Authority.OPERATOR),)
        await world.store.write(lambda tx: record.apply(tx, lead, lost, actor=OPERATOR, now=START))
        seq = await append(
            world,
            EventType.LEAD_LOST,
            campaign_id=campaign.id,
            lead_id=lead.id,
            data={"from": "new", "to": "lost", "reason": "negative_reply"},
        )
        switch = await append(world, EventType.KILLSWITCH_ON)
        paused = await append(world, EventType.CAMPAIGN_PAUSED, campaign_id=campaign.id)
        assert await body(world, seq, SLACK) == {
            "text": "lead.lost: P0 L0, C0 (Q1 &lt;&amp;&gt; Dentists) because of negative_reply"
        }
        assert await body(world, seq, replace(SLACK, personal_data=False)) == {
            "text": f"lead.lost: {lead.id} (campaign {campaign.id}) because of negative_reply"
        }
        assert await body(world, switch, SLACK) == {"text": "killswitch.on"}
        assert await body(world, paused, SLACK) == {"text": "campaign.paused: (Q1 &lt;&amp;&gt; Dentists)"}

    simulate(tmp_path, scenario)


def test_an_erased_person_is_no_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await campaign_with_lead(world)
        await world.erase(lead)
        seq = await append(world, EventType.LEAD_HELD, campaign_id=campaign.id, lead_id=lead.id)
        assert (await body(world, seq))["data"]["person"] is None
        gone = await append(world, EventType.LEAD_HELD, campaign_id=campaign.id, lead_id="ld_undone")
        assert (await body(world, gone))["data"]["person"] is None
        assert (await body(world, seq, SLACK))["text"].startswith(f"lead.held: {lead.id} (")

    simulate(tmp_path, scenario)


def test_a_test_event_is_one_of_its_schema_in_every_flavour() -> None:
    told = json.loads(webhook_bodies.trial_body_of(CRM, OPERATOR, START))
    BODIES["webhook.test"].model_validate(told)
    assert told["data"]["actor"] == OPERATOR
    assert json.loads(webhook_bodies.trial_body_of(BARE, OPERATOR, START))["data"]["actor"] == "os"
    assert json.loads(webhook_bodies.trial_body_of(SLACK, OPERATOR, START)).keys() == {"text"}


@pytest.mark.parametrize("kind", EventType)
def test_every_event_has_a_body_and_its_data_are_in_it(tmp_path: Path, kind: EventType) -> None:
    data = DATA[kind]

    async def scenario(world: World) -> None:
        campaign, lead = await campaign_with_lead(world)
        ids = {"campaign_id": campaign.id, "lead_id": lead.id, "touch_id": TouchId("to_1")}
        fields = {name: value for name, value in ids.items() if name in data.model_fields}
        told = await body(world, await append(world, kind, **fields))
        assert told["type"] == kind
        assert {name: told["data"][name] for name in fields} == fields
        BODIES[kind].model_validate(told)

    simulate(tmp_path, scenario)


def test_what_the_ledger_says_of_an_event_is_told(tmp_path: Path) -> None:
    """Nothing that the code writes is left out by a body's schema, but the figures of a recovery."""

    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3))
        await world.run_for(days=3)
        [_, second, third] = await world.leads(campaign)
        await world.opt_out("p0@c0.example")
        await world.lose(second)
        await world.erase(third)
        await world.reopen(second)
        await world.pause(campaign)
        await world.resume(campaign)
        await world.edit(campaign, target_niche="dentists")
        await world.kill()
        await world.archive(campaign)
        rows = await world.ledger()
        assert len({row.event.type for row in rows}) > 12
        for row in rows:
            told = (await body(world, row.seq))["data"]
            known: dict[str, Value] = {name: told.get(name) for name in row.event.data}
            assert known == dict(row.event.data), row.event.type

    simulate(tmp_path, scenario)


longest = st.text(min_size=200, max_size=2000)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(sorted(Person.model_fields)), longest))
def test_a_body_stays_small_whatever_is_known_of_a_person(facts: dict[str, str]) -> None:
    person = webhook_bodies._person(Facts(**facts))  # type: ignore[arg-type]  # texts by name
    assert person is None or len(person.model_dump_json().encode()) < MAX_BYTES - 2_000
