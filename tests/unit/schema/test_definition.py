"""The definition as JSON: its limits, its defaults, and its way through the domain's values and back."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from camd.domain.campaign import Autonomy, Definition, Enrichment, Icp, PauseRules, Scoring
from camd.domain.send_window import Window
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody, CampaignPatch, definition_fields
from camd.schema.problem import FieldProblem, field_problems


def read(**fields: object) -> CampaignBody:
    return CampaignBody.model_validate_json(json.dumps({"name": "Q1"} | fields))


def defined(**fields: object) -> Definition:
    return read(**fields).to_definition(currency="EUR", timezone="UTC")


def problems(**fields: object) -> list[FieldProblem]:
    with pytest.raises(ValidationError) as refused:
        read(**fields)
    return field_problems(refused.value)


def test_a_name_alone_gives_the_products_defaults() -> None:
    assert defined() == Definition("Q1")


def test_the_instances_currency_and_zone_count_where_none_is_named() -> None:
    made = read().to_definition(currency="CHF", timezone="Europe/Zurich")
    assert (made.currency, made.timezone) == ("CHF", "Europe/Zurich")


@pytest.mark.parametrize("name", ["", "   ", "7", "2026", "a/b", "a\nb", "x" * 101, "\u200b"])
def test_a_name_is_printable_and_more_than_a_number(name: str) -> None:
    [problem] = problems(name=name)
    assert problem.field == "name"


@pytest.mark.parametrize("name", ["Q1", "x" * 100, "Zürich, Büros", "7a"])
def test_other_names_are_fine(name: str) -> None:
    assert defined(name=name).name == name


@pytest.mark.parametrize(
    ("field", "path", "wrong"),
    [
        ("daily_email_limit", "daily_email_limit", [0, 501, 1.5, "many"]),
        ("target_clients", "target_clients", [0, 100_001]),
        ("target_mrr", "target_mrr", [-0.01, 1.005, "much"]),
        ("currency", "currency", ["eur", "EURO", ""]),
        ("timezone", "timezone", ["Mars/Olympus", "Factory", "../etc", ""]),
        ("language", "language", ["German", ""]),
        ("icp", "icp.countries.0", [{"countries": ["XX"]}, {"countries": ["Germany"]}]),
        ("icp", "icp.employee_max", [{"employee_min": 10, "employee_max": 9}]),
        ("window", "window.start", [{"start": "9:00"}, {"start": "25:00"}, {"start": "24:00"}]),
        ("window", "window.end", [{"end": "09:00"}, {"start": "17:00"}, {"end": "24:01"}]),
        ("window", "window.days", [{"days": []}]),
        ("window", "window.days.0", [{"days": ["monday"]}]),
        ("steps", "steps.0.body", [[{"subject": "a"}], [{"subject": "a", "body": "  "}]]),
        ("steps", "steps.0.subject", [[{"subject": "a\nb", "body": "c"}]]),
        ("steps", "steps", [[{"body": "c"}]]),
        ("steps", "steps.1.wait_days", [[{"subject": "a", "body": "b"}, {"body": "c", "wait_days": -1}]]),
        ("scoring", "scoring.min_score", [{"min_score": 1.1}]),
        ("scoring", "scoring.weights", [{"weights": {"address": 0, "completeness": 0, "intent": 0}}]),
        ("pause_rules", "pause_rules.loss_rate", [{"loss_rate": 50}]),
        ("autonomy", "autonomy.mode", [{"mode": "free"}]),
        ("channels", "channels.0", [["fax"]]),
        ("sources", "sources.0.type", [[{"path": "x"}]]),
        ("colour", "colour", ["red"]),
        ("window", "window.colour", [{"colour": "red"}]),
    ],
)
def test_every_problem_names_its_field(field: str, path: str, wrong: list[object]) -> None:
    for value in wrong:
        assert [problem.field for problem in problems(**{field: value})] == [path], value


def test_every_problem_is_told_at_once_and_says_how_to_mend_it() -> None:
    told = {problem.field: problem.message for problem in problems(daily_email_limit=0, timezone="x", colour=1)}
    assert set(told) == {"daily_email_limit", "timezone", "colour"}
    assert told["timezone"] == "'x' is no known time zone: use an IANA name such as Europe/Berlin"
    assert told["colour"] == "no such field: remove it or correct its name"


def test_a_number_that_is_none_is_refused() -> None:
    for number in ("nan", "inf"):
        with pytest.raises(ValidationError):
            CampaignBody.model_validate({"name": "Q1", "scoring": {"min_score": float(number)}})


def test_midnight_ends_a_window() -> None:
    assert defined(window={"start": "00:00", "end": "24:00"}).window.end_minute == 1440


def test_steps_wait_as_the_default_sequence_where_they_name_no_wait() -> None:
    steps = defined(steps=[{"subject": "a", "body": "b"}] + [{"body": "b"}] * 4).steps
    assert [step.wait_days for step in steps] == [Decimal(days) for days in (0, 3, 6, 12, 12)]
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]


def test_a_fraction_of_a_day_stays_exact() -> None:
    made = defined(steps=[{"subject": "a", "body": "b", "wait_days": 0.0001}])
    assert made.steps[0].wait_days == Decimal("0.0001")
    assert as_json(made)["steps"][0]["wait_days"] == 0.0001


def test_a_task_needs_no_text() -> None:
    assert len(defined(steps=[{"channel": "task"}]).steps) == 1


def test_a_source_keeps_its_own_fields() -> None:
    [source] = defined(sources=[{"type": "csv", "path": "x.csv", "map": {"Mail": "email"}}]).sources
    assert (source.type, dict(source.settings)) == ("csv", {"path": "x.csv", "map": {"Mail": "email"}})


def test_money_is_a_plain_number() -> None:
    printed = as_json(defined(target_mrr=1234.5, mrr_per_client=200))
    assert (printed["target_mrr"], printed["mrr_per_client"]) == (1234.5, 200)
    assert isinstance(printed["mrr_per_client"], int)


def as_json(definition: Definition) -> dict[str, Any]:
    return CampaignBody.model_construct(**definition_fields(definition)).model_dump(mode="json")


amounts = st.decimals(0, 10**9, places=2)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "target_mrr": amounts.map(float),
        "daily_email_limit": st.integers(1, 500),
        "no_reply_days": st.integers(1, 3650),
        "window": st.fixed_dictionaries(
            {"days": st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1, unique=True)},
            optional={"holidays": st.booleans(), "end": st.sampled_from(["17:30", "24:00"])},
        ),
        "icp": st.fixed_dictionaries(
            {}, optional={"countries": st.just(["DE", "us"]), "employee_min": st.integers(0, 9)}
        ),
        "steps": st.lists(
            st.fixed_dictionaries(
                {"subject": st.just("Hi"), "body": st.just("Text")},
                optional={"wait_days": st.decimals(0, 30, places=4).map(float), "channel": st.just("task")},
            ),
            max_size=4,
        ),
        "sources": st.just([{"type": "csv", "path": "a.csv", "max_candidates": 3}]),
        "scoring": st.fixed_dictionaries({"min_score": st.floats(0, 1)}),
    },
)


@given(bodies)
def test_a_definition_that_is_printed_and_read_again_is_equal(fields: dict[str, object]) -> None:
    made = defined(**fields)
    again = CampaignBody.model_validate_json(json.dumps(as_json(made)))
    assert again.to_definition(currency="XXX", timezone="Asia/Tokyo") == made
    assert CampaignPatch({}).merged_into(made).to_definition(currency="XXX", timezone="Asia/Tokyo") == made


def test_a_patch_merges_objects_replaces_lists_and_null_gives_the_default_back() -> None:
    made = defined(window={"start": "08:00", "end": "12:00"}, icp={"titles": ["CEO", "CTO"]}, target_clients=3)
    patch = CampaignPatch({"window": {"end": "13:00"}, "icp": {"titles": ["CFO"]}, "target_clients": None})
    changed = patch.merged_into(made).to_definition(currency="EUR", timezone="UTC")
    assert (changed.window.start_minute, changed.window.end_minute) == (8 * 60, 13 * 60)
    assert (changed.icp.titles, changed.target_clients) == (("CFO",), None)


def test_a_stored_definition_can_be_read_after_its_zone_is_gone() -> None:
    lost = Definition("Q1", timezone="Gone/Zone")
    assert as_json(lost)["timezone"] == "Gone/Zone"
    with pytest.raises(ValidationError, match="timezone"):
        CampaignPatch({"daily_email_limit": 5}).merged_into(lost)


def test_the_defaults_of_the_json_are_those_of_the_domain() -> None:
    made = defined()
    assert (made.icp, made.enrichment, made.scoring) == (Icp(), Enrichment(), Scoring())
    assert (made.pause_rules, made.autonomy, made.window) == (PauseRules(), Autonomy(), Window())


def test_the_whole_campaign_prints_every_field_of_its_definition() -> None:
    assert set(CampaignBody.model_fields) <= set(CampaignDetail.model_fields)
