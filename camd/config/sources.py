"""The places settings come from: one file, the environment, systemd's credentials.

Each gives a `Layer` of nested keys, the origin of every key, and the problems met on the way; nothing is raised,
so that all problems can be shown at once, and no problem repeats a value.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camd.config.sections import Document, Layer

SYSTEM_FILE = Path("/etc/camd/camd.toml")
PREFIX = "CAMD_"
CREDENTIAL_PREFIX = "camd_"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: the key as `section.key`, or the file or variable it stands in, and how."""

    key: str
    message: str


@dataclass(slots=True)
class Source:
    """What one place says."""

    values: Layer = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: Path | None = None


def read_file(explicit: Path | None, cwd: Path) -> Source:
    """The first of the explicit file, `./camd.toml`, `/etc/camd/camd.toml`; none of the latter two is no problem."""
    for path in [cwd / explicit] if explicit else [cwd / "camd.toml", SYSTEM_FILE]:
        try:
            text = path.read_bytes().decode("utf-8-sig")
            values = tomllib.loads(text)
        except FileNotFoundError:
            continue
        except OSError as error:
            return Source(problems=[Problem(str(path), f"cannot be read: {error.strerror}")], file=path)
        except UnicodeDecodeError:
            return Source(problems=[Problem(str(path), "must be UTF-8")], file=path)
        except tomllib.TOMLDecodeError as error:
            return Source(problems=[Problem(str(path), f"is not TOML: {error}")], file=path)
        _fold_countries(values)
        return Source(values, dict.fromkeys(_leaves(values), f"file {path}"), file=path)
    if explicit:
        return Source(problems=[Problem(str(explicit), "no such file")])
    return Source()


def read_environment(environ: Mapping[str, str], plain_names: Mapping[str, tuple[str, ...]]) -> Source:
    return _variables({name: (value, f"variable {name}") for name, value in environ.items()}, plain_names)


def read_credentials(directory: Path, plain_names: Mapping[str, tuple[str, ...]]) -> Source:
    """Each file `camd_<name>` is the variable `<name>`; a line end after the value is not part of it."""
    found: dict[str, tuple[str, str]] = {}
    problems: list[Problem] = []
    try:
        paths = sorted(directory.glob(f"{CREDENTIAL_PREFIX}*"))
    except OSError as error:
        return Source(problems=[Problem(str(directory), f"cannot be read: {error.strerror}")])
    for path in paths:
        try:
            value = path.read_bytes().decode().rstrip("\r\n")
        except OSError as error:
            problems.append(Problem(f"credential {path.name}", f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError:
            problems.append(Problem(f"credential {path.name}", "must be UTF-8"))
        else:
            found[path.name.removeprefix(CREDENTIAL_PREFIX)] = (value, f"credential {path.name}")
    source = _variables(found, plain_names)
    source.problems[:0] = problems
    return source


def _variables(variables: Mapping[str, tuple[str, str]], plain_names: Mapping[str, tuple[str, ...]]) -> Source:
    """`CAMD_SECTION__KEY` outranks a plain name; an empty plain name counts as not set."""
    source = Source()
    for name, path in plain_names.items():
        value, origin = variables.get(name, ("", ""))
        if value:
            _put(source, path, value, origin)
    for name, (value, origin) in sorted(variables.items()):
        if not name.startswith(PREFIX):
            continue
        rest = name.removeprefix(PREFIX).lower()
        section, separator, _ = rest.partition("__")
        if separator:
            _put(source, tuple(rest.split("__")), value, origin)
        # Container platforms invent CAMD_PORT and the like, so only what begins like a section is a slip.
        elif (section := rest.partition("_")[0]) in Document.model_fields:
            source.problems.append(
                Problem(origin, f"is no setting; write two underscores: CAMD_{section.upper()}__KEY")
            )
    return source


def _put(source: Source, path: tuple[str, ...], value: str, origin: str) -> None:
    if not all(path):
        source.problems.append(Problem(origin, "is no setting; write CAMD_SECTION__KEY"))
        return
    here = source.values
    for part in path[:-1]:
        inner = here.setdefault(part, {})
        if not isinstance(inner, dict):
            source.problems.append(Problem(origin, f"{part} has a value of its own, so it has no keys"))
            return
        here = inner
    here[path[-1]] = value
    source.origins[".".join(path)] = origin


def _fold_countries(values: Layer) -> None:
    """The environment has no case, so `DE` of the file and of a variable must be one key."""
    countries = values.get("countries")
    if isinstance(countries, dict):
        values["countries"] = {code.lower(): rule for code, rule in countries.items()}


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
