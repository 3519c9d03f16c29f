"""The parameters that lists share."""

from typing import Annotated

from pydantic import Field

from camd.api.reading import Query
from camd.schema.page import DEFAULT_LIMIT, MAX_LIMIT

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="At most so many items.")]
Cursor = Annotated[str, Field(description="The `next` of the page before.")]
CampaignRef = Annotated[str, Field(description="Those of this campaign: its number or its name.")]
LeadRef = Annotated[str, Field(description="Those of the lead with this id.")]
MailboxRef = Annotated[str, Field(description="Those of the mailbox with this name.")]


class Paged(Query):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None
