"""What a campaign's days count: which events of the ledger are figures of the local day on which they happened."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from camd.domain.events import Event, EventType
from camd.domain.inbound import PERSONAL
from camd.domain.lead import LeadStatus, LostReason


class DayFact(StrEnum):
    """`answers` are messages that people wrote, all others are leads or tasks. What became of mails is counted
    elsewhere (`ports.records.DeliveryFact`)."""

    DISCOVERED = "discovered"
    CONTACTED = "contacted"
    ANSWERS = "answers"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"
    OPTED_OUT = "opted_out"
    TASKS_DONE = "tasks_done"


def counted(event: Event) -> tuple[DayFact, ...]:
    """What the event counts for; a row of the ledger that leaves a lead where it was counts for nothing again."""
    rule = _RULES.get(event.type)
    return rule(event) if rule else ()


def _lost(event: Event) -> tuple[DayFact, ...]:
    was_open = event.data.get("from") != LeadStatus.LOST
    opted_out = event.data.get("reason") == LostReason.OPTED_OUT
    return (*((DayFact.LOST,) if was_open else ()), *((DayFact.OPTED_OUT,) if opted_out else ()))


def _contacted(event: Event) -> tuple[DayFact, ...]:
    return (DayFact.CONTACTED,) if event.data.get("from") == LeadStatus.ENRICHED else ()


def _answered(event: Event) -> tuple[DayFact, ...]:
    return (DayFact.ANSWERS,) if event.data.get("class") in PERSONAL else ()


def _always(fact: DayFact) -> Callable[[Event], tuple[DayFact, ...]]:
    return lambda _: (fact,)


_RULES: Mapping[EventType, Callable[[Event], tuple[DayFact, ...]]] = MappingProxyType(
    {
        EventType.LEAD_DISCOVERED: _always(DayFact.DISCOVERED),
        EventType.LEAD_CONTACTED: _contacted,
        EventType.INBOUND_RECEIVED: _answered,
        EventType.LEAD_QUALIFIED: _always(DayFact.QUALIFIED),
        EventType.LEAD_WON: _always(DayFact.WON),
        EventType.LEAD_LOST: _lost,
        EventType.TOUCH_DONE: _always(DayFact.TASKS_DONE),
    }
)
