"""A daemon, the console that asks it, and a browser before the console: real processes, ended by who began them."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from camd.sandbox.smtp_door import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",  # CI is root in its own machine
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_SECONDS = 60
WIDE = (1280, 900)
NARROW = (390, 844)
_LOOK_SECONDS = 0.2


def clean_environ(**variables: str) -> dict[str, str]:
    """This process's variables without camd's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")} | variables


@contextmanager
def running(arguments: list[str], folder: Path, log: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of this Python; stopped at the end, and killed where it does not stop."""
    with (folder / log).open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=Path(__file__).parents[2],
            env=clean_environ(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def daemon(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The daemon of `console_world`, ready."""
    with running(["tests.system.console_world", str(folder), str(port)], folder, "daemon.log") as process:
        wait_for(f"http://127.0.0.1:{port}/readyz", process)
        yield process


@contextmanager
def console(folder: Path) -> Iterator[str]:
    """The console of that daemon; its address."""
    port = free_port()
    arguments = ["camd", "--config", str(folder / "camd.toml"), "ui", "--port", str(port)]
    with running(arguments, folder, "console.log") as process:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until it answers 200. Raises where the process ends before, or nothing comes of it."""
    for _ in range(int(PATIENCE_SECONDS / _LOOK_SECONDS)):
        assert process.poll() is None, f"it ended with {process.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        try:
            process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"nothing answers at {url}")


@contextmanager
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


def page_of(started: "Browser", url: str, size: tuple[int, int] = WIDE, *, dark: bool = False) -> "Page":
    """A page that has come up; whatever it asks of another machine fails the test that looks at `foreign`."""
    page = started.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light")
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.goto(url)
    return page
