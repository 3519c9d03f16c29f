"""A mailbox disabled, or tried out: its log-in, and a campaign's mails sent to the operator."""

from enum import StrEnum

from pydantic import Field

from camd.schema.values import Body, Line, Note, View


class DisableBody(Body):
    reason: Note | None = None


class MailboxTest(View):
    """`message` is what the servers said, and how to mend it where `ok` is false. `folders` are those of its inbox that
    camd reads."""

    __test__ = False

    name: str
    ok: bool
    message: str
    folders: list[str] = Field(default_factory=list)


class TrialOutcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class TrialBody(Body):
    """`to` is an address of `notify.email`, its first one where none is given."""

    to: Line | None = None


class TrialMail(View):
    step: int
    subject: str
    outcome: TrialOutcome
    reply: str


class TrialReport(View):
    """Every step once, as `lead_id` would get it."""

    campaign_id: int
    lead_id: str
    mailbox: str
    to: str
    mails: list[TrialMail]
