"""The difference between two definitions: complete, in words, and the patch makes exactly it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.campaign import AutonomyMode, Channel, Definition, GoalCounts
from camd.schema.definition import CampaignBody, definition_fields
from camd.schema.definition_parts import (
    AutonomyBody,
    IcpBody,
    PauseRulesBody,
    ScoringBody,
    SourceBody,
    StepBody,
    WindowBody,
)
from camd.ui.definition_change import ABSENT, LABELS, Change, Names, changes, patch_of

WORDS = st.text("abc ,Ä\n", min_size=1, max_size=12).filter(str.strip)
LINES = st.text("abc ,Ä", min_size=1, max_size=12)
LISTS = st.lists(LINES, max_size=3).map(tuple)
MONEY = st.none() | st.decimals(0, 10_000, places=2)
SHARES = st.sampled_from([0.0, 0.003, 0.0031, 0.1 + 0.2, 0.5, 1.0])
STEPS = st.builds(
    StepBody,
    channel=st.sampled_from(Channel),
    wait_days=st.none() | st.decimals(0, 30, places=4),
    subject=LINES.filter(str.strip),
    body=WORDS,
)
SOURCES = st.builds(
    lambda kind, own: SourceBody.model_validate({"type": kind, **own}),
    st.sampled_from(["csv", "apollo", "hook"]),
    st.dictionaries(
        st.sampled_from(["path", "map", "person_titles", "max_candidates"]),
        st.one_of(LINES, st.integers(0, 9), st.lists(LINES, max_size=2), st.dictionaries(LINES, LINES, max_size=2)),
        max_size=3,
    ),
)
BODIES = st.builds(
    CampaignBody,
    name=st.sampled_from(["Spring", "Autumn"]),
    description=st.none() | WORDS,
    target_clients=st.none() | st.integers(1, 9),
    target_mrr=MONEY,
    mrr_per_client=MONEY,
    currency=st.sampled_from(["EUR", "USD"]),
    goal_counts=st.sampled_from(GoalCounts),
    daily_email_limit=st.integers(1, 500),
    timezone=st.sampled_from(["Europe/Vienna", "UTC"]),
    mailboxes=LISTS,
    icp=st.builds(IcpBody, titles=LISTS, employee_min=st.none() | st.integers(0, 9)),
    window=st.builds(WindowBody, start=st.sampled_from(["08:00", "09:30"]), holidays=st.booleans()),
    sources=st.lists(SOURCES, max_size=3).map(tuple),
    scoring=st.builds(ScoringBody, min_score=SHARES, auto_qualify=st.booleans()),
    steps=st.lists(STEPS, max_size=3).map(tuple),
    pause_rules=st.builds(PauseRulesBody, loss_rate=SHARES, complaint_rate=SHARES, age_days=st.integers(1, 99)),
    autonomy=st.builds(AutonomyBody, mode=st.sampled_from(AutonomyMode), approve_first=st.integers(0, 9)),
)


def stored(body: CampaignBody) -> Definition:
    return body.to_definition(currency="EUR", timezone="UTC")


@settings(max_examples=60)
@given(BODIES, BODIES)
def test_there_is_a_change_exactly_where_the_definitions_differ(before: CampaignBody, after: CampaignBody) -> None:
    assert (changes(before, after) == []) is (stored(before) == stored(after))


@settings(max_examples=60)
@given(BODIES, BODIES)
def test_each_change_has_a_field_of_its_own_and_reads_differently_now_and_then(
    before: CampaignBody, after: CampaignBody
) -> None:
    found = changes(before, after)
    assert len({change.field for change in found}) == len(found)
    assert all(change.now != change.then for change in found)


@settings(max_examples=60)
@given(BODIES, BODIES)
def test_the_patch_makes_of_the_one_definition_the_other(before: CampaignBody, after: CampaignBody) -> None:
    base = CampaignBody.model_construct(**definition_fields(stored(before)))
    wished = CampaignBody.model_construct(**definition_fields(stored(after)))
    assert stored(patch_of(base, wished).merged_into(stored(before))) == stored(after)


@settings(max_examples=60)
@given(BODIES, BODIES)
def test_what_a_person_left_alone_stays_as_somebody_else_set_it(begun: CampaignBody, foreign: CampaignBody) -> None:
    patch = patch_of(begun, begun.model_copy(update={"no_reply_days": 77}))
    saved = patch.merged_into(stored(foreign))
    assert stored(saved) == stored(foreign.model_copy(update={"no_reply_days": 77}))


def test_within_a_group_only_the_field_that_was_changed_is_sent() -> None:
    after = CampaignBody(name="Q1", window=WindowBody(start="10:00"), scoring=ScoringBody(min_score=0.5))
    assert patch_of(CampaignBody(name="Q1"), after).root == {
        "window": {"start": "10:00"},
        "scoring": {"min_score": 0.5},
    }


def test_every_field_of_a_definition_has_a_label() -> None:
    assert set(_fields(CampaignBody)) == set(LABELS)


def _fields(model: type[BaseModel], names: Names = ()) -> Iterator[Names]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        parts = [kind, *get_args(kind)]
        inner = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        yield from _fields(inner, (*names, name)) if inner else [(*names, name)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"target_mrr": Decimal(1500), "currency": "EUR"}, Change("Goal: revenue a month", "none", "1,500 EUR")),
        ({"daily_email_limit": 30}, Change("Mails a day, at most", "20", "30")),
        ({"mailboxes": ("sales",)}, Change("Mailboxes", "all of the instance", "sales")),
        ({"window": WindowBody(days=("mon", "tue"))}, Change("Sending days", "mon, tue, wed, thu, fri", "mon, tue")),
        (
            {"goal_counts": GoalCounts.WON},
            Change("The goal counts", "qualified leads and signed clients", "signed clients only"),
        ),
        (
            {"pause_rules": PauseRulesBody(complaint_rate=0.0015)},
            Change("Pause above this share of complaints", "0.3 %", "0.15 %"),
        ),
        ({"scoring": ScoringBody(auto_qualify=False)}, Change("An interested answer qualifies by itself", "yes", "no")),
        ({"sources": (SourceBody.model_validate({"type": "csv"}),)}, Change("Source 1, kind", ABSENT, "csv")),
    ],
)
def test_a_change_is_told_in_words(changed: dict[str, object], expected: Change) -> None:
    before = CampaignBody(name="Q1", currency="EUR")
    assert expected in changes(before, before.model_copy(update=changed))


def test_a_wait_that_is_left_out_is_the_default_one() -> None:
    first = StepBody(subject="Hello", body="…")
    before = CampaignBody(name="Q1", steps=(first, StepBody(body="…")))
    after = CampaignBody(name="Q1", steps=(first, StepBody(body="…", wait_days=Decimal(3))))
    assert changes(before, after) == []


def test_steps_are_compared_by_their_numbers() -> None:
    first, second = StepBody(subject="Hello", body="One"), StepBody(body="Two")
    before = CampaignBody(name="Q1", steps=(first,))
    after = CampaignBody(name="Q1", steps=(first, second))
    assert [(change.field, change.then) for change in changes(before, after)] == [
        ("Step 2, channel", "mail"),
        ("Step 2, wait in working days", "3"),
        ("Step 2, subject", "none: answers in the thread"),
        ("Step 2, text", "Two"),
    ]


def test_a_source_is_compared_with_the_fields_that_its_provider_declares() -> None:
    before = CampaignBody(name="Q1", sources=(SourceBody.model_validate({"type": "csv", "path": "a.csv"}),))
    after = CampaignBody(name="Q1", sources=(SourceBody.model_validate({"type": "csv", "path": "b.csv"}),))
    assert changes(before, after) == [Change("Source 1, path", "a.csv", "b.csv")]


def test_two_lists_that_read_alike_are_told_apart() -> None:
    one, two = (CampaignBody(name="Q1", icp=IcpBody(titles=titles)) for titles in (("a, b",), ("a", "b")))
    assert changes(one, two) == [Change("Ideal customer: titles", "('a, b',)", "('a', 'b')")]
