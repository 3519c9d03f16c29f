"""The words of a campaign's waiting."""

from dataclasses import replace

import pytest

from camd.domain.run_mode import DryReason, RunMode
from camd.pipeline.waiting import Standing, waiting_for

LIVE = RunMode((), discovers=True)
DRY = RunMode((DryReason.INSTANCE, DryReason.NOT_ACTIVE), discovers=True)
QUIET = Standing({}, killed=False, recovering=False, lookups={})
TALLIES = {"status:new": 4, "hold:operator": 2, "waits:approval": 3, "waits:import": 1, "contacted": 9}
LOOKUPS = {("apollo", ""): 2, ("apollo", "quota:provider_credits"): 3, ("hunter", "quota:provider_credits"): 4}


def test_where_nothing_stands_in_the_way_nothing_is_named() -> None:
    assert waiting_for(QUIET, LIVE, gate_closed=False) == {}


def test_a_dry_run_names_why_it_is_dry() -> None:
    assert waiting_for(QUIET, DRY, gate_closed=False) == {"dry_run_instance": 1, "not_active": 1}


@pytest.mark.parametrize(
    ("stopped", "gate_closed", "word"),
    [
        (replace(QUIET, killed=True), False, "kill_switch"),
        (replace(QUIET, recovering=True), False, "recovery_hold"),
        (QUIET, True, "gate_closed"),
    ],
)
def test_what_stops_everything_is_named(stopped: Standing, gate_closed: bool, word: str) -> None:
    assert waiting_for(stopped, LIVE, gate_closed=gate_closed) == {word: 1}


def test_leads_are_counted_by_their_holds_and_by_what_they_wait_for() -> None:
    found = waiting_for(replace(QUIET, tallies=TALLIES), LIVE, gate_closed=False)
    assert found == {"hold:operator": 2, "approval": 3, "import": 1}


def test_questions_are_counted_by_their_provider_or_by_what_denies_them() -> None:
    asked = replace(QUIET, lookups=LOOKUPS)
    assert waiting_for(asked, LIVE, gate_closed=False) == {"provider:apollo": 2, "quota:provider_credits": 7}
    assert waiting_for(asked, DRY, gate_closed=False) == {"dry_run_instance": 1, "not_active": 1}
