"""What holds for every route."""

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from camd.api.app import TABLE
from camd.api.routes import Doc, route
from camd.domain.access import Scope


async def test_a_request_that_takes_too_long_is_given_up() -> None:
    async def endless(_: web.Request) -> web.Response:
        await anyio.sleep_forever()
        raise AssertionError("it was not given up")

    limited = route("GET", "/endless", endless, Doc("endless", "Wait for ever", None), seconds=0)
    assert limited.path == "/api/cam/endless"
    with pytest.raises(TimeoutError):
        await limited.handler(make_mocked_request("GET", limited.path))


def test_what_cannot_be_taken_back_and_tokens_need_the_highest_scope() -> None:
    assert {(route.method, route.path) for route in TABLE if route.scope is Scope.ADMIN} == {
        ("GET", "/api/cam/tokens"),
        ("POST", "/api/cam/tokens"),
        ("DELETE", "/api/cam/tokens/{id}"),
        ("DELETE", "/api/cam/leads/{id}"),
        ("DELETE", "/api/cam/people/{address}"),
        ("POST", "/api/cam/recovery/release"),
    }


def test_no_route_that_changes_something_is_open_to_a_token_that_only_reads() -> None:
    assert all(route.scope is not Scope.READ for route in TABLE if route.method != "GET")
    assert {route.path for route in TABLE if route.scope is None} == {
        "/livez",
        "/startupz",
        "/readyz",
        "/healthz",
        "/metrics",
    }
