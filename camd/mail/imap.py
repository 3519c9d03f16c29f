"""A mailbox's inbox by IMAP4rev1 (RFC 3501), read and never changed: EXAMINE and BODY.PEEK alone.

Where a folder was read to is `<UIDVALIDITY>:<UID>`. Until all that was there at the first look is read, a third number
says up to which UID only what arrived since then counts: old messages that were moved lie anywhere between the others.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import anyio

from camd.domain.errors import Transient
from camd.mail.folders import INBOX, Listed, choose, decoded, encoded
from camd.mail.imap_connection import Connection, Refused
from camd.mail.imap_syntax import Literal, Response, Value, arrival, day, is_arrival, named, number, plain, quoted
from camd.ports.clock import Clock
from camd.ports.inbox import HEAD_BYTES, MESSAGE_BYTES, Batch, Folder, FolderRole, RawMessage
from camd.ports.settings import MailboxSettings

BATCH_BYTES = 10_000_000
"""After which a batch ends, unless it is a single message."""
_POSITION = re.compile(r"(\d{1,10}):(\d{1,10})(?::(\d{1,10}))?")
_CANNOT_BE_READ = frozenset({"noselect", "nonexistent"})


@dataclass(frozen=True, slots=True)
class Position:
    """Up to the UID `old_until` only what arrived since the wanted time counts."""

    validity: int
    uid: int
    old_until: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        found = _POSITION.fullmatch(text or "")
        return cls(*(int(each or 0) for each in found.groups())) if found else None

    def __str__(self) -> str:
        place = f"{self.validity}:{self.uid}"
        return f"{place}:{self.old_until}" if self.uid < self.old_until else place

    def behind(self, uid: int) -> Self:
        return replace(self, uid=uid)


@dataclass(frozen=True, slots=True)
class _Examined:
    """What EXAMINE tells of a folder."""

    validity: int
    next_uid: int | None
    messages: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a message before it is fetched."""

    size: int
    arrived_at: datetime


