"""The mail world by real SMTP: what it accepts lies in its maildir first, and it never leaves this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from mailbox import Maildir
from pathlib import Path
from threading import active_count
from typing import Any

import anyio
import pytest

from camd.domain.errors import Invalid, Transient
from camd.mail.smtp import SmtpChannel
from camd.ports.channel import Accepted, Handover, HandoverOutcome, Refused, Stage
from camd.sandbox.arrivals import Arrivals
from camd.sandbox.browser import Browser
from camd.sandbox.correspondents import Correspondents
from camd.sandbox.mail_world import MailFigures, MailWorld
from camd.sandbox.recipients import SEED, Manner, manner_of
from camd.sandbox.settings import LINKS, MAILBOXES, OPERATOR, arrivals_of, demo_settings, inbox_of, notices_of
from camd.system import SystemClock

PATIENCE_SECONDS = 60


def somebody(manner: Manner) -> str:
    """The first invented address that is treated so."""
    addresses = (f"person{number}@firm.example" for number in range(10_000))
    return next(address for address in addresses if manner_of(SEED, address) is manner)


def messages_in(folder: Path) -> list[Any]:
    """Any: the library does not tell a text's payload from that of a mail with parts."""
    box = Maildir(folder, create=False)
    return [message_from_bytes(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 - it iterates over messages


def world_in(folder: Path) -> MailWorld:
    """Whose people answer at once."""
    inboxes = {address: inbox_of(folder, name) for name, address in MAILBOXES.items()}
    people = Correspondents(inboxes, SystemClock(), Browser(LINKS, port=1), pace=0)
    return MailWorld(arrivals_of(folder), people, operator=OPERATOR, notices=notices_of(folder))


class House:
    """A mail world, and a channel that sends into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = world_in(folder)
        self.channel: SmtpChannel
        self.marks = 0

    async def send(self, recipient: str, message_id: str = "one@studio.example") -> HandoverOutcome:
        handover = Handover("ada", recipient, message_id, "For Firm", "Hello Bob\n.\nA word?\n")
        return await self.channel.hand_over(handover, self._mark)

    async def _mark(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.marks += 1

    def arrived(self) -> list[Any]:
        return messages_in(arrivals_of(self.folder))


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    made = House(folder)
    async with made.world.serving() as port:
        settings = demo_settings(folder, port=0, public_port=0, mail_port=port)
        async with SmtpChannel(settings.mailboxes, SystemClock()) as made.channel:
            yield made


async def test_a_message_lies_in_the_maildir_when_its_sender_is_told(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        recipient = somebody(Manner.ACCEPTS)
        assert isinstance(await house.send(recipient), Accepted)
        [message] = house.arrived()
        assert message["Delivered-To"] == message["To"] == recipient
        assert message["Return-Path"] == f"<{MAILBOXES['ada']}>"
        assert message["Message-ID"] == "<one@studio.example>"
        assert message.get_payload().splitlines() == ["Hello Bob", ".", "A word?"]


async def test_a_message_that_cannot_be_stored_is_put_off(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (arrivals_of(house.folder) / "tmp").rmdir()
        outcome = await house.send(somebody(Manner.ACCEPTS))
        assert isinstance(outcome, Refused)
        assert (outcome.stage, outcome.code) == (Stage.DOT, 452)
        assert house.world.figures == MailFigures(0, 0, 0, 0, 0, 0, 0, 0)


async def test_a_greylisting_server_takes_it_the_second_time(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        recipient = somebody(Manner.GREYLISTS)
        first, second = await house.send(recipient), await house.send(recipient)
        assert isinstance(first, Refused)
        assert first.for_now
        assert isinstance(second, Accepted)
        assert len(house.arrived()) == 1
        assert house.marks == 1


async def test_a_person_who_does_not_exist_is_refused_before_the_message(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        outcome = await house.send(somebody(Manner.REFUSES))
        assert isinstance(outcome, Refused)
        assert (outcome.stage, outcome.code, outcome.enhanced) == (Stage.RCPT, 550, "5.1.1")
        assert (house.marks, house.arrived()) == (0, [])


async def test_what_bounces_is_accepted_and_comes_back_as_a_delivery_report(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        recipient = somebody(Manner.BOUNCES)
        assert isinstance(await house.send(recipient), Accepted)
        with anyio.fail_after(PATIENCE_SECONDS):
            while not house.world.figures.returned:
                await anyio.lowlevel.checkpoint()
        [report] = messages_in(inbox_of(tmp_path, "ada"))
        assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
        assert (report["Return-Path"], report["To"]) == ("<>", MAILBOXES["ada"])
        _, status, original = report.get_payload()
        _, of_recipient = status.get_payload()
        assert (of_recipient["Action"], of_recipient["Status"]) == ("failed", "5.1.1")
        assert of_recipient["Final-Recipient"] == f"rfc822; {recipient}"
        assert original.get_payload(0)["Message-ID"] == "<one@studio.example>"


async def test_a_report_that_cannot_be_stored_stops_no_mail(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (inbox_of(tmp_path, "ada") / "tmp").rmdir()
        assert isinstance(await house.send(somebody(Manner.BOUNCES)), Accepted)
        assert isinstance(await house.send(somebody(Manner.ACCEPTS)), Accepted)
    assert (house.world.figures.accepted, house.world.figures.returned) == (2, 0)


async def test_a_message_that_comes_again_is_counted_after_a_new_start_too(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        recipient = somebody(Manner.ACCEPTS)
        for message_id in ("one@studio.example", "two@studio.example"):
            await house.send(recipient, message_id)
        assert (house.world.figures.arrived, house.world.figures.twice) == (2, 0)
        await house.send(recipient, "two@studio.example")
        assert (house.world.figures.arrived, house.world.figures.twice) == (3, 1)
        again = Arrivals(arrivals_of(house.folder))
        assert (again.total, again.twice) == (3, 1)


async def test_what_camd_tells_its_operator_lies_apart_and_nobody_answers_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert isinstance(await house.send(OPERATOR), Accepted)
        [notice] = messages_in(notices_of(tmp_path))
        assert notice["To"] == OPERATOR
        assert house.arrived() == []
        assert house.world.figures == MailFigures(0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example.com"])
async def test_it_listens_on_this_machine_alone(tmp_path: Path, host: str) -> None:
    with pytest.raises(Invalid, match="this machine alone"):
        async with world_in(tmp_path).serving(host):
            raise AssertionError("it listens")


async def test_at_its_end_conversations_are_over_and_nobody_answers(tmp_path: Path) -> None:
    threads = active_count()
    async with world_in(tmp_path).serving() as port:
        client = await anyio.connect_tcp("127.0.0.1", port)
        assert (await client.receive()).startswith(b"220 ")
        settings = demo_settings(tmp_path, port=0, public_port=0, mail_port=port)
    assert active_count() == threads
    async with client:
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await client.receive()
    async with SmtpChannel(settings.mailboxes, SystemClock()) as channel:
        with pytest.raises(Transient, match="cannot be reached"):
            await channel.log_in("ada")


def test_most_people_accept_and_refusals_rest_no_mailbox() -> None:
    manners = [manner_of(SEED, f"person{number}@firm.example") for number in range(2_000)]
    shares = {each: manners.count(each) / len(manners) for each in Manner}
    assert shares[Manner.ACCEPTS] > 0.85
    assert min(shares.values()) > 0
    assert shares[Manner.REFUSES] + shares[Manner.BOUNCES] < 0.05
    assert manner_of(SEED, OPERATOR) is Manner.ACCEPTS


def test_the_same_address_is_treated_the_same_in_any_letters() -> None:
    assert manner_of("a", "Ann@Firm.example") is manner_of("a", "ann@firm.example")
    assert {manner_of(str(seed), "ann@firm.example") for seed in range(2_000)} == set(Manner)
