"""The snippet for nginx in a real nginx, before a daemon that stands in for camd's public listener."""

import re

import httpx
import pytest
from aiohttp import web

from camd.daemon.carried import carried
from tests.integration.mail.conftest import Authority, authority  # noqa: F401 - a fixture
from tests.system.nginx_server import nginx_with
from tests.system.postfix_server import free_port

pytestmark = pytest.mark.system

SNIPPET = carried()["proxy/nginx.conf"].decode()


async def heard(request: web.Request) -> web.Response:
    return web.json_response({"path": request.path, "for": request.headers.get("X-Forwarded-For")})


@pytest.fixture
def server(authority: Authority) -> tuple[str, int, int]:  # noqa: F811 - same
    """The snippet with this machine's certificate and ports, and these: nginx's and the listener's."""
    nginx, camd = free_port(), free_port()
    authority.server()
    [pem] = authority.folder.glob("127.0.0.1*.pem")
    text = re.sub(r"(ssl_certificate(_key)?) .*;", lambda found: f'{found[1]} "{pem}";', SNIPPET)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{nginx} ssl;").replace("listen [::]:443 ssl;", "")
    return text.replace("127.0.0.1:8001", f"127.0.0.1:{camd}"), nginx, camd


async def test_it_lets_the_public_paths_through_and_nothing_of_the_api(
    server: tuple[str, int, int],
    authority: Authority,  # noqa: F811 - same
) -> None:
    text, port, behind = server
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", heard)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", behind).start()
    try:
        with nginx_with(text):
            async with httpx.AsyncClient(base_url=f"https://127.0.0.1:{port}", verify=authority.trusted) as http:
                for path in ("/u/token", "/hooks/website/token", "/livez"):
                    answer = await http.get(path, headers={"X-Forwarded-For": "10.0.0.1"})
                    assert answer.json() == {"path": path, "for": "127.0.0.1"}
                for path in ("/", "/api/cam/status", "/metrics", "/healthz", "/livez/x", "/api/../u/../metrics"):
                    assert (await http.get(path)).status_code == 404
    finally:
        await runner.cleanup()