class ImapSession:
    """Implements `ports.inbox.InboxSession` on a connection that is logged in."""

    def __init__(self, connection: Connection, box: MailboxSettings, clock: Clock) -> None:
        self._connection = connection
        self._box = box
        self._clock = clock
        self._spelled: Mapping[str, bytes] = {}
        self._watched = INBOX
        self._read: dict[str, _Examined] = {}
        self._idles = connection.offers("IDLE")

    async def folders(self) -> Sequence[Folder]:
        # Every other server that knows special uses tells them without being asked.
        asked = ("RETURN", "(SPECIAL-USE)") if self._knows("SPECIAL-USE", "LIST-EXTENDED") else ()
        # Of servers before RFC 6154 this command alone tells them.
        name = "XLIST" if self._knows("XLIST") and not self._knows("SPECIAL-USE") else "LIST"
        answers = await self._ask(name, '""', '"*"', *asked)
        found = {decoded(plain(values[2])): values for values in named(name, answers) if len(values) >= 3}
        self._spelled = {known: plain(values[2]) for known, values in found.items()}
        listed = [_listed(known, values) for known, values in found.items()]
        chosen = choose([each for each in listed if not each.attributes & _CANNOT_BE_READ], self._box)
        answering = [each.name for each in chosen if each.role is FolderRole.ANSWERS]
        self._watched = next((each for each in answering if each.upper() == INBOX), answering[0])
        return chosen

    async def read(self, folder: Folder, position: str | None, since: datetime, limit: int) -> Batch:
        examined = self._read[folder.name] = await self._examine(folder.name)
        start = Position.parse(position)
        if start is None or start.validity != examined.validity:
            start = Position(examined.validity, 0, await self._last_uid(examined))
        found = await self._after(start, since) if examined.messages else []
        uids, is_all = found[:limit], len(found) <= limit
        known = await self._known(uids)
        wanted = [uid for uid in uids if uid in known and (uid > start.old_until or known[uid].arrived_at >= since)]
        messages, unread = await self._messages(wanted, known)
        if unread:
            # Those before the first that was not read were read, or are of no interest.
            end = max((uid for uid in uids if uid < unread[0]), default=start.uid)
        else:
            end = max(start.uid, start.old_until, *uids) if is_all else uids[-1]
        read = [(str(start.behind(uid)), message) for uid, message in messages]
        return Batch(read, str(start.behind(end)), is_last=is_all and not unread)

    async def wait(self, seconds: float) -> None:
        end = anyio.current_time() + seconds
        before = self._read.get(self._watched)
        now = self._read[self._watched] = await self._examine(self._watched)
        if before is not None and now != before:
            return
        while (left := end - anyio.current_time()) > 0:
            if await (self._idle(left) if self._idles else self._look(left)):
                return

    async def _idle(self, seconds: float) -> bool:
        try:
            return await self._connection.idle(min(seconds, self._connection.patience.idle))
        except Refused:
            self._idles = False
            return False

    async def _look(self, seconds: float) -> bool:
        await anyio.sleep(min(seconds, self._connection.patience.poll))
        return any(map(is_arrival, await self._ask("NOOP")))

    async def _examine(self, folder: str) -> _Examined:
        name = self._spelled.get(folder) or encoded(folder)
        answers = await self._ask("EXAMINE", quoted(name))
        told = {each.status.code: each.status.argument for each in answers if each.status}
        counted = [number(each.values[0]) for each in answers if len(each.values) == 2 and each.values[1] == b"EXISTS"]
        return _Examined(
            validity=number(told.get("UIDVALIDITY", "").encode()) or 0,
            next_uid=number(told.get("UIDNEXT", "").encode()),
            messages=next((count for count in reversed(counted) if count is not None), 0),
        )

    async def _last_uid(self, examined: _Examined) -> int:
        if examined.next_uid is not None:
            return examined.next_uid - 1
        if not examined.messages:
            return 0
        return max(_fetched(await self._ask("FETCH", "*", "(UID)")), default=0)

    async def _after(self, start: Position, since: datetime) -> list[int]:
        """UIDs in rising order. Up to `old_until` some arrived before `since`, on the same day or the day before."""
        last = max(start.uid, start.old_until)
        uids = await self._search(f"UID {last + 1}:*")
        if start.uid < last:
            # SINCE compares days, in the time zone of each message's own INTERNALDATE.
            first_day = day(since.date() - timedelta(days=1))
            uids += await self._search(f"UID {start.uid + 1}:{last} SINCE {first_day}")
        # RFC 3501, 6.4.8: where nothing is behind it, `n:*` is the last message.
        return sorted({uid for uid in uids if uid > start.uid})

    async def _search(self, terms: str) -> list[int]:
        answers = await self._ask("UID SEARCH", terms)
        return [uid for values in named("SEARCH", answers) for uid in map(number, values) if uid is not None]

    async def _known(self, uids: Sequence[int]) -> Mapping[int, _Known]:
        """Of those that are still there."""
        if not uids:
            return {}
        names = ",".join(map(str, uids))
        found = _fetched(await self._ask("UID FETCH", names, "(UID RFC822.SIZE INTERNALDATE)"))
        return {
            uid: _Known(number(items.get("RFC822.SIZE")) or 0, arrival(items.get("INTERNALDATE")) or self._clock.now())
            for uid, items in found.items()
        }

    async def _messages(
        self, uids: Sequence[int], known: Mapping[int, _Known]
    ) -> tuple[list[tuple[int, RawMessage]], Sequence[int]]:
        """As many as a batch may hold, and the UIDs of those that are left."""
        messages: list[tuple[int, RawMessage]] = []
        size = 0
        for place, uid in enumerate(uids):
            size += _wanted_bytes(known[uid])
            if messages and size > BATCH_BYTES:
                return messages, uids[place:]
            try:
                message = await self._message(uid, known[uid])
            except Transient:
                if not messages:
                    raise
                # What was read is not lost; the next read fails for the same reason.
                return messages, uids[place:]
            if message is not None:
                messages.append((uid, message))
        return messages, ()

    async def _message(self, uid: int, known: _Known) -> RawMessage | None:
        """None where it was deleted meanwhile."""
        part = "" if known.size <= MESSAGE_BYTES else f"<0.{HEAD_BYTES}>"
        try:
            answers = await self._connection.command(
                "UID FETCH", str(uid), f"(UID BODY.PEEK[]{part})", seconds=self._connection.patience.body
            )
        except Refused as refused:
            # RFC 2180, 4.1.2
            if refused.status.code != "EXPUNGEISSUED":
                raise self._connection.trouble(refused) from refused
            return None
        items = _fetched(answers).get(uid)
        if items is None:
            return None
        body = next((value for name, value in items.items() if name.startswith("BODY[]")), None)
        size = known.size if part or body is None else body.size if isinstance(body, Literal) else len(plain(body))
        return RawMessage(plain(body), size, known.arrived_at)

    async def _ask(self, *words: str | bytes) -> list[Response]:
        try:
            return await self._connection.command(*words)
        except Refused as refused:
            raise self._connection.trouble(refused) from refused

    def _knows(self, *capabilities: str) -> bool:
        return all(map(self._connection.offers, capabilities))


def _listed(name: str, values: Sequence[Value]) -> Listed:
    flags = values[0] if isinstance(values[0], list) else []
    attributes = frozenset(plain(each).decode("ascii", "replace").lower().lstrip("\\") for each in flags)
    return Listed(name, plain(values[1]).decode("ascii", "replace") or None, attributes)


def _fetched(answers: Sequence[Response]) -> dict[int, dict[str, Value]]:
    """By UID. What a server tells of messages unasked, such as their flags, has none or adds to them."""
    found: dict[int, dict[str, Value]] = {}
    for each in answers:
        if len(each.values) == 3 and plain(each.values[1]).upper() == b"FETCH" and isinstance(each.values[2], list):
            items = each.values[2]
            names = [plain(name).decode("ascii", "replace").upper() for name in items[::2]]
            pairs = dict(zip(names, items[1::2], strict=False))
            uid = number(pairs.get("UID"))
            if uid is not None:
                found.setdefault(uid, {}).update(pairs)
    return found


def _wanted_bytes(known: _Known) -> int:
    return known.size if known.size <= MESSAGE_BYTES else HEAD_BYTES
