from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camd.domain.campaign import Channel, Definition, Scoring, Step
from camd.domain.eligibility import hold_due, loss_due
from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.lead import HoldReason, Lead, LeadState, LeadStatus, LostReason
from camd.domain.preflight import Allowed, Blocked, CountryVerdict, NeedsConsent, Undecided

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LEAD = Lead(
    LeadId("ld_1"),
    CampaignId(1),
    "address:ann@acme.com",
    LeadState(LeadStatus.ENRICHED),
    Facts(email="ann@acme.com"),
    NOW,
    NOW,
    verdict=Verdict.VALID,
    score=0.5,
)
MAILS = Definition("Q1", steps=(Step(1),))
TASKS = Definition("Q1", steps=(Step(1), Step(2, channel=Channel.TASK)))
NOWHERE = replace(LEAD, facts=Facts(linkedin_url="linkedin.com/in/ann"))


def loss(
    lead: Lead = LEAD,
    definition: Definition = MAILS,
    *,
    suppressed: bool = False,
    country: CountryVerdict | None = None,
) -> LostReason | None:
    return loss_due(lead, definition, suppressed=suppressed, country=country or Allowed())


def test_a_lead_with_an_address_that_works_is_kept() -> None:
    assert loss() is None


def test_a_suppressed_person_is_never_written_to_whatever_else_holds() -> None:
    assert loss(replace(LEAD, verdict=Verdict.INVALID), suppressed=True) is LostReason.DO_NOT_CONTACT
    assert loss(replace(LEAD, verdict=Verdict.SUPPRESSED)) is LostReason.DO_NOT_CONTACT


def test_a_lead_without_an_address_is_lost_unless_a_step_is_a_task() -> None:
    assert loss(NOWHERE) is LostReason.NO_ADDRESS
    assert loss(NOWHERE, TASKS) is None


def test_an_address_that_does_not_work_loses_the_lead() -> None:
    assert loss(replace(LEAD, verdict=Verdict.INVALID)) is LostReason.INVALID_ADDRESS


@pytest.mark.parametrize("verdict", [it for it in Verdict if it not in (Verdict.INVALID, Verdict.SUPPRESSED)])
def test_any_other_verdict_loses_nobody(verdict: Verdict) -> None:
    assert loss(replace(LEAD, verdict=verdict)) is None


def test_a_blocked_country_disqualifies() -> None:
    assert loss(country=Blocked()) is LostReason.DISQUALIFIED


@pytest.mark.parametrize("country", [Undecided(), NeedsConsent()])
def test_a_country_without_a_decision_or_consent_loses_nobody(country: CountryVerdict) -> None:
    assert loss(country=country) is None


@pytest.mark.parametrize(
    ("score", "lost"), [(0.5, None), (0.49, LostReason.DISQUALIFIED), (None, LostReason.DISQUALIFIED)]
)
def test_a_score_below_the_least_one_disqualifies(score: float | None, lost: LostReason | None) -> None:
    picky = replace(MAILS, scoring=Scoring(min_score=0.5))
    assert loss(replace(LEAD, score=score), picky) is lost


@pytest.mark.parametrize("dry", [True, False])
def test_only_a_country_that_asks_for_consent_holds(dry: bool) -> None:
    assert hold_due(NeedsConsent(), dry=dry) is HoldReason.CONSENT_REQUIRED
    assert [hold_due(verdict, dry=dry) for verdict in (Allowed(), Blocked())] == [None, None]


def test_nothing_is_decided_silently_where_the_law_asks_for_consent() -> None:
    assert hold_due(Undecided(), dry=False) is HoldReason.CONSENT_REQUIRED
    assert hold_due(Undecided(), dry=True) is None


def test_a_placeholder_without_an_address_is_kept() -> None:
    assert loss(replace(NOWHERE, key="hash:ab12")) is None
