"""What the wheel carries beside the code."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from camd.daemon.carried import carried
from tests.acceptance.built_wheel import build_wheel

pytestmark = pytest.mark.acceptance


def test_the_wheel_holds_the_files_that_an_installation_needs(tmp_path: Path) -> None:
    with ZipFile(build_wheel(tmp_path)) as wheel:
        held = {name: wheel.read(f"camd/daemon/packaged/{name}") for name in carried()}
    assert held == carried()
