"""Every failure as a message that tells how to mend it, and as the exit code that a script or systemd judges by."""

import os
from collections.abc import Iterator

from camd.domain.errors import CamdError

FAILED = 1
USAGE = 2
UNREACHABLE = 69
HELD = 75
MISCONFIGURED = 78
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells do."""


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, whatever the task groups wrapped around them."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def exit_code(error: BaseException) -> int | None:
    """None for what camd does not expect: a bug, whose traceback is wanted."""
    # Loaded only when something fails: these modules bring the engine with them.
    from camd.api.listen import CannotBind
    from camd.client import Unreachable
    from camd.config import ConfigurationError
    from camd.ports.store_errors import DatabaseHeld, NewerSchema, NoRoomForCopy, UnsafeDatabase

    match error:
        case Unreachable():
            return UNREACHABLE
        case DatabaseHeld():
            return HELD
        case ConfigurationError() | NewerSchema() | NoRoomForCopy() | CannotBind() | UnsafeDatabase():
            return MISCONFIGURED
        case CamdError() | OSError():
            return FAILED
        case _:
            return None


def message(error: BaseException) -> str:
    """One line, and below it what is to be mended, one line each."""
    from camd.client import ApiError
    from camd.ports.store_errors import DatabaseHeld, NewerSchema

    match error:
        case ApiError(problem=problem):
            fields = [f"  {wrong.field}: {wrong.message}" for wrong in problem.errors]
            findings = [f"  {found.level} {found.name}: {found.message} ({found.mend})" for found in problem.findings]
            # The detail would say the same as the lines below it.
            head = problem.title if fields or findings else str(error)
            return "\n".join([head, *fields, *findings])
        case DatabaseHeld():
            return f"{error}; stop that process first"
        case NewerSchema():
            return f"{error}; run the newer camd, or put back the copy made before its migration"
        case OSError(filename=str() | bytes() as name, strerror=str() as reason):
            return f"{os.fsdecode(name)}: {reason}"
        case _:
            return str(error)
