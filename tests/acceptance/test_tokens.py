"""Tokens of a real daemon, from the first start to a command on another machine."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.acceptance.daemon_log import DaemonLog

pytestmark = pytest.mark.acceptance

Command = Callable[..., "CompletedProcess[str]"]


def test_a_daemon_is_reached_from_elsewhere_only_once_a_token_exists(
    start: Callable[..., Any], camd: Command, folder: Path
) -> None:
    (folder / "camd.toml").write_text('[server]\nhost = "0.0.0.0"\nsocket = "api.sock"\n')
    refused = camd("run")
    assert refused.returncode == 78
    assert "camd tokens create" in refused.stderr

    made = camd("--json", "tokens", "create", "crm", "--scope", "operate")
    token = json.loads(made.stdout)["token"]
    daemon = start("run")
    port = DaemonLog(daemon).url().rpartition(":")[2]
    elsewhere = {"CAMD_URL": f"http://127.0.0.1:{port}"}

    assert camd("campaigns", "create", "--name", "Q1", CAMD_TOKEN=token, **elsewhere).returncode == 0
    for wrong, told in (({}, "A token is needed"), ({"CAMD_TOKEN": "camd_1"}, "The token is not known")):
        without = camd("status", **elsewhere, **wrong)
        assert (without.returncode, told in without.stderr) == (1, True)
        assert "camd tokens create" in without.stderr
    listed = camd("tokens", "list", CAMD_TOKEN=token, **elsewhere)
    assert (listed.returncode, "--scope admin" in listed.stderr) == (1, True)

    [used] = json.loads(camd("--json", "tokens", "list").stdout)["items"]
    assert used["last_used"] is not None
    assert camd("tokens", "revoke", "1").returncode == 0
    assert "was revoked" in camd("status", CAMD_TOKEN=token, **elsewhere).stderr
    assert daemon.end() == 0
    assert token not in daemon.output()
