import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import BaseModel, SecretStr

from camd.config import ConfigurationError, Problem
from camd.daemon.reload import Reloader, differences, merged
from camd.ports.channel import Handover
from camd.ports.records import TouchStatus
from camd.ports.settings import (
    EngineSettings,
    LimitSettings,
    LoggingSettings,
    NotifySettings,
    RetentionSettings,
    Settings,
)
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import STEPS, World, mailbox, people, plain_settings, simulate
from camd.telemetry.logs import LogSink, configure


class Vendor(BaseModel):
    api_key: SecretStr | None = None
    credits_per_day: int | None = None


@pytest.fixture
def before(tmp_path: Path) -> Settings:
    return replace(plain_settings(tmp_path), providers={"hunter": Vendor()})


def box(settings: Settings, **fields: Any) -> Settings:
    return replace(settings, mailboxes={"sales": replace(settings.mailboxes["sales"], **fields)})


LIVE: dict[str, Callable[[Settings], Settings]] = {
    "engine.grace_seconds": lambda it: replace(it, engine=replace(it.engine, grace_seconds=5)),
    "engine.max_idle_seconds": lambda it: replace(it, engine=replace(it.engine, max_idle_seconds=5)),
    "sender.company": lambda it: replace(it, sender=replace(it.sender, company="Other")),
    "sender.postal_address": lambda it: replace(it, sender=replace(it.sender, postal_address="2 Low Street")),
    "sender.reply_opt_out": lambda it: replace(it, sender=replace(it.sender, reply_opt_out=False)),
    "sender.footers": lambda it: replace(it, sender=replace(it.sender, footers={"de": "Ende"})),
    "limits.instance_daily": lambda it: replace(it, limits=replace(it.limits, instance_daily=5)),
    "limits.person_gap_hours": lambda it: replace(it, limits=replace(it.limits, person_gap_hours=1)),
    "countries": lambda it: replace(it, countries={"DE": "block"}),
    "notify.email": lambda it: replace(it, notify=replace(it.notify, email=("ann@us.example",))),
    "notify.digest": lambda it: replace(it, notify=replace(it.notify, digest=time(9))),
    "mailboxes.sales.daily_limit": lambda it: box(it, daily_limit=7),
    "mailboxes.sales.ramp": lambda it: box(it, ramp=True),
    "mailboxes.sales.min_gap_seconds": lambda it: box(it, min_gap_seconds=7),
    "mailboxes.sales.jitter_seconds": lambda it: box(it, jitter_seconds=7),
    "retention.body_days": lambda it: replace(it, retention=replace(it.retention, body_days=7)),
    "logging.level": lambda it: replace(it, logging=replace(it.logging, level="error")),
}

WAITS: dict[str, Callable[[Settings], Settings]] = {
    "database.journal": lambda it: replace(it, database=replace(it.database, journal=Path("/other.journal"))),
    "server.port": lambda it: replace(it, server=replace(it.server, port=9000)),
    "public.enabled": lambda it: replace(it, public=replace(it.public, enabled=True)),
    "engine.dry_run": lambda it: replace(it, engine=replace(it.engine, dry_run=True)),
    "engine.timezone": lambda it: replace(it, engine=replace(it.engine, timezone="Asia/Tokyo")),
    "sender.name": lambda it: replace(it, sender=replace(it.sender, name="Bo")),
    "mailboxes.sales.from_name": lambda it: box(it, from_name="Bo"),
    "mailboxes.sales.smtp_host": lambda it: box(it, smtp_host="other.example"),
    "mailboxes.sales.password": lambda it: box(it, password=SecretStr("canary")),
    "mailboxes.sales.max_connections": lambda it: box(it, max_connections=9),
    "mailboxes.office": lambda it: replace(it, mailboxes={**it.mailboxes, "office": mailbox("office")}),
    "mailboxes.sales": lambda it: replace(it, mailboxes={}),
    "providers.hunter.api_key": lambda it: replace(it, providers={"hunter": Vendor(api_key=SecretStr("canary"))}),
    "logging.format": lambda it: replace(it, logging=replace(it.logging, format="console")),
}


@pytest.mark.parametrize("key", LIVE)
def test_what_is_read_at_each_use_is_in_force_at_once(before: Settings, key: str) -> None:
    found = LIVE[key](before)
    after, waiting = merged(before, found)
    assert (after, waiting) == (found, [])
    assert [".".join(path) for path in differences(before, after)] == [key]


@pytest.mark.parametrize("key", WAITS)
def test_what_parts_were_built_with_waits_for_a_restart_and_is_named(before: Settings, key: str) -> None:
    assert merged(before, WAITS[key](before)) == (before, [key])


def test_of_a_file_with_both_only_the_one_kind_is_taken(before: Settings) -> None:
    found = WAITS["server.port"](LIVE["limits.instance_daily"](before))
    after, waiting = merged(before, found)
    assert (after.limits.instance_daily, after.server.port, waiting) == (5, 0, ["server.port"])


def test_what_was_changed_back_waits_no_more(before: Settings) -> None:
    after, _ = merged(before, WAITS["server.port"](before))
    assert merged(after, before) == (before, [])


