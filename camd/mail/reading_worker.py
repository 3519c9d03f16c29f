"""The inside of a process that reads mail: questions on its standard input, answers on its standard output."""

import pickle
import resource
import signal
import sys
from typing import BinaryIO

from camd.mail.reading import read_letter
from camd.mail.reading_process import CPU_SECONDS, MEMORY_BYTES


def main() -> None:
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Until no more comes. The alarm's signal is not handled, so that it ends the process whatever that is doing."""
    while True:
        try:
            raw, own = pickle.load(questions)  # noqa: S301 - of the process that started this one
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        letter = read_letter(raw, own)
        signal.setitimer(signal.ITIMER_PROF, 0)
        del raw
        pickle.dump(letter, answers)
        answers.flush()
