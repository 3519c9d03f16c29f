"""Cursors: opaque, of one list, and refused when they are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.schema.page import checked_limit, cut, decode_cursor, encode_cursor


@given(st.text(min_size=1))
def test_a_cursor_gives_its_row_back(row: str) -> None:
    assert decode_cursor("leads", encode_cursor("leads", row)) == row


@given(st.text())
def test_whatever_is_no_cursor_names_the_parameter(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor("leads", text + "!")
    assert refused.value.field == "cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Invalid):
        decode_cursor("leads", encode_cursor("imports", "im_1"))


def test_a_page_goes_on_only_where_a_row_is_left() -> None:
    rows = [("3", "c"), ("2", "b"), ("1", "a")]
    assert cut(rows, 3, "x").next is None
    page = cut(rows, 2, "x")
    assert page.items == ["c", "b"]
    assert decode_cursor("x", str(page.next)) == "2"


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_limit_is_1_to_500(limit: int) -> None:
    with pytest.raises(Invalid):
        checked_limit(limit)
