"""Both faces of the client against a served API, over TCP and over the Unix socket."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import anyio
import httpx
import pytest

from camd.client import ApiError, CamdClient, SyncCamdClient, Unreachable, answers
from camd.domain.campaign import CampaignStatus
from camd.domain.events import EventType
from camd.domain.lead import LeadStatus
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.event import Event
from camd.schema.lead import HoldBody, LeadBody, LeadPatch, WonBody
from camd.schema.status import KillSwitchBody
from camd.schema.suppression import SuppressionBody

T = TypeVar("T")

CSV = b"Email,First Name\r\nann@firm.example,Ann\r\nbob@other.example,Bob\r\n"


async def in_thread(work: Callable[[], T]) -> T:
    """The plain client blocks, and the server lives in this loop."""
    return await anyio.to_thread.run_sync(work)


@pytest.fixture
def url(http: httpx.AsyncClient) -> str:
    return str(http.base_url)


@pytest.fixture(params=["tcp", "unix"])
def place(request: pytest.FixtureRequest, url: str, socket: Path) -> str:
    return url if request.param == "tcp" else f"unix:{socket}"


async def test_a_campaign_is_worked_with_over_either_listener(place: str) -> None:
    async with CamdClient(place) as camd:
        made = await camd.create_campaign(CampaignBody(name="Ärzte", target_clients=3))
        assert (await camd.campaign("Ärzte")).id == made.id
        assert (await camd.activate(made.id)).status is CampaignStatus.ACTIVE
        changed = await camd.change_campaign(made.id, CampaignPatch({"target_clients": None, "service_key": "seo"}))
        assert (changed.target_clients, changed.service_key) == (None, "seo")
        assert [row.name for row in (await camd.campaigns(status=CampaignStatus.ACTIVE)).items] == ["Ärzte"]


async def test_the_plain_client_does_the_same(place: str) -> None:
    def work() -> tuple[str, int, CampaignStatus]:
        with SyncCamdClient(place) as camd:
            made = camd.create_campaign(CampaignBody(name="Q1"))
            report = camd.import_leads("Q1", BytesIO(CSV))
            camd.pause(camd.activate(made.id).id)
            return camd.campaign(made.id).name, report.added, camd.campaign("Q1").status

    assert await in_thread(work) == ("Q1", 2, CampaignStatus.PAUSED)


async def test_leads_are_added_decided_about_and_erased(url: str) -> None:
    async with CamdClient(url) as camd:
        await camd.create_campaign(CampaignBody(name="Q1"))
        ann = await camd.add_lead("Q1", LeadBody(email="ann@firm.example", first_name="Ann"))
        assert (await camd.change_lead(ann.id, LeadPatch(first_name=None, city="Bonn"))).first_name is None
        assert [hold.note for hold in (await camd.hold(ann.id, HoldBody(reason="ill"))).holds] == ["ill"]
        assert (await camd.release(ann.id)).holds == []
        assert (await camd.qualify(ann.id)).status is LeadStatus.QUALIFIED
        assert (await camd.won(ann.id, WonBody(mrr="12.50"))).won_mrr == 12.5  # type: ignore[arg-type] # as a CLI gives it
        assert (await camd.why(ann.id)).allowed is False
        assert (await camd.export_lead(ann.id)).lead.city == "Bonn"
        assert (await camd.erase_lead(ann.id)).email is None


@pytest.mark.parametrize("face", ["waiting", "plain"])
async def test_a_file_is_sent_and_fetched_as_a_stream(url: str, face: str) -> None:
    taken = BytesIO()
    async with CamdClient(url) as camd:
        await camd.create_campaign(CampaignBody(name="Q1"))
        if face == "waiting":
            report = await camd.import_leads("Q1", BytesIO(CSV), mapping={"First Name": "city"}, file_name="a.csv")
            await camd.export_leads("Q1", taken, search="ann")
        else:
            with SyncCamdClient(url) as plain:
                file = BytesIO(CSV)
                mapping = {"First Name": "city"}
                report = await in_thread(lambda: plain.import_leads("Q1", file, mapping=mapping, file_name="a.csv"))
                await in_thread(lambda: plain.export_leads("Q1", taken, search="ann"))
        assert report.added == 2
        assert [row.file_name for row in (await camd.imports(campaign="Q1")).items] == ["a.csv"]
        assert (await camd.undo_import(report.import_id or "")).removed == 2
    header, *rows = taken.getvalue().decode().splitlines()
    assert header.startswith("id,")
    assert len(rows) == 1


async def test_suppressions_gate_and_kill_switch(url: str) -> None:
    async with CamdClient(url) as camd:
        added = await camd.add_suppression(SuppressionBody(value="firm.example"))
        assert [row.id for row in (await camd.suppressions()).items] == [added.id]
        await camd.remove_suppression(added.id)
        assert (await camd.import_suppressions(BytesIO(b"a@firm.example\n"))).added == 1
        assert (await camd.set_kill_switch(KillSwitchBody(on=True, reason="fire"))).on
        assert (await camd.kill_switch()).reason == "fire"
        assert (await camd.gate()).open
        assert (await camd.open_gate()).open
        assert (await camd.status()).kill_switch.on


async def test_a_refusal_carries_its_problem(url: str) -> None:
    async with CamdClient(url) as camd:
        with pytest.raises(ApiError, match="No such campaign") as refused:
            await camd.campaign("none")
        assert (refused.value.problem.status, refused.value.problem.type) == (404, "urn:camd:problem:not-found")
        with pytest.raises(ApiError, match="No such campaign"):
            await camd.export_leads("none", BytesIO())
    with SyncCamdClient(url) as plain, pytest.raises(ApiError, match="No such campaign"):
        await in_thread(lambda: plain.export_leads("none", BytesIO()))


@pytest.mark.parametrize("bad", ["http://127.0.0.1:1", "unix:/nowhere/api.sock", "gopher://x", "http://[", "nonsense"])
async def test_nobody_there_is_unreachable(bad: str) -> None:
    assert not await answers(bad)
    with pytest.raises(Unreachable, match="no camd answers at"):
        async with CamdClient(bad) as camd:
            await camd.status()
    with pytest.raises(Unreachable, match="no camd answers at"), SyncCamdClient(bad) as plain:
        plain.status()


async def test_events_are_read_over_all_pages(url: str) -> None:
    async with CamdClient(url) as camd:
        for number in range(3):
            await camd.create_campaign(CampaignBody(name=f"Q{number}x"))
        assert [event.campaign_id async for event in camd.events()] == [1, 2, 3]
        assert [event.campaign_id async for event in camd.events(after=1, campaign="Q2x")] == [3]
    with SyncCamdClient(url) as plain:
        assert [event.campaign_id for event in await in_thread(lambda: list(plain.events(after=2)))] == [3]


async def test_following_sees_what_happens_later(url: str) -> None:
    seen: list[EventType] = []
    async with CamdClient(url, follow_seconds=0.001) as camd, anyio.create_task_group() as tasks:
        await camd.create_campaign(CampaignBody(name="Q1"))

        async def follow() -> None:
            async for event in camd.events(follow=True):
                seen.append(event.type)
                if event.type is EventType.CAMPAIGN_CREATED:
                    await camd.activate("Q1")
                if event.type is EventType.CAMPAIGN_ACTIVATED:
                    tasks.cancel_scope.cancel()

        tasks.start_soon(follow)
    assert seen == [EventType.CAMPAIGN_CREATED, EventType.CAMPAIGN_ACTIVATED]


async def test_closing_ends_the_following_of_the_plain_client(url: str) -> None:
    with SyncCamdClient(url, follow_seconds=60) as plain:
        plain_events: list[Event] = []

        def follow() -> None:
            plain.create_campaign(CampaignBody(name="Q1"))
            for event in plain.events(follow=True):
                plain_events.append(event)
                plain.close()

        with anyio.fail_after(60):
            await in_thread(follow)
    assert len(plain_events) == 1


async def test_without_a_url_the_configured_socket_is_asked(
    http: httpx.AsyncClient, socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMD_URL", raising=False)
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    async with CamdClient(socket=socket) as camd:
        assert (await camd.campaign(1)).name == "Q1"

    def name() -> str:
        with SyncCamdClient(socket=socket) as plain:
            return plain.campaign(1).name

    assert await in_thread(name) == "Q1"
