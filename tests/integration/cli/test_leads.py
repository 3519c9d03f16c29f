"""`camd leads`, `camd imports` and `camd suppressions` over a real engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from camd.client import ApiError

Run = Callable[..., Result]
Ask = Callable[..., Any]

PEOPLE = b"""\
Email,First Name,Company,Remark
ada@clinic.example,Ada,Clinic,x
broken@,Bo,Clinic,y
ada@clinic.example,,,
"""


@pytest.fixture(autouse=True)
def campaign(run: Run) -> None:
    run("campaigns", "create", "--name", "Q1")


@pytest.fixture
def people(tmp_path: Path) -> str:
    file = tmp_path / "people.csv"
    file.write_bytes(PEOPLE)
    return str(file)


def added(ask: Ask, *options: str) -> str:
    lead = ask("leads", "add", "Q1", "--email", "ada@clinic.example", *options)
    assert isinstance(lead["id"], str)
    return lead["id"]


def test_a_person_added_twice_is_one_lead(ask: Ask) -> None:
    first = added(ask, "--first-name", "Ada", "--tags", "a", "--tags", "b", "--expected-mrr", "12.50")
    assert added(ask) == first
    [lead] = ask("leads", "list", "Q1")["items"]
    assert (lead["tags"], lead["expected_mrr"], lead["first_name"]) == (["a", "b"], 12.5, "Ada")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--tag", "vip"], 1),
        (["--tag", "none"], 0),
        (["--search", "ada"], 1),
        (["--status", "new"], 1),
        (["--status", "won"], 0),
        (["--held"], 0),
        (["--no-held"], 1),
    ],
)
def test_a_list_takes_every_filter(ask: Ask, filters: list[str], found: int) -> None:
    added(ask, "--tags", "vip")
    assert len(ask("leads", "list", "Q1", *filters)["items"]) == found


def test_what_a_person_decides_is_done(run: Run, ask: Ask) -> None:
    lead = added(ask)
    assert "held: operator" in run("leads", "hold", lead, "--reason", "asked for time", "--until", "2099-01-01").output
    assert "held" not in run("leads", "release", lead).output
    assert ask("leads", "qualify", lead, "--note", "warm")["status"] == "qualified"
    assert ask("leads", "won", lead, "--mrr", "99.90")["won_mrr"] == 99.9


def test_a_lost_lead_can_be_taken_up_again(ask: Ask) -> None:
    lead = added(ask)
    assert ask("leads", "lost", lead, "--reason", "no_reply", "--note", "gone")["status_reason"] == "no_reply"
    assert ask("leads", "reopen", lead)["status"] == "new"


def test_why_names_every_check(run: Run, ask: Ask) -> None:
    lead = added(ask)
    report = ask("leads", "why", lead)
    shown = run("leads", "why", lead).output
    assert report["allowed"] is False
    assert [check["name"] for check in report["checks"] if check["name"] not in shown] == []
    assert "is not written to now" in shown


def test_erasing_asks_unless_told_not_to(run: Run, ask: Ask) -> None:
    lead = added(ask)
    assert "--yes" in run("leads", "erase", lead, code=2).stderr
    assert ask("leads", "show", lead)["email"] == "ada@clinic.example"
    run("leads", "erase", lead, "--yes")
    assert ask("leads", "show", lead)["email"] is None


def test_an_import_counts_and_explains_each_rejected_line(run: Run, ask: Ask, people: str) -> None:
    dry = run("leads", "import", "Q1", people, "--dry-run").stdout
    assert dry.startswith("dry run, nothing was stored: 3 rows: 1 added, 0 updated, 1 duplicates, 0 suppressed, 1 rej")
    assert ask("leads", "list", "Q1")["items"] == []
    stored = run("leads", "import", "Q1", people).stdout
    assert "\n  line 3: " in dry
    assert "\n  line 3: " in stored
    assert ask("leads", "import", "Q1", people)["added"] == 0


def test_a_list_that_a_spreadsheet_saved_as_unicode_text_is_imported_as_it_is(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "people.txt"
    file.write_bytes("E-Mail\tVorname\tUnsubscribed\r\nzoe@x.example\tZoë\tFALSCH\r\n".encode("utf-16"))
    assert ask("leads", "import", "Q1", str(file))["added"] == 1
    assert ask("leads", "import", "Q1", str(file))["duplicates"] == 1
    assert ask("leads", "list", "Q1")["items"][0]["first_name"] == "Zoë"


def test_a_column_can_be_mapped_and_facts_updated(run: Run, ask: Ask, people: str) -> None:
    run("leads", "import", "Q1", people)
    report = ask("leads", "import", "Q1", people, "--update", "--map", "Remark=city")
    assert report["updated"] == 1
    assert ask("leads", "list", "Q1")["items"][0]["city"] == "x"


def test_an_import_can_be_taken_back(run: Run, ask: Ask, people: str) -> None:
    run("leads", "import", "Q1", people)
    [record] = ask("imports", "list", "--campaign", "Q1")["items"]
    assert (record["file_name"], record["rejected"]) == ("people.csv", 1)
    assert "people.csv" in run("imports", "list").output
    assert "1 leads removed" in run("imports", "undo", record["id"]).output
    assert ask("leads", "list", "Q1")["items"] == []
    assert "(undone)" in run("imports", "list").output


def test_a_campaign_is_exported_as_csv_and_a_lead_as_json(run: Run, ask: Ask, tmp_path: Path) -> None:
    lead = added(ask)
    assert "ada@clinic.example" in run("leads", "export", "Q1").stdout
    assert run("leads", "export", "Q1", "--status", "won").stdout.count("\n") == 1
    file = tmp_path / "one.json"
    assert run("leads", "export", lead, "--output", str(file)).stdout == ""
    assert json.loads(file.read_text())["lead"]["id"] == lead


def test_nobody_suppressed_is_added(run: Run, ask: Ask) -> None:
    made = ask("suppressions", "add", "clinic.example", "--reason", "do_not_contact", "--note", "asked by phone")
    with pytest.raises(ApiError, match="may not be written to"):
        added(ask)
    assert [each["id"] for each in ask("suppressions", "list", "--reason", "do_not_contact")["items"]] == [made["id"]]
    assert "clinic.example" in run("suppressions", "list").output


def test_a_suppression_of_the_operator_can_be_removed(run: Run, ask: Ask) -> None:
    made = ask("suppressions", "add", "clinic.example")
    run("suppressions", "remove", made["id"])
    assert ask("suppressions", "list")["items"] == []


def test_suppressions_come_from_a_file_with_each_wrong_line_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "no.csv"
    file.write_text("email\nbo@clinic.example\nnot an address\n")
    told = run("suppressions", "import", str(file), "--reason", "opted_out").stdout
    assert told.startswith("2 rows: 1 added, 0 known, 1 rejected\n  line 3: ")
