"""Lines of a CSV export that no spreadsheet runs as a formula (OWASP ASVS 1.2.10)."""

from collections.abc import Iterable

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_QUOTED = frozenset('",\r\n')


def neutralise(cell: str) -> str:
    """The cell, with a `'` before what a spreadsheet would take for the beginning of a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def csv_line(cells: Iterable[str]) -> str:
    """One record of neutralised cells by RFC 4180, with its CR LF."""
    return ",".join(_quoted(neutralise(cell)) for cell in cells) + "\r\n"


def _quoted(cell: str) -> str:
    if _QUOTED.isdisjoint(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
