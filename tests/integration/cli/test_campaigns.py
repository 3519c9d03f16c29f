"""`camd campaigns` over a real engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from camd.client import ApiError

Run = Callable[..., Result]
Ask = Callable[..., Any]

DEFINITION = """
name = "Clinics"
target_clients = 10

[window]
start = "08:00"

[[steps]]
subject = "Hello {{ first_name }}"
body = "Dear {{ first_name }}, shall we talk?"
"""


def test_a_campaign_goes_through_its_statuses_by_number_or_name(ask: Ask) -> None:
    made = ask("campaigns", "create", "--name", "Q1", "--target-clients", "10")
    assert (made["id"], made["status"], made["dry_run"]) == (1, "draft", True)
    for verb, status in [("activate", "active"), ("pause", "paused"), ("resume", "active"), ("archive", "archived")]:
        assert ask("campaigns", verb, "Q1" if verb == "pause" else "1")["status"] == status


def test_a_list_is_filtered_and_goes_on_with_its_cursor(run: Run, ask: Ask) -> None:
    for name in ("Q1", "Q2", "Q3"):
        ask("campaigns", "create", "--name", name)
    ask("campaigns", "activate", "Q2")
    assert [each["name"] for each in ask("campaigns", "list", "--status", "active")["items"]] == ["Q2"]
    first = ask("campaigns", "list", "--limit", "2")
    rest = ask("campaigns", "list", "--limit", "2", "--cursor", first["next"])
    assert [each["name"] for each in (*first["items"], *rest["items"])] == ["Q3", "Q2", "Q1"]
    assert first["next"] in run("campaigns", "list", "--limit", "2").stderr


def test_update_changes_what_is_named_and_an_empty_text_gives_the_default_back(ask: Ask) -> None:
    ask("campaigns", "create", "--name", "Q1", "--target-niche", "clinics", "--daily-email-limit", "30")
    changed = ask("campaigns", "update", "Q1", "--target-niche", "", "--name", "Q2")
    assert (changed["name"], changed["target_niche"], changed["daily_email_limit"]) == ("Q2", None, 30)


def test_apply_creates_and_then_makes_equal(run: Run, ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "clinics.toml"
    file.write_text(DEFINITION)
    assert run("campaigns", "apply", str(file)).output.startswith("created: 1 Clinics")
    file.write_text(DEFINITION.replace("10", "12"))
    assert run("campaigns", "apply", str(file)).output.startswith("updated: 1 Clinics")
    assert ask("campaigns", "show", "Clinics")["target_clients"] == 12


def test_apply_makes_a_campaign_anew_where_the_one_of_its_name_is_archived(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "clinics.toml"
    file.write_text(DEFINITION)
    run("campaigns", "apply", str(file))
    run("campaigns", "archive", "Clinics")
    assert run("campaigns", "apply", str(file)).output.startswith("created: 2 Clinics")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("name = ", ["is no TOML"]),
        ('name = "12"\ntarget_clients = 0\nunheard = 1\n', ["name:", "target_clients:", "unheard:"]),
        ('name = "Q1"\n[[steps]]\nsubject = "x"\nbody = "{{ nonsense("\n', ["steps.0.body: line 1"]),
        ('name = "Q1"\n[[sources]]\ntype = "csv"\npath = "away.csv"\n', ["sources.0.path", "away.csv"]),
    ],
)
def test_a_broken_definition_names_file_field_and_mend(
    run: Run, tmp_path: Path, content: str, named: list[str]
) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(content)
    told = run("campaigns", "apply", str(file), code=1).stderr
    for each in ("broken.toml", *named):
        assert each in told


def test_live_tells_the_findings_and_changes_nothing_while_one_stops(run: Run, ask: Ask) -> None:
    ask("campaigns", "create", "--name", "Q1")
    assert "no_mailbox" in run("campaigns", "live", "Q1", "--yes", code=1).output
    assert ask("campaigns", "show", "Q1")["dry_run"] is True
    assert "no_mailbox" in run("campaigns", "preflight", "Q1", code=1).output


def test_a_campaign_that_is_not_there_is_said_by_its_name(run: Run) -> None:
    with pytest.raises(ApiError, match="There is no campaign Nobody"):
        run("campaigns", "show", "Nobody")


def test_people_read_names_figures_and_steps(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "clinics.toml"
    file.write_text(DEFINITION)
    run("campaigns", "apply", str(file))
    shown = run("campaigns", "show", "1").output
    for each in ("Clinics", "target_clients", "Hello {{ first_name }}", "08:00"):
        assert each in shown
    listed = run("campaigns", "list").output
    assert max(map(len, listed.splitlines())) <= 100
    assert "Clinics" in listed
