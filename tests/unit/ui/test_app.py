"""The page as a whole: who is let in, what the line on top says, and what happens while camd is away."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.access import Scope
from camd.schema.status import KillSwitchBody
from camd.schema.token import TokenBody
from camd.ui import app, visitor

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

TABS = ["Dashboard", "Campaigns", "Create New", "Manual Run"]


@pytest.fixture
def page(camd: "ServedWorld") -> Callable[[], AppTest]:  # noqa: ARG001 - the page asks it
    return lambda: AppTest.from_file(app.__file__, default_timeout=120).run()


def said(page: AppTest) -> str:
    parts = (*page.error, *page.warning, *page.markdown, *page.caption, *page.success, *page.subheader)
    return "\n".join(str(part.value) for part in parts)


def test_there_are_four_tabs_and_the_first_is_open(page: Callable[[], AppTest]) -> None:
    shown = page()
    assert not shown.exception
    assert [tab.label for tab in shown.tabs if tab.label in TABS] == TABS


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_an_empty_camd_says_what_to_do(page: Callable[[], AppTest], tab: str) -> None:
    shown = page()
    shown.session_state["tab"] = tab
    shown.run()
    assert not shown.exception
    assert not shown.error


def test_the_line_on_top_says_that_nothing_is_sent_and_why(camd: "ServedWorld", page: Callable[[], AppTest]) -> None:
    assert "kill switch on" not in said(page())
    camd.client.set_kill_switch(KillSwitchBody(on=True, reason="enough"))
    assert "kill switch on: nothing is sent" in said(page())


def test_while_a_token_exists_each_visitor_gives_their_own_also_over_the_socket(
    camd: "ServedWorld", page: Callable[[], AppTest]
) -> None:
    made = camd.client.create_token(TokenBody(name="ada", scope=Scope.OPERATE))
    shown = page()
    assert not shown.tabs
    assert "Who are you?" in said(shown)
    shown.text_input[0].set_value(made.token)
    shown.button[0].click().run()
    assert [tab.label for tab in shown.tabs if tab.label in TABS] == TABS
    camd.client.revoke_token(made.id)
    shown.run()
    assert not shown.tabs
    assert "revoked" in said(shown)


def test_a_token_that_opens_nothing_is_asked_for_again(camd: "ServedWorld", page: Callable[[], AppTest]) -> None:
    camd.client.create_token(TokenBody(name="ada", scope=Scope.OPERATE))
    shown = page()
    shown.text_input[0].set_value("nonsense")
    shown.button[0].click().run()
    assert "The token is not known" in said(shown).replace("\\", "")
    assert shown.text_input


def test_what_a_visitor_does_stands_in_the_ledger_under_their_name(
    camd: "ServedWorld", page: Callable[[], AppTest]
) -> None:
    made = camd.client.create_token(TokenBody(name="ada", scope=Scope.ADMIN))
    shown = page()
    shown.text_input[0].set_value(made.token)
    shown.button[0].click().run()
    visitor._client(made.token).set_kill_switch(KillSwitchBody(on=True, reason="enough"))
    assert camd.client.kill_switch().by == "token:ada"


def test_while_camd_is_away_the_page_says_so_and_asks_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(visitor.SOCKET, str(tmp_path / "nobody.sock"))
    monkeypatch.setenv("CAMD_URL", "http://127.0.0.1:1")
    visitor._client.clear()
    shown = AppTest.from_file(app.__file__, default_timeout=120).run()
    visitor._client.clear()
    assert not shown.exception
    assert "camd does not answer" in said(shown)
    assert "goes on by itself" in said(shown)
