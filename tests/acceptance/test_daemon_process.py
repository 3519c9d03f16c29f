"""The daemon as a process: signals, the lock, what it refuses to start with, and what it never prints."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.acceptance

Start = Callable[..., Any]
Run = Callable[..., Any]
Ask = Callable[..., Any]


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_when_it_says_so_and_a_signal_ends_it_cleanly(
    start: Start, ask: Ask, with_signal: signal.Signals
) -> None:
    daemon = start("run")
    url = daemon.url()
    assert [ask(f"{url}{path}").status for path in ("/livez", "/startupz", "/readyz", "/healthz", "/metrics")] == [
        200
    ] * 5
    assert daemon.end(with_signal) == 0
    assert "daemon.stopped" in daemon.output()
    assert daemon.errors.read_text() == ""


def test_an_import_under_way_does_not_keep_it_from_stopping(start: Start, folder: Path, camd: Run, ask: Ask) -> None:
    people = "".join(f"p{number}@c{number}.example,Ada\n" for number in range(25_000))
    (folder / "people.csv").write_text(f"Email,First Name\n{people}")
    daemon = start("run")
    url = daemon.url()
    assert ask(f"{url}/api/cam/campaigns", "POST", b'{"name": "Q1"}').status == 201
    following = start("--json", "events", "--follow", "--after", "0")
    following.wait_for("campaign.created")
    importing = start("leads", "import", "Q1", "people.csv")
    following.wait_for("lead.discovered")
    assert daemon.end() == 0
    assert importing.process.wait(timeout=60) in (1, 69)
    assert "Traceback" not in importing.errors.read_text()
    assert json.loads(camd("--json", "leads", "list", "Q1").stdout)["items"] == []


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_fault_17_a_second_daemon_on_the_same_database_names_the_holder(
    start: Start, camd: Run, folder: Path, link: Callable[[Path, Path], None] | None
) -> None:
    first = start("run")
    first.url()
    name = "camd.db"
    if link:
        name = "other.db"
        link(folder / "camd.db", folder / name)
    second = camd("run", CAMD_DATABASE__URL=f"sqlite:///{name}", CAMD_SERVER__SOCKET=str(folder / "second.sock"))
    assert second.returncode == 75
    assert f"process {first.process.pid} on " in second.stderr
    assert first.end() == 0


def test_fault_20_a_newer_schema_is_refused(camd: Run, folder: Path) -> None:
    assert camd("migrate").returncode == 0
    database = sqlite3.connect(folder / "camd.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    refused = camd("run")
    assert refused.returncode == 78
    assert "9999" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_every_key_of_a_broken_configuration_is_told_in_one_run(camd: Run, folder: Path) -> None:
    (folder / "camd.toml").write_text(
        '[server]\nhost = 7\n[engine]\ntimezone = "Mars"\ngrace = 1\n[mailboxes.sales]\naddress = "a@example.com"\n'
    )
    refused = camd("run", CAMD_SERVER__PORT="eighty")
    assert refused.returncode == 78
    for key in ("server.host", "server.port", "engine.timezone", "engine.grace", "mailboxes.sales.smtp_host"):
        assert f"{key}: " in refused.stderr


def test_a_taken_port_is_78(start: Start, camd: Run) -> None:
    port = start("run").url().rpartition(":")[2]
    refused = camd("run", CAMD_DATABASE__URL="sqlite:///other.db", CAMD_SERVER__PORT=port)
    assert refused.returncode == 78
    assert f"127.0.0.1:{port} cannot be opened" in refused.stderr


def test_a_secret_appears_in_no_output(start: Start, camd: Run, ask: Ask, folder: Path) -> None:
    secrets = [f"canary-{number}-only-here" for number in range(4)]
    (folder / "camd.toml").write_text(
        f"""
[mailboxes.sales]
address = "ada@example.com"
smtp_host = "127.0.0.1"
password = "{secrets[0]}"

