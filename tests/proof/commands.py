"""`camd …` as a person types it in a site's folder, run to its end."""

import os
import subprocess
import sys
from pathlib import Path

from tests.proof.daemon import PATIENCE_SECONDS

DOOR = "api.sock"
"""Where command and daemon meet, in the site's folder."""


def camd(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")}
    return subprocess.run(
        [sys.executable, "-m", "camd", *arguments],
        cwd=folder,
        env={**kept, "CAMD_SERVER__SOCKET": DOOR, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def succeeds(folder: Path, *arguments: str) -> str:
    """What it printed."""
    done = camd(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout
