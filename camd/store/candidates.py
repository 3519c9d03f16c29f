"""Found rows that wait to become leads, and where each source of a campaign stands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, false, select, true, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, CandidateId, Facts, Verdict
from camd.ports.providers import Found
from camd.ports.records import Candidate, SourceState
from camd.store.lookups import DROP_OF_CANDIDATE
from camd.store.rows import columns_of, values
from camd.store.tables import IS_NO_STUB, IS_STUB_TO_ASK, campaign_sources, candidates

_row = candidates.c
_source = campaign_sources.c

ADD = insert(candidates).on_conflict_do_nothing(index_elements=["campaign_id", "source", "source_ref"])
_ALL = select(*columns_of(candidates, Candidate))
_of_id = _row.id == bindparam("candidate_id")
_of_campaign = _row.campaign_id == bindparam("in_campaign")
WAITING = _ALL.where(IS_NO_STUB, _of_campaign).order_by(_row.id).limit(bindparam("limit"))
STUBS = _ALL.where(IS_STUB_TO_ASK, _of_campaign).order_by(_row.id).limit(bindparam("limit"))
GET = _ALL.where(_of_id)
NOTE_ASKED = update(candidates).where(_of_id).values(is_asked=true())
IDENTIFY = update(candidates).where(_of_id).values(is_stub=false())
ANY = select(_row.id).where(_of_campaign).limit(1)
ALL = _ALL.where(_row.id > bindparam("after")).order_by(_row.id).limit(bindparam("limit"))
REMOVE = delete(candidates).where(_of_id)
SOURCES = select(campaign_sources).where(_source.campaign_id == bindparam("campaign_id")).order_by(_source.position)
_arriving = insert(campaign_sources)
SAVE_SOURCE = _arriving.on_conflict_do_update(
    index_elements=["campaign_id", "position"],
    set_={name: _arriving.excluded[name] for name in ("type", "cursor", "exhausted", "found")},
)
FORGET_SOURCES = delete(campaign_sources).where(_source.campaign_id == bindparam("of_campaign"))


class Candidates:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, campaign_id: CampaignId, source: str, rows: Sequence[Found]) -> int:
        found = [
            {
                "campaign_id": campaign_id,
                "source": source,
                "source_ref": row.source_ref,
                "facts": row.facts,
                "do_not_contact": row.do_not_contact,
                "verdict": row.verdict,
                "is_stub": row.is_stub,
            }
            for row in rows
        ]
        return self._connection.execute(ADD, found).rowcount if found else 0

    def waiting(self, campaign_id: CampaignId, limit: int) -> Sequence[Candidate]:
        return self._all(WAITING, in_campaign=campaign_id, limit=limit)

    def stubs(self, campaign_id: CampaignId, limit: int) -> Sequence[Candidate]:
        return self._all(STUBS, in_campaign=campaign_id, limit=limit)

    def get(self, candidate_id: CandidateId) -> Candidate | None:
        found = self._all(GET, candidate_id=candidate_id)
        return found[0] if found else None

    def note_asked(self, candidate_id: CandidateId) -> None:
        self._connection.execute(NOTE_ASKED, {"candidate_id": candidate_id})

    def identify(self, candidate_id: CandidateId, facts: Facts, verdict: Verdict | None) -> None:
        self._connection.execute(IDENTIFY, {"candidate_id": candidate_id, "facts": facts, "verdict": verdict})

    def is_any(self, campaign_id: CampaignId) -> bool:
        return self._connection.execute(ANY, {"in_campaign": campaign_id}).first() is not None

    def all(self, after: CandidateId, limit: int) -> Sequence[Candidate]:
        return self._all(ALL, after=after, limit=limit)

    def remove(self, ids: Sequence[CandidateId]) -> None:
        """With the questions about them that nobody was asked yet."""
        if ids:
            self._connection.execute(DROP_OF_CANDIDATE, [{"of_candidate": candidate} for candidate in ids])
            self._connection.execute(REMOVE, [{"candidate_id": candidate} for candidate in ids])

    def _all(self, statement: Select[Any], **chosen: object) -> list[Candidate]:
        return [Candidate(*row) for row in self._connection.execute(statement, chosen)]


class Sources:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, campaign_id: CampaignId) -> Sequence[SourceState]:
        rows = self._connection.execute(SOURCES, {"campaign_id": campaign_id})
        return [SourceState(row.position, row.type, row.cursor, row.exhausted, row.found) for row in rows]

    def save(self, campaign_id: CampaignId, state: SourceState) -> None:
        self._connection.execute(SAVE_SOURCE, {"campaign_id": campaign_id, **values(state)})

    def forget(self, campaign_id: CampaignId) -> None:
        self._connection.execute(FORGET_SOURCES, {"of_campaign": campaign_id})
