"""camd as systemd's service on a machine of its own, installed by the commands of `systemd/README.md`."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from camd.system import SystemClock
from tests.acceptance.built_wheel import ROOT, build_wheel
from tests.acceptance.installation import Group, Installation
from tests.system.booted_machine import Machine, booted

pytestmark = [pytest.mark.system, pytest.mark.booted]

SETTINGS = """\
[database]
url = "sqlite:////var/lib/camd/camd.db"
journal = "/var/lib/camd/handovers.journal"

[server]
socket = "/run/camd/api.sock"

"""
ANSWERS = (
    "camd init --sender-name Ann --sender-company Acme --postal-address '1 High Street' --hosted-by other"
    " --mailbox-address sales@us.example --smtp-host smtp.us.example --imap-host imap.us.example"
    " --notify-email ann@us.example"
)
STALL = "import signal; signal.signal(signal.SIGUSR1, lambda *_: __import__('time').sleep(3600))\n"
"""A line that Python runs at its start: SIGUSR1 makes the loop stand still, as an endless template would."""
STARTED = r"^Started camd\.service"
SAY = "import smtplib, sys; print(smtplib.SMTP('127.0.0.1', int(sys.argv[1])).docmd(sys.argv[2]))"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mailing:
    """`since` is the journal's end before the start."""

    machine: Machine
    port: int
    since: str

    def tell_server(self, command: str) -> None:
        """See `sink.py`; returns when it has answered."""
        self.machine.run("/usr/bin/python3", "-c", SAY, str(self.port), command)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {version: build_wheel(tmp_path_factory.mktemp("wheel"), version) for version in ("1.0.0", "1.0.1")}


