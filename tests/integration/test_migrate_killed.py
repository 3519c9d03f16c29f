import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from camd.store.migrate import MIGRATIONS, current_revision, migrate
from camd.store.writer import Writer
from camd.system import SystemClock

MIGRATES = """
import sys, anyio
from functools import partial
from pathlib import Path
from camd.store.migrate import migrate
from camd.store.writer import Writer
from camd.system import SystemClock

async def main():
    async with Writer(Path(sys.argv[1]), SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=Path(sys.argv[2])))

anyio.run(main)
"""
KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def write_script(scripts: Path, revision: str, previous: str | None, body: str) -> None:
    (scripts / "versions").mkdir(parents=True, exist_ok=True)
    shutil.copy(MIGRATIONS / "env.py", scripts)
    (scripts / "versions" / f"{revision}.py").write_text(
        f"from alembic import op\nrevision = {revision!r}\ndown_revision = {previous!r}\ndef upgrade():\n    {body}\n"
    )


def migrate_and_be_killed(path: Path, scripts: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", MIGRATES, str(path), str(scripts)], check=False)
    assert killed.returncode == -signal.SIGKILL


def tables(connection: Connection) -> set[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows} - {"alembic_version"}


def create(*names: str) -> str:
    return "; ".join(f'op.execute("CREATE TABLE {name} (id INTEGER)")' for name in names)


@pytest.mark.parametrize("kill_in", ["0002", "0003"])
async def test_fault_21_a_migration_killed_half_way_leaves_the_schema_it_found_and_resumes(
    tmp_path: Path, kill_in: str
) -> None:
    path, scripts = tmp_path / "camd.db", tmp_path / "scripts"
    write_script(scripts, "0001", None, create("a"))
    async with Writer(path, SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=scripts))
    for revision, previous, names in (("0002", "0001", ("b", "c")), ("0003", "0002", ("d", "e"))):
        body = f"{create(names[0])}; {KILL}" if revision == kill_in else create(*names)
        write_script(scripts, revision, previous, body)

    migrate_and_be_killed(path, scripts)

    write_script(scripts, "0002", "0001", create("b", "c"))
    write_script(scripts, "0003", "0002", create("d", "e"))
    async with Writer(path, SystemClock()) as writer:
        assert await writer.alone(current_revision) == "0001"
        assert await writer.alone(tables) == {"a"}
        assert await writer.alone(partial(migrate, scripts=scripts))
        assert await writer.alone(tables) == {"a", "b", "c", "d", "e"}
