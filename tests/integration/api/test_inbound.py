"""What came in over the API: lists, one message whole, the review list, and what a person says that a message is."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import anyio
import httpx
import pytest

from camd.client import ApiError, CamdClient, SyncCamdClient
from camd.domain.campaign import Channel
from camd.domain.facts import CampaignId, InboundId, LeadId, TouchId
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadState, LeadStatus
from camd.operations import inbound
from camd.operations.desk import Desk
from camd.ports.records import Inbound, MatchedBy, Touch, TouchStatus
from camd.ports.store import Tx
from camd.schema.inbound import ClassifyBody
from camd.sim.world import mailbox

INBOUND = "/api/cam/inbound"
EXPORT = "/api/cam/campaigns/Q1/inbound/export"
Make = Callable[..., Awaitable[Inbound]]


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    settings = replace(desk.context.settings, mailboxes={"sales": mailbox("sales"), "team": mailbox("team")})
    return replace(desk, context=replace(desk.context, settings=settings))


@pytest.fixture
def arrived_at(desk: Desk) -> datetime:
    return desk.now().replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def make(http: httpx.AsyncClient, desk: Desk, arrived_at: datetime) -> Make:
    """An answer of a contacted lead of its own, neutral and on the review list by default; without a campaign it
    belongs to nobody. `Any`: fields of the message."""
    count = 0

    async def made(campaign: str | None = "Q1", **fields: Any) -> Inbound:
        nonlocal count
        count += 1
        plain = Inbound(
            id=InboundId(f"in_{count:026}"),
            mailbox="sales",
            identity=f"{count:064}",
            kind=InboundClass.HUMAN_NEUTRAL,
            evidence="no rule decided",
            waiting=True,
            arrived_at=arrived_at,
            created_at=arrived_at,
            by="engine",
            sender=f"p{count}@c{count}.example",
            subject="Re: For you",
            text="Who are you?",
        )
        if campaign is not None:
            plain = await _of_lead(http, desk, plain, campaign, arrived_at - timedelta(days=1))
        message = replace(plain, **fields)
        assert await desk.write(lambda tx: tx.inbox.add(message))
        return message

    return made


async def _of_lead(http: httpx.AsyncClient, desk: Desk, message: Inbound, campaign: str, sent_at: datetime) -> Inbound:
    await http.post("/api/cam/campaigns", json={"name": campaign})
    lead = (await http.post(f"/api/cam/campaigns/{campaign}/leads", json={"email": message.sender})).json()
    touch = Touch(
        id=TouchId(message.id.replace("in_", "to_")),
        campaign_id=CampaignId(lead["campaign_id"]),
        lead_id=LeadId(lead["id"]),
        step=1,
        channel=Channel.EMAIL,
        status=TouchStatus.SENT,
        due_at=sent_at,
        mailbox="sales",
        message_id=f"{message.id}@us.example",
        sent_at=sent_at,
        on_wire_at=sent_at,
        settled_at=sent_at,
    )
    await desk.write(lambda tx: _handed_over(tx, touch))
    return replace(
        message,
        campaign_id=touch.campaign_id,
        lead_id=touch.lead_id,
        touch_id=touch.id,
        matched_by=MatchedBy.MESSAGE_ID,
    )


def _handed_over(tx: Tx, touch: Touch) -> None:
    lead = tx.leads.get(touch.lead_id)
    assert lead is not None
    state = LeadState(LeadStatus.CONTACTED, ever_enriched=True, ever_handed_over=True)
    tx.leads.save(lead, replace(lead, state=state, next_action=None, next_action_at=None))
    tx.touches.insert(touch)


async def listed(http: httpx.AsyncClient, **params: Any) -> list[str]:
    found = await http.get(INBOUND, params=params)
    assert found.status_code == 200, found.text
    return [each["id"] for each in found.json()["items"]]


async def said(http: httpx.AsyncClient, message: Inbound, kind: str, **body: str) -> dict[str, Any]:
    """The message as it is once a person said its class. `Any`: JSON."""
    answer = await http.post(f"{INBOUND}/{message.id}/classify", json={"class": kind, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def lead_of(http: httpx.AsyncClient, message: Inbound) -> dict[str, Any]:
    return dict((await http.get(f"/api/cam/leads/{message.lead_id}")).json())


async def test_a_message_is_shown_with_its_class_its_evidence_and_its_text(
    http: httpx.AsyncClient, make: Make, arrived_at: datetime
) -> None:
    message = await make()
    assert (await http.get(f"{INBOUND}/{message.id}")).json() == {
        "id": message.id,
        "mailbox": "sales",
        "lead_id": message.lead_id,
        "touch_id": message.touch_id,
        "class": "human_neutral",
        "evidence": "no rule decided",
        "waiting": True,
        "subject": "Re: For you",
        "text": "Who are you?",
        "received_at": arrived_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sender": "p1@c1.example",
        "until": None,
        "note": None,
    }


async def test_a_message_of_nobody_whose_text_was_erased_is_shown_with_what_is_left(
    http: httpx.AsyncClient, make: Make
) -> None:
    bare = await make(None, sender=None, subject=None, text=None)
    shown = (await http.get(f"{INBOUND}/{bare.id}")).json()
    assert [shown[name] for name in ("lead_id", "touch_id", "sender", "subject", "text")] == [None] * 5


async def test_messages_are_listed_newest_first_and_page_by_page(http: httpx.AsyncClient, make: Make) -> None:
    ids = [(await make()).id for _ in range(3)]
    first = (await http.get(INBOUND, params={"limit": 2})).json()
    rest = (await http.get(INBOUND, params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None


async def test_a_list_cuts_long_texts_and_reads_on_until_it_is_full(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    first = await make(text="x" * 10_001)
    more = [replace(first, id=InboundId(f"in_{n:026}"), identity=f"{n:064}", text=None) for n in range(2, 131)]

    def unit(tx: Tx) -> None:
        for message in more:
            tx.inbox.add(message)

    await desk.write(unit)
    ids = [message.id for message in (*reversed(more), first)]
    assert await listed(http, limit=130) == ids
    assert await listed(http, limit=100) == ids[:100]
    assert await listed(http, limit=51) == ids[:51]
    last = (await http.get(INBOUND, params={"limit": 500})).json()["items"][-1]
    assert (last["id"], last["text"]) == (first.id, "x" * 10_000)
    assert (await http.get(f"{INBOUND}/{first.id}")).json()["text"] == "x" * 10_001


async def test_every_filter_of_the_list_counts(http: httpx.AsyncClient, make: Make) -> None:
    one = await make("Q1")
    two = await make("Q2", kind=InboundClass.OUT_OF_OFFICE, waiting=False, mailbox="team")
    stray = await make(None)
    assert await listed(http, waiting="true") == [stray.id, one.id]
    assert await listed(http, waiting="false") == [two.id]
    assert await listed(http, **{"class": "out_of_office"}) == [two.id]
    assert await listed(http, campaign="Q1") == await listed(http, campaign=1) == [one.id]
    assert await listed(http, lead=two.lead_id) == [two.id]
    assert await listed(http, mailbox="team") == [two.id]
    assert await listed(http, mailbox="sales", waiting="true", campaign="Q2") == []


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"class": "positive"}, 422),
        ({"kind": "human_positive"}, 422),
        ({"waiting": "perhaps"}, 422),
        ({"cursor": "x"}, 422),
        ({"limit": 501}, 422),
        ({"campaign": "gone"}, 404),
    ],
)
async def test_a_wrong_filter_is_refused(http: httpx.AsyncClient, params: dict[str, str], status: int) -> None:
    assert (await http.get(INBOUND, params=params)).status_code == status


async def test_a_message_that_is_not_there_is_404(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"{INBOUND}/in_gone")).status_code == 404
    answer = await http.post(f"{INBOUND}/in_gone/classify", json={"class": "unrelated"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:camd:problem:not-found")


async def test_what_waits_is_counted_in_the_status(http: httpx.AsyncClient, make: Make) -> None:
    one, _, _ = await make(), await make(None), await make(waiting=False)
    assert (await http.get("/api/cam/status")).json()["waiting"]["inbox"] == 2
    await said(http, one, "auto_reply")
    assert (await http.get("/api/cam/status")).json()["waiting"]["inbox"] == 1


async def test_the_class_that_it_has_is_confirmed(http: httpx.AsyncClient, make: Make) -> None:
    message = await make()
    confirmed = await said(http, message, "human_neutral", note="asks who we are")
    assert (confirmed["class"], confirmed["waiting"], confirmed["note"]) == ("human_neutral", False, "asks who we are")
    assert (await http.get(f"{INBOUND}/{message.id}")).json() == confirmed
    assert await listed(http, waiting="true") == []


@pytest.mark.parametrize("kind", InboundClass)
async def test_every_class_may_be_said_of_a_message_of_nobody(
    http: httpx.AsyncClient, make: Make, kind: InboundClass
) -> None:
    stray = await make(None)
    assert (await said(http, stray, kind))["class"] == kind
    assert await listed(http, waiting="true") == []
    assert (await http.get("/api/cam/suppressions")).json()["items"] == []


async def test_a_message_whose_text_was_erased_may_still_be_classified(http: httpx.AsyncClient, make: Make) -> None:
    bare = await make(sender=None, subject=None, text=None)
    assert (await said(http, bare, "human_negative"))["class"] == "human_negative"
    assert (await lead_of(http, bare))["status_reason"] == "negative_reply"


async def test_a_no_that_a_person_recognises_suppresses_and_a_second_thought_does_not_undo_that(
    http: httpx.AsyncClient, make: Make
) -> None:
    message = await make()
    await said(http, message, "opt_out_request")
    assert (await lead_of(http, message))["status_reason"] == "opted_out"
    await said(http, message, "auto_reply")
    [suppression] = (await http.get("/api/cam/suppressions")).json()["items"]
    assert (suppression["value"], suppression["reason"]) == (message.sender, "opted_out")


async def test_what_a_first_class_did_is_undone(http: httpx.AsyncClient, make: Make) -> None:
    message = await make()
    await said(http, message, "human_negative")
    assert (await lead_of(http, message))["status"] == "lost"
    await said(http, message, "auto_reply")
    assert (await lead_of(http, message))["status"] == "contacted"


async def test_who_said_it_stands_in_the_ledger(http: httpx.AsyncClient, make: Make) -> None:
    message = await make()
    await said(http, message, "auto_reply", note="a robot")
    [event] = (await http.get("/api/cam/events", params={"type": "inbound.reclassified"})).json()["items"]
    assert (event["actor"], event["lead_id"]) == ("os:local", message.lead_id)
    assert "robot" not in str(event)


async def test_the_campaign_whose_lead_changed_and_the_outboxes_are_woken(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    message = await make()
    later = desk.now() + timedelta(days=1)
    await http.post("/api/cam/campaigns/Q1/activate")
    await desk.write(lambda tx: tx.campaigns.sleep_until(CampaignId(1), later))
    bells = desk.doorbells.of(CampaignId(1)), desk.doorbells.outbox("sales")
    for bell in bells:
        bell.silence()
    await said(http, message, "human_positive")
    assert [await bell.wait(5) for bell in bells] == [True, True]
    [(_, next_cycle_at)] = await desk.read(lambda tx: tx.campaigns.active())
    assert next_cycle_at is not None
    assert next_cycle_at <= desk.now()  # also for the daemon of tomorrow, where none runs now


async def test_an_absence_holds_until_after_its_last_day(http: httpx.AsyncClient, make: Make, desk: Desk) -> None:
    message = await make()
    until = desk.now().date() + timedelta(days=9)
    assert (await said(http, message, "out_of_office", until=until.isoformat()))["until"] == until.isoformat()
    [hold] = (await lead_of(http, message))["holds"]
    assert hold["reason"] == "out_of_office"
    assert hold["until"][:10] > until.isoformat()


async def test_an_instant_counts_as_the_day_that_it_is_in_the_campaigns_zone(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    message = await make()
    await http.patch("/api/cam/campaigns/Q1", json={"timezone": "Pacific/Auckland"})
    day = desk.now().date() + timedelta(days=9)
    late = f"{day}T23:00:00Z"
    assert (await said(http, message, "out_of_office", until=late))["until"] == f"{day + timedelta(days=1)}"
    stray = await make(None)
    assert (await said(http, stray, "out_of_office", until=late))["until"] == f"{day}"  # engine.timezone is UTC


@pytest.mark.parametrize(
    ("body", "field", "named"),
    [
        ({}, "class", "required"),
        ({"class": "positive"}, "class", "'human_positive'"),
        ({"kind": "unrelated"}, "class", "required"),
        ({"class": "unrelated", "until": "2999-01-01"}, "until", "out_of_office alone"),
        ({"class": "out_of_office", "until": "soon"}, "until", "2027-01-31T14:00:00Z"),
        ({"class": "out_of_office", "until": "2020-01-01"}, "until", "still to come"),
        ({"class": "out_of_office", "until": "2020-01-01T10:00:00Z"}, "until", "still to come"),
        ({"class": "out_of_office", "until": "0001-01-01T00:00:00+14:00"}, "until", "still to come"),
        ({"class": "out_of_office", "until": "9999-12-31"}, "until", "ten years"),
        ({"class": "out_of_office", "until": "9999-12-31T23:59:59-14:00"}, "until", "ten years"),
        ({"class": "unrelated", "note": ""}, "note", "at least 1"),
        ({"class": "unrelated", "why": "x"}, "why", "no such field"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field_and_changes_nothing(
    http: httpx.AsyncClient, make: Make, body: dict[str, str], field: str, named: str
) -> None:
    message = await make()
    refused = await http.post(f"{INBOUND}/{message.id}/classify", json=body)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert named in {error["field"]: error["message"] for error in refused.json()["errors"]}[field]
    assert await listed(http, waiting="true") == [message.id]


async def test_today_is_still_to_come(http: httpx.AsyncClient, make: Make, desk: Desk) -> None:
    message = await make()
    # The campaign's zone is UTC; a test that begins before midnight and asks after it names a day that is over.
    today = (desk.now() + timedelta(seconds=30)).date()
    assert (await said(http, message, "out_of_office", until=f"{today}"))["until"] == f"{today}"


async def test_fault_79_an_export_of_answers_holds_no_formula(
    http: httpx.AsyncClient, make: Make, arrived_at: datetime
) -> None:
    first = await make(text="=cmd|' /C calc'!A0", subject="@SUM(1)")
    await make("Q2")
    await make(None)
    answer = await http.get(EXPORT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert 'filename="inbound.csv"' in answer.headers["Content-Disposition"]
    header, row = answer.text.splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert list(cells) == list(inbound.COLUMNS)
    assert cells == {
        "id": first.id,
        "received_at": arrived_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "class": "human_neutral",
        "evidence": "no rule decided",
        "waiting": "true",
        "mailbox": "sales",
        "lead_id": first.lead_id,
        "email": "p1@c1.example",
        "touch_id": first.touch_id,
        "step": "1",
        "sender": "p1@c1.example",
        "subject": "'@SUM(1)",
        "text": "'=cmd|' /C calc'!A0",
        "until": "",
        "note": "",
    }


async def test_an_export_goes_on_over_its_pages_and_stands_in_the_ledger(
    http: httpx.AsyncClient, make: Make, desk: Desk
) -> None:
    first = await make(text="two\nlines")
    more = [replace(first, id=InboundId(f"in_{n:026}"), identity=f"{n:064}", text=None) for n in range(2, 122)]

    def unit(tx: Tx) -> None:
        for message in more:
            tx.inbox.add(message)

    await desk.write(unit)
    lines = (await http.get(EXPORT)).text.split("\r\n")
    assert [line[:29] for line in lines[1:-1]] == [message.id for message in (*reversed(more), first)]
    assert '"two\nlines"' in lines[-2]
    assert len((await http.get("/api/cam/events", params={"type": "export.made"})).json()["items"]) == 1


async def test_an_export_of_nothing_is_a_header_and_of_no_campaign_404(http: httpx.AsyncClient) -> None:
    assert (await http.get(EXPORT)).status_code == 404
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    assert (await http.get(EXPORT)).text == ",".join(inbound.COLUMNS) + "\r\n"


async def test_the_client_lists_shows_classifies_and_exports(http: httpx.AsyncClient, make: Make) -> None:
    message = await make()
    taken = BytesIO()
    async with CamdClient(str(http.base_url)) as camd:
        assert [each.id for each in (await camd.inbox(waiting=True, campaign="Q1")).items] == [message.id]
        assert [each.id for each in (await camd.inbox(kind=InboundClass.COMPLAINT)).items] == []
        assert (await camd.inbound(message.id)).text == "Who are you?"
        body = ClassifyBody.model_validate({"class": "auto_reply"})
        assert (await camd.classify(message.id, body)).kind is InboundClass.AUTO_REPLY
        await camd.export_inbound("Q1", taken)
        with pytest.raises(ApiError, match="There is no message in_gone"):
            await camd.inbound("in_gone")
    assert b"auto_reply" in taken.getvalue()


async def test_the_plain_client_does_the_same(http: httpx.AsyncClient, make: Make) -> None:
    message = await make()
    taken = BytesIO()

    def work() -> InboundClass:
        with SyncCamdClient(str(http.base_url)) as camd:
            [found] = camd.inbox(lead=message.lead_id).items
            camd.export_inbound("Q1", taken)
            return camd.classify(found.id, ClassifyBody.model_validate({"class": "unrelated"})).kind

    assert await anyio.to_thread.run_sync(work) is InboundClass.UNRELATED
    assert message.id.encode() in taken.getvalue()
