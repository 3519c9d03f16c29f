"""Doorbells: they shorten a wait and carry nothing. A ring that is lost costs one tick, never work.

A bell that nobody hears is remembered until its owner waits next, so a ring between two waits is not missed.
"""

from collections.abc import Collection
from datetime import datetime

import anyio

from camd.domain.facts import CampaignId
from camd.ports.clock import Clock


class Doorbell:
    """One waiter, many ringers. `rings` counts every ring, so that the waiter can tell its own from others'."""

    def __init__(self) -> None:
        self._rung = anyio.Event()
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1
        self._rung.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """True when it rang, false when the time was over."""
        with anyio.move_on_after(max(timeout_seconds, 0)):
            await self._rung.wait()
        rung = self._rung.is_set()
        self.silence()
        return rung

    def silence(self) -> None:
        """Whatever rang until now is answered by what its owner does next."""
        self._rung = anyio.Event()


class Doorbells:
    """One bell for each campaign's actor, each mailbox's outbox and each provider's desk, one for the supervisor's
    roster of campaigns, one for who tells the operator, one for the ledger's webhooks and one for each endpoint."""

    def __init__(self) -> None:
        self.roster = Doorbell()
        self.notices = Doorbell()
        self._campaigns: dict[CampaignId, Doorbell] = {}
        self._outboxes: dict[str, Doorbell] = {}
        self.webhooks = Doorbell()
        self._providers: dict[str, Doorbell] = {}
        self._endpoints: dict[str, Doorbell] = {}

    def of(self, campaign_id: CampaignId) -> Doorbell:
        return self._campaigns.setdefault(campaign_id, Doorbell())

    def ring(self, campaign_id: CampaignId) -> None:
        """Wakes the campaign's actor if it has one."""
        if bell := self._campaigns.get(campaign_id):
            bell.ring()

    def outbox(self, mailbox: str) -> Doorbell:
        return self._outboxes.setdefault(mailbox, Doorbell())

    def ring_outboxes(self, mailboxes: Collection[str] | None = None) -> None:
        """Something may go out, through these mailboxes or any, that could not before."""
        for name, bell in self._outboxes.items():
            if mailboxes is None or name in mailboxes:
                bell.ring()

    def provider(self, name: str) -> Doorbell:
        return self._providers.setdefault(name, Doorbell())

    def ring_providers(self, names: Collection[str] | None = None) -> None:
        """These, or all, have something to ask that they had not before."""
        for name, bell in self._providers.items():
            if names is None or name in names:
                bell.ring()

    def endpoint(self, name: str) -> Doorbell:
        return self._endpoints.setdefault(name, Doorbell())

    def ring_all(self) -> None:
        """The clock was set, or the gate moved: everybody looks again."""
        self.roster.ring()
        self.ring_outboxes()
        self.ring_providers()
        for bell in (*self._endpoints.values(), *self._campaigns.values()):
            bell.ring()

    def forget(self, campaign_id: CampaignId) -> None:
        self._campaigns.pop(campaign_id, None)


def seconds_until(at: datetime | None, clock: Clock, at_most: float) -> float:
    """How long to sleep for the wall clock's `at`, bounded because that clock may be set meanwhile."""
    if at is None:
        return at_most
    return min(max((at - clock.now()).total_seconds(), 0.0), at_most)
