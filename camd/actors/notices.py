"""Tells the operator: at once what cannot wait, of one kind at most one mail an hour; once a day what there is.

At least once: what was not taken by the mail server is told again, also after a restart. An address that is refused
for an hour is left out of that mail, so that the others hear of the next one. Notices are no touches: they use no quota
of a campaign and go out in dry run and under the kill switch, to the operator's own addresses only.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import anyio

from camd.actors.wake import Doorbells, seconds_until
from camd.domain.errors import CamdError, Transient
from camd.domain.message_id import with_domain_of
from camd.domain.send_window import local_day
from camd.domain.zones import zone_info
from camd.pipeline import digest, notices
from camd.pipeline.context import Context
from camd.pipeline.digest import Digest
from camd.pipeline.notices import Text
from camd.pipeline.send_gate import Closure, GateReason
from camd.ports.channel import Accepted, Handover
from camd.ports.records import NoticeKind
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx
from camd.telemetry.logs import describe, get_log

log = get_log()

GATHERED = timedelta(seconds=20)
"""What comes together is told together."""
PAUSE = timedelta(hours=1)
TRIED_AGAIN = timedelta(minutes=5)
AT_ONCE = 10_000
"""Of one kind in one mail."""
LOOK_SECONDS = 60.0
"""Between two looks at the send gate, which rings no bell."""


def _note_closure(tx: Tx, closure: Closure) -> None:
    tx.notices.add(NoticeKind.GATE_CLOSED, closure.since, data={"reason": closure.reason.value})


@dataclass(slots=True)
class _Begun:
    """A mail that is on its way: what it tells, up to which notice, since when, and who has it."""

    at: datetime
    last: int
    digest: Digest | None = None
    again_at: datetime | None = None
    has_it: set[str] = field(default_factory=set)


class Notices:
    def __init__(self, context: Context, bells: Doorbells) -> None:
        self._context = context
        self._bell = bells.notices
        self._closed: frozenset[GateReason] = frozenset()
        self._begun: dict[NoticeKind, _Begun] = {}

    async def run(self) -> None:
        """Until cancelled. While the database is away nothing is told."""
        while True:
            until: datetime | None = None
            try:
                await self._note_gate()
                until = await self._tell_all()
            except Transient as failure:
                log.warning("notice.failed", error=failure)
            await self._bell.wait(seconds_until(until, self._context.clock, LOOK_SECONDS))

    async def _note_gate(self) -> None:
        closures = {closure.reason: closure for closure in self._context.gate.closures()}
        for reason in closures.keys() - self._closed:
            await self._context.store.write(partial(_note_closure, closure=closures[reason]))
        self._closed = frozenset(closures)

    async def _tell_all(self) -> datetime | None:
        """Answers when the next one may go."""
        context, now = self._context, self._context.clock.now()
        due = await context.store.read(self._due)
        for kind, at in due.items():
            if at <= now:
                await self._tell(kind)
        if await self._is_digest_due(now):
            await self._tell_digest(now)
        return min((at for at in due.values() if at > now), default=None)

    def _due(self, tx: Tx) -> dict[NoticeKind, datetime]:
        """A notice from the future is one from before the clock was set back: it goes at once."""
        now = self._context.clock.now()
        instants: dict[NoticeKind, datetime] = {}
        for kind in tx.notices.count_waiting():
            first, told = tx.notices.waiting(kind, 1)[0].at, tx.notices.last_told(kind)
            at = first + GATHERED if first <= now else now
            if told is not None and told <= now:
                at = max(at, told + PAUSE)
            begun = self._begun.get(kind)
            instants[kind] = begun.again_at if begun and begun.again_at else at
        return instants

    async def _tell(self, kind: NoticeKind) -> None:
        context, begun = self._context, self._begun.get(kind)

        def query(tx: Tx) -> tuple[int, int, Text]:
            waiting = [it for it in tx.notices.waiting(kind, AT_ONCE) if begun is None or it.id <= begun.last]
            return waiting[-1].id, len(waiting), notices.compose(tx, context, kind, waiting)

        last, count, text = await context.store.read(query)
        begun = self._begun.setdefault(kind, _Begun(context.clock.now(), last))
        if await self._send(kind, begun, text):
            now = context.clock.now()
            await context.store.write(lambda tx: tx.notices.told(kind, last, now))
            del self._begun[kind]
            log.info("notice.sent", kind=kind, count=count)

    async def _is_digest_due(self, now: datetime) -> bool:
        notify = self._context.settings.notify
        if begun := self._begun.get(NoticeKind.DIGEST):
            return begun.again_at is None or begun.again_at <= now
        if not notify.email or now.astimezone(zone_info(notify.timezone)).time() < notify.digest:
            return False
        last = await self._context.store.read(lambda tx: tx.notices.last_told(NoticeKind.DIGEST))
        return last is None or local_day(last, notify.timezone) != local_day(now, notify.timezone)

    async def _tell_digest(self, now: datetime) -> None:
        context, kind = self._context, NoticeKind.DIGEST
        begun = self._begun.get(kind)
        if begun is None:
            made = await context.store.read(lambda tx: digest.compose(tx, context, now))
            begun = self._begun[kind] = _Begun(now, 0, made)
        made, at = begun.digest, begun.at
        if made is not None and not await self._send(kind, begun, made.text):
            return

        def unit(tx: Tx) -> None:
            tx.notices.told(kind, 0, at)
            if made is not None:
                digest.remember(tx, made)

        await context.store.write(unit)
        del self._begun[kind]
        if made is not None:
            log.info("notice.sent", kind=kind, count=1)

    async def _send(self, kind: NoticeKind, begun: _Begun, text: Text) -> bool:
        """True once every address has it, or some for an hour. Where nobody is to be told, everything is told."""
        settings = self._context.settings
        box = settings.mailboxes.get(settings.notify.mailbox or next(iter(settings.mailboxes), ""))
        missing = [address for address in settings.notify.email if address not in begun.has_it]
        for address in missing:
            problem = await self._hand_over(box, address, text) if box else "there is no mailbox"
            if problem is None:
                begun.has_it.add(address)
            else:
                log.warning("notice.failed", kind=kind, error=problem, mailbox=box.name if box else None)
        now = self._context.clock.now()
        begun.again_at = now + TRIED_AGAIN
        is_given_up = bool(begun.has_it) and now >= begun.at + PAUSE
        return is_given_up or begun.has_it.issuperset(settings.notify.email)

    async def _hand_over(self, box: MailboxSettings, address: str, text: Text) -> str | None:
        """What went wrong, if anything did."""
        context = self._context
        try:
            # Not made with the instance key: in a Sent folder it is no message of another camd's.
            message_id = with_domain_of(box.address, context.ids.new("notice"))
            handover = Handover(box.name, address, message_id, text.subject, text.body)
            outcome = await context.mail.hand_over(handover, anyio.lowlevel.checkpoint)
        except CamdError as failure:
            return describe(failure)
        return None if isinstance(outcome, Accepted) else type(outcome).__name__
