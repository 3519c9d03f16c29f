"""A trial of templates in a process of its own, when a step is saved: what a sandbox does not limit is limited there.

2 s of processing, 1 MB of text, and on Linux 256 MB of memory. A template that needs more would stop the daemon.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence

import anyio
from jinja2 import ChainableUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from camd.ports.clock import Clock

CPU_SECONDS = 2
MEMORY_BYTES = 256 * 1024 * 1024
TEXT_BYTES = 1_000_000
PATIENCE_SECONDS = 30.0
"""Of the parent; the child's own limit counts processing, so that a busy machine condemns no template."""

TOO_MUCH = "needs more than 2 s or 256 MB to render; make its loops smaller"
TOO_LONG = "renders to more than 1 MB"


class _Sample(ChainableUndefined):
    """Any variable of any lead, so that the trial reaches the end of the template; no way out of the sandbox."""

    def __str__(self) -> str:
        if issubclass(self._undefined_exception, SecurityError):
            self._fail_with_undefined_error()
        return "sample"


async def try_out(sources: Sequence[str], clock: Clock) -> list[str | None]:
    """For each template what is wrong with it, or none. They are tried one after the other until one is too much."""
    command = [sys.executable, "-m", __name__]
    try:
        with clock.real_work(), anyio.fail_after(PATIENCE_SECONDS):
            child = await anyio.run_process(
                command, input=json.dumps(list(sources)).encode(), check=False, stderr=subprocess.DEVNULL
            )
    except TimeoutError:
        return _told([], sources)
    return _told([json.loads(line) for line in child.stdout.splitlines()], sources)


def _told(answers: list[str | None], sources: Sequence[str]) -> list[str | None]:
    """The child dies at the template that is too much; those behind it are not judged."""
    missing = len(sources) - len(answers)
    return answers if not missing else [*answers, TOO_MUCH, *[None] * (missing - 1)]


def _verdict(source: str) -> str | None:
    environment = SandboxedEnvironment(undefined=_Sample, optimized=False)
    size = 0
    try:
        for piece in environment.from_string(source).generate():
            size += len(piece.encode())
            if size > TEXT_BYTES:
                return TOO_LONG
    except MemoryError:
        return TOO_MUCH
    except SecurityError as error:
        return str(error)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        # The sample is no real lead: what fails with it may work with one.
        return None
    return None


def main() -> None:
    """Reads a JSON list of templates, prints one JSON verdict a line."""
    sources = json.load(sys.stdin)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for source in sources:
        sys.stdout.write(json.dumps(_verdict(source)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
