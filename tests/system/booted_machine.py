"""A machine of its own for a test: the Debian that `.ci/root` made, booted with its own systemd by systemd-nspawn.

All that is written there lies in memory and is gone with it; its loopback is all the network it has. Where no such
machine can run, the test is skipped with the reason.
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PATIENCE_SECONDS = 60
"""After which a machine that says nothing has failed the test."""
_LEADER = re.compile(r"^X_NSPAWN_LEADER_PID=(\d+)$", re.MULTILINE)
_CONTROL_GROUPS = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified")]
_JOIN = 'until [ "$1" = -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"'
_ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]


class Machine:
    """`leader` is its first process as seen from here."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def put(self, path: str, content: bytes) -> None:
        """As root; the folder is made where it is not there."""
        self.run("install", "-D", "/dev/stdin", path, given=content)

    def run(self, *command: str, given: bytes = b"") -> str:
        """What it printed; a command that fails has failed the test."""
        done = self.attempt(*command, given=given)
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *command: str, given: bytes = b"") -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            self._inside(*command), input=given, capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def shows(self, unit: str, *names: str) -> list[str]:
        """Properties of a unit, in this order."""
        printed = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names))
        found = dict(line.split("=", 1) for line in printed.splitlines())
        return [found[name] for name in names]

    def now(self) -> str:
        """For `journal` and `wait_for`. No cursor of the journal: where the options leave its own line out, the line
        after it is left out as well."""
        return self.run("date", "+@%s.%6N").strip()

    def journal(self, since: str, *options: str) -> list[str]:
        """The lines as they were written."""
        return self.run("journalctl", f"--since={since}", "--output=cat", "--quiet", *options).splitlines()

    def wait_for(self, words: str, since: str, unit: str = "camd") -> str:
        """The first line of the unit, or of systemd about it, in which this regular expression is found."""
        command = self._inside(
            "journalctl", f"--since={since}", "--output=cat", "--quiet", "--follow", f"--unit={unit}"
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE) as following:
            assert following.stdout is not None
            printed = b""
            try:
                while True:
                    for line in printed.decode(errors="replace").splitlines(keepends=True):
                        if re.search(words, line) and line.endswith("\n"):
                            return line.strip()
                    readable, _, _ = select.select([following.stdout], [], [], PATIENCE_SECONDS)
                    piece = os.read(following.stdout.fileno(), 1 << 16) if readable else b""
                    assert piece, f"no line with {words!r} in:\n{printed.decode()}"
                    printed += piece
            finally:
                following.kill()

    def _inside(self, *command: str) -> list[str]:
        enter = ["nsenter", f"--target={self._leader}", "--all", "--wdns=/"]
        return [*enter, "env", "--ignore-environment", *_ENVIRONMENT, *command]


@contextmanager
def booted(root: Path | None) -> Iterator[Machine]:
    """Killed at the end: it keeps nothing."""
    if root is None:
        pytest.skip("no machine to boot: .ci/root makes one, and CAMD_BOOTED_ROOT names its folder")
    if missing := [name for name in ("systemd-nspawn", "nsenter") if shutil.which(name) is None]:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    name = f"camd-{os.getpid()}"
    with TemporaryDirectory(prefix="booted-") as folder, _control_groups(name) as groups:
        printed = Path(folder) / "printed"
        command = [
            *("systemd-nspawn", "--quiet", "--boot", f"--directory={root}", "--volatile=overlay"),
            *("--private-network", f"--machine={name}", "--register=no", "--link-journal=no"),
            *("--notify-ready=yes", "--console=pipe"),
        ]
        if groups:
            command = ["sh", "-euc", _JOIN, "sh", *map(str, groups), "--", *command, "--keep-unit"]
        environ = {**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"}
        with ExitStack() as stack:
            # Closed once the machine is up: systemd would wait for a reader of what it says of itself.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
                notices.bind(environ["NOTIFY_SOCKET"])
                output = stack.enter_context(printed.open("wb"))
                nspawn = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
                stack.enter_context(nspawn)
                stack.callback(nspawn.kill)
                leader = _leader(notices, nspawn, printed)
                # With the first process of a namespace all others go; nspawn ends after them.
                stack.callback(nspawn.wait, PATIENCE_SECONDS)
                stack.callback(os.kill, leader, signal.SIGKILL)
                _wait_until_ready(notices, printed)
            yield Machine(leader)


@contextmanager
def _control_groups(name: str) -> Iterator[list[Path]]:
    """For a machine whose own init is no systemd, which would give each guest its own: two guests in one group take
    each other's processes for theirs."""
    if Path("/run/systemd/system").is_dir():
        yield []
        return
    roots = [root for root in _CONTROL_GROUPS if os.access(root / "cgroup.procs", os.W_OK)]
    groups = [root / name for root in roots]
    for group in groups:
        group.mkdir()
    try:
        yield groups
    finally:
        for group in groups:
            for inner in sorted(group.rglob("**/"), reverse=True):
                inner.rmdir()


def _leader(notices: socket.socket, nspawn: "subprocess.Popen[bytes]", printed: Path) -> int:
    notices.settimeout(1)
    for _ in range(PATIENCE_SECONDS):
        try:
            if found := _LEADER.search(notices.recv(1 << 16).decode()):
                return int(found[1])
        except TimeoutError:
            if nspawn.poll() is not None:
                pytest.skip(f"no machine can be booted here: {printed.read_text(errors='replace').strip()}")
    raise AssertionError(f"systemd-nspawn began nothing: {printed.read_text(errors='replace')}")


def _wait_until_ready(notices: socket.socket, printed: Path) -> None:
    """systemd-nspawn hands on what systemd inside says of itself."""
    notices.settimeout(PATIENCE_SECONDS)
    try:
        while "READY=1" not in notices.recv(1 << 16).decode().splitlines():
            pass
    except TimeoutError:
        raise AssertionError(f"the machine did not come up: {printed.read_text(errors='replace')}") from None
