"""The snippets for proxies let through what the public listener serves, and nothing else."""

import re

import pytest

from camd.daemon.carried import carried
from camd.ports.settings import PublicSettings

SNIPPETS = [name for name in carried() if name.startswith("proxy/")]


def test_there_is_one_for_each_of_the_usual_proxies() -> None:
    assert SNIPPETS == ["proxy/Caddyfile", "proxy/nginx.conf"]


@pytest.mark.parametrize("name", SNIPPETS)
def test_it_names_every_path_of_the_public_listener_and_its_port(name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", carried()[name].decode())
    for path in ("u/", "hooks/", "livez"):
        assert path in text
    for path in ("/api", "/metrics", "/healthz"):
        assert path not in text
    assert f"127.0.0.1:{PublicSettings().port}" in text
    assert "404" in text
