"""What mailboxes, people and books say against each other after a campaign: every broken promise is a line to read.

The maildirs decide what was sent; the books are asked when an answer was committed and what they made of it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

from camd.domain.events import Event, EventType
from camd.domain.inbound import PERSONAL, InboundClass
from camd.domain.lead import HoldReason
from camd.ports.records import Touch, TouchStatus
from tests.system.mail_site import SENDER, MailSite
from tests.system.office import Account, Books
from tests.system.people import STEPS, Person
from tests.system.play import step_of

_ENDS = frozenset({EventType.LEAD_REPLIED, EventType.LEAD_QUALIFIED, EventType.LEAD_LOST, EventType.LEAD_HELD})
_ENDING_CLASSES = PERSONAL | {InboundClass.OUT_OF_OFFICE, InboundClass.HARD_BOUNCE}
_HANDED_OVER = (TouchStatus.SENT, TouchStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Arrival:
    step: int
    at: datetime
    message_id: str


def arrivals(site: MailSite, person: Person) -> list[Arrival]:
    return [_arrival(at, message) for at, message in site.arrived(person.name)]


def _arrival(at: float, message: EmailMessage) -> Arrival:
    return Arrival(step_of(message), datetime.fromtimestamp(at, UTC), str(message["Message-ID"]).strip("<>"))


def stranded(books: Books) -> list[str]:
    """Who got no more because nobody knows whether a mail that the daemon was killed over has arrived."""
    return [address for address, account in books.accounts.items() if _is_stranded(account)]


def _is_stranded(account: Account) -> bool:
    unknown = any(touch.status is TouchStatus.UNKNOWN for touch in account.touches)
    return unknown and any(hold.reason is HoldReason.SEND_UNKNOWN for hold in account.lead.holds)


def problems(site: MailSite, people: Sequence[Person], books: Books, steps: int = STEPS) -> list[str]:
    """Nothing where all is well."""
    found = [*books.broken]
    for person in people:
        account = books.accounts[person.address]
        came = arrivals(site, person)
        lines = [*_mails(person, account, came), *_after_the_end(account)]
        if not _is_stranded(account):
            lines += [*_ending(person, account), *_too_few(person, account, steps), *_too_many(person, came)]
        found += [f"{person.address}: {line}" for line in lines]
    return [*found, *_unheard(site, books)]


def _mails(person: Person, account: Account, came: Sequence[Arrival]) -> Iterator[str]:
    """Each step once, in its order, and as the books have it."""
    for what, names in (("step", [mail.step for mail in came]), ("Message-ID", [mail.message_id for mail in came])):
        yield from (f"{what} {name} came {times} times" for name, times in Counter(names).items() if times > 1)
    if [mail.step for mail in came] != list(range(1, len(came) + 1)):
        yield f"the steps came as {[mail.step for mail in came]}"
    by_step = {mail.step: mail for mail in came}
    for touch in account.touches:
        mail = by_step.pop(touch.step, None)
        if touch.status is TouchStatus.SENT and mail is None and person.is_there and not _was_returned(account, touch):
            yield f"step {touch.step} is sent, and never came"
        if mail is not None:
            yield from _lies(touch, mail)
    yield from (f"step {step} came and is not known" for step in by_step)


def _was_returned(account: Account, touch: Touch) -> bool:
    return any(row.touch_id == touch.id and row.kind is InboundClass.HARD_BOUNCE for row in account.inbound)


def _lies(touch: Touch, mail: Arrival) -> Iterator[str]:
    if touch.status is not TouchStatus.SENT or touch.message_id != mail.message_id:
        yield f"step {touch.step} is {touch.status} as {touch.message_id}, and came as {mail.message_id}"
    elif touch.on_wire_at is None or touch.on_wire_at > mail.at:
        yield f"step {touch.step} came at {mail.at}, before its mark of {touch.on_wire_at}"


def ended_at(account: Account) -> datetime | None:
    """When that was committed after which nobody may write to them."""
    return min((row.event.at for row in account.ledger if _is_end(row.event)), default=None)


def _is_end(event: Event) -> bool:
    if event.type is EventType.INBOUND_RECEIVED:
        return event.data["class"] in _ENDING_CLASSES
    return event.type in _ENDS and event.data.get("reason") != HoldReason.SEND_UNKNOWN


def on_their_way(account: Account) -> list[Touch]:
    """What was handed over and not yet settled when that was committed."""
    end = ended_at(account)
    handed_over = [touch for touch in account.touches if touch.status in _HANDED_OVER]
    return [touch for touch in handed_over if end and touch.settled_at and touch.settled_at > end]


def _after_the_end(account: Account) -> Iterator[str]:
    end = ended_at(account)
    for touch in on_their_way(account):
        if end is None or touch.on_wire_at is None or touch.on_wire_at > end:
            yield f"step {touch.step} left at {touch.on_wire_at}, after the end at {end}"


def _ending(person: Person, account: Account) -> Iterator[str]:
    fate, lead = person.fate, account.lead
    holds = frozenset(hold.reason for hold in lead.holds)
    ends = (lead.status, lead.state.lost_reason, holds, account.refused)
    wanted = (fate.status, fate.reason, fate.holds, fate.suppressed)
    if ends != wanted:
        yield f"ended as {ends}, not as {wanted}"
    kinds = Counter(row.kind for row in account.inbound if row.kind is not InboundClass.OWN_COPY)
    if kinds != Counter(fate.kinds):
        yield f"sent {dict(kinds)}, not {fate.kinds}: {[row.evidence for row in account.inbound]}"


def _too_few(person: Person, account: Account, steps: int) -> Iterator[str]:
    wanted = min(person.last_step, steps)
    sent = [touch.step for touch in account.touches if touch.status is TouchStatus.SENT]
    if len(sent) < wanted:
        yield f"was sent {sent} of {wanted} steps"


def _too_many(person: Person, came: Sequence[Arrival]) -> Iterator[str]:
    """Between two steps there is ten times as long as it takes to hear an answer."""
    if person.answers and len(came) > person.last_step:
        yield f"answered step {person.last_step} and got {len(came)}"


def _unheard(site: MailSite, books: Books) -> Iterator[str]:
    """Every message once."""
    known = Counter(row.message_id for row in books.inbound)
    yield from (f"{message_id} is in the books {times} times" for message_id, times in known.items() if times > 1)
    heard = sum(row.kind is not InboundClass.OWN_COPY for row in books.inbound)
    came = len(site.kept(SENDER.partition("@")[0]))
    if came != heard:
        yield f"{came} messages are in the mailbox, {heard} in the books"
