"""The lists that nine tools export, as their users have them on disk, over the real store and the real reader.

Twenty-five invented people stand in fifty lines, most of them in several lists: with another spelling, with or
without an address, or known by a LinkedIn profile alone.
"""

from pathlib import Path

from camd.domain.facts import CampaignId
from camd.operations import campaigns, lead_import, leads, suppressions
from camd.operations.desk import Desk
from camd.ports.records import LeadFilter
from camd.schema.definition import CampaignBody
from camd.schema.imports import ImportReport
from camd.schema.lead import Lead

LISTS = Path(__file__).parents[2] / "fixtures" / "lists"
# In the order of the imports: rows, added, duplicates, suppressed, rejected.
FIRST = {
    "apollo.csv": (8, 5, 1, 2, 0),
    "evaboot.csv": (7, 3, 2, 0, 2),
    "phantombuster.csv": (6, 2, 4, 0, 0),
    "linkedin-connections.csv": (5, 2, 2, 0, 1),
    "hubspot.csv": (6, 2, 2, 1, 1),
    "lemlist.csv": (5, 2, 1, 2, 0),
    "instantly.csv": (4, 1, 3, 0, 0),
    "smartlead.csv": (4, 1, 1, 1, 1),
    "dropcontact.csv": (5, 2, 2, 1, 0),
}
PEOPLE = sum(added for _, added, *_ in FIRST.values())


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.rows, report.added, report.duplicates, report.suppressed, len(report.rejected)


async def make_campaign(desk: Desk, name: str, *sources: str) -> CampaignId:
    entries = [{"type": "csv", "path": str(LISTS / source)} for source in sources]
    steps = [{"subject": "Hello {{ first_name }}", "body": "A word?"}]
    body = CampaignBody.model_validate({"name": name, "steps": steps, "sources": entries})
    return CampaignId((await campaigns.create(desk, body, actor="os:ann")).id)


async def bring(desk: Desk, name: str, *, dry_run: bool = False, update: bool = False) -> ImportReport:
    with (LISTS / name).open("rb") as stream:
        return await lead_import.import_csv(
            desk, "Lists", stream, actor="os:ann", file_name=name, dry_run=dry_run, update=update
        )


async def bring_all(desk: Desk, *, update: bool = False) -> dict[str, tuple[int, int, int, int, int]]:
    return {name: counts(await bring(desk, name, update=update)) for name in FIRST}


async def people(desk: Desk, campaign: str = "Lists") -> dict[str, Lead]:
    page = await leads.page(desk, campaign, LeadFilter(), limit=500)
    return {f"{lead.first_name} {lead.last_name}": lead for lead in page.items}


async def test_nine_lists_imported_twice_count_every_person_once(desk: Desk) -> None:
    await make_campaign(desk, "Lists")
    assert await bring_all(desk) == FIRST
    known = await people(desk)
    assert len(known) == PEOPLE == 20
    again = {name: (rows, 0, added + known, *others) for name, (rows, added, known, *others) in FIRST.items()}
    assert await bring_all(desk) == again
    assert await people(desk) == known


async def test_what_a_dry_run_counts_is_what_the_import_then_counts(desk: Desk) -> None:
    await make_campaign(desk, "Lists")
    for name in FIRST:
        rehearsed = await bring(desk, name, dry_run=True)
        assert (name, counts(rehearsed)) == (name, counts(await bring(desk, name)))


async def test_every_rejected_line_is_named(desk: Desk) -> None:
    await make_campaign(desk, "Lists")
    reports = {name: await bring(desk, name) for name in FIRST}
    rejected = {name: [(line.line, line.reason.partition(":")[0]) for line in reports[name].rejected] for name in FIRST}
    assert {name: lines for name, lines in rejected.items() if lines} == {
        "evaboot.csv": [(8, "not_matched"), (15, "malformed")],
        "linkedin-connections.csv": [(7, "empty")],
        "hubspot.csv": [(7, "bad_email")],
        "smartlead.csv": [(5, "no_identity")],
    }


async def test_who_opted_out_in_one_list_is_suppressed_in_all(desk: Desk) -> None:
    await make_campaign(desk, "Lists")
    await bring_all(desk)
    known = await people(desk)
    opted_out = {"Paul O'Brien", "Henrik Lund", "Emma Karlsson", "Marek Horvat", "Pierre Maret"}
    assert opted_out.isdisjoint(known)
    assert len((await suppressions.page(desk)).items) == len(opted_out)


async def test_the_lists_of_a_campaigns_sources_give_the_same_people(desk: Desk) -> None:
    await make_campaign(desk, "Lists")
    await bring_all(desk)
    campaign_id = await make_campaign(desk, "Sources", *FIRST)
    cycles = [await desk.run(campaign_id, True) for _ in range(2)]
    assert [cycle.leads_discovered for cycle in cycles] == [PEOPLE, 0]
    assert set(await people(desk, "Sources")) == set(await people(desk))


async def test_an_update_fills_what_the_first_list_did_not_know_and_adds_nobody(desk: Desk) -> None:
    await make_campaign(desk, "Lists")
    await bring_all(desk, update=True)
    known = await people(desk)
    assert len(known) == PEOPLE
    # Apollo kept her address locked, Evaboot gave it; of Giulia's title the later list is believed.
    assert (known["Orla Byrne"].email, known["Giulia Conti"].title) == (
        "orla.byrne@harbour-dental.example",
        "Fondatrice",
    )
    assert {added for _, added, *_ in (await bring_all(desk, update=True)).values()} == {0}
