"""`--config` and `--json` stand before, between or after the names of a command."""

import click
import pytest
from click.testing import CliRunner

from camd.cli.app import COMMANDS, root
from camd.cli.grammar import Command, Group, Session, confirm, session, yes_option

POSITIONS = [
    ["--config", "a.toml", "--json", "things", "list"],
    ["things", "--config", "a.toml", "--json", "list"],
    ["things", "list", "--config", "a.toml", "--json"],
    ["--json", "things", "list", "--config", "a.toml"],
]


@pytest.mark.parametrize("arguments", POSITIONS)
def test_the_shared_options_hold_wherever_they_stand(arguments: list[str]) -> None:
    seen: list[Session] = []

    @click.group(cls=Group)
    def top() -> None: ...

    @top.group(cls=Group)
    def things() -> None: ...

    @things.command("list")
    def list_all() -> None:
        seen.append(session())

    CliRunner().invoke(top, arguments, catch_exceptions=False)
    assert seen == [Session("a.toml", as_json=True)]


def test_what_stands_after_the_command_outranks_what_stands_before() -> None:
    seen: list[str | None] = []

    @click.group(cls=Group)
    def top() -> None: ...

    @top.command()
    def thing() -> None:
        seen.append(session().config_file)

    CliRunner().invoke(top, ["--config", "a.toml", "thing", "--config", "b.toml"], catch_exceptions=False)
    assert seen == ["b.toml"]


LIFE = {"activate", "pause", "resume", "archive", "live", "dry"}
DECISIONS = {"qualify", "won", "lost", "hold", "release", "reopen"}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


def test_every_command_takes_the_shared_options_and_says_what_it_does() -> None:
    for path, command in commands(root):
        assert {"config", "json"} <= {param.name for param in command.params}, path
        assert command.get_short_help_str(), path


def test_the_commands_are_those_of_the_interface() -> None:
    def below(name: str) -> set[str]:
        return {path[1] for path, _ in commands(root) if path[0] == name and len(path) == 2}

    assert set(COMMANDS) == {path[0] for path, _ in commands(root)}
    named = {"list", "show", "create", "apply", "update", "preview", "preflight", "test-send", "report"}
    assert below("campaigns") == LIFE | named
    assert below("mailboxes") == {"list", "test", "enable", "disable"}
    assert below("touches") == {"list", "show", "approve", "resolve", "cancel", "done", "skip"}
    assert below("inbox") == {"list", "show", "classify"}
    assert below("leads") == DECISIONS | {"list", "show", "add", "import", "export", "why", "erase"}
    assert below("imports") == {"list", "undo"}
    assert below("people") == {"show", "suppress", "export", "erase"}
    assert below("suppressions") == {"list", "add", "remove", "import"}
    assert below("kill-switch") == {"on", "off"}
    assert below("gate") == {"status", "open"}


def test_where_nobody_can_answer_a_confirmation_is_a_usage_error() -> None:
    @click.command(cls=Command)
    @yes_option
    def thing(yes: bool) -> None:
        confirm("Sure?", yes=yes)
        click.echo("done")

    asked = CliRunner().invoke(thing, [])
    assert (asked.exit_code, "--yes" in asked.output) == (2, True)
    assert CliRunner().invoke(thing, ["--yes"]).output == "done\n"
