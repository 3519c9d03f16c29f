"""`camd inbox`: the review list and what a person says, each command on its own engine."""

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
from camd.domain.facts import CampaignId, InboundId, LeadId, TouchId
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadState, LeadStatus
from camd.ports.records import Inbound, MatchedBy, Touch, TouchStatus
from camd.ports.store import Tx
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

Run = Callable[..., Result]
Ask = Callable[..., Any]
Make = Callable[..., Inbound]

ARRIVED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEXT = "Sounds good.\n\n    Call me\n\x1b[2JAnn\n"


@pytest.fixture
def make(run: Run, ask: Ask, tmp_path: Path) -> Make:
    """An answer on the review list of a contacted lead of its own; without a campaign it belongs to nobody.
    `Any`: fields of the message."""
    run("campaigns", "create", "--name", "Q1")
    count = 0

    def made(campaign: str | None = "Q1", **fields: Any) -> Inbound:
        nonlocal count
        count += 1
        sender = f"p{count}@c{count}.example"
        message = Inbound(
            id=InboundId(f"ib_{count:026}"),
            mailbox="sales",
            identity=f"{count:064}",
            kind=InboundClass.HUMAN_NEUTRAL,
            evidence="no rule decided",
            waiting=True,
            arrived_at=ARRIVED_AT,
            created_at=ARRIVED_AT,
            by="engine",
            sender=sender,
            subject="Re: For Firm",
            text=TEXT,
        )
        if campaign is not None:
            lead = ask("leads", "add", campaign, "--email", sender)
            message = replace(
                message,
                campaign_id=CampaignId(lead["campaign_id"]),
                lead_id=LeadId(lead["id"]),
                touch_id=TouchId(f"to_{count:026}"),
                matched_by=MatchedBy.MESSAGE_ID,
            )
        message = replace(message, **fields)
        anyio.run(_insert, tmp_path / "camd.db", message)
        return message

    return made


async def _insert(database: Path, message: Inbound) -> None:
    def unit(tx: Tx) -> None:
        if message.lead_id is not None:
            _hand_over(tx, message)
        assert tx.inbox.add(message)

    async with SqliteStore.open(database, SystemClock(), journal=MemoryJournal()) as store:
        await store.write(unit)


def _hand_over(tx: Tx, message: Inbound) -> None:
    assert message.lead_id is not None
    assert message.campaign_id is not None
    assert message.touch_id is not None
    lead = tx.leads.get(message.lead_id)
    assert lead is not None
    state = LeadState(LeadStatus.CONTACTED, ever_enriched=True, ever_handed_over=True)
    tx.leads.save(lead, replace(lead, state=state, next_action=None, next_action_at=None))
    tx.touches.insert(
        Touch(
            id=message.touch_id,
            campaign_id=message.campaign_id,
            lead_id=message.lead_id,
            step=1,
            channel=Channel.EMAIL,
            status=TouchStatus.SENT,
            due_at=ARRIVED_AT,
            mailbox="sales",
            message_id="m@us.example",
            sent_at=ARRIVED_AT,
        )
    )


def test_messages_are_listed_as_a_table_and_by_their_filters(run: Run, ask: Ask, make: Make) -> None:
    assert "No messages." in run("inbox", "list").output
    answer = make()
    note = make(None, kind=InboundClass.AUTO_REPLY, waiting=False, mailbox="team", subject="Away")
    table = run("inbox", "list").output
    words = (answer.id, note.id, "human_neutral (waits)", "auto_reply", "p1@c1.example: Re:", "p2@c2.example: Away")
    assert all(word in table for word in words)
    assert "auto_reply (waits)" not in table
    assert [each["id"] for each in ask("inbox", "list", "--waiting")["items"]] == [answer.id]
    assert [each["id"] for each in ask("inbox", "list", "--no-waiting")["items"]] == [note.id]
    assert [each["id"] for each in ask("inbox", "list", "--class", "auto_reply")["items"]] == [note.id]
    assert [each["id"] for each in ask("inbox", "list", "--campaign", "Q1", "--lead", answer.lead_id)["items"]] == [
        answer.id
    ]
    assert ask("inbox", "list", "--mailbox", "sales", "--class", "auto_reply")["items"] == []
    assert "--cursor" in run("inbox", "list", "--limit", "1").output


