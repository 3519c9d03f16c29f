"""`camd ui`: the operator console, a process of its own that asks camd as any client does."""

import os
import sys
from importlib.resources import files
from importlib.util import find_spec
from typing import NoReturn

import click

from camd.cli.grammar import Command
from camd.cli.reaching import ask
from camd.cli.settings import read_settings
from camd.client import ApiError, CamdClient
from camd.domain.errors import CamdError

LOOPBACK = "127.0.0.1"
PORT = 8501
SOCKET = "CAMD_CONSOLE_SOCKET"
"""The environment variable in which the console finds the configured socket."""
_OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.maxUploadSize": "1000",
}
"""Streamlit's own: nothing is reported to anybody, no stack trace is shown, no browser is opened."""
_LOOPBACK_NAMES = frozenset({LOOPBACK, "::1", "localhost"})


@click.command(cls=Command)
@click.option("--address", default=LOOPBACK, show_default=True, help="Another than this machine's needs a token.")
@click.option("--port", type=click.IntRange(1, 65_535), default=PORT, show_default=True)
def ui(address: str, port: int) -> None:
    """The operator console in a browser, for people who do not write code."""
    if find_spec("streamlit") is None:
        raise CamdError("the console needs Streamlit: pip install 'camd[ui]'")
    is_open = ask(_has_no_token, may_open=False)
    if is_open and address not in _LOOPBACK_NAMES:
        raise click.UsageError(
            f"--address {address} would let everybody in: make a token first with `camd tokens create NAME`, "
            f"or leave the console on {LOOPBACK} and reach it through an SSH tunnel"
        )
    _become(address, port)


async def _has_no_token(client: CamdClient) -> bool:
    try:
        return not (await client.tokens(limit=1)).items
    except ApiError as refusal:
        if refusal.problem.status in (401, 403):  # only where there is one a token is asked for
            return False
        raise


def _become(address: str, port: int) -> NoReturn:
    """This process goes on as the console. It keeps no token: each visitor gives their own."""
    environ = {name: value for name, value in os.environ.items() if name != "CAMD_TOKEN"}
    if "CAMD_URL" not in environ:
        environ[SOCKET] = str(read_settings().server.socket)
    given = {**_OPTIONS, "server.address": address, "server.port": str(port)}
    options = [f"--{name}={value}" for name, value in given.items()]
    page = str(files("camd.ui") / "app.py")
    os.execve(sys.executable, [sys.executable, "-m", "streamlit", "run", page, *options], environ)  # noqa: S606 - no shell is the safe way
