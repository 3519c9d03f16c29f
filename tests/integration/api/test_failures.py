"""Whatever is sent gets an answer, as a problem document that says how to mend it."""

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camd.api.app import ROUTES
from camd.api.reading import MAX_JSON_BYTES, MAX_UPLOAD_BYTES
from camd.operations.desk import Desk
from camd.ports.store import Store, Tx
from camd.ports.store_errors import StoreUnavailable

T = TypeVar("T")
Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

CAMPAIGNS = "/api/cam/campaigns"
PLACE = re.compile(r"\{\w+\}")


class LostStore:
    """A store whose every call fails in the same way."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    async def write(self, unit: Callable[[Tx], T]) -> T:  # noqa: ARG002 - every call fails
        raise self._failure

    async def read(self, query: Callable[[Tx], T]) -> T:  # noqa: ARG002 - every call fails
        raise self._failure


def with_store(desk: Desk, store: LostStore) -> Desk:
    return replace(desk, context=replace(desk.context, store=store))


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["status"]) == (status, status), answer.text
    assert document["type"] == f"urn:camd:problem:{slug}"
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    "body", [b"{", b" ", b"name=Q1", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff\xfe", b"[" * 9999]
)
async def test_what_is_no_json_is_400(http: httpx.AsyncClient, body: bytes) -> None:
    problem(await http.post(CAMPAIGNS, content=body), 400, "not-json")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"Q1"', b"{}"])
async def test_json_of_another_kind_is_422(http: httpx.AsyncClient, body: bytes) -> None:
    problem(await http.post(CAMPAIGNS, content=body), 422, "invalid")


async def test_every_wrong_field_is_named_at_once(http: httpx.AsyncClient) -> None:
    body = {"name": "12", "daily_email_limit": 501, "nonsense": 1, "window": {"start": "18:00", "end": "09:00"}}
    document = problem(await http.post(CAMPAIGNS, json=body), 422, "invalid")
    assert {error["field"] for error in document["errors"]} == {
        "name",
        "daily_email_limit",
        "nonsense",
        "window.end",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("dry_run", 0), ("dry_run", "no"), ("target_clients", "5"), ("target_clients", True), ("target_mrr", "5")],
)
async def test_a_value_of_another_type_is_not_read_as_if_it_were_right(
    http: httpx.AsyncClient, field: str, value: object
) -> None:
    document = problem(await http.post(CAMPAIGNS, json={"name": "Q1", field: value}), 422, "invalid")
    assert [error["field"] for error in document["errors"]] == [field]


async def test_wrong_parameters_are_named_at_once(http: httpx.AsyncClient) -> None:
    query = "limit=0&status=lively&nonsense=1&cursor=a&cursor=b"
    document = problem(await http.get(f"{CAMPAIGNS}?{query}"), 422, "invalid")
    assert {error["field"] for error in document["errors"]} == {"limit", "status", "nonsense", "cursor"}


async def test_a_cursor_that_no_list_gave_is_422(http: httpx.AsyncClient) -> None:
    document = problem(await http.get(CAMPAIGNS, params={"cursor": "bogus"}), 422, "invalid")
    assert [error["field"] for error in document["errors"]] == ["cursor"]


@pytest.mark.parametrize("path", sorted(path for path in ROUTES if path.startswith("/api")))
async def test_no_route_passes_over_an_unknown_parameter(http: httpx.AsyncClient, path: str) -> None:
    await http.post(CAMPAIGNS, json={"name": "Q1"})
    allowed = (await http.request("TRACE", PLACE.sub("1", path))).headers["Allow"].split(",")
    for method in allowed:
        answer = await http.request(method, PLACE.sub("1", path), params={"nonsense": "1"})
        assert answer.status_code == 422, (method, path)


async def test_a_verb_without_a_body_refuses_one(http: httpx.AsyncClient) -> None:
    await http.post(CAMPAIGNS, json={"name": "Q1"})
    document = problem(await http.post(f"{CAMPAIGNS}/1/activate", json={"force": True}), 422, "invalid")
    assert [error["field"] for error in document["errors"]] == ["force"]


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/cam/nonsense", f"{CAMPAIGNS}/9", f"{CAMPAIGNS}/no%20such", "/api/cam/leads/x"]
)
async def test_what_does_not_exist_is_404(http: httpx.AsyncClient, path: str) -> None:
    problem(await http.get(path), 404, "not-found")


async def test_another_method_is_405_and_says_which(http: httpx.AsyncClient) -> None:
    answer = await http.delete("/api/cam/status")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET,HEAD"


async def test_a_body_of_one_megabyte_is_read_and_a_larger_one_is_413(http: httpx.AsyncClient) -> None:
    frame = len(b'{"name": ""}')
    fits = b'{"name": "' + b"x" * (MAX_JSON_BYTES - frame) + b'"}'
    problem(await http.post(CAMPAIGNS, content=fits), 422, "invalid")
    problem(await http.post(CAMPAIGNS, content=fits + b" "), 413, "too-large")


async def test_fault_91_an_upload_over_one_gigabyte_is_refused_before_it_is_sent(
    http: httpx.AsyncClient, raw: Callable[[str], Awaitable[int]]
) -> None:
    await http.post(CAMPAIGNS, json={"name": "Q1"})
    head = f"POST {CAMPAIGNS}/1/leads/import HTTP/1.1\nHost: localhost\nContent-Length:"
    assert await raw(f"{head} {MAX_UPLOAD_BYTES + 1}") == 413


@pytest.mark.parametrize("path", [CAMPAIGNS, f"{CAMPAIGNS}/1/leads/import"])
async def test_a_damaged_body_is_400(raw: Callable[[str], Awaitable[int]], path: str) -> None:
    assert await raw(f"POST {path} HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\nnonsense\n") == 400


async def test_fault_23_a_database_that_is_away_is_503_with_retry_after(desk: Desk, serving: Serve) -> None:
    lost = with_store(desk, LostStore(StoreUnavailable("disk I/O error at /secret/path")))
    async with serving(lost) as http:
        for answer in (await http.get(CAMPAIGNS), await http.post(CAMPAIGNS, json={"name": "Q1"})):
            document = problem(answer, 503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
            assert "secret" not in document["detail"]


async def test_what_takes_too_long_is_503_and_may_have_been_done(desk: Desk, serving: Serve) -> None:
    async with serving(with_store(desk, LostStore(TimeoutError()))) as http:
        answer = await http.post(CAMPAIGNS, json={"name": "Q1"})
        assert "before you repeat it" in problem(answer, 503, "time-out")["detail"]
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_bug_is_500_without_details_and_the_next_request_works(desk: Desk, serving: Serve) -> None:
    async with serving(with_store(desk, LostStore(ZeroDivisionError("secret")))) as http:
        answer = await http.get(CAMPAIGNS)
        problem(answer, 500, "internal")
        assert "secret" not in answer.text
        assert "ZeroDivision" not in answer.text
        assert (await http.get("/livez")).status_code == 200


class WriteOnlyStore(LostStore):
    """A store that cannot be read."""

    def __init__(self, store: Store) -> None:
        super().__init__(ZeroDivisionError("secret"))
        self._store = store

    async def write(self, unit: Callable[[Tx], T]) -> T:
        return await self._store.write(unit)


async def test_a_file_that_breaks_off_never_looks_whole(desk: Desk, store: Store, serving: Serve) -> None:
    async with serving(desk) as http:
        await http.post(CAMPAIGNS, json={"name": "Q1"})
        await http.post(f"{CAMPAIGNS}/Q1/leads", json={"email": "ann@firm.example"})
    async with serving(with_store(desk, WriteOnlyStore(store))) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(f"{CAMPAIGNS}/Q1/leads/export")
        assert (await http.get("/livez")).status_code == 200


async def test_a_caller_who_leaves_in_the_middle_is_no_bug(http: httpx.AsyncClient) -> None:
    await http.post(CAMPAIGNS, json={"name": "Q1"})
    head = f"POST {CAMPAIGNS}/1/leads/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nEmail"
    async with await anyio.connect_tcp("127.0.0.1", http.base_url.port or 0) as stream:
        await stream.send(head.encode())
    with anyio.fail_after(60):
        while 'code="499",method="POST",route="/api/cam/campaigns/{id}/leads/import"' not in (
            metrics := (await http.get("/metrics")).text
        ):
            pass
    assert 'code="500"' not in metrics


# Cycles need a group of tasks, which a fixture cannot enter for its tests.
PATHS = st.sampled_from(sorted(path for path in ROUTES if path.startswith("/api") and "run-" not in path))
PARTS = st.text(max_size=30) | st.sampled_from(["1", "Q1", "0" * 30, "9" * 30, "%", "..", "\0", "%ff"])
NAMES = st.sampled_from(["limit", "cursor", "after", "since", "campaign", "lead", "dry_run", "map", "reason", "x"])
FIELDS = st.sampled_from(
    ["name", "email", "sources", "steps", "window", "icp", "value", "on", "until", "mrr", "custom"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10) | st.just("2026-01-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    path=PATHS,
    part=PARTS,
    params=st.lists(st.tuples(NAMES, PARTS), max_size=3),
    body=st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode()),
)
async def test_rubbish_is_refused_and_never_a_bug(
    http: httpx.AsyncClient, method: str, path: str, part: str, params: list[tuple[str, str]], body: bytes
) -> None:
    answer = await http.request(method, path.replace("{id}", quote(part, safe="")), params=tuple(params), content=body)
    assert answer.status_code < 500, (method, path, part, params, body, answer.text)
