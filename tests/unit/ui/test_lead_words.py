"""What is told of a lead: every word of the engine has one, and a refusal says why and until when."""

from datetime import UTC, datetime

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.facts import Verdict
from camd.domain.lead import Action, HoldReason, LeadStatus, LostReason
from camd.domain.token_bucket import QuotaScope
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.schema.lead import Check, Receipt
from camd.ui import lead_words

THEN = datetime(2026, 1, 6, 8, tzinfo=UTC)


def test_every_word_of_the_engine_is_told() -> None:
    assert set(lead_words.LOST) == set(LostReason)
    assert set(lead_words.HELD) == set(HoldReason)
    assert set(lead_words.VERDICT) == set(Verdict)
    assert set(lead_words.NEXT) == set(Action)
    assert set(lead_words.LIMITS) == set(QuotaScope)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Check(name="live", passed=True), "Live"),
        (
            Check(name="live", passed=False, reason="dry_run_campaign"),
            "Dry run: nobody is written to: the campaign is in dry run, see Go live",
        ),
        (
            Check(name="campaign_active", passed=False, reason="goal_reached"),
            "The campaign is not active: the goal is reached",
        ),
        (
            Check(name="no_hold", passed=False, reason="hold:out_of_office", until=THEN),
            "On hold: they are out of office, until Tue 6 Jan 2026, 09:00 Europe/Vienna",
        ),
        (Check(name="lead_status", passed=False, reason="replied"), "Its status ends the sequence: replied"),
        (
            Check(name="lead_status", passed=False, reason="opted_out"),
            "Its status ends the sequence: they asked for no more mail",
        ),
        (Check(name="mailbox", passed=False, reason="mailbox:sales"), "No mailbox can send: sales"),
        (Check(name="not_suppressed", passed=False, reason="suppressed"), lead_words.CHECKS["not_suppressed"][1]),
        (
            Check(name="quota:campaign", passed=False, reason="quota:campaign", until=THEN),
            "Used up for now: the campaign's mails a day, until Tue 6 Jan 2026, 09:00 Europe/Vienna",
        ),
        (Check(name="a_check_to_come", passed=False, reason="its_reason"), "a check to come: its reason"),
    ],
)
def test_a_check_says_what_it_found(check: Check, words: str) -> None:
    assert lead_words.check_words(check, "Europe/Vienna") == words


def receipt(**fields: object) -> Receipt:
    known: dict[str, object] = {
        "provider": "hunter",
        "operation": Operation.FIND,
        "status": LookupStatus.DONE,
        "result": LookupResult.NO_MATCH,
        "reserved": None,
        "credits": 0,
        "evidence": None,
        "asked_before": False,
        "asked_at": None,
        "settled_at": THEN,
    }
    return Receipt.model_validate(known | fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"credits": 1}, "hunter, find: no match, 1 credit, Tue 6 Jan 2026, 08:00 UTC"),
        ({"credits": 0.5}, "hunter, find: no match, 0.5 credits, Tue 6 Jan 2026, 08:00 UTC"),
        (
            {"credits": None, "reserved": 2, "result": None, "status": "asked", "settled_at": None},
            "hunter, find: asked, up to 2 credits, not settled yet",
        ),
        (
            {"asked_before": True, "settled_at": None},
            "hunter, find: no match, nothing paid: an earlier question had the answer",
        ),
    ],
)
def test_a_receipt_says_what_it_cost(fields: dict[str, object], words: str) -> None:
    assert lead_words.receipt_words(receipt(**fields), "UTC") == words


def test_a_status_says_its_reason() -> None:
    assert lead_words.standing_of(LeadStatus.LOST, LostReason.NO_REPLY) == "lost: they never answered"
    assert lead_words.standing_of(LeadStatus.REPLIED, None) == "replied"
