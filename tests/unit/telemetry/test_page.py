import subprocess
import sys
from pathlib import Path

import pytest

from camd.telemetry.events import CATALOGUE
from camd.telemetry.metrics import Figure
from camd.telemetry.page import example, page

PAGE = Path(__file__).parents[3] / "camd" / "telemetry" / "README.md"


def test_the_page_is_what_its_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "camd.telemetry"], capture_output=True, text=True, check=True, cwd=PAGE.parents[2]
    )
    assert PAGE.read_text() == printed.stdout == page()


def test_every_row_of_its_tables_has_all_its_columns() -> None:
    rows = [line for line in page().splitlines() if line.startswith("|")]
    assert len(rows) > len(CATALOGUE)
    assert {row.count("|") for row in rows} == {6}


@pytest.mark.parametrize(
    ("figure", "selector", "query"),
    [
        (Figure("camd_x_total", "counter", "", ()), None, "increase(camd_x_total[1h])"),
        (Figure("camd_x_total", "counter", "", ("a", "b")), None, "sum by (a, b) (increase(camd_x_total[1h]))"),
        (Figure("camd_x_total", "counter", "", ("a",)), 'camd_x_total{a="1"}', 'increase(camd_x_total{a="1"}[1h])'),
        (Figure("camd_x", "gauge", "", ()), None, "camd_x"),
        (Figure("camd_x_timestamp_seconds", "gauge", "", ()), None, "time() - camd_x_timestamp_seconds"),
        (
            Figure("camd_x_seconds", "histogram", "", ("a",)),
            None,
            "histogram_quantile(0.99, sum by (le) (rate(camd_x_seconds_bucket[5m])))",
        ),
    ],
)
def test_a_query_fits_the_kind_of_the_figure(figure: Figure, selector: str | None, query: str) -> None:
    assert example(figure, selector) == query
