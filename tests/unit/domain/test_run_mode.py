from datetime import UTC, datetime
from itertools import product

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId
from camd.domain.run_mode import DryReason, RunMode, run_mode

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def campaign(status: CampaignStatus = CampaignStatus.ACTIVE, *, dry: bool = False) -> Campaign:
    definition = Definition("Q1", dry_run=dry)
    return Campaign(CampaignId(1), definition, StatusChange(status, None, "engine", NOW), NOW, NOW)


@pytest.mark.parametrize(
    ("instance", "own", "call", "active"), list(product([False, True], [False, True], [False, True], [False, True]))
)
def test_a_cycle_is_live_only_if_everybody_says_so(instance: bool, own: bool, call: bool, active: bool) -> None:
    status = CampaignStatus.ACTIVE if active else CampaignStatus.DRAFT
    mode = run_mode(campaign(status, dry=own), instance_dry=instance, call_dry=call)
    assert mode.dry == (instance or own or call or not active)


def test_every_reason_of_a_dry_cycle_is_named() -> None:
    mode = run_mode(campaign(CampaignStatus.DRAFT, dry=True), instance_dry=True, call_dry=True)
    assert mode.dry_reasons == tuple(DryReason)


def test_a_live_cycle_has_no_reasons_and_discovers() -> None:
    assert run_mode(campaign(), instance_dry=False, call_dry=False) == RunMode((), discovers=True)


@pytest.mark.parametrize(
    ("status", "discovers"),
    [
        (CampaignStatus.DRAFT, True),
        (CampaignStatus.ACTIVE, True),
        (CampaignStatus.PAUSED, False),
        (CampaignStatus.COMPLETED, False),
        (CampaignStatus.ARCHIVED, False),
    ],
)
def test_sources_are_read_in_draft_and_while_active_only(status: CampaignStatus, discovers: bool) -> None:
    assert run_mode(campaign(status), instance_dry=False, call_dry=True).discovers is discovers
