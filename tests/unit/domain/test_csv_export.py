import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.csv_export import csv_line, neutralise


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_run_is_shown_as_text(start: str) -> None:
    assert neutralise(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("cell", ["", "Anna", "a=b", "'t Hooft", " =1"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert neutralise(cell) == cell


def test_a_line_is_quoted_only_where_it_must_be() -> None:
    assert csv_line(["Anna", 'the "best", of all', "", "=1+1"]) == 'Anna,"the ""best"", of all",,\'=1+1\r\n'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2))
def test_every_line_reads_back_as_the_neutralised_cells(cells: list[str]) -> None:
    line = io.StringIO(csv_line(cells), newline="")
    assert list(csv.reader(line, strict=True)) == [[neutralise(cell) for cell in cells]]
