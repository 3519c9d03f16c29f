"""Tells the operator: at once what cannot wait, of one kind at most one mail an hour; once a day what there is.

At least once: what was not taken by the mail server is told again, also after a restart. Notices are no touches: they
use no quota of a campaign and go out in dry run and under the kill switch, to the operator's own addresses only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import anyio

from camd.actors.wake import Doorbells, seconds_until
from camd.domain.errors import CamdError
from camd.domain.message_id import with_domain_of
from camd.domain.send_window import local_day
from camd.domain.zones import zone_info
from camd.pipeline import digest, notices
from camd.pipeline.context import Context
from camd.pipeline.notices import Text
from camd.pipeline.send_gate import Closure, GateReason
from camd.ports.channel import Accepted, Handover
from camd.ports.records import Notice, NoticeKind
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


class Notices:
    def __init__(self, context: Context, bells: Doorbells) -> None:
        self._context = context
        self._bell = bells.notices
        self._closed: frozenset[GateReason] = frozenset()
        self._failed_at: datetime | None = None
        self._has_it: set[tuple[NoticeKind, str]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._note_gate()
            until = await self._tell_all()
            await self._bell.wait(seconds_until(until, self._context.clock, LOOK_SECONDS))

    async def _note_gate(self) -> None:
        closures = {closure.reason: closure for closure in self._context.gate.closures()}
        for reason in closures.keys() - self._closed:
            await self._context.store.write(partial(_note_closure, closure=closures[reason]))
        self._closed = frozenset(closures)

    async def _tell_all(self) -> datetime | None:
        """Answers when the next one may go."""
        context, now = self._context, self._context.clock.now()
        if self._failed_at is not None and now < self._failed_at + TRIED_AGAIN:
            return self._failed_at + TRIED_AGAIN
        due = await context.store.read(self._due)
        for kind, at in due.items():
            if at <= now:
                await self._tell(kind)
        await self._tell_digest(now)
        return min((at for at in due.values() if at > now), default=None)

    def _due(self, tx: Tx) -> dict[NoticeKind, datetime]:
        instants: dict[NoticeKind, datetime] = {}
        for kind in tx.notices.count_waiting():
            first = tx.notices.waiting(kind, 1)[0].at + GATHERED
            told = tx.notices.last_told(kind)
            instants[kind] = max(first, told + PAUSE) if told else first
        return instants

    async def _tell(self, kind: NoticeKind) -> None:
        context = self._context

        def query(tx: Tx) -> tuple[Sequence[Notice], Text]:
            waiting = tx.notices.waiting(kind, AT_ONCE)
            return waiting, notices.compose(tx, context, kind, waiting)

        waiting, text = await context.store.read(query)
        last = waiting[-1].id
        if await self._send(kind, text):
            now = context.clock.now()
            await context.store.write(lambda tx: tx.notices.told(kind, last, now))
            log.info("notice.sent", kind=kind, count=len(waiting))

    async def _tell_digest(self, now: datetime) -> None:
        context, notify = self._context, self._context.settings.notify
        if not notify.email or now.astimezone(zone_info(notify.timezone)).time() < notify.digest:
            return
        last = await context.store.read(lambda tx: tx.notices.last_told(NoticeKind.DIGEST))
        if last is not None and local_day(last, notify.timezone) >= local_day(now, notify.timezone):
            return
        made = await context.store.read(lambda tx: digest.compose(tx, context, now))
        if made is not None and not await self._send(NoticeKind.DIGEST, made.text):
            return

        def unit(tx: Tx) -> None:
            tx.notices.told(NoticeKind.DIGEST, 0, now)
            if made is not None:
                digest.remember(tx, made)

        await context.store.write(unit)
        if made is not None:
            log.info("notice.sent", kind=NoticeKind.DIGEST, count=1)

    async def _send(self, kind: NoticeKind, text: Text) -> bool:
        """True once every address has it. Where nobody is to be told, everything is told."""
        settings = self._context.settings
        box = settings.mailboxes.get(settings.notify.mailbox or next(iter(settings.mailboxes), ""))
        for address in settings.notify.email:
            if (kind, address) in self._has_it:
                continue
            problem = await self._hand_over(box, address, text) if box else "there is no mailbox"
            if problem is not None:
                self._failed_at = self._context.clock.now()
                log.warning("notice.failed", kind=kind, error=problem, mailbox=box.name if box else None)
                return False
            self._has_it.add((kind, address))
        self._has_it = {(told, address) for told, address in self._has_it if told is not kind}
        self._failed_at = None
        return True

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
