"""The mailboxes that are configured: their state, whether they can be logged in to, whether their inboxes are heard,
and letting them send or not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

import anyio

from camd.domain.errors import Failure
from camd.domain.events import Event, EventType
from camd.domain.preflight import LogIn, MailboxCheck
from camd.domain.send_window import local_day
from camd.domain.token_bucket import LocalDay, QuotaScope
from camd.operations.desk import Desk
from camd.operations.errors import NotFound
from camd.pipeline import mailbox_health
from camd.pipeline.mailboxes import unusable
from camd.pipeline.send_quota import volume_of
from camd.ports.domain_records import SenderRecords
from camd.ports.records import MailboxReason, MailboxState
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx
from camd.schema.mailbox import DisableBody, MailboxTest
from camd.schema.page import Page
from camd.schema.status import InboxStatus, MailboxStatus
from camd.schema.status import MailboxState as MailboxView
from camd.telemetry.logs import get_log

log = get_log()

LOG_IN_SECONDS = 10.0
LOOK_UP_SECONDS = 10.0
AT_ONCE = 8

_MENDS: Mapping[MailboxReason | None, str] = MappingProxyType(
    {
        None: "it goes on by itself, or with {enable}",
        MailboxReason.OPERATOR: "a person disabled it: {enable} lets it send again",
        MailboxReason.LOG_IN_REFUSED: "mend user name and password in [mailboxes.{name}] until "
        "`camd mailboxes test {name}` works, then {enable}",
        MailboxReason.PARKED: "its outbox crashed too often: read the log, mend the cause, then {enable}",
    }
)


async def page(desk: Desk) -> Page[MailboxView]:
    """All of them: they are few."""
    return Page(items=await desk.read(lambda tx: states(tx, desk)))


def states(tx: Tx, desk: Desk) -> list[MailboxView]:
    return [_view(tx, desk, box) for box in desk.context.settings.mailboxes.values()]


def disabled(tx: Tx, desk: Desk) -> list[MailboxState]:
    """Those that are configured and wait for a person."""
    every = tx.mailboxes.all()
    return [
        state
        for name in desk.context.settings.mailboxes
        if (state := every.get(name)) is not None and state.disabled is not None
    ]


def unheard(desk: Desk) -> Iterator[tuple[str, str]]:
    """The mailboxes whose inbox somebody has to look at, and why; one that camd has just begun to read is none."""
    hearing = desk.context.hearing
    for name in desk.context.settings.mailboxes:
        is_refused = hearing.is_deaf(name) and hearing.problem(name) is not None
        if is_refused or hearing.is_stale(name):
            yield name, _deaf_for(desk, name)


async def enable(desk: Desk, name: str, *, actor: str) -> MailboxView:
    """Ends whatever keeps it from sending and forgets its refusals; the pace it has learned stays.

    Raises `NotFound`."""
    box = _find(desk, name)

    def unit(tx: Tx) -> tuple[MailboxView, bool]:
        now, before = desk.now(), tx.mailboxes.get(name)
        was_usable = unusable(tx, desk.context.settings.mailboxes, name, now) is None
        tx.mailboxes.put(MailboxState(name, rate=before.rate))
        if not was_usable:
            tx.ledger.append(Event(EventType.MAILBOX_RECOVERED, now, actor, data={"mailbox": name}))
        return _view(tx, desk, box), not was_usable

    view, recovered = await desk.write(unit)
    if recovered:
        log.info("mailbox.recovered", mailbox=name)
        desk.doorbells.ring_outboxes()
    return view


async def disable(desk: Desk, name: str, body: DisableBody, *, actor: str) -> MailboxView:
    """It sends nothing until a person enables it. One that is disabled already stays as it is.

    Raises `NotFound`."""
    box = _find(desk, name)

    def unit(tx: Tx) -> tuple[MailboxView, bool]:
        now = desk.now()
        if tx.mailboxes.get(name).disabled is not None:
            return _view(tx, desk, box), False
        mailbox_health.disable(tx, name, MailboxReason.OPERATOR, now, actor=actor, detail=body.reason)
        return _view(tx, desk, box), True

    view, degraded = await desk.write(unit)
    if degraded:
        desk.doorbells.ring_outboxes()
    return view


def _find(desk: Desk, name: str) -> MailboxSettings:
    box = desk.context.settings.mailboxes.get(name)
    if box is None:
        raise NotFound("mailbox", name)
    return box


def _view(tx: Tx, desk: Desk, box: MailboxSettings) -> MailboxView:
    now, state = desk.now(), tx.mailboxes.get(box.name)
    refusal = unusable(tx, desk.context.settings.mailboxes, box.name, now)
    today = local_day(now, box.timezone)
    status = MailboxStatus.USABLE
    if refusal is not None:
        status = MailboxStatus.DISABLED if state.disabled else MailboxStatus.STOPPED
    return MailboxView(
        name=box.name,
        address=box.address,
        status=status,
        reason=refusal.reason if refusal else None,
        detail=_detail(state) if refusal else None,
        since=state.since if refusal else None,
        until=refusal.until if refusal else None,
        daily_limit=box.daily_limit,
        limit_today=volume_of(tx, box, today),
        limit_tomorrow=volume_of(tx, box, today + timedelta(days=1)),
        used_today=tx.quotas.used(QuotaScope.MAILBOX_DAY, box.name, LocalDay(box.timezone).since(now)),
        queued=tx.touches.queued(box.name),
        inbox=_inbox(desk, box),
        last_heard_at=desk.context.hearing.last_heard(box.name),
        inbox_detail=_inbox_detail(desk, box),
    )


def _inbox(desk: Desk, box: MailboxSettings) -> InboxStatus:
    if not box.has_inbox:
        return InboxStatus.NONE
    return InboxStatus.DEAF if desk.context.hearing.is_deaf(box.name) else InboxStatus.HEARING


def _inbox_detail(desk: Desk, box: MailboxSettings) -> str | None:
    match _inbox(desk, box):
        case InboxStatus.DEAF:
            return f"{_deaf_for(desk, box.name)}; `camd mailboxes test {box.name}` tries it"
        case InboxStatus.HEARING:
            return desk.context.hearing.problem(box.name)
        case _:
            return None


def _deaf_for(desk: Desk, name: str) -> str:
    hearing = desk.context.hearing
    if (why := hearing.problem(name)) is None:
        last = hearing.last_heard(name)
        why = "camd has not read its inbox yet" if last is None else "its inbox was not read to its end lately"
    return f"{why}; follow-ups wait until it was read"


def _detail(state: MailboxState) -> str:
    """What happened, and how it is mended."""
    mend = _MENDS[state.disabled].format(name=state.name, enable=f"`camd mailboxes enable {state.name}`")
    return f"{state.detail}; {mend}" if state.detail else mend


async def check(desk: Desk, name: str) -> MailboxTest:
    """Logs in as for a mail and sends nothing, then to the inbox and changes nothing. Raises `NotFound`."""
    box = _find(desk, name)
    refused = await _refused(desk, name)
    told = [refused or "the SMTP log-in works"]
    problem, folders = await _looked_into(desk, box)
    if problem is not None:
        told.append(f"the inbox cannot be read: {problem}")
    elif folders:
        told.append(f"the inbox can be read: {', '.join(folders)}")
    ok = refused is None and problem is None
    return MailboxTest(name=name, ok=ok, message="; ".join(told), folders=list(folders))


async def checks_of(desk: Desk, mailboxes: Sequence[MailboxSettings]) -> tuple[MailboxCheck, ...]:
    """The log-ins of each and the records of its domain, a few at once."""
    found: dict[str, MailboxCheck] = {}
    places = anyio.CapacityLimiter(AT_ONCE)

    async def look_at(box: MailboxSettings) -> None:
        async with places:
            refused = await _refused(desk, box.name)
            problem, _ = await _looked_into(desk, box)
            records = await records_of(desk, box.address.rpartition("@")[2], box.smtp_host)
            found[box.name] = _check(box, refused, problem, records)

    async with anyio.create_task_group() as tasks:
        for box in mailboxes:
            tasks.start_soon(look_at, box)
    return tuple(found[box.name] for box in mailboxes)


def _check(
    box: MailboxSettings, refused: str | None, inbox_problem: str | None, records: SenderRecords
) -> MailboxCheck:
    return MailboxCheck(
        box.name,
        LogIn.OK if refused is None else LogIn.FAILED,
        has_inbox=box.has_inbox,
        detail=refused,
        spf=records.spf,
        dkim=records.dkim,
        dmarc=records.dmarc,
        inbox_problem=inbox_problem,
    )


async def records_of(desk: Desk, domain: str, smtp_host: str) -> SenderRecords:
    """For mail from `domain` that leaves through `smtp_host`; none of them where nobody answers in time."""
    with anyio.move_on_after(LOOK_UP_SECONDS):
        return await desk.context.domain_records.look_up(domain, smtp_host)
    return SenderRecords()


async def _refused(desk: Desk, name: str) -> str | None:
    try:
        with anyio.fail_after(LOG_IN_SECONDS):
            await desk.context.mail.log_in(name)
    except Failure as failure:
        return str(failure)
    except TimeoutError:
        return f"no answer within {LOG_IN_SECONDS:.0f} s"
    return None


async def _looked_into(desk: Desk, box: MailboxSettings) -> tuple[str | None, Sequence[str]]:
    """Why its inbox cannot be read, and the folders in which it can; neither where there is none."""
    if not box.has_inbox:
        return None, ()
    try:
        with anyio.fail_after(LOG_IN_SECONDS):
            async with desk.context.inboxes.open(box.name) as session:
                return None, [folder.name for folder in await session.folders()]
    except Failure as failure:
        return str(failure), ()
    except TimeoutError:
        return f"no answer within {LOG_IN_SECONDS:.0f} s", ()
