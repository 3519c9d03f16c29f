"""The demonstration with the log of a daemon: every line on stdout, what the figures say at the end in two files.

python -m tests.acceptance.logged_demo FOLDER SECONDS
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import anyio

from camd.client import CamdClient
from camd.daemon.run import run_daemon
from camd.daemon.wiring import Engine
from camd.ports.settings import LoggingSettings
from camd.sandbox.demo import Screen, _show, demo_adapters, demo_mail_world
from camd.sandbox.settings import demo_settings
from camd.sandbox.smtp_door import free_port

FIGURES, HEALTH = "metrics.txt", "healthz.json"


class _Unseen(Screen):
    """Nobody looks."""

    def opened(self, place: object) -> None: ...
    def imported(self, campaign: str, *, added: int, rejected: int) -> None: ...
    def checked(self, campaign: str, report: object) -> None: ...
    def update(self, scene: object) -> None: ...
    def ended(self, mail: object) -> None: ...


async def main(folder: Path, seconds: float) -> None:
    adapters, public_port = demo_adapters(), free_port()
    world = demo_mail_world(folder, adapters, public_port)

    async def present(engine: Engine, url: str) -> None:
        async with CamdClient(f"unix:{engine.settings.server.socket}") as client:
            with anyio.move_on_after(seconds):
                await _show(client, world, adapters, _Unseen())
        for name, path in ((FIGURES, "/metrics"), (HEALTH, "/healthz")):
            (folder / name).write_bytes(await anyio.to_thread.run_sync(_got, f"{url}{path}"))
        signal.raise_signal(signal.SIGTERM)

    async with world.serving() as mail_port:
        quiet = demo_settings(folder, port=0, public_port=public_port, mail_port=mail_port)
        log = LoggingSettings(level="debug", journal="JOURNAL_STREAM" in os.environ)
        await run_daemon(replace(quiet, logging=log), adapters=adapters, environ={}, when_ready=present)


def _got(url: str) -> bytes:
    with urlopen(url) as answer:
        body: bytes = answer.read()
    return body


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), float(sys.argv[2]))
