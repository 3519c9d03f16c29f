"""Cycles asked for by a person: dry unless said otherwise, and 202 where they take long."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import anyio
import httpx
import pytest

from camd.client import CamdClient, SyncCamdClient
from camd.domain.facts import CampaignId
from camd.operations.desk import Desk, RunCycle
from camd.schema.report import CycleReport

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

RUN = "/api/cam/campaigns/Q1/run-cycle"


async def with_campaigns(http: httpx.AsyncClient) -> httpx.AsyncClient:
    for name in ("Q1", "Q2"):
        await http.post("/api/cam/campaigns", json={"name": name})
    return http


class Patient:
    """Cycles that end when they are told to."""

    def __init__(self, run: RunCycle) -> None:
        self._run = run
        self.may_end = anyio.Event()

    async def run(self, campaign_id: CampaignId, dry: bool) -> CycleReport:
        await self.may_end.wait()
        return await self._run(campaign_id, dry)


@pytest.mark.parametrize(
    ("query", "is_dry"), [("", True), ("?dry_run=true", True), ("?dry_run=false", False), ("?dry_run=0", False)]
)
async def test_a_cycle_is_dry_unless_said_otherwise(desk: Desk, serving: Serve, query: str, is_dry: bool) -> None:
    async with anyio.create_task_group() as tasks, serving(replace(desk, tasks=tasks)) as http:
        report = (await (await with_campaigns(http)).post(f"{RUN}{query}")).json()
        assert report["campaign_name"] == "Q1"
        assert ("dry_run_call" in report["waiting_for"]) is is_dry


async def test_an_empty_dry_run_is_refused_and_never_taken_as_false(http: httpx.AsyncClient) -> None:
    await with_campaigns(http)
    assert (await http.post(f"{RUN}?dry_run=")).status_code == 422


async def test_run_all_answers_a_list_also_for_one_campaign(desk: Desk, serving: Serve) -> None:
    async with anyio.create_task_group() as tasks, serving(replace(desk, tasks=tasks)) as http:
        await http.post("/api/cam/campaigns", json={"name": "Q1"})
        assert [report["campaign_name"] for report in (await http.post("/api/cam/run-all")).json()] == ["Q1"]


@pytest.mark.parametrize("path", [RUN, "/api/cam/run-all"])
async def test_a_long_run_is_202_until_it_is_done(desk: Desk, impatient: Serve, path: str) -> None:
    slow = Patient(desk.run)
    async with anyio.create_task_group() as tasks, impatient(replace(desk, tasks=tasks, run=slow.run)) as http:
        accepted = await (await with_campaigns(http)).post(path)
        assert accepted.status_code == 202
        place = accepted.headers["Location"]
        assert place == f"/api/cam/runs/{accepted.json()['id']}"
        assert (await http.get(place)).status_code == 202
        slow.may_end.set()
        while (done := await http.get(place)).status_code == 202:
            pass
        names = [done.json()["campaign_name"]] if path == RUN else [row["campaign_name"] for row in done.json()]
        assert names == (["Q1"] if path == RUN else ["Q1", "Q2"])


@pytest.mark.parametrize("face", [CamdClient, SyncCamdClient])
async def test_the_client_waits_for_a_long_run(desk: Desk, impatient: Serve, face: type) -> None:
    slow = Patient(desk.run)
    asked: list[CycleReport] = []

    async def ask() -> None:
        if face is CamdClient:
            async with CamdClient(str(http.base_url)) as client:
                asked.append(await client.run_cycle("Q1"))
        else:
            with SyncCamdClient(str(http.base_url)) as plain:
                asked.append(await anyio.to_thread.run_sync(plain.run_cycle, "Q1"))

    async with anyio.create_task_group() as tasks, impatient(replace(desk, tasks=tasks, run=slow.run)) as http:
        await with_campaigns(http)
        async with anyio.create_task_group() as asking:
            asking.start_soon(ask)
            while 'code="202"' not in (await http.get("/metrics")).text:
                pass
            slow.may_end.set()
    assert [report.campaign_name for report in asked] == ["Q1"]


async def test_a_run_that_never_was_is_404(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/cam/runs/ru_none")).status_code == 404


async def test_a_crash_in_a_cycle_is_an_error_in_its_report(desk: Desk, serving: Serve) -> None:
    async def crash(campaign_id: CampaignId, dry: bool) -> CycleReport:
        raise ZeroDivisionError(f"{campaign_id} {dry}")

    async with anyio.create_task_group() as tasks, serving(replace(desk, tasks=tasks, run=crash)) as http:
        answer = await (await with_campaigns(http)).post(RUN)
        assert answer.status_code == 200
        assert [error["message"] for error in answer.json()["errors"]] == ["ZeroDivisionError"]
