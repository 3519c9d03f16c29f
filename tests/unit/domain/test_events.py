from datetime import UTC, datetime
from decimal import Decimal

import pytest

from camd.domain.events import (
    ENGINE,
    PERSON,
    Event,
    EventType,
    Value,
    by_rule,
    by_token,
    by_user,
    ledger_type,
)
from camd.domain.lead import (
    Authority,
    Discovered,
    Enriched,
    Erased,
    LeadEvent,
    LeadState,
    LeadStatus,
    Lost,
    LostReason,
    Qualified,
    Reopened,
    Replied,
    TouchAccepted,
    Won,
    transition,
)

NAMES = (
    "campaign.created|updated|activated|went_live|went_dry|paused|resumed|completed|archived",
    "lead.discovered|duplicate_skipped|enriched|scored|contacted|replied|qualified|won|lost",
    "lead.held|released|reopened|erased",
    "touch.planned|approved|sent|rejected|deferred|unknown|resolved|cancelled|done|skipped",
    "inbound.received|reclassified",
    "suppression.added|removed",
    "quota.exhausted",
    "provider.degraded|recovered",
    "mailbox.degraded|recovered",
    "actor.crashed|parked",
    "goal.reached",
    "killswitch.on|off",
    "token.created|revoked",
    "export.made",
    "import.finished|undone",
    "recovery.held|released",
)
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def an_event(actor: str = ENGINE, **data: Value) -> Event:
    return Event(EventType.LEAD_LOST, AT, actor, data=data)


def recorded(event: LeadEvent, before: LeadState | None) -> list[str]:
    return [str(name) for name in ledger_type(event, before, transition(before, event))]


def test_the_catalogue_is_complete() -> None:
    groups = [name.split(".") for name in NAMES]
    assert set(EventType) == {f"{noun}.{verb}" for noun, verbs in groups for verb in verbs.split("|")}


def test_reasons_figures_and_ids_may_be_recorded() -> None:
    event = an_event(reason="negative_reply", rate=0.51, contacted=12, rule=True, until=None, note="")
    assert event.data["rate"] == 0.51


@pytest.mark.parametrize("text", ["ada@example.com", "Hello,\nthank you", "ends\n", "a\u2028b", "x" * 201], ids=repr)
def test_an_address_or_a_text_in_the_ledger_is_a_bug(text: str) -> None:
    with pytest.raises(AssertionError, match="note of"):
        an_event(note=text)


def test_a_value_of_200_characters_is_still_recorded() -> None:
    assert an_event(note="x" * 200).data["note"] == "x" * 200


@pytest.mark.parametrize(
    ("actor", "text"),
    [
        (PERSON, "person"),
        (ENGINE, "engine"),
        (by_token("make"), "token:make"),
        (by_token("my console"), "token:my console"),
        (by_user("ada"), "os:ada"),
        (by_rule("bounce_rate"), "rule:bounce_rate"),
    ],
)
def test_an_event_names_its_actor(actor: str, text: str) -> None:
    assert an_event(actor).actor == text


@pytest.mark.parametrize("actor", ["", "somebody", "token:", "os: ", "rule:a\n", "engine:x", "person "])
def test_an_event_of_nobody_is_a_bug(actor: str) -> None:
    with pytest.raises(AssertionError, match="names no actor"):
        an_event(actor)


@pytest.mark.parametrize(
    ("before", "event", "names"),
    [
        (None, Discovered(), ["lead.discovered"]),
        (LeadState(LeadStatus.NEW), Enriched(), ["lead.enriched"]),
        (LeadState(LeadStatus.ENRICHED), TouchAccepted(), ["lead.contacted"]),
        (LeadState(LeadStatus.CONTACTED), Replied(), ["lead.replied"]),
        (LeadState(LeadStatus.REPLIED), Qualified(Authority.OPERATOR), ["lead.qualified"]),
        (LeadState(LeadStatus.QUALIFIED), Won(Decimal(900)), ["lead.won"]),
        (LeadState(LeadStatus.NEW), Lost(LostReason.NO_ADDRESS, Authority.RULE), ["lead.lost"]),
        (LeadState(LeadStatus.NEW), Erased(), ["lead.erased"]),
        (LeadState(LeadStatus.WON), Reopened(), ["lead.reopened"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_move_is_recorded_under_its_name(before: LeadState | None, event: LeadEvent, names: list[str]) -> None:
    assert recorded(event, before) == names


def test_a_lead_won_at_once_was_qualified_on_the_way() -> None:
    assert recorded(Won(Decimal(900)), LeadState(LeadStatus.CONTACTED)) == ["lead.qualified", "lead.won"]


def test_a_follow_up_is_told_by_its_touch_alone() -> None:
    assert recorded(TouchAccepted(), LeadState(LeadStatus.CONTACTED)) == []


@pytest.mark.parametrize(
    ("before", "event", "name"),
    [
        (LeadState(LeadStatus.REPLIED), TouchAccepted(), "lead.contacted"),
        (LeadState(LeadStatus.NEW), Replied(), "lead.replied"),
        (LeadState(LeadStatus.WON), Lost(LostReason.BOUNCED, Authority.RULE), "lead.lost"),
    ],
    ids=["touch", "reply", "loss"],
)
def test_a_move_that_leaves_the_status_unchanged_is_recorded_too(
    before: LeadState, event: LeadEvent, name: str
) -> None:
    assert transition(before, event).status is before.status
    assert recorded(event, before) == [name]
