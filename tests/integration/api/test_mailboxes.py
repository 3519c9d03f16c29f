"""Mailboxes and test mails over the API."""

from dataclasses import replace

import httpx
import pytest

from camd.operations.desk import Desk
from camd.ports.settings import NotifySettings
from camd.sim.mail import MemoryMail
from camd.sim.world import mailbox

CAMPAIGN = {"name": "Q1", "steps": [{"subject": "Hi", "body": "Hello {{ first_name }}"}]}


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """With a mailbox, a sender and an operator to be told."""
    settings = replace(
        desk.context.settings,
        mailboxes={"sales": mailbox("sales")},
        notify=NotifySettings(("op@us.example",)),
        sender=replace(desk.context.settings.sender, name="Ann", company="Acme", postal_address="1 Main St"),
    )
    return replace(desk, context=replace(desk.context, settings=settings))


async def test_mailboxes_are_a_list_without_secrets(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/cam/mailboxes")).json() == {
        "items": [{"name": "sales", "address": "sales@us.example", "daily_limit": 30}],
        "next": None,
    }


async def test_a_log_in_is_tried_on_demand(http: httpx.AsyncClient) -> None:
    tried = await http.post("/api/cam/mailboxes/sales/test")
    assert (tried.status_code, tried.json()["ok"]) == (200, True)
    assert (await http.post("/api/cam/mailboxes/gone/test")).status_code == 404
    assert (await http.post("/api/cam/mailboxes/sales/test", json={"force": True})).status_code == 422


async def test_test_mails_go_to_the_operator_alone(http: httpx.AsyncClient, desk: Desk) -> None:
    await http.post("/api/cam/campaigns", json=CAMPAIGN)
    url = "/api/cam/campaigns/Q1/test-send"
    assert (await http.post(url)).status_code == 409
    await http.post("/api/cam/campaigns/Q1/leads", json={"email": "bob@firm.example", "first_name": "Bob"})
    assert (await http.post(url, json={"to": "bob@firm.example"})).status_code == 422
    sent = await http.post(url, json={"to": "op@us.example"})
    assert sent.status_code == 200
    assert [(mail["subject"], mail["outcome"]) for mail in sent.json()["mails"]] == [("[test] Hi", "accepted")]
    assert isinstance(desk.context.mail, MemoryMail)
    assert [mail.recipient for mail in desk.context.mail.delivered] == ["op@us.example"]
