"""Messages that came in: what each was taken for, and what a person says it is."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from camd.domain.inbound import InboundClass
from camd.schema.values import Body, Instant, Note, View

_HOW = "give a day as in 2027-01-31, or an instant with its zone as in 2027-01-31T14:00:00Z"


def _day_or_instant(value: object) -> object:
    """A number is refused: nobody means one, and it would be taken for seconds since 1970."""
    match value:
        case datetime() if value.tzinfo is None:
            raise ValueError(_HOW)
        case None | date():
            return value
        case str():
            return _read(value)
        case _:
            raise ValueError(_HOW)


def _read(text: str) -> date:
    try:
        # RFC 3339, 5.6, allows small letters.
        found = date.fromisoformat(text) if len(text) == len("2027-01-31") else datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(_HOW) from error
    if isinstance(found, datetime) and found.tzinfo is None:
        raise ValueError(_HOW)
    return found


class Inbound(View):
    """`text` is what its author wrote, without what they quoted, in a list at most its first 10,000 characters; `text`,
    `subject` and `sender` are null once they were erased, and of a message that concerns nobody. `waiting`: it is on
    the review list. `until` is the day that an out-of-office note states."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: str
    mailbox: str
    lead_id: str | None
    touch_id: str | None
    kind: InboundClass = Field(alias="class")
    evidence: str
    waiting: bool
    subject: str | None
    text: str | None
    received_at: Instant
    sender: str | None
    until: date | None
    note: str | None


class ClassifyBody(Body):
    """`until` is how long somebody is out of office, a day or an instant of its last day: they are written to from the
    working day after it. No other class takes it; without it they are away for two weeks."""

    model_config = ConfigDict(serialize_by_alias=True)

    kind: InboundClass = Field(alias="class")
    until: Annotated[date | datetime, BeforeValidator(_day_or_instant)] | None = None
    note: Note | None = None

    @field_validator("until")
    @classmethod
    def _of_an_absence(cls, until: date | None, info: ValidationInfo) -> date | None:
        kind = info.data.get("kind")  # missing where it is wrong itself
        if until is not None and kind not in (None, InboundClass.OUT_OF_OFFICE):
            raise ValueError(f"leave it out: it belongs to {InboundClass.OUT_OF_OFFICE} alone")
        return until
