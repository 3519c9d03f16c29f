"""The console in a real browser, before a real daemon in the demonstration's mail world.

Pictures of every tab in both widths lie in the folder CAMD_PICTURES, where it is set, for somebody to look at.
"""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright", reason="the browser is driven by Playwright, of the extra ci")

from playwright.sync_api import expect

from camd.client import SyncCamdClient
from camd.domain.access import Scope
from camd.sandbox.smtp_door import free_port
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.schema.token import TokenBody
from tests.system.console_site import NARROW, PATIENCE_SECONDS, WIDE, browser, console, daemon, page_of
from tests.system.console_world import asking_address, csv_file, lost_address, people

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.system

NAME = "Spring"
TABS = {
    "Dashboard": "As it happens",
    "Campaigns": "Archive",
    "Create New": "8 · Summary",
    "Manual Run": "A cycle looks for people",
}
"""Each with words that it shows whatever there is."""
SUBJECT = "Booking an appointment at {{ company }}"
BODY = "Dear {{ first_name }},\n\nhow do new patients book at {{ company }}?\n\n{{ sender.name }}"
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


class Visitor:
    """Somebody before the page, who knows its words alone."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def opens(self, tab: str) -> None:
        self.page.get_by_role("tab", name=tab, exact=True).click()
        self.is_still()

    def section(self, name: str) -> None:
        self.page.get_by_role("radio", name=name, exact=True).or_(
            self.page.get_by_role("button", name=name, exact=True)
        ).first.click()
        self.is_still()

    def types(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")
        self.is_still()

    def chooses(self, label: str, option: str) -> None:
        field = self.page.get_by_role("combobox", name=re.compile(rf"{re.escape(label)}$"))
        field.click()
        field.fill(option)
        field.press("Enter")
        field.press("Tab")
        self.is_still()

    def presses(self, name: str) -> None:
        """A page that is still being drawn would close again what the press opens."""
        self.is_still()
        self.page.get_by_role("button", name=name).first.click()
        self.is_still()

    def reads(self, words: str) -> "Locator":
        found = self.page.get_by_text(words).first
        expect(found).to_be_visible()
        return found

    def is_still(self) -> None:
        """Until the script that the last deed began has run."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def picture(page: "Page", name: str) -> None:
    """Of the whole page, which scrolls inside the window."""
    if not (pictures := os.environ.get("CAMD_PICTURES")):
        return
    before = page.viewport_size
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    assert before is not None
    page.set_viewport_size({"width": before["width"], "height": max(height, before["height"])})
    page.wait_for_load_state("networkidle")
    page.screenshot(path=Path(pictures) / f"{name}.png")
    page.set_viewport_size(before)


@pytest.fixture(scope="module")
def started() -> "Iterator[Browser]":
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("world")
    with daemon(folder, free_port()):
        yield folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with console(folder) as address:
        yield address


def test_a_list_becomes_a_campaign_that_reaches_its_goal(started: "Browser", url: str) -> None:
    visitor = Visitor(page_of(started, url))
    try:
        story(visitor)
    finally:
        picture(visitor.page, "story")


def story(visitor: Visitor) -> None:
    create(visitor)
    see_the_dry_run(visitor)
    go_live(visitor)
    approve(visitor)
    resolve(visitor)
    classify(visitor)
    visitor.section("Overview")
    visitor.reads("the goal is reached")


def create(visitor: Visitor) -> None:
    """Nothing is stored before the last button."""
    visitor.opens("Create New")
    visitor.types("Name", NAME)
    visitor.types("Target: clients", "3")
    visitor.types("First mails spread over (hours)", "0.001")
    for day in ("Sat", "Sun"):
        visitor.section(day)
    visitor.chooses("From", "00:00")
    visitor.chooses("Until", "24:00")
    visitor.page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": csv_file()}
    )
    visitor.reads(f"{len(people())} people")
    visitor.reads("1 line is left out")
    visitor.types("Step 1: subject", SUBJECT)
    visitor.types("Step 1: text", BODY)
    visitor.reads("how do new patients book at Dental Harbourside?")
    visitor.presses("Create in dry run")
    visitor.reads(f"{len(people())} people of {len(people()) + 1} lines were added.")


def see_the_dry_run(visitor: Visitor) -> None:
    visitor.presses("Activate it now")
    visitor.reads("is active, in dry run")
    visitor.opens("Manual Run")
    visitor.chooses("Campaigns", NAME)
    visitor.presses("Run a cycle dry")
    visitor.reads("What came of it")
    visitor.reads("Booking an appointment at Dental Harbourside")


def go_live(visitor: Visitor) -> None:
    visitor.opens("Campaigns")
    visitor.section("Go live")
    visitor.reads("No test mail was sent since the last edit")
    visitor.presses("Send the test mails")
    visitor.reads("has a mail of each step")
    visitor.presses("Go live…")
    visitor.reads("Real people are written to from then on.")
    visitor.presses("Go live now")
    visitor.reads("is live: real people are written to")


def approve(visitor: Visitor) -> None:
    visitor.section("Approvals")
    expect(visitor.page.get_by_role("button", name="Approve", exact=True)).to_have_count(len(people()))
    visitor.presses(f"Approve the {len(people())} on this page")
    visitor.presses("Approve them")
    visitor.reads(f"{len(people())} mails may go out.")


