"""A cycle with nothing to do, beside 1,000 and beside 1,000,000 leads of the same campaign.

Run: `python tests/benchmarks/idle_cycle.py [LEADS]`. Prints the median of each and their ratio; asserts nothing.
"""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camd.daemon.public import load_settings
from camd.daemon.wiring import Engine
from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId, Facts
from camd.pipeline.cycle import run_cycle
from camd.pipeline.dedupe import Admitted, admit
from camd.ports.providers import Found
from camd.ports.settings import Settings
from camd.ports.store import Tx

CYCLES = 200


def settings_for(folder: Path) -> Settings:
    config = folder / "camd.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{folder}/camd.db"\n[server]\nsocket = "{folder}/s"\n')
    return load_settings(config)


async def one_lead(settings: Settings) -> None:
    """A campaign with one lead that is due in a year."""
    async with Engine.open(settings) as engine:
        now = engine.context.clock.now()

        def unit(tx: Tx) -> None:
            campaign = tx.campaigns.add(Definition("Q1"), StatusChange(CampaignStatus.ACTIVE, None, "engine", now))
            found = Found("row:0", Facts(email="p0@c0.example"))
            admitted = admit(tx, engine.context, campaign, found, source="csv", actor="engine", now=now)
            assert isinstance(admitted, Admitted)
            tx.leads.save(admitted.lead, replace(admitted.lead, next_action_at=now + timedelta(days=365)))

        await engine.context.store.write(unit)


def multiply(database: Path, count: int) -> None:
    """Copies the one lead with other keys, as fast as SQLite can."""
    with sqlite3.connect(database) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(leads)")]
        made = {"id": "'ld_' || printf('%026d', n)", "key": "'address:p' || n", "address_key": "'p' || n"}
        made |= {"source_ref": "'row:' || n", "address_hash": "'h' || n"}
        columns = ", ".join(made.get(name, name) for name in names)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
            f"INSERT INTO leads ({', '.join(names)}) SELECT {columns} FROM leads, numbers",
            (count - 1,),
        )
        connection.execute("UPDATE tallies SET amount = ? WHERE name = 'status:new'", (count,))
    connection.close()


async def median_cycle(settings: Settings) -> float:
    async with Engine.open(settings) as engine:
        times = []
        for _ in range(CYCLES):
            begun = time.perf_counter()
            await run_cycle(engine.context, CampaignId(1), call_dry=False)
            times.append(time.perf_counter() - begun)
        return statistics.median(times)


def measure(count: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        settings = settings_for(Path(name))
        asyncio.run(one_lead(settings))
        multiply(settings.database.path, count)
        seconds = asyncio.run(median_cycle(settings))
        print(f"{count:>9} leads: {seconds * 1000:.2f} ms a cycle with nothing to do")
        return seconds


if __name__ == "__main__":
    few, many = measure(1_000), measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(f"ratio {many / few:.2f}")
