"""Message-IDs: the same for the same touch, recognised as ours, made by nobody else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.domain.facts import CampaignId, LeadId
from camd.domain.message_id import is_ours, message_id, with_domain_of

KEY, OTHER_KEY = bytes(32), bytes(31) + b"\1"
TOUCHES = st.tuples(st.integers(1, 99), st.text(max_size=30), st.integers(1, 9), st.integers(1, 9))


def made(touch: tuple[int, str, int, int], key: bytes = KEY) -> str:
    campaign, lead, step, version = touch
    return message_id(
        key,
        campaign_id=CampaignId(campaign),
        lead_id=LeadId(lead),
        step=step,
        steps_version=version,
        sender="ann@acme.example",
    )


@given(TOUCHES, TOUCHES)
def test_one_touch_has_one_id_and_no_other_touch_has_it(
    one: tuple[int, str, int, int], other: tuple[int, str, int, int]
) -> None:
    assert (made(one) == made(other)) is (one == other)


@given(TOUCHES)
def test_an_id_is_known_as_ours_by_its_key_alone(touch: tuple[int, str, int, int]) -> None:
    assert is_ours(KEY, made(touch))
    assert not is_ours(OTHER_KEY, made(touch))
    assert made(touch) != made(touch, OTHER_KEY)


@given(st.text(max_size=60))
def test_what_others_write_is_never_ours(found: str) -> None:
    assert not is_ours(KEY, found)


def test_an_id_is_made_of_letters_digits_and_one_dot() -> None:
    token, _, domain = made((1, "ld_1", 1, 1)).partition("@")
    assert set(token) <= set(string.ascii_lowercase + string.digits + ".")
    assert domain == "acme.example"
    assert len(token.partition(".")[0]) == 24


def test_the_domain_is_an_a_label() -> None:
    assert with_domain_of("ann@Bücher.example", "t") == "t@xn--bcher-kva.example"
    with pytest.raises(Invalid):
        with_domain_of("ann@a b", "t")
