"""The quotas before an independent judge: a plain list of what was taken, when, and what was given back.

Whatever is sent, refused, lost, cancelled or restarted, and however clock and zones move, no window holds more than
its cap; and where there is enough to send, what is allowed is used.
"""

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.errors import Scope, Transient
from camd.domain.facts import CampaignId, TouchId
from camd.domain.suppression import SuppressionReason, parse_value
from camd.domain.token_bucket import QuotaScope
from camd.pipeline import debits, record, send_quota, touch_moves
from camd.pipeline.context import Context
from camd.pipeline.handover import EVERY_CAMPAIGN, Claimed, claim, mark_on_wire
from camd.pipeline.settle import Result, Untold, settle, settle_interrupted
from camd.ports.channel import Accepted, Handover, Refused, Stage, Unknown
from camd.ports.journal import HandoverOutcomeWord
from camd.ports.records import TouchStatus
from camd.ports.settings import LimitSettings, MailboxSettings, Settings
from camd.ports.store import Quotas, Tx
from camd.sim.clock import SeededEntropy, SequentialIds, VirtualClock, VirtualLoop
from camd.sim.doors import memory_doors
from camd.sim.fakes import ListSource, Verifier
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.world import OPERATOR, STEPS, World, mailbox, people, plain_settings, simulate
from camd.store.sqlite import SqliteStore

T = TypeVar("T")

ZONES = ("Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Pacific/Auckland", "UTC")
CLOCKS_CHANGE = tuple(
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2026-03-08T04:30",  # New York, spring
        "2026-03-29T00:00",  # Berlin, spring
        "2026-04-05T02:30",  # Santiago, autumn, at midnight
        "2026-04-23T21:30",  # Cairo, spring, at midnight
        "2026-09-06T03:30",  # Santiago, spring, at midnight
        "2026-10-24T22:30",  # Berlin, autumn
        "2026-10-29T20:30",  # Cairo, autumn, at midnight
        "2026-11-01T04:30",  # New York, autumn
    )
)
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
CAMPAIGN_LIMITS = {CampaignId(1): 5, CampaignId(2): 3}
MAILBOX_LIMITS = {"big": 6, "small": 3}
COMPANY_LIMIT, INSTANCE_LIMIT = 2, 7
GAP = timedelta(minutes=10)
PERSON_GAP = timedelta(hours=72)
DAY = timedelta(hours=24)
TROUBLE = Transient("away", scope=Scope.MAILBOX, retry_after=timedelta(minutes=1))
BUSY = Refused(Stage.RCPT, 450, "4.2.1", "450 4.2.1 later")
FULL = Refused(Stage.DOT, 552, "5.2.2", "552 5.2.2 full")
NOBODY = Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")
ANSWERS: tuple[Result, ...] = (
    Accepted("250 ok"),
    Accepted("250 ok"),
    Accepted("250 ok"),
    BUSY,
    FULL,
    NOBODY,
    Unknown("reset"),
    TROUBLE,
    Untold("stopped"),
)


def company(email: str) -> str:
    return email.partition("@")[2]


@dataclass(slots=True)
class Taken:
    """What one mail took and still has."""

    at: datetime
    campaign: CampaignId
    mailbox: str
    recipient: str
    refused: bool = False


@dataclass(slots=True)
class Days:
    """Whose local days count in one bucket: a changed zone counts from the next day of both, and at once where no mail
    was ever counted (`is_new`)."""

    zone: str
    before: str | None = None
    begins: datetime | None = None
    is_new: bool = False

    def counting(self, at: datetime) -> str:
        return self.before if self.begins and self.before and at < self.begins else self.zone

    def change(self, zone: str, now: datetime) -> None:
        if self.is_new:
            self.zone, self.is_new = zone, False
        elif zone != self.zone:
            counting = self.counting(now)
            begins = max(midnight_after(now, counting), midnight_after(now, zone))
            self.zone, self.before, self.begins = zone, counting, begins


def local_date(at: datetime, zone: str) -> object:
    return at.astimezone(ZoneInfo(zone)).date()


