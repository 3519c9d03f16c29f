"""Files of people, over the real store and the real reader of CSV files."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest

from camd.domain.events import EventType
from camd.domain.facts import CampaignId, Facts, ImportId, LeadId, TouchId
from camd.domain.lead import LeadStatus
from camd.operations import campaigns, events, imports, lead_import, leads
from camd.operations.desk import Desk, find_campaign
from camd.operations.errors import Conflict, NotFound, Unprocessable
from camd.operations.import_rows import Importing, bring_in
from camd.pipeline.context import ReadRows
from camd.ports.providers import Found, Rejected
from camd.ports.records import EventFilter, Import, LeadFilter, Touch, TouchStatus
from camd.ports.store import Tx
from camd.schema.definition import CampaignBody
from camd.schema.imports import ImportReport

ANN = "os:ann"
FILE = """Email,First Name,Title,Tags
ann@firm.example,Ann,CEO,
Ann+x@FIRM.example,Ann again,CEO,
not an address,Nobody,,
bob@other.example,Bob,,do_not_contact
bob@other.example,Bob,,
eve@third.example,Eve,CTO,warm
"""


class Killed(Exception):
    """Stands for the end of the process."""


async def bring(desk: Desk, text: str = FILE, *, dry_run: bool = False, update: bool = False) -> ImportReport:
    stream = BytesIO(text.encode())
    return await lead_import.import_csv(desk, "Q1", stream, actor=ANN, dry_run=dry_run, update=update)


async def make_campaign(desk: Desk) -> CampaignId:
    steps = [{"subject": "Hello {{ first_name }}", "body": "A word?"}]
    body = CampaignBody.model_validate({"name": "Q1", "steps": steps})
    return CampaignId((await campaigns.create(desk, body, actor=ANN)).id)


async def addresses(desk: Desk) -> list[str]:
    return sorted(str(lead.email) for lead in (await leads.page(desk, "Q1", LeadFilter(), limit=500)).items)


async def test_an_import_counts_every_line_and_explains_every_reject(desk: Desk) -> None:
    await make_campaign(desk)
    report = await bring(desk)
    assert report.import_id is not None
    assert (report.rows, report.added, report.duplicates, report.suppressed) == (6, 2, 1, 2)
    [rejected] = report.rejected
    assert rejected.line == 4
    assert rejected.reason
    assert await addresses(desk) == ["ann@firm.example", "eve@third.example"]
    [remembered] = (await imports.page(desk)).items
    assert (remembered.added, remembered.rejected, remembered.finished_at) == (2, 1, desk.now())


@pytest.mark.parametrize("cell", ["Ann\r\nBcc: eve@x.example", "Ann\nx", "Ann\rx"])
async def test_fault_71_a_line_break_in_a_cell_rejects_its_line_alone(desk: Desk, cell: str) -> None:
    await make_campaign(desk)
    report = await bring(desk, f'Email,First Name\nann@firm.example,"{cell}"\nbob@other.example,Bob\n')
    assert [rejected.line for rejected in report.rejected] == [2]
    assert "line break" in report.rejected[0].reason
    assert await addresses(desk) == ["bob@other.example"]


async def test_the_same_file_again_adds_nobody(desk: Desk) -> None:
    await make_campaign(desk)
    await bring(desk)
    again = await bring(desk)
    assert (again.added, again.duplicates, again.suppressed) == (0, 3, 2)
    assert len(await addresses(desk)) == 2


async def test_a_dry_run_says_what_the_import_would_do_and_writes_nothing(desk: Desk) -> None:
    await make_campaign(desk)
    rehearsed = await bring(desk, dry_run=True)
    assert (await imports.page(desk)).items == []
    assert await addresses(desk) == []
    assert [event.type for event in (await events.page(desk, EventFilter())).items] == [EventType.CAMPAIGN_CREATED]
    done = await bring(desk)
    assert rehearsed == done.model_copy(update={"import_id": None, "dry_run": True})


async def test_a_refusal_without_an_address_stands_in_nobodys_way(desk: Desk) -> None:
    await make_campaign(desk)
    profile = "https://www.linkedin.com/in/ann"
    text = f"First Name,Linkedin Url,Tags\nAnn,{profile},do_not_contact\nAnn,{profile},\n"
    rehearsed, done = await bring(desk, text, dry_run=True), await bring(desk, text)
    assert (rehearsed.added, rehearsed.suppressed) == (done.added, done.suppressed) == (1, 1)


async def test_a_dry_update_counts_what_the_update_then_does(desk: Desk) -> None:
    await make_campaign(desk)
    await bring(desk)
    changed = FILE.replace("CTO", "Founder")
    rehearsed = await bring(desk, changed, dry_run=True, update=True)
    done = await bring(desk, changed, update=True)
    assert (done.added, done.updated) == (0, rehearsed.updated)


async def test_an_update_fills_and_overwrites_and_never_empties(desk: Desk) -> None:
    await make_campaign(desk)
    await bring(desk, "Email,First Name,Title,Tags,plan\nann@firm.example,Ann,CEO,warm,gold\n")
    report = await bring(desk, "Email,First Name,Title,Tags,city,plan\nann@firm.example,Anna,,hot,Bonn,\n", update=True)
    assert (report.added, report.updated, report.duplicates) == (0, 1, 0)
    [lead] = (await leads.page(desk, "Q1", LeadFilter())).items
    assert (lead.first_name, lead.title, lead.city) == ("Anna", "CEO", "Bonn")
    assert (set(lead.tags), lead.custom) == ({"warm", "hot"}, {"plan": "gold"})
    again = await bring(desk, "Email,First Name,Title,Tags,city,plan\nann@firm.example,Anna,,hot,Bonn,\n", update=True)
    assert (again.updated, again.duplicates) == (0, 1)


async def test_an_update_keeps_the_address_by_which_the_person_is_known(desk: Desk) -> None:
    await make_campaign(desk)
    header, profile = "Email,First Name,Linkedin Url\n", "https://www.linkedin.com/in/ann"
    await bring(desk, f"{header}ann@firm.example,Ann,{profile}\n")
    report = await bring(desk, f"{header}other@firm.example,Anna,{profile}\n", update=True)
    [lead] = (await leads.page(desk, "Q1", LeadFilter())).items
    assert (report.updated, lead.email, lead.first_name) == (1, "ann@firm.example", "Anna")


async def test_without_update_known_facts_stay(desk: Desk) -> None:
    await make_campaign(desk)
    await bring(desk, "Email,First Name\nann@firm.example,Ann\n")
    await bring(desk, "Email,First Name\nann@firm.example,Anna\n")
    [lead] = (await leads.page(desk, "Q1", LeadFilter())).items
    assert lead.first_name == "Ann"


async def test_a_column_goes_where_the_caller_maps_it(desk: Desk) -> None:
    await make_campaign(desk)
    stream = BytesIO(b"Wohin,Vorname\nann@firm.example,Ann\n")
    mapping = {"Wohin": "email", "Vorname": "first_name"}
    report = await lead_import.import_csv(desk, "Q1", stream, actor=ANN, mapping=mapping)
    assert (report.added, await addresses(desk)) == (1, ["ann@firm.example"])


async def test_a_file_that_is_none_is_refused_whole(desk: Desk) -> None:
    await make_campaign(desk)
    with pytest.raises(Unprocessable):
        await bring(desk, "")
    assert (await imports.page(desk)).items == []


async def test_imported_leads_are_worked_on_by_the_next_cycle(desk: Desk) -> None:
    campaign_id = await make_campaign(desk)
    await bring(desk)
    report = await desk.run(campaign_id, True)
    assert (report.leads_enriched, report.touches_planned) == (2, 2)
    assert {lead.status for lead in (await leads.page(desk, "Q1", LeadFilter())).items} == {LeadStatus.ENRICHED}


class Ending:
    """A file whose reading breaks off."""

    columns = (("email", "email"),)
    fields = ("email",)

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._read = 0

    def __iter__(self) -> Iterator[Found | Rejected]:
        return self

    def __next__(self) -> Found | Rejected:
        if self._read == self._rows:
            raise Killed
        self._read += 1
        return Found(f"row:{self._read}", Facts(email=f"p{self._read}@firm.example"), line=self._read + 1)

    def close(self) -> None:
        """There is nothing to close."""


def ending_after(rows: int) -> ReadRows:
    return lambda _stream, _mapping: Ending(rows)


async def test_fault_78_an_import_that_breaks_off_leaves_no_lead(desk: Desk) -> None:
    await make_campaign(desk)
    broken = replace(desk, context=replace(desk.context, read_rows=ending_after(450)))
    with pytest.raises(Killed):
        await bring(broken)
    assert await addresses(desk) == []
    [remembered] = (await imports.page(desk)).items
    assert (remembered.finished_at, remembered.undone_at) == (None, desk.now())
    assert (await campaigns.get(desk, "Q1")).current_leads == 0


async def half_an_import(desk: Desk, campaign_id: CampaignId) -> None:
    """What a killed process leaves: leads in the store, the import's record unfinished."""
    campaign = await desk.read(lambda tx: find_campaign(tx, campaign_id))
    job = Importing(campaign, ImportId(desk.context.ids.new("im")), update=False, actor=ANN)
    row = Found("row:1", Facts(email="ann@firm.example"), line=2)

    def unit(tx: Tx) -> None:
        tx.imports.add(Import(job.import_id, campaign_id, None, 0, {}, desk.now(), ANN))
        bring_in(tx, desk, job, [row])

    await desk.write(unit)


