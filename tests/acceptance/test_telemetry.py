"""What a real process tells: line by line, about nobody, and never at the cost of its work."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from camd.system import SystemClock
from camd.telemetry.events import CATALOGUE
from camd.telemetry.keys import ENVELOPE, FIGURES
from tests.acceptance import logged_demo
from tests.acceptance.installation import Group, Installation, addresses
from tests.acceptance.mail_server import mail_server

pytestmark = pytest.mark.acceptance

TOP = Path(__file__).parents[2]
SECONDS = 30
LINES_AT_LEAST = 500
ALWAYS = ("ts", "level", "event", "version")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PRIORITIES = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}


@dataclass(frozen=True, slots=True)
class Told:
    """By a demonstration, under journald."""

    lines: tuple[str, ...]
    figures: str
    health: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("demo")
    ended = subprocess.run(
        [sys.executable, "-m", logged_demo.__name__, str(folder), str(SECONDS)],
        cwd=TOP,
        env={**os.environ, "JOURNAL_STREAM": "8:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return Told(
        tuple(ended.stdout.splitlines()),
        (folder / logged_demo.FIGURES).read_text(),
        (folder / logged_demo.HEALTH).read_text(),
    )


def test_every_line_of_a_demonstration_is_json_with_the_envelope_behind_its_priority(told: Told) -> None:
    assert len(told.lines) > LINES_AT_LEAST
    for text in told.lines:
        line = json.loads(text[3:])
        assert text[:3] == PRIORITIES[line["level"]], text
        assert [key for key in ALWAYS if key not in line] == [], text
        assert line.keys() <= ENVELOPE | FIGURES | {*ALWAYS}, text
        assert INSTANT.fullmatch(line["ts"]), text
        assert line["level"] == CATALOGUE[line["event"]].level, text


def test_a_demonstration_tells_of_all_its_parts(told: Told) -> None:
    lines = [json.loads(text[3:]) for text in told.lines]
    groups = {line["event"].partition(".")[0] for line in lines}
    assert groups >= {"daemon", "config", "actor", "campaign", "send", "imap", "inbound", "import", "lead", "api"}
    assert {line["event"] for line in lines} >= {"daemon.ready", "send.intent", "send.on_wire", "send.sent"}
    assert [line["event"] for line in lines][-1] == "daemon.stopped"


def test_the_same_lead_is_named_by_the_same_hash_and_no_two_by_one(told: Told) -> None:
    lines = [json.loads(text[3:]) for text in told.lines]
    sent = {(line["touch_id"], line["lead_ref"]) for line in lines if line["event"].startswith("send.")}
    assert sent
    assert len({touch for touch, _ in sent}) == len(sent)
    assert all(re.fullmatch("[0-9a-f]{16}", ref) for _, ref in sent)


def test_nobody_who_is_written_to_is_named_anywhere(told: Told) -> None:
    outputs = {"the log": "\n".join(told.lines), "/metrics": told.figures, "/healthz": told.health}
    assert len(set(canaries())) > 500
    found = [(place, word) for place, text in outputs.items() for word in canaries() if word in text.lower()]
    assert found == []


def canaries() -> Iterator[str]:
    """Addresses, names and companies of all invented people."""
    text = files("camd.sandbox").joinpath("leads.csv").read_text(encoding="utf-8")
    for row in csv.reader(StringIO(text)):
        for cell in row:
            is_name = " " in cell.strip() or "@" in cell
            if is_name and len(cell) > 8:
                yield cell.strip().lower()


def test_fault_92_a_reader_that_stalls_drops_lines_and_no_mail(folder: Path, environ: Mapping[str, str]) -> None:
    count = 40
    reading, writing = os.pipe()
    with mail_server() as server:
        site = Installation(folder, folder / "camd.db", folder / "camd.journal")
        site.prepare(Group(addresses(count), SystemClock().now()))
        site.configure(server.port)
        with os.fdopen(reading, "rb") as never_read, os.fdopen(writing, "wb") as pipe:
            pipe.write(b"")
            os.set_blocking(pipe.fileno(), False)
            while _fits(pipe.fileno()):
                pass
            os.set_blocking(pipe.fileno(), True)
            daemon = subprocess.Popen(
                [sys.executable, "-m", "camd", "run", "--config", "camd.toml"],
                cwd=folder,
                env={**environ, "CAMD_LOGGING__LEVEL": "debug", "PYTHONPATH": str(TOP)},
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=subprocess.PIPE,
            )
            try:
                server.wait_for(count)
                daemon.terminate()
                _, errors = daemon.communicate(timeout=60)
            finally:
                daemon.kill()
                daemon.wait()
            assert (daemon.returncode, errors) == (0, b"")
            os.set_blocking(never_read.fileno(), False)
    assert site.problems(server.mails) == []


def _fits(descriptor: int) -> bool:
    try:
        os.write(descriptor, b"\n" * 4096)
    except BlockingIOError:
        return False
    return True


def test_fault_11_17_what_ends_or_stays_as_it_is_says_so_in_the_log(
    start: Callable[..., Any], camd: Callable[..., Any], folder: Path
) -> None:
    (folder / "camd.toml").write_text("")
    daemon = start("run", "--config", "camd.toml")
    daemon.url()
    second = camd("run", "--config", "camd.toml", CAMD_SERVER__SOCKET=str(folder / "second.sock"))
    [denied] = [line for line in map(json.loads, second.stdout.splitlines()) if line["level"] == "error"]
    assert str(daemon.process.pid) in denied["reason"]
    assert (second.returncode, denied["event"]) == (75, "daemon.lock_denied")
    (folder / "camd.toml").write_text("[engine]\ngrace = 1\n")
    daemon.process.send_signal(1)
    assert json.loads(daemon.wait_for("config.rejected"))["level"] == "error"
    assert daemon.end() == 0
    assert [json.loads(line)["event"] for line in daemon.printed.decode().splitlines()][-2:] == [
        "daemon.stopping",
        "daemon.stopped",
    ]
