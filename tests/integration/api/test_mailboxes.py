"""Mailboxes and test mails over the API."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from camd.client import CamdClient
from camd.daemon.wiring import make_metrics
from camd.domain.token_bucket import QuotaScope
from camd.mail.inboxes import Inboxes
from camd.operations.desk import Desk
from camd.pipeline.hearing import Hearing
from camd.ports.records import MailboxReason, MailboxState
from camd.ports.settings import NotifySettings
from camd.schema.mailbox import DisableBody
from camd.schema.status import MailboxStatus
from camd.sim.mail import MemoryMail
from camd.sim.world import mailbox

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

CAMPAIGN = {"name": "Q1", "steps": [{"subject": "Hi", "body": "Hello {{ first_name }}"}]}


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """With a mailbox that has no inbox, a sender and an operator to be told."""
    settings = replace(
        desk.context.settings,
        mailboxes={"sales": replace(mailbox("sales"), imap_host=None)},
        notify=NotifySettings(("op@us.example",)),
        sender=replace(desk.context.settings.sender, name="Ann", company="Acme", postal_address="1 Main St"),
    )
    return replace(desk, context=replace(desk.context, settings=settings))


async def test_mailboxes_are_a_list_without_secrets(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/cam/mailboxes")).json() == {
        "items": [
            {
                "name": "sales",
                "address": "sales@us.example",
                "status": "usable",
                "reason": None,
                "detail": None,
                "since": None,
                "until": None,
                "daily_limit": 30,
                "limit_today": 30,
                "limit_tomorrow": 30,
                "used_today": 0,
                "queued": 0,
                "inbox": "none",
                "last_heard_at": None,
                "inbox_detail": None,
            }
        ],
        "next": None,
    }


async def only(http: httpx.AsyncClient) -> dict[str, Any]:
    """The one mailbox as the list shows it, which is as `/status` does."""
    [box] = (await http.get("/api/cam/mailboxes")).json()["items"]
    assert (await http.get("/api/cam/status")).json()["mailboxes"] == [box]
    return dict(box)


async def put(desk: Desk, state: MailboxState) -> None:
    await desk.write(lambda tx: tx.mailboxes.put(state))


async def events(http: httpx.AsyncClient) -> list[tuple[str, str, dict[str, Any]]]:
    found = (await http.get("/api/cam/events")).json()["items"]
    return [(each["type"], each["actor"], each["data"]) for each in found]


async def test_a_disabled_mailbox_names_who_waits_for_whom_and_how_to_mend_it(http: httpx.AsyncClient) -> None:
    disabled = await http.post("/api/cam/mailboxes/sales/disable", json={"reason": "moves to another host"})
    box = disabled.json()
    assert (disabled.status_code, box) == (200, await only(http))
    assert (box["status"], box["reason"], box["until"]) == ("disabled", "operator", None)
    assert box["detail"].startswith("moves to another host; ")
    assert "`camd mailboxes enable sales`" in box["detail"]
    assert box["since"].endswith("Z")
    assert await events(http) == [("mailbox.degraded", "os:local", {"mailbox": "sales", "reason": "operator"})]


async def test_enabling_a_mailbox_ends_what_stopped_it_and_keeps_the_pace_it_has_learned(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    tomorrow = desk.now() + timedelta(days=1)
    worn = MailboxState(
        "sales", MailboxReason.LOG_IN_REFUSED, "535 no", desk.now(), "rule:log_in", tomorrow, "bounce_rate", 3, 2, 0.5
    )
    await put(desk, worn)
    enabled = (await http.post("/api/cam/mailboxes/sales/enable")).json()
    assert (enabled, enabled["status"]) == (await only(http), "usable")
    stored = await desk.read(lambda tx: tx.mailboxes.get("sales"))
    assert stored == MailboxState("sales", rate=0.5)
    assert await events(http) == [("mailbox.recovered", "os:local", {"mailbox": "sales"})]


async def test_asking_for_the_state_that_a_mailbox_has_changes_nothing(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/mailboxes/sales/enable")
    assert await events(http) == []
    first = (await http.post("/api/cam/mailboxes/sales/disable", json={"reason": "one"})).json()
    again = await http.post("/api/cam/mailboxes/sales/disable", json={"reason": "two"})
    assert (again.status_code, again.json()) == (200, first)
    assert len(await events(http)) == 1


async def test_refusals_are_forgotten_when_a_usable_mailbox_is_enabled(http: httpx.AsyncClient, desk: Desk) -> None:
    await put(desk, MailboxState("sales", refused_log_ins=2, refusals=1))
    await http.post("/api/cam/mailboxes/sales/enable")
    assert await desk.read(lambda tx: tx.mailboxes.get("sales")) == MailboxState("sales")


@pytest.mark.parametrize(
    ("reason", "mend"),
    [
        (MailboxReason.LOG_IN_REFUSED, "`camd mailboxes test sales`"),
        (MailboxReason.PARKED, "read the log"),
        (MailboxReason.OPERATOR, "a person disabled it"),
    ],
)
async def test_each_reason_has_its_own_mend(
    http: httpx.AsyncClient, desk: Desk, reason: MailboxReason, mend: str
) -> None:
    await put(desk, MailboxState("sales", reason, since=desk.now(), by="engine"))
    box = await only(http)
    assert (box["status"], box["reason"]) == ("disabled", reason)
    assert mend in box["detail"]
    assert "`camd mailboxes enable sales`" in box["detail"]


async def test_a_stopped_mailbox_says_until_when_and_is_usable_after_it(http: httpx.AsyncClient, desk: Desk) -> None:
    until = (desk.now() + timedelta(hours=3)).replace(microsecond=0)
    await put(desk, MailboxState("sales", since=desk.now(), stopped_until=until, stopped_for="bounce_rate"))
    box = await only(http)
    assert (box["status"], box["reason"], box["until"]) == ("stopped", "bounce_rate", f"{until:%Y-%m-%dT%H:%M:%SZ}")
    assert "by itself" in box["detail"]
    over = desk.now() - timedelta(seconds=1)
    await put(desk, MailboxState("sales", since=over, stopped_until=over, stopped_for="bounce_rate"))
    assert (await only(http))["status"] == "usable"
    assert (await http.post("/api/cam/mailboxes/sales/enable")).json()["since"] is None


async def test_what_a_mailbox_has_used_is_that_of_its_local_day(http: httpx.AsyncClient, desk: Desk) -> None:
    now = desk.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)  # its zone is UTC

    def debit(tx: Any) -> None:
        for at, amount in ((now, 1), (now, 1), (now, -1), (midnight - timedelta(seconds=1), 1)):
            tx.quotas.debit(QuotaScope.MAILBOX_DAY, "sales", at, amount)

    await desk.write(debit)
    assert (await only(http))["used_today"] == 1


async def test_an_enabled_or_disabled_mailbox_wakes_its_outbox(
    http: httpx.AsyncClient, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = desk.doorbells.outbox("sales")
    await http.post("/api/cam/mailboxes/sales/disable")
    assert await outbox.wait(5)
    assert '"event": "mailbox.degraded", "mailbox": "sales"' in capsys.readouterr().err
    await http.post("/api/cam/mailboxes/sales/enable")
    assert await outbox.wait(5)


async def test_a_mailbox_that_is_not_configured_is_404(http: httpx.AsyncClient) -> None:
    for verb in ("enable", "disable"):
        assert (await http.post(f"/api/cam/mailboxes/gone/{verb}")).status_code == 404
    assert (await http.post("/api/cam/mailboxes/sales/enable", json={"reason": "x"})).status_code == 422


async def test_a_disabled_mailbox_is_a_warning_and_no_failure(http: httpx.AsyncClient, desk: Desk) -> None:
    await put(desk, MailboxState("gone", MailboxReason.OPERATOR))
    assert (await http.get("/healthz")).json()["status"] == "pass"
    await http.post("/api/cam/mailboxes/sales/disable")
    health = await http.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (200, "warn")
    assert health.json()["checks"]["mailboxes"] == [{"status": "warn", "output": "sales is disabled: operator"}]


def listening(desk: Desk, maildir: Path) -> Desk:
    """With an inbox in that folder."""
    context = desk.context
    boxes = {"sales": replace(mailbox("sales"), maildir=maildir)}
    settings = replace(context.settings, mailboxes=boxes)
    hearing = Hearing(boxes, context.clock, make_metrics(context.clock, settings))
    inboxes = Inboxes(boxes, context.clock)
    return replace(desk, context=replace(context, settings=settings, hearing=hearing, inboxes=inboxes))


async def test_a_deaf_inbox_is_a_warning_and_shows_in_the_list(desk: Desk, serving: Serve, tmp_path: Path) -> None:
    desk = listening(desk, tmp_path)
    async with serving(desk) as http:
        assert (await http.get("/healthz")).json()["status"] == "pass"
        desk.context.hearing.failed("sales", "LOGIN refused")
        health = await http.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (200, "warn")
        [check] = health.json()["checks"]["inboxes"]
        assert check == {"status": "warn", "output": "sales is deaf: LOGIN refused; follow-ups wait until it was read"}
        box = await only(http)
        assert (box["inbox"], box["last_heard_at"]) == ("deaf", None)
        assert box["inbox_detail"].startswith("LOGIN refused; ")
        desk.context.hearing.heard("sales")
        assert (await http.get("/healthz")).json()["status"] == "pass"
        box = await only(http)
        assert (box["inbox"], box["inbox_detail"]) == ("hearing", None)
        assert box["last_heard_at"].endswith("Z")


async def test_the_test_of_a_mailbox_looks_into_its_inbox_too(desk: Desk, serving: Serve, tmp_path: Path) -> None:
    async with serving(listening(desk, tmp_path)) as http:
        tried = (await http.post("/api/cam/mailboxes/sales/test")).json()
        assert (tried["ok"], tried["folders"]) == (False, [])
        for place in ("new", "cur", "tmp"):
            (tmp_path / place).mkdir()
        tried = (await http.post("/api/cam/mailboxes/sales/test")).json()
        assert (tried["ok"], tried["folders"]) == (True, ["INBOX"])


async def test_the_client_disables_and_enables(http: httpx.AsyncClient) -> None:
    async with CamdClient(str(http.base_url)) as camd:
        assert (await camd.disable_mailbox("sales", DisableBody(reason="x"))).status is MailboxStatus.DISABLED
        assert (await camd.enable_mailbox("sales")).status is MailboxStatus.USABLE


async def test_a_log_in_is_tried_on_demand(http: httpx.AsyncClient) -> None:
    tried = await http.post("/api/cam/mailboxes/sales/test")
    assert (tried.status_code, tried.json()["ok"]) == (200, True)
    assert (await http.post("/api/cam/mailboxes/gone/test")).status_code == 404
    assert (await http.post("/api/cam/mailboxes/sales/test", json={"force": True})).status_code == 422


async def test_test_mails_go_to_the_operator_alone(http: httpx.AsyncClient, desk: Desk) -> None:
    await http.post("/api/cam/campaigns", json=CAMPAIGN)
    url = "/api/cam/campaigns/Q1/test-send"
    assert (await http.post(url)).status_code == 409
    await http.post("/api/cam/campaigns/Q1/leads", json={"email": "bob@firm.example", "first_name": "Bob"})
    assert (await http.post(url, json={"to": "bob@firm.example"})).status_code == 422
    sent = await http.post(url, json={"to": "op@us.example"})
    assert sent.status_code == 200
    assert [(mail["subject"], mail["outcome"]) for mail in sent.json()["mails"]] == [("[test] Hi", "accepted")]
    assert isinstance(desk.context.mail, MemoryMail)
    assert [mail.recipient for mail in desk.context.mail.delivered] == ["op@us.example"]
