"""What came in of a person is in their export and goes with their erasure."""

from camd.domain.facts import InboundId, LeadId
from camd.domain.inbound import InboundClass
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.operations import campaigns, erasure, lead_export, leads
from camd.operations.desk import Desk
from camd.ports.records import Inbound
from camd.ports.store import Tx
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody

ANN = "os:ann"
BOB = "bob@firm.example"
NOT_TEXT = b"\xff\x00"


async def make_lead(desk: Desk) -> LeadId:
    await campaigns.create(desk, CampaignBody.model_validate({"name": "Q1"}), actor=ANN)
    added = await leads.add(desk, "Q1", LeadBody(email="Bob+news@firm.example"), actor=ANN)
    return LeadId(added.lead.id)


async def receive(desk: Desk, number: int, lead_id: LeadId | None, sender: str, text: str = "Call me") -> InboundId:
    """A message with everything in it that tells of a person, from the sender of that address key."""

    def unit(tx: Tx) -> InboundId:
        message = Inbound(
            id=InboundId(f"in_{number}"),
            mailbox="sales",
            identity=f"identity {number}",
            kind=InboundClass.HUMAN_NEUTRAL,
            evidence="no rule",
            waiting=True,
            arrived_at=desk.now(),
            created_at=desk.now(),
            by="engine",
            lead_id=lead_id,
            sender_hash=keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, sender),
            sender=sender,
            subject="Re: Hello",
            text=text,
            raw=NOT_TEXT,
            note="wants a call",
        )
        assert tx.inbox.add(message)
        return message.id

    return await desk.write(unit)


async def message(desk: Desk, inbound_id: InboundId) -> Inbound:
    found = await desk.read(lambda tx: tx.inbox.get(inbound_id))
    assert found is not None
    return found


async def test_the_export_of_a_person_holds_their_messages_oldest_first(desk: Desk) -> None:
    lead_id = await make_lead(desk)
    await receive(desk, 1, lead_id, BOB)
    await receive(desk, 2, lead_id, "colleague@firm.example")
    await receive(desk, 3, None, "eve@other.example")
    exported = await lead_export.one(desk, lead_id, actor=ANN)
    assert [(each["id"], each["sender"], each["text"]) for each in exported.inbound] == [
        ("in_1", BOB, "Call me"),
        ("in_2", "colleague@firm.example", "Call me"),
    ]


async def test_no_stranger_decides_how_long_an_export_is(desk: Desk) -> None:
    lead_id = await make_lead(desk)
    for number in range(1_000, 2_010):
        await receive(desk, number, lead_id, BOB, text="x" * (20_000 if number > 2_000 else 1))
    exported = (await lead_export.one(desk, lead_id, actor=ANN)).inbound
    assert [each["id"] for each in (exported[0], exported[-1])] == ["in_1010", "in_2009"]
    assert (len(exported), max(len(each["text"]) for each in exported)) == (1_000, 10_000)


async def test_erasing_empties_the_messages_of_the_lead_and_of_its_address(desk: Desk) -> None:
    lead_id = await make_lead(desk)
    matched = await receive(desk, 1, lead_id, "colleague@firm.example")
    unmatched = await receive(desk, 2, None, BOB)
    of_another = await receive(desk, 3, None, "eve@other.example")
    untouched = await message(desk, of_another)
    await erasure.erase(desk, lead_id, actor=ANN)
    for inbound_id in (matched, unmatched):
        found = await message(desk, inbound_id)
        assert (found.sender, found.subject, found.text, found.raw, found.note) == (None,) * 5
    assert await message(desk, of_another) == untouched
