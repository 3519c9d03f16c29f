"""A file looked at before it is imported: what its columns fill, what becomes of its rows, and the first people."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, BinaryIO

from pydantic import ValidationError

from camd.domain.facts import Facts
from camd.operations.desk import Desk, find_open_campaign
from camd.operations.import_rows import Fate, Rehearsal
from camd.operations.lead_import import opened, rehearsed
from camd.schema.imports import ColumnUse, ImportCheck
from camd.schema.lead import LeadBody


async def check(
    desk: Desk, stream: BinaryIO, *, ref: str | int | None = None, mapping: Mapping[str, str] | None = None
) -> ImportCheck:
    """For a new campaign where none is named. Raises `Unprocessable` where the file as a whole cannot be read,
    `Conflict` for an archived campaign. Nothing is stored."""
    campaign = await desk.read(lambda tx: find_open_campaign(tx, ref)) if ref is not None else None
    rehearsal = Rehearsal(campaign)
    async with opened(desk, stream, mapping) as rows:
        count = await rehearsed(desk, rows, rehearsal)
        return ImportCheck(
            columns=[ColumnUse(column=column, field=field) for column, field in rows.columns],
            fields=list(rows.fields),
            rows=count.rows,
            added=count.fates[Fate.ADDED],
            duplicates=count.fates[Fate.DUPLICATE],
            suppressed=count.fates[Fate.SUPPRESSED],
            rejected=count.rejected,
            sample=[_person(facts) for facts in rehearsal.sample],
        )


def _person(facts: Facts) -> LeadBody:
    """As a caller would add them. What a file may say of a person and a caller may not is left out."""
    values: dict[str, Any] = {each.name: getattr(facts, each.name) for each in fields(Facts)}
    values["custom"] = dict(facts.custom)
    while True:
        try:
            return LeadBody.model_validate({name: value for name, value in values.items() if value is not None})
        except ValidationError as error:
            for problem in error.errors():
                name, *within = problem["loc"]
                if name == "custom" and within:
                    values["custom"].pop(within[0], None)
                else:
                    values[str(name)] = None
