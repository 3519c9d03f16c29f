"""One mailbox's inbox: hears what comes in, and applies each message in one transaction as soon as it is read.

It holds one connection, is woken by the server where that can, and looks at every folder at least once a minute. A
server that is away is tried again with growing pauses; meanwhile the mailbox's follow-ups wait (`pipeline.hearing`).
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import anyio

from camd.actors.wake import Doorbells
from camd.domain.campaign import Campaign
from camd.domain.errors import CamdError, Failure, Transient
from camd.domain.facts import CampaignId, TouchId
from camd.domain.inbound import InboundClass
from camd.pipeline.context import Context
from camd.pipeline.judging import judge, tell_status
from camd.pipeline.reconcile import PROVED_ABSENT_AFTER, settle_unknown
from camd.pipeline.track import Tracked, track, track_unreadable
from camd.ports.inbox import Folder, FolderRole, InboxSession, Letter, RawMessage, Reading, Unreadable
from camd.ports.records import NoticeKind
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

POLL_SECONDS = 60.0
BATCH = 50
STRIKES = 3
_FIRST_PAUSE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 300.0
_HISTORY = timedelta(days=1)
"""Before the mailbox's first mail: clocks differ, and nothing older can answer it."""
_SENT = Reading(InboundClass.OWN_COPY, "it lies in the folder Sent")


