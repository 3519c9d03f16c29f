"""The rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import camd
from camd.domain.lead import diagram
from camd.telemetry.events import CATALOGUE

ROOT = Path(camd.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))


def test_every_task_has_a_task_group() -> None:
    assert [str(path) for path in SOURCES if ".create_task(" in path.read_text()] == []


def test_no_module_is_longer_than_500_lines() -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > 500} == {}


def test_no_module_imports_the_package_root() -> None:
    def imports_root(node: ast.AST) -> bool:
        if isinstance(node, ast.Import):
            return any(alias.name == "camd" for alias in node.names)
        return isinstance(node, ast.ImportFrom) and node.module == "camd"

    guilty = [str(path) for path in SOURCES if any(map(imports_root, ast.walk(ast.parse(path.read_text()))))]
    assert guilty == []


def test_every_name_of_the_log_catalogue_is_used() -> None:
    written = "\n".join(path.read_text() for path in SOURCES if path.name != "events.py")
    assert [name for name in CATALOGUE if f'"{name}"' not in written] == []


def test_every_metric_is_set_somewhere() -> None:
    declared = re.findall(r"self\.(\w+) = ", (ROOT / "telemetry" / "metrics.py").read_text())
    written = "\n".join(path.read_text() for path in SOURCES)
    unset = [name for name in declared if not name.startswith("_") and f"metrics.{name}" not in written]
    assert unset == []


def test_the_page_of_the_house_shows_the_table_of_moves() -> None:
    assert diagram() in (ROOT / "README.md").read_text()


def test_the_public_library_is_what_it_says() -> None:
    assert {name: getattr(camd, name) is not None for name in camd.__all__} == dict.fromkeys(camd.__all__, True)
    assert set(dir(camd)) >= set(camd.__all__)


def test_every_dependency_has_its_reason() -> None:
    project = ROOT.parent / "pyproject.toml"
    block = re.search(r"^dependencies = \[(.*?)^\]", project.read_text(), re.DOTALL | re.MULTILINE)
    assert block is not None
    names = re.findall(r'"([a-z0-9-]+)', block[1])
    readme = (ROOT.parent / "README.md").read_text().lower()
    assert [name for name in names if name not in readme] == []
