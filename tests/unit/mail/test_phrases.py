import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mail.phrases import fold, phrases, sentences


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Réponse AUTOMATIQUE", "reponse automatique"),
        ("Grüße, Łódź, smørrebrød", "grusse, lodz, smorrebrod"),
        ("I\u2019m", "i'm"),
        ("８月１４日", "8月14日"),
        ("a\nb", "a\nb"),
    ],
)
def test_case_accents_and_forms_make_no_difference(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("out of office", "I am OUT\n of  office!"),
        ("nicht (im|am) platz", "ich bin nicht am Platz."),
        ("verzöger*", "VERZÖGERUNG der Zustellung"),
        ("message ~failed", "message to bob@x.example on 3.8. failed"),
        ("message ~failed", "message, as it is, failed"),
        ("(my |)absence", "during absence"),
        ("不在", "本日不在です"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    assert phrases(f"# language\n{phrase}").search(fold(text))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("out", "about it"),
        ("message ~failed", "message sent. It failed"),
        ("message ~failed", f"message {'x' * 60} failed"),
        ("is ~full", "the island has fullness"),
        ("language", "# language"[2:5]),
    ],
)
def test_parts_of_words_and_other_sentences_are_not(phrase: str, text: str) -> None:
    assert not phrases(phrase).search(fold(text))


def test_a_line_that_begins_with_a_bar_goes_on_with_the_one_before() -> None:
    pattern = phrases("i am (away\n        |absent)\nno answer")
    assert pattern.search("i am absent")
    assert pattern.search("no answer")
    assert not pattern.search("absent")


def test_a_date_ends_no_sentence() -> None:
    assert sentences("I am out until 14. August. Call me!\n\nBob") == ["I am out until 14. August", "Call me!", "Bob"]


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text)
    assert fold(once) == fold(fold(once))
