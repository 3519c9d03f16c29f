import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.inbound import CONSEQUENCES, BounceKind, Consequence, InboundClass, judge_status_code
from camd.domain.lead import HoldReason, Outside
from camd.domain.suppression import SuppressionReason

EXPECTED = {
    "human_positive": Consequence(Outside.POSITIVE_ANSWER, None, None, review=True),
    "human_negative": Consequence(Outside.NEGATIVE_ANSWER, None, None, review=False),
    "human_neutral": Consequence(Outside.NEUTRAL_ANSWER, None, None, review=True),
    "opt_out_request": Consequence(Outside.OPT_OUT, SuppressionReason.OPTED_OUT, None, review=False),
    "out_of_office": Consequence(None, None, HoldReason.OUT_OF_OFFICE, review=False),
    "auto_reply": Consequence(),
    "hard_bounce": Consequence(Outside.HARD_BOUNCE, SuppressionReason.HARD_BOUNCE, None, review=False),
    "soft_bounce": Consequence(),
    "delayed": Consequence(),
    "complaint": Consequence(Outside.COMPLAINT, SuppressionReason.COMPLAINED, None, review=False),
    "challenge": Consequence(None, None, HoldReason.NEEDS_REVIEW, review=True),
    "own_copy": Consequence(),
    "unrelated": Consequence(),
}
HARD, SOFT, SENDER, OTHER = BounceKind


def test_each_class_has_exactly_its_consequence() -> None:
    assert {str(name): consequence for name, consequence in CONSEQUENCES.items()} == EXPECTED


def test_every_class_is_in_the_table() -> None:
    assert set(CONSEQUENCES) == set(InboundClass)


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", " 5.1.1 "])
def test_a_code_that_names_a_dead_address_is_hard(code: str) -> None:
    assert judge_status_code(code, "") is HARD


@pytest.mark.parametrize("code", ["5.1.7", "5.1.8", "5.1.90", "5.4.5", "5.7.0", "5.7.1", "5.7.515"])
def test_a_code_about_the_sender_is_our_trouble(code: str) -> None:
    assert judge_status_code(code, "550 user unknown") is SENDER


@pytest.mark.parametrize("code", ["4.2.2", "4.7.28", "4.1.1"])
def test_a_code_that_begins_with_4_is_soft(code: str) -> None:
    assert judge_status_code(code, "user unknown") is SOFT


@pytest.mark.parametrize("code", ["5.0.0", "5.1.0", "5.1.100", "5.2.2", "5.3.4", "5.4.6", "2.1.5"])
def test_any_other_code_is_left_to_a_person_whatever_its_text(code: str) -> None:
    assert judge_status_code(code, "550 user unknown") is OTHER


@pytest.mark.parametrize(
    "text",
    [
        "550 User unknown in virtual alias table",
        "550 No such user here",
        "mailbox not found",
        "The recipient address does not exist",
        "553 unknown recipient",
        "550 Domain not found",
        "Host unknown",
    ],
)
@pytest.mark.parametrize("code", [None, "", "550", "5.1"])
def test_without_a_code_a_text_that_names_an_unknown_user_or_domain_is_hard(code: str | None, text: str) -> None:
    assert judge_status_code(code, text) is HARD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "550 Blocked by policy",
        "552 mailbox full",
        "550 Requested action not taken: mailbox unavailable",
        "Sender address rejected: Domain not found",
        "550 Client host rejected: host unknown",
        "550 unknown error",
    ],
)
def test_without_a_code_any_other_text_is_left_to_a_person(text: str) -> None:
    assert judge_status_code(None, text) is OTHER


def test_without_a_code_a_reply_of_400_is_soft_even_if_it_names_a_user() -> None:
    assert judge_status_code(None, "450 user unknown, try again later") is SOFT


@given(st.none() | st.text(max_size=10) | st.from_regex(r"\A[245]\.\d{1,3}\.\d{1,3}\Z"), st.text(max_size=40))
def test_whatever_a_server_answers_has_a_kind(code: str | None, text: str) -> None:
    assert judge_status_code(code, text) in BounceKind
