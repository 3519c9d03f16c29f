"""A person who stands in every table, as far as any can name one, and is erased: the files hold nothing but a hash."""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection

import camd.store.sqlite  # noqa: F401 - knows every table
from camd.daemon.journal import FileJournal
from camd.daemon.journal_lines import read_journal
from camd.domain.facts import CampaignId, Facts, InboundId, LeadId, TouchId
from camd.domain.inbound import InboundClass
from camd.domain.lead import LostReason
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.operations import campaigns, erasure, leads, people, suppressions
from camd.operations.desk import Desk
from camd.operations.errors import Unprocessable
from camd.operations.lead_moves import hold
from camd.operations.once import Order, keep
from camd.ports.clock import Clock
from camd.ports.journal import JournalMark
from camd.ports.lookups import Asking, LookupAnswer
from camd.ports.providers import Found
from camd.ports.records import (
    Crash,
    EventFilter,
    Inbound,
    MatchedBy,
    Preview,
    Touch,
    TouchStatus,
)
from camd.ports.store import Tx
from camd.schema.definition import CampaignBody
from camd.schema.lead import HoldBody, LeadBody, LeadPatch
from camd.schema.suppression import SuppressionBody
from camd.store.sqlite import SqliteStore
from camd.store.tables import metadata

ADDRESS = "Canary.Person+x@firm.example"
KEY = "canary.person@firm.example"
PROFILE = "https://www.linkedin.com/in/canary-person-77"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACTS = Facts(email=ADDRESS, first_name="Canary", last_name="Canarian", company="Firm", linkedin_url=PROFILE)
CANARY = b"canar"

NAMES_NOBODY: Mapping[str, str] = {
    "campaigns": "what an operator defines",
    "campaign_days": "figures",
    "campaign_sources": "places in files and lists",
    "campaign_steps": "templates",
    "counters": "figures",
    "deliveries": "figures",
    "imports": "files, by the name that the operator gave them",
    "inbox_positions": "places in folders",
    "instance": "the installation's own",
    "ledger": "ids and figures; an event that holds an address is a bug (domain.events)",
    "lookup_jobs": "the vendors' names of jobs",
    "lookup_subjects": "keyed hashes",
    "mailboxes": "the operator's own, by name",
    "notices": "ids and figures, of which texts are made when they go out",
    "notices_told": "instants",
    "quota_buckets": "mailboxes and providers",
    "quota_debits": "keyed hashes of people, domains of companies",
    "quota_zones": "campaigns and mailboxes",
    "tallies": "figures",
    "tokens": "keys of callers",
    "touch_aliases": "Message-IDs of our own",
    "webhook_deliveries": "events by their number; what is sent is made when it goes out",
    "webhook_endpoints": "the operator's own, by name",
}
"""Every table that holds nobody's data, and what it holds."""


@pytest.fixture
async def desk(desk: Desk, tmp_path: Path, schema: Path, clock: Clock) -> AsyncIterator[Desk]:
    """On files, as the daemon has them."""
    folder = tmp_path / "installed"
    folder.mkdir()
    database = folder / "camd.db"
    shutil.copyfile(schema, database)
    journal = FileJournal(folder / "camd.journal", clock)
    async with journal, SqliteStore.open(database, clock, journal=journal) as store:
        context = replace(desk.context, store=store, journal=journal)
        yield replace(desk, context=context, scrub=store.writer.checkpoint)


@pytest.fixture
async def lead_id(desk: Desk) -> LeadId:
    """The canary, wherever a person can stand."""
    for name in ("Q1", "Q2"):
        await campaigns.create(desk, CampaignBody(name=name), actor="os:ann")
    body = LeadBody(email=ADDRESS, first_name="Canary", last_name="Canarian", custom={"note": "canary"}, phone="canary")
    order = Order("os:ann", "canary-1", "POST", "/leads", b"")
    added = await leads.add(
        desk,
        "Q1",
        body,
        actor="os:ann",
        keep=lambda tx, made: keep(tx, desk, order, 201, None, made.lead.model_dump_json().encode(), is_personal=True),
    )
    # Known there by the profile alone.
    await leads.add(desk, "Q2", LeadBody(linkedin_url=PROFILE, first_name="Canary"), actor="os:ann")
    lead_id = LeadId(added.lead.id)
    await leads.change(desk, lead_id, LeadPatch(linkedin_url=PROFILE, title="Canary keeper"), actor="os:ann")
    await hold(desk, lead_id, HoldBody(reason="canary sings"), actor="os:ann")
    await suppressions.add(desk, SuppressionBody(value=ADDRESS, note="canary asked"), actor="os:ann")
    await desk.write(lambda tx: _plant(tx, lead_id))
    return lead_id


