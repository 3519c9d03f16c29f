"""Tokens of the API: made once, shown once."""

from typing import Annotated

from pydantic import AfterValidator, Field

from camd.domain.access import Scope
from camd.schema.values import Body, Instant, View


def _plain_name(name: str) -> str:
    # The ledger names the token as actor of all it does, and holds no addresses.
    if not name.isprintable() or name != name.strip() or "@" in name:
        raise ValueError("give printable characters without @, and no space at the ends")
    return name


class TokenBody(Body):
    """`expires` is an instant to come; null for a token that does not expire."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain_name)]
    scope: Scope
    expires: Instant | None = None


class Token(View):
    """`last_used` may be behind by a minute after the process ended."""

    id: int
    name: str
    scope: Scope
    created_at: Instant
    expires: Instant | None
    last_used: Instant | None


class NewToken(Token):
    """`token` is shown here alone: only its hash is kept."""

    token: str = Field(repr=False)
