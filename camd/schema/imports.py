"""Files brought in by a person: what an import did, and what is remembered of it."""

from pydantic import Field

from camd.schema.lead import LeadBody
from camd.schema.values import Instant, View

MAX_REJECTED = 10_000


class RejectedLine(View):
    line: int
    reason: str


class ImportReport(View):
    """`import_id` is null in a dry run. `rejected` names at most the first 10,000 lines."""

    import_id: str | None
    dry_run: bool
    rows: int
    added: int
    updated: int
    duplicates: int
    suppressed: int
    rejected: list[RejectedLine]


class Import(View):
    """`rejected` counts the lines that could not become a lead."""

    id: str
    campaign_id: int
    file_name: str | None
    rows: int
    added: int
    updated: int
    duplicates: int
    suppressed: int
    rejected: int
    created_at: Instant
    by: str
    finished_at: Instant | None
    undone_at: Instant | None


class UndoReport(View):
    """`kept` leads were handed a touch; the others are gone, without a suppression."""

    import_id: str
    removed: int
    kept: int


class ColumnUse(View):
    """What a column of the file fills: a fact of a lead, `custom.<name>`, or null for a column that is passed over."""

    column: str
    field: str | None


class ImportCheck(View):
    """What an import would do; nothing was stored. `fields` are what a column may be mapped to, beside
    `custom.<name>`; `sample` are the first people of the file that would be added."""

    columns: list[ColumnUse]
    fields: list[str] = Field(default_factory=list)
    rows: int
    added: int
    duplicates: int
    suppressed: int
    rejected: list[RejectedLine]
    sample: list[LeadBody]
