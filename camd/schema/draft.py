"""A campaign tried out before it exists: its mails for one person, and how fast its limits let it go."""

from typing import Annotated

from pydantic import Field

from camd.domain.campaign import Channel
from camd.domain.token_bucket import QuotaScope
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.schema.values import Body, View


class DraftBody(Body):
    """`lead` is the person whose mails are shown, `leads` how many people the arithmetic is for."""

    campaign: CampaignBody
    lead: LeadBody | None = None
    leads: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class DraftMail(View):
    """A step as that person would get it; `problem` says why there is no text, and `subject` and `body` are null."""

    step: int
    channel: Channel
    subject: str | None
    body: str | None
    problem: str | None


class Capacity(View):
    """Mails of all steps on the first working day and in the first week, and the working days until the last lead has
    its first mail, null if that takes more than ten years. `binding` is the limit that leaves first mails over, null
    where none does. Arithmetic, not a forecast."""

    day_1: int
    week_1: int
    working_days: int | None
    binding: QuotaScope | None


class DraftReport(View):
    """Nothing was stored. `mails` is empty without a lead, `capacity` null without people, mails or a mailbox."""

    mails: list[DraftMail]
    capacity: Capacity | None