[webhooks.make]
url = "https://hook.example.com/{secrets[1]}"
secret = "{secrets[2]}"
"""
    )
    variables = {"CAMD_MAILBOXES__OTHER__ADDRESS": "bo@example.com", "CAMD_MAILBOXES__OTHER__SMTP_HOST": "127.0.0.1"}
    variables["CAMD_MAILBOXES__OTHER__PASSWORD"] = secrets[3]
    daemon = start("run", CAMD_LOGGING__LEVEL="debug", **variables)
    url = daemon.url()
    seen = [ask(f"{url}{path}").body.decode() for path in ("/metrics", "/healthz", "/api/cam/status", "/api/cam/x")]
    seen.append(
        ask(
            f"{url}/api/cam/campaigns", "POST", json.dumps({"name": "Q1", "mailboxes": ["sales"]}).encode()
        ).body.decode()
    )
    seen.append(ask(f"{url}/api/cam/campaigns/Q1/preflight").body.decode())
    for arguments in (["check-config"], ["check-config", "--json"]):
        done = camd(*arguments, **variables)
        assert done.returncode == 0, done.stderr
        seen += [done.stdout, done.stderr]
    broken = camd("check-config", **variables, CAMD_SERVER__PORT="x")
    assert daemon.end() == 0
    seen += [broken.stdout, broken.stderr, daemon.output()]
    assert [secret for secret in secrets if any(secret in text for text in seen)] == []
    assert "********" in "".join(seen)


def test_a_command_answers_the_same_with_and_without_a_daemon(start: Start, camd: Run, ask: Ask, folder: Path) -> None:
    (folder / "people.csv").write_text("Email,First Name\nada@clinic.example,Ada\nbroken@,Bo\n")
    first = start("run")
    assert ask(f"{first.url()}/api/cam/campaigns", "POST", b'{"name": "Q1"}').status == 201
    assert camd("leads", "import", "Q1", "people.csv").returncode == 0
    questions = [["campaigns", "list", "--json"], ["--json", "leads", "list", "Q1"], ["leads", "show", "nobody"]]
    beside = [camd(*question) for question in questions]
    assert first.end() == 0
    alone = [camd(*question) for question in questions]
    for question, one, other in zip(questions, beside, alone, strict=True):
        assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr), question
    assert [done.returncode for done in alone] == [0, 0, 1]
    assert len(json.loads(alone[1].stdout)["items"]) == 1


def test_a_killed_daemon_starts_again_with_everything(start: Start, ask: Ask) -> None:
    first = start("run")
    url = first.url()
    assert ask(f"{url}/api/cam/campaigns", "POST", b'{"name": "Q1"}').status == 201
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = start("run")
    assert [each["name"] for each in ask(f"{second.url()}/api/cam/campaigns").json["items"]] == ["Q1"]
    assert second.end() == 0


def test_an_address_where_nobody_answers_is_69(camd: Run) -> None:
    refused = camd("status", CAMD_URL="http://127.0.0.1:9")
    assert refused.returncode == 69
    assert refused.stderr.startswith("camd: ")


def test_an_interrupted_command_is_130_without_a_traceback(start: Start) -> None:
    daemon = start("run")
    daemon.url()
    following = start("events", "--follow", "--after", "0")
    start("campaigns", "create", "--name", "Q1").process.wait(timeout=60)
    following.wait_for("campaign.created")
    assert following.end(signal.SIGINT) == 130
    assert "Traceback" not in following.errors.read_text()


def test_a_reload_that_is_asked_for_during_the_start_does_not_end_the_process(start: Start, folder: Path) -> None:
    """systemd would take that for a clean end, and start nothing again."""
    os.mkfifo(folder / "camd.toml")
    daemon = start("run")
    with (folder / "camd.toml").open("w") as config:  # opens when the process is about to read it
        daemon.process.send_signal(signal.SIGHUP)
        config.write("[logging]\nlevel = 'info'\n")
    daemon.url()
    assert daemon.end() == 0
