"""The part of the store that holds what came in, and what the operator is still to be told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from camd.domain.events import Value
from camd.domain.facts import CampaignId, InboundId, LeadId
from camd.ports.records import Inbound, InboundFilter, Listing, Notice, NoticeKind


class Inbox(Protocol):
    """Every message that came in, once."""

    def add(self, inbound: Inbound) -> bool:
        """False, and nothing written, where (mailbox, identity) is taken."""
        ...

    def knows(self, mailbox: str, identity: str) -> bool: ...

    def get(self, inbound_id: InboundId) -> Inbound | None: ...

    def save(self, before: Inbound, after: Inbound) -> Inbound:
        """Raises `StaleWrite`."""
        ...

    def page(self, listing: Listing, chosen: InboundFilter) -> Sequence[Inbound]: ...

    def count_waiting(self) -> int: ...

    def oldest_waiting(self) -> datetime | None:
        """When the first of those on the review list was stored."""
        ...

    def has_own_copy(self, mailbox: str, message_id: str) -> bool:
        """Whether a message of ours was found among what the mailbox sent."""
        ...

    def forget_person(self, lead_id: LeadId, sender_hash: str | None) -> int:
        """Empties sender, subject, text, note and raw of the lead's messages and of those that came from that
        address, and the evidence, which may quote them; answers how many."""
        ...

    def of_sender(self, sender_hash: str) -> Sequence[Inbound]:
        """Newest first."""
        ...

    def mentioning(self, words: Collection[str]) -> Sequence[InboundId]:
        """The messages that contain any of these words, whatever their case. Reads all of them."""
        ...

    def forget(self, ids: Collection[InboundId]) -> int:
        """Empties these the same way; answers how many were not empty."""
        ...

    def forget_texts(self, before: datetime, limit: int) -> int:
        """The same for at most `limit` messages that arrived before that instant."""
        ...

    def position(self, mailbox: str, folder: str) -> str | None:
        """Where the folder was read to; see `ports.inbox`."""
        ...

    def set_position(self, mailbox: str, folder: str, position: str) -> None: ...


class Notices(Protocol):
    """What the operator is still to be told, and when they were told last."""

    def add(
        self,
        kind: NoticeKind,
        at: datetime,
        *,
        campaign_id: CampaignId | None = None,
        inbound_id: InboundId | None = None,
        mailbox: str | None = None,
        data: Mapping[str, Value] = MappingProxyType({}),
    ) -> None: ...

    def waiting(self, kind: NoticeKind, limit: int) -> Sequence[Notice]:
        """Oldest first."""
        ...

    def count_waiting(self) -> Mapping[NoticeKind, int]:
        """Without the kinds of which none waits."""
        ...

    def last_told(self, kind: NoticeKind) -> datetime | None: ...

    def told(self, kind: NoticeKind, up_to: int, at: datetime) -> None:
        """Removes those of that kind up to that id, and remembers `at`."""
        ...
