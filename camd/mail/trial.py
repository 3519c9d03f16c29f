"""A trial of templates in a process of its own, when a step is saved: what a sandbox does not limit is limited there.

2 s of processing, 1 MB of text, and on Linux 256 MB of memory. A template that needs more would stop the daemon.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import anyio
from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError
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


@dataclass(frozen=True, slots=True)
class Flaw:
    """What makes a template unusable for everybody; `line` counts from 1."""

    line: int
    message: str


async def try_out(sources: Sequence[str], clock: Clock) -> list[Flaw | None]:
    """For each template its flaw, or none. They are tried one after the other until one is too much.

    Nothing is compiled in this process: Jinja2 computes constants while it compiles, and
    `{{ 'a' | center(10000000000) }}` is one.
    """
    try:
        with clock.real_work(), anyio.fail_after(PATIENCE_SECONDS):
            child = await anyio.run_process(
                [sys.executable, "-m", __name__],
                input=json.dumps(list(sources)).encode(),
                check=False,
                stderr=subprocess.DEVNULL,
            )
    except TimeoutError:
        answers = []
    else:
        answers = [json.loads(line) for line in child.stdout.splitlines()]
    verdicts = [Flaw(**answer) if answer else None for answer in answers]
    missing = len(sources) - len(verdicts)
    # The child dies at the template that is too much; those behind it are not judged.
    return [*verdicts, Flaw(1, TOO_MUCH), *[None] * (missing - 1)] if missing else verdicts


def _verdict(source: str) -> Flaw | None:
    environment = SandboxedEnvironment(undefined=_Sample)
    size = 0
    try:
        for piece in environment.from_string(source).generate():
            size += len(piece.encode())
            if size > TEXT_BYTES:
                return Flaw(1, TOO_LONG)
    except MemoryError:
        return Flaw(1, TOO_MUCH)
    except TemplateSyntaxError as error:
        return Flaw(error.lineno, error.message or "is no template")
    except SecurityError as error:
        return Flaw(1, str(error))
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
        flaw = _verdict(source)
        sys.stdout.write(json.dumps(asdict(flaw) if flaw else None) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
