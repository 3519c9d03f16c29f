"""Every message that came in, once, and how far each folder was read."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Text, bindparam, cast, func, literal, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import InboundId, LeadId
from camd.ports.records import Inbound, InboundFilter, Listing
from camd.ports.store import StaleWrite
from camd.store.inbox_tables import HAS_TEXT, OWN_COPIES, PERSONAL, WAITS, inbound, inbox_positions
from camd.store.rows import LIKE_SPECIAL, NEWEST_ID, changed, columns_of, values

_row = inbound.c
_folder = inbox_positions.c
_ALL = select(*columns_of(inbound, Inbound))
_of_mailbox = _row.mailbox == bindparam("in_mailbox")
_FILTERS = ("waiting", "lead_id", "campaign_id", "kind", "mailbox")


def _page(by: str | None) -> Select[Any]:
    """One statement for each index; whatever else is asked for is compared on the way."""
    page = _ALL.where(_row.id < bindparam("before"))
    for name in _FILTERS:
        wanted = bindparam(name, type_=_row[name].type)
        if name != by:
            page = page.where(wanted.is_(None) | (_row[name] == wanted))
        else:
            page = page.where(WAITS if name == "waiting" else _row[name] == wanted)
    return page.order_by(_row.id.desc()).limit(bindparam("limit"))


INSERT = insert(inbound).on_conflict_do_nothing(index_elements=["mailbox", "identity"])
KNOWS = select(_row.id).where(_of_mailbox, _row.identity == bindparam("with_identity"))
GET = _ALL.where(_row.id == bindparam("inbound_id"))
SAVE = update(inbound).where(_row.id == bindparam("inbound_id"), _row.version == bindparam("read_version"))
PAGE = {by: _page(by) for by in (*_FILTERS, None)}
COUNT_WAITING = select(func.count()).select_from(inbound).where(WAITS)
OLDEST_WAITING = select(_row.created_at).where(WAITS).order_by(_row.id).limit(1)
OWN_COPY = select(_row.id).where(OWN_COPIES, _of_mailbox, _row.message_id == bindparam("of_message")).limit(1)
# A new version: whoever read the message before must not write its old text back.
_FORGET = update(inbound).values(
    {**dict.fromkeys(PERSONAL, null()), "evidence": literal("forgotten"), "version": _row.version + 1}
)
FORGET_OF_LEAD = _FORGET.where(HAS_TEXT, _row.lead_id == bindparam("of_lead"))
FORGET_OF_SENDER = _FORGET.where(HAS_TEXT, _row.sender_hash == bindparam("of_sender"))
OF_SENDER = _ALL.where(_row.sender_hash == bindparam("of_sender")).order_by(_row.id.desc())
FORGET = _FORGET.where(HAS_TEXT, _row.id == bindparam("inbound_id"))
_words = (_row.sender, _row.subject, _row.text, _row.note, _row.evidence, cast(_row.raw, Text))
_mentions = or_(*(func.lower(column).like(bindparam("pattern"), escape="\\") for column in _words))
MENTIONING = select(_row.id).where(HAS_TEXT, _mentions)
FORGET_TEXTS = _FORGET.where(
    _row.id.in_(
        select(_row.id)
        .where(HAS_TEXT, _row.arrived_at < bindparam("before"))
        .order_by(_row.arrived_at)
        .limit(bindparam("limit"))
    )
)
POSITION = select(_folder.position).where(
    _folder.mailbox == bindparam("in_mailbox"), _folder.folder == bindparam("in_folder")
)
_arriving = insert(inbox_positions)
SET_POSITION = _arriving.on_conflict_do_update(
    index_elements=["mailbox", "folder"], set_={"position": _arriving.excluded.position}
)


class Inbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, inbound: Inbound) -> bool:
        return self._connection.execute(INSERT, values(inbound)).rowcount == 1

    def knows(self, mailbox: str, identity: str) -> bool:
        return self._connection.execute(KNOWS, {"in_mailbox": mailbox, "with_identity": identity}).first() is not None

    def get(self, inbound_id: InboundId) -> Inbound | None:
        row = self._connection.execute(GET, {"inbound_id": inbound_id}).first()
        return None if row is None else Inbound(*row)

    def save(self, before: Inbound, after: Inbound) -> Inbound:
        after = replace(after, version=before.version + 1)
        written = changed(before, after)
        assert _FIXED.isdisjoint(written), f"a message keeps its {', '.join(sorted(_FIXED))}"
        named = {"inbound_id": before.id, "read_version": before.version}
        if self._connection.execute(SAVE, written | named).rowcount == 0:
            raise StaleWrite(f"message {before.id} is no longer at version {before.version}")
        return after

    def page(self, listing: Listing, chosen: InboundFilter) -> Sequence[Inbound]:
        wanted = values(chosen)
        # Nearly all do not wait, so that no index finds those: they are compared like the rest.
        by = next((name for name in _FILTERS if wanted[name] not in (None, False)), None)
        return self._all(PAGE[by], before=listing.before or NEWEST_ID, limit=listing.limit, **wanted)

    def count_waiting(self) -> int:
        count: int = self._connection.execute(COUNT_WAITING).scalar_one()
        return count

    def oldest_waiting(self) -> datetime | None:
        return self._connection.execute(OLDEST_WAITING).scalar()

    def has_own_copy(self, mailbox: str, message_id: str) -> bool:
        chosen = {"in_mailbox": mailbox, "of_message": message_id}
        return self._connection.execute(OWN_COPY, chosen).first() is not None

    def forget_person(self, lead_id: LeadId, sender_hash: str | None) -> int:
        emptied = self._connection.execute(FORGET_OF_LEAD, {"of_lead": lead_id}).rowcount
        if sender_hash is not None:
            emptied += self._connection.execute(FORGET_OF_SENDER, {"of_sender": sender_hash}).rowcount
        return emptied

    def of_sender(self, sender_hash: str) -> Sequence[Inbound]:
        return self._all(OF_SENDER, of_sender=sender_hash)

    def mentioning(self, words: Collection[str]) -> Sequence[InboundId]:
        found: set[InboundId] = set()
        for word in words:
            pattern = f"%{word.lower().translate(LIKE_SPECIAL)}%"
            found.update(self._connection.execute(MENTIONING, {"pattern": pattern}).scalars().all())
        return sorted(found)

    def forget(self, ids: Collection[InboundId]) -> int:
        rows = [{"inbound_id": inbound_id} for inbound_id in ids]
        return self._connection.execute(FORGET, rows).rowcount if rows else 0

    def forget_texts(self, before: datetime, limit: int) -> int:
        return self._connection.execute(FORGET_TEXTS, {"before": before, "limit": limit}).rowcount

    def position(self, mailbox: str, folder: str) -> str | None:
        position: str | None = self._connection.execute(POSITION, {"in_mailbox": mailbox, "in_folder": folder}).scalar()
        return position

    def set_position(self, mailbox: str, folder: str, position: str) -> None:
        self._connection.execute(SET_POSITION, {"mailbox": mailbox, "folder": folder, "position": position})

    def _all(self, statement: Select[Any], **chosen: object) -> list[Inbound]:
        return [Inbound(*row) for row in self._connection.execute(statement, chosen)]


_FIXED = frozenset({"id", "mailbox", "identity"})
