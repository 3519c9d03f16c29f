"""What is wrong between the catalogue of log events, the code that logs them and the page that explains them."""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from camd.telemetry.events import Event
from camd.telemetry.keys import ENVELOPE, FIGURES

LEVELS = ("debug", "info", "warning", "error")
KEYS = ENVELOPE | FIGURES | {"lead"}


@dataclass(frozen=True, slots=True)
class Line:
    """One `log.<level>("<event>", key=...)` of the code; `event` is none where it is no plain string."""

    place: str
    level: str
    event: str | None
    keys: frozenset[str]


def judged(sources: Mapping[str, str], catalogue: Mapping[str, Event], page: str) -> list[str]:
    """One line for each fault; `sources` are texts by the name of their file."""
    lines = [line for name, text in sources.items() for line in logged(name, text)]
    return [
        *_wrong_lines(lines, catalogue),
        *(f"{name} is never logged" for name in _missing(catalogue, {line.event for line in lines if line.event})),
        *(f"{name} is not on the page" for name in catalogue if f"| `{name}` |" not in page),
    ]


def logged(name: str, text: str) -> Iterator[Line]:
    """Of a module, by whatever name it calls what `get_log()` gave it."""
    tree = ast.parse(text)
    logs = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in ("get_log()", "Log()")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=spoken_by, attr=level), args=[said, *_], keywords=keywords):
                if level in LEVELS and ast.unparse(spoken_by) in (*logs, "get_log()"):
                    event = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else None
                    keys = frozenset(keyword.arg for keyword in keywords if keyword.arg)
                    yield Line(f"{name}:{node.lineno}", level, event, keys)


def _wrong_lines(lines: Collection[Line], catalogue: Mapping[str, Event]) -> Iterator[str]:
    for line in lines:
        if line.event is None:
            yield f"{line.place}: logs a name that nobody can look up"
        elif line.event not in catalogue:
            yield f"{line.place}: {line.event} is unknown"
        elif catalogue[line.event].level != line.level:
            yield f"{line.place}: {line.event} is logged as {line.level}"
        if unknown := line.keys - KEYS:
            yield f"{line.place}: carries {sorted(unknown)}"


def _missing(catalogue: Collection[str], used: Collection[str]) -> list[str]:
    return sorted(set(catalogue) - set(used))
