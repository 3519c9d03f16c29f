"""What `/api/openapi.json` says, held against the routes, the client and the names that others rely on."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from camd.api import docs, public
from camd.api.app import TABLE
from camd.api.examples import EXAMPLES
from camd.api.routes import PREFIX, Route
from camd.client import SyncCamdClient
from camd.schema.webhook import BODIES

EVERY = (*TABLE, *public.ROUTES)
OF_THE_API = [route for route in TABLE if route.path.startswith(PREFIX)]
WITHOUT_METHOD = {"put_activate", "put_pause", "put_resume", "run"}
"""What the client asks by another route, or while it waits."""
LEAD = {
    *("id", "campaign_id", "status", "status_reason", "email", "first_name", "last_name", "title", "seniority"),
    *("company", "domain", "industry", "employee_count", "country", "city", "timezone", "language", "linkedin_url"),
    *("phone", "tags", "consent", "custom", "source", "source_ref", "expected_mrr", "verdict", "score", "holds"),
    *("next_action", "next_action_at", "won_mrr", "created_at", "updated_at"),
}
NAMES: dict[str, set[str]] = {
    "Lead": LEAD,
    "Hold": {"reason", "since", "until", "note"},
    "Touch": {
        *("id", "campaign_id", "lead_id", "step", "channel", "status", "reason", "mailbox", "message_id", "subject"),
        *("body", "due_at", "sent_at"),
    },
    "Inbound": {
        *("id", "mailbox", "lead_id", "touch_id", "class", "evidence", "waiting", "subject", "text", "received_at"),
    },
    "Suppression": {"id", "value", "kind", "reason", "note", "created_at"},
    "Event": {"seq", "at", "type", "campaign_id", "lead_id", "touch_id", "actor", "data"},
    "WhyReport": {"lead_id", "allowed", "next_action_at", "checks"},
    "Check": {"name", "passed", "reason", "until"},
    "Gate": {"open", "reason", "since"},
    "Recovery": {"hold", "reason", "since", "figures"},
    "KillSwitch": {"on", "reason", "since", "by"},
    "Status": {
        *("version", "started_at", "dry_run", "ready", "gate", "recovery", "kill_switch", "campaigns", "leads"),
        *("mailboxes", "providers", "waiting", "overdue_replanned"),
    },
    "CampaignSummary": {
        *("id", "name", "status", "status_reason", "dry_run", "target_niche", "service_key", "target_clients"),
        *("target_mrr", "current_leads", "contacted_leads", "qualified_leads", "won_leads", "conversion_rate"),
        *("goal_progress", "sent_today", "daily_email_limit"),
    },
    "CycleReport": {
        *("campaign_id", "campaign_name", "dry_run", "leads_discovered", "duplicates_skipped", "leads_enriched"),
        *("leads_scored", "touches_planned", "outreach_sent", "outreach_failed", "outreach_skipped"),
        *("outreach_unknown", "replies_processed", "campaign_paused", "next_wake_at", "would_spend", "waiting_for"),
        *("errors", "duration_seconds"),
    },
    "ImportReport": {"import_id", "dry_run", "rows", "added", "updated", "duplicates", "suppressed", "rejected"},
    "RejectedLine": {"line", "reason"},
    "KillSwitchBody": {"on", "reason"},
    "SuppressionBody": {"value", "reason", "note"},
    "WonBody": {"mrr", "note"},
    "LostBody": {"reason", "note"},
    "HoldBody": {"reason", "until"},
    "ReleaseBody": {"reason"},
    "ResolveBody": {"as"},
    "ClassifyBody": {"class", "until", "note"},
    "TrialBody": {"to"},
}
"""Fields that programs outside rely on."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    documents = docs.Documents(TABLE, public.ROUTES, version="1.2.3")
    read: dict[str, Any] = json.loads(documents.json)
    return read


def operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            if method != "servers":
                yield method.upper(), path, operation


def found_under(key: str, part: object) -> Iterator[str]:
    match part:
        case dict():
            for name, inner in part.items():
                if name == key and isinstance(inner, str):
                    yield inner
                yield from found_under(key, inner)
        case list():
            for inner in part:
                yield from found_under(key, inner)


def test_the_same_routes_give_the_same_document() -> None:
    first, second = (docs.Documents(TABLE, public.ROUTES, version="1.2.3").json for _ in range(2))
    assert first == second


def test_every_route_is_documented_and_nothing_else(told: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(told)} == {(each.method, each.path) for each in EVERY}


def test_every_operation_has_an_id_of_its_own(told: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(told)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("route", OF_THE_API, ids=lambda route: route.doc.name)
def test_the_client_has_a_method_of_each_operation_s_name(route: Route) -> None:
    assert hasattr(SyncCamdClient, route.doc.name) is (route.doc.name not in WITHOUT_METHOD)


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    for reference in set(found_under("$ref", told)):
        part = told
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def test_every_parameter_and_answer_is_described(told: dict[str, Any]) -> None:
    for method, path, operation in operations(told):
        for part in (*operation.get("parameters", []), *operation["responses"].values()):
            assert "$ref" in part or part["description"], f"{method} {path}: {part}"


def test_every_schema_has_a_plain_name(told: dict[str, Any]) -> None:
    assert [name for name in told["components"]["schemas"] if not re.fullmatch("[A-Z][A-Za-z]+", name)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_has_the_fields_that_others_rely_on(told: dict[str, Any], name: str) -> None:
    assert set(told["components"]["schemas"][name]["properties"]) >= NAMES[name]


def test_what_is_printed_has_the_names_of_the_document() -> None:
    models = [
        model for route in EVERY for each in route.doc.by_status().values() for model in each if isinstance(model, type)
    ]
    renamed = [model for model in models if any(field.alias for field in model.model_fields.values())]
    assert renamed
    assert [model for model in renamed if not model.model_config.get("serialize_by_alias")] == []


@pytest.mark.parametrize("route", [route for route in EVERY if route.doc.name in EXAMPLES], ids=lambda r: r.doc.name)
def test_an_example_is_one_that_its_route_takes(route: Route) -> None:
    assert route.body is not None
    if isinstance(route.body, type) and issubclass(route.body, BaseModel):
        route.body.model_validate(EXAMPLES[route.doc.name])


def test_every_example_has_a_route() -> None:
    assert set(EXAMPLES) <= {route.doc.name for route in EVERY}


def test_every_event_has_the_body_of_its_webhook(told: dict[str, Any]) -> None:
    assert set(told["webhooks"]) == set(BODIES)


def test_an_instant_is_a_date_time(told: dict[str, Any]) -> None:
    schemas = told["components"]["schemas"]
    for name, schema in schemas.items():
        for field, kind in schema.get("properties", {}).items():
            if field.endswith("_at") or field in ("at", "since"):
                assert "date-time" in list(found_under("format", kind)), f"{name}.{field}"


def test_an_amount_has_its_limits(told: dict[str, Any]) -> None:
    amount, _ = told["components"]["schemas"]["WonBody"]["properties"]["mrr"]["anyOf"]
    assert amount == {"type": "number", "minimum": 0.0, "maximum": 1e12}
