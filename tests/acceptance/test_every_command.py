"""Every command says the same with a running daemon and without one, and prints the API's own JSON."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import pytest
from click.testing import CliRunner

from camd.api.app import TABLE
from camd.api.routes import Route
from camd.cli.app import root
from tests.acceptance.command_lines import LINES, WITHOUT_A_LINE, Line, prepare

_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<instant>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? [A-Z+-]\w*"), "<time>"),
    (re.compile(r'"duration_seconds":[\d.e-]+|duration seconds +[\d.]+'), "<duration>"),
    (re.compile(r"camd_[\w-]{20,}"), "<token>"),
    (re.compile(r'(?<="machine":)\{[^}]*\}'), '"<machine>"'),
    (re.compile(r"(?<=machine     )loop .*"), "<machine>"),
    (re.compile(r"\d+(\.\d+)? (bytes|MB|kB|s)\b"), "<size>"),
)
_NEW_ID = re.compile(r"\b(?:ld|to|ib|im|su|ru|ev)_(?!0{20})[0-9a-z]{26}\b")


class Said:
    """What commands said of one installation; ids made meanwhile are named in their order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids: dict[str, str] = {}
        self._runner = CliRunner()

    def run(self, line: Line, *, as_json: bool) -> tuple[int, str, str]:
        words = line.words.replace("copy.db", f"{self._folder}/copy.db").split()
        words = [str(self._folder / word) if word.endswith((".csv", ".toml")) else word for word in words]
        shared = ["--config", str(self._folder / "camd.toml"), *(["--json"] if as_json else [])]
        result = self._runner.invoke(root, [*shared, *words], prog_name="camd")
        failed = result.exception
        failure = "" if failed is None or isinstance(failed, SystemExit) else repr(failed)
        # An engine of the command's own writes its log to stderr.
        told = "".join(each for each in result.stderr.splitlines(True) if not each.startswith('{"level": '))
        return result.exit_code, self.masked(result.stdout), failure or self.masked(told)

    def masked(self, text: str) -> str:
        text = text.replace(str(self._folder), "<folder>")
        for pattern, name in _MASKS:
            text = pattern.sub(name, text)
        return _NEW_ID.sub(lambda found: self._ids.setdefault(found[0], f"<id {len(self._ids)}>"), text)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAMD_URL", "CAMD_TOKEN", "CAMD_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "a", tmp_path / "b"
    for folder in found:
        folder.mkdir()
        prepare(folder)
    return found


def told_by(said: Said) -> Iterator[tuple[str, tuple[int, str, str]]]:
    for line in LINES:
        if line.reads is not None:
            yield line.words, said.run(line, as_json=False)
        yield f"--json {line.words}", said.run(line, as_json=True)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name))


def test_every_command_has_a_line() -> None:
    every = set(commands(root))
    longest_first = sorted(every, key=len, reverse=True)
    known = {next(name for name in longest_first if f"{line.words} ".startswith(f"{name} ")) for line in LINES}
    assert known | WITHOUT_A_LINE.keys() == every
    assert known.isdisjoint(WITHOUT_A_LINE)


@pytest.mark.acceptance
@pytest.mark.usefixtures("quiet")
def test_every_command_says_the_same_with_and_without_a_daemon(
    folders: tuple[Path, Path], start: Callable[..., Any]
) -> None:
    alone, beside = folders
    start("run", "--config", str(beside / "camd.toml")).wait_for("daemon.ready")
    here, there = Said(alone), Said(beside)
    both = zip(told_by(here), told_by(there), strict=True)
    assert [(name, without, with_one) for (name, without), (_, with_one) in both if without != with_one] == []


@pytest.mark.acceptance
@pytest.mark.usefixtures("quiet")
def test_what_a_command_prints_as_json_is_what_the_api_answers(
    folders: tuple[Path, Path], start: Callable[..., Any]
) -> None:
    folder, _ = folders
    start("run", "--config", str(folder / "camd.toml")).wait_for("daemon.ready")
    said = Said(folder)
    wrong: list[tuple[str, int, str, str]] = []
    transport = httpx.HTTPTransport(uds=str(folder / "api.sock"))
    with httpx.Client(base_url="http://localhost", transport=transport) as http:
        for line in LINES:
            code, printed, failure = said.run(line, as_json=True)
            if code != line.code:
                wrong.append((line.words, code, printed, failure))
            elif line.reads is not None:
                answered = http.get(f"/api/cam{line.reads}").text
                if json.loads(printed) != json.loads(said.masked(answered)):
                    wrong.append((line.words, code, printed, answered))
    assert wrong == []


@pytest.mark.parametrize("line", [line for line in LINES if line.reads], ids=lambda line: line.words)
def test_every_parameter_of_what_is_read_is_an_option(line: Line) -> None:
    options = {flag for parameter in command_of(line).params for flag in parameter.opts}
    fields = route_of(line).query.model_fields.items()
    assert {f"--{(field.alias or name).replace('_', '-')}" for name, field in fields} <= options


def route_of(line: Line) -> Route:
    path = f"/api/cam{urlsplit(line.reads or '').path}"
    reading = [route for route in TABLE if route.method == "GET"]
    ways = [route for route in reading if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)]
    return min(ways, key=lambda route: route.path.count("{"))


def command_of(line: Line) -> click.Command:
    command: click.Command = root
    for word in line.words.split():
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command
