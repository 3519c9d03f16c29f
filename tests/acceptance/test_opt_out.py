"""The way out of a real daemon's mails, and a backup made beside it."""

import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from camd.domain.opt_out import make_token

pytestmark = pytest.mark.acceptance

PUBLIC = "CAMD_PUBLIC__ENABLED"
PORT = "CAMD_PUBLIC__PORT"


@pytest.fixture
def port() -> str:
    """One that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def test_an_opt_out_over_the_public_listener_is_in_the_next_backup(
    start: Callable[..., Any], ask: Callable[..., Any], camd: Callable[..., Any], folder: Path, port: str
) -> None:
    daemon = start("run", **{PUBLIC: "true", PORT: port})
    daemon.url()
    with closing(sqlite3.connect(f"file:{folder / 'camd.db'}?mode=ro", uri=True)) as raw:
        (key,) = raw.execute("SELECT key FROM instance").fetchone()
    page = f"http://127.0.0.1:{port}/u/{make_token(key, 'ann@acme.com')}"
    assert ask(page).status == 200
    assert ask(page, "POST", b"List-Unsubscribe=One-Click").status == 200
    assert ask(f"http://127.0.0.1:{port}/api/cam/status").status == 404
    assert camd("backup", "copy.db").returncode == 0
    with closing(sqlite3.connect(folder / "copy.db")) as raw:
        assert raw.execute("SELECT reason, value FROM suppressions").fetchall() == [("opted_out", None)]
    assert camd("restore", "copy.db").returncode == 75
    assert daemon.end() == 0


def test_without_the_setting_nothing_listens(start: Callable[..., Any], port: str) -> None:
    start("run", **{PORT: port}).url()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port))).close()


def test_a_taken_public_port_is_78(camd: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = camd("run", **{PUBLIC: "true", PORT: str(port)})
    assert refused.returncode == 78
    assert f"public.port: 127.0.0.1:{port} cannot be opened: Address already in use" in refused.stderr
