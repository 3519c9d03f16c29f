"""Nobody is told that somebody is suppressed, freed or erased before the journal has it."""

from collections.abc import Awaitable, Callable
from io import BytesIO

import pytest

from camd.domain.lead import LeadStatus, LostReason
from camd.domain.opt_out import make_token
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.operations import campaigns, erasure, leads, opt_out, suppressions
from camd.operations.desk import Desk
from camd.ports.journal import ErasureLine, SuppressionLine, UnsuppressionLine
from camd.ports.store_errors import StoreUnavailable
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.schema.suppression import SuppressionBody
from camd.sim.journal import MemoryJournal

ANN = "os:ann"
ADDRESS = "ann@firm.example"
Said = Callable[[Desk], Awaitable[object]]


async def hash_of(desk: Desk) -> str:
    key = await desk.read(lambda tx: tx.instance.key())
    return keyed_hash(key, SuppressionKind.ADDRESS, ADDRESS)


async def lead_of(desk: Desk) -> str:
    await campaigns.create(desk, CampaignBody(name="Q1"), actor=ANN)
    return (await leads.add(desk, "Q1", LeadBody(email=ADDRESS), actor=ANN)).lead.id


async def opts_out(desk: Desk) -> opt_out.Outcome:
    key = await desk.read(lambda tx: tx.instance.key())
    return await opt_out.opt_out(desk, make_token(key, ADDRESS))


async def is_added(desk: Desk) -> object:
    return await suppressions.add(desk, SuppressionBody(value=ADDRESS), actor=ANN)


async def is_imported(desk: Desk) -> object:
    return await suppressions.import_csv(desk, BytesIO(ADDRESS.encode()), actor=ANN)


@pytest.mark.parametrize("say", [opts_out, is_added, is_imported])
async def test_a_suppression_is_told_of_only_with_its_line_also_where_it_stands(
    desk: Desk, journal: MemoryJournal, say: Said
) -> None:
    journal.broken = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await say(desk)
    journal.broken = False
    await say(desk)
    [line] = journal.lines
    assert isinstance(line, SuppressionLine)
    assert (line.kind, line.hash) == (SuppressionKind.ADDRESS, await hash_of(desk))


async def test_a_suppression_that_is_taken_back_is_written_down(desk: Desk, journal: MemoryJournal) -> None:
    added = await suppressions.add(desk, SuppressionBody(value=ADDRESS), actor=ANN)
    await suppressions.remove(desk, added.suppression.id, actor=ANN)
    line = journal.lines[-1]
    assert isinstance(line, UnsuppressionLine)
    assert (line.kind, line.hash) == (SuppressionKind.ADDRESS, await hash_of(desk))


async def test_an_erasure_is_written_down_before_it_is_done(desk: Desk, journal: MemoryJournal) -> None:
    lead_id = await lead_of(desk)
    journal.broken = True
    with pytest.raises(StoreUnavailable):
        await erasure.erase(desk, lead_id, actor=ANN)
    assert (await leads.get(desk, lead_id)).email == ADDRESS
    journal.broken = False
    erased = await erasure.erase(desk, lead_id, actor=ANN)
    assert (erased.status, erased.status_reason) == (LeadStatus.LOST, LostReason.ERASED)
    expected = await hash_of(desk)
    written, suppressed = journal.lines
    assert isinstance(written, ErasureLine)
    assert written.address_hash == expected
    assert isinstance(suppressed, SuppressionLine)
    assert (suppressed.hash, suppressed.reason) == (expected, SuppressionReason.ERASED)


async def test_no_line_holds_an_address(desk: Desk, journal: MemoryJournal) -> None:
    lead_id = await lead_of(desk)
    await opts_out(desk)
    await is_added(desk)
    await erasure.erase(desk, lead_id, actor=ANN)
    assert "firm.example" not in repr(journal.lines)
