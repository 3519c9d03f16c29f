"""What becomes of a test that is marked `system` or `nightly`, shown on a tiny file with the real settings."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
TINY = """
import pytest

def test_plain(): pass

@pytest.mark.system
def test_system(): pass

@pytest.mark.nightly
def test_nightly(nightly_share): assert nightly_share == 0.25

@pytest.mark.system
def test_that_skips_itself(): pytest.skip("no Postfix here")

@pytest.fixture
def missing(): pytest.skip("no Dovecot here")

@pytest.mark.system
def test_whose_fixture_skips(missing): pass

@pytest.mark.system
@pytest.mark.booted
def test_that_may_skip(): pytest.skip("no systemd here")

@pytest.mark.system
@pytest.mark.xfail(reason="known", strict=True)
def test_known_to_fail(): assert False
"""
WHOLE_MODULE = "import pytest\npytest.skip('no browser here', allow_module_level=True)\n"
MARKS = "[pytest]\nmarkers =\n    system\n    nightly\n    booted\n"


def run(folder: Path, *arguments: str, **variables: str) -> tuple[dict[str, int], str]:
    """How many tests ended in which way, and everything that was printed."""
    shutil.copy(CONFTEST, folder)
    (folder / "pytest.ini").write_text(MARKS)
    (folder / "test_tiny.py").write_text(TINY)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CAMD_", "PYTEST_", "COV_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments],
        cwd=folder,
        env=clean | variables,
        check=False,
        capture_output=True,
        text=True,
    )
    counts = re.findall(r"(\d+) (passed|failed|skipped|error|xfailed)", done.stdout.splitlines()[-1])
    return {word: int(count) for count, word in counts}, done.stdout


def test_what_needs_more_than_python_is_skipped_with_the_way_to_choose_it(tmp_path: Path) -> None:
    counts, printed = run(tmp_path)
    assert counts == {"passed": 1, "skipped": 6}
    assert "marked system: choose it by -m system or by the variable CAMD_SYSTEM" in printed
    assert "marked nightly: choose it by -m nightly or by the variable CAMD_NIGHTLY_SHARE" in printed


@pytest.mark.parametrize(("arguments", "variables"), [(["-m", "system"], {}), ([], {"CAMD_SYSTEM": "1"})])
def test_chosen_tests_run_and_may_skip_outside_ci(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    counts, printed = run(tmp_path, *arguments, **variables)
    assert (counts["skipped"], counts["xfailed"]) == (3 if arguments else 4, 1)
    assert "no Postfix here" in printed


def test_the_share_of_the_long_proofs_comes_from_the_environment(tmp_path: Path) -> None:
    counts, _ = run(tmp_path, "-m", "nightly", CAMD_NIGHTLY_SHARE="0.25", CAMD_CI="1")
    assert counts == {"passed": 1}


def test_a_skip_is_a_failure_in_ci_save_where_systemd_has_to_be_booted(tmp_path: Path) -> None:
    counts, printed = run(tmp_path, "-m", "system", CAMD_CI="1")
    assert counts == {"passed": 1, "failed": 1, "error": 1, "skipped": 1, "xfailed": 1}
    assert "test_that_skips_itself must not be skipped in CI: Skipped: no Postfix here" in printed
    assert "test_whose_fixture_skips must not be skipped in CI: Skipped: no Dovecot here" in printed


def test_in_ci_no_module_skips_itself_either(tmp_path: Path) -> None:
    (tmp_path / "test_whole.py").write_text(WHOLE_MODULE)
    _, printed = run(tmp_path, "-m", "system", CAMD_CI="1")
    assert "test_whole.py must not be skipped in CI" in printed
    assert "Interrupted: 1 error during collection" in printed


def test_in_ci_a_test_that_was_not_chosen_has_failed(tmp_path: Path) -> None:
    counts, _ = run(tmp_path, CAMD_CI="1")
    assert counts == {"passed": 1, "error": 5, "skipped": 1}
