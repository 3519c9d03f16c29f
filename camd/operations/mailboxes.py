"""The mailboxes that are configured, and whether they can be logged in to."""

from collections.abc import Sequence

import anyio

from camd.domain.errors import Failure
from camd.domain.preflight import LogIn, MailboxCheck
from camd.operations.desk import Desk
from camd.operations.errors import NotFound
from camd.ports.domain_records import SenderRecords
from camd.ports.settings import MailboxSettings
from camd.schema.mailbox import MailboxTest
from camd.schema.page import Page
from camd.schema.status import MailboxState

LOG_IN_SECONDS = 10.0
LOOK_UP_SECONDS = 10.0
AT_ONCE = 8


def page(desk: Desk) -> Page[MailboxState]:
    """All of them: they are few."""
    return Page(items=states(desk))


def states(desk: Desk) -> list[MailboxState]:
    return [
        MailboxState(name=box.name, address=box.address, daily_limit=box.daily_limit)
        for box in desk.context.settings.mailboxes.values()
    ]


async def check(desk: Desk, name: str) -> MailboxTest:
    """Logs in as for a mail, and sends nothing. Raises `NotFound`."""
    if name not in desk.context.settings.mailboxes:
        raise NotFound("mailbox", name)
    refused = await _refused(desk, name)
    return MailboxTest(name=name, ok=refused is None, message=refused or "The SMTP log-in works.")


async def checks_of(desk: Desk, mailboxes: Sequence[MailboxSettings]) -> tuple[MailboxCheck, ...]:
    """The log-in of each and the records of its domain, a few at once."""
    found: dict[str, MailboxCheck] = {}
    places = anyio.CapacityLimiter(AT_ONCE)

    async def look_at(box: MailboxSettings) -> None:
        async with places:
            refused = await _refused(desk, box.name)
            found[box.name] = _check(box, refused, await _records(desk, box))

    async with anyio.create_task_group() as tasks:
        for box in mailboxes:
            tasks.start_soon(look_at, box)
    return tuple(found[box.name] for box in mailboxes)


def _check(box: MailboxSettings, refused: str | None, records: SenderRecords) -> MailboxCheck:
    return MailboxCheck(
        box.name,
        LogIn.OK if refused is None else LogIn.FAILED,
        has_inbox=bool(box.imap_host or box.maildir),
        detail=refused,
        spf=records.spf,
        dkim=records.dkim,
        dmarc=records.dmarc,
    )


async def _records(desk: Desk, box: MailboxSettings) -> SenderRecords:
    with anyio.move_on_after(LOOK_UP_SECONDS):
        return await desk.context.domain_records.look_up(box.address.rpartition("@")[2], box.smtp_host)
    return SenderRecords()


async def _refused(desk: Desk, name: str) -> str | None:
    try:
        with anyio.fail_after(LOG_IN_SECONDS):
            await desk.context.mail.log_in(name)
    except Failure as failure:
        return str(failure)
    except TimeoutError:
        return f"no answer within {LOG_IN_SECONDS:.0f} s"
    return None
