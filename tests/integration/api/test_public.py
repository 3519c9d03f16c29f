"""The public listener over real HTTP and a real store: who says no is heard, and nobody else learns anything."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

import anyio
import httpx
import pytest
from sqlalchemy import Connection

from camd.api.client_limit import ClientLimit
from camd.api.listen import CannotBind, serve_public
from camd.api.opt_out_page import WORDS
from camd.api.public import build_public_app
from camd.domain.contact import parse_address
from camd.domain.facts import LeadId
from camd.domain.lead import LeadStatus, LostReason, TouchAccepted
from camd.domain.opt_out import make_token
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.domain.token_bucket import RateBucket
from camd.operations import campaigns, leads
from camd.operations.desk import Desk, find_lead
from camd.pipeline import record
from camd.ports.journal import SuppressionLine
from camd.ports.records import EventFilter, Listing, Suppression
from camd.ports.settings import LoggingSettings, PublicSettings
from camd.ports.store import Store, Tx
from camd.ports.store_errors import StoreUnavailable
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.telemetry.logs import configure

T = TypeVar("T")

ADDRESS = "Canary.Bird+news@acme.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORGED = "A" * 64
ServePublic = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def public() -> ServePublic:
    @asynccontextmanager
    async def served(desk: Desk, limit: ClientLimit | None = None) -> AsyncIterator[httpx.AsyncClient]:
        app = build_public_app(desk, limit)
        async with (
            serve_public(app, PublicSettings(enabled=True, port=0)) as url,
            httpx.AsyncClient(base_url=url) as client,
        ):
            yield client

    return served


@pytest.fixture
async def http(desk: Desk, public: ServePublic) -> AsyncIterator[httpx.AsyncClient]:
    async with public(desk) as client:
        yield client


@pytest.fixture
async def token(store: Store) -> str:
    key = await store.read(lambda tx: tx.instance.key())
    return make_token(key, parse_address(ADDRESS).key)


async def written_to(desk: Desk, name: str = "Q1", language: str = "de") -> LeadId:
    """A lead that a campaign has written to."""
    body = CampaignBody.model_validate({"name": name, "language": language})
    await campaigns.create(desk, body, actor="os:ann")
    lead_id = LeadId((await leads.add(desk, name, LeadBody(email=ADDRESS), actor="os:ann")).lead.id)

    def unit(tx: Tx) -> None:
        lead = find_lead(tx, lead_id)
        enriched = replace(lead, state=replace(lead.state, status=LeadStatus.ENRICHED))
        saved = tx.leads.save(lead, enriched)
        record.apply(tx, saved, (TouchAccepted(),), actor="engine", now=desk.now())

    await desk.write(unit)
    return lead_id


async def suppressions(store: Store) -> list[Suppression]:
    return list(await store.read(lambda tx: tx.suppressions.page(Listing())))


async def ledger_length(store: Store) -> int:
    return len(await store.read(lambda tx: tx.ledger.after(0, 1000, EventFilter())))


def counted(desk: Desk) -> dict[str, float]:
    lines = desk.context.metrics.render().decode().splitlines()
    ours = [line.rpartition(" ") for line in lines if line.startswith("camd_opt_out_requests_total{")]
    return {name.partition("{")[2].rstrip("}"): float(value) for name, _, value in ours if float(value)}


@pytest.mark.parametrize(
    "post",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
    ],
    ids=["urlencoded", "multipart", "nothing"],
)
async def test_a_post_opts_out_at_once(
    desk: Desk, store: Store, http: httpx.AsyncClient, token: str, post: dict[str, object]
) -> None:
    lead_id = await written_to(desk)
    answer = await http.post(f"/u/{token}", **post)  # type: ignore[arg-type]  # one of httpx's bodies
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "de")
    assert WORDS["de"].done in answer.text
    [kept] = await suppressions(store)
    assert (kept.value, kept.by) == ("canary.bird@acme.example", "person")
    lead = await store.read(lambda tx: find_lead(tx, lead_id))
    assert (lead.status, lead.state.lost_reason) == (LeadStatus.LOST, LostReason.OPTED_OUT)
    assert counted(desk) == {'method="POST",result="stored"': 1}


async def test_looking_at_the_page_changes_nothing(
    desk: Desk, store: Store, http: httpx.AsyncClient, token: str
) -> None:
    await written_to(desk)
    before = await ledger_length(store)
    for method in ("GET", "HEAD"):
        answer = await http.request(method, f"/u/{token}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert WORDS["de"].button in (await http.get(f"/u/{token}")).text
    assert (await http.head(f"/u/{token}")).content == b""
    assert (await suppressions(store), await ledger_length(store)) == ([], before)
    assert counted(desk) == {'method="GET",result="shown"': 4}


async def test_a_second_post_is_answered_alike_and_stores_nothing(
    desk: Desk, store: Store, http: httpx.AsyncClient, token: str
) -> None:
    await written_to(desk)
    first = await http.post(f"/u/{token}", data=ONE_CLICK)
    before = await ledger_length(store)
    second = await http.post(f"/u/{token}", data=ONE_CLICK)
    assert (second.status_code, second.text) == (200, first.text)
    assert (len(await suppressions(store)), await ledger_length(store)) == (1, before)
    assert counted(desk) == {'method="POST",result="stored"': 1, 'method="POST",result="known"': 1}


async def test_many_posts_at_once_store_one_suppression(
    desk: Desk, store: Store, http: httpx.AsyncClient, token: str
) -> None:
    await written_to(desk)
    statuses: list[int] = []

    async def post() -> None:
        statuses.append((await http.post(f"/u/{token}", data=ONE_CLICK)).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(post)
    assert statuses == [200] * 20
    assert len(await suppressions(store)) == 1


async def test_an_erased_person_is_heard_too(store: Store, http: httpx.AsyncClient, token: str) -> None:
    assert (await http.post(f"/u/{token}", data=ONE_CLICK)).status_code == 200
    assert [kept.value for kept in await suppressions(store)] == [None]


@pytest.mark.parametrize("forged", [FORGED, "x", "%C3%A4%00", "A" * 4000])
async def test_fault_70_a_forged_token_gets_the_same_answers_without_effect(
    store: Store, http: httpx.AsyncClient, token: str, forged: str
) -> None:
    for method in ("GET", "POST"):
        true = await http.request(method, f"/u/{token}")
        false = await http.request(method, f"/u/{forged}")
        assert (false.status_code, false.text) == (true.status_code, true.text)
        assert without_date(false) == without_date(true)
    assert len(await suppressions(store)) == 1


def without_date(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


async def test_the_page_speaks_the_language_of_the_newest_campaign_else_the_readers(
    desk: Desk, http: httpx.AsyncClient, token: str
) -> None:
    assert (await http.get(f"/u/{token}", headers={"Accept-Language": "sv"})).headers["Content-Language"] == "sv"
    await written_to(desk, "Q1", "fr")
    await written_to(desk, "Q2", "ja")
    assert (await http.get(f"/u/{token}", headers={"Accept-Language": "sv"})).headers["Content-Language"] == "ja"


async def test_the_page_is_kept_by_nobody_and_loads_nothing(http: httpx.AsyncClient, token: str) -> None:
    headers = (await http.get(f"/u/{token}")).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert headers["Server"] == "camd"


async def test_neither_page_nor_log_nor_metric_holds_the_address_or_the_token(
    desk: Desk, http: httpx.AsyncClient, token: str
) -> None:
    await written_to(desk)
    stream = io.StringIO()
    logging = LoggingSettings(level="debug")
    sink = configure(desk.context.clock, logging, version="1", metrics=desk.context.metrics, stream=stream)
    pages = [(await http.request(method, f"/u/{token}")).text for method in ("GET", "POST", "POST")]
    sink.close()
    told = "\n".join([*pages, stream.getvalue(), desk.context.metrics.render().decode()]).lower()
    assert "suppression.added" in told
    assert "canary" not in told
    assert token.lower() not in told


@dataclass(frozen=True, slots=True)
class Away:
    """A store that cannot be written, or not be read either."""

    store: Store
    reads: bool

    async def write(self, _unit: Callable[[Tx], T]) -> T:
        raise StoreUnavailable("read-only")

    async def read(self, query: Callable[[Tx], T]) -> T:
        if not self.reads:
            raise StoreUnavailable("away")
        return await self.store.read(query)


@pytest.mark.parametrize("reads", [True, False])
async def test_fault_88_an_opt_out_that_cannot_be_stored_is_never_confirmed(
    desk: Desk, store: Store, public: ServePublic, token: str, reads: bool
) -> None:
    broken = replace(desk, context=replace(desk.context, store=Away(store, reads)))
    async with public(broken) as http:
        answers = [await http.post(f"/u/{each}", data=ONE_CLICK) for each in (token, FORGED)]
        page = await http.get(f"/u/{token}", headers={"Accept-Language": "it"})
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "120")] * 2
    assert answers[0].text == answers[1].text
    assert WORDS["en"].later in answers[0].text
    assert (page.status_code, page.headers["Content-Language"]) == (200, "it")
    assert counted(desk) == {'method="POST",result="failed"': 2, 'method="GET",result="shown"': 1}


async def test_fault_88_a_database_that_takes_no_writes_is_503_and_heard_once_it_does(
    store: Store, http: httpx.AsyncClient, token: str
) -> None:
    assert isinstance(store, SqliteStore)
    await store.writer.alone(partial(_set_read_only, read_only=True))
    assert (await http.post(f"/u/{token}", data=ONE_CLICK)).status_code == 503
    assert await suppressions(store) == []
    await store.writer.alone(partial(_set_read_only, read_only=False))
    assert (await http.post(f"/u/{token}", data=ONE_CLICK)).status_code == 200
    assert len(await suppressions(store)) == 1


async def test_fault_88_an_opt_out_that_the_database_does_not_take_is_on_the_journal_s_disk(
    desk: Desk, store: Store, http: httpx.AsyncClient, token: str
) -> None:
    assert isinstance(store, SqliteStore)
    journal = desk.context.journal
    assert isinstance(journal, MemoryJournal)
    await store.writer.alone(partial(_set_read_only, read_only=True))
    for each in (token, FORGED):
        answered = await http.post(f"/u/{each}", data=ONE_CLICK)
        assert (answered.status_code, answered.headers["Retry-After"]) == (503, "120")
    [line] = journal.lines
    assert isinstance(line, SuppressionLine)
    assert (line.kind, line.reason) == (SuppressionKind.ADDRESS, SuppressionReason.OPTED_OUT)
    journal.broken = True
    assert (await http.post(f"/u/{token}", data=ONE_CLICK)).status_code == 503


def _set_read_only(connection: Connection, *, read_only: bool) -> None:
    connection.exec_driver_sql(f"PRAGMA query_only={int(read_only)}")


async def test_a_large_body_is_refused_and_stores_nothing(
    desk: Desk, store: Store, http: httpx.AsyncClient, token: str
) -> None:
    answer = await http.post(f"/u/{token}", content=b"x" * 1_000_000)
    assert answer.status_code == 413
    assert await suppressions(store) == []
    assert counted(desk) == {'method="POST",result="refused"': 1}


async def test_a_flood_from_one_client_is_held_back_and_others_are_heard(
    desk: Desk, public: ServePublic, token: str
) -> None:
    limit = ClientLimit(desk.context.clock, RateBucket(1, timedelta(hours=1), burst=2))
    async with public(desk, limit) as http:
        flood = [await http.post(f"/u/{FORGED}", headers={"X-Forwarded-For": "203.0.113.7"}) for _ in range(3)]
        other = await http.post(f"/u/{token}", headers={"X-Forwarded-For": "203.0.113.8"})
    assert [answer.status_code for answer in flood] == [200, 200, 429]
    assert 0 < int(flood[-1].headers["Retry-After"]) <= 3600
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/cam/campaigns", "/api/cam/status", "/metrics", "/healthz", "/readyz", "/u/"]
)
async def test_nothing_of_the_control_listener_is_reachable(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_there_are_two_ways_to_ask_and_no_more(http: httpx.AsyncClient, token: str, method: str) -> None:
    assert (await http.request(method, f"/u/{token}")).status_code == 405


async def test_the_proxy_can_ask_whether_the_process_lives(http: httpx.AsyncClient) -> None:
    assert (await http.get("/livez")).json() == {"status": "pass"}


async def test_a_taken_port_is_a_clear_error(desk: Desk, http: httpx.AsyncClient) -> None:
    taken = PublicSettings(enabled=True, port=http.base_url.port or 0)
    with pytest.raises(CannotBind, match=r"public\.port: 127\.0\.0\.1:\d+ cannot be opened"):
        async with serve_public(build_public_app(desk), taken):
            pass
