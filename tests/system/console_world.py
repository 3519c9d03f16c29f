"""The daemon in the mail world of the demonstration, for one campaign that a visitor of the console makes.

`python -m tests.system.console_world FOLDER PORT` serves until SIGTERM. One invented person's server goes away after it
took a mail and before it says so: what became of that mail nobody knows.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import anyio

from camd.daemon.run import run_daemon
from camd.sandbox.browser import Browser
from camd.sandbox.correspondents import Correspondents
from camd.sandbox.demo import demo_adapters
from camd.sandbox.mail_world import MailWorld
from camd.sandbox.reactions import Reaction, reaction_of
from camd.sandbox.recipients import SEED, Manner, manner_of
from camd.sandbox.settings import LINKS, MAILBOXES, OPERATOR, arrivals_of, demo_settings, inbox_of, notices_of
from camd.sandbox.smtp_door import free_port

FIRST_NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gwen", "Hugo", "Iris", "Jon")
LAST_NAMES = ("Adler", "Brook", "Cole", "Drake", "Ellis", "Frost", "Gray", "Hale", "Ivory", "Jones")
DOMAIN = "dental-harbourside-uk.example"
COMPANY = "Dental Harbourside"
CAST = {Reaction.INTERESTED: 2, Reaction.ASKS: 1, Reaction.KEEPS_SILENT: 2}
"""How many of the list answer in which way; the last of the silent ones is the one whose server goes away."""


def people() -> list[tuple[str, str, str]]:
    """First name, last name and address of the list, as `CAST` has them."""
    return [person for reaction, number in CAST.items() for person in _some(reaction, number)]


def lost_address() -> str:
    return people()[-1][2]


def asking_address() -> str:
    return people()[CAST[Reaction.INTERESTED]][2]


def csv_file() -> bytes:
    """The list with a heading that camd maps by itself, and one line that cannot become a lead."""
    lines = [f"{first},{last},{address},{COMPANY},Dentist,GB" for first, last, address in people()]
    return "\n".join(["First Name,Last Name,Email,Company,Title,Country", *lines, ",,not an address,,,"]).encode()


def _some(reaction: Reaction, number: int) -> Iterator[tuple[str, str, str]]:
    for first, last in product(FIRST_NAMES, LAST_NAMES):
        address = f"{first}.{last}@{DOMAIN}".lower()
        if manner_of(SEED, address) is Manner.ACCEPTS and reaction_of(SEED, address, 1) is reaction:
            yield first, last, address
            number -= 1
        if not number:
            return


class ForgetfulWorld(MailWorld):
    async def reply_to_message(self, sender: str, recipients: Sequence[str], message: bytes) -> str:
        reply = await super().reply_to_message(sender, recipients, message)
        if lost_address() in recipients:
            raise ConnectionResetError  # aiosmtpd ends the conversation where this comes out
        return reply


async def main(folder: Path, port: int) -> None:
    adapters, public_port = demo_adapters(), free_port()
    inboxes = {address: inbox_of(folder, name) for name, address in MAILBOXES.items()}
    correspondents = Correspondents(inboxes, adapters.clock, Browser(LINKS, public_port), pace=0.1)
    world = ForgetfulWorld(arrivals_of(folder), correspondents, operator=OPERATOR, notices=notices_of(folder))
    async with world.serving() as mail_port:
        settings = demo_settings(folder, port=port, public_port=public_port, mail_port=mail_port)
        await run_daemon(settings, adapters=adapters, environ={})


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]).resolve(), int(sys.argv[2]))