def midnight_after(at: datetime, zone: str) -> datetime:
    """By trying minute after minute, so that it shares nothing with the code it judges."""
    day, minute = local_date(at, zone), timedelta(minutes=1)
    later = at.replace(second=0, microsecond=0)
    while local_date(later, zone) == day:
        later += minute
    return later


@dataclass(slots=True)
class Judge:
    taken: dict[TouchId, list[Taken]] = field(default_factory=dict)
    days: dict[object, Days] = field(default_factory=dict)
    verdicts: list[str] = field(default_factory=list)

    def took(self, touch_id: TouchId, taken: Taken) -> None:
        self.taken.setdefault(touch_id, []).append(taken)
        self.days[taken.campaign].is_new = False
        answered = [each for each in self.standing() if not each.refused]
        mails = [each for each in answered if each.campaign == taken.campaign]
        self._day(f"campaign {taken.campaign}", taken.campaign, CAMPAIGN_LIMITS[taken.campaign], mails, taken.at)
        there = [each for each in answered if company(each.recipient) == company(taken.recipient)]
        self._day("company", "engine", COMPANY_LIMIT, there, taken.at)
        self._day("instance", "engine", INSTANCE_LIMIT, answered, taken.at)
        attempts = [each for each in self.standing() if each.mailbox == taken.mailbox]
        limit = MAILBOX_LIMITS[taken.mailbox]
        self._day(f"mailbox {taken.mailbox}", taken.mailbox, limit, attempts, taken.at)
        self._rolling(f"mailbox {taken.mailbox}", DAY, limit, attempts)
        self._apart(taken.mailbox, attempts)
        same = [each for each in answered if each.recipient == taken.recipient]
        self._rolling("person", PERSON_GAP, 1, same)

    def gave_back(self, touch_id: TouchId) -> None:
        self.taken[touch_id].pop()

    def was_refused(self, touch_id: TouchId) -> None:
        self.taken[touch_id][-1].refused = True

    def standing(self) -> Iterator[Taken]:
        return (each for some in self.taken.values() for each in some)

    def _day(self, name: str, key: object, limit: int, mails: Sequence[Taken], at: datetime) -> None:
        zone = self.days[key].counting(at)
        today = [each for each in mails if local_date(each.at, zone) == local_date(at, zone)]
        if len(today) > limit:
            self.verdicts.append(f"{name}: {len(today)} of {limit} on {local_date(at, zone)} in {zone}")

    def _rolling(self, name: str, length: timedelta, limit: int, mails: Sequence[Taken]) -> None:
        instants = sorted(each.at for each in mails)
        for start in instants:
            held = sum(start <= at < start + length for at in instants)
            if held > limit:
                self.verdicts.append(f"{name}: {held} of {limit} in {length} from {start}")

    def _apart(self, name: str, attempts: Sequence[Taken]) -> None:
        instants = sorted(each.at for each in attempts)
        for earlier, later in itertools.pairwise(instants):
            if later - earlier < GAP:
                self.verdicts.append(f"mailbox {name}: mails at {earlier} and {later}")


def bench_settings(folder: Path, zones: dict[object, str]) -> Settings:
    plain = plain_settings(folder)
    boxes = {name: bench_box(name, zones[name]) for name in MAILBOX_LIMITS}
    limits = LimitSettings(instance_daily=INSTANCE_LIMIT, company_new_per_day=2, company_daily=COMPANY_LIMIT)
    return replace(plain, mailboxes=boxes, limits=limits, engine=replace(plain.engine, timezone=zones["engine"]))


def bench_box(name: str, zone: str) -> MailboxSettings:
    box = mailbox(name, daily_limit=MAILBOX_LIMITS[name], timezone=zone)
    return replace(box, min_gap_seconds=GAP.total_seconds(), jitter_seconds=60)


AT_FIRST: dict[object, str] = {
    CampaignId(1): "Europe/Berlin",
    CampaignId(2): "America/Santiago",
    "big": "America/New_York",
    "small": "Africa/Cairo",
    "engine": "UTC",
}


