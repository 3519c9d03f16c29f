"""Databases that are restored, copied or without their journal: nobody is written to twice, whoever said no stays out.

The engine is the daemon's own, over real files and real SMTP; the mail server is the judge. The clock is set by hand.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import anyio
import httpx

from camd.api.listen import serve_public
from camd.api.public import build_public_app
from camd.daemon.journal import append_now
from camd.daemon.journal_lines import StandLine
from camd.daemon.restore import restore
from camd.daemon.wiring import Adapters, Engine
from camd.domain.campaign import Autonomy, AutonomyMode, Campaign, CampaignStatus, Definition, SourceEntry, StatusChange
from camd.domain.contact import parse_address
from camd.domain.facts import CampaignId
from camd.domain.lead import LeadStatus, LostReason
from camd.domain.opt_out import make_token
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.operations import erasure, opt_out, recovery
from camd.pipeline import handover
from camd.pipeline.settle import settle
from camd.ports.channel import Accepted
from camd.ports.journal import JournalMark
from camd.ports.records import Listing, MachineIdentity, TouchFilter, TouchStatus
from camd.ports.settings import PublicSettings, Settings
from camd.sim import invariants
from camd.sim.fakes import ListSource, Verifier
from camd.sim.smtp_server import ScriptedServer
from camd.sim.world import OPERATOR, STEPS, mailbox, people, plain_settings
from camd.store.backup import back_up
from camd.store.sqlite import SqliteStore
from camd.system import SystemEntropy, SystemIds

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE, AFTER, NEVER = 5, 15, 5
ONE = CampaignId(1)
LISTED = BEFORE + AFTER + NEVER
SENT = TouchStatus.SENT


@dataclass(slots=True)
class HandClock:
    """Stands still until a test moves it."""

    instant: datetime = MONDAY

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Office:
    """One installation in one folder, opened and closed as a process would be."""

    folder: Path
    server: ScriptedServer
    clock: HandClock = field(default_factory=HandClock)
    source: ListSource = field(default_factory=lambda: ListSource({"people": []}))
    machine: str = "here"

    @property
    def settings(self) -> Settings:
        box = replace(
            mailbox("sales", daily_limit=100),
            smtp_host="127.0.0.1",
            smtp_port=self.server.port,
            smtp_security="none",
            min_gap_seconds=0,
            jitter_seconds=0,
        )
        return plain_settings(self.folder, box)

    @property
    def journal(self) -> Path:
        return self.settings.database.journal

    @property
    def database(self) -> Path:
        return self.settings.database.path

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Engine]:
        entropy = SystemEntropy()
        ids = SystemIds(self.clock, entropy)
        parts = Adapters(self.clock, entropy, ids, (self.source,), Verifier(), simulated=True, identify=self._identify)
        async with Engine.open(self.settings, parts) as engine:
            yield engine

    def _identify(self, database: Path) -> MachineIdentity:
        return MachineIdentity(self.machine or None, None, str(database.stat().st_ino))

    def add_people(self, *numbers: int) -> None:
        self.source.lists["people"] += [person for number in numbers for person in people(1, number)]

    def back_up(self) -> Path:
        copy = self.folder / "backup.db"
        back_up(self.database, copy, lambda *_: None)
        return copy

    def restore(self, backup: Path) -> None:
        restore(self.settings.database, backup, now=self.clock.now(), progress=lambda *_: None)

    def written_to(self) -> list[str]:
        return [envelope.recipient for envelope in self.server.accepted]

    def duplicates(self) -> dict[tuple[str, str], int]:
        """Mails that a person got more than once, by their Message-ID."""
        messages = [message_from_bytes(envelope.raw) for envelope in self.server.accepted]
        counted = Counter((message["To"], message["Message-ID"]) for message in messages)
        counted += Counter((message["To"], _step(message["Subject"])) for message in messages)
        return {mail: count for mail, count in counted.items() if count > 1}


def _step(subject: str) -> str:
    return "first" if subject.startswith("For") else "follow-up"


@asynccontextmanager
async def office_in(folder: Path) -> AsyncIterator[Office]:
    """With its mail server. No fixture: those are set up and torn down by different tasks."""
    async with ScriptedServer().serving() as server:
        yield Office(folder, server)


def address(number: int) -> str:
    return f"p{number}@c{number}.example"


async def begin(engine: Engine) -> Campaign:
    definition = Definition(
        "Q1",
        sources=(SourceEntry("list", {"list": "people"}),),
        steps=STEPS,
        dry_run=False,
        daily_email_limit=20,
        first_touch_spread_hours=0,
        autonomy=Autonomy(AutonomyMode.FULL),
    )
    active = StatusChange(CampaignStatus.ACTIVE, None, OPERATOR, engine.context.clock.now())
    return await engine.context.store.write(lambda tx: tx.campaigns.add(definition, active))


async def plan(engine: Engine) -> None:
    """All that may be planned now."""
    for _ in range(5):
        await engine.runner.run(ONE, False)


async def send(engine: Engine) -> None:
    """All that may go now; every mailbox hears that nothing comes in."""
    for name in engine.settings.mailboxes:
        engine.context.hearing.heard(name)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.outboxes.run)
        await engine.outboxes.at_rest(engine.settings.mailboxes)
        await engine.outboxes.drain()
        tasks.cancel_scope.cancel()


async def work(office: Office, *, days: int) -> None:
    """The daemon works on, day by day."""
    for _ in range(days):
        office.clock.instant += timedelta(days=1)
        async with office.opened() as engine:
            await plan(engine)
            await send(engine)
            await plan(engine)


async def says_no(engine: Engine, number: int) -> None:
    key = await engine.context.store.read(lambda tx: tx.instance.key())
    await opt_out.opt_out(engine.desk, make_token(key, parse_address(address(number)).key))


async def is_erased(engine: Engine, number: int) -> None:
    [lead] = await engine.context.store.read(lambda tx: tx.leads.of_person(parse_address(address(number)).key))
    await erasure.erase(engine.desk, lead.id, actor=OPERATOR)


@dataclass(frozen=True, slots=True)
class Gap:
    """What happened after the backup."""

    backup: Path
    refused: frozenset[str]


async def gap(office: Office) -> Gap:
    """Five mails, a backup, then fifteen mails, three opt-outs and an erasure; five people wait for the next day."""
    office.add_people(*range(BEFORE))
    async with office.opened() as engine:
        await begin(engine)
        await plan(engine)
        office.clock.instant += timedelta(hours=1)
        await send(engine)
        office.add_people(*range(BEFORE, LISTED))
        await engine.context.store.write(lambda tx: tx.sources.forget(ONE))
        await plan(engine)
    assert len(office.server.accepted) == BEFORE
    backup = office.back_up()
    async with office.opened() as engine:
        office.clock.instant += timedelta(hours=1)
        await send(engine)
        unwritten = next(number for number in range(LISTED) if address(number) not in office.written_to())
        erased = next(number for number in range(unwritten + 1, LISTED) if address(number) not in office.written_to())
        written = [number for number in range(BEFORE, LISTED) if address(number) in office.written_to()]
        refused = [0, written[0], unwritten]
        for number in refused:
            await says_no(engine, number)
        await is_erased(engine, erased)
    assert len(office.server.accepted) == BEFORE + AFTER
    return Gap(backup, frozenset(map(address, [*refused, erased])))


def forget_the_machine(database: Path) -> None:
    """As a database that never ran anywhere and has no journal yet."""
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        raw.execute("UPDATE instance SET machine_id = NULL, inode = NULL, journal_number = 0")


async def released(office: Office) -> dict[str, int]:
    """A person releases the hold; answers its figures."""
    async with office.opened() as engine:
        found = await recovery.status(engine.desk)
        assert found.hold
        await recovery.release(engine.desk, actor=OPERATOR)
        return found.figures


async def test_fault_16_after_a_restore_with_the_journal_nobody_is_written_to_twice_nor_after_a_no(
    tmp_path: Path,
) -> None:
    async with office_in(tmp_path) as office:
        happened = await gap(office)
        before = len(office.server.accepted)
        office.restore(happened.backup)
        await work(office, days=1)
        assert len(office.server.accepted) == before, "nothing is sent while the hold stands"
        figures = await released(office)
        assert figures == {"handovers": AFTER, "sent": AFTER, "suppressions_added": 4, "leads_erased": 1}
        await work(office, days=14)
        assert office.duplicates() == {}
        later = set(office.written_to()[before:])
        assert later & happened.refused == set()
        assert len(later) > AFTER, "the others get what was planned for them"


async def test_fault_16_after_a_restore_without_the_journal_nobody_is_written_to_twice(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        happened = await gap(office)
        before = len(office.server.accepted)
        office.journal.unlink()
        office.restore(happened.backup)
        await work(office, days=1)
        assert len(office.server.accepted) == before, "nothing is sent while the hold stands"
        async with office.opened() as engine:
            found = await recovery.status(engine.desk)
        assert found.reason is not None
        assert "opt-outs clicked since then are lost" in found.reason
        assert (await released(office))["unknown"] >= AFTER + NEVER
        await work(office, days=14)
        assert office.duplicates() == {}


async def test_fault_16_the_check_can_fail_without_a_comparison_people_are_written_to_twice(tmp_path: Path) -> None:
    """The same run where the restored database is taken for the one before it."""
    async with office_in(tmp_path) as office:
        happened = await gap(office)
        office.journal.unlink()
        forget_the_machine(happened.backup)
        happened.backup.replace(office.database)
        await work(office, days=14)
        assert office.duplicates() != {}
        assert set(office.written_to()[BEFORE + AFTER :]) & happened.refused


async def test_a_start_that_is_killed_within_a_recovery_does_the_same_again(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        happened = await gap(office)
        office.journal.unlink()
        office.restore(happened.backup)
        # What a start has written that was killed before its commit.
        append_now(office.journal, StandLine(JournalMark(2, 0), office.clock.now()))
        figures = await released(office)
        assert figures["unknown"] >= AFTER + NEVER
        await work(office, days=14)
        assert office.duplicates() == {}


async def test_a_recovery_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        happened = await gap(office)
        office.restore(happened.backup)
        await released(office)
        lines = office.journal.read_text()
        async with office.opened() as engine:
            assert not (await recovery.status(engine.desk)).hold
        assert office.journal.read_text() == lines


async def test_people_whom_the_restored_database_never_knew_become_placeholders(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        async with office.opened() as engine:
            await begin(engine)
        backup = office.back_up()
        office.add_people(*range(3))
        await work(office, days=1)
        office.clock.instant += timedelta(hours=2)
        async with office.opened() as engine:
            await send(engine)
            await says_no(engine, 0)
            await is_erased(engine, 1)
        assert len(office.server.accepted) == 3
        office.restore(backup)
        figures = await released(office)
        assert (figures["people_made"], figures["sent"], figures["leads_erased"]) == (3, 3, 1)
        async with office.opened() as engine:
            leads = await engine.context.store.read(lambda tx: invariants.leads(tx, ONE))
        ended = Counter((lead.status, lead.state.lost_reason) for lead in leads)
        assert ended == Counter(
            [
                (LeadStatus.LOST, LostReason.OPTED_OUT),
                (LeadStatus.LOST, LostReason.ERASED),
                (LeadStatus.CONTACTED, None),
            ]
        )
        await work(office, days=14)
        assert len(office.server.accepted) == 3


async def test_fault_15_a_copied_folder_holds_and_the_one_it_was_copied_from_goes_on(tmp_path: Path) -> None:
    async with office_in(tmp_path / "first") as office:
        office.folder.mkdir()
        await gap(office)
        shutil.copytree(office.folder, tmp_path / "second")
        copy = Office(tmp_path / "second", office.server, office.clock, office.source)
        async with copy.opened() as engine:
            assert "copied" in ((await recovery.status(engine.desk)).reason or "")
        async with office.opened() as engine:
            assert not (await recovery.status(engine.desk)).hold


async def test_fault_15_a_cloned_machine_holds(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        await gap(office)
        before = len(office.server.accepted)
        office.machine = "the clone"
        await work(office, days=3)
        assert len(office.server.accepted) == before
        assert await released(office) == {}
        await work(office, days=1)
        assert len(office.server.accepted) > before


async def test_fault_15_a_machine_without_an_identity_never_differs(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        await gap(office)
        for machine in ("", "here"):
            office.machine = machine
            async with office.opened() as engine:
                assert not (await recovery.status(engine.desk)).hold


async def test_fault_25_an_outcome_that_only_the_journal_has_settles_its_mail(tmp_path: Path) -> None:
    """The process died after the answer was written down and before it was stored."""
    async with office_in(tmp_path) as office:
        await gap(office)
        async with office.opened() as engine:
            [sent] = await engine.context.store.read(lambda tx: tx.touches.page(Listing(1), TouchFilter(status=SENT)))
            before = replace(sent, status=TouchStatus.ON_WIRE, sent_at=None, settled_at=None)
            await engine.context.store.write(lambda tx: tx.touches.save(sent, before))
        async with office.opened() as engine:
            after = await engine.context.store.read(lambda tx: tx.touches.get(sent.id))
        assert after is not None
        assert after.status is TouchStatus.SENT


async def test_fault_88_an_opt_out_that_only_the_journal_took_is_applied_at_the_next_start(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        office.add_people(0)
        async with office.opened() as engine:
            await begin(engine)
            await plan(engine)
            key = await engine.context.store.read(lambda tx: tx.instance.key())
            public = PublicSettings(enabled=True, port=0)
            async with serve_public(build_public_app(engine.desk), public) as url, httpx.AsyncClient() as http:
                await set_read_only(engine, read_only=True)
                answered = await http.post(f"{url}/u/{make_token(key, parse_address(address(0)).key)}")
                await set_read_only(engine, read_only=False)
            assert answered.status_code == 503
            [lead] = await engine.context.store.read(lambda tx: invariants.leads(tx, ONE))
            assert lead.status is LeadStatus.ENRICHED
        async with office.opened() as engine:
            [lead] = await engine.context.store.read(lambda tx: invariants.leads(tx, ONE))
            assert lead.status is LeadStatus.LOST
            assert not (await recovery.status(engine.desk)).hold
        await work(office, days=3)
        assert office.server.accepted == []


async def set_read_only(engine: Engine, *, read_only: bool) -> None:
    store = engine.context.store
    assert isinstance(store, SqliteStore)
    pragma = f"PRAGMA query_only={int(read_only)}"
    await store.writer.alone(lambda raw: raw.exec_driver_sql(pragma).close())


async def test_fault_86_the_outcome_of_a_mail_to_somebody_erased_meanwhile_stands_against_the_hash(
    tmp_path: Path,
) -> None:
    async with office_in(tmp_path) as office:
        office.add_people(0)
        async with office.opened() as engine:
            await begin(engine)
            await plan(engine)
            office.clock.instant += timedelta(hours=1)
            context = engine.context
            now = office.clock.now()
            found = await context.store.write(
                lambda tx: handover.claim(tx, context, "sales", handover.EVERY_CAMPAIGN, {}, now).found
            )
            assert isinstance(found, handover.Claimed)
            assert await context.store.write(lambda tx: handover.mark_on_wire(tx, context, found.touch.id, now)) is None
            await is_erased(engine, 0)
            await context.store.write(lambda tx: settle(tx, context, found.touch.id, Accepted("250"), now))
            [lead] = await context.store.read(lambda tx: invariants.leads(tx, ONE))
            [touch] = await context.store.read(lambda tx: tx.touches.of_lead(lead.id))
            key = await context.store.read(lambda tx: tx.instance.key())
            hashed = keyed_hash(key, SuppressionKind.ADDRESS, parse_address(address(0)).key)
            kept = await context.store.read(lambda tx: tx.suppressions.covering([hashed]))
        assert (touch.status, touch.recipient_hash, touch.subject, touch.body) == (SENT, hashed, None, None)
        assert (lead.status, lead.state.lost_reason) == (LeadStatus.LOST, LostReason.ERASED)
        assert kept is not None
        assert (kept.reason, kept.value) == (SuppressionReason.ERASED, None)
