"""Whatever machines send, camd answers none of them: it sends its touches and the operator's notices."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from decimal import Decimal
from pathlib import Path

from camd.domain.campaign import Step
from camd.ports.records import InboundFilter, Listing
from camd.ports.settings import Settings
from camd.sim.world import World, mailbox, people, simulate
from tests.corpus.case import OUR_ID, Case
from tests.corpus.languages import DATA
from tests.corpus.machines import machines
from tests.corpus.people import people as answers
from tests.corpus.scoring import BY_A_PERSON

OPERATOR = "ann@operators.example"
STEPS = (Step(1, "For {{ company }}", "Hello"), Step(2, "Again", "Still?", wait_days=Decimal("0.01")))
AWAY = f"""From: {OPERATOR}
To: sales@us.example
Subject: Automatic reply: {{subject}}
Auto-Submitted: auto-replied
Message-ID: <away@operators.example>
In-Reply-To: <{{message_id}}>

I am out of the office until further notice.
"""


def told(settings: Settings) -> Settings:
    quick = replace(mailbox("sales", daily_limit=900), min_gap_seconds=1, jitter_seconds=0)
    notify = replace(settings.notify, email=(OPERATOR,), mailbox="sales", digest=time(12))
    limits = replace(settings.limits, person_gap_hours=0)
    return replace(settings, mailboxes={"sales": quick}, notify=notify, limits=limits)


def by_machines() -> Iterator[Case]:
    for folder in (DATA, DATA.parent / "heldout"):
        yield from (case for case in (*answers(folder), *machines(folder)) if BY_A_PERSON.isdisjoint(case.kinds))


async def all_come(world: World) -> None:
    """As answers to the first mail, and that of the operator's own machine to a notice."""
    sent = world.mail.delivered[0]
    for number, case in enumerate(by_machines()):
        own = case.content.replace(OUR_ID.encode(), sent.message_id.encode())
        # A message of each case's own: an id that came before is a second copy.
        world.inboxes.deliver("sales", own.replace(b"\nMessage-ID: <", f"\nMessage-ID: <{number}.".encode(), 1))
    await world.run_for(minutes=30)
    notice = next((each for each in world.mail.delivered if each.recipient == OPERATOR), sent)
    note = AWAY.format(subject=notice.subject, message_id=notice.message_id)
    world.inboxes.deliver("sales", note.replace("\n", "\r\n").encode())


def test_fault_68_no_machine_is_answered(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start(notices=True)
        await world.live(*people(3), steps=STEPS, daily_email_limit=500)
        while len(world.mail.delivered) < 3:
            await world.run_for(minutes=5)
        await all_come(world)
        await world.run_for(days=3)
        mails = [each.recipient for each in world.mail.delivered]
        assert set(mails) <= {"p0@c0.example", "p1@c1.example", "p2@c2.example", OPERATOR}
        assert mails.count("p0@c0.example") == 1
        assert mails.count(OPERATOR) <= 10
        rows = await world.store.read(lambda tx: tx.inbox.page(Listing(1000), InboundFilter()))
        assert len(rows) > 300
        assert {row.kind for row in rows}.isdisjoint(BY_A_PERSON)

    simulate(tmp_path, scenario, settings=told)
