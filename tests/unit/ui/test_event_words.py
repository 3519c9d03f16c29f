"""The ledger's events in words."""

from datetime import UTC, datetime

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.events import EventType
from camd.domain.suppression import SuppressionReason
from camd.schema.event import Event
from camd.ui.event_words import ROUTINE, SENTENCES, by_whom, routine, sentence
from camd.ui.suppression_words import GIVEN, REASONS

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
TOLD_OF_A_LEAD = [kind for kind in EventType if kind.startswith(("lead.", "touch.", "inbound."))]


def event(kind: EventType, **data: str | float) -> Event:
    return Event(seq=1, at=NOW, type=kind, campaign_id=1, lead_id="ld_1", touch_id=None, actor="engine", data={**data})


@pytest.mark.parametrize("kind", EventType)
def test_every_event_has_words(kind: EventType) -> None:
    text = sentence(event(kind), None)
    assert text[:1].isupper()
    assert not text.endswith(": ")
    assert not {"{", "}"} & set(text)


def test_no_event_is_told_that_the_ledger_does_not_have() -> None:
    assert SENTENCES.keys() == set(EventType)


@pytest.mark.parametrize("kind", TOLD_OF_A_LEAD)
def test_what_happens_to_a_lead_names_it(kind: EventType) -> None:
    assert "Anna Berger" in sentence(event(kind), "Anna Berger")


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (EventType.TOUCH_SENT, {"step": 2}, "Step 2 was sent to Anna"),
        (EventType.LEAD_LOST, {"reason": "operator"}, "Anna is lost: a person decided so"),
        (EventType.LEAD_HELD, {"reason": "operator"}, "Anna is held: a person put it on hold"),
        (EventType.CAMPAIGN_PAUSED, {"reason": "goal_reached"}, "The campaign was paused: the goal is reached"),
        (EventType.INBOUND_RECEIVED, {"class": "complaint"}, "From Anna: a complaint about spam"),
        (EventType.SUPPRESSION_ADDED, {"reason": "objected"}, "A suppression was added: they objected to the use"),
        (EventType.QUOTA_EXHAUSTED, {"scope": "campaign"}, "A limit is used up for now: the campaign's mails a day"),
        (EventType.LEAD_SCORED, {"score": 0.75}, "Anna was scored: 0.75"),
        (EventType.IMPORT_FINISHED, {"added": 1200, "rejected": 3, "rows": 1203}, "A file was imported: 1,200 added"),
    ],
)
def test_an_event_is_a_sentence(kind: EventType, data: dict[str, str | float], text: str) -> None:
    assert sentence(event(kind, **data), "Anna").startswith(text)


def test_a_mailbox_keeps_its_name() -> None:
    text = sentence(event(EventType.MAILBOX_DEGRADED, mailbox="ada.sales_2", reason="log_in_refused"), None)
    assert text == "The mailbox ada.sales_2 stopped sending: log in refused"


def test_a_reason_that_is_not_known_is_told_as_it_is() -> None:
    assert sentence(event(EventType.LEAD_LOST, reason="moved_away"), "Anna") == "Anna is lost: moved away"


def test_a_message_of_nobody_known_is_told() -> None:
    unmatched = event(EventType.INBOUND_RECEIVED, **{"class": "unrelated"}).model_copy(update={"lead_id": None})
    assert sentence(unmatched, None).startswith("From somebody unknown: ")


def test_routine_is_told_with_its_number() -> None:
    assert routine(EventType.LEAD_SCORED, 1200) == "1,200 leads were scored"
    assert ROUTINE.keys() < SENTENCES.keys()


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("token:anna", "anna"),
        ("os:root", "root on camd's machine"),
        ("os:local", "somebody on camd's machine"),
        ("rule:complaint_rate", "the rule complaint rate"),
        ("engine", ""),
        ("person", ""),
    ],
)
def test_who_did_it_is_named(actor: str, name: str) -> None:
    assert by_whom(actor) == name


def test_every_reason_of_a_suppression_has_words_and_only_erasing_gives_that_of_an_erasure() -> None:
    assert REASONS.keys() == set(SuppressionReason)
    assert set(SuppressionReason) - set(GIVEN) == {SuppressionReason.ERASED}