async def test_leads_of_an_unfinished_import_are_not_worked_on(desk: Desk) -> None:
    campaign_id = await make_campaign(desk)
    await half_an_import(desk, campaign_id)
    assert (await desk.run(campaign_id, True)).leads_enriched == 0
    [waiting] = (await imports.page(desk)).items
    with pytest.raises(Conflict):
        await imports.undo(desk, waiting.id, actor=ANN)


async def test_the_next_start_removes_what_a_killed_import_left(desk: Desk) -> None:
    campaign_id = await make_campaign(desk)
    await bring(desk)
    await half_an_import(desk, campaign_id)
    assert await lead_import.undo_unfinished(desk) == 1
    assert await lead_import.undo_unfinished(desk) == 0
    assert await addresses(desk) == ["ann@firm.example", "eve@third.example"]
    assert (await bring(desk)).added == 0


async def test_undoing_an_import_keeps_who_was_written_to_and_suppresses_nobody(desk: Desk) -> None:
    await make_campaign(desk)
    report = await bring(desk)
    first = (await leads.page(desk, "Q1", LeadFilter())).items[0]
    sent = Touch(TouchId("to_1"), CampaignId(1), LeadId(first.id), 1, "email", TouchStatus.SENT, desk.now())
    await desk.write(lambda tx: tx.touches.insert(replace(sent, created_at=desk.now())))
    assert report.import_id is not None
    undone = await imports.undo(desk, report.import_id, actor=ANN)
    again = await imports.undo(desk, report.import_id, actor=ANN)
    assert (undone.removed, undone.kept, again.removed) == (1, 1, 0)
    assert await addresses(desk) == [str(first.email)]
    assert [event.type for event in (await events.page(desk, EventFilter())).items].count(EventType.IMPORT_UNDONE) == 1
    assert (await bring(desk)).added == 1


async def test_an_unknown_import_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await imports.undo(desk, "im_none", actor=ANN)
