"""Whom nobody writes to again."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.suppression import SuppressionReason
from camd.schema.suppression import SuppressionBody
from camd.ui import suppression_list
from tests.unit.ui.dashboard_world import Opened, said

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.unit.ui.conftest import ServedWorld


def values(page: "AppTest") -> list[str]:
    return [value for table in page.dataframe for value in table.value["Address or domain"]]


@pytest.fixture
def three(camd: "ServedWorld") -> None:
    camd.client.add_suppression(SuppressionBody(value="anna@one.example"))
    camd.client.add_suppression(SuppressionBody(value="two.example", reason=SuppressionReason.OBJECTED))
    camd.client.erase_person("gone@three.example")


def test_an_empty_list_says_how_it_fills(opened: Opened) -> None:
    assert "Nobody is suppressed yet." in said(opened(suppression_list.show))


@pytest.mark.usefixtures("three")
def test_the_list_is_searched_and_filtered(opened: Opened) -> None:
    page = opened(suppression_list.show)
    assert values(page) == ["address, of which only a hash is kept", "two.example", "anna@one.example"]
    page.text_input(key="suppressions.search").input("one").run()
    assert values(page) == ["anna@one.example"]
    page.text_input(key="suppressions.search").input("")
    page.selectbox(key="suppressions.reason").select(SuppressionReason.OBJECTED).run()
    assert values(page) == ["two.example"]


@pytest.mark.usefixtures("three")
def test_an_erasure_is_not_offered_to_be_taken_back(opened: Opened) -> None:
    page = opened(suppression_list.show)
    assert page.selectbox(key="suppressions.chosen").options == ["two.example", "anna@one.example"]


@pytest.mark.usefixtures("three")
def test_one_is_taken_back_after_a_question(camd: "ServedWorld", opened: Opened) -> None:
    page = opened(suppression_list.show)
    page.selectbox(key="suppressions.chosen").select_index(1).run()
    assert "camd may write to **anna@one.example** again" in said(page)
    page.button(key="suppressions.remove").click().run()
    assert "anna@one.example" not in [each.value for each in camd.client.suppressions().items]
    assert "anna@one.example is no longer suppressed." in said(page)
    assert "anna@one.example" not in values(page)


def test_one_is_added_with_its_reason_and_note(camd: "ServedWorld", opened: Opened) -> None:
    page = opened(suppression_list.show)
    assert page.button(key="suppressions.add.confirm").disabled
    page.text_input(key="suppressions.add.value").input("Blocked.example").run()
    page.selectbox(key="suppressions.add.reason").select(SuppressionReason.DO_NOT_CONTACT)
    page.text_input(key="suppressions.add.note").input("a rival")
    page.button(key="suppressions.add.confirm").click().run()
    [added] = camd.client.suppressions().items
    assert (added.value, added.reason, added.note) == ("blocked.example", SuppressionReason.DO_NOT_CONTACT, "a rival")
    assert "Nobody writes to blocked.example any more." in said(page)


def test_what_is_neither_an_address_nor_a_domain_is_told(camd: "ServedWorld", opened: Opened) -> None:
    page = opened(suppression_list.show)
    page.text_input(key="suppressions.add.value").input("nobody at all").run()
    page.button(key="suppressions.add.confirm").click().run()
    assert "is neither an address nor a domain" in said(page)
    assert camd.client.suppressions().items == []


def test_a_file_is_added_and_its_report_names_the_rejected_lines(camd: "ServedWorld", opened: Opened) -> None:
    camd.client.add_suppression(SuppressionBody(value="two.example"))
    page = opened(suppression_list.show)
    rows = b"email\nanna@one.example\ntwo.example\nnobody at all\n"
    page.file_uploader(key="suppressions.import.file").upload("them.csv", rows, "text/csv").run()
    page.button(key="suppressions.import.confirm").click().run()
    assert "3 rows read: 1 added, 1 known already, 1 rejected." in said(page)
    rejected = page.dataframe[0].value
    assert list(rejected["Line"]) == [4]
    page.button(key="suppressions.report.close").click().run()
    assert "rows read" not in said(page)


def test_a_note_is_shown_as_it_is(camd: "ServedWorld", opened: Opened) -> None:
    camd.client.add_suppression(SuppressionBody(value="one.example", note="![x](https://example.com/x.png)"))
    page = opened(suppression_list.show)
    assert list(page.dataframe[0].value["Note"]) == ["![x](https://example.com/x.png)"]
