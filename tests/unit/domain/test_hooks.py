from hypothesis import given
from hypothesis import strategies as st

from camd.domain import hooks
from camd.domain.campaign import Definition, SourceEntry
from camd.domain.facts import CampaignId
from camd.domain.opt_out import make_token as make_opt_out_token

KEY = bytes(range(32))
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}", fullmatch=True)
NUMBERS = st.integers(1, 2**47).map(CampaignId)


@given(number=NUMBERS, name=NAMES)
def test_a_token_names_its_campaign_and_is_always_the_same(number: CampaignId, name: str) -> None:
    token = hooks.make_token(KEY, number, name)
    assert token == hooks.make_token(KEY, number, name)
    assert hooks.read_token(KEY, name, token) == number
    assert hooks.path(KEY, number, name) == f"/hooks/{name}/{token}"


@given(number=NUMBERS, name=NAMES, other=NAMES, place=st.integers(0, 39), letter=st.sampled_from("AQaz09_-"))
def test_a_token_is_worth_nothing_for_another_name_key_or_campaign(
    number: CampaignId, name: str, other: str, place: int, letter: str
) -> None:
    token = hooks.make_token(KEY, number, name)
    assert name == other or hooks.read_token(KEY, other, token) is None
    assert hooks.read_token(bytes(32), name, token) is None
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or hooks.read_token(KEY, name, changed) is None


@given(name=st.text(), token=st.text())
def test_whatever_stands_in_an_address_is_read(name: str, token: str) -> None:
    assert hooks.read_token(KEY, name, token) is None
    assert hooks.read_token(KEY, "website", token) is None


def test_an_opt_out_token_opens_no_hook() -> None:
    assert hooks.read_token(KEY, "website", make_opt_out_token(KEY, "ann@acme.example")[:40]) is None


def test_names_fit_an_address_and_the_ledger() -> None:
    assert all(map(hooks.is_name, ("website", "Make-2", "a.b_c", "7", "x" * 50)))
    assert not any(map(hooks.is_name, ("", ".", "..", "-a", "a/b", "a b", "\u00e9", "a\n", "x" * 51, None, 7)))


def test_the_hooks_of_a_definition_have_places_and_the_first_of_a_name_counts() -> None:
    entries = [("csv", {"name": "list"}), ("hook", {"name": "a"}), ("hook", {}), ("hook", {"name": "a"})]
    definition = Definition("Q1", sources=tuple(SourceEntry(*entry) for entry in entries))
    assert hooks.named(definition) == [(1, "a"), (3, "a")]
    assert hooks.places(definition) == {"a": 1}
