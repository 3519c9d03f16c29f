from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from camd.domain.day_facts import DayFact, counted
from camd.domain.events import Event, EventType, Value
from camd.domain.facts import CampaignId

AT = datetime(2026, 3, 2, tzinfo=UTC)


def facts_of(kind: EventType, **data: Value) -> tuple[DayFact, ...]:
    return counted(Event(kind, AT, "engine", CampaignId(1), data=data))


@pytest.mark.parametrize(
    ("kind", "data", "facts"),
    [
        (EventType.LEAD_DISCOVERED, {"source": "csv"}, {DayFact.DISCOVERED}),
        (EventType.LEAD_CONTACTED, {"from": "enriched"}, {DayFact.CONTACTED}),
        (EventType.LEAD_CONTACTED, {"from": "replied"}, set()),
        (EventType.INBOUND_RECEIVED, {"class": "human_neutral"}, {DayFact.ANSWERS}),
        (EventType.INBOUND_RECEIVED, {"class": "opt_out_request"}, {DayFact.ANSWERS}),
        (EventType.INBOUND_RECEIVED, {"class": "auto_reply"}, set()),
        (EventType.LEAD_QUALIFIED, {}, {DayFact.QUALIFIED}),
        (EventType.LEAD_WON, {}, {DayFact.WON}),
        (EventType.LEAD_LOST, {"from": "contacted", "reason": "no_reply"}, {DayFact.LOST}),
        (EventType.LEAD_LOST, {"from": "contacted", "reason": "opted_out"}, {DayFact.LOST, DayFact.OPTED_OUT}),
        (EventType.LEAD_LOST, {"from": "lost", "reason": "opted_out"}, {DayFact.OPTED_OUT}),
        (EventType.LEAD_LOST, {"from": "lost", "reason": "bounced"}, set()),
        (EventType.TOUCH_DONE, {"step": 1}, {DayFact.TASKS_DONE}),
        (EventType.TOUCH_SENT, {"step": 1}, set()),
    ],
)
def test_an_event_counts_for_what_it_brought(kind: EventType, data: Mapping[str, Value], facts: set[DayFact]) -> None:
    assert set(facts_of(kind, **data)) == facts
