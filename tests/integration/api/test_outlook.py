"""What is to come, over the API."""

from collections.abc import AsyncIterator

import httpx
import pytest

from camd.client import ApiError, CamdClient
from camd.schema.definition import CampaignBody
from camd.schema.outlook import OUTLOOK_DAYS


@pytest.fixture
async def client(http: httpx.AsyncClient) -> AsyncIterator[CamdClient]:
    async with CamdClient(str(http.base_url)) as opened:
        yield opened


async def test_a_campaign_that_nobody_started_says_so_and_plans_nothing(client: CamdClient) -> None:
    await client.create_campaign(CampaignBody(name="Q1"))
    outlook = await client.outlook("Q1")
    assert [wait.reason for wait in outlook.waits] == ["dry_run_instance", "dry_run_campaign", "not_active"]
    assert outlook.waits[2].text == "not started yet: activate it"
    assert (outlook.next_mail_at, len(outlook.planned)) == (None, OUTLOOK_DAYS)


async def test_an_unknown_campaign_has_no_outlook(client: CamdClient) -> None:
    with pytest.raises(ApiError) as refused:
        await client.outlook("Q9")
    assert refused.value.problem.status == 404


async def test_an_instance_without_campaigns_has_an_empty_outlook_and_series(client: CamdClient) -> None:
    outlook, series = await client.instance_outlook(), await client.instance_series(days=7)
    assert [(day.first, day.follow_ups) for day in outlook.planned] == [(0, 0)] * OUTLOOK_DAYS
    assert [day.contacted for day in series.days] == [0] * 7


@pytest.mark.parametrize("days", ["0", "367", "x"])
async def test_a_series_of_more_than_a_year_is_refused(http: httpx.AsyncClient, days: str) -> None:
    answer = await http.get("/api/cam/timeseries", params={"days": days})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["days"])
