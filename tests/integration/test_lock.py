import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camd.daemon.lock import DatabaseLock, network_filesystem
from camd.ports.store_errors import DatabaseHeld, UnsafeDatabase

SINCE = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOLDS_UNTIL_ITS_INPUT_ENDS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from camd.daemon.lock import DatabaseLock

with DatabaseLock(Path(sys.argv[1]), since=datetime(2026, 3, 1, 8, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""
TRIES_TO_WRITE = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
"""
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the lock stands on a path of its own")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "camd.db"


@contextmanager
def other_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock at `path`."""
    command = [sys.executable, "-c", HOLDS_UNTIL_ITS_INPUT_ENDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def refused(path: Path) -> str:
    with pytest.raises(DatabaseHeld) as caught, DatabaseLock(path, since=SINCE):
        pass
    return caught.value.holder


def test_fault_17_a_second_process_is_refused_and_told_who_holds_it(path: Path) -> None:
    with other_process(path) as holder:
        assert refused(path) == f"process {holder.pid} on {os.uname().nodename} since 2026-03-01T08:00:00+00:00"


def test_fault_17_a_second_process_is_refused_through_another_path(path: Path) -> None:
    (path.parent / "folder").mkdir()
    with other_process(path) as holder:
        assert f"process {holder.pid} " in refused(path.parent / "folder" / ".." / "camd.db")


def test_fault_17_a_second_process_is_refused_through_a_symbolic_link(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with other_process(path) as holder:
        assert f"process {holder.pid} " in refused(link)
    with other_process(link) as holder:
        assert f"process {holder.pid} " in refused(path)


@ON_LINUX
def test_fault_17_a_second_process_is_refused_through_a_hard_link(path: Path) -> None:
    path.touch()
    link = path.with_name("link.db")
    link.hardlink_to(path)
    with other_process(path) as holder:
        assert refused(link) == f"process {holder.pid} on this host"


@ON_LINUX
def test_an_old_record_beside_a_hard_link_names_nobody(path: Path) -> None:
    path.touch()
    link = path.with_name("link.db")
    link.hardlink_to(path)
    with other_process(link):
        pass
    assert path.with_name("link.db.holder").exists()
    with other_process(path) as holder:
        assert refused(link) == f"process {holder.pid} on this host"


def test_the_lock_is_free_after_its_holder_was_killed(path: Path) -> None:
    with other_process(path) as holder:
        holder.kill()
        holder.wait()
        with DatabaseLock(path, since=SINCE):
            pass


def test_the_lock_is_free_after_its_release_and_leaves_no_record(path: Path) -> None:
    with DatabaseLock(path, since=SINCE):
        assert path.with_name("camd.db.holder").exists()
    assert not path.with_name("camd.db.holder").exists()
    with other_process(path):
        pass


def test_an_absent_database_is_made_for_its_owner_and_group_only(path: Path) -> None:
    with DatabaseLock(path, since=SINCE):
        locked = path if sys.platform == "linux" else path.with_name("camd.db.lock")
        assert locked.stat().st_mode & 0o777 & ~0o640 == 0
        assert locked.stat().st_size == 0


@ON_LINUX
def test_the_same_process_is_refused_too_and_sqlite_keeps_its_locks(path: Path) -> None:
    link = path.with_name("link.db")
    with (
        DatabaseLock(path, since=SINCE),
        closing(sqlite3.connect(path, isolation_level=None)) as connection,
    ):
        connection.execute("BEGIN IMMEDIATE")
        link.hardlink_to(path)
        assert f"process {os.getpid()} " in refused(path)
        assert f"process {os.getpid()} " in refused(link)
        command = [sys.executable, "-c", TRIES_TO_WRITE, str(path)]
        assert subprocess.check_output(command, text=True) == "database is locked\n"
    with DatabaseLock(link, since=SINCE):
        pass


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:2 - nfs4 files:/srv rw,vers=4.2
31 30 8:2 / /srv/local rw,relatime - ext4 /dev/sdb1 rw
32 22 0:41 / /mnt/my\\040share rw,relatime - cifs //files/share rw
33 22 0:42 / /mnt/far rw,relatime - fuse.sshfs files:/ rw
34 22 0:43 / /mnt/hidden rw,relatime - nfs files:/ rw
35 22 8:3 / /mnt/hidden rw,relatime - xfs /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/camd/camd.db", None),
        ("/srv/camd.db", "nfs4"),
        ("/srv/local/camd.db", None),
        ("/srvx/camd.db", None),
        ("/mnt/my share/a/camd.db", "cifs"),
        ("/mnt/far/camd.db", "fuse.sshfs"),
        ("/mnt/hidden/camd.db", None),
    ],
)
def test_fault_19_the_nearest_newest_mount_decides(path: str, kind: str | None) -> None:
    assert network_filesystem(Path(path), MOUNTS) == kind


def test_fault_19_a_network_file_system_is_refused_unless_it_is_allowed(tmp_path: Path, path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:40 / {tmp_path.resolve()} rw - nfs4 files:/ rw\n")
    with pytest.raises(UnsafeDatabase, match="nfs4"), DatabaseLock(path, since=SINCE, mounts=mounts):
        pass
    assert not path.exists()
    with DatabaseLock(path, since=SINCE, mounts=mounts, network_allowed=True):
        pass


def test_a_note_that_cannot_be_removed_hides_nothing_and_the_lock_is_free(path: Path) -> None:
    path.with_name("camd.db.holder").mkdir()
    with pytest.raises(KeyError), DatabaseLock(path, since=SINCE):
        raise KeyError
    with DatabaseLock(path, since=SINCE):
        pass
