"""Lists of what waits: a page that was emptied gives way, and what comes waits for its reader."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.schema.page import Page
from camd.schema.touch import Touch


@dataclass
class Queue:
    """Two to a page."""

    ids: list[str]

    def read(self, cursor: str | None) -> Page[Touch]:
        start = int(cursor or 0)
        rest = self.ids[start : start + 2]
        following = str(start + 2) if len(self.ids) > start + 2 else None
        return Page.model_construct(items=[Touch.model_construct(id=id_) for id_ in rest], next=following)


def _page(queue: "Queue") -> None:
    import streamlit

    from camd.ui.queues import queued

    for item in queued(queue.read, key="q"):
        streamlit.text(item.id)


@pytest.fixture
def opened() -> Callable[[Queue], AppTest]:
    return lambda queue: AppTest.from_function(_page, kwargs={"queue": queue}, default_timeout=60).run()


def shown(page: AppTest) -> list[str]:
    return [text.value for text in page.text]


def test_a_page_that_was_emptied_gives_way_to_the_first(opened: Callable[[Queue], AppTest]) -> None:
    queue = Queue(["a", "b", "c"])
    page = opened(queue)
    page.button(key="q.older").click().run()
    assert shown(page) == ["c"]
    queue.ids.remove("c")
    page.run()
    assert shown(page) == ["a", "b"]


def test_where_nothing_is_new_no_button_asks(opened: Callable[[Queue], AppTest]) -> None:
    page = opened(Queue(["a"]))
    assert shown(page) == ["a"]
    assert not page.button
