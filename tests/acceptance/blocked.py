"""A daemon whose loop stands still once it is ready: `python blocked.py FOLDER`, in the folder of its `camd.toml`."""

import faulthandler
import sys
import threading
from functools import partial
from pathlib import Path

import anyio

from camd.daemon.public import load_settings
from camd.daemon.run import run_daemon


async def stand_still(engine: object, url: str) -> None:  # noqa: ARG001 - as `run_daemon` calls it
    sys.stdout.write("standing still\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    # As `camd run` does it.
    faulthandler.enable()
    anyio.run(partial(run_daemon, load_settings(Path("camd.toml")), when_ready=stand_still))
