"""Outgoing webhooks: where an endpoint stands, what it is still to get, and the one way to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType, Protocol

from camd.domain.errors import CamdError
from camd.domain.webhooks import DeliveryStatus, PauseReason
from camd.ports.records import Listing
from camd.ports.settings import WebhookSettings

DeliveryId = NewType("DeliveryId", int)


class NotDelivered(CamdError):
    """No answer came back, or none within its time; it may have arrived all the same."""


class TargetRefused(NotDelivered):
    """The endpoint's host is none that camd may speak to; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`position` is the last `seq` of the ledger that it was given deliveries for.

    `failures` in a row since `failing_since`. Nothing is sent before `not_before`; a paused one is tried then with its
    oldest delivery alone.
    """

    name: str
    position: int
    paused: PauseReason | None = None
    paused_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    not_before: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event of the ledger for one endpoint, unique by (endpoint, seq). `event_id` is the same for all endpoints.

    What is sent is made of the ledger's row and the person's facts as they are then: nothing of it is stored here.
    `reason` and `status_code` are those of the last attempt.
    """

    id: DeliveryId
    endpoint: str
    seq: int
    event_id: str
    status: DeliveryStatus
    created_at: datetime
    next_at: datetime
    attempts: int = 0
    first_attempt_at: datetime | None = None
    attempted_at: datetime | None = None
    settled_at: datetime | None = None
    status_code: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much an endpoint is still to get, and since when."""

    count: int
    oldest_at: datetime | None


class Webhooks(Protocol):
    def endpoint(self, name: str) -> Endpoint | None: ...

    def endpoints(self) -> Mapping[str, Endpoint]: ...

    def put(self, endpoint: Endpoint) -> None: ...

    def drop(self, name: str) -> None:
        """Forgets where it stands; its deliveries stay."""
        ...

    def event_id(self, seq: int) -> str | None:
        """That of the event, where an endpoint was given it before."""
        ...

    def add(self, endpoint: str, seq: int, event_id: str, at: datetime) -> None:
        """A delivery that is due at once; nothing where the endpoint was given that event before."""
        ...

    def get(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        """Raises `StaleWrite` where it was settled or tried again since `before` was read."""
        ...

    def due(self, endpoint: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """The pending ones whose time has come, longest due first, in the order of the ledger."""
        ...

    def oldest(self, endpoint: str) -> Delivery | None:
        """Of the pending ones, the first of the ledger, due or not."""
        ...

    def next_at(self, endpoint: str) -> datetime | None:
        """When the first of the pending ones is due."""
        ...

    def hurry(self, endpoint: str, now: datetime) -> None:
        """What waits is due now."""
        ...

    def renew(self, endpoint: str, now: datetime) -> None:
        """What waits is due now, as if it had never been tried."""
        ...

    def bury(self, endpoint: str, before: datetime, now: datetime, reason: str) -> int:
        """Pending ones made before that instant are dead; answers how many."""
        ...

    def backlog(self, endpoint: str) -> Backlog: ...

    def count_dead(self, endpoint: str) -> int: ...

    def page(self, listing: Listing, status: DeliveryStatus | None = None) -> Sequence[Delivery]: ...

    def forget(self, before: datetime, limit: int) -> int:
        """Removes at most `limit` that were delivered or dead before that instant; answers how many."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt: `body` goes out byte for byte, under `event_id`, signed for `at`."""

    endpoint: WebhookSettings
    event_id: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the beginning of what it said, for judging alone: it may repeat a person's data."""

    status: int
    text: str = ""
    retry_after: timedelta | None = None


class WebhookDoor(Protocol):
    async def post(self, post: Post) -> Answer:
        """Raises `NotDelivered` after at most 15 s, `TargetRefused`. Cancelled, it may have arrived."""
        ...
