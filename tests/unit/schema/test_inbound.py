"""What a person may say that a message is, and until when somebody is away."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from camd.domain.inbound import InboundClass
from camd.schema.inbound import ClassifyBody, Inbound
from camd.schema.problem import field_problems

AWAY = InboundClass.OUT_OF_OFFICE
OTHERS = [kind for kind in InboundClass if kind is not AWAY]


def problems(body: dict[str, Any]) -> dict[str, str]:
    """What is wrong, by field. `Any`: JSON."""
    with pytest.raises(ValidationError) as refused:
        ClassifyBody.model_validate(body)
    return {problem.field: problem.message for problem in field_problems(refused.value)}


@pytest.mark.parametrize("kind", InboundClass)
def test_every_class_can_be_said(kind: InboundClass) -> None:
    body = ClassifyBody.model_validate({"class": kind.value, "note": "by phone"})
    assert (body.kind, body.until, body.note) == (kind, None, "by phone")


@pytest.mark.parametrize("given_class", [{"class": "positive"}, {"class": None}])
def test_a_class_that_is_none_is_told_with_all_that_are(given_class: dict[str, Any]) -> None:
    told = problems(given_class)
    assert set(told) == {"class"}
    assert all(kind.value in told["class"] for kind in InboundClass)


def test_the_class_bears_no_other_name() -> None:
    assert set(problems({"kind": "unrelated"})) == {"class", "kind"}


@pytest.mark.parametrize("kind", OTHERS)
def test_only_an_absence_has_an_end(kind: InboundClass) -> None:
    told = problems({"class": kind.value, "until": "2027-01-31"})
    assert told == {"until": "leave it out: it belongs to out_of_office alone"}


def test_an_end_is_not_blamed_where_the_class_is_wrong() -> None:
    assert set(problems({"class": "away", "until": "2027-01-31"})) == {"class"}


@pytest.mark.parametrize("kind", InboundClass)
def test_no_end_may_be_said_of_any(kind: InboundClass) -> None:
    assert ClassifyBody.model_validate({"class": kind.value, "until": None}).until is None


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2027-01-31", date(2027, 1, 31)),
        ("2027-01-31T14:00:00Z", datetime(2027, 1, 31, 14, tzinfo=UTC)),
        ("2027-01-31t14:00:00.5z", datetime(2027, 1, 31, 14, 0, 0, 500_000, tzinfo=UTC)),
        ("2027-01-31T14:00:00+09:00", datetime(2027, 1, 31, 14, tzinfo=timezone(timedelta(hours=9)))),
    ],
)
def test_an_end_is_a_day_or_an_instant(text: str, until: date) -> None:
    body = ClassifyBody.model_validate({"class": "out_of_office", "until": text})
    assert body.until == until
    assert type(body.until) is type(until)


@pytest.mark.parametrize(
    "value",
    ["31.01.2027", "2027-02-30", "2027-01-31T14:00:00", "next week", "", 1_800_000_000, 1.5, True, [], {}],
)
def test_anything_else_is_no_end_and_the_message_shows_one(value: object) -> None:
    told = problems({"class": "out_of_office", "until": value})
    assert set(told) == {"until"}
    assert "2027-01-31T14:00:00Z" in told["until"]


@given(st.text(max_size=40))
def test_no_text_is_more_than_wrong(text: str) -> None:
    with suppress(ValidationError):
        body = ClassifyBody.model_validate({"class": "out_of_office", "until": text})
        assert isinstance(body.until, date)


@pytest.mark.parametrize("until", [date(2027, 1, 31), datetime(2027, 1, 31, 14, tzinfo=UTC)])
def test_a_body_survives_its_json(until: date) -> None:
    body = ClassifyBody.model_validate({"class": "out_of_office", "until": until})
    again = ClassifyBody.model_validate_json(body.model_dump_json())
    assert again == body
    assert type(again.until) is type(until)


def test_an_instant_without_a_zone_is_refused_from_code_too() -> None:
    naive = datetime(2027, 1, 31, 14)  # noqa: DTZ001 - what is refused
    assert "until" in problems({"class": "out_of_office", "until": naive})


def test_a_message_prints_its_class_under_that_name() -> None:
    text = (
        '{"id":"in_1","mailbox":"sales","lead_id":null,"touch_id":null,"class":"challenge","evidence":"captcha",'
        '"waiting":true,"subject":null,"text":null,"received_at":"2026-03-02T09:00:00Z","sender":null,"until":null,'
        '"note":null}'
    )
    assert Inbound.model_validate_json(text).model_dump_json() == text
