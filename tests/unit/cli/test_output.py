"""What people read: local times, no steering of the terminal, 100 columns."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from camd.cli import output
from camd.cli.output import Cell, day_and_time, plain, text, when
from camd.domain.campaign import CampaignStatus

NOON = datetime(2026, 11, 22, 12, 30, 15, tzinfo=UTC)


def test_a_time_is_local_and_names_its_zone() -> None:
    local = NOON.astimezone()
    assert when(NOON) == f"{local:%Y-%m-%d %H:%M}:15 {local.tzname()}"
    assert day_and_time(NOON) == f"{local:%Y-%m-%d %H:%M} {local.tzname()}"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\nb", "a\rb", "\x9b31m", "\u202eb"])
def test_nothing_that_steers_a_terminal_is_printed(hostile: str) -> None:
    assert plain(hostile).isprintable()


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (CampaignStatus.ACTIVE, "active"),
        (0.5, "0.50"),
        (Decimal(1250), "1,250"),
        (Decimal("12.5"), "12.50"),
        (["a", "b"], "a, b"),
        ({"csv": 2}, "csv 2"),
        (3, "3"),
    ],
)
def test_cells_read_well(cell: Cell, shown: str) -> None:
    assert text(cell) == shown


def test_a_table_fits_100_columns_and_keeps_ids_whole(capsys: pytest.CaptureFixture[str]) -> None:
    output.console.cache_clear()
    number = "ld_" + "x" * 26
    output.table(("id", "person", "note"), [(number, "p" * 90, "n" * 90)])
    printed = capsys.readouterr().out
    output.console.cache_clear()
    assert max(map(len, printed.splitlines())) <= 100
    assert number in printed
    assert "\x1b" not in printed
