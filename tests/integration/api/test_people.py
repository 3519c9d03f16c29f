"""One person in every campaign, over the served API and by the command's own engine."""

import httpx
import pytest

from camd.api.app import TABLE
from camd.domain.access import Scope


@pytest.fixture
async def http(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """With one person in two campaigns."""
    for name in ("Q1", "Q2"):
        await http.post("/api/cam/campaigns", json={"name": name})
        added = await http.post(f"/api/cam/campaigns/{name}/leads", json={"email": "Ann@firm.example"})
        assert added.status_code == 201
    return http


async def test_a_person_is_shown_in_every_campaign(http: httpx.AsyncClient) -> None:
    person = (await http.get("/api/cam/people/ann+tag@FIRM.example")).json()
    assert [each["lead"]["campaign_id"] for each in person["leads"]] == [1, 2]
    assert person["suppression"] is None


async def test_an_erased_person_is_in_no_campaign_and_gets_into_none(http: httpx.AsyncClient) -> None:
    erased = await http.delete("/api/cam/people/ann@firm.example")
    assert (erased.status_code, erased.json()) == (200, {"leads": 2, "candidates": 0, "messages": 0})
    person = (await http.get("/api/cam/people/ann@firm.example")).json()
    assert person["leads"] == []
    assert (person["suppression"]["reason"], person["suppression"]["value"]) == ("erased", None)
    again = await http.post("/api/cam/campaigns/Q1/leads", json={"email": "ann@firm.example"})
    assert again.status_code == 409


async def test_somebody_never_seen_is_shown_and_erased_too(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/cam/people/new@firm.example")).json()["leads"] == []
    assert (await http.delete("/api/cam/people/new@firm.example")).json()["leads"] == 0
    assert (await http.get("/api/cam/people/new@firm.example")).json()["suppression"]["reason"] == "erased"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_what_is_no_address_is_named(http: httpx.AsyncClient, method: str) -> None:
    refused = await http.request(method, "/api/cam/people/firm.example")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "address")


def test_erasing_somebody_everywhere_needs_the_largest_scope() -> None:
    scopes = {route.method: route.scope for route in TABLE if route.path == "/api/cam/people/{address}"}
    assert scopes == {"GET": Scope.READ, "DELETE": Scope.ADMIN}
