"""Questions to providers, from when they are wanted to their receipts, and the jobs that answer some of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Insert,
    Select,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, CandidateId, LeadId
from camd.domain.waterfall import LookupStatus, Operation
from camd.ports.lookups import NOTHING, Asking, Job, JobId, Lookup, LookupId, OpenJob
from camd.ports.store import StaleWrite
from camd.store.lookup_tables import (
    IN_FLIGHT,
    IS_OPEN,
    IS_WANTED,
    OF_A_LEAD,
    is_status,
    lookup_jobs,
    lookup_subjects,
    lookups,
)
from camd.store.rows import changed, columns_of, values

_row = lookups.c
_name = lookup_subjects.c
_job = lookup_jobs.c
_ALL = select(*columns_of(lookups, Lookup))
_JOB = (_job.vendor_id, _job.submitted_at, _job.poll_at, _job.polls)
_of_id = _row.id == bindparam("lookup_id")
_of_provider = _row.provider == bindparam("of_provider")
_of_campaign = _row.campaign_id == bindparam("in_campaign")
_of_lead = _row.lead_id == bindparam("of_lead")
_of_operation = (_of_provider, _row.operation == bindparam("of_operation"))
_under_a_name = (
    _name.provider == bindparam("of_provider"),
    _name.operation == bindparam("of_operation"),
    _name.subject.in_(bindparam("names", expanding=True)),
)
_SETTLED = (LookupStatus.DONE, LookupStatus.UNCERTAIN)
_LEADS_AT_ONCE = 500

_walked = select(cast(literal_column("0"), BigInteger).label("campaign_id")).cte("walked", recursive=True)
_above = (
    select(func.min(_row.campaign_id))
    .where(IS_WANTED, *_of_operation, _row.campaign_id > _walked.c.campaign_id)
    .scalar_subquery()
)
# From one campaign to the next by the index, past the many that one of them may have.
_campaigns = _walked.union_all(select(_above).where(_walked.c.campaign_id.is_not(None)))

WANT = insert(lookups)
GET = _ALL.where(_of_id)
SAVE = update(lookups).where(_of_id, _row.status == bindparam("read_status"), _row.tries == bindparam("read_tries"))
DROP = delete(lookups).where(IS_WANTED, _of_id)
DROP_OF_LEAD = delete(lookups).where(IS_WANTED, _of_lead)
DROP_OF_CANDIDATE = delete(lookups).where(IS_WANTED, _row.candidate_id == bindparam("of_candidate"))
OF_LEADS = _ALL.where(_row.lead_id.in_(bindparam("lead_ids", expanding=True))).order_by(_row.lead_id, _row.id)
GIVE_TO_LEAD = update(lookups).where(_of_id).values(lead_id=bindparam("to_lead"), candidate_id=null())
OF_CANDIDATE = _ALL.where(_row.candidate_id == bindparam("of_candidate")).order_by(_row.id.desc()).limit(1)
_is_due = (IS_WANTED, *_of_operation, _row.not_before <= bindparam("now"))
CAMPAIGNS_DUE = select(_campaigns.c.campaign_id).where(
    select(_row.id).where(*_is_due, _row.campaign_id == _campaigns.c.campaign_id).exists()
)
DUE = _ALL.where(*_is_due, _of_campaign).order_by(_row.not_before, _row.id).limit(bindparam("limit"))
WANTED = _ALL.where(IS_WANTED, OF_A_LEAD, _of_provider).order_by(_row.id).limit(bindparam("limit"))
NEXT_DUE_AT = select(func.min(_row.not_before)).where(IS_WANTED, _of_provider, _row.not_before > bindparam("after"))
PUT_OFF = (
    update(lookups)
    .where(IS_OPEN, IS_WANTED, _of_provider, _of_campaign)
    .values(not_before=bindparam("until"), denied=bindparam("reason"))
)
NAMES = select(_name.subject).where(_name.lookup_id == bindparam("lookup_id")).order_by(_name.subject)
ADD_NAMES = upsert(lookup_subjects).on_conflict_do_nothing(
    index_elements=["provider", "operation", "subject", "lookup_id"]
)
SETTLED = (
    _ALL.join(lookup_subjects, _name.lookup_id == _row.id)
    .where(*_under_a_name, _row.status.in_(_SETTLED), _row.copied_from.is_(None))
    .order_by(_row.settled_at.desc(), _row.id.desc())
    .limit(1)
)
IN_FLIGHT_UNDER_A_NAME = (
    select(_row.id).join(lookup_subjects, _name.lookup_id == _row.id).where(IN_FLIGHT, *_under_a_name).limit(1)
)
IN_FLIGHT_ALIKE = select(_row.id).where(IN_FLIGHT, *_of_operation, _row.likeness == bindparam("with_likeness")).limit(1)
ASKED = _ALL.where(IN_FLIGHT, is_status(LookupStatus.ASKED), _of_provider).order_by(_row.id)
CREDITS_WANTED = (
    select(_row.provider, func.sum(_row.price)).where(IS_OPEN, IS_WANTED, _of_campaign).group_by(_row.provider)
)
OPEN_COUNTS = (
    select(_row.provider, _row.denied, func.count()).where(IS_OPEN, _of_campaign).group_by(_row.provider, _row.denied)
)
_of_that_candidate = _row.candidate_id == bindparam("of_candidate")
_FORGET_NAMES = delete(lookup_subjects)
FORGET_NAMES = _FORGET_NAMES.where(_name.lookup_id.in_(select(_row.id).where(_of_lead)))
FORGET_NAMES_OF_CANDIDATE = _FORGET_NAMES.where(_name.lookup_id.in_(select(_row.id).where(_of_that_candidate)))
_FORGET_ANSWERS = update(lookups).values(answer=null(), memory=NOTHING, likeness=null())
FORGET_ANSWERS = _FORGET_ANSWERS.where(_of_lead)
FORGET_ANSWERS_OF_CANDIDATE = _FORGET_ANSWERS.where(_of_that_candidate)
ADD_JOB = insert(lookup_jobs)
SAVE_JOB = update(lookup_jobs).where(_job.id == bindparam("job_id"))
END_JOB = delete(lookup_jobs).where(_job.id == bindparam("job_id"))
OPEN_JOBS = (
    select(_job.id, _job.provider, _job.operation, *_JOB)
    .where(_job.provider == bindparam("of_provider"))
    .order_by(_job.poll_at, _job.id)
)
OF_JOB = _ALL.where(_row.job_id == bindparam("of_job")).order_by(_row.id)


class Lookups:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def want(self, asking: Asking, now: datetime) -> Lookup:
        fresh = {"status": LookupStatus.WANTED, "wanted_at": now, "not_before": now, "tries": 0, "memory": NOTHING}
        row = values(asking) | fresh
        subjects = row.pop("subjects")
        lookup = Lookup(LookupId(self._insert(WANT, row)), **row)
        self._add_names(lookup, subjects)
        return lookup

    def get(self, lookup_id: LookupId) -> Lookup | None:
        return self._first(GET, lookup_id=lookup_id)

    def save(self, before: Lookup, after: Lookup) -> Lookup:
        """Writes what differs: what an erasure emptied meanwhile stays so."""
        written = changed(before, after)
        assert _FIXED.isdisjoint(written), f"a lookup keeps its {', '.join(sorted(_FIXED))}"
        named = {"lookup_id": before.id, "read_status": before.status, "read_tries": before.tries}
        if self._connection.execute(SAVE, {"status": after.status} | written | named).rowcount == 0:
            raise StaleWrite(f"lookup {before.id} is no longer {before.status} after {before.tries} tries")
        return after

    def drop(self, lookup_id: LookupId) -> None:
        self._connection.execute(DROP, {"lookup_id": lookup_id})

    def of_lead(self, lead_id: LeadId) -> Sequence[Lookup]:
        return self.of_leads([lead_id]).get(lead_id, ())

    def of_leads(self, lead_ids: Collection[LeadId]) -> Mapping[LeadId, Sequence[Lookup]]:
        wanted = sorted(set(lead_ids))
        found: dict[LeadId, list[Lookup]] = defaultdict(list)
        for start in range(0, len(wanted), _LEADS_AT_ONCE):
            for lookup in self._all(OF_LEADS, lead_ids=wanted[start : start + _LEADS_AT_ONCE]):
                if lookup.lead_id is not None:
                    found[lookup.lead_id].append(lookup)
        return dict(found)

    def give_to_lead(self, lookup_id: LookupId, lead_id: LeadId) -> None:
        self._connection.execute(GIVE_TO_LEAD, {"lookup_id": lookup_id, "to_lead": lead_id})

    def of_candidate(self, candidate_id: CandidateId) -> Lookup | None:
        return self._first(OF_CANDIDATE, of_candidate=candidate_id)

    def campaigns_due(self, provider: str, operation: Operation, now: datetime) -> Sequence[CampaignId]:
        chosen = {"of_provider": provider, "of_operation": operation, "now": now}
        return sorted(CampaignId(number) for (number,) in self._connection.execute(CAMPAIGNS_DUE, chosen))

    def due(
        self, provider: str, operation: Operation, campaign_id: CampaignId, now: datetime, limit: int
    ) -> Sequence[Lookup]:
        chosen = {"of_provider": provider, "of_operation": operation, "in_campaign": campaign_id}
        return self._all(DUE, now=now, limit=limit, **chosen)

    def wanted(self, provider: str, limit: int) -> Sequence[Lookup]:
        return self._all(WANTED, of_provider=provider, limit=limit)

    def next_due_at(self, provider: str, after: datetime) -> datetime | None:
        return self._connection.execute(NEXT_DUE_AT, {"of_provider": provider, "after": after}).scalar()

    def put_off(self, provider: str, campaign_id: CampaignId, until: datetime, denied: str | None) -> None:
        chosen = {"of_provider": provider, "in_campaign": campaign_id}
        self._connection.execute(PUT_OFF, {"until": until, "reason": denied, **chosen})

    def subjects(self, lookup_id: LookupId) -> Sequence[str]:
        return self._connection.execute(NAMES, {"lookup_id": lookup_id}).scalars().all()

    def add_subjects(self, lookup_id: LookupId, subjects: Collection[str]) -> None:
        lookup = self.get(lookup_id)
        assert lookup is not None, f"lookup {lookup_id} was dropped"
        self._add_names(lookup, subjects)

    def settled(self, provider: str, operation: Operation, subjects: Collection[str]) -> Lookup | None:
        if not subjects:
            return None
        return self._first(SETTLED, of_provider=provider, of_operation=operation, names=list(subjects))

    def is_in_flight(
        self, provider: str, operation: Operation, subjects: Collection[str], likeness: str | None
    ) -> bool:
        chosen = {"of_provider": provider, "of_operation": operation}
        if likeness is not None and self._is_any(IN_FLIGHT_ALIKE, with_likeness=likeness, **chosen):
            return True
        return bool(subjects) and self._is_any(IN_FLIGHT_UNDER_A_NAME, names=list(subjects), **chosen)

    def in_flight(self, provider: str) -> Sequence[Lookup]:
        return self._all(ASKED, of_provider=provider)

    def credits_wanted(self, campaign_id: CampaignId) -> Mapping[str, Decimal]:
        rows = self._connection.execute(CREDITS_WANTED, {"in_campaign": campaign_id})
        return {provider: amount for provider, amount in rows}  # noqa: C416 - rows are no pairs to a type checker

    def open_counts(self, campaign_id: CampaignId) -> Mapping[tuple[str, str | None], int]:
        rows = self._connection.execute(OPEN_COUNTS, {"in_campaign": campaign_id})
        return {(provider, denied): count for provider, denied, count in rows}

    def forget_answers(self, lead_id: LeadId) -> None:
        for statement in (DROP_OF_LEAD, FORGET_NAMES, FORGET_ANSWERS):
            self._connection.execute(statement, {"of_lead": lead_id})

    def forget_candidate(self, candidate_id: CandidateId) -> None:
        for statement in (DROP_OF_CANDIDATE, FORGET_NAMES_OF_CANDIDATE, FORGET_ANSWERS_OF_CANDIDATE):
            self._connection.execute(statement, {"of_candidate": candidate_id})

    def add_job(self, provider: str, operation: Operation, job: Job) -> JobId:
        row = {"provider": provider, "operation": operation, **_job_columns(job)}
        return JobId(self._insert(ADD_JOB, row))

    def save_job(self, job_id: JobId, job: Job) -> None:
        self._connection.execute(SAVE_JOB, {"job_id": job_id, **_job_columns(job)})

    def end_job(self, job_id: JobId) -> None:
        self._connection.execute(END_JOB, {"job_id": job_id})

    def open_jobs(self, provider: str) -> Sequence[OpenJob]:
        rows = self._connection.execute(OPEN_JOBS, {"of_provider": provider})
        return [OpenJob(job_id, provider, operation, Job(*job)) for job_id, provider, operation, *job in rows]

    def of_job(self, job_id: JobId) -> Sequence[Lookup]:
        return self._all(OF_JOB, of_job=job_id)

    def _insert(self, statement: Insert, row: dict[str, Any]) -> int:
        inserted = self._connection.execute(statement, row).inserted_primary_key
        assert inserted is not None
        number: int = inserted[0]
        return number

    def _add_names(self, lookup: Lookup, names: Collection[str]) -> None:
        of = {"lookup_id": lookup.id, "provider": lookup.provider, "operation": lookup.operation}
        if rows := [{**of, "subject": name} for name in names]:
            self._connection.execute(ADD_NAMES, rows)

    def _is_any(self, statement: Select[Any], **chosen: object) -> bool:
        return self._connection.execute(statement, chosen).first() is not None

    def _first(self, statement: Select[Any], **chosen: object) -> Lookup | None:
        found = self._all(statement, **chosen)
        return found[0] if found else None

    def _all(self, statement: Select[Any], **chosen: object) -> list[Lookup]:
        return [Lookup(*row) for row in self._connection.execute(statement, chosen)]


def _job_columns(job: Job) -> dict[str, object]:
    row = values(job)
    row["vendor_id"] = row.pop("id")
    return row


_FIXED = frozenset({"id", "provider", "operation"})
