"""The part of the store that holds touches, and the previews of those that a dry run would plan."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.ports.records import DueMails, Listing, Preview, StandingMails, Touch, TouchFilter, TouchStatus


class Touches(Protocol):
    """*Ready* is `approved` or `deferred`, through a mailbox, and `ready_at` has come."""

    def insert(self, touch: Touch) -> bool:
        """False, and nothing written, where (lead, step) is taken."""
        ...

    def get(self, touch_id: TouchId) -> Touch | None: ...

    def of_lead(self, lead_id: LeadId) -> Sequence[Touch]:
        """In the order of their steps."""
        ...

    def is_sent_besides(self, touch: Touch) -> bool:
        """Whether another touch of its lead and step may have arrived too."""
        ...

    def save(self, before: Touch, after: Touch) -> Touch:
        """Raises `StaleWrite`."""
        ...

    def next_ready(self, mailbox: str, above: CampaignId, now: datetime, overdue_before: datetime) -> Touch | None:
        """Of the campaigns with a number above `above`, in their order, the best ready touch of the first that has
        one: follow-ups first, then score, then age. Approved ones ready since before `overdue_before` are left out."""
        ...

    def next_ready_at(self, mailbox: str, after: datetime) -> datetime | None:
        """The soonest `ready_at` after that instant of its approved and deferred touches."""
        ...

    def ready_of(self, campaign_id: CampaignId, now: datetime, limit: int) -> Sequence[Touch]:
        """The campaign's ready touches on every mailbox, soonest first."""
        ...

    def in_flight(self, mailbox: str | None = None) -> Sequence[Touch]:
        """Those in `intent` or `on_wire`, of one mailbox or of all."""
        ...

    def planned(self, campaign_id: CampaignId, channel: str, limit: int) -> Sequence[Touch]:
        """Those that wait for approval, or as tasks for a person, soonest first."""
        ...

    def approved(self, campaign_id: CampaignId, before: datetime, limit: int) -> Sequence[Touch]:
        """Approved ones, through a mailbox, whose `ready_at` lies before that instant, soonest first."""
        ...

    def ready_instants(self, campaign_id: CampaignId, since: datetime) -> Sequence[datetime]:
        """The `ready_at`, from `since` on, of its approved ones through a mailbox."""
        ...

    def due_by_day(self, campaign_ids: Collection[CampaignId], ends: Sequence[datetime]) -> Sequence[DueMails]:
        """The mails that are planned, approved or put off to an instant before the last of the days that end then;
        those of the past count for the first day."""
        ...

    def next_of(self, campaign_id: CampaignId) -> datetime | None:
        """The soonest `ready_at` of the campaign's approved and deferred touches."""
        ...

    def standing_of(self, campaign_id: CampaignId, now: datetime) -> Sequence[StandingMails]:
        """The campaign's approved and deferred mails that are ready, or were put off for a reason."""
        ...

    def begun_since(self, campaign_id: CampaignId, mailbox: str, since: datetime) -> tuple[int, int]:
        """How many mails of the campaign the mailbox began to hand over since then, and how many follow-ups of them."""
        ...

    def unbound(self, mailbox: str, after: TouchId | None, limit: int) -> Sequence[Touch]:
        """Planned and approved first touches of that mailbox that never had an intent, in the order of their ids:
        another could take them."""
        ...

    def waiting_mailboxes(self) -> Sequence[str]:
        """The mailboxes for which anything is planned, approved or deferred."""
        ...

    def queued(self, mailbox: str) -> int:
        """How many are planned, approved or deferred there."""
        ...

    def count_due(self, mailbox: str, now: datetime) -> int:
        """How many of active campaigns are ready to be handed over by the mailbox."""
        ...

    def rearm(self, lead_id: LeadId, at: datetime) -> int:
        """Makes the lead's approved and deferred touches without `ready_at` ready at `at`; answers how many."""
        ...

    def of_message(self, message_id: str) -> Touch | None: ...

    def of_alias(self, message_id: str) -> Touch | None:
        """The one that was passed on under this Message-ID instead of its own."""
        ...

    def add_alias(self, message_id: str, touch_id: TouchId) -> None:
        """Adding it again changes nothing."""
        ...

    def first_intent_at(self, mailbox: str) -> datetime | None:
        """When the mailbox first had a mail to hand over."""
        ...

    def unknown_of(self, mailbox: str) -> Sequence[Touch]: ...

    def forget_texts(self, before: datetime, limit: int) -> int:
        """Empties the body of at most `limit` touches that were over before that instant and cannot go any more;
        answers how many. The subject stays: the thread goes on under it."""
        ...

    def page(self, listing: Listing, chosen: TouchFilter) -> Sequence[Touch]: ...

    def count(self, status: TouchStatus, channel: str | None = None) -> int: ...

    def oldest_unknown(self) -> datetime | None:
        """When the first of those that are `unknown` went on the wire."""
        ...


class Previews(Protocol):
    def put(self, preview: Preview) -> None: ...

    def of_lead(self, lead_id: LeadId) -> Preview | None: ...

    def of_campaign(self, campaign_id: CampaignId, limit: int) -> Sequence[Preview]:
        """Soonest first."""
        ...

    def due_by_day(
        self, campaign_ids: Collection[CampaignId], since: datetime, ends: Sequence[datetime]
    ) -> Sequence[DueMails]:
        """Those at or after `since`, on the days that end then."""
        ...

    def instants(self, campaign_id: CampaignId, since: datetime) -> Sequence[tuple[LeadId, datetime]]:
        """Whose previews lie at or after `since`, and when."""
        ...

    def drop_lead(self, lead_id: LeadId) -> None: ...

    def drop_leads(self, lead_ids: Collection[LeadId]) -> None: ...

    def drop_campaign(self, campaign_id: CampaignId) -> None: ...
