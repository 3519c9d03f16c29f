"""The commands about the whole installation, over a real engine."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from camd.client import Unreachable
from camd.config import ConfigurationError
from camd.ports.store_errors import NewerSchema

Run = Callable[..., Result]
Ask = Callable[..., Any]


def test_the_kill_switch_stays_on_from_one_command_to_the_next(run: Run, ask: Ask) -> None:
    assert "kill switch: ON" in run("kill-switch", "on", "--reason", "wrong list").output
    status = ask("status")
    assert (status["kill_switch"]["on"], status["kill_switch"]["reason"]) == (True, "wrong list")
    assert "wrong list" in run("status").output
    assert ask("kill-switch", "off")["on"] is False


def test_the_send_gate_is_open_until_something_is_wrong(run: Run, ask: Ask) -> None:
    assert ask("gate", "status") == ask("gate", "open") == {"open": True, "reason": None, "since": None}
    assert run("gate", "status").output == "send gate: open\n"


def test_status_fits_one_screen(run: Run) -> None:
    lines = run("status").output.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100


def test_a_cycle_is_dry_unless_told_otherwise_and_says_what_it_waits_for(run: Run, ask: Ask) -> None:
    run("campaigns", "create", "--name", "Q1")
    assert "dry_run_call" in ask("run-cycle", "--campaign-id", "Q1")["waiting_for"]
    report = ask("run-cycle", "--campaign-id", "1", "--no-dry-run")
    assert report["dry_run"] is True
    assert "dry_run_call" not in report["waiting_for"]
    assert "dry_run_instance" in run("run-cycle", "--campaign-id", "1").output


def test_run_all_prints_an_array_of_reports(run: Run, ask: Ask) -> None:
    assert ask("run-all") == []
    for name in ("Q1", "Q2"):
        run("campaigns", "create", "--name", name)
    assert [report["campaign_name"] for report in ask("run-all")] == ["Q1", "Q2"]
    assert "Q2" in run("run-all").output


def test_events_are_told_in_order_with_every_filter(run: Run, ask: Ask) -> None:
    run("campaigns", "create", "--name", "Q1")
    run("campaigns", "activate", "Q1")
    types = [event["type"] for event in ask("events")["items"]]
    assert types[:2] == ["campaign.created", "campaign.activated"]
    [activated] = ask("events", "--type", "campaign.activated", "--campaign", "Q1")["items"]
    assert ask("events", "--since", "2099-01-01")["items"] == []
    assert ask("events", "--actor", "nobody")["items"] == []
    assert ask("events", "--after", str(activated["seq"]), "--type", "campaign.created")["items"] == []
    assert "campaign.created" in run("events", "--limit", "1").stdout
    assert [event["type"] for event in ask("events", "--newest", "--limit", "1")["items"]] == types[-1:]
    assert "more:" not in run("events", "--newest", "--limit", "1").output
    assert "give either" in run("events", "--newest", "--follow", code=2).output


def test_following_events_never_opens_the_database(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        run("events", "--follow")
    assert not (tmp_path / "camd.db").exists()


def test_migrate_says_the_revision_before_and_after(run: Run, ask: Ask) -> None:
    first = ask("migrate")
    assert first["before"] is None
    assert first["after"]
    assert ask("migrate") == {"before": first["after"], "after": first["after"]}
    assert "nothing to do" in run("migrate").output


def test_migrate_refuses_a_newer_schema(run: Run, tmp_path: Path) -> None:
    run("migrate")
    with sqlite3.connect(tmp_path / "camd.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(NewerSchema):
        run("migrate")


def test_check_config_masks_secrets_and_says_where_a_value_comes_from(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMD_ENGINE__TIMEZONE", "Europe/Berlin")
    (tmp_path / "camd.toml").write_text(
        '[mailboxes.sales]\naddress = "a@example.com"\nsmtp_host = "smtp.example.com"\npassword = "canary-7"\n'
    )
    shown = run("check-config").output
    plain = json.loads(run("check-config", "--json").output)
    assert "canary-7" not in shown + json.dumps(plain)
    assert plain["mailboxes"]["sales"]["password"] == "********"
    assert "variable CAMD_ENGINE__TIMEZONE" in " ".join(shown.split())


def test_check_config_names_every_problem_at_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "camd.toml").write_text('[server]\nport = "x"\n[engine]\ntimezone = "Mars"\n[unheard]\na = 1\n')
    with pytest.raises(ConfigurationError) as raised:
        run("check-config")
    assert {problem.key for problem in raised.value.problems} == {"server.port", "engine.timezone", "unheard"}
