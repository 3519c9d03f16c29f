"""`camd tokens`, and what a command says that asks with a wrong one."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from camd.cli import failures
from camd.client import ApiError

Run = Callable[..., Result]
Ask = Callable[..., Any]


def test_a_token_is_printed_alone_so_that_it_can_be_piped(run: Run) -> None:
    made = run("tokens", "create", "crm", "--scope", "operate", "--expires", "2099-01-31")
    [token] = made.stdout.splitlines()
    assert token.startswith("camd_")
    assert "token 1, crm, scope operate until 2099-01-31" in made.stderr


def test_a_token_is_listed_without_its_text_until_it_is_revoked(run: Run, ask: Ask) -> None:
    token = ask("tokens", "create", "crm", "--scope", "read")["token"]
    listed = run("tokens", "list")
    assert "crm" in listed.output
    assert token not in listed.output
    assert [(each["id"], each["name"], each["scope"]) for each in ask("tokens", "list")["items"]] == [
        (1, "crm", "read")
    ]
    run("tokens", "revoke", "1")
    assert "No tokens." in run("tokens", "list").output
    types = [event["type"] for event in ask("events")["items"]]
    assert types == ["token.created", "token.revoked"]


def test_a_token_needs_a_scope(run: Run) -> None:
    assert "--scope" in run("tokens", "create", "crm", code=failures.USAGE).output
    assert "read, operate, admin" in run("tokens", "create", "crm", "--scope", "root", code=failures.USAGE).output


def test_a_name_that_is_taken_is_told(run: Run) -> None:
    run("tokens", "create", "crm", "--scope", "read")
    with pytest.raises(ApiError, match="name is taken"):
        run("tokens", "create", "crm", "--scope", "read")


def test_commands_go_on_without_a_token_once_one_exists(run: Run) -> None:
    run("tokens", "create", "crm", "--scope", "read")
    run("campaigns", "create", "--name", "Q1")
