"""A campaign and a file of people tried out before anything of them is stored."""

from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import httpx
import pytest

from camd.client import ApiError, CamdClient
from camd.operations.desk import Desk
from camd.schema.definition import CampaignBody
from camd.schema.draft import DraftBody
from camd.schema.lead import LeadBody
from camd.schema.suppression import SuppressionBody
from camd.sim.world import mailbox

STEPS = [
    {"subject": "For {{ company }}", "body": "Hello {{ first_name }},\n"},
    {"body": "Again, {{ first_name }},\n", "wait_days": 3},
]
ANN = LeadBody(email="ann@firm.example", first_name="Ann", company="Firm")
FILE = (
    b"E-Mail,Vorname,Firma,Lieblingsfarbe\n"
    b"ann@firm.example,Ann,Firm,blue\n"
    b"ann@firm.example,Ann,Firm,blue\n"
    b"bob@gone.example,Bob,Gone,red\n"
    b"nonsense,,,\n"
)


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    settings = replace(desk.context.settings, mailboxes={"sales": mailbox("sales")})
    return replace(desk, context=replace(desk.context, settings=settings))


@pytest.fixture
async def client(http: httpx.AsyncClient) -> AsyncIterator[CamdClient]:
    async with CamdClient(str(http.base_url)) as opened:
        yield opened


def draft(lead: LeadBody | None = ANN, leads: int = 0, **fields: Any) -> DraftBody:
    return DraftBody(
        campaign=CampaignBody.model_validate({"name": "Q1", "steps": STEPS} | fields), lead=lead, leads=leads
    )


async def test_a_draft_shows_each_mail_as_the_person_would_get_it(client: CamdClient) -> None:
    first, second = (await client.check_draft(draft())).mails
    assert (first.subject, second.subject) == ("For Firm", "Re: For Firm")
    assert (first.body or "").startswith("Hello Ann,\n")
    assert "[sender.company]" in (second.body or "")
    assert (first.problem, second.problem) == (None, None)


async def test_a_mail_that_lacks_a_fact_says_which_and_how_that_is_mended(client: CamdClient) -> None:
    first, second = (await client.check_draft(draft(LeadBody(email="ann@firm.example", company="Firm")))).mails
    assert (first.subject, first.body) == (None, None)
    assert first.problem == (
        "first_name is missing: add the fact, or write the text with a default, as in "
        "{{ first_name | default('…', true) }}"
    )
    assert second.problem is not None


async def test_a_draft_reckons_what_its_limits_let_out(client: CamdClient) -> None:
    report = await client.check_draft(draft(None, leads=100, daily_email_limit=10))
    assert report.mails == []
    assert report.capacity is not None
    assert (report.capacity.day_1, report.capacity.binding) == (10, "campaign")


@pytest.mark.parametrize("fields", [{"steps": []}, {}])
async def test_without_mails_or_people_there_is_nothing_to_reckon(client: CamdClient, fields: dict[str, Any]) -> None:
    report = await client.check_draft(draft(None, leads=0 if not fields else 100, **fields))
    assert report.capacity is None


async def test_a_draft_is_refused_with_every_field_that_its_creation_would_name(client: CamdClient) -> None:
    wrong = draft(mailboxes=["nobody"], sources=[{"type": "nothing"}], steps=[{"subject": "{{ a", "body": "b"}])
    with pytest.raises(ApiError) as refused:
        await client.check_draft(wrong)
    told = {error.field for error in refused.value.problem.errors or []}
    assert told == {"mailboxes.0", "sources.0.type", "steps.0.subject"}


async def test_a_draft_names_what_is_wrong_with_the_person(client: CamdClient) -> None:
    with pytest.raises(ApiError) as refused:
        await client.check_draft(draft(LeadBody(email="nonsense")))
    assert [error.field for error in refused.value.problem.errors or []] == ["email"]


async def test_neither_check_stores_anything(client: CamdClient) -> None:
    await client.check_draft(draft())
    await client.check_import(BytesIO(FILE))
    assert (await client.campaigns()).items == []
    assert (await client.imports()).items == []
    assert (await client.event_page()).items == []


async def test_a_file_is_checked_against_the_suppressions_where_no_campaign_is_named(client: CamdClient) -> None:
    await client.add_suppression(SuppressionBody(value="gone.example"))
    report = await client.check_import(BytesIO(FILE))
    assert (report.rows, report.added, report.duplicates, report.suppressed) == (4, 1, 1, 1)
    assert [line.line for line in report.rejected] == [5]
    assert [person.email for person in report.sample] == ["ann@firm.example"]
    assert report.sample[0].custom == {"lieblingsfarbe": "blue"}


async def test_a_check_tells_what_each_column_fills(client: CamdClient) -> None:
    report = await client.check_import(BytesIO(FILE), mapping={"Lieblingsfarbe": "industry"})
    assert [(use.column, use.field) for use in report.columns] == [
        ("E-Mail", "email"),
        ("Vorname", "first_name"),
        ("Firma", "company"),
        ("Lieblingsfarbe", "industry"),
    ]
    assert {"email", "full_name", "industry"} <= set(report.fields)
    assert report.sample[0].industry == "blue"


async def test_a_check_for_a_campaign_knows_its_leads(client: CamdClient) -> None:
    await client.create_campaign(CampaignBody(name="Q1"))
    await client.add_lead("Q1", ANN)
    report = await client.check_import(BytesIO(FILE), campaign="Q1")
    assert (report.added, report.duplicates) == (1, 2)


async def test_a_check_and_the_import_count_the_same(client: CamdClient) -> None:
    await client.create_campaign(CampaignBody(name="Q1"))
    checked = await client.check_import(BytesIO(FILE), campaign="Q1")
    done = await client.import_leads("Q1", BytesIO(FILE))
    assert (checked.rows, checked.added, checked.duplicates) == (done.rows, done.added, done.duplicates)
    assert checked.rejected == done.rejected


async def test_at_most_five_people_are_shown(client: CamdClient) -> None:
    rows = b"".join(b"p%d@c%d.example\n" % (number, number) for number in range(9))
    report = await client.check_import(BytesIO(b"email\n" + rows))
    assert (report.added, len(report.sample)) == (9, 5)


async def test_what_only_a_file_may_say_is_left_out_of_the_people_shown(client: CamdClient) -> None:
    rows = b"email,company,2nd phone,timezone\nann@firm.example,Firm,1,Europe/Vienna\n"
    [ann] = (await client.check_import(BytesIO(rows))).sample
    assert (ann.company, ann.timezone, ann.custom) == ("Firm", "Europe/Vienna", {})


async def test_a_file_that_cannot_be_read_says_how_it_is_mended(client: CamdClient) -> None:
    with pytest.raises(ApiError) as refused:
        await client.check_import(BytesIO(b"a,b\n1,2\n"))
    assert [error.field for error in refused.value.problem.errors or []] == ["file"]
    with pytest.raises(ApiError) as refused:
        await client.check_import(BytesIO(FILE), mapping={"Nothing": "email"})
    assert [error.field for error in refused.value.problem.errors or []] == ["map"]
