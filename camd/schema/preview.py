"""A mail to come, as a dry run made it: never a touch."""

from camd.schema.values import Instant, View


class Preview(View):
    campaign_id: int
    lead_id: str
    step: int
    due_at: Instant
    mailbox: str | None
    email: str | None
    subject: str
    body: str
