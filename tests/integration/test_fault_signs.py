"""The faults of real files and real connections are told by their events and figures too; those of a simulated world
are in `tests/sim`."""

import io
import json
import shutil
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from anyio.to_thread import run_sync
from sqlalchemy import Connection

from camd.actors.health import Phase
from camd.actors.watch import Watch
from camd.api.listen import serve_public
from camd.api.public import build_public_app
from camd.daemon.observe import StoreMetrics
from camd.daemon.restore import restore
from camd.daemon.run import run_daemon
from camd.daemon.wiring import Engine, make_metrics
from camd.domain.errors import Misconfigured
from camd.domain.opt_out import make_token
from camd.mail.header_probe import warn_of_lenient_headers
from camd.mail.smtp import SmtpChannel
from camd.ports.settings import LoggingSettings, PublicSettings
from camd.ports.store_errors import StoreUnavailable
from camd.sim.smtp_server import ScriptedServer
from camd.sim.world import mailbox, plain_settings
from camd.store.backup import back_up
from camd.store.sqlite import SqliteStore
from camd.store.writer import CommitPoint, Writer, WriterLimits
from camd.system import SystemClock
from camd.telemetry.events import CATALOGUE
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Metrics
from tests.integration.test_writer_faults import BusyFile, existing, note
from tests.proof.campaigns import FIRST, Plan, adapters, addresses, box, prepare
from tests.proof.campaigns import settings as sending_settings
from tests.proof.judge import Sink, sink
from tests.sim.fault_signs import Change, moved, value
from tests.unit.mail.test_header_probe import Lenient

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


async def begun_with_a_lenient_python(_: Path, __: Metrics) -> None:
    warn_of_lenient_headers(Lenient())


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
    Sign(73, "mail.lenient_headers", 'log_events_total{level="warning"}', RISES, begun_with_a_lenient_python),
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


IN_FLIGHT = 4
Ending = Callable[[Engine, Sink], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LastSign:
    """Of a daemon that comes to its end with mails in flight."""

    fault: int
    event: str
    figure: str
    change: Change
    how: Ending

    def __str__(self) -> str:
        return f"{self.fault}-{self.event}"


async def asked_to_stop(_: Engine, judge: Sink) -> None:
    signal.raise_signal(signal.SIGTERM)
    await run_sync(judge.ask, "XRELEASE")


async def asked_twice(_: Engine, __: Sink) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)


async def cannot_sync(engine: Engine, judge: Sink) -> None:
    def at(point: CommitPoint) -> None:
        if point == "before_commit":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error

    store = engine.context.store
    assert isinstance(store, SqliteStore)
    store.writer._on_commit = at
    await run_sync(judge.ask, "XRELEASE")


LAST_SIGNS = (
    LastSign(9, "daemon.stopping", "ready", Change.FALLS, asked_to_stop),
    LastSign(9, "send.sent", 'sends_total{mailbox="sales",result="sent"}', RISES, asked_to_stop),
    LastSign(10, "daemon.stopping", "ready", Change.FALLS, asked_twice),
    LastSign(10, "send.unknown", 'sends_total{mailbox="sales",result="unknown"}', RISES, asked_twice),
    LastSign(26, "db.commit_failed", 'db_transactions_total{kind="write",result="failed"}', RISES, cannot_sync),
    LastSign(26, "send.gate_closed", 'send_gate_open{reason="outcome_waits"}', Change.FALLS, cannot_sync),
)


@pytest.mark.parametrize("sign", LAST_SIGNS, ids=str)
async def test_the_end_of_a_daemon_is_known_by_its_event_and_its_figure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], sign: LastSign
) -> None:
    with sink(tmp_path, {"*": "held"}) as judge:
        settings = sending_settings(tmp_path, replace(box("sales", judge.port, IN_FLIGHT), imap_host=None))
        await prepare(settings.database.path, Plan([addresses(IN_FLIGHT)], steps=(FIRST,)))
        figures: list[tuple[Metrics, float]] = []

        async def happen(engine: Engine, _: str) -> None:
            await run_sync(judge.wait_for, IN_FLIGHT)
            capfd.readouterr()
            figures.append((engine.context.metrics, value(engine.context.metrics, sign.figure)))
            await sign.how(engine, judge)

        try:
            await run_daemon(settings, adapters=adapters(), environ={}, when_ready=happen)
        except* StoreUnavailable:
            assert sign.how is cannot_sync
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    told = [line["level"] for line in lines if line["event"] == sign.event]
    assert set(told) == {CATALOGUE[sign.event].level}, lines
    [(metrics, before)] = figures
    assert moved(sign.change, before, value(metrics, sign.figure))
