"""Touches: what was planned for a lead, handed over or done, and what a person decides about it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from camd.domain.campaign import Channel
from camd.schema.values import Body, Instant, Note, View

MAX_APPROVED = 1_000
"""Touches that one request approves."""


class Touch(View):
    """`subject` and `body` are the whole mail; null once the person was erased. `sent_at` is when it was handed
    over or done."""

    id: str
    campaign_id: int
    lead_id: str
    step: int
    channel: Channel
    status: str
    reason: str | None
    mailbox: str | None
    message_id: str | None
    subject: str | None
    body: str | None
    due_at: Instant
    sent_at: Instant | None


class Resolution(StrEnum):
    """What became of a mail of which camd does not know it; `retry`: it never arrived, so it may be sent again."""

    SENT = "sent"
    RETRY = "retry"


class ResolveBody(Body):
    """`{"as": "sent"}` or `{"as": "retry"}`."""

    model_config = ConfigDict(serialize_by_alias=True)

    outcome: Resolution = Field(alias="as")


class CancelBody(Body):
    """`reason` is text, kept as the note of the hold that the lead gets."""

    reason: Note | None = None


class ApproveBody(Body):
    """Either `ids`, or a campaign by number or name with `all`."""

    ids: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_APPROVED)] | None = None
    campaign: str | int | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        of_campaign = self.campaign is not None and self.all
        if (self.ids is not None) is of_campaign or (self.campaign is not None) is not self.all:
            raise ValueError('give either "ids", or "campaign" with "all": true')
        return self


class RefusedApproval(View):
    id: str
    reason: str


class ApproveReport(View):
    """`refused` are those that cannot be approved; `more`: others of the campaign still wait, ask again."""

    approved: int
    refused: list[RefusedApproval]
    more: bool = False
