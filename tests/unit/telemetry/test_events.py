import ast
from collections.abc import Iterator
from pathlib import Path

from camd.telemetry.events import CATALOGUE, ENVELOPE, FIGURES

SOURCES = Path(__file__).parents[3] / "camd"


def logged() -> Iterator[tuple[str, str, str, set[str]]]:
    """Every `log.<level>("<event>", key=...)` of the code: place, level, event, keys."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr="debug" | "info" | "warning" | "error" as level),
                    args=[ast.Constant(value=str(event))],
                    keywords=keywords,
                ):
                    place = f"{path.relative_to(SOURCES)}:{node.lineno}"
                    yield place, level, event, {keyword.arg for keyword in keywords if keyword.arg}


def test_every_logged_event_is_in_the_catalogue_with_the_level_of_its_method() -> None:
    wrong = [
        f"{place}: {level}({event!r})"
        for place, level, event, _ in logged()
        if event not in CATALOGUE or CATALOGUE[event].level != level
    ]
    assert wrong == []


def test_every_key_that_is_logged_is_known() -> None:
    wrong = [f"{place}: {sorted(keys)}" for place, _, _, keys in logged() if keys - ENVELOPE - FIGURES]
    assert wrong == []


def test_the_catalogue_names_each_event_once_with_a_meaning_and_what_to_do() -> None:
    assert all(name == event.name and "." in name for name, event in CATALOGUE.items())
    assert all(event.meaning and event.what_to_do for event in CATALOGUE.values())


def test_no_figure_hides_a_key_of_the_envelope() -> None:
    assert not FIGURES & (ENVELOPE | {"ts", "level", "event", "version"})
