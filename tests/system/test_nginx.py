"""The API behind a real nginx: nobody gets in through it without a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from camd.actors.health import Phase
from camd.api.app import build_app
from camd.api.listen import serve
from camd.daemon.wiring import Engine
from camd.domain.access import Scope
from camd.operations import tokens
from camd.operations.desk import Desk
from camd.schema.token import TokenBody
from camd.sim.world import plain_settings
from tests.system.nginx_server import running_nginx

pytestmark = pytest.mark.system

LOCATIONS = {
    "bare": "",
    "usual headers": "proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;",
    "forwarded for": "proxy_http_version 1.1; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "the caller's name": "proxy_http_version 1.1; proxy_set_header Host camd.example;",
}
CAMPAIGN = {"name": "Q1"}


@dataclass(frozen=True)
class Proxied:
    desk: Desk
    http: httpx.AsyncClient
    direct: httpx.AsyncClient


@asynccontextmanager
async def proxied(folder: Path, location: str) -> AsyncIterator[Proxied]:
    settings = plain_settings(folder)
    async with Engine.open(settings) as engine:
        engine.health.phase = Phase.RUNNING
        async with serve(build_app(engine.desk, engine.health), settings.server) as url:
            with running_nginx(f"proxy_pass {url}; {location}") as proxy:
                async with httpx.AsyncClient(base_url=proxy) as http, httpx.AsyncClient(base_url=url) as direct:
                    yield Proxied(engine.desk, http, direct)


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS.keys())
async def test_through_a_proxy_the_api_needs_a_token(tmp_path: Path, location: str) -> None:
    async with proxied(tmp_path, location) as site:
        assert (await site.direct.get("/api/cam/status")).status_code == 200
        for path in ("/api/cam/status", "/api/cam/campaigns", "/api/cam/tokens", "/api/docs", "/api/no-such"):
            refused = await site.http.get(path)
            assert refused.status_code == 401
            assert "camd tokens create" in refused.json()["detail"]
        assert (await site.http.post("/api/cam/campaigns", json=CAMPAIGN)).status_code == 401
        assert (await site.direct.get("/api/cam/campaigns")).json()["items"] == []


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS.keys())
async def test_through_a_proxy_a_token_does_what_its_scope_allows(tmp_path: Path, location: str) -> None:
    async with proxied(tmp_path, location) as site:
        made = await tokens.create(site.desk, TokenBody(name="crm", scope=Scope.OPERATE), actor="os:ann")
        headers = {"Authorization": f"Bearer {made.token}"}
        assert (await site.http.post("/api/cam/campaigns", json=CAMPAIGN, headers=headers)).status_code == 201
        assert (await site.http.get("/api/cam/tokens", headers=headers)).status_code == 403
        assert (await site.http.get("/api/cam/status")).status_code == 401


async def test_through_a_bare_proxy_health_is_told_without_details(tmp_path: Path) -> None:
    async with proxied(tmp_path, "") as site:
        assert (await site.http.get("/readyz")).json() == {"status": "pass"}
        assert (await site.http.get("/metrics")).text.splitlines()[-1].startswith("camd_ready ")
        assert "camd_build_info" in (await site.direct.get("/metrics")).text
