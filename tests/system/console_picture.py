"""Makes the picture of the console that the README shows, of a demonstration that has run for a minute.

Run: `python -m tests.system.console_picture`, with the extra `ci` and Debian's `chromium` installed.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import camd.ui
from camd.sandbox.smtp_door import free_port
from tests.system.console_site import browser, console, page_of, running, wait_for

PICTURE = Path(camd.ui.__file__).with_name("console.png")
SIZE = (1280, 860)
RUN_SECONDS = 60
MOST_BYTES = 300_000


def main() -> None:
    with TemporaryDirectory(prefix="camd-picture-") as name:
        folder, port = Path(name), free_port()
        with running(["camd", "demo", "--dir", name, "--port", str(port)], folder, "demo.log") as demo:
            wait_for(f"http://127.0.0.1:{port}/readyz", demo)
            with console(folder) as url, browser() as started:
                page = page_of(started, url, SIZE)
                page.wait_for_timeout(RUN_SECONDS * 1000)
                page.screenshot(path=PICTURE)
    size = PICTURE.stat().st_size
    assert size < MOST_BYTES, f"{size} bytes are more than the README bears"


if __name__ == "__main__":
    main()