def test_notices_do_not_leave_through_a_mailbox_that_waits_for_a_restart(before: Settings) -> None:
    more = WAITS["mailboxes.office"](before)
    after, waiting = merged(before, replace(more, notify=replace(more.notify, mailbox="office")))
    assert after.notify.mailbox is None
    assert waiting == ["notify.mailbox", "mailboxes.office"]


def test_every_key_is_either_in_force_or_named(before: Settings, tmp_path: Path) -> None:
    found = replace(
        plain_settings(tmp_path / "elsewhere"),
        engine=EngineSettings(True, 1, 2, "Asia/Tokyo", "USD"),
        limits=LimitSettings(1, 2, 3, 4),
        notify=NotifySettings(("a@us.example",), "sales", time(1), "Asia/Tokyo"),
        retention=RetentionSettings(1, 2),
        logging=LoggingSettings("json", "debug", journal=True),
        providers={"hunter": Vendor(credits_per_day=1)},
    )
    after, waiting = merged(before, found)
    told = [".".join(path) for path in differences(before, after)] + waiting
    assert sorted(told) == sorted(".".join(path) for path in differences(before, found))
    assert "database.path" not in told


def logged(world: World, to: io.StringIO) -> LogSink:
    return configure(world.clock, LoggingSettings(), version="1", metrics=world.context.metrics, stream=to)


def reloader(world: World, read: Callable[[], Settings]) -> Reloader:
    return Reloader(world.context, world.health, world._daemon.bells, read)


def test_fault_11_a_file_with_a_mistake_changes_nothing_and_every_mistake_is_told(tmp_path: Path) -> None:
    stream = io.StringIO()

    def broken() -> Settings:
        raise ConfigurationError([Problem("server.port", "must be a number"), Problem("engine.grace", "unknown key")])

    async def scenario(world: World) -> None:
        before = world.context.settings
        sink = logged(world, stream)
        told = await reloader(world, broken).reload()
        sink.close()
        assert world.context.settings is before
        assert told == "not reloaded, the settings before stay in force: server.port, engine.grace"

    simulate(tmp_path, scenario)
    [line] = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["key"], line["count"]) == ("config.rejected", "server.port, engine.grace", 2)
    assert line["reason"] == "server.port: must be a number; engine.grace: unknown key"


@pytest.mark.parametrize("instead", [None, Path("/etc/camd/camd.toml")])
def test_fault_11_a_file_that_is_gone_leaves_no_defaults_and_no_other_file_in_force(
    tmp_path: Path, instead: Path | None
) -> None:
    async def scenario(world: World) -> None:
        begun_with = replace(world.settings, file=Path("/site/camd.toml"))
        world.context.settings = begun_with
        told = await reloader(world, lambda: replace(LIVE["countries"](begun_with), file=instead)).reload()
        assert told == "not reloaded, the settings before stay in force: /site/camd.toml"
        assert world.context.settings is begun_with

    simulate(tmp_path, scenario)


def test_a_reload_names_what_changed_and_what_waits_for_a_restart(tmp_path: Path) -> None:
    stream = io.StringIO()

    async def scenario(world: World) -> None:
        sink = logged(world, stream)
        change = reloader(world, lambda: WAITS["server.port"](LIVE["countries"](world.settings)))
        assert await change.reload() == "reloaded: 1 changed; waiting for a restart: server.port"
        assert world.health.waits_for_restart == ("server.port",)
        sink.close()

    simulate(tmp_path, scenario)
    [line] = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["changed"], line["waits_for_restart"]) == (
        "config.reloaded",
        "countries",
        "server.port",
    )


def test_a_database_that_is_away_keeps_the_settings_before(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        before = world.context.settings
        world.store.trouble = StoreUnavailable("away")
        told = await reloader(world, lambda: LIVE["countries"](before)).reload()
        assert (world.context.settings, told.partition(":")[2]) == (before, " database")

    simulate(tmp_path, scenario)


def test_a_reload_leaves_a_mail_that_is_on_its_way_as_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        on_its_way, go_on = anyio.Event(), anyio.Event()

        async def hangs(_: Handover) -> None:
            on_its_way.set()
            await go_on.wait()

        campaign = await world.live(*people(2), steps=STEPS[:1])
        world.mail.after_mark = hangs
        await world.start()
        await on_its_way.wait()
        before = await world.touches(campaign)
        found = LIVE["sender.company"](LIVE["countries"](box(world.settings, ramp=True)))
        await reloader(world, lambda: found).reload()
        assert await world.touches(campaign) == before
        go_on.set()
        await world.run_for(seconds=10)
        sent = [touch for touch in await world.touches(campaign) if touch.status is TouchStatus.SENT]
        assert len(sent) == len(world.mail.delivered) == 1
        [stored] = [touch for touch in before if touch.id == sent[0].id]
        assert world.mail.delivered[0].body == stored.body
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_limit_that_was_raised_lets_out_more_at_once(tmp_path: Path) -> None:
    def slow(settings: Settings) -> Settings:
        return box(settings, daily_limit=1, min_gap_seconds=0, jitter_seconds=0)

    async def scenario(world: World) -> None:
        await world.live(*people(5), steps=STEPS[:1])
        await world.run_for(hours=1)
        assert len(world.mail.delivered) == 1
        await reloader(world, lambda: box(world.settings, daily_limit=3)).reload()
        await world.run_for(minutes=1)
        assert len(world.mail.delivered) == 3

    simulate(tmp_path, scenario, settings=slow)
