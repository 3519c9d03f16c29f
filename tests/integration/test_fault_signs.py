"""The faults of real files and real connections are told by their events and figures too; those of a simulated world
are in `tests/sim`."""

import io
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection

from camd.actors.health import Phase
from camd.actors.watch import Watch
from camd.api.listen import serve_public
from camd.api.public import build_public_app
from camd.daemon.observe import StoreMetrics
from camd.daemon.restore import restore
from camd.daemon.wiring import Engine, make_metrics
from camd.domain.errors import Misconfigured
from camd.domain.opt_out import make_token
from camd.mail.smtp import SmtpChannel
from camd.ports.settings import LoggingSettings, PublicSettings
from camd.sim.smtp_server import ScriptedServer
from camd.sim.world import mailbox, plain_settings
from camd.store.backup import back_up
from camd.store.sqlite import SqliteStore
from camd.store.writer import Writer, WriterLimits
from camd.system import SystemClock
from camd.telemetry.events import CATALOGUE
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Metrics
from tests.integration.test_writer_faults import BusyFile, existing, note
from tests.sim.fault_signs import Change, moved, value

RISES = Change.RISES


@dataclass(frozen=True, slots=True)
class Sign:
    fault: int
    event: str
    figure: str
    change: Change
    how: Callable[[Path, Metrics], Awaitable[None]]

    def __str__(self) -> str:
        return f"{self.fault}-{self.event}"


async def cloned(folder: Path, metrics: Metrics) -> None:
    (folder / "here").mkdir()
    async with Engine.open(plain_settings(folder / "here")):
        pass
    shutil.copytree(folder / "here", folder / "there")
    async with Engine.open(plain_settings(folder / "there"), metrics=metrics):
        pass


async def restored(folder: Path, metrics: Metrics) -> None:
    settings, now = plain_settings(folder), SystemClock().now()
    async with Engine.open(settings):
        pass
    back_up(settings.database.path, folder / "backup.db", lambda *_: None)
    restore(settings.database, folder / "backup.db", now=now, progress=lambda *_: None)
    async with Engine.open(settings, metrics=metrics):
        pass


class _BusyAndTold(BusyFile):
    """Another process holds the file, and the daemon's own observer tells of it."""

    def __init__(self, path: Path, told: StoreMetrics) -> None:
        super().__init__(path, patience=2)
        self._told = told

    def busy(self) -> None:
        self._told.busy()
        super().busy()


async def held_by_a_backup(folder: Path, metrics: Metrics) -> None:
    path = folder / "camd.db"
    await existing(path)
    limits = WriterLimits(busy_timeout=timedelta(milliseconds=1))
    async with Writer(path, SystemClock(), limits=limits, observer=_BusyAndTold(path, StoreMetrics(metrics))) as writer:
        await writer.write(note(1))


async def stripped_of_starttls(_: Path, __: Metrics) -> None:
    async with ScriptedServer().serving() as server:
        box = replace(mailbox("sales"), smtp_host="127.0.0.1", smtp_port=server.port)
        async with SmtpChannel({"sales": box}, SystemClock()) as door:
            with pytest.raises(Misconfigured):
                await door.log_in("sales")


async def opted_out_while_read_only(folder: Path, metrics: Metrics) -> None:
    def read_only(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only=1")

    settings = plain_settings(folder)
    async with Engine.open(settings, metrics=metrics) as engine:
        engine.health.phase = Phase.RUNNING
        store, key = engine.context.store, await engine.context.store.read(lambda tx: tx.instance.key())
        assert isinstance(store, SqliteStore)
        watch = Watch(engine.context, engine.health, engine.bells, settings.database.path)
        await store.writer.alone(read_only)
        public = serve_public(build_public_app(engine.desk), PublicSettings(enabled=True, port=0))
        async with public as url, httpx.AsyncClient(base_url=url) as http:
            answer = await http.post(f"/u/{make_token(key, 'ann@acme.example')}")
        assert answer.status_code == 503
        engine.health.store_error = None
        watch._is_disk_full = True  # so that it asks by writing
        await watch._ask_store()


SIGNS = (
    Sign(15, "journal.mismatch", "recovery_hold", RISES, cloned),
    Sign(16, "journal.mismatch", "recovery_hold", RISES, restored),
    Sign(16, "recovery.hold_entered", "recovery_hold", RISES, restored),
    Sign(27, "db.busy", 'db_transactions_total{kind="write",result="busy"}', RISES, held_by_a_backup),
    Sign(50, "smtp.tls_failed", 'log_events_total{level="error"}', RISES, stripped_of_starttls),
    Sign(
        88,
        "db.commit_failed",
        'opt_out_requests_total{method="POST",result="failed"}',
        RISES,
        opted_out_while_read_only,
    ),
)


@pytest.mark.parametrize("sign", SIGNS, ids=str)
async def test_a_fault_is_known_by_its_event_and_its_figure(tmp_path: Path, sign: Sign) -> None:
    clock, stream = SystemClock(), io.StringIO()
    metrics = make_metrics(clock, plain_settings(tmp_path))
    before = value(metrics, sign.figure)
    sink = configure(clock, LoggingSettings(), version="1", metrics=metrics, stream=stream)
    try:
        await sign.how(tmp_path, metrics)
    finally:
        sink.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = [line["level"] for line in lines if line["event"] == sign.event]
    assert set(told) == {CATALOGUE[sign.event].level}, lines
    assert moved(sign.change, before, value(metrics, sign.figure))
