"""Settings of every test, the database that many begin with, and what becomes of those that need more than Python or
much time.

A test marked `system`, `nightly` or `acceptance` is skipped unless `-m` names its mark or its variable is set:
CAMD_SYSTEM=1, CAMD_ACCEPTANCE=1, or CAMD_NIGHTLY_SHARE=0.1 for a tenth of the long proofs. With CAMD_CI=1 it has failed
where it is skipped.
"""

import os
import re
import shutil
from collections.abc import Generator, Iterable
from pathlib import Path

import anyio
import pytest
from hypothesis import settings

# A time limit for each example would be an assertion on the machine's speed.
settings.register_profile("camd", deadline=None)
settings.load_profile("camd")

IN_CI = os.environ.get("CAMD_CI") == "1"
CHOSEN_BY = {"system": "CAMD_SYSTEM", "nightly": "CAMD_NIGHTLY_SHARE", "acceptance": "CAMD_ACCEPTANCE"}
MAY_BE_SKIPPED = ("booted", "mounting")
"""What not every machine gives: a booted systemd, file systems that a test mounts."""


@pytest.fixture
def nightly_share() -> float:
    """How much of a long proof is to be run: 1.0 is all of it."""
    return float(os.environ.get(CHOSEN_BY["nightly"]) or 1)


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at this program's revision. A copy of it is made in a hundredth of the time of migrations."""
    # Imported here, so that a test file that needs no store starts in half the time.
    from camd.sim.journal import MemoryJournal
    from camd.sim.world import INSTANCE_KEY
    from camd.store.sqlite import SqliteStore
    from camd.system import SystemClock

    async def migrated(path: Path) -> None:
        async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal(), instance_key=INSTANCE_KEY):
            pass

    path = tmp_path_factory.mktemp("schema") / "camd.db"
    anyio.run(migrated, path)
    return path


@pytest.fixture
def database(tmp_path: Path, schema: Path) -> Path:
    """Empty and migrated, where `plain_settings` looks for it."""
    path = tmp_path / "camd.db"
    shutil.copyfile(schema, path)
    return path


@pytest.fixture(autouse=True)
def migrated_before_it_is_simulated(request: pytest.FixtureRequest) -> None:
    """A world begins with this database, but for one in a folder of its own."""
    if hasattr(request.module, "simulate") and "tmp_path" in request.fixturenames:
        request.getfixturevalue("database")


def pytest_collection_modifyitems(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    for mark, variable in CHOSEN_BY.items():
        if not os.environ.get(variable) and not re.search(rf"\b{mark}\b", config.option.markexpr):
            skip = pytest.mark.skip(reason=f"marked {mark}: choose it by -m {mark} or by the variable {variable}")
            for item in items:
                if item.get_closest_marker(mark):
                    item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if any(map(item.get_closest_marker, CHOSEN_BY)) and not any(map(item.get_closest_marker, MAY_BE_SKIPPED)):
        _refuse_a_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself hides its tests with their marks."""
    report = yield
    _refuse_a_skip(report)
    return report


def _refuse_a_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} must not be skipped in CI: {reason}"
