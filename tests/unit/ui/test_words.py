"""What the console says: figures with units, and texts of strangers that stay plain."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from camd.domain.campaign import CampaignStatus, StatusReason
from camd.schema.figures import Rate
from camd.ui import words


@given(st.text(max_size=200))
def test_markdown_reads_nothing_into_a_strangers_text(text: str) -> None:
    inline = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parseInline(words.plain(text))
    kinds = {child.type for token in inline for child in token.children or ()}
    assert kinds <= {"text", "text_special"}


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://stranger.example/pixel.png)",
        "[x](https://stranger.example)",
        "<img src=x>",
        ":red[x]",
        "$x$",
        "`x`",
    ],
)
def test_every_sign_that_begins_a_picture_a_link_or_a_colour_is_escaped(text: str) -> None:
    plain = words.plain(text)
    assert all(plain[place - 1] == "\\" for place, sign in enumerate(plain) if sign in "![<:$`")


@pytest.mark.parametrize(
    "text", ["see https://stranger.example", "_HTTP://x.example", "www.x.example", "ann@x.example"]
)
def test_what_looks_like_an_address_is_no_link_either(text: str) -> None:
    # The patterns that mdast-util-gfm-autolink-literal looks for in text, whatever is escaped there.
    plain = words.plain(text).replace("\\", "")
    assert not re.search(r"(?i)https?://|www(?=\.)|[-.\w+]+@[-\w]+\.", plain)
    assert plain.replace("\u2060", "") == text


def test_a_text_on_several_lines_fits_into_a_label() -> None:
    assert words.plain("one\n\n# two\tthree") == "one \\# two three"


def test_every_status_and_every_reason_has_words() -> None:
    assert set(words.STATUS) == set(CampaignStatus)
    assert set(words.REASON) == set(StatusReason)
    assert words.standing(CampaignStatus.PAUSED, StatusReason.GOAL_REACHED) == "paused: the goal is reached"
    assert words.standing(CampaignStatus.ACTIVE, None) == "active"


@pytest.mark.parametrize(
    ("amount", "told"),
    [(Decimal(250), "250 EUR"), (Decimal("1250.5"), "1,250.50 EUR"), (0.1 + 0.2, "0.30 EUR"), (0, "0 EUR")],
)
def test_money_has_its_currency_and_cents_only_where_there_are_some(amount: Decimal | float, told: str) -> None:
    assert words.money(amount, "EUR") == told


@pytest.mark.parametrize(
    ("fraction", "told"), [(0.0, "0 %"), (0.0001, "under 0.1 %"), (0.042, "4.2 %"), (0.5, "50 %"), (1.0, "100 %")]
)
def test_a_rate_above_none_never_looks_like_none(fraction: float, told: str) -> None:
    assert words.percent(fraction) == told


def test_a_rate_comes_with_what_it_is_of() -> None:
    assert words.rate(Rate(value=0.25, count=3, of=12), "contacted") == "25 % (3 of 12 contacted)"
    assert words.rate(Rate(value=0, count=0, of=0), "contacted") == "none contacted yet"


def test_an_instant_is_told_in_its_zone() -> None:
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert words.moment(at, "Europe/Vienna") == "Tue 24 Nov 2026, 09:00 Europe/Vienna"
    assert words.moment(None) == "never"
    assert words.clock(at, "Europe/Vienna") == "09:00:00"
    assert words.day(date(2026, 11, 4)) == "Wed 4 Nov"


@pytest.mark.parametrize(("number", "told"), [(0, "0 leads"), (1, "1 lead"), (1200, "1,200 leads")])
def test_a_count_has_its_noun(number: int, told: str) -> None:
    assert words.count(number, "lead") == told


def test_numbers_lists_and_words_of_the_engine() -> None:
    assert words.count(2, "reply", "replies") == "2 replies"
    assert words.number(Decimal("1200.50")) == "1,200.5"
    assert words.number(Decimal(100)) == "100"
    assert words.listed([], none="none yet") == "none yet"
    assert words.listed(["a", "b"]) == "a, b"
    assert words.told("mailbox:sales.day_limit") == "mailbox sales day limit"
    assert words.mode(dry_run=True) == "dry run"