def _plant(tx: Tx, lead_id: LeadId) -> None:
    one, two = CampaignId(1), CampaignId(2)
    sent = Touch(
        TouchId("to_1"),
        one,
        lead_id,
        1,
        "email",
        TouchStatus.SENT,
        NOW,
        "sales",
        "Dear Canary",
        "Hello Canary",
        "canary",
    )
    assert tx.touches.insert(replace(sent, reason=f"no such person {ADDRESS}"))
    tx.previews.put(Preview(one, lead_id, 1, NOW, "sales", "Dear Canary", "Hello Canary"))
    hashed = keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, KEY)
    kinds = InboundClass.HUMAN_NEUTRAL
    plain = Inbound(InboundId("in_1"), "sales", "<1@firm.example>", kinds, "canary", False, NOW, NOW, "engine", one)
    answer = replace(plain, lead_id=lead_id, matched_by=MatchedBy.SENDER, sender_hash=hashed, sender=ADDRESS)
    assert tx.inbox.add(replace(answer, subject="Re: Dear Canary", text="Canary writes", note="canary"))
    stray = replace(plain, id=InboundId("in_2"), identity="<2@firm.example>", sender_hash=hashed, sender=KEY)
    assert tx.inbox.add(replace(stray, text="Canary again"))
    colleague = replace(plain, id=InboundId("in_3"), identity="<3@firm.example>", sender="bob@firm.example")
    assert tx.inbox.add(replace(colleague, text=f"Ask {KEY.upper()}, not me"))
    unread = replace(plain, id=InboundId("in_4"), identity="<4@firm.example>", raw=f"From: {KEY}\r\n\r\n\0".encode())
    assert tx.inbox.add(unread)
    tx.campaigns.add_crash(Crash(one, NOW, f"Invalid: {ADDRESS}", "Traceback: canary", lead_id))
    stub = replace(FACTS, email=None)
    tx.candidates.add(two, "apollo", [Found("1", FACTS), Found("2", stub, is_stub=True)])
    tx.candidates.add(two, "csv", [Found("canary's row", replace(stub, linkedin_url=None, domain="firm.example"))])
    for about, candidate in ((lead_id, None), (None, tx.candidates.stubs(two, 1)[0].id)):
        asking = Asking("apollo", Operation.MATCH, one, about, candidate, Decimal(1), "like", ("hash",))
        wanted = tx.lookups.want(asking, NOW)
        answered = LookupAnswer(FACTS, evidence="canary", raw='{"name": "canary"}')
        done = replace(wanted, status=LookupStatus.DONE, result=LookupResult.FOUND, settled_at=NOW, answer=answered)
        tx.lookups.save(wanted, replace(done, memory={"who": "canary"}))


def found_in(connection: Connection) -> set[str]:
    """The tables in whose rows the canary stands."""
    found = set()
    for table in metadata.sorted_tables:
        raw = connection.connection.driver_connection
        assert raw is not None
        for row in raw.execute(f"SELECT * FROM {table.name}"):
            cells = (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
            if any(CANARY in cell.lower() for cell in cells):
                found.add(table.name)
    return found


async def tables_with_the_canary(desk: Desk) -> set[str]:
    store = desk.context.store
    assert isinstance(store, SqliteStore)
    return await store.writer.alone(found_in)


def files_with_the_canary(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file() and CANARY in path.read_bytes().lower()]


async def test_every_table_either_has_the_canary_or_names_nobody(desk: Desk, lead_id: LeadId) -> None:
    planted = await tables_with_the_canary(desk)
    assert planted.isdisjoint(NAMES_NOBODY)
    assert planted | NAMES_NOBODY.keys() == metadata.tables.keys()
    assert lead_id


async def test_an_erased_person_stands_in_no_file_any_more(desk: Desk, lead_id: LeadId, tmp_path: Path) -> None:
    assert files_with_the_canary(tmp_path / "installed") != []
    erased = await erasure.erase_person(desk, KEY, actor="os:ann")
    assert (erased.leads, erased.candidates, erased.messages) == (2, 3, 4)
    assert await tables_with_the_canary(desk) == set()
    assert files_with_the_canary(tmp_path / "installed") == []
    hashed = await desk.read(lambda tx: keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, KEY))
    assert hashed.encode() in (tmp_path / "installed" / "camd.db").read_bytes()
    assert hashed.encode() in (tmp_path / "installed" / "camd.journal").read_bytes()
    assert (await leads.get(desk, lead_id)).status_reason is LostReason.ERASED


