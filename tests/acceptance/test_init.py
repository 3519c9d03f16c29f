"""`camd init` at a terminal: what no option gives is asked for, and asked again while the answer is wrong."""

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.acceptance

PATIENCE_SECONDS = 60
ANSWERS = (
    "--sender-name=Ada Example",
    "--sender-company=Example Studio",
    "--postal-address=1 Example Street, Example",
    "--mailbox-address=ada@example.com",
    "--hosted-by=google",
    "--notify-email=boss@example.com",
)


class Terminal:
    """A person at a terminal before the command."""

    def __init__(self, folder: Path, environ: dict[str, str], *arguments: str) -> None:
        self._end, other = pty.openpty()
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "camd", "init", *arguments],
            cwd=folder,
            env=environ,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self._read = 0

    def answers(self, question: str, answer: str) -> None:
        self.hears(question)
        os.write(self._end, f"{answer}\n".encode())

    def hears(self, words: str) -> None:
        while (at := self.said.find(words, self._read)) < 0:
            readable, _, _ = select.select([self._end], [], [], PATIENCE_SECONDS)
            assert readable, f"no {words!r} in:\n{self.said}"
            self.said += os.read(self._end, 1 << 16).decode()
        self._read = at + len(words)

    def close(self) -> int:
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        os.close(self._end)
        return code


@pytest.fixture
def terminal(folder: Path, environ: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    begun: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        begun.append(Terminal(folder, environ, *arguments))
        return begun[-1]

    yield begin
    for each in begun:
        each.process.kill()
        each.process.wait()


def test_each_question_is_asked_and_a_wrong_answer_is_asked_again_with_its_mend(
    terminal: Callable[..., Terminal], camd: Callable[..., Any]
) -> None:
    person = terminal("--sender-company", "Example Studio", "--notify-email", "nobody")
    person.answers("Your name", "Ada Example")
    person.answers("postal address", "1 Example Street, Example")
    person.answers("mailbox", "ada at example")
    person.hears("give one e-mail address such as ada@example.com")
    person.answers("mailbox", "ada@example.com")
    person.answers("Who hosts it", "other")
    person.answers("mail out", "smtp.example.com")
    person.answers("mail in", "imap.example.com")
    person.hears("give one e-mail address such as ada@example.com")
    person.answers("told of answers", "boss@example.com")
    person.hears("camd doctor")
    assert person.close() == 0
    shown = camd("check-config")
    assert shown.returncode == 0, shown.stderr
    assert "imap.example.com" in shown.stdout
    assert "boss@example.com" in shown.stdout


@pytest.mark.parametrize(("answer", "is_kept"), [("n", True), ("y", False)])
def test_a_file_that_is_there_is_written_anew_only_if_the_person_says_so(
    terminal: Callable[..., Terminal], folder: Path, answer: str, is_kept: bool
) -> None:
    unit = folder / "systemd" / "camd.service"
    unit.parent.mkdir()
    unit.write_text("# mine\n")
    (folder / "camd.toml").write_text("# mine\n")
    person = terminal()
    person.answers("camd.toml is there already", "n")
    person.answers("camd.service is there already", answer)
    person.hears("Next:")
    assert person.close() == 0
    assert (unit.read_text() == "# mine\n") is is_kept
    assert (folder / "camd.toml").read_text() == "# mine\n"


def test_a_disk_that_fills_up_leaves_no_part_of_a_file_that_would_be_kept_the_next_time(
    folder: Path, environ: dict[str, str]
) -> None:
    def said(*shell: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*shell, sys.executable, "-m", "camd", "init", "--json", *ANSWERS],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    # Four kilobytes: the configuration has room, the service's page has none.
    full = said("prlimit", "--fsize=4096")
    assert (full.returncode, full.stderr) == (1, "camd: systemd/README.md: File too large\n")
    assert [path.name for path in folder.rglob("README.md*")] == []
    assert json.loads(said().stdout)["kept"] == ["camd.toml"]
