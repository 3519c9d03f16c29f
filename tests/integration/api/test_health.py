"""The five paths that monitors ask."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from camd.actors.health import Health, Phase
from camd.domain.campaign import CampaignStatus, Definition, StatusChange, StatusReason
from camd.operations.desk import Desk
from camd.pipeline.send_gate import GateReason
from camd.ports.store import Store
from camd.ports.store_errors import StoreUnavailable

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

PATHS = ("/livez", "/startupz", "/readyz", "/healthz")
PROXIED = {"Via": "1.1 proxy", "Host": "camd.example"}


async def statuses(http: httpx.AsyncClient) -> list[int]:
    return [(await http.get(path)).status_code for path in PATHS]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.STARTING, [200, 503, 503, 200]),
        (Phase.RUNNING, [200, 200, 200, 200]),
        (Phase.DRAINING, [200, 200, 503, 200]),
    ],
)
async def test_each_path_answers_its_own_question(
    http: httpx.AsyncClient, health: Health, phase: Phase, expected: list[int]
) -> None:
    health.phase = phase
    assert await statuses(http) == expected


async def test_fault_23_a_database_that_cannot_be_written_is_not_ready_and_fails(
    http: httpx.AsyncClient, health: Health
) -> None:
    health.store_error = "attempt to write a readonly database"
    assert await statuses(http) == [200, 200, 503, 503]
    assert (await http.get("/healthz")).json()["checks"]["store"][0]["status"] == "fail"


class LostStore:
    async def read(self, _: object) -> object:
        raise StoreUnavailable("away")


async def test_a_database_that_cannot_be_read_fails(desk: Desk, serving: Serve) -> None:
    lost = replace(desk, context=replace(desk.context, store=LostStore()))  # type: ignore[arg-type] # only reads
    async with serving(lost) as http:
        assert (await http.get("/healthz")).status_code == 503


@pytest.mark.parametrize("reason", [GateReason.COMMON_CAUSE, GateReason.DAMAGED])
async def test_a_closure_that_needs_a_person_fails_and_leaves_the_instance_ready(
    http: httpx.AsyncClient, desk: Desk, reason: GateReason
) -> None:
    desk.context.gate.close(reason)
    assert await statuses(http) == [200, 200, 200, 503]
    assert reason in (await http.get("/healthz")).json()["checks"]["send_gate"][0]["output"]


async def test_another_closure_of_the_gate_warns(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.context.gate.close(GateReason.CLOCK_JUMPED)
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "warn")


@pytest.mark.parametrize(("free", "status"), [(999_999_999, "warn"), (1_000_000_000, "pass"), (None, "pass")])
async def test_a_disk_with_less_than_a_gigabyte_warns(
    http: httpx.AsyncClient, health: Health, free: int | None, status: str
) -> None:
    health.disk_free_bytes = free
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert answer.headers["Content-Type"] == "application/health+json"


async def test_a_parked_campaign_warns(http: httpx.AsyncClient, store: Store) -> None:
    parked = StatusChange(CampaignStatus.PAUSED, StatusReason.PARKED, "engine", datetime(2026, 3, 2, tzinfo=UTC))
    await store.write(lambda tx: tx.campaigns.add(Definition("Q1"), parked))
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "warn")
    assert answer.json()["checks"]["campaigns"][0]["output"].startswith("1 parked")


async def test_a_loop_that_wakes_late_warns(http: httpx.AsyncClient, health: Health) -> None:
    health.lag_seconds = 6.0
    assert (await http.get("/healthz")).json()["status"] == "warn"


async def test_others_get_the_bare_answer(http: httpx.AsyncClient, health: Health) -> None:
    health.store_error = "attempt to write a readonly database"
    for path in ("/readyz", "/healthz"):
        answer = await http.get(path, headers=PROXIED)
        assert (answer.status_code, answer.json()) == (503, {"status": "fail"})


async def test_requests_are_counted_by_template_and_never_by_path(http: httpx.AsyncClient) -> None:
    await http.get("/api/cam/leads/ann@firm.example")
    await http.get("/ann@firm.example")
    await http.request("TRACE", "/livez")
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'camd_http_requests_total{code="404",method="GET",route="/api/cam/leads/{id}"} 1.0' in answer.text
    assert 'camd_http_requests_total{code="404",method="GET",route="none"} 1.0' in answer.text
    assert 'camd_http_requests_total{code="405",method="other",route="none"} 1.0' in answer.text
    assert "ann" not in answer.text


async def test_fault_28_a_log_that_is_not_moved_into_the_database_warns(
    http: httpx.AsyncClient, health: Health
) -> None:
    health.wal_bytes = 64_000_000
    assert (await http.get("/healthz")).json()["status"] == "pass"
    health.wal_bytes = 65_000_000
    told = (await http.get("/healthz")).json()
    assert (told["status"], told["checks"]["wal"][0]["output"][:35]) == ("warn", "the write-ahead log has 65 MB: some")