def classify(visitor: Visitor) -> None:
    """The one whose answer is a question waits for a word."""
    visitor.section("Review")
    visitor.reads(asking_address())
    visitor.presses("Interested")
    visitor.reads("No answer waits for you.")


def resolve(visitor: Visitor) -> None:
    visitor.section("Unknown")
    visitor.reads(lost_address())
    visitor.presses("It was sent")
    visitor.reads("counts as sent")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_tab_fits_its_width_and_asks_nobody_but_the_console(
    started: "Browser", url: str, size: tuple[int, int], dark: bool
) -> None:
    visitor = Visitor(page_of(started, url, size, dark=dark))
    asked: set[str | None] = set()
    visitor.page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    visitor.page.reload()
    for tab, words in TABS.items():
        visitor.opens(tab)
        visitor.reads(words)
        expect(visitor.page.get_by_test_id("stSkeleton")).to_have_count(0)
        scrolled = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        picture(visitor.page, f"{tab.lower().replace(' ', '-')}-{size[0]}-{'dark' if dark else 'light'}")
        assert scrolled <= 0, f"{tab} is {scrolled} pixels wider than the window"
    assert asked <= {"127.0.0.1", None}  # none: what the page made itself


def test_the_keyboard_alone_reaches_every_tab(started: "Browser", url: str) -> None:
    first, *others = TABS
    page = page_of(started, url)
    page.get_by_role("tab", name=first, exact=True).focus()
    for tab in others:
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.get_by_role("tab", name=tab, exact=True)).to_have_attribute("aria-selected", "true")


def test_what_a_stranger_wrote_becomes_no_link(started: "Browser", url: str, folder: Path) -> None:
    hostile = (
        "![p](https://stranger.example/p.png) www.stranger.example [x](https://stranger.example) a@stranger.example"
    )
    with SyncCamdClient(f"unix:{folder / 'api.sock'}") as client:
        made = client.create_campaign(CampaignBody(name="Hostile", target_niche=hostile, description=hostile))
        lead = LeadBody(email="ann@dental-oakfield-uk.example", last_name=hostile, company=hostile, title=hostile)
        client.add_lead(made.id, lead)
        page = page_of(started, f"{url}?tab=Campaigns&campaign={made.id}")
        visitor = Visitor(page)
        visitor.reads("draft, not started")
        for section in ("Leads", "Overview", "Edit"):
            visitor.section(section)
            page.wait_for_load_state("networkidle")
            expect(page.locator("a[href*=stranger], img[src*=stranger]")).to_have_count(0)
        visitor.opens("Dashboard")
        visitor.reads("Hostile")
        expect(page.locator("a[href*=stranger], img[src*=stranger]")).to_have_count(0)
        client.archive(made.id)


def test_a_question_that_was_answered_with_a_double_click_closes(started: "Browser", url: str, folder: Path) -> None:
    with SyncCamdClient(f"unix:{folder / 'api.sock'}") as client:
        client.create_campaign(CampaignBody(name="Asked"))
    visitor = Visitor(page_of(started, f"{url}?tab=Manual+Run"))
    visitor.chooses("Campaigns", "Asked")
    visitor.page.get_by_text("Dry run: write to nobody").click()
    visitor.presses("Run a cycle live")
    visitor.reads("No mail may go out")
    visitor.page.get_by_role("button", name="Run now").dblclick()
    visitor.reads("Done: 1 of 1 cycle")
    expect(visitor.page.get_by_test_id("stPopoverBody")).to_have_count(0)


class TestAway:
    """The daemon dies, hangs and comes back while somebody types."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> tuple[Path, int]:
        return tmp_path, free_port()

    def test_it_says_so_and_goes_on_without_a_reload(self, started: "Browser", place: tuple[Path, int]) -> None:
        folder, _ = place
        with daemon(*place) as first, console(folder) as url:
            page = page_of(started, url)
            visitor = Visitor(page)
            visitor.opens("Create New")
            visitor.types("Name", NAME)
            page.evaluate("window.was_never_reloaded = true")
            first.send_signal(signal.SIGSTOP)
            visitor.reads("camd does not answer, or is slow to")
            first.send_signal(signal.SIGCONT)
            expect(page.get_by_text("camd does not answer")).to_have_count(0)
            first.kill()
            first.wait(PATIENCE_SECONDS)
            visitor.reads("camd does not answer")
            with daemon(*place):
                expect(page.get_by_text("camd does not answer")).to_have_count(0)
                expect(page.get_by_label("Name", exact=True)).to_have_value(NAME)
                assert page.evaluate("window.was_never_reloaded")

    def test_a_revoked_token_asks_who_is_there_and_nothing_else(
        self, started: "Browser", place: tuple[Path, int]
    ) -> None:
        folder, _ = place
        with daemon(*place), SyncCamdClient(f"unix:{folder / 'api.sock'}") as client, console(folder) as url:
            visitor = Visitor(page_of(started, url))
            visitor.reads("Campaigns")
            made = client.create_token(TokenBody(name="ada", scope=Scope.OPERATE))
            visitor.page.reload()
            visitor.reads("Who are you?")
            visitor.page.get_by_label("Token").fill(made.token)
            visitor.presses("Go on")
            visitor.reads("Dashboard")
            client.revoke_token(made.id)
            visitor.reads("The token was revoked")
            visitor.reads("Who are you?")
