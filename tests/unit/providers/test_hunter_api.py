"""Hunter's words, and the settings of the operator."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from camd.domain.facts import Verdict
from camd.providers.hunter_api import HunterSettings, evidence_of, verdict_of


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("valid", Verdict.VALID),
        ("invalid", Verdict.INVALID),
        ("accept_all", Verdict.CATCH_ALL),
        ("webmail", Verdict.FREEMAIL),
        ("disposable", Verdict.INVALID),
        ("unknown", Verdict.UNKNOWN),
        ("quantum", Verdict.UNKNOWN),
        (None, None),
        ({"valid": True}, None),
    ],
)
def test_each_status_has_its_verdict(status: object, verdict: Verdict | None) -> None:
    assert verdict_of(status) is verdict


@pytest.mark.parametrize(
    ("status", "accept_all", "verdict"),
    [
        (None, True, Verdict.CATCH_ALL),
        (None, False, None),
        (None, "true", None),
        ("valid", True, Verdict.VALID),
        ("invalid", True, Verdict.INVALID),
    ],
)
def test_a_domain_that_accepts_everything_counts_only_where_the_address_has_no_status(
    status: object, accept_all: object, verdict: Verdict | None
) -> None:
    assert verdict_of(status, accept_all) is verdict


@pytest.mark.parametrize(
    ("status", "score", "day", "words"),
    [
        ("accept_all", 62, None, "hunter: accept_all, score 62"),
        ("valid", 94, "2026-10-30", "hunter: valid on 2026-10-30, score 94"),
        ("valid", None, "mara@x.io", "hunter: valid"),
        ("mara@nordwind.example", 101, None, "hunter: a status of its own"),
        (None, "62", None, "hunter: not verified, score 62"),
    ],
)
def test_the_evidence_holds_known_words_only(status: object, score: object, day: object, words: str) -> None:
    assert evidence_of(status, score, day) == words


def test_half_a_credit_is_written_as_a_number_in_the_settings() -> None:
    assert HunterSettings.model_validate({"verification_credits": 0.5}).verification_credits == Decimal("0.5")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_duration", 2),
        ("max_duration", 21),
        ("verification_credits", -1),
        ("credits_per_day", -1),
        ("credits_per_day", "NaN"),
        ("base_url", "http://hunter.example"),
        ("api_key", "two words"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        HunterSettings.model_validate({name: value})
