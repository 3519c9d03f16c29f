"""The end of every mail, in the campaign's language or the operator's words."""

import pytest

from camd.mail.footers import FOOTERS, REPLIES, footer_template, way_out
from camd.mail.render import JinjaRenderer
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.settings import SenderSettings
from camd.system import SystemClock

SENDER = SenderSettings("Ann Lee", "Acme", "1 High Street, Leeds")
URL = "https://mail.acme.example/u/t"
RENDERER = JinjaRenderer(SystemClock())
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ja")


def test_ten_languages_are_spoken() -> None:
    assert set(FOOTERS) == set(REPLIES) == set(LANGUAGES)
    assert len(set(FOOTERS.values())) == len(set(REPLIES.values())) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("url", [None, URL])
def test_a_footer_says_who_writes_from_where_and_how_to_opt_out(language: str, url: str | None) -> None:
    footer = RENDERER.footer(language, SENDER, url)
    assert isinstance(footer, Rendered)
    assert footer.body.startswith("-- \nAnn Lee, Acme\n1 High Street, Leeds\n")
    assert (url or REPLIES[language]) in footer.body


@pytest.mark.parametrize(("language", "spoken"), [("pt-br", "pt"), ("de-at", "de"), ("ja", "ja"), ("xx", "en")])
def test_a_language_falls_back_to_its_base_and_to_english(language: str, spoken: str) -> None:
    assert footer_template(language, {}) == FOOTERS[spoken]
    assert way_out(language, None) == REPLIES[spoken]


def test_the_operators_words_come_first() -> None:
    words = {"de": "{{ sender.postal_address }} / {{ opt_out }}", "pt-br": "BR"}
    assert footer_template("de-at", words) == words["de"]
    assert footer_template("pt-br", words) == "BR"
    footer = RENDERER.footer("de", SenderSettings("A", "B", "C", footers=words), URL)
    assert footer == Rendered("", f"C / {URL}\n")


def test_what_the_sender_lacks_is_named() -> None:
    assert RENDERER.footer("en", SenderSettings("Ann", "Acme", None), URL) == Missing("postal_address")


def test_a_broken_override_is_a_problem_of_step_0() -> None:
    footer = RENDERER.footer("en", SenderSettings("A", "B", "C", footers={"en": "{% if %}"}), URL)
    assert isinstance(footer, TemplateProblem)
    assert footer.step == 0
