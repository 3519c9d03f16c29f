"""Which column of a CSV file means which field: by alias and by the operator's map, never by position."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from camd.domain.errors import Invalid
from camd.providers.csv_records import Content, Position, records
from camd.providers.csv_vocabulary import column_name, vocabulary

CUSTOM = "custom."
_DELIMITERS = (",", ";", "\t", "|")
_HEADER_LINES = 10
_ENOUGH_KNOWN = 2
_EXCEL_GUARDED = frozenset("=+-@\t\r0123456789")


@dataclass(frozen=True, slots=True)
class Columns:
    """The `header` as it stands in the file, and its normalised `names`.

    `fields` gives each field the indexes of its columns in priority order, `custom` each other column's name
    its index, `mapped` the fields that the operator named.
    """

    header: tuple[str, ...]
    names: tuple[str, ...]
    fields: Mapping[str, tuple[int, ...]]
    custom: Mapping[str, int]
    mapped: frozenset[str]

    def values(self, field: str, cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The filled cells of a field, best first, each with its column's normalised name."""
        for index in self.fields.get(field, ()):
            if index < len(cells) and (value := cleaned(cells[index])):
                yield self.names[index], value

    def uses(self) -> Sequence[tuple[str, str | None]]:
        """Each column as it is named in the file, and what it fills; none where another of its name comes first."""
        used = {index: f"{CUSTOM}{name}" for name, index in self.custom.items()}
        used |= {index: field for field, indexes in self.fields.items() for index in indexes}
        return [(cell.strip(), used.get(index)) for index, cell in enumerate(self.header)]

    def first(self, field: str, cells: Sequence[str]) -> str | None:
        return next((value for _, value in self.values(field, cells)), None)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read; `body` is the place of the first line after the header."""

    content: Content
    delimiter: str
    columns: Columns
    body: Position


def cleaned(cell: str) -> str:
    """The trimmed value, empty where the tools write a word for "nothing"; without Excel's guarding `'`."""
    if not cell:
        return ""
    value = cell.strip().strip("\ufeff\u200b")
    if len(value) > 1 and value[0] == "'" and value[1] in _EXCEL_GUARDED:
        value = value[1:].strip()
    return "" if value.lower() in vocabulary().empty else value


def unknown_field(field: str) -> bool:
    """Whether a map's right-hand side is neither a field nor `custom.something`."""
    if field.startswith(CUSTOM):
        return not column_name(field.removeprefix(CUSTOM))
    return field not in vocabulary().columns


def find_layout(stream: BinaryIO, content: Content, mapping: Mapping[str, str]) -> Layout:
    """The header is the first of the first 10 lines with two known columns, or with all that the map names, or with
    nothing but a name of the address column.

    Raises `Invalid("file")` when there is none, `Invalid("map")` when the map does not fit the file.
    """
    for field in mapping.values():
        if unknown_field(field):
            known = ", ".join(sorted(vocabulary().columns))
            raise Invalid(f"{field!r} is no field; use one of {known}, or custom.<name>", field="map")
    candidates = [
        found for delimiter in _DELIMITERS if (found := _header_line(stream, content, delimiter, mapping)) is not None
    ]
    if not candidates:
        raise Invalid(
            f"no header line among the first {_HEADER_LINES}: at least two columns need known names such as "
            "email, first_name, last_name, company; rename them or name them with --map column=field",
            field="file",
        )
    _, _, delimiter, cells, body = min(candidates, key=lambda found: found[:2])
    return Layout(content, delimiter, _columns(cells, mapping), body)


def _header_line(
    stream: BinaryIO, content: Content, delimiter: str, mapping: Mapping[str, str]
) -> tuple[int, int, str, tuple[str, ...], Position] | None:
    known = {alias for aliases in vocabulary().columns.values() for alias in aliases}
    wanted = {column_name(column) for column in mapping}
    with closing(records(stream, content.encoding, delimiter, content.start)) as found:
        for record in found:
            if record.line > _HEADER_LINES:
                return None
            names = {column_name(cell) for cell in record.cells}
            score = len(names & (known | wanted))
            is_list_of_addresses = len(record.cells) == 1 and names <= set(vocabulary().columns["email"])
            if score >= _ENOUGH_KNOWN or is_list_of_addresses or (wanted and wanted <= names):
                return record.line, -score, delimiter, record.cells, record.end
    return None


def _columns(header: tuple[str, ...], mapping: Mapping[str, str]) -> Columns:
    names = [column_name(cell) for cell in header]
    asked = {column_name(column): field for column, field in mapping.items()}
    if missing := [column for column in mapping if column_name(column) not in names]:
        has = ", ".join(cell.strip() for cell in header)
        raise Invalid(f"no column {', '.join(missing)} in the file; it has: {has}", field="map")
    fields: dict[str, tuple[int, ...]] = {}
    for field, aliases in vocabulary().columns.items():
        by_map = [index for index, name in enumerate(names) if asked.get(name) == field]
        by_alias = [
            index for alias in aliases for index, name in enumerate(names) if name == alias and name not in asked
        ]
        if by_map or by_alias:
            fields[field] = (*by_map, *by_alias)
    used = {index for indexes in fields.values() for index in indexes}
    custom: dict[str, int] = {}
    for index, name in enumerate(names):
        if index not in used:
            given = column_name(asked[name].removeprefix(CUSTOM)) if name in asked else name
            custom.setdefault(given or f"column_{index + 1}", index)
    return Columns(header, tuple(names), fields, custom, frozenset(asked.values()))
