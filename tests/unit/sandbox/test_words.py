"""The table of sentences is whole in each language."""

from datetime import UTC, datetime

import pytest

from camd.sandbox.reactions import Reaction
from camd.sandbox.words import WRITTEN, all_words, words_for

SENT = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


@pytest.mark.parametrize("language", all_words())
def test_each_language_has_every_sentence_and_fills_it(language: str) -> None:
    words = all_words()[language]
    for reaction in WRITTEN:
        assert words.sentences[reaction]
        for sentence in words.sentences[reaction]:
            filled = sentence.format(us="Ada", me="Bob", until=words.day(SENT))
            assert "{" not in filled
            assert filled == filled.strip()
    assert all("{until}" in sentence for sentence in words.sentences[Reaction.AWAY])


@pytest.mark.parametrize("language", all_words())
def test_each_language_leads_over_to_our_mail(language: str) -> None:
    words = all_words()[language]
    for form in (words.gmail, words.apple):
        intro = words.leads_over(form, SENT, "Ada Example", "ada@studio.example")
        assert all(part in intro for part in ("2026", "09:14", "Ada Example", "<ada@studio.example>"))
    assert (len(words.outlook), len(words.weekdays), len(words.months)) == (4, 7, 12)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("\nDear Bob,\n", "en"),
        ("Guten Tag Bob,", "de"),
        ("Bonjour Bob,", "fr"),
        ("Hola Bob:", "es"),
        ("Dzień dobry,", "en"),
        ("", "en"),
    ],
)
def test_a_person_writes_as_they_were_greeted(text: str, language: str) -> None:
    assert words_for(text) is all_words()[language]


def test_a_day_is_written_as_its_language_does() -> None:
    days = {language: words.day(SENT) for language, words in all_words().items()}
    assert days == {"en": "2 March 2026", "de": "2. März 2026", "fr": "2 mars 2026", "es": "2 de marzo de 2026"}