def prepare(folder: Path) -> Path:
    """A database with two campaigns and a backlog, to be copied: three people at each company, some in both."""

    async def scenario(world: World) -> None:
        everybody = [
            replace(found, facts=replace(found.facts, email=f"p{number}@c{number // 3}.example"))
            for number, found in enumerate(people(90))
        ]
        for campaign_id, members in ((CampaignId(1), everybody[:60]), (CampaignId(2), everybody[30:])):
            limit, zone = CAMPAIGN_LIMITS[campaign_id], AT_FIRST[campaign_id]
            campaign = await world.live(*members, steps=STEPS[:1], daily_email_limit=limit, timezone=zone)
            await world.cycle(campaign)

    simulate(folder, scenario, start=BEGIN, settings=lambda _: bench_settings(folder, AT_FIRST))
    return folder / "camd.db"


class QuotaMachine(RuleBasedStateMachine):
    """Sends by the real claim, marks and outcomes over the real store, in whatever order the rules are drawn."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._path = Path(self._folder.name) / "camd.db"
        shutil.copy(self.template, self._path)
        loop = VirtualLoop()
        self._runner = asyncio.Runner(loop_factory=lambda: loop)
        self._clock = VirtualClock(loop, BEGIN)
        self._ids = SequentialIds(1)
        self._zones = dict(AT_FIRST)
        self._judge = Judge(days={key: Days(zone, is_new=key in CAMPAIGN_LIMITS) for key, zone in AT_FIRST.items()})
        self._flying: dict[TouchId, Handover] = {}
        self._marked: set[TouchId] = set()
        self._served = EVERY_CAMPAIGN
        self._open()

    def _open(self) -> None:
        self._process = AsyncExitStack()
        self._store = self._runner.run(self._opened())
        self._context = self._built()
        self._write(lambda tx: send_quota.note_zones(tx, self._context.settings, self._now()))

    async def _opened(self) -> SqliteStore:
        opened = SqliteStore.open(self._path, self._clock, journal=MemoryJournal(), simulated=True)
        return await self._process.enter_async_context(opened)

    def _built(self) -> Context:
        settings = bench_settings(self._path.parent, self._zones)
        adapters = Adapters(self._clock, SeededEntropy(1), self._ids, (ListSource(),), Verifier())
        metrics = make_metrics(self._clock, settings)
        mail = MemoryMail(frozenset(settings.mailboxes))
        doors = memory_doors(settings, mail, self._clock)
        return build_context(settings, adapters, self._store, metrics, doors, MemoryJournal())

    def teardown(self) -> None:
        self._runner.run(self._process.aclose())
        self._runner.close()
        self._folder.cleanup()

    def _write(self, unit: Callable[[Tx], T]) -> T:
        return self._runner.run(self._store.write(lambda tx: unit(self._seen(tx))))

    def _seen(self, tx: Tx) -> Tx:
        return tx

    def _now(self) -> datetime:
        return self._clock.now()

    def _claim(self, name: str) -> TouchId | None:
        unit = lambda tx: claim(tx, self._context, name, self._served, {}, self._now())  # noqa: E731
        match self._write(unit).found:
            case Claimed(touch, handover):
                self._served = touch.campaign_id
                self._flying[touch.id] = handover
                self._judge.took(touch.id, Taken(self._now(), touch.campaign_id, name, handover.recipient))
                return touch.id
            case _:
                return None

    def _mark(self, touch_id: TouchId) -> bool:
        reason = self._write(lambda tx: mark_on_wire(tx, self._context, touch_id, self._now()))
        if reason is None:
            self._marked.add(touch_id)
            return True
        self._landed(touch_id, given_back=True)
        return False

    def _settle(self, touch_id: TouchId, answer: Result) -> None:
        self._write(lambda tx: settle(tx, self._context, touch_id, answer, self._now()))
        self._landed(touch_id, given_back=isinstance(answer, (Transient, Untold)), refused=isinstance(answer, Refused))

    def _landed(self, touch_id: TouchId, *, given_back: bool = False, refused: bool = False) -> None:
        self._marked.discard(touch_id)
        if self._flying.pop(touch_id, None) is None:
            return  # it was cancelled, which gave everything back
        if given_back:
            self._judge.gave_back(touch_id)
        elif refused:
            self._judge.was_refused(touch_id)

    @rule(name=st.sampled_from(sorted(MAILBOX_LIMITS)), count=st.integers(2, 8))
    def sends(self, name: str, count: int) -> None:
        self._send(name, [Accepted("250 ok")] * count)

    @rule(
        name=st.sampled_from(sorted(MAILBOX_LIMITS)), answers=st.lists(st.sampled_from(ANSWERS), min_size=3, max_size=8)
    )
    def is_answered(self, name: str, answers: list[Result]) -> None:
        self._send(name, answers)

    def _send(self, name: str, answers: Sequence[Result]) -> None:
        self._write(self._make_due)
        for answer in answers:
            if touch_id := self._claim(name):
                is_early = isinstance(answer, Transient) or (isinstance(answer, Refused) and answer.stage is Stage.RCPT)
                if is_early or self._mark(touch_id):
                    self._settle(touch_id, answer)
            self._clock.jump(GAP + timedelta(minutes=1))

    def _make_due(self, tx: Tx) -> None:
        """Else all of it would wait after a clock set back, and be overdue after a leap of months."""
        now = self._now()
        for name in MAILBOX_LIMITS:
            for touch in tx.touches.unbound(name, None, 500):
                if touch.status is TouchStatus.APPROVED and touch.ready_at is not None:
                    tx.touches.save(touch, replace(touch, due_at=now, ready_at=now))

    @rule(name=st.sampled_from(sorted(MAILBOX_LIMITS)), marked=st.booleans())
    def begins(self, name: str, marked: bool) -> None:
        if (touch_id := self._claim(name)) and marked:
            self._mark(touch_id)

    @precondition(lambda self: self._flying)
    @rule(answer=st.sampled_from(ANSWERS))
    def ends(self, answer: Result) -> None:
        touch_id = next(iter(self._flying))
        if touch_id in self._marked or self._mark(touch_id):
            self._settle(touch_id, answer)

    @precondition(lambda self: self._flying)
    @rule(opts_out=st.booleans())
    def is_cancelled(self, opts_out: bool) -> None:
        touch_id, handover = next(iter(self._flying.items()))
        if opts_out:
            value, reason = parse_value(handover.recipient), SuppressionReason.OPTED_OUT
            unit = lambda tx: record.suppress(tx, self._context, value, reason, actor="person", now=self._now())  # noqa: E731
            self._write(unit)
        elif touch_id not in self._marked:
            self._write(lambda tx: touch_moves.cancel(tx, stored(tx, touch_id), actor=OPERATOR, now=self._now()))
        if touch_id not in self._marked:
            self._judge.gave_back(touch_id)
            del self._flying[touch_id]

    @rule(sent=st.booleans())
    def is_resolved(self, sent: bool) -> None:
        def unit(tx: Tx) -> None:
            for touch_id in self._judge.taken:
                touch = stored(tx, touch_id)
                if touch.status is TouchStatus.UNKNOWN:
                    touch_moves.resolve(tx, self._context, touch, sent=sent, actor=OPERATOR, now=self._now())
                    return

        self._write(unit)

    @rule(told=st.booleans(), zone=st.sampled_from(ZONES), whose=st.sampled_from(["big", "small", "engine", None]))
    def restarts(self, told: bool, zone: str, whose: str | None) -> None:
        """Whatever flies ends where it is; with `told` the journal knows that what was marked was sent."""
        self._runner.run(self._process.aclose())
        if whose:
            self._zones[whose] = zone
            self._judge.days[whose].change(zone, self._now())
        words = {self._flying[touch_id].message_id: HandoverOutcomeWord.SENT for touch_id in self._marked if told}
        self._open()
        self._write(lambda tx: settle_interrupted(tx, self._context, words, self._now()))
        for touch_id in list(self._flying):
            self._landed(touch_id, given_back=touch_id not in self._marked)

    @rule(campaign_id=st.sampled_from(sorted(CAMPAIGN_LIMITS)), zone=st.sampled_from(ZONES))
    def moves(self, campaign_id: CampaignId, zone: str) -> None:
        def unit(tx: Tx) -> None:
            campaign = tx.campaigns.get(campaign_id)
            assert campaign is not None
            saved = tx.campaigns.save(replace(campaign, definition=replace(campaign.definition, timezone=zone)))
            send_quota.note_campaign_zone(tx, saved, self._now())

        self._write(unit)
        self._judge.days[campaign_id].change(zone, self._now())

    @rule(hours=st.sampled_from([0.2, 1, 5, 11, 24]))
    def time_goes_by(self, hours: float) -> None:
        self._clock.jump(timedelta(hours=hours))

    @rule(step=st.sampled_from([timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]))
    def the_clock_is_set(self, step: timedelta) -> None:
        self._clock.jump(step)

    @rule(to=st.sampled_from(CLOCKS_CHANGE))
    def the_clocks_are_about_to_change(self, to: datetime) -> None:
        if to > self._now():
            self._clock.jump(to - self._now())

    @invariant()
    def no_window_is_over_its_cap(self) -> None:
        assert not self._judge.verdicts, "\n".join(self._judge.verdicts)


def stored(tx: Tx, touch_id: TouchId) -> Any:
    touch = tx.touches.get(touch_id)
    assert touch is not None
    return touch


class RefundsTwice(QuotaMachine):
    def _settle(self, touch_id: TouchId, answer: Result) -> None:
        before = self._write(lambda tx: stored(tx, touch_id))
        super()._settle(touch_id, answer)
        if isinstance(answer, (Refused, Transient, Untold)) and before.debits is not None:
            self._write(lambda tx: debits.refund(tx, before.debits, before.mailbox))


class CountsByStoredDay(QuotaMachine):
    def _seen(self, tx: Tx) -> Tx:
        return cast("Tx", _Seen(tx, DayQuotas(tx.quotas, self._now())))


class RefundsTheUnknown(QuotaMachine):
    def _settle(self, touch_id: TouchId, answer: Result) -> None:
        super()._settle(touch_id, answer)
        after = self._write(lambda tx: stored(tx, touch_id))
        if isinstance(answer, Unknown) and after.debits is not None:
            self._write(lambda tx: debits.refund(tx, after.debits, after.mailbox))


class _Seen:
    """A transaction whose quotas count wrongly. `Any`: whatever the transaction has."""

    def __init__(self, tx: Tx, quotas: Quotas) -> None:
        self._tx = tx
        self.quotas = quotas

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


class DayQuotas:
    """Counts by the stored date, which is that of UTC. `Any`: whatever quotas have."""

    def __init__(self, quotas: Quotas, now: datetime) -> None:
        self._quotas = quotas
        self._now = now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._quotas, name)

    def used(self, scope: QuotaScope, key: str, since: datetime) -> int:
        rows = self._quotas.used_since(scope, key, since - DAY)
        return sum(amount for at, amount in rows if at.date() == self._now.date())

    def used_of(self, windows: Sequence[tuple[QuotaScope, str, datetime]]) -> Sequence[int]:
        return [self.used(*window) for window in windows]


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    QuotaMachine.template = prepare(tmp_path_factory.mktemp("quota"))


MODEST = settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
UNTIL_IT_FAILS = settings(
    MODEST, max_examples=100, phases=[Phase.generate], derandomize=True, database=None, print_blob=False
)


def test_no_window_is_ever_over_its_cap() -> None:
    run_state_machine_as_test(QuotaMachine, settings=MODEST)


@pytest.mark.parametrize(
    "wrong", [RefundsTwice, pytest.param(RefundsTheUnknown, marks=pytest.mark.acceptance), CountsByStoredDay]
)
def test_the_judge_sees_a_planted_bug(wrong: type[QuotaMachine]) -> None:
    with pytest.raises(AssertionError, match=r": (\d+ of \d+|mails at) "):
        run_state_machine_as_test(wrong, settings=UNTIL_IT_FAILS)
