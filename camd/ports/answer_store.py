"""The part of the store that holds what requests with an `Idempotency-Key` were answered, for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """`id` is a keyed hash of caller and key, `fingerprint` one of the request. `body` is none of an answer that is
    not shown twice. `is_personal`: people may stand in it, so that an erasure forgets it."""

    id: str
    fingerprint: str
    status: int
    location: str | None
    body: bytes | None
    is_personal: bool
    at: datetime


class Answers(Protocol):
    def get(self, answer_id: str, now: datetime) -> KeptAnswer | None:
        """None for one that is older than `KEPT_FOR`."""
        ...

    def add(self, answer: KeptAnswer) -> None:
        """Forgets those that are older than `KEPT_FOR` then. The database refuses, as a bug, an id that is kept."""
        ...

    def forget_personal(self) -> int:
        """Answers how many."""
        ...
