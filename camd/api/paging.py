"""The parameters that every list takes."""

from typing import Annotated

from pydantic import Field

from camd.api.reading import Query
from camd.schema.page import DEFAULT_LIMIT, MAX_LIMIT

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]


class Paged(Query):
    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None
