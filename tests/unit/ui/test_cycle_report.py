"""A CycleReport in words."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

# ruff: noqa: E402 - what comes below needs Streamlit
streamlit = pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.lead import HoldReason
from camd.domain.token_bucket import QuotaScope
from camd.schema.preview import Preview
from camd.schema.report import CycleError, CycleReport
from camd.ui import cycle_report

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
REASONS = (
    "dry_run_instance",
    "dry_run_campaign",
    "dry_run_call",
    "not_active",
    "kill_switch",
    "recovery_hold",
    "gate_closed",
    "approval",
    "window",
    "nothing_due",
    "mailbox:sales",
    *(f"quota:{scope}" for scope in QuotaScope),
    *(f"hold:{reason}" for reason in HoldReason),
)


def shown(report: CycleReport, *previews: Preview) -> AppTest:
    def page(show: "Callable[..., None]", report: "CycleReport", previews: "list[Preview]") -> None:
        show(report, previews, "Europe/Vienna")

    given = {"show": cycle_report.show, "report": report, "previews": list(previews)}
    return AppTest.from_function(page, default_timeout=60, kwargs=given).run()


def told(page: AppTest) -> str:
    return "\n".join(item.value for item in (*page.error, *page.markdown, *page.caption, *page.text, *page.code))


@pytest.mark.parametrize("reason", REASONS)
def test_no_reason_to_wait_is_told_as_a_code(reason: str) -> None:
    words = cycle_report.wait_words(reason, 3)
    assert "_" not in words.replace("\\_", "_")
    assert words.replace("\\", "") != reason


def test_a_reason_that_holds_leads_back_says_how_many_and_one_of_the_whole_campaign_does_not() -> None:
    assert cycle_report.wait_words("approval", 3).endswith("(3 leads)")
    assert "lead" not in cycle_report.wait_words("kill_switch", 1)


def test_a_reason_of_a_newer_camd_is_told_as_it_is() -> None:
    assert cycle_report.wait_words("moon_phase", 1) == "moon phase (1 lead)"


def test_a_dry_report_says_what_a_live_one_would_have_paid() -> None:
    report = CycleReport(campaign_id=1, campaign_name="A", dry_run=True, would_spend={"vendor": 2.5, "other": 1.0})
    page = shown(report)
    assert "A live cycle would have paid: other 1 credit, vendor 2.5 credits" in told(page).replace("\\", "")
    assert "Mails sent" not in [metric.label for metric in page.metric]


def test_a_live_report_says_what_became_of_the_mails_and_when_it_looks_again() -> None:
    report = CycleReport(
        campaign_id=1,
        campaign_name="A",
        dry_run=False,
        outreach_sent=4,
        outreach_unknown=1,
        campaign_paused="goal_reached",
        next_wake_at=NOW,
        errors=[CycleError(stage="enrich", scope="provider", message="key [refused](http://x.example)")],
    )
    page = shown(report)
    figures = {metric.label: metric.value for metric in page.metric}
    assert (figures["Mails sent"], figures["Perhaps arrived"]) == ("4", "1")
    assert "**The campaign was paused**: the goal is reached." in told(page)
    assert "09:00 Europe/Vienna" in told(page)
    assert "[refused](" not in told(page)


def test_a_mail_to_come_is_shown_with_its_text_and_its_time() -> None:
    preview = Preview(
        campaign_id=1,
        lead_id="l",
        step=2,
        due_at=NOW,
        mailbox="sales",
        email="ann@one.example",
        subject="*Hello*",
        body="Hi Ann",
    )
    page = shown(CycleReport(campaign_id=1, campaign_name="A", dry_run=True), preview)
    assert page.expander[0].label == "Step 2 · \\*Hello\\*"
    assert "To ann@one.example, from sales, not before Tue 24 Nov 2026, 09:00 Europe/Vienna" in told(page)
    assert page.code[0].value == "Hi Ann"


def test_without_a_mail_to_come_it_says_what_to_do() -> None:
    assert "add people or steps" in told(shown(CycleReport(campaign_id=1, campaign_name="A", dry_run=True)))
