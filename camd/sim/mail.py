"""Mail that goes nowhere: a door and records that keep the contract in memory and obey the test."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

import anyio

from camd.domain.contact import refuse_header_break
from camd.domain.errors import Failure, Invalid, Misconfigured, Permanent, Scope
from camd.ports.channel import Accepted, Handover, HandoverOutcome, OnWire, Refused, Stage
from camd.ports.domain_records import SenderRecords

Happening = Callable[[Handover], Awaitable[None]]


async def _nothing(_: Handover) -> None:
    """The way it usually is."""


def _unheard(_: Handover) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class MemoryMail:
    """Implements `ports.channel.MailDoor`. `delivered` is what was accepted, in order; `refused` are recipients
    that the server does not know; `trouble` fails a mailbox by name before anything is handed over.

    `answers` are given to a recipient one after the other, before it is accepted: a reply to RCPT or a `Failure` before
    the mark, anything else after it; an exception that is no `Failure` is a bug in the door. `before_mark` and
    `after_mark` are what happens in the world at these two moments of every handover; `seconds` pass between the
    message and its answer; `on_delivery` is told of each message that is accepted.
    """

    mailboxes: Collection[str]
    delivered: list[Handover] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    trouble: dict[str, Failure] = field(default_factory=dict)
    answers: dict[str, list[HandoverOutcome | Exception]] = field(default_factory=dict)
    before_mark: Happening = _nothing
    after_mark: Happening = _nothing
    on_delivery: Callable[[Handover], None] = _unheard
    seconds: float = 0.0
    name: str = "email"

    async def log_in(self, mailbox: str) -> None:
        await anyio.lowlevel.checkpoint()
        if mailbox not in self.mailboxes:
            raise Misconfigured(f"there is no mailbox {mailbox}", scope=Scope.MAILBOX)
        if error := self.trouble.get(mailbox):
            raise error

    async def hand_over(self, handover: Handover, on_wire: OnWire) -> HandoverOutcome:
        try:
            for field_name in ("recipient", "subject", "message_id"):
                refuse_header_break(getattr(handover, field_name), field_name)
        except Invalid as error:
            raise Permanent(str(error), scope=Scope.ITEM) from error
        await self.log_in(handover.mailbox)
        if handover.recipient in self.refused:
            return Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")
        answers = self.answers.get(handover.recipient)
        answer = answers.pop(0) if answers else Accepted("250 2.0.0 kept in memory")
        if isinstance(answer, Failure):
            raise answer
        await self.before_mark(handover)
        if isinstance(answer, Refused) and answer.stage is Stage.RCPT:
            return answer
        await on_wire()
        await self.after_mark(handover)
        await anyio.sleep(self.seconds)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Accepted):
            self.delivered.append(handover)
            self.on_delivery(handover)
        return answer


@dataclass(frozen=True, slots=True)
class FixedRecords:
    """The same records for every domain."""

    records: SenderRecords = field(default_factory=lambda: SenderRecords(spf=True, dkim=True, dmarc=True))

    async def look_up(self, domain: str, smtp_host: str) -> SenderRecords:  # noqa: ARG002 - the port's signature
        return self.records
