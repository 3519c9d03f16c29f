"""`Idempotency-Key`: what is asked for twice is created once, and answered the same."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from camd.api.app import TABLE
from camd.client import ApiError, CamdClient
from camd.operations import campaigns, once
from camd.operations.desk import Desk
from camd.ports.answer_store import KEPT_FOR
from camd.ports.records import EventFilter
from camd.ports.store import Store, Tx
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

KEY = {"Idempotency-Key": "9f1c"}
Q1 = {"name": "Q1"}
CREATES = [
    ("/api/cam/campaigns", {"json": {"name": "Q2"}}),
    ("/api/cam/campaigns/Q1/leads", {"json": {"email": "ann@firm.example"}}),
    ("/api/cam/campaigns/Q1/leads/import", {"content": b"Email\nann@firm.example\nnobody@\n"}),
    ("/api/cam/suppressions", {"json": {"value": "ann@firm.example"}}),
    ("/api/cam/suppressions/import", {"content": b"ann@firm.example\n?\n"}),
]


@pytest.fixture
async def http(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """With a campaign to create leads in."""
    assert (await http.post("/api/cam/campaigns", json=Q1)).status_code == 201
    return http


def told(answer: httpx.Response) -> tuple[int, bytes, str | None, str | None]:
    return answer.status_code, answer.content, answer.headers.get("Location"), answer.headers.get("Content-Type")


async def count(desk: Desk) -> int:
    return len(await desk.read(lambda tx: tx.ledger.after(0, 500, EventFilter())))


@pytest.mark.parametrize(("path", "sent"), CREATES)
async def test_the_same_request_again_gets_the_same_answer(
    http: httpx.AsyncClient, desk: Desk, path: str, sent: dict[str, Any]
) -> None:
    first = await http.post(path, headers=KEY, **sent)
    assert first.is_success
    events = await count(desk)
    assert told(await http.post(path, headers=KEY, **sent)) == told(first)
    assert await count(desk) == events


async def test_every_create_heeds_a_key_and_says_so() -> None:
    heeding = {route.path for route in TABLE if route.doc.once}
    assert heeding == {path.replace("Q1", "{id}") for path, _ in CREATES} | {"/api/cam/tokens"}


@pytest.mark.parametrize(("path", "sent"), CREATES)
async def test_another_request_under_the_same_key_is_refused(
    http: httpx.AsyncClient, path: str, sent: dict[str, Any]
) -> None:
    assert (await http.post(path, headers=KEY, **sent)).is_success
    other = {"json": {"name": "Q3"}} if "json" in sent else {"content": b"bob@firm.example\n"}
    refused = await http.post("/api/cam/campaigns" if "json" in sent else path, headers=KEY, **other)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_keys_belong_to_their_caller(http: httpx.AsyncClient, socket: Path) -> None:
    """Who opens the socket has a name of their own, and whoever asks on loopback has none."""
    assert (await http.post("/api/cam/campaigns", json={"name": "Q2"}, headers=KEY)).status_code == 201
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(base_url="http://localhost", transport=transport) as other:
        assert (await other.post("/api/cam/campaigns", json={"name": "Q3"}, headers=KEY)).status_code == 201


async def test_a_refusal_is_not_kept_and_may_be_tried_again(http: httpx.AsyncClient) -> None:
    lead = {"email": "ann@firm.example"}
    assert (await http.post("/api/cam/campaigns/Q2/leads", json=lead, headers=KEY)).status_code == 404
    assert (await http.post("/api/cam/campaigns", json={"name": "Q2"})).status_code == 201
    assert (await http.post("/api/cam/campaigns/Q2/leads", json=lead, headers=KEY)).status_code == 201


async def test_a_token_is_made_once_and_its_text_kept_nowhere(http: httpx.AsyncClient, desk: Desk) -> None:
    body = {"name": "ci", "scope": "read"}
    made = (await http.post("/api/cam/tokens", json=body, headers=KEY)).json()
    headers = KEY | {"Authorization": "Bearer x"}
    assert (await http.post("/api/cam/tokens", json=body, headers=headers)).status_code == 401
    order = once.Order("os:local", "9f1c", "POST", "/api/cam/tokens", b"")
    kept = await desk.read(lambda tx: tx.answers.get(order.id(tx.instance.key()), desk.now()))
    assert kept is not None
    assert (kept.body, kept.location) == (None, f"/api/cam/tokens/{made['id']}")


@pytest.mark.parametrize("key", [b"", b"a b", "ü".encode(), b"x" * 256])
async def test_a_key_that_is_none_is_refused(http: httpx.AsyncClient, key: bytes) -> None:
    headers = [(b"Idempotency-Key", key)]
    refused = await http.post("/api/cam/campaigns", json={"name": "Q2"}, headers=headers)
    assert refused.status_code == 422
    assert (await http.get("/api/cam/campaigns/Q2")).status_code == 404


async def test_after_a_day_the_key_is_free_again(http: httpx.AsyncClient, desk: Desk) -> None:
    body = {"value": "firm.example"}
    assert (await http.post("/api/cam/suppressions", headers=KEY, json=body)).status_code == 201
    order = once.Order("os:local", "9f1c", "POST", "/api/cam/suppressions", b"")

    def query(tx: Tx) -> list[bool]:
        answer_id, now = order.id(tx.instance.key()), desk.now()
        return [tx.answers.get(answer_id, at) is not None for at in (now, now + KEPT_FOR)]

    assert await desk.read(query) == [True, False]


@dataclass(frozen=True, slots=True)
class Writing:
    """A store whose writes are done by `write`."""

    store: Store
    write: Callable[[Callable[[Tx], Any]], Awaitable[Any]]

    async def read(self, query: Callable[[Tx], Any]) -> Any:
        return await self.store.read(query)


def with_writes(desk: Desk, write: Callable[[Callable[[Tx], Any]], Awaitable[Any]]) -> Desk:
    store: Any = Writing(desk.context.store, write)
    return replace(desk, context=replace(desk.context, store=store))


async def create(http: httpx.AsyncClient) -> int:
    return (await http.post("/api/cam/campaigns", json=Q1, headers=KEY)).status_code


async def test_the_second_of_two_at_once_is_told_to_wait(desk: Desk, store: Store, serving: Serve) -> None:
    held, goes_on = anyio.Event(), anyio.Event()

    async def late(unit: Callable[[Tx], Any]) -> Any:
        held.set()
        await goes_on.wait()
        return await store.write(unit)

    answers: list[int] = []
    async with serving(with_writes(desk, late)) as http, anyio.create_task_group() as tasks:

        async def first() -> None:
            answers.append(await create(http))

        tasks.start_soon(first)
        await held.wait()
        answers.append(await create(http))
        goes_on.set()
    assert answers == [409, 201]


async def test_of_two_that_did_not_know_of_each_other_one_is_undone(desk: Desk, store: Store, serving: Serve) -> None:
    """As where the first caller left, and its create went on."""

    order = once.Order("os:local", KEY["Idempotency-Key"], "POST", "/api/cam/campaigns", b"")

    def keep(tx: Tx, _: CampaignDetail) -> None:
        once.keep(tx, desk, order, 201, None, b"{}", is_personal=False)

    async def late(unit: Callable[[Tx], Any]) -> Any:
        await campaigns.create(desk, CampaignBody(name="Q2"), actor="os:local", keep=keep)
        return await store.write(unit)

    async with serving(with_writes(desk, late)) as http:
        assert await create(http) == 409
    assert [each.name for each in (await campaigns.page(desk)).items] == ["Q2"]


async def test_a_crash_before_the_commit_creates_nothing(desk: Desk, store: Store, serving: Serve) -> None:
    async def crash(unit: Callable[[Tx], Any]) -> Any:
        def crashing(tx: Tx) -> None:
            unit(tx)
            raise RuntimeError("the process dies here")

        await store.write(crashing)

    async with serving(with_writes(desk, crash)) as http:
        assert await create(http) == 500
    assert await count(desk) == 0
    async with serving(desk) as http:
        assert await create(http) == 201


async def test_a_crash_after_the_commit_is_answered_by_the_next_process(
    desk: Desk, store: Store, serving: Serve
) -> None:
    async def crash(unit: Callable[[Tx], Any]) -> Any:
        await store.write(unit)
        raise RuntimeError("the process dies here")

    async with serving(with_writes(desk, crash)) as http:
        assert await create(http) == 500
    events = await count(desk)
    async with serving(desk) as http:
        again = await http.post("/api/cam/campaigns", json=Q1, headers=KEY)
        assert (again.status_code, again.json()["name"]) == (201, "Q1")
        assert again.headers["Location"] == "/api/cam/campaigns/1"
    assert await count(desk) == events == 1


@pytest.mark.parametrize("key", ["1", None])
async def test_the_client_creates_once_under_a_key(http: httpx.AsyncClient, key: str | None) -> None:
    async with CamdClient(str(http.base_url)) as camd:
        first = await camd.create_campaign(CampaignBody(name="Q2"), key=key)
        if key is None:
            with pytest.raises(ApiError, match="name is taken"):
                await camd.create_campaign(CampaignBody(name="Q2"), key=key)
        else:
            assert await camd.create_campaign(CampaignBody(name="Q2"), key=key) == first
