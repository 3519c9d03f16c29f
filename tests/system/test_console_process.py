"""`camd ui` as a process: whom it lets in, what it keeps, and what it says where it cannot begin."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from camd.sandbox.smtp_door import free_port
from tests.system.console_site import PATIENCE_SECONDS, clean_environ, console, daemon

pytestmark = pytest.mark.system

EVERYWHERE = "0.0.0.0"
Camd = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("world")
    with daemon(folder, free_port()):
        yield folder


@pytest.fixture
def camd(folder: Path) -> Camd:
    def command(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "camd", "--config", str(folder / "camd.toml"), *arguments],
            env=clean_environ(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    return command


def test_without_a_daemon_it_says_how_to_start_one(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "camd", "ui"],
        cwd=tmp_path,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 69
    assert "camd run" in ended.stderr


def test_another_address_is_refused_while_no_token_exists_and_the_mend_is_told(camd: Camd) -> None:
    refused = camd("ui", "--address", EVERYWHERE)
    assert refused.returncode == 2
    assert "camd tokens create" in refused.stderr


def test_streamlit_reports_to_nobody_and_listens_on_this_machine_alone(folder: Path) -> None:
    with console(folder) as url:
        with urllib.request.urlopen(f"{url}/_stcore/host-config", timeout=PATIENCE_SECONDS) as answer:
            assert json.load(answer)["enableCustomParentMessages"] is False
        log = (folder / "console.log").read_text()
    assert "127.0.0.1" in log
    assert "usage statistics" not in log
