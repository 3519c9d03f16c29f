"""The bundled list of invented people, one part for each campaign."""

import csv
from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import BinaryIO

NICHES = {"dentistry": "dental clinics", "physiotherapy": "physiotherapists"}
"""The first keyword of a row, and the campaign's niche that it belongs to."""
OTHERS = "vets and opticians"


def split_list(content: bytes) -> Mapping[str, BinaryIO]:
    """Files of the list's own form by niche; every row is in exactly one, the broken ones among the others."""
    headings, *rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    place = headings.index("Keywords")
    parts = {niche: [headings] for niche in (*NICHES.values(), OTHERS)}
    for row in rows:
        keyword = row[place].partition(",")[0] if len(row) > place else ""
        parts[NICHES.get(keyword, OTHERS)].append(row)
    return {niche: _written(part) for niche, part in parts.items()}


def _written(rows: list[list[str]]) -> BinaryIO:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return BytesIO(text.getvalue().encode())
