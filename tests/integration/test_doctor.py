"""`camd doctor` over a real engine: what is wrong is found, with its mend, and nothing else is said to be wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from camd.cli.app import root
from camd.daemon.lock import DatabaseLock
from camd.daemon.wiring import Adapters, Engine
from camd.mail.domain_records import DnsDomainRecords
from camd.operations.doctor import doctor
from camd.pipeline.send_gate import GateReason
from camd.ports.domain_records import DomainRecords, SenderRecords
from camd.ports.records import MailboxReason, MailboxState, Recovery, Switch
from camd.ports.settings import NotifySettings, PublicSettings, Settings
from camd.providers.hunter_api import HunterSettings
from camd.schema.doctor import DoctorFinding, DoctorLevel
from camd.sim.fakes import Verifier
from camd.sim.world import mailbox, plain_settings
from camd.store.backup_record import note_backup
from camd.system import SystemClock, SystemEntropy, SystemIds
from tests.proof.judge import sink
from tests.simulators import hunter
from tests.unit.daemon.damage import damage

STOP, WARN, OK = DoctorLevel.STOP, DoctorLevel.WARN, DoctorLevel.OK


class Records:
    def __init__(self, records: SenderRecords) -> None:
        self._records = records

    async def look_up(self, domain: str, smtp_host: str) -> SenderRecords:  # noqa: ARG002 - the port's
        return self._records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "site").mkdir()
    return replace(plain_settings(tmp_path / "site"), mailboxes={}, notify=NotifySettings(("ann@us.example",)))


@asynccontextmanager
async def opened(settings: Settings, *, records: DomainRecords | None = None) -> AsyncIterator[Engine]:
    clock, entropy = SystemClock(), SystemEntropy()
    parts = Adapters(
        clock,
        entropy,
        SystemIds(clock, entropy),
        (),
        Verifier(),
        domain_records=records or Records(SenderRecords(spf=True, dkim=True, dmarc=True)),
    )
    async with Engine.open(settings, parts) as engine:
        yield engine


async def found(engine: Engine, check: str) -> list[DoctorFinding]:
    return [finding for finding in (await doctor(engine.desk)).findings if finding.check == check]


async def one(engine: Engine, check: str) -> tuple[DoctorLevel, str, str]:
    [finding] = await found(engine, check)
    return finding.level, finding.message, finding.mend or ""


def sends_to(settings: Settings, port: int, **fields: Any) -> Settings:
    box = replace(mailbox("sales"), smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", imap_host=None)
    return replace(settings, mailboxes={"sales": replace(box, **fields)})


async def test_where_all_is_well_nothing_has_to_be_mended(settings: Settings, tmp_path: Path) -> None:
    note_backup(settings.database.path, SystemClock().now(), None, tmp_path / "copy.db")
    maildir = tmp_path / "mail"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    with sink(tmp_path) as judge:
        async with opened(sends_to(settings, judge.port, maildir=maildir)) as engine:
            report = await doctor(engine.desk)
    # Neither the machine's clock nor its Python nor its limits are the test's.
    ours = [finding for finding in report.findings if finding.check not in {"clock", "python", "files", "disk"}]
    assert [(finding.check, finding.level) for finding in ours] == [
        ("database", OK),
        ("journal", OK),
        ("backup", OK),
        ("public", OK),
        ("dns", OK),
        ("mailbox", OK),
        ("notify", OK),
    ]
    assert "SPF, DKIM, DMARC are published" in ours[5].message


async def test_every_finding_that_is_not_well_has_its_mend(settings: Settings) -> None:
    poor = sends_to(replace(settings, notify=NotifySettings()), 1)
    async with opened(poor, records=Records(SenderRecords(spf=False))) as engine:
        report = await doctor(engine.desk)
    assert report.level is STOP
    assert [finding for finding in report.findings if (finding.mend is None) != (finding.level is OK)] == []
    levels = [finding.level for finding in report.findings]
    assert levels == sorted(levels, key=[STOP, WARN, OK].index)


async def test_fault_29_a_damaged_file_is_found_with_the_backup_to_restore(settings: Settings) -> None:
    async with opened(settings):
        pass
    damage(settings.database.path, "leads")
    note_backup(settings.database.path, SystemClock().now(), None, Path("/backups/monday.db"))
    async with opened(settings) as engine:
        level, _, mend = await one(engine, "database")
        assert (level, mend.partition(";")[0]) == (STOP, "camd restore /backups/monday.db")
        level, message, _ = await one(engine, "sending")
        assert (level, message) == (STOP, "the send gate is closed: damaged")


async def test_a_log_in_that_fails_names_the_section_to_mend(settings: Settings) -> None:
    async with opened(sends_to(settings, 1)) as engine:
        refused, deaf = await found(engine, "mailbox")
    assert (refused.level, refused.subject, deaf.level) == (STOP, "sales", WARN)
    assert "under [mailboxes.sales], then run `camd mailboxes test sales`" in (refused.mend or "")


async def test_a_mailbox_that_is_disabled_is_not_logged_in_to(settings: Settings, tmp_path: Path) -> None:
    with sink(tmp_path) as judge:
        async with opened(sends_to(settings, judge.port)) as engine:
            state = MailboxState("sales", MailboxReason.LOG_IN_REFUSED, since=SystemClock().now())
            await engine.context.store.write(lambda tx: tx.mailboxes.put(state))
            level, message, mend = await one(engine, "mailbox")
    assert (level, message) == (STOP, "it is disabled: log_in_refused")
    assert "camd mailboxes enable sales" in mend


@pytest.mark.parametrize("record", ["spf", "dkim", "dmarc"])
async def test_a_record_of_the_domain_that_is_missing_is_told(settings: Settings, tmp_path: Path, record: str) -> None:
    records = Records(SenderRecords(**{"spf": True, "dkim": True, "dmarc": True, record: False}))
    with sink(tmp_path) as judge:
        async with opened(sends_to(settings, judge.port), records=records) as engine:
            messages = [finding.message for finding in await found(engine, "mailbox")]
    assert f"the {record.upper()} record of us.example is missing" in messages


async def test_name_servers_that_do_not_answer_are_told(settings: Settings) -> None:
    nobody = DnsDomainRecords(("127.0.0.1",), port=1, seconds=0.1)
    async with opened(settings, records=nobody) as engine:
        level, message, _ = await one(engine, "dns")
    assert (level, message) == (STOP, "nobody answers for example.com")


@pytest.mark.parametrize(("key", "level"), [(hunter.KEY, OK), ("canary-of-a-key", STOP)])
async def test_a_providers_key_is_tried_for_nothing_and_never_shown(
    settings: Settings, key: str, level: DoctorLevel
) -> None:
    async with hunter.Hunter().serving() as server:
        section = HunterSettings(api_key=SecretStr(key), base_url=server.base_url)
        async with opened(replace(settings, providers={"hunter": section})) as engine:
            [finding] = await found(engine, "provider")
        assert (finding.subject, finding.level, server.charges) == ("hunter", level, [])
    assert "canary" not in f"{finding.message}{finding.mend}"


async def test_a_provider_that_is_away_is_no_reason_to_stop(settings: Settings) -> None:
    section = HunterSettings(api_key=SecretStr("key"), base_url="http://127.0.0.1:1")
    async with opened(replace(settings, providers={"hunter": section})) as engine:
        level, _, _ = await one(engine, "provider")
    assert level is WARN


@pytest.mark.parametrize(
    ("age", "failure", "level"),
    [(timedelta(hours=25), None, OK), (timedelta(hours=27), None, WARN), (timedelta(hours=1), "no room", WARN)],
)
async def test_a_backup_that_is_old_or_failed_is_told(
    settings: Settings, age: timedelta, failure: str | None, level: DoctorLevel
) -> None:
    now = SystemClock().now()
    note_backup(settings.database.path, now - age, None, Path("/backups/monday.db"))
    if failure:
        note_backup(settings.database.path, now, failure)
    async with opened(settings) as engine:
        assert (await one(engine, "backup"))[0] is level


async def test_without_a_backup_it_says_how_to_make_one(settings: Settings) -> None:
    async with opened(settings) as engine:
        level, message, mend = await one(engine, "backup")
    assert (level, message) == (WARN, "none was made yet")
    assert "camd backup FILE" in mend


async def test_a_journal_that_is_gone_is_a_reason_to_stop(settings: Settings) -> None:
    async with opened(settings) as engine:
        settings.database.journal.unlink()
        assert (await one(engine, "journal"))[0] is STOP


def held(engine: Engine) -> Callable[[Any], None]:
    return lambda tx: tx.instance.set_recovery(Recovery(True, "restored", engine.context.clock.now(), "engine"))


async def test_what_keeps_mails_back_is_told_with_the_command_to_type(settings: Settings) -> None:
    async with opened(settings) as engine:
        engine.context.gate.close(GateReason.COMMON_CAUSE)
        await engine.context.store.write(held(engine))
        switch = Switch(True, "fire", engine.context.clock.now(), "os:ann")
        await engine.context.store.write(lambda tx: tx.instance.set_kill_switch(switch))
        engine.health.waits_for_restart = ("server.port",)
        mends = [finding.mend or "" for finding in await found(engine, "sending")]
        [waiting] = await found(engine, "configuration")
    for command in ("camd recover release", "camd gate open", "camd kill-switch off"):
        assert any(command in mend for mend in mends)
    assert (waiting.level, "server.port" in waiting.message) == (WARN, True)


@pytest.mark.parametrize("base_url", [None, "http://mail.example.com"])
async def test_a_public_page_without_https_is_told(settings: Settings, base_url: str | None) -> None:
    async with opened(replace(settings, public=PublicSettings(enabled=True, base_url=base_url))) as engine:
        level, message, _ = await one(engine, "public")
    assert (level, "one-click opt-out" in message) == (WARN, True)


def test_a_database_that_another_process_holds_is_the_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAMD_URL", "CAMD_TOKEN", "CAMD_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camd.toml").write_text('server = { port = 0, socket = "api.sock" }\n')
    with DatabaseLock(tmp_path / "camd.db", since=SystemClock().now()):
        shown = CliRunner().invoke(root, ["doctor"])
    assert shown.exit_code == 1
    assert shown.output.startswith("stop  database: the database is held by process ")
    assert "→ end that process" in shown.output
