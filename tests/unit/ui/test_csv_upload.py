"""A list before it is imported: what its columns fill, what is left out, and that nothing is stored."""

from collections.abc import Callable
from typing import Any

import pytest

# ruff: noqa: E402 - what comes below needs Streamlit
streamlit = pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.ui.csv_upload import CsvFile, csv_upload, forget_csv
from camd.ui.visitor import ConsoleClient

KEY = "try"
LIST = b"""First name,Mail here,Company,Shoe size
Ann,ann@one.example,One,38
Ben,not an address,Two,40
Eve,eve@three.example,Three,
"""

Upload = Callable[[bytes], AppTest]


@pytest.fixture
def files() -> list[CsvFile | None]:
    """What the visitor chose, the last run last."""
    return []


@pytest.fixture
def upload(opened: Callable[..., AppTest], files: list[CsvFile | None]) -> Upload:
    def show(client: ConsoleClient) -> None:
        if streamlit.checkbox("open", value=True, key="open"):
            files.append(csv_upload(client, key=KEY, campaign=None))

    def chosen(data: bytes) -> AppTest:
        page = opened(show)
        page.file_uploader[0].upload("people.csv", data, "text/csv")
        return page.run()

    return chosen


def told(page: AppTest) -> str:
    return "\n".join(item.value for item in (*page.error, *page.warning, *page.markdown, *page.caption))


def test_without_a_file_there_is_none(opened: Callable[..., AppTest], files: list[CsvFile | None]) -> None:
    opened(lambda client: files.append(csv_upload(client, key=KEY, campaign=None)))
    assert files == [None]


def test_a_column_that_was_not_recognised_is_put_right(upload: Upload, files: list[CsvFile | None]) -> None:
    page = upload(LIST)
    assert files[-1] is not None
    assert files[-1].mapping == {}
    assert "No column holds addresses" in told(page)
    page.selectbox(key="try.column.1.Mail here").set_value("email").run()
    assert files[-1].name == "people.csv"
    assert files[-1].data == LIST
    assert files[-1].mapping == {"Mail here": "email"}
    assert files[-1].check.added == 2
    assert "**2 people** would be added" in told(page)
    assert "No column holds addresses" not in told(page)


def test_lines_that_are_left_out_stand_there_with_their_reason(upload: Upload) -> None:
    page = upload(LIST.replace(b"Mail here", b"Email"))
    lines = page.dataframe[0].value
    assert list(lines["line"]) == [3]
    assert list(lines["reason"]) == ["bad email: there is no @ in it"]


def test_the_first_people_are_shown_and_nothing_is_stored(upload: Upload, camd: Any) -> None:
    page = upload(LIST.replace(b"Mail here", b"Email"))
    assert list(page.dataframe[1].value["e-mail"]) == ["ann@one.example", "eve@three.example"]
    assert camd.client.imports().items == []


def test_the_file_stays_while_another_tab_is_open(upload: Upload, files: list[CsvFile | None]) -> None:
    page = upload(LIST)
    page.selectbox(key="try.column.1.Mail here").set_value("email").run()
    page.checkbox(key="open").uncheck().run()
    page.checkbox(key="open").check().run()
    assert files[-1] == files[-2]
    assert files[-1] is not None


def test_another_file_can_be_taken(upload: Upload, files: list[CsvFile | None]) -> None:
    page = upload(LIST)
    page.button(key="try.forget").click().run()
    assert files[-1] is None
    assert page.file_uploader


def test_a_file_without_known_columns_is_told_with_the_mend(upload: Upload, files: list[CsvFile | None]) -> None:
    page = upload(b"a,b\n1,2\n")
    assert files[-1] is None
    assert "header" in told(page)
    assert not page.exception


def test_a_column_named_to_deceive_stays_plain(upload: Upload) -> None:
    page = upload(LIST.replace(b"Shoe size", b"![x](http://evil.example/x.png)"))
    labels = [box.label for box in page.selectbox]
    assert not any("![" in label for label in labels)
    assert len(labels) == 4


def test_a_forgotten_file_is_gone(opened: Callable[..., AppTest], files: list[CsvFile | None]) -> None:
    def show(client: ConsoleClient) -> None:
        files.append(csv_upload(client, key=KEY, campaign=None))
        streamlit.button("Forget", key="forget", on_click=forget_csv, args=(KEY,))

    page = opened(show)
    page.file_uploader[0].upload("people.csv", LIST, "text/csv")
    page.run()
    assert files[-1] is not None
    page.button(key="forget").click().run()
    assert files[-1] is None