def test_a_table_stays_readable_whatever_a_stranger_writes(run: Run, make: Make) -> None:
    make(sender=f"{'a' * 30_000}@evil.example", subject="b" * 60_000)
    assert len(run("inbox", "list").output.splitlines()) < 20


def test_one_message_is_shown_with_its_text_and_nothing_in_it_steers_the_terminal(
    run: Run, ask: Ask, make: Make
) -> None:
    message = make()
    shown = run("inbox", "show", message.id).output
    assert shown.endswith("\n\nSounds good.\n\n    Call me\n [2JAnn\n")
    assert all(word in shown for word in ("class", "human_neutral", "no rule decided", "Re: For Firm"))
    assert ask("inbox", "show", message.id)["text"] == TEXT
    assert ask("inbox", "show", message.id)["class"] == "human_neutral"


def test_a_message_is_classified_and_leaves_the_review_list(run: Run, ask: Ask, make: Make) -> None:
    message = make()
    assert ask("status")["waiting"]["inbox"] == 1
    said = run("inbox", "classify", message.id, "human_negative", "--note", "by phone").output
    assert said == f"{message.id} is human_negative\n"
    shown = ask("inbox", "show", message.id)
    assert (shown["waiting"], shown["note"]) == (False, "by phone")
    assert ask("leads", "show", message.lead_id)["status_reason"] == "negative_reply"
    assert ask("status")["waiting"]["inbox"] == 0


def test_an_absence_has_a_last_day(run: Run, ask: Ask, make: Make) -> None:
    message = make()
    year = SystemClock().now().year + 1
    assert (
        f"until {year}-01-31"
        in run("inbox", "classify", message.id, "out_of_office", "--until", f"{year}-01-31").output
    )
    assert ask("inbox", "classify", message.id, "out_of_office", "--until", f"{year}-02-01T09:00:00Z")["until"] == (
        f"{year}-02-01"
    )


def test_a_no_of_nobody_names_the_command_that_suppresses(run: Run, make: Make) -> None:
    stray, matched = make(None), make()
    assert "camd suppressions add" in run("inbox", "classify", stray.id, "opt_out_request").output
    assert "camd suppressions add" not in run("inbox", "classify", stray.id, "unrelated").output
    assert "camd suppressions add" not in run("inbox", "classify", matched.id, "opt_out_request").output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("positive",), "human_positive, human_negative, human_neutral"),
        (("unrelated", "--until", "2999-01-01"), "--until: leave it out: it belongs to out_of_office alone"),
        (("out_of_office", "--until", "soon"), "--until: give a day as in 2027-01-31"),
        ((), "Missing argument 'CLASS'"),
    ],
)
def test_a_class_that_is_none_and_an_end_that_is_none_are_usage_errors(
    run: Run, arguments: tuple[str, ...], named: str
) -> None:
    assert named in run("inbox", "classify", "ib_1", *arguments, code=2).output


def test_an_end_that_is_over_is_refused_by_its_field(run: Run, make: Make) -> None:
    message = make()
    with pytest.raises(ApiError) as refused:
        run("inbox", "classify", message.id, "out_of_office", "--until", "2020-01-01")
    assert [(wrong.field, wrong.message) for wrong in refused.value.problem.errors] == [
        ("until", "give a day or an instant that is still to come")
    ]


def test_the_help_lists_every_class(run: Run) -> None:
    told = run("inbox", "classify", "--help").output
    assert all(kind.value in told for kind in InboundClass)
