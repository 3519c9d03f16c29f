"""What a change brings about beside what it says."""

from decimal import Decimal

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.campaign import AutonomyMode
from camd.schema.definition import CampaignBody
from camd.schema.definition_parts import AutonomyBody, IcpBody, PauseRulesBody, SourceBody, StepBody
from camd.ui.change_warnings import warnings

PLAIN = CampaignBody(name="Q1", steps=(StepBody(subject="Hello", body="Hello"),), currency="EUR", timezone="UTC")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"steps": (StepBody(subject="Hi", body="Hello"),)}, "test mail"),
        ({"steps": (StepBody(subject="Hi", body="Hello"),)}, "The first 10 mails of the new version wait"),
        ({"daily_email_limit": 21}, "Up to 21 mails a day instead of 20"),
        ({"autonomy": AutonomyBody(mode=AutonomyMode.FULL)}, "Fewer mails wait for a person"),
        ({"autonomy": AutonomyBody(approve_first=9)}, "Fewer mails wait for a person"),
        ({"pause_rules": PauseRulesBody(loss_rate=0.6)}, "pauses later"),
        ({"pause_rules": PauseRulesBody(complaint_rate=0.1)}, "pauses later"),
        ({"currency": "USD"}, "not converted"),
        ({"target_clients": 3}, "the campaign pauses"),
        ({"target_mrr": Decimal(100)}, "the campaign pauses"),
        ({"icp": IcpBody(titles=("Owner",))}, "scored anew"),
        ({"sources": (SourceBody.model_validate({"type": "csv"}),)}, "read from their start"),
        ({"mailboxes": ("sales",)}, "the same mailbox"),
        ({"timezone": "Europe/Vienna"}, "another one from tomorrow on"),
        ({"no_reply_days": 1}, "lost after 1 day"),
    ],
)
def test_a_change_warns_of_what_follows(changed: dict[str, object], told: str) -> None:
    assert told in " ".join(warnings(PLAIN, PLAIN.model_copy(update=changed)))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"name": "Q2"},
        {"daily_email_limit": 19},
        {"autonomy": AutonomyBody(approve_first=11)},
        {"pause_rules": PauseRulesBody(loss_rate=0.4, loss_counts_no_reply=True)},
        {"no_reply_days": 31},
    ],
)
def test_what_makes_nothing_riskier_warns_of_nothing(changed: dict[str, object]) -> None:
    assert list(warnings(PLAIN, PLAIN.model_copy(update=changed))) == []


def test_a_campaign_of_full_autonomy_is_not_told_of_approvals() -> None:
    own = PLAIN.model_copy(update={"autonomy": AutonomyBody(mode=AutonomyMode.FULL)})
    after = own.model_copy(update={"steps": ()})
    assert "approval" not in " ".join(warnings(own, after))
