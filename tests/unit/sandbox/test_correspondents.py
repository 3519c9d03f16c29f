"""What people do with a mail, at once: a letter in the sender's maildir, or a button pressed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from mailbox import Maildir
from pathlib import Path

import anyio
import pytest
from aiohttp import web

from camd.sandbox.browser import Browser
from camd.sandbox.correspondents import Correspondents
from camd.sandbox.reactions import Reaction, reaction_of
from camd.sandbox.recipients import SEED, Manner, manner_of
from camd.sandbox.smtp_door import HOST
from camd.system import SystemClock

US = "ada@studio.example"
OTHER_OF_US = "hello@studio.example"
LINKS = "https://mail.studio.example"
NOBODY_LISTENS = 1
PATIENCE_SECONDS = 60


def somebody(reaction: Reaction, step: int = 1) -> str:
    """The first invented address that reacts so."""
    people = (f"ann.lee{number}@firm.example" for number in range(10_000))
    return next(
        address
        for address in people
        if manner_of(SEED, address) is Manner.ACCEPTS and reaction_of(SEED, address, step) is reaction
    )


def mail(text: str = "Dear Ann,\n\nHow do new patients book?\n", *, step: int = 1) -> bytes:
    earlier = " ".join(f"<{number}@studio.example>" for number in range(1, step))
    message = EmailMessage()
    message["From"] = f"Ada Example <{US}>"
    message["Subject"] = "Booking"
    message["Message-ID"] = f"<{step}@studio.example>"
    if earlier:
        message["References"] = earlier
    message.set_content(text)
    return message.as_bytes()


class Town:
    def __init__(self, folder: Path, port: int = NOBODY_LISTENS) -> None:
        self.inbox = folder / "inbox"
        self.other_inbox = folder / "other"
        inboxes = {US: self.inbox, OTHER_OF_US: self.other_inbox}
        self.people = Correspondents(inboxes, SystemClock(), Browser(LINKS, port), pace=0)

    def letters(self) -> list[EmailMessage]:
        box = Maildir(self.inbox, create=False)
        found = (box.get_bytes(key) for key in box.keys())  # noqa: SIM118 - a Maildir iterates over its messages
        return [message_from_bytes(each, _class=EmailMessage, policy=default) for each in found]

    async def run_until(self, is_over: Callable[[], object]) -> None:
        with anyio.fail_after(PATIENCE_SECONDS):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.people.run)
                while not is_over():
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()


@asynccontextmanager
async def opt_out_page() -> AsyncIterator[tuple[int, list[str]]]:
    """Its port, and what it was asked."""
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path} {await request.text()}".strip())
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/u/{token}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield runner.addresses[0][1], asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "reaction",
    [Reaction.INTERESTED, Reaction.ASKS, Reaction.DECLINES, Reaction.WANTS_OUT, Reaction.AWAY, Reaction.ACKNOWLEDGES],
)
async def test_who_writes_back_writes_one_letter_to_the_sender(tmp_path: Path, reaction: Reaction) -> None:
    town, person = Town(tmp_path), somebody(reaction)
    town.people.receive(US, person, mail())
    await town.run_until(lambda: town.people.written)
    [letter] = town.letters()
    assert (letter["From"].addresses[0].addr_spec, letter["In-Reply-To"]) == (person, "<1@studio.example>")
    is_automatic = reaction in {Reaction.AWAY, Reaction.ACKNOWLEDGES}
    assert (letter["Auto-Submitted"] == "auto-replied") == is_automatic


async def test_the_answer_to_a_later_step_is_one_of_its_own(tmp_path: Path) -> None:
    town, person = Town(tmp_path), somebody(Reaction.DECLINES, step=3)
    town.people.receive(US, person, mail(step=3))
    await town.run_until(lambda: town.people.written)
    [letter] = town.letters()
    assert letter["In-Reply-To"] == "<3@studio.example>"


async def test_who_keeps_silent_and_whoever_got_a_strangers_mail_write_nothing(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.people.receive(US, somebody(Reaction.KEEPS_SILENT), mail())
    town.people.receive("stranger@firm.example", somebody(Reaction.INTERESTED), mail())
    town.people.receive(US, somebody(Reaction.ASKS), mail())
    await town.run_until(lambda: town.people.written)
    assert len(town.letters()) == 1


async def test_who_wants_no_more_follows_the_link_and_presses_the_button(tmp_path: Path) -> None:
    async with opt_out_page() as (port, asked):
        town = Town(tmp_path, port)
        town.people.receive(US, somebody(Reaction.PRESSES_LINK), mail(f"Dear Ann,\n\nNo more: {LINKS}/u/abc\n"))
        await town.run_until(lambda: town.people.pressed)
    assert asked == ["GET /u/abc", "POST /u/abc List-Unsubscribe=One-Click"]
    assert (town.people.written, town.letters()) == (0, [])


@pytest.mark.parametrize("text", [f"Dear Ann,\n\nNo more: {LINKS}/u/abc\n", "Dear Ann,\n\nreply to me\n"])
async def test_who_finds_no_page_says_it_by_mail(tmp_path: Path, text: str) -> None:
    town = Town(tmp_path)
    town.people.receive(US, somebody(Reaction.PRESSES_LINK), mail(text))
    await town.run_until(lambda: town.people.written)
    assert (town.people.pressed, len(town.letters())) == (0, 1)


async def test_no_link_leads_anywhere_but_to_the_page(tmp_path: Path) -> None:
    async with opt_out_page() as (port, asked):
        town = Town(tmp_path, port)
        text = "Dear Ann,\n\nhttps://mail.studio.example.com/u/abc http://mail.studio.example/u/abc\n"
        town.people.receive(US, somebody(Reaction.PRESSES_LINK), mail(text))
        await town.run_until(lambda: town.people.written)
    assert asked == []


async def test_a_complaint_is_a_report_of_the_provider(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.people.receive(US, somebody(Reaction.COMPLAINS), mail())
    await town.run_until(lambda: town.people.written)
    [letter] = town.letters()
    assert letter.get_param("report-type") == "feedback-report"


async def test_a_letter_that_cannot_be_stored_is_lost_and_the_next_one_is_written(tmp_path: Path) -> None:
    town = Town(tmp_path)
    (town.other_inbox / "tmp").rmdir()
    town.people.receive(OTHER_OF_US, somebody(Reaction.DECLINES), mail())
    town.people.receive(US, somebody(Reaction.ASKS), mail())
    await town.run_until(lambda: town.people.written)
    assert len(town.letters()) == 1
    assert list((town.other_inbox / "new").iterdir()) == []
