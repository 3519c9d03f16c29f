"""The laws that nothing breaks are broken here by hand, and seen."""

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from camd.domain.facts import SuppressionId
from camd.domain.invariant import Invariant
from camd.domain.suppression import SuppressionReason, keyed_hash, parse_value
from camd.pipeline.violations import RACE
from camd.ports.channel import Handover
from camd.ports.records import Suppression, TouchStatus
from camd.ports.settings import LoggingSettings
from camd.ports.store import Tx
from camd.sim.world import STEPS, World, mailbox, people, simulate
from camd.telemetry.logs import configure
from tests.sim.fault_signs import value

P0 = "p0@c0.example"


@contextmanager
def heard(world: World) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    sink = configure(world.clock, LoggingSettings(), version="1", metrics=world.context.metrics, stream=stream)
    try:
        yield stream
    finally:
        sink.close()


def violations(stream: io.StringIO) -> list[object]:
    lines = (json.loads(line) for line in stream.getvalue().splitlines())
    return [line["invariant"] for line in lines if line["event"] == "invariant.violated"]


def counted(world: World, invariant: Invariant) -> float:
    return value(world.context.metrics, f'invariant_violations_total{{invariant="{invariant}"}}')


def test_a_world_in_which_all_is_well_breaks_no_law(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with heard(world) as stream:
            await world.live(*people(20))
            await world.run_for(days=10)
        assert len(world.mail.delivered) == 40
        assert violations(stream) == []
        assert value(world.context.metrics, "quota_overrun_total") == 0
        assert [counted(world, invariant) for invariant in Invariant] == [0] * len(Invariant)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("suppressed_before", [RACE + timedelta(seconds=1), RACE])
def test_a_mail_that_goes_to_somebody_who_said_no_is_seen_but_a_race_is_none(
    tmp_path: Path, suppressed_before: timedelta
) -> None:
    async def scenario(world: World) -> None:
        async def forgotten(_: Handover) -> None:
            """As if the gate had not looked: the row is there, and was when the mail was marked."""
            refused = parse_value(P0)

            def unit(tx: Tx) -> None:
                hashed = keyed_hash(tx.instance.key(), refused.kind, refused.key)
                at = world.clock.now() - suppressed_before
                row = Suppression(
                    SuppressionId("su_x"),
                    refused.kind,
                    hashed,
                    refused.key,
                    SuppressionReason.OPTED_OUT,
                    None,
                    at,
                    "person",
                )
                tx.suppressions.add(row)

            await world.store.write(unit)

        world.mail.after_mark = forgotten
        with heard(world) as stream:
            await world.live(*people(1), steps=STEPS[:1])
            await world.run_for(minutes=2)
        is_broken = suppressed_before > RACE
        assert violations(stream) == [Invariant.WRITTEN_TO_AFTER_NO] * is_broken
        assert counted(world, Invariant.WRITTEN_TO_AFTER_NO) == is_broken
        assert "p0" not in stream.getvalue()

    simulate(tmp_path, scenario)


def test_the_same_step_of_a_lead_sent_twice_is_seen(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS[:1])

        async def again(_: Handover) -> None:
            with closing(sqlite3.connect(world.settings.database.path)) as raw:
                raw.execute("DROP INDEX uq_touches_step")
                raw.execute("DROP INDEX uq_touches_campaign_step")
                raw.row_factory = sqlite3.Row
                row = dict(raw.execute("SELECT * FROM touches").fetchone())
                row |= {"id": "to_again", "status": str(TouchStatus.SENT), "message_id": "again@us.example"}
                marks = ", ".join(f":{name}" for name in row)
                raw.execute(f"INSERT INTO touches ({', '.join(row)}) VALUES ({marks})", row)
                raw.commit()

        world.mail.after_mark = again
        with heard(world) as stream:
            await world.run_for(minutes=2)
        assert len(await world.touches(campaign)) == 2
        assert violations(stream) == [Invariant.STEP_SENT_TWICE]
        assert counted(world, Invariant.STEP_SENT_TWICE) == 1

    simulate(tmp_path, scenario)


def test_a_debit_that_fills_a_quota_over_its_limit_is_seen(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with closing(sqlite3.connect(world.settings.database.path)) as raw:
            # As a bug in the debits would: each is written twice.
            raw.execute(
                "CREATE TRIGGER twice AFTER INSERT ON quota_debits WHEN NEW.scope = 'mailbox_day' AND NEW.amount = 1"
                " BEGIN INSERT INTO quota_debits (scope, key, at, amount) VALUES (NEW.scope, NEW.key, NEW.at, 2); END"
            )
            raw.commit()
        with heard(world) as stream:
            await world.live(*people(2), steps=STEPS[:1])
            await world.run_for(minutes=2)
        assert violations(stream) == [Invariant.QUOTA_OVERRUN] * 2, "of the local day and of 24 hours"
        assert value(world.context.metrics, "quota_overrun_total") == 2
        assert counted(world, Invariant.QUOTA_OVERRUN) == 2
        told = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert {(line["limit"], line["used"]) for line in told if "used" in line} == {(1, 3)}

    box = replace(mailbox("sales", daily_limit=1), jitter_seconds=0)
    simulate(tmp_path, scenario, settings=lambda settings: replace(settings, mailboxes={"sales": box}))
