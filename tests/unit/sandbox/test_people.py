"""The bundled list is cut into whole parts."""

import csv
from importlib.resources import files
from io import StringIO
from typing import BinaryIO

from camd.sandbox.people import NICHES, OTHERS, split_list

LIST = files("camd.sandbox").joinpath("leads.csv").read_bytes()


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def rows_of(part: BinaryIO) -> list[list[str]]:
    return rows(part.read())


def test_every_row_is_in_exactly_one_part_unchanged() -> None:
    headings, *people = rows(LIST)
    parts = [rows_of(part) for part in split_list(LIST).values()]
    assert all(part[0] == headings for part in parts)
    assert sorted(row for part in parts for row in part[1:]) == sorted(people)


def test_each_campaign_has_people_and_fits_one_page() -> None:
    sizes = {niche: len(rows_of(part)) - 1 for niche, part in split_list(LIST).items()}
    assert sizes.keys() == {*NICHES.values(), OTHERS}
    assert all(10 <= size <= 500 for size in sizes.values())
    assert sum(sizes.values()) >= 200
