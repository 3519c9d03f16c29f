"""Status, gate, kill switch and the ledger."""

import httpx
import pytest

from camd.operations.desk import Desk
from camd.pipeline.send_gate import GateReason
from camd.ports.records import Recovery


async def test_the_status_tells_the_instance_at_a_glance(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    status = (await http.get("/api/cam/status")).json()
    assert (status["version"], status["ready"], status["dry_run"]) == ("1.2.3", True, True)
    assert status["campaigns"]["draft"] == 1


async def test_a_recovery_hold_stands_in_the_status_with_its_figures(http: httpx.AsyncClient, desk: Desk) -> None:
    assert (await http.get("/api/cam/status")).json()["recovery"]["hold"] is False
    held = Recovery(True, "journal_ahead", desk.now().replace(microsecond=0), "engine", {"handovers": 3})
    await desk.write(lambda tx: tx.instance.set_recovery(held))
    assert (await http.get("/api/cam/status")).json()["recovery"] == {
        "hold": True,
        "reason": "journal_ahead",
        "since": f"{held.since:%Y-%m-%dT%H:%M:%SZ}",
        "figures": {"handovers": 3},
    }


async def test_a_closed_gate_is_opened_by_a_person(http: httpx.AsyncClient, desk: Desk) -> None:
    desk.context.gate.close(GateReason.CLOCK_JUMPED)
    closed = (await http.get("/api/cam/gate")).json()
    assert (closed["open"], closed["reason"]) == (False, "clock_jumped")
    assert (await http.post("/api/cam/gate/open")).json()["open"] is True


async def test_the_kill_switch_keeps_who_turned_it_and_why(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/cam/kill-switch")).json()["on"] is False
    await http.put("/api/cam/kill-switch", json={"on": True, "reason": "fire"})
    switch = (await http.get("/api/cam/kill-switch")).json()
    assert (switch["on"], switch["reason"], switch["by"]) == (True, "fire", "os:local")


async def test_the_ledger_is_read_forwards_from_where_one_was(http: httpx.AsyncClient) -> None:
    for name in ("Q1", "Q2", "Q3"):
        await http.post("/api/cam/campaigns", json={"name": name})
    first = (await http.get("/api/cam/events", params={"limit": 2})).json()
    rest = (await http.get("/api/cam/events", params={"after": first["next"]})).json()
    assert [event["campaign_id"] for event in first["items"] + rest["items"]] == [1, 2, 3]
    assert (await http.get("/api/cam/events", params={"after": rest["next"]})).json() == {"items": [], "next": None}


@pytest.mark.parametrize("filters", [{}, {"campaign": "Q1"}])
async def test_the_newest_events_are_read_in_their_order(http: httpx.AsyncClient, filters: dict[str, str]) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    for verb in ("activate", "pause", "resume"):
        await http.post(f"/api/cam/campaigns/Q1/{verb}")
    newest = (await http.get("/api/cam/events", params={"newest": "true", "limit": "2"} | filters)).json()
    assert [event["type"] for event in newest["items"]] == ["campaign.paused", "campaign.resumed"]
    assert newest["next"] == newest["items"][-1]["seq"]
    after = {"newest": "true", "after": str(newest["items"][0]["seq"])}
    rest = (await http.get("/api/cam/events", params=after | filters)).json()
    assert [event["type"] for event in rest["items"]] == ["campaign.resumed"]


async def test_the_newest_events_of_a_lead_are_its_own(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    lead = (await http.post("/api/cam/campaigns/Q1/leads", json={"email": "ann@firm.example"})).json()["id"]
    await http.post(f"/api/cam/leads/{lead}/hold", json={})
    await http.post("/api/cam/campaigns/Q1/activate")
    newest = (await http.get("/api/cam/events", params={"newest": "true", "lead": lead})).json()["items"]
    assert [event["type"] for event in newest] == ["lead.discovered", "lead.held"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"campaign": "Q2"}, 2),
        ({"campaign": "1"}, 1),
        ({"actor": "os:local"}, 3),
        ({"actor": "engine"}, 0),
        ({"type": "campaign.activated"}, 1),
        ({"since": "2100-01-01T00:00:00Z"}, 0),
        ({"lead": "ld_none"}, 0),
    ],
)
async def test_the_ledger_is_filtered(http: httpx.AsyncClient, params: dict[str, str], found: int) -> None:
    for name in ("Q1", "Q2"):
        await http.post("/api/cam/campaigns", json={"name": name})
    await http.post("/api/cam/campaigns/Q2/activate")
    assert len((await http.get("/api/cam/events", params=params)).json()["items"]) == found


@pytest.mark.parametrize("after", ["-1", "x", "99999999999999999999"])
async def test_a_place_that_no_ledger_has_is_422(http: httpx.AsyncClient, after: str) -> None:
    assert (await http.get("/api/cam/events", params={"after": after})).status_code == 422
