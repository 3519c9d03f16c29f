"""What the operator reads: who answered and what came of it, whatever stands in the rows it is made from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.campaign import Campaign
from camd.domain.events import ENGINE, Value
from camd.domain.facts import InboundId
from camd.domain.inbound import InboundClass
from camd.domain.lead import Hold, HoldReason, Lead, LeadEvent, LeadStatus, Replied
from camd.pipeline import notices, record
from camd.pipeline.notices import LINES, TOLD_AT_MOST, Text, one_line
from camd.ports.records import Inbound, MailboxReason, MailboxState, Notice, NoticeKind
from camd.sim.clock import START
from camd.sim.world import World, people, simulate


async def campaign_with_lead(world: World) -> tuple[Campaign, Lead]:
    campaign = await world.campaign(*people(1), dry_run=False, name="Dentists")
    await world.cycle(campaign)
    [lead] = await world.leads(campaign)
    return campaign, lead


async def changed(world: World, lead: Lead, *events: LeadEvent, **fields: Any) -> None:
    """`Any`: fields of the lead."""
    after = replace(lead, **fields)
    await world.store.write(lambda tx: record.apply(tx, lead, events, actor=ENGINE, now=START, after=after))


async def answer(world: World, lead: Lead | None = None, **fields: Any) -> Notice:
    """`Any`: fields of the message."""
    name = world.context.ids.new("ib")
    plain = Inbound(InboundId(name), "sales", name, InboundClass.HUMAN_POSITIVE, "", False, START, START, ENGINE)
    row = replace(plain, **({"sender": "who@elsewhere.example", "text": "Yes."} | fields))
    if lead is not None:
        row = replace(row, lead_id=lead.id, campaign_id=lead.campaign_id)
    await world.store.write(lambda tx: tx.inbox.add(row))
    return Notice(1, NoticeKind.ANSWER, START, row.campaign_id, row.id, "sales")


async def composed(world: World, *told: Notice) -> Text:
    chosen: Sequence[Notice] = told
    return await world.store.read(lambda tx: notices.compose(tx, world.context, told[0].kind, chosen))


def notice(kind: NoticeKind, **data: Value) -> Notice:
    return Notice(1, kind, START, data=data)


def test_an_answer_names_who_wrote_for_whom_what_and_what_came_of_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        await changed(world, lead, Replied())
        text = await composed(world, await answer(world, lead, text="Yes.\nCall me.", waiting=True))
        assert text.subject == "[camd] An answer: P0 L0, C0 (positive)"
        head, *quoted, done = text.body.splitlines()
        assert head == "P0 L0, C0, campaign Dentists: positive"
        assert quoted == ["> Yes.", "> Call me."]
        assert done.startswith("The lead is replied; its sequence has ended. It waits for you: camd inbox show ib_")

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("status", [LeadStatus.CONTACTED, LeadStatus.NEW])
def test_a_sequence_that_goes_on_is_not_said_to_have_ended(tmp_path: Path, status: LeadStatus) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        hold = Hold(HoldReason.NEEDS_REVIEW, START)
        after = replace(lead, state=replace(lead.state, status=status), holds=(hold,))
        await world.store.write(lambda tx: tx.leads.save(lead, after))
        text = await composed(world, await answer(world, lead))
        assert text.body.endswith(f"The lead is {status}; it is held (needs_review).\n")

    simulate(tmp_path, scenario)


def test_a_lost_lead_is_told_with_its_reason(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        await world.lose(lead)
        text = await composed(world, await answer(world, lead))
        assert text.body.endswith("The lead is lost (operator); its sequence has ended.\n")

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("facts", "who"),
    [
        ({"first_name": None, "last_name": None, "company": None}, "p0@c0.example"),
        ({"first_name": None, "last_name": None, "company": None, "email": None}, "somebody"),
    ],
)
def test_whoever_has_no_name_is_told_by_what_is_known(tmp_path: Path, facts: dict[str, Any], who: str) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        await changed(world, lead, facts=replace(lead.facts, **facts))
        assert (await composed(world, await answer(world, lead))).subject == f"[camd] An answer: {who} (positive)"

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(("sender", "who"), [("a@b.example", "a@b.example"), (None, "somebody")])
def test_an_answer_that_belongs_to_nobody_says_so(tmp_path: Path, sender: str | None, who: str) -> None:
    async def scenario(world: World) -> None:
        plain = await answer(world)
        stored = await world.store.read(lambda tx: tx.inbox.get(plain.inbound_id) if plain.inbound_id else None)
        assert stored is not None
        after = replace(stored, sender=sender, kind=InboundClass.AUTO_REPLY)
        await world.store.write(lambda tx: tx.inbox.save(stored, after))
        text = await composed(world, plain)
        assert text == Text(
            f"[camd] An answer: {who} (auto_reply)", f"{who}: auto_reply\n> Yes.\nIt belongs to no lead.\n"
        )

    simulate(tmp_path, scenario)


def test_of_whom_was_erased_meanwhile_nothing_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        told = await answer(world, lead)
        await world.erase(lead)
        text = await composed(world, told)
        assert text == Text("[camd] An answer: it was erased since", "An answer that was erased since.\n")
        assert await composed(world, notice(NoticeKind.ANSWER)) == text

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("company", ["Acme\r\nBcc: x@y.example", "Acme\0\x1b[31m\u2028x", "A" * 1_000, "{0} {}"])
def test_fault_71_what_others_wrote_breaks_no_header(tmp_path: Path, company: str) -> None:
    async def scenario(world: World) -> None:
        _, lead = await campaign_with_lead(world)
        await changed(world, lead, facts=replace(lead.facts, company=company))
        text = await composed(world, await answer(world, lead, text=f"Yes\x00\x1b[31m{'x' * 900}"))
        assert text.subject.isprintable()
        assert len(text.subject) <= 150
        assert text.subject.endswith("(positive)")
        assert all(line.isprintable() and len(line) < 520 for line in text.body.splitlines())

    simulate(tmp_path, scenario)


def test_a_long_answer_is_told_by_its_beginning(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        text = await composed(world, await answer(world, text="\n".join(map(str, range(50)))))
        assert [line for line in text.body.splitlines() if line.startswith(">")] == [f"> {n}" for n in range(LINES)]

    simulate(tmp_path, scenario)


def test_many_of_a_kind_are_one_mail_with_their_number(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        told = [await answer(world, text=f"number {number}.") for number in range(TOLD_AT_MOST + 5)]
        text = await composed(world, *told)
        assert text.subject == "[camd] 25 answers"
        assert (text.body.count("\n> "), "number 20." in text.body) == (TOLD_AT_MOST, False)
        assert text.body.endswith("\n\nAnd 5 more.\n")

    simulate(tmp_path, scenario)


def test_a_pause_is_told_with_its_figures_and_what_to_do(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, _ = await campaign_with_lead(world)
        told = replace(notice(NoticeKind.CAMPAIGN_PAUSED, reason="bounce_rate", rate=0.1), campaign_id=campaign.id)
        assert await composed(world, told) == Text(
            "[camd] Paused: Dentists (bounce_rate)",
            "Dentists was paused: bounce_rate (rate 0.1).\n"
            f"camd campaigns show {campaign.id} tells more, camd campaigns resume {campaign.id} goes on.\n",
        )
        text = await composed(world, notice(NoticeKind.CAMPAIGN_PAUSED, reason="parked"))
        assert text.body.startswith("a campaign was paused: parked.\n")

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("reason", "detail", "what"),
    [
        (MailboxReason.PARKED, None, "crashed too often and rests."),
        (MailboxReason.LOG_IN_REFUSED, "535\r\nno", "is disabled: the server refuses its log-in. 535 no"),
    ],
)
def test_a_mailbox_that_needs_somebody_says_why(
    tmp_path: Path, reason: MailboxReason, detail: str | None, what: str
) -> None:
    async def scenario(world: World) -> None:
        await world.store.write(lambda tx: tx.mailboxes.put(MailboxState("sales", disabled=reason, detail=detail)))
        text = await composed(world, replace(notice(NoticeKind.MAILBOX, reason=reason.value), mailbox="sales"))
        assert text == Text(
            "[camd] Mailbox sales needs you",
            f"The mailbox sales {what}\ncamd mailboxes enable sales once it is mended.\n",
        )

    simulate(tmp_path, scenario)


def test_a_deaf_mailbox_says_what_keeps_it_deaf(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        told = replace(notice(NoticeKind.MAILBOX, reason="deaf"), mailbox="sales")
        assert "it hears again by now" in (await composed(world, told)).body
        world.context.hearing.failed("sales", "no such host")
        text = await composed(world, told)
        assert "its follow-ups wait. no such host\ncamd mailboxes test sales" in text.body
        assert "a mailbox" in (await composed(world, replace(told, mailbox=None))).subject

    simulate(tmp_path, scenario)


def test_a_closed_gate_and_a_recovery_hold_say_how_they_end(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        gate = await composed(world, notice(NoticeKind.GATE_CLOSED, reason="disk_full"))
        assert gate.subject == "[camd] Sending stopped: disk_full"
        assert "closed at 2026-01-05 08:00 UTC" in gate.body
        hold = await composed(world, notice(NoticeKind.RECOVERY_HOLD, touches=3))
        assert hold.subject == "[camd] Recovery hold: nothing is sent"
        assert hold.body.endswith("camd recover status\ntouches: 3\n")

    simulate(tmp_path, scenario)


@given(st.text(), st.integers(1, 40))
@settings(max_examples=100)
def test_one_line_is_printable_and_no_longer_than_allowed(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert line.isprintable()
    assert len(line) <= longest
