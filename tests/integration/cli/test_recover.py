"""`camd recover` over a real engine, and what a restore does to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Run = Callable[..., Result]
Ask = Callable[..., Any]


def test_a_person_holds_and_releases(run: Run, ask: Ask) -> None:
    assert run("recover", "status").output == "no recovery hold\n"
    assert "RECOVERY HOLD" in run("recover", "hold").output
    assert "RECOVERY HOLD" in run("recover", "status").output
    assert ask("status")["recovery"]["hold"] is True
    assert "confirm with --yes" in run("recover", "release", code=2).output
    assert ask("recover", "status")["hold"] is True
    released = run("recover", "release", "--yes").output
    assert "A person asked for it." in released
    assert released.endswith("no recovery hold\n")


def test_releasing_what_is_not_held_asks_nothing_and_changes_nothing(run: Run, ask: Ask) -> None:
    assert run("recover", "release").output == "no recovery hold\n"
    assert ask("recover", "release")["hold"] is False
    assert ask("events")["items"] == []


def test_fault_16_a_restored_database_starts_in_the_recovery_hold_also_without_its_journal(
    run: Run, ask: Ask, tmp_path: Path
) -> None:
    run("campaigns", "create", "--name", "Q1")
    run("backup", "copy.db")
    (tmp_path / "camd.journal").unlink()
    run("restore", "copy.db")
    found = ask("recover", "status")
    assert found["hold"] is True
    assert found["reason"].startswith("A backup was put in the place of the database.")
    run("recover", "release", "--yes")
    assert ask("recover", "status")["hold"] is False


def test_fault_16_a_database_that_was_put_back_by_hand_is_noticed(run: Run, ask: Ask, tmp_path: Path) -> None:
    run("campaigns", "create", "--name", "Q1")
    run("backup", "copy.db")
    (tmp_path / "copy.db").replace(tmp_path / "camd.db")
    assert "copied" in ask("recover", "status")["reason"]
