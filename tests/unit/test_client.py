"""What the client sends, where it looks, and how it reads what comes back."""

import inspect
import re
from datetime import UTC, datetime
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints

import httpx
import pytest
from pydantic import BaseModel

from camd.api.app import TABLE
from camd.client import ApiError, CamdClient, SyncCamdClient, calls, outlook_calls
from camd.client.call import Call, body_of, params, path
from camd.client.errors import problem_of
from camd.client.exchange import request_of, run_of, understood
from camd.client.place import Place
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadStatus
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.inbound import ClassifyBody
from camd.schema.lead import LeadPatch

SOCKET = Path("/run/camd/api.sock")
EVERY = {
    name: value
    for module in (calls, outlook_calls)
    for name, value in vars(module).items()
    if inspect.isfunction(value) and value.__module__ == module.__name__
}


def methods(face: type) -> set[str]:
    return {name for name in dir(face) if not name.startswith("_")}


def test_both_faces_have_a_method_for_every_call() -> None:
    public = {name for name in EVERY if not name.startswith("_")}
    assert public - methods(CamdClient) == public - methods(SyncCamdClient) == set()
    assert methods(CamdClient) - {"aclose"} == methods(SyncCamdClient) - {"close"}


class Nothing(BaseModel):
    """Stands for any body."""


def described(name: str) -> Call[Any]:
    """The request of a call whose arguments are whatever it takes."""
    call = EVERY[name]
    needed = {
        parameter: value_of(kind)
        for parameter, kind in get_type_hints(call).items()
        if parameter != "return" and inspect.signature(call).parameters[parameter].default is inspect.Parameter.empty
    }
    made = call(**needed)
    assert isinstance(made, Call)
    return made


def value_of(kind: Any) -> Any:
    match kind:
        case type() if issubclass(kind, BaseModel):
            return Nothing()
        case type() if issubclass(kind, Enum):
            return next(iter(kind))
        case type() if issubclass(kind, BinaryIO):
            return BytesIO()
        case _:
            return "7"


ASKED_FOR_BY_NO_CALL = {
    *(("PUT", f"/api/cam/campaigns/{{id}}/{verb}") for verb in ("activate", "pause", "resume")),  # as POST
    ("GET", "/api/cam/runs/{id}"),  # each face follows a run by itself
    ("GET", "/api/openapi.json"),  # for programs that are made of it
    ("GET", "/api/docs"),  # for people
}


def test_every_route_has_a_call_and_every_call_a_route() -> None:
    public = [name for name in EVERY if not name.startswith("_")]
    asked = {(call.method, call.path) for call in map(described, public)}
    routes = {(route.method, route.path) for route in TABLE if route.path.startswith("/api/")}
    filled = {(method, re.sub(r"\{\w+\}", "7", path)) for method, path in routes - ASKED_FOR_BY_NO_CALL}
    assert asked == filled
    assert routes >= ASKED_FOR_BY_NO_CALL


def test_what_creates_takes_a_key_and_sends_it() -> None:
    creating = {route.doc.name for route in TABLE if route.doc.once}
    assert creating == {name for name in EVERY if "key" in inspect.signature(EVERY[name]).parameters}
    call = calls.create_campaign(CampaignBody(name="Q1"), key="9f1c")
    assert request_of(call)["headers"] == {"Idempotency-Key": "9f1c"}
    assert request_of(calls.gate())["headers"] == {}


def test_a_method_is_documented_as_its_call() -> None:
    assert CamdClient("http://localhost").why.__doc__ == SyncCamdClient("http://localhost").why.__doc__
    assert str(inspect.signature(CamdClient("http://localhost").leads)).startswith("(ref: str | int, *, status:")


def test_parts_of_a_path_are_quoted() -> None:
    assert path("/campaigns/{}/leads", "a/b?c#d é") == "/api/cam/campaigns/a%2Fb%3Fc%23d%20%C3%A9/leads"


def test_parameters_that_are_not_given_are_not_sent() -> None:
    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    given = params(limit=5, cursor=None, held=False, status=LeadStatus.NEW, since=since)
    assert given == [("limit", "5"), ("held", "false"), ("status", "new"), ("since", "2026-03-02T09:00:00+00:00")]


def test_a_field_left_out_is_not_sent_and_null_is() -> None:
    assert body_of(LeadPatch(city=None)) == b'{"city":null}'
    assert body_of(CampaignBody(name="Q1")) == b'{"name":"Q1"}'
    assert body_of(CampaignPatch({"target_clients": None})) == b'{"target_clients":null}'


def test_a_mapping_becomes_one_parameter_a_column() -> None:
    with Path("/dev/null").open("rb") as file:
        call = calls.import_leads("Q1", file, mapping={"Mail=1": "email", "Ort": "city"})
    assert [value for name, value in call.params if name == "map"] == ["Mail=1=email", "Ort=city"]


def test_messages_are_asked_for_by_the_names_of_the_api() -> None:
    call = calls.inbox(waiting=True, kind=InboundClass.CHALLENGE, campaign=1, limit=5)
    assert dict(call.params) == {"waiting": "true", "class": "challenge", "campaign": "1", "limit": "5"}
    body = ClassifyBody.model_validate({"class": "out_of_office", "until": "2027-01-31"})
    assert calls.classify("in_1", body).body == b'{"class":"out_of_office","until":"2027-01-31"}'


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("http://a", {"CAMD_URL": "http://b", "CAMD_TOKEN": "t"}, Place("http://a", None, ())),
        (None, {"CAMD_URL": "http://b", "CAMD_TOKEN": "t"}, Place("http://b", "t", ())),
        (None, {"CAMD_URL": ""}, Place(None, None, ("unix:/run/camd/api.sock", "http://127.0.0.1:8000"))),
    ],
)
def test_a_url_stands_above_the_environment_and_both_above_the_socket(
    url: str | None, environ: dict[str, str], expected: Place
) -> None:
    assert Place.chosen(url, None, SOCKET, environ) == expected


def test_a_token_is_sent_as_bearer() -> None:
    assert Place("http://a", "secret", ()).headers == {"Authorization": "Bearer secret"}
    assert Place("http://a", None, ()).headers == {}


def test_an_answer_of_something_else_becomes_a_problem_too() -> None:
    assert problem_of(502, b"<html>Bad Gateway</html>").title == "Bad Gateway"
    assert problem_of(799, b"").status == 799


@pytest.mark.parametrize("body", [b"<html>", b"{}", b""])
def test_an_answer_that_is_not_this_api_is_an_error(body: bytes) -> None:
    with pytest.raises(ApiError, match="not understood"):
        understood(calls.gate(), httpx.Response(200, content=body))


def test_a_run_is_asked_for_only_where_the_answer_says_so() -> None:
    location = {"Location": "/api/cam/runs/ru_1"}
    assert run_of(httpx.Response(202, headers=location)) == "/api/cam/runs/ru_1"
    assert run_of(httpx.Response(201, headers=location)) is None
