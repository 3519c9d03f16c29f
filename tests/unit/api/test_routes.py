"""What holds for every route."""

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from camd.api.routes import Doc, route


async def test_a_request_that_takes_too_long_is_given_up() -> None:
    async def endless(_: web.Request) -> web.Response:
        await anyio.sleep_forever()
        raise AssertionError("it was not given up")

    limited = route("GET", "/endless", endless, Doc("endless", "Wait for ever", None), seconds=0)
    assert limited.path == "/api/cam/endless"
    with pytest.raises(TimeoutError):
        await limited.handler(make_mocked_request("GET", limited.path))
