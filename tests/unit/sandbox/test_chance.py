"""The dice fall the same way each time, and as often as their shares say."""

from collections import Counter

from camd.sandbox.chance import by_share, fraction, one_of

WORDS = [f"word {number}" for number in range(5_000)]


def test_the_same_words_throw_the_same_in_any_letters() -> None:
    assert fraction("seed", "Ann@Firm.example") == fraction("Seed", "ann@firm.example")
    assert len({fraction("seed", word) for word in WORDS}) == len(WORDS)
    assert all(0 <= fraction("seed", word) < 1 for word in WORDS)


def test_each_option_comes() -> None:
    assert {one_of("abc", word) for word in WORDS} == set("abc")


def test_shares_are_of_a_thousand_and_the_rest_is_what_is_left() -> None:
    counted = Counter(by_share([("rare", 10), ("common", 300)], "rest", word) for word in WORDS)
    assert 0 < counted["rare"] < 0.02 * len(WORDS)
    assert 0.25 * len(WORDS) < counted["common"] < 0.35 * len(WORDS)
    assert counted["rest"] == len(WORDS) - counted["rare"] - counted["common"]
