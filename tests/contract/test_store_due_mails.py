"""What every store promises of the mails that are due: those that an outbox could take now, were the gate open."""

from dataclasses import replace
from datetime import timedelta

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, StatusChange
from camd.ports.records import TouchStatus
from camd.ports.store import Store
from tests.contract.test_store_touches import HOUR, NOW, insert, ready


async def due(store: Store, mailbox: str = "sales") -> int:
    return await store.read(lambda tx: tx.touches.count_due(mailbox, NOW))


@pytest.fixture
async def working(store: Store, campaign: Campaign) -> Campaign:
    active = StatusChange(CampaignStatus.ACTIVE, None, "os:ann", NOW)
    return await store.write(lambda tx: tx.campaigns.save(replace(campaign, status=active)))


async def test_mails_that_are_due_are_counted_by_mailbox(store: Store, working: Campaign) -> None:
    await store.write(
        insert(
            ready(working, 1),
            ready(working, 2, status=TouchStatus.DEFERRED, ready_at=NOW - HOUR),
            ready(working, 3, mailbox="other"),
            ready(working, 4, ready_at=NOW + timedelta(microseconds=1)),
            ready(working, 5, status=TouchStatus.PLANNED, ready_at=None),
            ready(working, 6, status=TouchStatus.SENT, ready_at=None),
        )
    )
    assert (await due(store), await due(store, "other")) == (2, 1)


async def test_the_mails_of_a_campaign_that_rests_are_not_due(store: Store, working: Campaign) -> None:
    await store.write(insert(ready(working, 1)))
    paused = StatusChange(CampaignStatus.PAUSED, None, "os:ann", NOW)
    await store.write(lambda tx: tx.campaigns.save(replace(working, status=paused)))
    assert await due(store) == 0
