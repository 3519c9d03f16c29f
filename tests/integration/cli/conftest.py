"""Commands run in this process, each on its own engine in an empty folder, as where no daemon runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from camd.cli.app import root

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line; exceptions come out as they are. Nothing of this machine's configuration counts, and
    the port of the default address is never asked."""
    for name in ("CAMD_URL", "CAMD_TOKEN", "CAMD_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "camd.toml"
    config.write_text('server = { port = 0, socket = "api.sock" }\n')

    def run_line(*arguments: str, input: str | None = None, code: int = 0) -> Result:  # noqa: A002 - as click's
        result = CliRunner().invoke(root, arguments, input=input, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run_line


@pytest.fixture
def ask(run: Run) -> Callable[..., Any]:
    """The JSON that a command prints."""

    def ask_line(*arguments: str) -> Any:
        return json.loads(run("--json", *arguments).stdout)

    return ask_line