async def test_erasing_a_lead_empties_what_is_its_campaign_s(desk: Desk, lead_id: LeadId) -> None:
    await erasure.erase(desk, lead_id, actor="os:ann")
    # What is found by the profile or the address in other campaigns is for `camd people erase`.
    assert await tables_with_the_canary(desk) == {"leads", "candidates", "lookups"}


async def test_every_address_of_the_person_is_remembered_as_erased(desk: Desk, tmp_path: Path) -> None:
    for name, address in (("Q1", KEY), ("Q2", "private@home.example")):
        await campaigns.create(desk, CampaignBody(name=name), actor="os:ann")
        await leads.add(desk, name, LeadBody(email=address, linkedin_url=PROFILE), actor="os:ann")
    assert (await erasure.erase_person(desk, KEY, actor="os:ann")).leads == 2
    erased = read_journal(tmp_path / "installed" / "camd.journal", after=JournalMark(0, 0)).refusals.erased
    key = await desk.read(lambda tx: tx.instance.key())
    addresses = (KEY, "private@home.example")
    assert set(erased) == {keyed_hash(key, SuppressionKind.ADDRESS, address) for address in addresses}


async def test_erasing_again_changes_nothing(desk: Desk, lead_id: LeadId) -> None:
    await erasure.erase_person(desk, ADDRESS, actor="os:ann")
    events = await desk.read(lambda tx: tx.ledger.after(0, 500, EventFilter()))
    again = await erasure.erase_person(desk, ADDRESS, actor="os:ann")
    assert (again.leads, again.candidates, again.messages) == (0, 0, 0)
    assert await desk.read(lambda tx: tx.ledger.after(0, 500, EventFilter())) == events
    assert lead_id


async def test_somebody_never_seen_is_erased_before_they_are_found(desk: Desk) -> None:
    await campaigns.create(desk, CampaignBody(name="Q1"), actor="os:ann")
    await erasure.erase_person(desk, "new@firm.example", actor="os:ann")
    [standing] = (await suppressions.page(desk)).items
    assert (standing.reason, standing.value) == (SuppressionReason.ERASED, None)
    with pytest.raises(Exception, match="suppression covers"):
        await leads.add(desk, "Q1", LeadBody(email="New+tag@firm.example"), actor="os:ann")


async def test_an_export_has_all_that_an_erasure_takes(desk: Desk, lead_id: LeadId) -> None:
    person = await people.get(desk, KEY, actor="os:ann")
    assert [each.lead.campaign_id for each in person.leads] == [1, 2]
    assert person.suppression is not None
    assert person.suppression.value == KEY
    assert len(person.candidates) == 3
    assert [each["id"] for each in person.inbound] == ["in_2"]
    [export] = [each for each in person.leads if each.lead.id == lead_id]
    assert [touch["body"] for touch in export.touches] == ["Hello Canary"]
    assert [message["text"] for message in export.inbound] == ["Canary writes"]


async def test_an_export_tells_the_ledger_that_it_was_made_and_not_of_whom(desk: Desk, lead_id: LeadId) -> None:
    before = await desk.read(lambda tx: tx.ledger.last_seq())
    await people.get(desk, KEY, actor="os:ann")
    [row] = await desk.read(lambda tx: tx.ledger.after(before, 10, EventFilter()))
    assert (row.event.type, row.event.lead_id, dict(row.event.data)) == ("export.made", None, {"leads": 2})
    assert lead_id


@pytest.mark.parametrize("ask", [people.get, erasure.erase_person])
async def test_what_is_no_address_is_refused(desk: Desk, ask: Callable[..., object]) -> None:
    with pytest.raises(Unprocessable, match="address"):
        await ask(desk, "firm.example", actor="os:ann")  # type: ignore[misc]  # both are awaited
