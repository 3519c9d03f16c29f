import re
from base64 import b64encode
from dataclasses import astuple
from hashlib import sha256
from xml.etree import ElementTree as ET

import pytest

from camd.api.opt_out_page import (
    CONTENT_SECURITY_POLICY,
    WORDS,
    choose_language,
    done_page,
    later_page,
    question_page,
)

LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ja"}
PAGES = [question_page, done_page, later_page]
# HTML's elements, as far as the page has them: where each may stand and what it may have.
PARENTS = {
    "head": {"html"},
    "body": {"html"},
    "meta": {"head"},
    "title": {"head"},
    "style": {"head"},
    "main": {"body"},
    "footer": {"body"},
    "h1": {"main"},
    "p": {"main"},
    "form": {"main"},
    "input": {"form"},
    "button": {"form"},
}
ATTRIBUTES = {
    "html": {"lang"},
    "meta": {"charset", "name", "content"},
    "form": {"method"},
    "input": {"type", "name", "value"},
    "button": {"type"},
}


def tree(html: str) -> ET.Element:
    """Fails where a tag is not closed or an attribute not quoted: the page is XML as well."""
    assert html.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(html)


def test_there_are_ten_languages_and_no_word_is_missing() -> None:
    assert WORDS.keys() == LANGUAGES
    assert all(all(astuple(words)) for words in WORDS.values())
    assert len({words.done for words in WORDS.values()}) == len(LANGUAGES)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_valid_in_every_language(language: str, page: object) -> None:
    assert callable(page)
    root = tree(page(language, "Müller & Söhne"))
    assert (root.tag, root.attrib) == ("html", {"lang": language})
    for parent in root.iter():
        assert set(parent.attrib) <= ATTRIBUTES.get(parent.tag, set())
        assert all(parent.tag in PARENTS[child.tag] for child in parent)
    assert [each.tag for each in root] == ["head", "body"]
    assert [len(root.findall(path)) for path in ("head/title", "body/main", "body/main/h1")] == [1, 1, 1]
    assert root.findtext("body/footer") == "Müller & Söhne"


@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_the_page_comes_from_elsewhere(page: object) -> None:
    assert callable(page)
    html = page("en", "Acme")
    assert not re.search(r"\s(src|href|action|srcset|on\w+)\s*=|url\(|@import|<script|<link|<img|https?:", html)


def test_the_question_has_one_button_that_sends_what_mail_programs_send() -> None:
    root = tree(question_page("de", None))
    assert [form.get("method") for form in root.iter("form")] == ["post"]
    assert [(each.get("name"), each.get("value")) for each in root.iter("input")] == [("List-Unsubscribe", "One-Click")]
    assert [button.text for button in root.iter("button")] == ["Abmelden"]


@pytest.mark.parametrize("page", [done_page, later_page])
def test_there_is_nothing_left_to_press_afterwards(page: object) -> None:
    assert callable(page)
    assert list(tree(page("en", None)).iter("form")) == []


def test_a_senders_name_cannot_become_part_of_the_page() -> None:
    root = tree(question_page("en", "<script>alert(1)</script>"))
    assert root.findtext("body/footer") == "<script>alert(1)</script>"


def test_the_policy_allows_this_style_and_nothing_else() -> None:
    style = tree(question_page("en", None)).findtext("head/style") or ""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'" in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("of_campaign", "accepted", "chosen"),
    [
        (None, "", "en"),
        ("de", "fr", "de"),
        ("pt-br", "fr", "pt"),
        ("fi", "fr", "fr"),
        ("fi", "fi", "en"),
        (None, "sv", "sv"),
        (None, "pl-PL, en;q=0.5", "pl"),
        (None, "en;q=0.1, ja;q=0.9", "ja"),
        (None, "en; q=0.1 , NL ; q=1.0", "nl"),
        (None, "fi, it;q=0.3, es;q=0.2", "it"),
        (None, "de;q=0", "en"),
        (None, "de;q=much, fr;q=0.1", "fr"),
        (None, ",;,*;q=0.5", "en"),
        (None, "x," * 1000 + "de", "en"),
    ],
)
def test_the_language_is_the_campaigns_else_the_readers_else_english(
    of_campaign: str | None, accepted: str, chosen: str
) -> None:
    assert choose_language(of_campaign, accepted) == chosen
