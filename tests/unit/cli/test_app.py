"""`main` ends the process: with which code, and with what on stderr."""

import subprocess
import sys

import pytest

from camd.cli.app import ended, main
from camd.ports.store_errors import DatabaseHeld


def code_of(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    return raised.value.code


@pytest.mark.parametrize("arguments", [("nonsense",), ("campaigns", "create"), ("leads", "list"), ("--nonsense",)])
def test_a_mistake_in_the_command_line_is_2(arguments: tuple[str, ...]) -> None:
    assert code_of(*arguments) == 2


@pytest.mark.parametrize("arguments", [("--help",), ("leads", "import", "-h"), ("--version",)])
def test_help_is_success(arguments: tuple[str, ...]) -> None:
    assert code_of(*arguments) == 0


def test_an_interrupt_is_130_and_has_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_where(KeyboardInterrupt()) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_failure_inside_task_groups_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_where(ExceptionGroup("group", [ExceptionGroup("group", [DatabaseHeld("process 7")])])) == 75
    assert capsys.readouterr().err.splitlines() == ["camd: the database is held by process 7; stop that process first"]


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        code_where(ZeroDivisionError())


def code_where(error: BaseException) -> int | str | None:
    """The exit code where the work of a command raises `error`."""

    def work() -> None:
        raise error

    with pytest.raises(SystemExit) as raised:
        ended(work)
    return raised.value.code


def test_help_waits_for_neither_server_nor_database() -> None:
    program = (
        "import sys\nfrom camd.cli.app import main\ntry:\n    main(['leads', '--help'])\nexcept SystemExit:\n"
        "    sys.exit(any(name in sys.modules for name in ('aiohttp', 'sqlalchemy', 'rich')))"
    )
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=False).returncode == 0
