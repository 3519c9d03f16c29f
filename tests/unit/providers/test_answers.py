"""What is believed of a vendor's JSON, and what is left out."""

import json
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.errors import Scope, Uncertain
from camd.providers import answers
from camd.providers.http import Answer

RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def answer(body: str, kind: str = "application/json") -> Answer:
    return Answer(200, {"content-type": kind}, body.encode())


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("  Head of Fleet ", "Head of Fleet"),
        ("", None),
        ("   ", None),
        ("Mara\r\nBcc: x", None),
        ("Mara\nLinden", None),
        ("Mara\0", None),
        ("\ud800", None),
        ("x" * 200, "x" * 200),
        ("x" * 201, None),
        (7, None),
        (None, None),
        (["Mara"], None),
    ],
)
def test_text_is_one_line_of_bounded_length(value: object, read: str | None) -> None:
    assert answers.text(value) == read


def test_text_may_be_bounded_otherwise() -> None:
    assert (answers.text("abcd", 3), answers.text("abc", 3)) == (None, "abc")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (" Mara.Linden@Nordwind.example ", "Mara.Linden@nordwind.example"),
        ("email_not_unlocked@domain.com", None),
        ("Email_Not_Unlocked@nordwind.example", None),
        ("mara at nordwind", None),
        ("mara@nordwind.example\r\nBcc: x@y.example", None),
        ("\ud800@nordwind.example", None),
        (None, None),
        (5, None),
    ],
)
def test_an_address_is_one_that_mail_can_go_to(value: object, read: str | None) -> None:
    assert answers.address(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, 5),
        (0, 0),
        (5.0, 5),
        (5.5, None),
        ("5", 5),
        (" 5.0 ", 5),
        ("5.5", None),
        ("five", None),
        ("1e3", None),
        ("\u0665", None),
        ("999999999999999", 999999999999999),
        (-1, None),
        ("-1", None),
        (True, None),
        (None, None),
        (10**30, None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_a_whole_number_may_be_written_in_several_ways(value: object, read: int | None) -> None:
    assert answers.whole(value) == read


def test_a_whole_number_may_have_another_least() -> None:
    assert (answers.whole(-5, least=-10), answers.whole(0, least=1)) == (-5, None)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1, Decimal(1)),
        (0.5, Decimal("0.5")),
        (0.1 + 0.2, Decimal("0.3")),
        ("0.125", Decimal("0.125")),
        ("1.0005", Decimal("1.001")),
        (-1, None),
        ("-0.5", None),
        (-0.0, Decimal(0)),
        (True, None),
        ("", None),
        ("NaN", None),
        ("Infinity", None),
        (float("inf"), None),
        (float("nan"), None),
        (10**40, None),
        (1e-300, Decimal(0)),
        (None, None),
        ([], None),
    ],
)
def test_credits_are_what_is_written_to_the_thousandth(value: object, read: Decimal | None) -> None:
    assert answers.credits(value) == read


def test_raw_is_compact_and_bounded() -> None:
    assert answers.raw({"a": [1, "é"]}) == '{"a":[1,"\\u00e9"]}'
    assert len(answers.raw({"a": "x" * 5_000})) == 4_000


def test_raw_of_what_is_nested_too_deeply_is_said_to_be_so() -> None:
    nested: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 100):
        nested = [nested]
    assert answers.raw(nested) == '"nested too deeply"'


@pytest.mark.parametrize(
    ("value", "read"),
    [([{"a": 1}, None, 3, {}], [{"a": 1}, None, None, {}]), ([], []), (None, []), ({"a": 1}, []), ("ab", [])],
)
def test_objects_keep_their_places(value: object, read: list[dict[str, Any] | None]) -> None:
    assert answers.objects(value) == read


@pytest.mark.parametrize(
    ("value", "read"), [("Germany", "DE"), ("de", "DE"), ("Atlantis", "Atlantis"), ("", None), (49, None)]
)
def test_a_country_is_its_code_where_it_is_understood(value: object, read: str | None) -> None:
    assert answers.country(value) == read


def test_an_object_is_unspoilt() -> None:
    assert answers.unspoilt(answer('{"data": {}}'), "Hunter") == {"data": {}}


@pytest.mark.parametrize(
    "spoilt",
    [answer("[]"), answer("null"), answer(""), answer('{"data":'), answer("{}", "text/html"), answer("{}", "")],
    ids=["list", "null", "empty", "cut off", "HTML", "no type"],
)
def test_nobody_knows_what_a_spoilt_answer_did(spoilt: Answer) -> None:
    with pytest.raises(Uncertain, match=r"^Hunter: 200 with") as caught:
        answers.unspoilt(spoilt, "Hunter")
    assert caught.value.scope is Scope.PROVIDER


@settings(max_examples=100)
@given(RUBBISH)
def test_whatever_stands_there_nothing_fails_and_what_is_read_can_be_stored(value: object) -> None:
    for read in (answers.text(value), answers.address(value), answers.country(value), answers.raw(value)):
        assert read is None or (read.encode() and "\n" not in read)
    assert answers.whole(value) is None or answers.whole(value) in range(10**15)
    amount = answers.credits(value)
    assert amount is None or (0 <= amount <= 10**9 and json.dumps(str(amount)))
    assert all(item is None or isinstance(item, dict) for item in answers.objects(value))
