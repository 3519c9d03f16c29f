"""Found rows that wait to become leads, and where each source of a campaign stands."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, CandidateId
from camd.ports.providers import Found
from camd.ports.records import Candidate, SourceState
from camd.store.rows import columns_of, values
from camd.store.tables import campaign_sources, candidates

_row = candidates.c
_source = campaign_sources.c

ADD = insert(candidates).on_conflict_do_nothing(index_elements=["campaign_id", "source", "source_ref"])
WAITING = (
    select(*columns_of(candidates, Candidate))
    .where(_row.campaign_id == bindparam("campaign_id"))
    .order_by(_row.id)
    .limit(bindparam("limit"))
)
REMOVE = delete(candidates).where(_row.id == bindparam("candidate_id"))
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
            }
            for row in rows
        ]
        return self._connection.execute(ADD, found).rowcount if found else 0

    def waiting(self, campaign_id: CampaignId, limit: int) -> Sequence[Candidate]:
        rows = self._connection.execute(WAITING, {"campaign_id": campaign_id, "limit": limit})
        return [Candidate(*row) for row in rows]

    def remove(self, ids: Sequence[CandidateId]) -> None:
        if ids:
            self._connection.execute(REMOVE, [{"candidate_id": candidate} for candidate in ids])


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
