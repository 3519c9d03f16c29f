"""What the dashboard's tests read off a page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

Opened = Callable[..., "AppTest"]


def said(page: "AppTest") -> str:
    """All that is written on the page, without the signs that keep it from being markdown."""
    assert not page.exception
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.text, *page.caption)
    texts = [str(part.value) for part in parts] + [bar.proto.text for bar in page.get("progress")]
    return "\n".join(texts).replace("\\", "").replace("\N{WORD JOINER}", "")


def keys(page: "AppTest") -> set[str | None]:
    return {button.key for button in page.button}
