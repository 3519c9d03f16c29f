"""What the README shows works as it stands."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import camd as package

pytestmark = pytest.mark.acceptance

ROOT = Path(package.__file__).parent.parent
CAMPAIGNS = sorted((ROOT / "config" / "campaigns").glob("*.toml"))


def shown_commands() -> list[list[str]]:
    """Every `camd` command of the README's code blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("camd ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize("command", shown_commands(), ids=" ".join)
def test_every_command_of_the_readme_exists(camd: Callable[..., "CompletedProcess[str]"], command: list[str]) -> None:
    words = [word for word in command if word.isalpha() or "-" in word.strip("-")][:2]
    known = camd(*(word for word in words if not word.startswith("--")), "--help")
    assert known.returncode == 0, known.stderr


@pytest.mark.parametrize("definition", CAMPAIGNS, ids=lambda path: path.stem)
def test_an_example_campaign_can_be_applied_and_applied_again(
    camd: Callable[..., "CompletedProcess[str]"], definition: Path, folder: Path
) -> None:
    (folder / "config").symlink_to(ROOT / "config")
    applied = camd("campaigns", "apply", f"config/campaigns/{definition.name}")
    assert applied.returncode == 0, applied.stderr
    assert camd("campaigns", "apply", f"config/campaigns/{definition.name}").returncode == 0
