"""The routes of campaigns, as somebody with curl meets them."""

from typing import Any

import httpx
import pytest

CAMPAIGNS = "/api/cam/campaigns"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def created(http: httpx.AsyncClient, name: str = "Q1", **fields: Any) -> httpx.Response:
    answer = await http.post(CAMPAIGNS, json={"name": name} | fields)
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_campaign_is_created_by_the_curl_line_as_it_stands(http: httpx.AsyncClient) -> None:
    answer = await http.post(CAMPAIGNS, content=b'{"name": "Q1", "target_clients": 10}', headers=FORM)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{CAMPAIGNS}/1"
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.json()["name"], answer.json()["target_clients"], answer.json()["dry_run"]) == ("Q1", 10, True)
    assert answer.json()["created_at"].endswith("Z")


async def test_a_campaign_is_its_number_and_its_name(http: httpx.AsyncClient) -> None:
    await created(http, "Ärzte & Co")
    by_number, by_name = await http.get(f"{CAMPAIGNS}/1"), await http.get(f"{CAMPAIGNS}/%C3%84rzte%20%26%20Co")
    assert by_number.status_code == by_name.status_code == 200
    assert by_number.json() == by_name.json()


async def test_a_list_goes_on_where_its_cursor_says(http: httpx.AsyncClient) -> None:
    for name in ("A", "B", "C"):
        await created(http, name)
    first = (await http.get(CAMPAIGNS, params={"limit": 2})).json()
    second = (await http.get(CAMPAIGNS, params={"limit": 2, "cursor": first["next"]})).json()
    assert [row["name"] for row in first["items"] + second["items"]] == ["C", "B", "A"]
    assert second["next"] is None


async def test_a_list_is_filtered_by_status(http: httpx.AsyncClient) -> None:
    await created(http)
    for status, names in (("draft", ["Q1"]), ("active", [])):
        answer = await http.get(CAMPAIGNS, params={"status": status})
        assert [row["name"] for row in answer.json()["items"]] == names


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_campaign_is_activated_paused_and_resumed(http: httpx.AsyncClient, method: str) -> None:
    await created(http)
    for verb, status in (("activate", "active"), ("pause", "paused"), ("resume", "active")):
        answer = await http.request(method, f"{CAMPAIGNS}/1/{verb}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)


async def test_put_replaces_and_patch_changes(http: httpx.AsyncClient) -> None:
    await created(http, target_niche="dentists", daily_email_limit=7)
    patched = await http.patch(f"{CAMPAIGNS}/1", json={"daily_email_limit": 8, "window": {"end": "18:00"}})
    assert (patched.json()["target_niche"], patched.json()["daily_email_limit"]) == ("dentists", 8)
    assert (patched.json()["window"]["start"], patched.json()["window"]["end"]) == ("09:00", "18:00")
    replaced = await http.put(f"{CAMPAIGNS}/1", json={"name": "Q2"})
    assert (replaced.json()["name"], replaced.json()["target_niche"]) == ("Q2", None)


async def test_a_patch_is_refused_with_every_field_of_the_whole(http: httpx.AsyncClient) -> None:
    await created(http)
    answer = await http.patch(f"{CAMPAIGNS}/1", json={"daily_email_limit": 0, "window": {"end": "08:00"}})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"daily_email_limit", "window.end"}


async def test_delete_archives_and_frees_the_name(http: httpx.AsyncClient) -> None:
    await created(http)
    assert (await http.delete(f"{CAMPAIGNS}/1")).json()["status"] == "archived"
    assert (await created(http)).json()["id"] == 2
    assert (await http.post(f"{CAMPAIGNS}/1/activate")).status_code == 409


async def test_going_live_against_a_finding_is_a_conflict_that_lists_the_findings(http: httpx.AsyncClient) -> None:
    await created(http)
    assert (await http.get(f"{CAMPAIGNS}/1/preflight")).json()["ready"] is False
    answer = await http.post(f"{CAMPAIGNS}/1/live")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:camd:problem:preflight"
    assert "stop" in {finding["level"] for finding in answer.json()["findings"]}
    assert (await http.get(f"{CAMPAIGNS}/1")).json()["dry_run"] is True
    assert (await http.post(f"{CAMPAIGNS}/1/dry")).status_code == 200


async def test_previews_are_a_list_too(http: httpx.AsyncClient) -> None:
    await created(http)
    assert (await http.get(f"{CAMPAIGNS}/1/preview", params={"limit": 5})).json() == {"items": [], "next": None}


async def test_a_taken_name_is_a_conflict(http: httpx.AsyncClient) -> None:
    await created(http)
    answer = await http.post(CAMPAIGNS, json={"name": "Q1"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:camd:problem:name-taken")


async def test_a_campaign_s_figures_are_told(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1", "target_clients": 4})
    await http.post("/api/cam/campaigns/Q1/leads", json={"email": "ann@firm.example"})
    metrics = (await http.get("/api/cam/campaigns/Q1/metrics")).json()
    assert metrics["funnel"] == {"leads": 1, "contacted": 0, "replied": 0, "qualified": 0, "won": 0}
    assert metrics["rates"]["reply"] == {"value": 0.0, "count": 0, "of": 0}
    assert metrics["goals"] == [{"target": "clients", "achieved": 0, "wanted": 4, "progress": 0.0}]
    assert metrics["quotas"][0] == {"scope": "campaign", "key": None, "used": 0, "limit": 20}
    days = (await http.get("/api/cam/campaigns/Q1/timeseries", params={"days": 2})).json()["days"]
    assert [day["discovered"] for day in days] == [0, 1]
    assert (await http.get("/api/cam/campaigns/Q1/timeseries", params={"days": 0})).status_code == 422


@pytest.mark.parametrize(
    ("chosen", "kind", "begins"),
    [
        ({}, "text/markdown", "# Q1\n"),
        ({"format": "csv"}, "text/csv", "week of,found,"),
        ({"format": "json"}, "application/json", '{"campaign":"Q1",'),
    ],
)
async def test_a_report_comes_in_the_form_that_is_asked_for(
    http: httpx.AsyncClient, chosen: dict[str, str], kind: str, begins: str
) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    answer = await http.get("/api/cam/campaigns/Q1/report", params=chosen)
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.text.startswith(begins)
