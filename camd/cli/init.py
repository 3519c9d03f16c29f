"""`camd init`: everything that an installation begins with, written into a folder.

No secret is asked for and none is written. A file that is there and says something else stays, unless a person at the
terminal wants it replaced.
"""

import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import click

from camd.cli.grammar import Command, session
from camd.cli.output import line
from camd.cli.questions import OTHER, QUESTIONS

CONFIG = "camd.toml"
SECRET = "CAMD_MAILBOXES__SALES__PASSWORD"  # noqa: S105 - the name of a variable
_PLACE = re.compile(r"@(\w+)@")
NEXT = ("camd doctor", "camd campaigns apply campaigns/example.toml", "camd run")


def _options(function: Callable[..., None]) -> Callable[..., None]:
    for question in reversed(QUESTIONS):
        function = click.option(question.flag, question.name, help=f"{question.prompt}.")(function)
    return function


@click.command(cls=Command)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to; the present folder if left out.",
)
@_options
def init(folder: Path, **given: str | None) -> None:
    """Write a configuration, an example campaign, units, alert rules and proxy snippets.

    Asks on a terminal for what no option gives. Nothing that is there is overwritten without asking."""
    config = folder / CONFIG
    is_wanted = not config.exists() or _may_replace(config)
    answers = _answers(given) if is_wanted else {}
    written = _Written(folder)
    if is_wanted:
        written.put(CONFIG, _config(answers), is_new=True)
    else:
        written.kept.append(CONFIG)
    for name, content in _others(folder.resolve()).items():
        written.put(name, content)
    _tell(folder, written)


def _answers(given: Mapping[str, str | None]) -> dict[str, str]:
    """Every problem with the options at once where nobody can be asked."""
    can_ask = sys.stdin.isatty()
    answers: dict[str, str] = {}
    problems: list[str] = []
    for question in QUESTIONS:
        answer = given[question.name]
        if not question.concerns(answers):
            continue
        if answer is None and not can_ask:
            problems.append(f"{question.flag}: {question.mend}")
            continue
        try:
            if answer is not None:
                answers[question.name] = question.answered(answer)
                continue
        except click.BadParameter as wrong:
            if not can_ask:
                problems.append(f"{question.flag}: {wrong.message}")
                continue
            click.echo(f"Error: {wrong.message}", err=True)
        answers[question.name] = click.prompt(question.prompt, value_proc=question.answered, err=True)
    if problems:
        raise click.UsageError("\n  ".join(["nobody can be asked here:", *problems]))
    return answers


def _config(answers: Mapping[str, str]) -> bytes:
    if answers["hosted_by"] == OTHER:
        hosts = {key: answers[key] for key in ("smtp_host", "imap_host")}
    else:
        hosts = {"preset": answers["hosted_by"]}
    filled = {name: _quoted(answer) for name, answer in answers.items()}
    filled["mailbox_hosts"] = "\n".join(f"{key} = {_quoted(value)}" for key, value in hosts.items())
    return _filled(CONFIG, filled)


def _others(folder: Path) -> dict[str, bytes]:
    from camd.daemon.carried import carried

    people = folder / "campaigns" / "people.csv"
    return {
        "campaigns/example.toml": _filled("campaign.toml", {"people": _quoted(str(people))}),
        "campaigns/people.csv": _filled("people.csv", {}),
        **{f"systemd/{name}": content for name, content in carried().items()},
    }


def _filled(name: str, values: Mapping[str, str]) -> bytes:
    """The template with `@name@` for each of the values, in one go: a value may look like that too."""
    text = (files("camd.cli") / "init_files" / name).read_text()
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text).encode()


def _quoted(text: str) -> str:
    """A string of TOML, which has JSON's escapes and forbids one letter more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(slots=True)
class _Written:
    """What was written, and what stayed as it was."""

    folder: Path
    names: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes, *, is_new: bool = False) -> None:
        """`is_new`: whoever is to be asked was asked."""
        file = self.folder / name
        if file.exists() and not is_new:
            if file.read_bytes() == content:
                return
            if not _may_replace(file):
                self.kept.append(name)
                return
        _write(file, content)
        self.names.append(name)


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all: a part of it would be kept the next time, as if somebody had changed it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.part")
    try:
        fresh.write_bytes(content)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        # A full disk names no file.
        raise OSError(error.errno, error.strerror, str(file)) from error


def _may_replace(file: Path) -> bool:
    return sys.stdin.isatty() and click.confirm(f"{file} is there already. Write it anew?", err=True)


def _tell(folder: Path, written: _Written) -> None:
    if session().as_json:
        told = {"folder": str(folder.resolve()), "written": written.names, "kept": written.kept}
        click.echo(json.dumps(told))
        return
    shown = [name for name in written.names if not name.startswith("systemd/")]
    carried = len(written.names) - len(shown)
    for name in shown:
        line(f"wrote {folder / name}")
    if carried:
        line(f"wrote {folder / 'systemd'}: {carried} files for the service, its alerts and a proxy; see its README.md")
    for name in written.kept:
        line(f"kept {folder / name} as it is")
    line("")
    line(f"The password of the mailbox is in none of them. Give it as the variable {SECRET},")
    line(f"or for the service as the file /etc/camd/credentials/{SECRET}.")
    line("")
    line("Next:")
    if folder.resolve() != Path.cwd():
        line(f"  cd {shlex.quote(str(folder))}")
    for command in NEXT:
        line(f"  {command}")
