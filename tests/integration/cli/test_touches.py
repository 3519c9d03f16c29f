"""`camd touches` and the switches of `camd mailboxes`, each command on its own engine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import Result

from camd.client import ApiError
from camd.domain.campaign import Channel
from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.domain.lead import Action, LeadState, LeadStatus
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

Run = Callable[..., Result]
Ask = Callable[..., Any]
Make = Callable[..., Touch]

DUE_AT = datetime(2099, 3, 2, 9, tzinfo=UTC)
BODY = "Hello Ann,\n\n    indented\n\nBob\n"


@pytest.fixture
def make(run: Run, ask: Ask, tmp_path: Path) -> Make:
    """A touch of an enriched lead of its own. `Any`: fields of the touch."""
    with (tmp_path / "camd.toml").open("a") as config:
        config.write(
            '[mailboxes.sales]\naddress = "sales@us.example"\nsmtp_host = "127.0.0.1"\nsmtp_security = "none"\n'
        )
    run("campaigns", "create", "--name", "Q1")
    count = 0

    def made(**fields: Any) -> Touch:
        nonlocal count
        count += 1
        lead = ask("leads", "add", "Q1", "--email", f"p{count}@c{count}.example")
        plain = Touch(
            id=TouchId(f"to_{count:026}"),
            campaign_id=CampaignId(1),
            lead_id=LeadId(lead["id"]),
            step=1,
            channel=Channel.EMAIL,
            status=TouchStatus.PLANNED,
            due_at=DUE_AT,
            mailbox="sales",
            subject="For Firm",
            body=BODY,
        )
        touch = replace(plain, **fields)
        anyio.run(_insert, tmp_path / "camd.db", touch)
        return touch

    return made


async def _insert(database: Path, touch: Touch) -> None:
    def unit(tx: Tx) -> None:
        lead = tx.leads.get(touch.lead_id)
        assert lead is not None
        state = LeadState(LeadStatus.ENRICHED, ever_enriched=True)
        enriched = replace(lead, state=state, enriched_at=DUE_AT, next_action=Action.OUTREACH, next_action_at=None)
        tx.leads.save(lead, enriched)
        tx.touches.insert(touch)

    async with SqliteStore.open(database, SystemClock(), journal=MemoryJournal()) as store:
        await store.write(unit)


def test_touches_are_listed_as_a_table_and_by_their_filters(run: Run, ask: Ask, make: Make) -> None:
    assert "No touches." in run("touches", "list").output
    mail, task = make(), make(channel=Channel.TASK, mailbox=None, subject="Call")
    table = run("touches", "list").output
    assert all(word in table for word in (mail.id, task.id, "planned", "sales", "task", "For Firm", "Call"))
    assert [each["id"] for each in ask("touches", "list", "--channel", "task")["items"]] == [task.id]
    assert [each["id"] for each in ask("touches", "list", "--campaign", "Q1", "--lead", mail.lead_id)["items"]] == [
        mail.id
    ]
    assert ask("touches", "list", "--status", "sent", "--mailbox", "sales")["items"] == []
    assert "--cursor" in run("touches", "list", "--limit", "1").output


def test_one_touch_is_shown_with_its_whole_mail(run: Run, ask: Ask, make: Make) -> None:
    touch = make()
    shown = run("touches", "show", touch.id).output
    assert shown.endswith(f"\n\n{BODY}")
    assert "For Firm" in shown
    assert ask("touches", "show", touch.id)["body"] == BODY


def test_mails_are_approved_by_their_ids(run: Run, ask: Ask, make: Make) -> None:
    one, two = make(), make()
    assert "approved: 2" in run("touches", "approve", one.id, two.id).output
    assert len(ask("touches", "list", "--status", "approved")["items"]) == 2


def test_one_that_cannot_be_approved_is_named_and_keeps_no_other_from_it(run: Run, ask: Ask, make: Make) -> None:
    one = make()
    refused = run("touches", "approve", one.id, "to_gone", code=1).output
    assert "approved: 1" in refused
    assert "to_gone: There is no touch to_gone." in refused
    assert ask("touches", "show", one.id)["status"] == "approved"


def test_every_mail_of_a_campaign_is_approved_at_once(run: Run, ask: Ask, make: Make) -> None:
    make()
    make()
    assert ask("touches", "approve", "--campaign", "Q1", "--all") == {"approved": 2, "refused": [], "more": False}
    assert "approved: 0" in run("touches", "approve", "--campaign", "1", "--all").output


@pytest.mark.parametrize(
    "arguments",
    [(), ("--all",), ("--campaign", "Q1"), ("to_1", "--all"), ("to_1", "--campaign", "Q1", "--all")],
)
def test_what_is_to_be_approved_is_said_in_one_way(run: Run, arguments: tuple[str, ...]) -> None:
    assert "either ids, or --campaign ID --all" in run("touches", "approve", *arguments, code=2).output


@pytest.mark.parametrize(("word", "status"), [("--sent", "sent"), ("--retry", "approved")])
def test_an_unknown_mail_is_resolved(run: Run, make: Make, word: str, status: str) -> None:
    touch = make(status=TouchStatus.UNKNOWN, on_wire_at=DUE_AT, settled_at=DUE_AT)
    assert "--sent where it arrived" in run("touches", "resolve", touch.id, code=2).output
    assert f"{touch.id} is {status}" in run("touches", "resolve", touch.id, word).output


def test_a_mail_that_is_cancelled_holds_its_lead(run: Run, ask: Ask, make: Make) -> None:
    touch = make()
    assert f"{touch.id} is cancelled (operator)" in run("touches", "cancel", touch.id).output
    assert [hold["reason"] for hold in ask("leads", "show", touch.lead_id)["holds"]] == ["operator"]


def test_the_reason_for_cancelling_is_kept_with_the_hold(run: Run, ask: Ask, make: Make) -> None:
    touch = make()
    run("touches", "cancel", touch.id, "--reason", "A client already")
    assert [hold["note"] for hold in ask("leads", "show", touch.lead_id)["holds"]] == ["A client already"]


@pytest.mark.parametrize(("verb", "status"), [("done", "done"), ("skip", "skipped")])
def test_a_task_is_done_or_left_out(run: Run, ask: Ask, make: Make, verb: str, status: str) -> None:
    touch = make(channel=Channel.TASK, mailbox=None)
    assert ask("touches", verb, touch.id)["status"] == status
    with pytest.raises(ApiError, match="nothing can be decided about it"):
        run("touches", verb, touch.id)


def test_a_mailbox_is_disabled_with_a_reason_and_enabled_again(run: Run, ask: Ask, make: Make) -> None:
    make()
    disabled = run("mailboxes", "disable", "sales", "--reason", "moves").output
    assert "sales is disabled (operator)" in disabled
    assert "moves; " in disabled
    listed = run("mailboxes", "list").output
    assert all(word in listed for word in ("disabled (operator)", "0 of 5", "moves; ", "camd mailboxes enable sales"))
    [box] = ask("mailboxes", "list")["items"]
    assert (box["status"], box["queued"]) == ("disabled", 1)
    assert "0 of 5 today, 1 queued, no inbox, disabled: operator" in " ".join(run("status").output.split())
    assert "sales is usable" in run("mailboxes", "enable", "sales").output
