"""Where the proofs keep what they kill."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.proof.daemon import Daemon, Shape
from tests.proof.judge import Sink
from tests.proof.site import Site

MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has a place for that: what a killed process wrote outlives it there too."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=MEMORY, prefix="camd-proof-") as name:
        yield Path(name)


@pytest.fixture
def start() -> Iterator[Callable[..., Daemon]]:
    """What still runs at the end of the test is killed."""
    begun: list[Daemon] = []

    def begin(site: Site, judge: Sink, shape: Shape | None = None, **variables: str) -> Daemon:
        shape = shape or Shape()
        begun.append(Daemon(site.folder, judge.port, shape, variables))
        return begun[-1]

    yield begin
    for daemon in begun:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.communicate()
