"""A whole live campaign by the real engine and its own clock, through a real Postfix into a Maildir."""

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from pydantic import SecretStr

from camd.actors.supervisor import Supervisor
from camd.daemon.wiring import Adapters, Engine
from camd.domain.campaign import (
    Autonomy,
    AutonomyMode,
    CampaignStatus,
    Definition,
    SourceEntry,
    StatusChange,
    Step,
)
from camd.domain.facts import CampaignId, Facts
from camd.domain.message_id import is_ours
from camd.domain.send_window import Window
from camd.ports.providers import Found
from camd.ports.records import Listing, Touch, TouchFilter, TouchStatus
from camd.ports.settings import LimitSettings, PublicSettings, Settings
from camd.sim.fakes import ListSource, Verifier
from camd.sim.world import mailbox, plain_settings
from camd.system import SystemClock, SystemEntropy, SystemIds

pytestmark = pytest.mark.system

PEOPLE = (
    Found("row:1", Facts(email="grace@firm.example", first_name="Grace", company="Firm")),
    Found("row:2", Facts(email="zoe@firm.example", first_name="Zoë", company="Firm")),
)
STEPS = (
    Step(1, "Eine Frage an {{ first_name }}", "Guten Tag {{ first_name }},\n\nkurz zu {{ company }}: Grüße!\n"),
    Step(2, "", "Haben Sie meine Zeilen gesehen, {{ first_name }}?\n"),
)
DEFINITION = Definition(
    "Q1",
    language="de",
    dry_run=False,
    steps=STEPS,
    sources=(SourceEntry("list", {"list": "people"}),),
    window=Window(frozenset(range(7)), 0, 1440, holidays=False),
    first_touch_spread_hours=0,
    autonomy=Autonomy(AutonomyMode.FULL, 0),
)
BASE_URL = "https://camd.us.example"


class Server(Protocol):
    port: int
    certificate: Path

    @property
    def wait_for(self) -> Callable[[str, int], str]: ...

    @property
    def received(self) -> Callable[[str], bytes]: ...

    @property
    def inbox(self) -> Callable[[], list[bytes]]: ...


def settings(folder: Path, server: Server) -> Settings:
    box = replace(
        mailbox("sales"),
        from_name="Änne Müller",
        smtp_host="127.0.0.1",
        smtp_port=server.port,
        username="sales",
        password=SecretStr("correct horse"),
        min_gap_seconds=0,
        jitter_seconds=0,
        # Without one that it hears no follow-up would leave.
        maildir=folder / "answers",
    )
    return replace(
        plain_settings(folder, box),
        limits=LimitSettings(company_new_per_day=9, company_daily=9, person_gap_hours=0),
        public=PublicSettings(enabled=True, base_url=BASE_URL),
    )


def adapters() -> Adapters:
    clock, entropy = SystemClock(), SystemEntropy()
    return Adapters(clock, entropy, SystemIds(clock, entropy), (ListSource({"people": list(PEOPLE)}),), Verifier())


async def run_until_all_is_delivered(engine: Engine, server: Server) -> None:
    now = engine.context.clock.now()
    active = StatusChange(CampaignStatus.ACTIVE, None, "engine", now)
    await engine.context.store.write(lambda tx: tx.campaigns.add(DEFINITION, active))
    async with anyio.create_task_group() as tasks:
        await tasks.start(Supervisor(engine.context, engine.runner, engine.bells).run)
        await tasks.start(engine.outboxes.run)
        tasks.start_soon(engine.inboxes.run)
        await anyio.to_thread.run_sync(server.wait_for, "status=sent", len(PEOPLE) * len(STEPS))
        await engine.outboxes.drain()
        tasks.cancel_scope.cancel()


async def touches_of(engine: Engine, campaign_id: CampaignId) -> list[Touch]:
    wanted = TouchFilter(campaign_id=campaign_id)
    return [*await engine.context.store.read(lambda tx: tx.touches.page(Listing(), wanted))]


def parsed(raw: bytes) -> EmailMessage:
    assert max(map(len, raw.splitlines())) <= 998
    message = message_from_bytes(raw, policy=policy.default)
    assert message.defects == []
    return message


async def test_a_live_campaign_sends_its_sequence_once_and_threaded(
    postfix: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As an operator does whose mail server has a certificate of its own.
    monkeypatch.setenv("SSL_CERT_FILE", str(postfix.certificate))
    for made in ("new", "cur", "tmp"):
        (tmp_path / "answers" / made).mkdir(parents=True)
    async with Engine.open(settings(tmp_path, postfix), adapters()) as engine:
        await run_until_all_is_delivered(engine, postfix)
        touches = await touches_of(engine, CampaignId(1))
        key = await engine.context.store.read(lambda tx: tx.instance.key())
    assert [touch.status for touch in touches] == [TouchStatus.SENT] * 4
    ids = {(touch.lead_id, touch.step): touch.message_id or "" for touch in touches}
    assert len(postfix.inbox()) == len(set(ids.values())) == 4
    received = {key: parsed(postfix.received(message_id)) for key, message_id in ids.items()}
    for (lead_id, step), message in received.items():
        assert is_ours(key, ids[lead_id, step])
        assert message["From"].addresses[0].display_name == "Änne Müller"
        assert message["List-Unsubscribe"].startswith(f"<{BASE_URL}/u/")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "1 High Street" in message.get_content()
        if step == 2:
            first = received[lead_id, 1]
            assert message["To"] == first["To"]
            assert message["Subject"] == f"Re: {first['Subject']}"
            assert message["In-Reply-To"] == message["References"] == f"<{ids[lead_id, 1]}>"
    assert sorted(message["Subject"] for message in received.values() if "In-Reply-To" not in message) == [
        "Eine Frage an Grace",
        "Eine Frage an Zoë",
    ]
