"""Options that follow the API's bodies."""

from datetime import UTC, datetime
from typing import Any

import click
import pytest
from click.testing import CliRunner

from camd.cli.options import Column, Instant, OneOf, body_options, given_fields, read_body
from camd.domain.campaign import CampaignStatus
from camd.domain.inbound import InboundClass
from camd.schema.definition import CampaignBody
from camd.schema.inbound import ClassifyBody
from camd.schema.lead import HoldBody, LeadBody
from camd.schema.values import Body


def parsed(model: type[Body], *arguments: str) -> Body:
    found: list[Body] = []

    @click.command()
    @body_options(model)
    def command(**given: Any) -> None:
        found.append(read_body(model, given))

    CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False)
    return found[0]


def option_names(model: type[Body]) -> set[str]:
    @click.command()
    @body_options(model)
    def command(**_: Any) -> None: ...

    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


def test_every_plain_field_of_a_lead_is_an_option_of_its_name_with_dashes() -> None:
    expected = {f"--{name.replace('_', '-')}" for name in LeadBody.model_fields}
    assert option_names(LeadBody) == expected


def test_the_parts_of_a_campaign_that_are_objects_come_from_a_definition_file_alone() -> None:
    parts = {"icp", "window", "sources", "enrichment", "scoring", "steps", "pause_rules", "autonomy"}
    plain = {f"--{name.replace('_', '-')}" for name in CampaignBody.model_fields.keys() - parts}
    assert option_names(CampaignBody) == plain | {"--no-dry-run"}


def test_an_amount_keeps_its_cents() -> None:
    body = parsed(CampaignBody, "--name", "Q1", "--mrr-per-client", "1234567890.10")
    assert isinstance(body, CampaignBody)
    assert str(body.mrr_per_client) == "1234567890.10"


def test_an_option_that_holds_many_is_given_many_times() -> None:
    body = parsed(LeadBody, "--tags", "a", "--tags", "b", "--custom", "plan=gold=1", "--custom", "size=3")
    assert isinstance(body, LeadBody)
    assert body.tags == ("a", "b")
    assert body.custom == {"plan": "gold=1", "size": "3"}


def test_what_was_not_given_is_not_sent() -> None:
    body = parsed(LeadBody, "--email", "ada@example.org")
    assert body.model_fields_set == {"email"}


def test_an_empty_text_empties_a_field() -> None:
    assert given_fields(CampaignBody, {"description": "", "target_niche": None}) == {"description": None}


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(click.UsageError) as raised:
        parsed(CampaignBody, "--name", "12", "--target-clients", "0", "--currency", "euro")
    message = raised.value.message
    assert [name for name in ("--name", "--target-clients", "--currency") if name in message] == [
        "--name",
        "--target-clients",
        "--currency",
    ]


def test_a_time_with_a_zone_is_that_instant() -> None:
    body = parsed(HoldBody, "--until", "2027-01-31T14:00:00+02:00")
    assert isinstance(body, HoldBody)
    assert body.until == datetime(2027, 1, 31, 12, tzinfo=UTC)


def test_a_time_without_zone_is_local() -> None:
    body = parsed(HoldBody, "--until", "2027-01-31T14:00")
    assert isinstance(body, HoldBody)
    assert body.until is not None
    local = body.until.astimezone()
    assert (local.hour, local.minute) == (14, 0)


def test_no_time_is_a_usage_error() -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        Instant().convert("soon", None, None)


def test_a_choice_names_what_it_takes() -> None:
    with pytest.raises(click.BadParameter, match="is none of draft, active"):
        OneOf(CampaignStatus).convert("ACTIVE!", None, None)
    assert OneOf(CampaignStatus).convert("active", None, None) is CampaignStatus.ACTIVE


def test_a_column_may_hold_the_sign_that_parts_it_from_its_field() -> None:
    assert Column().convert("a=b=email", None, None) == ("a=b", "email")


@pytest.mark.parametrize("text", ["email", "=email"])
def test_a_pair_has_two_sides(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Column().convert(text, None, None)


def test_a_field_that_bears_another_name_in_json_is_read_by_it() -> None:
    given = {"kind": InboundClass.UNRELATED, "until": None, "note": "spam"}
    assert given_fields(ClassifyBody, given) == {"class": InboundClass.UNRELATED, "note": "spam"}
    assert read_body(ClassifyBody, given).kind is InboundClass.UNRELATED
