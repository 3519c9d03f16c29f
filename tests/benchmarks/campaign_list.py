"""How long `GET /campaigns` takes beside 1,000 campaigns with 1,000,000 leads, alone and beside full sending.

Run: `python -m tests.benchmarks.campaign_list [CAMPAIGNS LEADS]`, with Postfix's `smtp-sink` installed. Prints figures
and asserts that each answer is a page of all that was asked for and that every mail arrived. The caller is a process of
its own, which asks for one page after the other; the daemon's parts are those of `sending`'s way c.
"""

import json
import sqlite3
import statistics
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from camd.actors.supervisor import Supervisor
from camd.api.app import build_app
from camd.api.listen import serve
from camd.daemon.wiring import Engine
from camd.domain.campaign import Verb
from camd.operations import campaign_status
from camd.ports.records import TouchStatus
from camd.ports.settings import ServerSettings
from tests.benchmarks.mailing import Size, add_campaign, add_leads, opened, plan
from tests.benchmarks.sending import arriving
from tests.benchmarks.sink import sink

MAILS = 4_000
SIZE = Size(MAILS, mailboxes=10, connections=2)
LIMITS = (50, 500)
REQUESTS = {50: 400, 500: 60}
PAUSE_SECONDS = 0.02
"""Between two pages: a console that asks without a pause measures nothing but itself."""
SENT_TODAY = 20


@dataclass(frozen=True, slots=True)
class Latency:
    """In milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        cuts = statistics.quantiles(seconds, n=100)
        return cls(cuts[49] * 1000, cuts[98] * 1000)


def grow(database: Path, count: int, leads: int) -> None:
    """Copies the one campaign and its lead until there are so many, with as many mails today as each may send."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("PRAGMA synchronous=OFF")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        columns = _columns(connection, "campaigns")
        changed = ", ".join({"id": "i", "name": "name || i"}.get(name, name) for name in columns)
        table = f"campaigns ({', '.join(columns)})"
        connection.execute(f"INSERT INTO {table} {numbers} SELECT {changed} FROM n, campaigns WHERE id = 1", (count,))
        connection.execute(
            f"INSERT INTO campaign_steps {numbers} "
            "SELECT i, version, steps FROM n, campaign_steps WHERE campaign_id = 1",
            (count,),
        )
        columns = _columns(connection, "leads")
        ids = {name: f"{name} || i" for name in ("id", "key", "address_key", "address_hash", "source_ref")}
        changed = ", ".join({**ids, "campaign_id": f"i % {count} + 1"}.get(name, name) for name in columns)
        table = f"leads ({', '.join(columns)})"
        connection.execute("CREATE TEMP TABLE template AS SELECT * FROM leads")
        connection.execute(f"INSERT INTO {table} {numbers} SELECT {changed} FROM n, template", (leads,))
        connection.execute("DELETE FROM tallies")
        connection.execute(
            "INSERT INTO tallies "
            "SELECT campaign_id, 'status:' || status, count(*) FROM leads GROUP BY campaign_id, status"
        )
        connection.execute("INSERT INTO tallies SELECT campaign_id, 'contacted', amount FROM tallies")
        connection.execute(
            f"{numbers.replace('SELECT 2', 'SELECT 1')} INSERT INTO quota_debits (scope, key, at, amount) "
            "SELECT 'campaign', i % ? + 1, ?, 1 FROM n",
            (SENT_TODAY * count, count, time.time_ns() // 1000),
        )
        connection.execute("ANALYZE")
    connection.close()


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def ask(url: str, limit: int, times: int) -> list[float]:
    """Seconds of each of so many pages, asked for one after the other over new connections."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        with urllib.request.urlopen(f"{url}/api/cam/campaigns?limit={limit}", timeout=60) as answer:
            page = json.loads(answer.read())
        taken.append(time.perf_counter() - begun)
        assert len(page["items"]) == limit
        time.sleep(PAUSE_SECONDS)  # noqa: TID251 - outside of pytest
    return taken


async def measured(url: str, limit: int) -> Latency:
    """By a process of its own, which shares no lock with the daemon."""
    command = [sys.executable, "-m", "tests.benchmarks.campaign_list", "ask", url, str(limit), str(REQUESTS[limit])]
    done = await anyio.run_process(command)
    return Latency.of(json.loads(done.stdout))


async def beside_sending(engine: Engine, url: str, limit: int) -> tuple[Latency, float]:
    """The latency while all outboxes send, and the mails a second that they sent meanwhile."""
    outboxes = engine.outboxes
    async with anyio.create_task_group() as tasks:
        await tasks.start(Supervisor(engine.context, engine.runner, engine.bells).run)
        await tasks.start(outboxes.run)
        began, before = time.perf_counter(), await _left(engine)
        latency = await measured(url, limit)
        seconds, after = time.perf_counter() - began, await _left(engine)
        assert after, "it was not beside sending: plan more mails"
        await outboxes.at_rest(engine.settings.mailboxes)
        await outboxes.drain()
        tasks.cancel_scope.cancel()
    return latency, (before - after) / seconds


async def _left(engine: Engine) -> int:
    return await engine.context.store.read(lambda tx: tx.touches.count(TouchStatus.APPROVED))


async def run(count: int, leads: int) -> None:
    with sink() as target, TemporaryDirectory() as name:
        folder = Path(name)
        async with opened(target.port, SIZE, folder) as engine:
            campaign_id = await add_campaign(engine, "Many ")
            await add_leads(engine, campaign_id, range(1))
            await campaign_status.move(engine.desk, campaign_id, Verb.PAUSE, actor="os:ann")
        grow(folder / "camd.db", count, leads)
        size = (folder / "camd.db").stat().st_size / 1e6
        print(f"{count:,} campaigns, {leads:,} leads, {size:,.0f} MB")
        for limit in LIMITS:
            async with opened(target.port, SIZE, folder) as engine, serving(engine, folder) as url:
                alone = await measured(url, limit)
                await plan(engine, MAILS, first=LIMITS.index(limit) * MAILS + leads)
                with arriving(target, MAILS):
                    beside, rate = await beside_sending(engine, url, limit)
            print(
                f"{limit:4} a page   alone p50 {alone.p50:6.1f} ms, p99 {alone.p99:6.1f} ms   "
                f"beside {rate:.0f} mails/s p50 {beside.p50:6.1f} ms, p99 {beside.p99:6.1f} ms"
            )


@asynccontextmanager
async def serving(engine: Engine, folder: Path) -> AsyncIterator[str]:
    async with serve(build_app(engine.desk, engine.health), ServerSettings("127.0.0.1", 0, folder / "api.sock")) as url:
        yield url


def main() -> None:
    match sys.argv[1:]:
        case ["ask", url, limit, times]:
            print(json.dumps(ask(url, int(limit), int(times))))
        case given:
            count, leads = map(int, given) if given else (1_000, 1_000_000)
            anyio.run(run, count, leads)


if __name__ == "__main__":
    main()
