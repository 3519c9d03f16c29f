"""`camd mailboxes` and `camd campaigns test-send`, with a mail server on loopback."""

from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import Result

from camd.sim.smtp_server import ScriptedServer

Run = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture
def server(run: Run, tmp_path: Path) -> Iterator[ScriptedServer]:  # noqa: ARG001 - `run` writes the configuration first
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(ScriptedServer(extensions=("AUTH PLAIN",)).serving()) as serving,
    ):
        with (tmp_path / "camd.toml").open("a") as config:
            config.write(
                f"""
                [sender]
                name = "Ann"
                company = "Acme"
                postal_address = "1 Main St"
                [notify]
                email = ["op@us.example"]
                [mailboxes.sales]
                address = "sales@us.example"
                smtp_host = "127.0.0.1"
                smtp_port = {serving.port}
                smtp_security = "none"
                username = "ann"
                password = "right"
                """
            )
        yield serving


@pytest.mark.usefixtures("server")
def test_mailboxes_are_listed(run: Run, ask: Ask) -> None:
    assert [box["name"] for box in ask("mailboxes", "list")["items"]] == ["sales"]
    listed = run("mailboxes", "list").output
    assert all(word in listed for word in ("sales@us.example", "usable", "none"))
    assert "deaf" not in run("status").output


def test_without_a_mailbox_the_next_step_is_named(run: Run) -> None:
    assert "[mailboxes.<name>]" in run("mailboxes", "list").output


def test_a_log_in_is_tried_at_the_real_server(run: Run, server: ScriptedServer, tmp_path: Path) -> None:
    assert "works" in run("mailboxes", "test", "sales").output
    config = tmp_path / "camd.toml"
    config.write_text(config.read_text().replace('"right"', '"wrong"'))
    refused = run("mailboxes", "test", "sales", code=1).output
    assert "535" in refused
    assert "[mailboxes.sales]" in refused
    assert server.accepted == []


@pytest.mark.usefixtures("server")
def test_an_inbox_is_looked_into_and_listed(run: Run, ask: Ask, tmp_path: Path) -> None:
    config, maildir = tmp_path / "camd.toml", tmp_path / "maildir"
    config.write_text(f'{config.read_text()}maildir = "{maildir}"\n')
    assert "the inbox cannot be read" in run("mailboxes", "test", "sales", code=1).output
    for place in ("new", "cur", "tmp"):
        (maildir / place).mkdir(parents=True)
    assert "the SMTP log-in works; the inbox can be read: INBOX" in run("mailboxes", "test", "sales").output
    assert ask("mailboxes", "test", "sales")["folders"] == ["INBOX"]
    listed = run("mailboxes", "list").output
    assert all(word in listed for word in ("inbox", "deaf", "`camd mailboxes test sales`"))
    assert ", deaf" in run("status").output


def test_test_mails_reach_the_operator_through_the_real_server(run: Run, server: ScriptedServer) -> None:
    run("campaigns", "create", "--name", "Q1")
    Path("q1.toml").write_text('name = "Q1"\n[[steps]]\nsubject = "Grüße an {{ company }}"\nbody = "Hello"\n')
    run("campaigns", "apply", "q1.toml")
    run("leads", "add", "Q1", "--email", "bob@firm.example", "--company", "Firm")
    assert "step 1 accepted: [test] Grüße an Firm" in run("campaigns", "test-send", "Q1").output
    [envelope] = server.accepted
    message = message_from_bytes(envelope.raw)
    assert (envelope.recipient, message["To"]) == ("op@us.example", "op@us.example")
    assert message["List-Unsubscribe"] == "<mailto:sales@us.example?subject=unsubscribe>"


@pytest.mark.usefixtures("server")
def test_the_json_of_test_mails_is_the_apis(run: Run, ask: Ask) -> None:
    Path("q1.toml").write_text('name = "Q1"\n[[steps]]\nsubject = "Hi"\nbody = "Hello"\n')
    run("campaigns", "apply", "q1.toml")
    run("leads", "add", "Q1", "--email", "bob@firm.example")
    report = ask("campaigns", "test-send", "Q1", "--to", "op@us.example")
    assert (report["to"], report["mailbox"], len(report["mails"])) == ("op@us.example", "sales", 1)
