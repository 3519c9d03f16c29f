"""The lists that `.ci/lock` writes agree with each other, with pyproject.toml and with what is installed here."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[a-z0-9.]+)(?P<hashes>( --hash=sha256:[0-9a-f]{64})*)")


@dataclass(frozen=True, slots=True)
class Lists:
    """The text of each, and what pyproject.toml asks for: always, and for each extra."""

    constraints: str
    daemon: str
    console: str
    always: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]

    def differences(self) -> list[str]:
        everything = _pins(self.constraints)
        found = [f"constraints have hashes for {name}" for name, pin in everything.items() if pin["hashes"]]
        found += _unmet(
            everything, "constraints", [*self.always, *(it for extra in self.extras.values() for it in extra)]
        )
        for title, text, asked in (
            ("daemon", self.daemon, self.always),
            ("console", self.console, (*self.always, *self.extras["ui"])),
        ):
            pins = _pins(text)
            found += [f"no hash for {name} of {title}" for name, pin in pins.items() if not pin["hashes"]]
            found += [
                f"{name} of {title} is {pin['version']} and not as in the constraints"
                for name, pin in pins.items()
                if name not in everything or everything[name]["version"] != pin["version"]
            ]
            found += _unmet(pins, title, asked)
        return found


def _pins(text: str) -> dict[str, re.Match[str]]:
    """Each package of a list, which holds nothing else but comments."""
    lines = [line for line in text.replace(" \\\n   ", "").splitlines() if not line.startswith("#")]
    pins = {line.partition("==")[0]: PINNED.fullmatch(line) for line in lines}
    assert len(pins) == len(lines), "a package stands there twice"
    wrong = [name for name, pin in pins.items() if pin is None]
    assert not wrong, f"no exact versions: {wrong}"
    return {name: pin for name, pin in pins.items() if pin is not None}


def _unmet(pins: Mapping[str, re.Match[str]], title: str, asked: list[str] | tuple[str, ...]) -> Iterator[str]:
    for each in map(Requirement, asked):
        pin = pins.get(canonicalize_name(each.name))
        if each.name != "camd" and (pin is None or pin["version"] not in each.specifier):
            yield f"{title} have no {each}"


@pytest.fixture(scope="module")
def lists() -> Lists:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return Lists(
        (ROOT / ".ci" / "constraints.txt").read_text(),
        (ROOT / "systemd" / "requirements.txt").read_text(),
        (ROOT / "systemd" / "requirements-ui.txt").read_text(),
        tuple(project["dependencies"]),
        {name: tuple(asked) for name, asked in project["optional-dependencies"].items()},
    )


def test_what_is_tested_and_what_is_installed_are_the_same_versions(lists: Lists) -> None:
    assert lists.differences() == []


@pytest.mark.parametrize("title", ["constraints", "daemon", "console"])
def test_no_list_names_where_packages_come_from(lists: Lists, title: str) -> None:
    assert re.findall(r"://|index-url|find-links|\.(?:org|com|net)\b", getattr(lists, title)) == []


def _one_more(text: str, name: str) -> str:
    """`name` in its next version."""
    changed = re.sub(rf"^{name}==(\S+)", rf"{name}==\g<1>.1", text, count=1, flags=re.MULTILINE)
    assert changed != text
    return changed


def test_each_difference_is_told(lists: Lists) -> None:
    idna = next(line for line in lists.constraints.splitlines() if line.startswith("idna=="))
    planted = [
        replace(lists, constraints=_one_more(lists.constraints, "h11")),
        replace(lists, daemon=_one_more(lists.daemon, "anyio")),
        replace(lists, console=_one_more(lists.console, "streamlit")),
        replace(lists, constraints=lists.constraints.replace(f"{idna}\n", "")),
        replace(lists, constraints=f"{lists.constraints}extra==1 --hash=sha256:{64 * '0'}\n"),
        replace(lists, daemon=f"{lists.daemon}{idna.replace('idna', 'unknown')}\n"),
        replace(lists, always=(*lists.always, "anyio>=99")),
        replace(lists, always=(*lists.always, "forgotten")),
        replace(lists, extras={**lists.extras, "ci": ("forgotten",)}),
        replace(lists, daemon=re.sub(r"( \\\n    --hash=\S+)+", "", lists.daemon, count=1)),
    ]
    assert [number for number, each in enumerate(planted) if not each.differences()] == []


def _needed(name: str, pins: Mapping[str, re.Match[str]], seen: set[str]) -> None:
    """Adds what is installed here for `name`, as far as it is the version of the list."""
    if name in seen:
        return
    seen.add(name)
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return
    if name in pins and installed.version == pins[name]["version"]:
        for each in map(Requirement, installed.requires or []):
            if each.marker is None or each.marker.evaluate({"extra": ""}):
                _needed(canonicalize_name(each.name), pins, seen)


@pytest.mark.parametrize("extra", [None, "ui"])
def test_whatever_a_package_needs_is_in_its_list_too(lists: Lists, extra: str | None) -> None:
    """Else pip refuses the list: with hashes it installs nothing that is not named."""
    pins = _pins(lists.console if extra else lists.daemon)
    seen = set[str]()
    for asked in (*lists.always, *(lists.extras[extra] if extra else ())):
        _needed(canonicalize_name(Requirement(asked).name), pins, seen)
    assert seen - set(pins) == set()