@pytest.fixture(scope="module")
def machine(wheels: dict[str, Path]) -> Iterator[Machine]:
    root = os.environ.get("CAMD_BOOTED_ROOT")
    with booted(Path(root) if root else None) as up:
        for version, wheel in wheels.items():
            up.put(f"/srv/{version}/{wheel.name}", wheel.read_bytes())
        _follow_page(up, "Install", "1.0.0")
        assert up.shows("camd-backup.timer", "ActiveState") == ["active"]
        up.run("sh", "-c", "rm /etc/camd/credentials/*")
        site = up.run("/opt/camd/bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        up.put(f"{site.strip()}/stall.pth", STALL.encode())
        _begin_anew(up)
        yield up


def _follow_page(machine: Machine, heading: str, version: str) -> None:
    """All commands of a chapter, in the folder with this wheel, but for the one that the machine's image has done."""
    page = (ROOT / "systemd" / "README.md").read_text()
    chapter = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    commands = "".join(block for block in BLOCK.findall(chapter) if "apt-get" not in block)
    machine.run("bash", "-euxc", f"cd /srv/{version}\n{commands.replace('camd init', ANSWERS)}")


@pytest.fixture
def service(machine: Machine) -> Iterator[Machine]:
    """Freshly started with an empty database."""
    machine.run("systemctl", "start", "camd")
    yield machine
    _begin_anew(machine)


@pytest.fixture
def mailing(machine: Machine, tmp_path: Path) -> Iterator[Mailing]:
    """Started with one mail due, which its server has and has not answered for."""
    installation = Installation(tmp_path, tmp_path / "camd.db", tmp_path / "camd.journal")
    installation.prepare(Group(["p0@c0.example"], SystemClock().now()))
    since = machine.now()
    sink = ["/usr/bin/python3", "-u", "/srv/sink.py", "/srv/mails", json.dumps({"*": "held"})]
    machine.put("/srv/sink.py", (ROOT / "tests" / "proof" / "sink.py").read_bytes())
    machine.run("systemd-run", "--quiet", "--collect", "--unit=sink", *sink)
    port = int(machine.wait_for(r"^\d+$", since, unit="sink"))
    _, engine, rest = installation.configure(port).read_text().partition("[engine]")
    machine.put("/etc/camd/camd.toml", f"{SETTINGS}{engine}{rest}".encode())
    machine.put("/var/lib/camd/camd.db", installation.database.read_bytes())
    machine.run("chown", "--recursive", "camd:camd", "/var/lib/camd")
    machine.run("systemctl", "start", "camd")
    mailing = Mailing(machine, port, since)
    mailing.tell_server("XWAIT 1")
    yield mailing
    machine.run("systemctl", "stop", "sink")
    machine.run("rm", "/srv/mails")
    _begin_anew(machine)


def _begin_anew(machine: Machine) -> None:
    machine.run("systemctl", "stop", "camd", "camd-console")
    machine.attempt("systemctl", "reset-failed", "camd", "camd-console")
    machine.run("rm", "-rf", "/var/lib/camd", "/var/lib/camd-backups", "/run/systemd/system/camd.service.d")
    machine.run("systemctl", "daemon-reload")
    machine.put("/etc/camd/camd.toml", SETTINGS.encode())


def _get(machine: Machine, path: str) -> str:
    return machine.run("curl", "--silent", "--show-error", "--fail", f"http://127.0.0.1:8000{path}")


def _pid(machine: Machine) -> str:
    return machine.shows("camd", "MainPID")[0]


def test_it_is_ready_when_systemd_says_that_it_runs(service: Machine) -> None:
    assert json.loads(_get(service, "/readyz"))["status"] == "pass"
    state, status, user = service.shows("camd", "SubState", "StatusText", "User")
    assert (state, status, user) == ("running", "serving http://127.0.0.1:8000", "camd")


def test_every_line_it_writes_is_json_for_the_journal_and_warnings_can_be_asked_for(service: Machine) -> None:
    since = service.now()
    service.run("systemctl", "restart", "camd")
    service.put("/etc/camd/camd.toml", b"[engine]\ntimezone = 'Mars'\n")
    service.run("systemctl", "reload", "camd")
    service.wait_for("config.rejected", since)
    own = [json.loads(line) for line in service.journal(since, "_SYSTEMD_UNIT=camd.service")]
    assert all({"ts", "level", "event", "version"} <= line.keys() for line in own)
    warned = [json.loads(line) for line in service.journal(since, "--unit=camd", "--priority=warning")]
    assert [line["event"] for line in warned] == ["config.rejected"]


def test_a_reload_takes_valid_settings_and_leaves_invalid_ones(service: Machine) -> None:
    pid, since = _pid(service), service.now()
    service.put("/etc/camd/camd.toml", f"{SETTINGS}[limits]\ninstance_daily = 7\n".encode())
    service.run("systemctl", "reload", "camd")
    assert "limits.instance_daily" in service.wait_for("config.reloaded", since)
    service.put("/etc/camd/camd.toml", b"[engine]\ntimezone = 'Mars'\n")
    service.run("systemctl", "reload", "camd")
    assert "engine.timezone" in service.wait_for("config.rejected", since)
    assert json.loads(_get(service, "/readyz"))["status"] == "pass"
    assert _pid(service) == pid


def test_fault_12_a_loop_that_stands_still_is_shown_where_and_started_anew(service: Machine) -> None:
    service.put("/run/systemd/system/camd.service.d/quick.conf", b"[Service]\nWatchdogSec=3\n")
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", "camd")
    since = service.now()
    service.run("systemctl", "kill", "--signal=SIGUSR1", "camd")
    service.wait_for("Watchdog timeout", since)
    service.wait_for(STARTED, since)
    said = "\n".join(service.journal(since, "--unit=camd"))
    assert "Fatal Python error: Aborted" in said
    assert 'File "<string>", line 1 in <lambda>' in said
    assert service.shows("camd", "SubState", "NRestarts") == ["running", "1"]


def test_killed_it_is_started_anew_and_knows_what_it_knew(service: Machine) -> None:
    service.run("camd", "campaigns", "create", "--name", "Q1")
    since = service.now()
    service.run("systemctl", "kill", "--signal=SIGKILL", "camd")
    service.wait_for(STARTED, since)
    assert "Q1" in service.run("camd", "--json", "campaigns", "list")


def test_fault_06_killed_again_and_again_it_stays_down_and_a_person_starts_it(service: Machine) -> None:
    since = service.now()
    limit = int(service.shows("camd", "StartLimitBurst")[0])
    for _ in range(limit - 1):
        service.run("systemctl", "kill", "--signal=SIGKILL", "camd")
        service.wait_for(STARTED, since)
        since = service.now()
    service.run("systemctl", "kill", "--signal=SIGKILL", "camd")
    service.wait_for("Start request repeated too quickly", since)
    assert service.shows("camd", "ActiveState", "MainPID") == ["failed", "0"]
    service.run("systemctl", "reset-failed", "camd")
    service.run("systemctl", "start", "camd")
    assert json.loads(_get(service, "/readyz"))["status"] == "pass"


def test_a_configuration_error_is_not_tried_again(service: Machine) -> None:
    since = service.now()
    service.put("/etc/camd/camd.toml", b"[engine]\ntimezone = 'Mars'\n")
    assert service.attempt("systemctl", "restart", "camd").returncode == 1
    assert service.shows("camd", "ActiveState", "ExecMainStatus", "NRestarts") == ["failed", "78", "0"]
    assert any("engine.timezone" in line for line in service.journal(since, "--unit=camd"))


def test_mail_leaves_under_the_sandbox(mailing: Mailing) -> None:
    mailing.tell_server("XRELEASE")
    mailing.machine.wait_for("send.sent", mailing.since)
    (arrived,) = mailing.machine.run("cat", "/srv/mails").splitlines()
    assert json.loads(arrived)["recipient"] == "p0@c0.example"


def test_a_stop_lets_the_mail_on_its_way_end(mailing: Mailing) -> None:
    machine = mailing.machine
    machine.run("systemctl", "stop", "--no-block", "camd")
    machine.wait_for("daemon.stopping", mailing.since)
    mailing.tell_server("XRELEASE")
    machine.wait_for("Deactivated successfully", mailing.since)
    assert machine.shows("camd", "Result", "ExecMainStatus") == ["success", "0"]
    events = [json.loads(line)["event"] for line in machine.journal(mailing.since, "_SYSTEMD_UNIT=camd.service")]
    assert (events.count("send.sent"), events[-1]) == (1, "daemon.stopped")


def test_a_newer_wheel_goes_on_with_the_same_database_and_so_does_the_older_one(service: Machine) -> None:
    service.run("camd", "campaigns", "create", "--name", "Q1")
    for version in ("1.0.1", "1.0.0"):
        _follow_page(service, "Upgrade", version)
        assert json.loads(_get(service, "/readyz"))["version"] == version
        assert "Q1" in service.run("camd", "--json", "campaigns", "list")


def test_a_backup_is_made_beside_it_and_it_knows(service: Machine) -> None:
    service.run("systemctl", "start", "camd-backup")
    assert service.run("stat", "--format=%U %a", "/var/lib/camd-backups/camd.db") == "camd 600\n"
    service.run("systemctl", "restart", "camd")
    (line,) = re.findall(r"^camd_backup_last_success_timestamp_seconds (.+)$", _get(service, "/metrics"), re.MULTILINE)
    assert float(line) > 0


def test_the_console_answers_and_starts_no_daemon_that_was_stopped(service: Machine) -> None:
    since = service.now()
    service.run("systemctl", "start", "camd-console")
    service.wait_for("Uvicorn server started", since, unit="camd-console")
    assert service.run("curl", "--silent", "--fail", "http://127.0.0.1:8501/_stcore/health") == "ok"
    service.run("systemctl", "stop", "camd")
    service.run("systemctl", "restart", "camd-console")
    service.wait_for("no camd answers", since, unit="camd-console")
    assert service.shows("camd", "ActiveState") == ["inactive"]


def test_an_operator_is_whoever_is_in_the_group(service: Machine) -> None:
    service.run("useradd", "--groups=camd", "ada")
    service.run("useradd", "eve")
    status = ["CAMD_URL=unix:/run/camd/api.sock", "/opt/camd/bin/camd", "status"]
    assert service.attempt("sudo", "--user=ada", *status).returncode == 0
    assert service.attempt("sudo", "--user=eve", *status).returncode == 69
