"""`camd people` and `camd campaigns report`, each command on its own engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from camd.client import ApiError

Run = Callable[..., Result]
Ask = Callable[..., Any]

ANN = "ann@firm.example"


@pytest.fixture(autouse=True)
def lead(run: Run, ask: Ask) -> str:
    """Ann, in a campaign of her own."""
    run("campaigns", "create", "--name", "Q1", "--target-clients", "2")
    added = ask("leads", "add", "Q1", "--email", ANN, "--first-name", "Ann")
    assert isinstance(added["id"], str)
    return added["id"]


def test_a_person_is_shown_with_their_leads(run: Run, lead: str) -> None:
    assert lead in run("people", "show", "Ann+news@firm.example").output
    assert "no leads" in run("people", "show", "bob@firm.example").output


def test_a_suppressed_person_is_told_of_as_such(run: Run, ask: Ask) -> None:
    assert ask("people", "suppress", ANN, "--reason", "objected")["reason"] == "objected"
    assert "objected" in run("people", "show", ANN).output
    assert "no address" in run("people", "suppress", "firm.example", code=2).output


def test_everything_of_a_person_is_written_as_json(run: Run, ask: Ask, tmp_path: Path, lead: str) -> None:
    run("people", "export", ANN, "--output", "ann.json")
    written = json.loads((tmp_path / "ann.json").read_text())
    assert [each["lead"]["id"] for each in written["leads"]] == [lead]
    assert json.loads(run("people", "export", ANN).stdout).keys() == ask("people", "show", ANN).keys()


def test_an_erased_person_is_gone_and_stays_so(run: Run, ask: Ask, lead: str) -> None:
    assert "--yes" in run("people", "erase", ANN, code=2).output
    assert "erased: 1 leads" in run("people", "erase", ANN, "--yes").output
    assert ask("leads", "show", lead)["email"] is None
    with pytest.raises(ApiError, match="may not be written to"):
        run("leads", "add", "Q1", "--email", ANN)


def test_the_report_is_markdown_csv_or_json(run: Run, ask: Ask) -> None:
    assert "| People found | 1 |" in run("campaigns", "report", "Q1").output
    assert run("campaigns", "report", "Q1", "--format", "csv").output.endswith("in all,1,0,0,0,0\n")
    assert ask("campaigns", "report", "Q1")["goals"][0]["wanted"] == 2
