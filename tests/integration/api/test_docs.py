"""The document and its page, asked for."""

import httpx
from aiohttp import web

from camd.actors.health import Health
from camd.api.app import build_app
from camd.api.public import build_public_app
from camd.operations.desk import Desk


def served_by(*apps: web.Application) -> set[tuple[str, str]]:
    return {
        (route.method, route.resource.canonical)
        for app in apps
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


async def test_what_is_served_is_what_is_documented(desk: Desk, health: Health, http: httpx.AsyncClient) -> None:
    told = (await http.get("/api/openapi.json")).json()
    documented = {
        (method.upper(), path) for path, methods in told["paths"].items() for method in methods if method != "servers"
    }
    assert documented == served_by(build_app(desk, health), build_public_app(desk))


async def test_the_document_names_this_version(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/openapi.json")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["info"]["version"] == "1.2.3"


async def test_the_page_comes_with_a_policy_that_lets_nothing_in(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/docs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_the_documents_take_no_parameters(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/openapi.json?x=1")).status_code == 422
    assert (await http.get("/api/docs?x=1")).status_code == 422
