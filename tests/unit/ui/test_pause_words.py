"""Why a rule paused a campaign: its figures in words."""

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.campaign import StatusReason
from camd.schema.campaign import CampaignDetail
from camd.ui import pause_words


@pytest.mark.parametrize(
    ("reason", "figures", "words"),
    [
        (
            StatusReason.GOAL_REACHED,
            {"clients": 10.0, "target_clients": 10.0, "mrr": 1500.5, "target_mrr": 1500.0},
            "10 of 10 clients and 1,500.50 EUR of 1,500 EUR a month",
        ),
        (StatusReason.GOAL_REACHED, {"mrr": 2000.0, "target_mrr": 1500.0}, "2,000 EUR of 1,500 EUR a month"),
        (
            StatusReason.HIGH_LOSS_RATE,
            {"loss_rate": 0.6, "lost": 6.0, "contacted": 10.0},
            "6 of 10 contacted were lost (60 %)",
        ),
        (StatusReason.AGE_LIMIT, {"days_live": 91.0, "qualified": 0.0}, "91 days live, and nobody qualified"),
        (
            StatusReason.BOUNCE_RATE,
            {"bounce_rate": 0.12, "hard_bounces": 2.0, "hard_5xx_rcpt": 1.0, "sent": 24.0},
            "3 of 25 mails in 28 days bounced (12 %)",
        ),
        (
            StatusReason.COMPLAINT_RATE,
            {"complaint_rate": 0.0085, "complaints": 1.0, "sent": 118.0},
            "1 complaint for 118 mails in 28 days (0.9 %)",
        ),
        (StatusReason.OPERATOR, {}, ""),
        (StatusReason.BOUNCE_RATE, {}, ""),
    ],
)
def test_the_figures_that_decided_are_told(reason: StatusReason, figures: dict[str, float], words: str) -> None:
    paused = CampaignDetail.model_construct(status_reason=reason, status_figures=figures, currency="EUR")
    assert pause_words.figures(paused) == words
