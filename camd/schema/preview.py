"""A mail to come: the preview that a dry run made, or a planned touch of a live campaign."""

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
