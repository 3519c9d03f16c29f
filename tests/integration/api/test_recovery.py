"""The recovery hold over HTTP: a person's word alone begins it or ends it, and the ledger knows whose."""

import httpx

from camd.operations.desk import Desk
from camd.ports.records import EventFilter, Recovery


async def told(desk: Desk) -> list[tuple[str, str]]:
    rows = await desk.read(lambda tx: tx.ledger.after(0, 100, EventFilter()))
    return [(row.event.type.value, row.event.actor) for row in rows]


def gauge(desk: Desk) -> str:
    lines = desk.context.metrics.render().decode().splitlines()
    return next(line for line in lines if line.startswith("camd_recovery_hold "))


async def test_a_hold_by_hand_stands_until_it_is_released_and_each_is_recorded_once(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    assert (await http.get("/api/cam/recovery")).json() == {
        "hold": False,
        "reason": None,
        "since": None,
        "figures": {},
    }
    for _ in range(2):
        held = (await http.post("/api/cam/recovery/hold")).json()
    assert (held["hold"], held["reason"]) == (True, "A person asked for it.")
    assert held["since"] is not None
    assert gauge(desk) == "camd_recovery_hold 1.0"
    for _ in range(2):
        assert (await http.post("/api/cam/recovery/release")).json()["hold"] is False
    assert gauge(desk) == "camd_recovery_hold 0.0"
    kinds, actors = zip(*await told(desk), strict=True)
    assert kinds == ("recovery.held", "recovery.released")
    assert all(actor.startswith(("os:", "token:")) for actor in actors)


async def test_what_was_found_is_shown_and_the_release_tells_it_again(http: httpx.AsyncClient, desk: Desk) -> None:
    found = Recovery(True, "A backup was restored.", desk.now(), "engine", {"handovers": 3})
    await desk.write(lambda tx: tx.instance.set_recovery(found))
    shown = (await http.get("/api/cam/recovery")).json()
    assert (shown["reason"], shown["figures"]) == ("A backup was restored.", {"handovers": 3})
    assert (await http.post("/api/cam/recovery/hold")).json()["reason"] == "A backup was restored."
    await http.post("/api/cam/recovery/release")
    [row] = await desk.read(lambda tx: tx.ledger.after(0, 100, EventFilter()))
    assert row.event.data == {"handovers": 3}
    assert (await http.get("/api/cam/recovery")).json()["hold"] is False


async def test_a_hold_refuses_a_lead_and_says_so(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    lead = (await http.post("/api/cam/campaigns/Q1/leads", json={"email": "ann@acme.com"})).json()
    await http.post("/api/cam/recovery/hold")
    checks = (await http.get(f"/api/cam/leads/{lead['id']}/why")).json()["checks"]
    assert "recovery_hold" in {check["reason"] for check in checks if not check["passed"]}


async def test_a_body_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/cam/recovery/hold", json={"reason": "x"})).status_code == 422
