"""Touches over the API: lists, one mail whole, and what a person decides about them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from camd.client import ApiError, CamdClient
from camd.domain.campaign import Channel
from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.domain.lead import Action, Hold, HoldReason, LeadState, LeadStatus
from camd.operations.desk import Desk
from camd.pipeline.approval import approvals_counter
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx
from camd.schema.touch import ApproveBody, Resolution
from camd.sim.world import mailbox

TOUCHES = "/api/cam/touches"
Make = Callable[..., Awaitable[Touch]]


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    settings = replace(desk.context.settings, mailboxes={"sales": mailbox("sales"), "team": mailbox("team")})
    return replace(desk, context=replace(desk.context, settings=settings))


@pytest.fixture
def due_at(desk: Desk) -> datetime:
    return desk.now().replace(microsecond=0) + timedelta(hours=1)


@pytest.fixture
def make(http: httpx.AsyncClient, desk: Desk, due_at: datetime) -> Make:
    """A touch of an enriched lead of its own, planned by default. `Any`: fields of the touch."""
    count = 0

    async def made(campaign: str = "Q1", **fields: Any) -> Touch:
        nonlocal count
        count += 1
        await http.post("/api/cam/campaigns", json={"name": campaign})
        person = {"email": f"p{count}@c{count}.example"}
        lead = (await http.post(f"/api/cam/campaigns/{campaign}/leads", json=person)).json()
        plain = Touch(
            id=TouchId(f"to_{count:026}"),
            campaign_id=CampaignId(lead["campaign_id"]),
            lead_id=LeadId(lead["id"]),
            step=1,
            channel=Channel.EMAIL,
            status=TouchStatus.PLANNED,
            due_at=due_at,
            mailbox="sales",
            subject="For you",
            body="Hello\n\nAnn",
        )
        touch = replace(plain, **fields)
        await desk.write(lambda tx: insert(tx, touch, desk.now()))
        return touch

    return made


def insert(tx: Tx, touch: Touch, now: datetime) -> None:
    lead = tx.leads.get(touch.lead_id)
    assert lead is not None
    state = LeadState(LeadStatus.ENRICHED, ever_enriched=True)
    tx.leads.save(lead, replace(lead, state=state, enriched_at=now, next_action=Action.OUTREACH, next_action_at=None))
    tx.touches.insert(touch)


@pytest.fixture
async def unknown(make: Make, desk: Desk, due_at: datetime) -> Touch:
    """A mail that may have arrived, and its lead held for it."""
    touch = await make(status=TouchStatus.UNKNOWN, message_id="<m@us.example>", on_wire_at=due_at, settled_at=due_at)
    lead = await desk.read(lambda tx: tx.leads.get(touch.lead_id))
    assert lead is not None
    held = replace(lead, holds=(Hold(HoldReason.SEND_UNKNOWN, due_at),))
    await desk.write(lambda tx: tx.leads.save(lead, held))
    return touch


async def listed(http: httpx.AsyncClient, **params: Any) -> list[str]:
    found = await http.get(TOUCHES, params=params)
    assert found.status_code == 200, found.text
    return [each["id"] for each in found.json()["items"]]


async def test_a_touch_is_shown_with_its_whole_mail(http: httpx.AsyncClient, make: Make, due_at: datetime) -> None:
    touch = await make()
    shown = (await http.get(f"{TOUCHES}/{touch.id}")).json()
    assert shown == {
        "id": touch.id,
        "campaign_id": 1,
        "lead_id": touch.lead_id,
        "step": 1,
        "channel": "email",
        "status": "planned",
        "reason": None,
        "mailbox": "sales",
        "message_id": None,
        "subject": "For you",
        "body": "Hello\n\nAnn",
        "due_at": due_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sent_at": None,
    }


async def test_touches_are_listed_newest_first_and_page_by_page(http: httpx.AsyncClient, make: Make) -> None:
    ids = [(await make()).id for _ in range(3)]
    first = (await http.get(TOUCHES, params={"limit": 2})).json()
    rest = (await http.get(TOUCHES, params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None


async def test_every_filter_of_the_list_counts(http: httpx.AsyncClient, make: Make) -> None:
    one = await make("Q1")
    two = await make("Q2", status=TouchStatus.SENT, mailbox="team")
    task = await make("Q2", channel=Channel.TASK, mailbox=None)
    assert await listed(http, status="sent") == [two.id]
    assert await listed(http, campaign="Q1") == await listed(http, campaign=1) == [one.id]
    assert await listed(http, lead=two.lead_id) == [two.id]
    assert await listed(http, mailbox="sales") == [one.id]
    assert await listed(http, channel="task") == [task.id]
    assert await listed(http, channel="email", status="planned") == [one.id]


@pytest.mark.parametrize(
    ("params", "status"),
    [({"status": "new"}, 422), ({"channel": "fax"}, 422), ({"cursor": "x"}, 422), ({"campaign": "gone"}, 404)],
)
async def test_a_wrong_filter_is_refused(http: httpx.AsyncClient, params: dict[str, str], status: int) -> None:
    assert (await http.get(TOUCHES, params=params)).status_code == status


@pytest.mark.parametrize("verb", ["approve", "cancel", "done", "skip"])
async def test_a_touch_that_is_not_there_is_404(http: httpx.AsyncClient, verb: str) -> None:
    assert (await http.get(f"{TOUCHES}/to_gone")).status_code == 404
    assert (await http.post(f"{TOUCHES}/to_gone/{verb}")).status_code == 404
    assert (await http.post(f"{TOUCHES}/to_gone/resolve", json={"as": "sent"})).status_code == 404


@pytest.mark.parametrize(
    ("channel", "verb", "status"),
    [
        (Channel.EMAIL, "approve", "approved"),
        (Channel.EMAIL, "cancel", "cancelled"),
        (Channel.TASK, "done", "done"),
        (Channel.TASK, "skip", "skipped"),
        (Channel.TASK, "cancel", "cancelled"),
    ],
)
async def test_a_decision_answers_the_touch_as_it_is_then(
    http: httpx.AsyncClient, make: Make, channel: Channel, verb: str, status: str
) -> None:
    touch = await make(channel=channel)
    decided = await http.post(f"{TOUCHES}/{touch.id}/{verb}")
    assert (decided.status_code, decided.json()["status"]) == (200, status)
    assert (await http.get(f"{TOUCHES}/{touch.id}")).json() == decided.json()


async def test_who_decided_stands_in_the_ledger(http: httpx.AsyncClient, make: Make) -> None:
    touch = await make()
    await http.post(f"{TOUCHES}/{touch.id}/approve")
    [event] = (await http.get("/api/cam/events", params={"type": "touch.approved"})).json()["items"]
    assert (event["actor"], event["touch_id"], event["lead_id"]) == ("os:local", touch.id, touch.lead_id)


@pytest.mark.parametrize(
    ("fields", "verb", "named"),
    [
        ({"status": TouchStatus.SENT}, "approve", ("sent", "nothing can be decided")),
        ({"status": TouchStatus.ON_WIRE}, "cancel", ("on_wire", "nothing can be decided")),
        ({"status": TouchStatus.APPROVED}, "approve", ("approved", "only this is possible: cancel")),
        ({}, "done", ("planned", "only this is possible: approve, cancel")),
        ({"channel": Channel.TASK}, "approve", ("task", "only this is possible: done, skip, cancel")),
    ],
)
async def test_a_decision_that_the_status_forbids_is_409_and_names_what_is_possible(
    http: httpx.AsyncClient, make: Make, fields: dict[str, Any], verb: str, named: tuple[str, str]
) -> None:
    touch = await make(**fields)
    refused = await http.post(f"{TOUCHES}/{touch.id}/{verb}")
    assert refused.status_code == 409
    assert all(word in refused.json()["detail"] for word in named), refused.json()["detail"]
    assert (await http.get(f"{TOUCHES}/{touch.id}")).json()["status"] == touch.status


async def test_nothing_is_approved_in_an_archived_campaign(http: httpx.AsyncClient, make: Make) -> None:
    touch = await make()
    await http.delete("/api/cam/campaigns/Q1")
    assert (await http.post(f"{TOUCHES}/{touch.id}/approve")).status_code == 409
    some = (await http.post(f"{TOUCHES}/approve", json={"ids": [touch.id]})).json()
    assert (some["approved"], len(some["refused"])) == (0, 1)
    assert (await http.post(f"{TOUCHES}/approve", json={"campaign": 1, "all": True})).status_code == 409


@pytest.mark.parametrize(("word", "status"), [("sent", "sent"), ("retry", "approved")])
async def test_an_unknown_mail_is_resolved_by_a_person(
    http: httpx.AsyncClient, unknown: Touch, word: str, status: str
) -> None:
    assert (await http.get("/api/cam/status")).json()["waiting"]["unknown"] == 1
    resolved = (await http.post(f"{TOUCHES}/{unknown.id}/resolve", json={"as": word})).json()
    assert (resolved["status"], resolved["message_id"]) == (status, "<m@us.example>")
    assert (await http.get(f"/api/cam/leads/{unknown.lead_id}")).json()["holds"] == []
    assert (await http.get("/api/cam/status")).json()["waiting"]["unknown"] == 0


async def test_an_unknown_mail_is_resolved_in_an_archived_campaign_too(http: httpx.AsyncClient, unknown: Touch) -> None:
    await http.delete("/api/cam/campaigns/Q1")
    assert (await http.post(f"{TOUCHES}/{unknown.id}/resolve", json={"as": "sent"})).status_code == 200


async def test_an_unknown_mail_of_an_erased_person_is_resolved_and_not_sent_again(
    http: httpx.AsyncClient, unknown: Touch
) -> None:
    await http.delete(f"/api/cam/leads/{unknown.lead_id}")
    resolved = (await http.post(f"{TOUCHES}/{unknown.id}/resolve", json={"as": "retry"})).json()
    assert (resolved["status"], resolved["body"]) == ("cancelled", None)


@pytest.mark.parametrize("body", [{}, {"as": "lost"}, {"outcome": "sent"}, {"as": "sent", "why": "x"}])
async def test_a_resolution_is_sent_or_retry(http: httpx.AsyncClient, unknown: Touch, body: dict[str, str]) -> None:
    assert (await http.post(f"{TOUCHES}/{unknown.id}/resolve", json=body)).status_code == 422


@pytest.mark.parametrize("verb", ["approve", "cancel", "done", "skip"])
async def test_the_other_decisions_take_no_body(http: httpx.AsyncClient, make: Make, verb: str) -> None:
    touch = await make()
    assert (await http.post(f"{TOUCHES}/{touch.id}/{verb}", json={"force": True})).status_code == 422


async def test_many_are_approved_and_those_that_cannot_be_are_named(http: httpx.AsyncClient, make: Make) -> None:
    one, sent, two = await make(), await make(status=TouchStatus.SENT), await make("Q2")
    body = {"ids": [one.id, sent.id, "to_gone", two.id, one.id]}
    report = (await http.post(f"{TOUCHES}/approve", json=body)).json()
    assert (report["approved"], report["more"]) == (2, False)
    assert [each["id"] for each in report["refused"]] == [sent.id, "to_gone"]
    assert await listed(http, status="approved") == [two.id, one.id]


async def test_all_mails_of_a_campaign_are_approved_and_its_tasks_and_other_campaigns_wait(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    mails = [await make(steps_version=version) for version in (1, 1, 2)]
    task, other = await make(channel=Channel.TASK, mailbox=None), await make("Q2")
    report = (await http.post(f"{TOUCHES}/approve", json={"campaign": "Q1", "all": True})).json()
    assert report == {"approved": 3, "refused": [], "more": False}
    assert set(await listed(http, status="approved")) == {touch.id for touch in mails}
    assert await listed(http, status="planned") == [other.id, task.id]
    counted = await desk.read(
        lambda tx: [tx.counters.get(mails[0].campaign_id, approvals_counter(version)) for version in (1, 2)]
    )
    assert counted == [2, 1]


async def test_more_than_a_thousand_mails_are_approved_in_several_requests(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    first = await make()

    def fill(tx: Tx) -> None:
        for step in range(2, 1003):
            tx.touches.insert(replace(first, id=TouchId(f"to_{step}"), step=step))

    await desk.write(fill)
    body = {"campaign": "Q1", "all": True}
    assert (await http.post(f"{TOUCHES}/approve", json=body)).json() == {"approved": 1000, "refused": [], "more": True}
    assert (await http.post(f"{TOUCHES}/approve", json=body)).json() == {"approved": 2, "refused": [], "more": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"all": True},
        {"campaign": "Q1"},
        {"ids": ["to_1"], "all": True},
        {"ids": ["to_1"], "campaign": "Q1", "all": True},
        {"ids": ["to_1"] * 1001},
    ],
)
async def test_what_is_to_be_approved_is_said_in_one_way(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await http.post(f"{TOUCHES}/approve", json=body)).status_code == 422


@pytest.mark.parametrize("way", ["one", "many", "all"])
async def test_a_decision_wakes_the_campaign_and_the_outboxes(
    http: httpx.AsyncClient, make: Make, desk: Desk, way: str
) -> None:
    touch = await make()
    in_a_year = desk.now() + timedelta(days=365)
    await desk.write(lambda tx: tx.campaigns.sleep_until(touch.campaign_id, in_a_year))
    campaign, outbox = desk.doorbells.of(touch.campaign_id), desk.doorbells.outbox("sales")
    await campaign.wait(0)
    match way:
        case "one":
            await http.post(f"{TOUCHES}/{touch.id}/approve")
        case "many":
            await http.post(f"{TOUCHES}/approve", json={"ids": [touch.id]})
        case _:
            await http.post(f"{TOUCHES}/approve", json={"campaign": "Q1", "all": True})
    assert await campaign.wait(5)
    assert await outbox.wait(5)
    stored = await desk.read(lambda tx: tx.campaigns.get(touch.campaign_id))
    assert stored is not None
    assert stored.next_cycle_at is not None
    assert stored.next_cycle_at <= desk.now()


async def test_mails_that_wait_for_approval_stand_in_the_status(http: httpx.AsyncClient, make: Make) -> None:
    await make()
    await make(channel=Channel.TASK, mailbox=None)
    await make(status=TouchStatus.APPROVED)
    assert (await http.get("/api/cam/status")).json()["waiting"] == {"approvals": 1, "inbox": 0, "unknown": 0}


async def test_what_was_planned_anew_after_an_outage_stands_in_the_status(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    touch = await make()
    await desk.write(lambda tx: tx.counters.add(touch.campaign_id, "overdue_replanned", 4))
    assert (await http.get("/api/cam/status")).json()["overdue_replanned"] == 4


async def test_the_client_decides_about_touches(http: httpx.AsyncClient, make: Make, unknown: Touch) -> None:
    one, two = await make(), await make("Q2")
    calls = [await make("Q2", channel=Channel.TASK, mailbox=None) for _ in range(2)]
    async with CamdClient(str(http.base_url)) as camd:
        assert [each.id for each in (await camd.touches(campaign="Q2", channel=Channel.EMAIL)).items] == [two.id]
        assert (await camd.touch(one.id)).body == "Hello\n\nAnn"
        assert (await camd.approve(one.id)).status == "approved"
        assert (await camd.approve_many(ApproveBody(campaign="Q2", all=True))).approved == 1
        assert (await camd.cancel(two.id)).status == "cancelled"
        assert (await camd.done(calls[0].id)).status == "done"
        assert (await camd.skip(calls[1].id)).status == "skipped"
        assert (await camd.resolve(unknown.id, Resolution.RETRY)).status == "approved"
        with pytest.raises(ApiError):
            await camd.resolve(unknown.id, Resolution.SENT)
