"""What one row of an import does to its campaign: for good in a unit of work, or rehearsed with nothing written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum

from camd.domain.campaign import Campaign
from camd.domain.errors import Invalid
from camd.domain.facts import Facts, ImportId, Verdict
from camd.domain.lead import Lead
from camd.domain.suppression import is_do_not_contact_tag
from camd.operations.desk import Desk, find_open_campaign
from camd.operations.errors import Conflict
from camd.operations.leads import with_facts
from camd.pipeline import dedupe, recognise, record
from camd.ports.providers import Found, Rejected, Verification
from camd.ports.records import Identity
from camd.ports.store import Tx
from camd.schema.imports import MAX_REJECTED, RejectedLine

SOURCE = "csv"
SAMPLE = 5
"""People that a rehearsal shows."""
_NOT_YET = Verification(Verdict.UNKNOWN, "the address came with an update and was not verified")


class Fate(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    DUPLICATE = "duplicates"
    SUPPRESSED = "suppressed"
    REJECTED = "rejected"


@dataclass(slots=True)
class Count:
    """What became of the rows so far; of the rejected lines the first ones are named."""

    rows: int = 0
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    rejected: list[RejectedLine] = field(default_factory=list)

    def add(self, fates: Sequence[Fate | Rejected]) -> None:
        self.rows += len(fates)
        for fate in fates:
            if isinstance(fate, Fate):
                self.fates[fate] += 1
                continue
            self.fates[Fate.REJECTED] += 1
            if len(self.rejected) < MAX_REJECTED:
                self.rejected.append(RejectedLine(line=fate.line, reason=fate.reason))

    def counts(self) -> Mapping[str, int]:
        return {fate.value: number for fate, number in self.fates.items()}


@dataclass(frozen=True, slots=True)
class Importing:
    """The campaign's number, the import and what the caller asked for."""

    campaign: Campaign
    import_id: ImportId
    update: bool
    actor: str


def bring_in(tx: Tx, desk: Desk, job: Importing, rows: Sequence[Found | Rejected]) -> list[Fate | Rejected]:
    """The fate of each row, in order. Raises `Conflict` where the campaign was archived meanwhile."""
    campaign, now = find_open_campaign(tx, job.campaign.id), desk.now()
    return [row if isinstance(row, Rejected) else _one(tx, desk, job, campaign, row, now) for row in rows]


def _one(tx: Tx, desk: Desk, job: Importing, campaign: Campaign, row: Found, now: datetime) -> Fate | Rejected:
    try:
        admission = dedupe.admit(
            tx, desk.context, campaign, row, source=SOURCE, actor=job.actor, now=now, import_id=job.import_id
        )
        match admission:
            case dedupe.Admitted():
                return Fate.ADDED
            case dedupe.Suppressed():
                return Fate.SUPPRESSED
            case dedupe.Duplicate(lead) if job.update and lead.import_id != job.import_id:
                return _updated(tx, desk, job, campaign, lead, row, now)
            case dedupe.Duplicate():
                return Fate.DUPLICATE
    except Invalid as error:
        return _refused(row, f"{error.field}: {error}")
    except Conflict as error:
        return _refused(row, error.detail)


def _refused(row: Found, reason: str) -> Rejected:
    return Rejected(row.line or 0, reason)


def _updated(tx: Tx, desk: Desk, job: Importing, campaign: Campaign, lead: Lead, row: Found, now: datetime) -> Fate:
    facts = merged(lead.facts, row.facts)
    if facts == lead.facts:
        return Fate.DUPLICATE
    has_other_address = facts.email != lead.facts.email and lead.state.ever_enriched
    verification = _NOT_YET if has_other_address else None
    with_facts(tx, desk, campaign, lead, facts, verification, actor=job.actor, now=now)
    return Fate.UPDATED


def merged(stored: Facts, given: Facts) -> Facts:
    """The facts given overwrite those stored, an empty one never; tags are united. The address and the source by
    which the person is known stay."""
    changes = {
        name: value
        for name in (each.name for each in fields(Facts))
        if (value := getattr(given, name)) not in (None, (), {}) and name not in ("source", "source_ref")
    }
    if stored.email is not None:
        changes.pop("email", None)
    if "tags" in changes:
        changes["tags"] = tuple(dict.fromkeys((*stored.tags, *given.tags)))
    if "custom" in changes:
        changes["custom"] = {**stored.custom, **given.custom}
    return recognise.usable(replace(stored, **changes))


@dataclass(slots=True)
class Rehearsal:
    """Says what an import would do, for a campaign without leads where none is named. What earlier rows would have
    added is remembered here, not written; the first of them as `sample`."""

    campaign: Campaign | None
    update: bool = False
    sample: list[Facts] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _refs: set[str] = field(default_factory=set)
    _profiles: set[str] = field(default_factory=set)
    _names: dict[str, bool] = field(default_factory=dict)
    _suppressed: set[str] = field(default_factory=set)

    def play(self, tx: Tx, rows: Sequence[Found | Rejected]) -> list[Fate | Rejected]:
        return [row if isinstance(row, Rejected) else self._one(tx, row) for row in rows]

    def _one(self, tx: Tx, row: Found) -> Fate | Rejected:
        try:
            facts = recognise.usable(replace(row.facts, source=SOURCE, source_ref=row.source_ref or None))
            identity = recognise.identity_of(facts)
            if self._is_suppressed(tx, row, facts, identity):
                return Fate.SUPPRESSED
            if self._seen(identity):
                return Fate.DUPLICATE
            if known := tx.leads.known(self.campaign.id, identity) if self.campaign else None:
                is_changed = self.update and merged(known.facts, facts) != known.facts
                return Fate.UPDATED if is_changed else Fate.DUPLICATE
        except Invalid as error:
            return _refused(row, f"{error.field}: {error}")
        self._remember(identity)
        if len(self.sample) < SAMPLE:
            self.sample.append(facts)
        return Fate.ADDED

    def _is_suppressed(self, tx: Tx, row: Found, facts: Facts, identity: Identity) -> bool:
        if row.do_not_contact or any(is_do_not_contact_tag(tag) for tag in facts.tags):
            # Without an address nothing can be suppressed: the row is passed over, its person may come again.
            if identity.has_address:
                self._suppressed.add(identity.key)
            return True
        by_store = facts.email is not None and record.is_suppressed(tx, facts.email)
        return by_store or identity.key in self._suppressed

    def _seen(self, identity: Identity) -> bool:
        if identity.key in self._keys or identity.source_ref in self._refs or identity.linkedin in self._profiles:
            return True
        had_address = self._names.get(identity.name or "")
        return had_address is not None and not (had_address and identity.has_address)

    def _remember(self, identity: Identity) -> None:
        self._keys.add(identity.key)
        if identity.source_ref:
            self._refs.add(identity.source_ref)
        if identity.linkedin:
            self._profiles.add(identity.linkedin)
        if identity.name:
            self._names[identity.name] = identity.has_address and self._names.get(identity.name, True)
