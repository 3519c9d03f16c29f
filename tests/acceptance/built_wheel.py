"""The wheel of this checkout, built beside it: what stands in the folder `build` must not get in."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_wheel(folder: Path, version: str | None = None) -> Path:
    """A wheel in `folder`, whose name is its own; `version` is another than the checkout's."""
    source = folder / "source"
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("camd", "systemd"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=unwanted)
    shutil.copy(ROOT / "README.md", source)
    project = (ROOT / "pyproject.toml").read_text()
    if version:
        project = re.sub(r'^version = ".*"$', f'version = "{version}"', project, count=1, flags=re.MULTILINE)
    (source / "pyproject.toml").write_text(project)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True)
    shutil.rmtree(source)
    (wheel,) = folder.glob("*.whl")
    return wheel