class Inbox:
    """`run` listens until it is cancelled. A message that crashes it three times is kept unread, for a person."""

    def __init__(self, context: Context, mailbox: MailboxSettings, bells: Doorbells, poll_seconds: float) -> None:
        self._context = context
        self._settings = mailbox
        self._mailbox = mailbox.name
        self._bells = bells
        self._poll_seconds = poll_seconds
        self._places: dict[str, tuple[str | None, datetime]] = {}
        self._is_lost = False
        self._is_told_stale = False
        self._strikes: Counter[str] = Counter()
        self._unknown_since: dict[TouchId, float] = {}

    async def run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._context.inboxes.open(self._mailbox) as session:
                    self._is_lost = False
                    self._places.clear()
                    log.info("imap.connected", mailbox=self._mailbox)
                    while True:
                        await self._read_all(session)
                        pause = _FIRST_PAUSE_SECONDS
                        await session.wait(self._poll_seconds)
            except Failure as failure:
                await self._tell_lost(failure)
            await anyio.sleep(pause * self._context.entropy.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def read_once(self) -> None:
        """Hears what there is now. Raises `Failure`."""
        async with self._context.inboxes.open(self._mailbox) as session:
            await self._read_all(session)

    async def _read_all(self, session: InboxSession) -> None:
        """Every folder to its end: first what may be answers, then what the mailbox itself sent."""
        context, mailbox = self._context, self._mailbox
        began, is_first = context.clock.monotonic(), not self._places
        folders = sorted(await session.folders(), key=lambda folder: folder.role is FolderRole.SENT)
        taken = sum([await self._read_folder(session, folder) for folder in folders])
        is_worth_it = taken or is_first or self._settings.sent_folder_authoritative
        if is_worth_it:
            keeps_sent = any(folder.role is FolderRole.SENT for folder in folders)
            await self._settle_unknown(began if keeps_sent else None)
        was_deaf = context.hearing.is_deaf(mailbox)
        context.hearing.heard(mailbox)
        self._is_told_stale = False
        if was_deaf:
            # Its follow-ups may go again.
            self._bells.ring_outboxes({mailbox})

    async def _read_folder(self, session: InboxSession, folder: Folder) -> int:
        """Answers how many messages it took."""
        store, mailbox = self._context.store, self._mailbox
        position, since = await self._place(folder)
        taken, is_last = 0, False
        while not is_last:
            batch = await session.read(folder, position, since, BATCH)
            for behind, raw in batch.messages:
                await self._take(folder, behind, raw)
            if batch.position != position:
                await store.write(partial(_set_position, mailbox=mailbox, folder=folder.name, position=batch.position))
            taken += len(batch.messages)
            position, is_last = batch.position, batch.is_last
            self._places[folder.name] = position, since
        return taken

    async def _place(self, folder: Folder) -> tuple[str | None, datetime]:
        """Where to go on reading; nothing else moves it, so it is asked of the store once. In a folder that was never
        read nothing is older than the first mail that it could answer."""
        if place := self._places.get(folder.name):
            return place
        mailbox = self._mailbox
        position, first = await self._context.store.read(
            lambda tx: (tx.inbox.position(mailbox, folder.name), tx.touches.first_intent_at(mailbox))
        )
        return position, (first or self._context.clock.now()) - _HISTORY

    async def _take(self, folder: Folder, behind: str, raw: RawMessage) -> None:
        try:
            letter = await self._context.letters.read(raw, self._mailbox)
            if folder.role is FolderRole.SENT and isinstance(letter, Letter):
                letter = replace(letter, reading=_SENT)
            await self._store(folder, behind, raw, letter)
        except CamdError:
            raise
        except Exception as error:
            # By what it holds: it may lie in several folders, and has another place after a reconnect.
            content = sha256(raw.content).hexdigest()
            self._strikes[content] += 1
            if self._strikes[content] < STRIKES:
                raise
            why = f"camd crashed on it: {type(error).__name__}"
            await self._store(folder, behind, raw, Unreadable(content, raw.arrived_at, why))

    async def _store(self, folder: Folder, behind: str, raw: RawMessage, letter: Letter | Unreadable) -> None:
        context, mailbox = self._context, self._mailbox

        def unit(tx: Tx) -> tuple[Tracked | None, list[Campaign]]:
            now = context.clock.now()
            if isinstance(letter, Unreadable):
                tracked = track_unreadable(tx, context, mailbox, letter, raw, now)
            else:
                tracked = track(tx, context, mailbox, letter, now)
            tx.inbox.set_position(mailbox, folder.name, behind)
            return tracked, _judged(tx, tracked.campaigns if tracked else frozenset(), now)

        tracked, changed = await context.store.write(unit)
        if tracked is not None:
            self._tell(tracked, letter)
            for campaign in changed:
                tell_status(campaign)

    def _tell(self, tracked: Tracked, letter: Letter | Unreadable) -> None:
        inbound, mailbox = tracked.inbound, self._mailbox
        campaign_id, touch_id, kind = inbound.campaign_id, inbound.touch_id, inbound.kind
        self._context.metrics.inbound_total.labels(kind).inc()
        if isinstance(letter, Unreadable):
            log.warning("inbound.parse_failed", mailbox=mailbox, reason=letter.why)
        elif inbound.lead_id is None and inbound.waiting:
            log.info("inbound.unmatched", mailbox=mailbox, kind=kind)
        else:
            log.info("inbound.classified", mailbox=mailbox, campaign_id=campaign_id, touch_id=touch_id, kind=kind)
        for each in tracked.campaigns:
            self._bells.ring(each)
        if tracked.campaigns:
            self._bells.ring_outboxes()
        self._bells.notices.ring()

    async def _settle_unknown(self, read_from: float | None) -> None:
        """`read_from` is when the Sent folder began to be read. How long a touch has been unknown is counted by the
        clock that nobody sets: a wall clock set forward must not prove that a mail was never sent."""
        context, mailbox = self._context, self._mailbox
        unknown = await context.store.read(lambda tx: [touch.id for touch in tx.touches.unknown_of(mailbox)])
        seen = context.clock.monotonic()
        self._unknown_since = {each: self._unknown_since.get(each, seen) for each in unknown}
        if not unknown:
            return
        looked_for: set[TouchId] = set()
        if read_from is not None:
            late = read_from - PROVED_ABSENT_AFTER.total_seconds()
            looked_for = {each for each, since in self._unknown_since.items() if since <= late}
        settled = await context.store.write(
            lambda tx: settle_unknown(tx, context, mailbox, looked_for, context.clock.now())
        )
        for touch in settled:
            self._bells.ring(touch.campaign_id)

    async def _tell_lost(self, failure: Failure) -> None:
        hearing = self._context.hearing
        hearing.failed(self._mailbox, str(failure))
        if not self._is_lost:
            self._is_lost = True
            log.warning("imap.lost", mailbox=self._mailbox, error=failure)
        if hearing.is_stale(self._mailbox) and not self._is_told_stale:
            log.error("imap.stale", mailbox=self._mailbox, error=failure)
            self._is_told_stale = await self._notify_deaf()

    async def _notify_deaf(self) -> bool:
        """False where the database is away too: then it is tried again."""
        now, mailbox = self._context.clock.now(), self._mailbox
        try:
            await self._context.store.write(
                lambda tx: tx.notices.add(NoticeKind.MAILBOX, now, mailbox=mailbox, data={"reason": "deaf"})
            )
        except Transient:
            return False
        self._bells.notices.ring()
        return True


def _set_position(tx: Tx, mailbox: str, folder: str, position: str) -> None:
    tx.inbox.set_position(mailbox, folder, position)


def _judged(tx: Tx, campaign_ids: frozenset[CampaignId], now: datetime) -> list[Campaign]:
    """The campaigns that a rule ends because of what came in."""
    campaigns = [tx.campaigns.get(campaign_id) for campaign_id in sorted(campaign_ids)]
    return [changed for campaign in campaigns if campaign and (changed := judge(tx, campaign, now))]
