"""Whom nobody writes to again."""

from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.schema.values import Body, Instant, Line, Note, View

MAX_REJECTED = 10_000


class SuppressionBody(Body):
    """`value` is an address or a domain."""

    value: Line
    reason: SuppressionReason = SuppressionReason.OPERATOR
    note: Note | None = None


class Suppression(View):
    """`value` is null where only its keyed hash is kept."""

    id: str
    value: str | None
    kind: SuppressionKind
    reason: SuppressionReason
    note: str | None
    created_at: Instant


class RejectedValue(View):
    line: int
    reason: str


class SuppressionImport(View):
    """`rejected` names at most the first 10,000 lines that are neither an address nor a domain."""

    rows: int
    added: int
    known: int
    rejected: list[RejectedValue]
