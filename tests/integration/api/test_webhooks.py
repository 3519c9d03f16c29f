"""Webhooks over the API: what there is, a try, what was given up and goes again."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from camd.client import CamdClient
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.webhooks import DeliveryStatus, PauseReason
from camd.operations.desk import Desk
from camd.ports.settings import EngineSettings, WebhookSettings
from camd.ports.store import Tx
from camd.ports.webhooks import Answer, Delivery, Endpoint, TargetRefused
from camd.schema.webhook import BODIES
from camd.sim.webhooks import MemoryWebhooks

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]
CANARY = "canary-5f1c"


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """Live, with a Make webhook."""
    url, key = SecretStr(f"https://hook.example/{CANARY}"), SecretStr(CANARY)
    make = WebhookSettings("make", url, key, (), "make", False, True)
    settings = replace(desk.context.settings, webhooks={"make": make}, engine=EngineSettings(dry_run=False))
    webhooks = MemoryWebhooks(desk.context.clock)
    return replace(desk, context=replace(desk.context, settings=settings, webhooks=webhooks))


def memory(desk: Desk) -> MemoryWebhooks:
    assert isinstance(desk.context.webhooks, MemoryWebhooks)
    return desk.context.webhooks


async def given(desk: Desk, count: int = 1, **changes: object) -> list[Delivery]:
    """So many events in the ledger, each with a delivery that stands as `changes` say."""

    def unit(tx: Tx) -> list[Delivery]:
        for _ in range(count):
            tx.ledger.append(Event(EventType.KILLSWITCH_ON, desk.now(), ENGINE))
            seq = tx.ledger.last_seq()
            tx.webhooks.add("make", seq, f"ev_{seq}", desk.now())
        made = tx.webhooks.due("make", desk.now(), count)
        return [tx.webhooks.save(each, replace(each, **changes)) for each in made]  # type: ignore[arg-type]  # by name

    return await desk.write(unit)


async def test_the_endpoints_are_a_list_without_their_addresses_and_secrets(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    await given(desk, 2)
    answer = await http.get("/api/cam/webhooks")
    [made] = answer.json()["items"]
    assert made.pop("oldest_at")
    assert made == {
        "name": "make",
        "flavour": "make",
        "status": "active",
        "reason": None,
        "since": None,
        "next_try_at": None,
        "events": [
            "campaign.paused",
            "campaign.completed",
            "lead.replied",
            "lead.qualified",
            "lead.won",
            "lead.lost",
            "goal.reached",
        ],
        "signed": False,
        "personal_data": True,
        "backlog": 2,
        "dead": 0,
        "delivered_at": None,
    }
    assert CANARY not in answer.text


async def test_a_paused_endpoint_says_why_and_warns_in_healthz(desk: Desk, http: httpx.AsyncClient) -> None:
    now = desk.now()
    await desk.write(lambda tx: tx.webhooks.put(Endpoint("make", 0, PauseReason.GONE, now, not_before=now)))
    [made] = (await http.get("/api/cam/webhooks")).json()["items"]
    assert (made["status"], made["reason"]) == ("paused", "gone")
    assert made["next_try_at"]
    health = (await http.get("/healthz")).json()
    assert health["status"] == "warn"
    assert health["checks"]["webhooks"] == [{"status": "warn", "output": "make is paused: gone"}]


async def test_a_test_goes_out_at_once_also_in_dry_run(desk: Desk, serving: Serve) -> None:
    settings = replace(desk.context.settings, engine=EngineSettings(dry_run=True))
    dry = replace(desk, context=replace(desk.context, settings=settings))
    async with serving(dry) as http:
        answer = await http.post("/api/cam/webhooks/make/test")
    [taken] = memory(desk).requests["make"]
    tried = answer.json()
    assert tried == {
        "name": "make",
        "ok": True,
        "message": "took it (200)",
        "event_id": taken.post.event_id,
        "status_code": 200,
    }
    body = json.loads(taken.post.body)
    assert body["type"] == "webhook.test"
    BODIES["webhook.test"].model_validate(body)


@pytest.mark.parametrize(
    ("reaction", "message"),
    [
        (Answer(410), "switch it on in Make"),
        (Answer(401), "the secret is not the one"),
        (Answer(500), "answered 500"),
        (TargetRefused("the host has a loopback address"), "loopback"),
    ],
)
async def test_a_test_that_fails_says_how_to_mend_it(
    desk: Desk, http: httpx.AsyncClient, reaction: Answer | Exception, message: str
) -> None:
    memory(desk).scripts["make"].append(reaction)
    tried = (await http.post("/api/cam/webhooks/make/test")).json()
    assert tried["ok"] is False
    assert message in tried["message"]
    assert (await http.get("/api/cam/webhooks/deliveries")).json()["items"] == []


async def test_a_test_that_is_taken_ends_the_pause(desk: Desk, http: httpx.AsyncClient) -> None:
    await given(desk, attempts=3)
    await desk.write(lambda tx: tx.webhooks.put(Endpoint("make", 0, PauseReason.REFUSED, desk.now())))
    bell = desk.doorbells.endpoint("make")
    await http.post("/api/cam/webhooks/make/test")
    [made] = (await http.get("/api/cam/webhooks")).json()["items"]
    assert (made["status"], bell.rings) == ("active", 1)
    [delivery] = (await http.get("/api/cam/webhooks/deliveries")).json()["items"]
    assert delivery["attempts"] == 0


async def test_deliveries_are_listed_by_their_status_in_pages(desk: Desk, http: httpx.AsyncClient) -> None:
    await given(desk, 2, status=DeliveryStatus.DEAD, settled_at=desk.now(), reason="answered 500", status_code=500)
    await given(desk)
    every = (await http.get("/api/cam/webhooks/deliveries")).json()["items"]
    dead = (await http.get("/api/cam/webhooks/deliveries", params={"status": "dead", "limit": 1})).json()
    assert [each["status"] for each in every] == ["pending", "dead", "dead"]
    assert dead["items"] == [every[1]]
    assert (every[1]["type"], every[1]["reason"], every[1]["next_attempt_at"]) == (
        "killswitch.on",
        "answered 500",
        None,
    )
    params = {"status": "dead", "limit": "1", "cursor": dead["next"]}
    assert (await http.get("/api/cam/webhooks/deliveries", params=params)).json()["items"] == [every[2]]
    assert (await http.get("/api/cam/webhooks/deliveries", params={"status": "sent"})).status_code == 422
    assert (await http.get("/api/cam/webhooks/deliveries", params={"cursor": "x"})).status_code == 422


@pytest.mark.parametrize("status", [DeliveryStatus.DEAD, DeliveryStatus.DELIVERED])
async def test_a_replay_goes_out_again_under_the_same_id(
    desk: Desk, http: httpx.AsyncClient, status: DeliveryStatus
) -> None:
    [delivery] = await given(desk, status=status, attempts=12, settled_at=desk.now(), reason="answered 500")
    answer = await http.post(f"/api/cam/webhooks/deliveries/{delivery.id}/replay")
    again = answer.json()
    assert (again["status"], again["attempts"], again["event_id"]) == ("pending", 0, delivery.event_id)
    assert [each.seq for each in await desk.read(lambda tx: tx.webhooks.due("make", desk.now(), 9))] == [delivery.seq]


async def test_a_replay_of_what_waits_is_tried_now_and_keeps_its_attempts(desk: Desk, http: httpx.AsyncClient) -> None:
    [delivery] = await given(desk, attempts=3)
    again = (await http.post(f"/api/cam/webhooks/deliveries/{delivery.id}/replay")).json()
    assert (again["status"], again["attempts"]) == ("pending", 3)


async def test_what_is_not_there_is_404(http: httpx.AsyncClient) -> None:
    for path in ("/webhooks/none/test", "/webhooks/deliveries/99/replay", "/webhooks/deliveries/x/replay"):
        assert (await http.post(f"/api/cam{path}")).status_code == 404


async def test_nothing_is_replayed_in_dry_run_or_to_an_endpoint_that_is_gone(desk: Desk, serving: Serve) -> None:
    [delivery] = await given(desk, status=DeliveryStatus.DEAD, settled_at=desk.now())
    path = f"/api/cam/webhooks/deliveries/{delivery.id}/replay"
    as_it_is = desk.context.settings
    for settings in (replace(as_it_is, engine=EngineSettings(dry_run=True)), replace(as_it_is, webhooks={})):
        async with serving(replace(desk, context=replace(desk.context, settings=settings))) as http:
            assert (await http.post(path)).status_code == 409


async def test_the_client_asks_the_same(desk: Desk, http: httpx.AsyncClient) -> None:
    [delivery] = await given(desk, status=DeliveryStatus.DEAD, settled_at=desk.now())
    async with CamdClient(str(http.base_url)) as client:
        assert [endpoint.dead for endpoint in (await client.webhooks()).items] == [1]
        assert (await client.try_webhook("make")).ok
        assert [each.id for each in (await client.deliveries(status=DeliveryStatus.DEAD)).items] == [delivery.id]
        assert (await client.replay(delivery.id)).status is DeliveryStatus.PENDING
