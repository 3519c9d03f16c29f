"""Tokens: made and shown once, kept as a hash, each with its scope, its end and its last use."""

# ruff: noqa: ASYNC240 - reading a small file of a test delays nobody

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import httpx
import pytest

from camd.actors.health import Health
from camd.api.app import build_app
from camd.api.listen import serve
from camd.client import ApiError, CamdClient
from camd.domain.access import Scope
from camd.operations import campaigns, tokens
from camd.operations.desk import Desk
from camd.operations.keyring import Keyring
from camd.ports.settings import PublicSettings, ServerSettings
from camd.providers.hook import HookSource
from camd.schema.definition import CampaignBody
from camd.schema.token import TokenBody
from camd.system import SystemClock

Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

TOKENS = "/api/cam/tokens"
SOON = "2099-01-31T00:00:00Z"


@dataclass
class LateClock(SystemClock):
    """The machine's clock, some time later."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return super().now() + self.ahead


async def made(desk: Desk, name: str = "crm", scope: Scope = Scope.OPERATE, expires: datetime | None = None) -> str:
    body = TokenBody(name=name, scope=scope, expires=expires)
    return (await tokens.create(desk, body, actor="os:ann")).token


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def over_socket(socket: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(base_url="http://localhost", transport=transport) as client:
        yield client


async def test_a_token_is_shown_once_and_stored_as_its_hash(http: httpx.AsyncClient, database: Path) -> None:
    answer = await http.post(TOKENS, json={"name": "crm", "scope": "read", "expires": SOON})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    shown = answer.json()
    token = shown.pop("token")
    assert token.startswith("camd_")
    assert len(bytes.fromhex(token.removeprefix("camd_"))) == 32
    listed = (await http.get(TOKENS, headers=bearing(token))).status_code
    assert listed == 403
    assert shown == {
        "id": 1,
        "name": "crm",
        "scope": "read",
        "created_at": shown["created_at"],
        "expires": SOON,
        "last_used": None,
    }
    files = database.read_bytes() + database.with_name(f"{database.name}-wal").read_bytes()
    assert token.encode() not in files
    assert hashlib.sha256(token.encode()).hexdigest().encode() in files


async def test_a_token_is_in_no_answer_but_its_first(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk, scope=Scope.ADMIN)
    for path in (TOKENS, "/api/cam/events", "/api/cam/status", "/metrics", "/healthz"):
        answer = await http.get(path, headers=bearing(token))
        assert answer.status_code == 200
        assert token not in answer.text
        assert hashlib.sha256(token.encode()).hexdigest() not in answer.text


async def test_neither_a_record_nor_an_answer_prints_what_it_hides(desk: Desk) -> None:
    shown = await tokens.create(desk, TokenBody(name="crm", scope=Scope.READ), actor="os:ann")
    kept = desk.keyring.find(shown.token)
    assert kept is not None
    assert shown.token not in repr(shown)
    assert kept.hash not in repr(kept)


async def test_what_a_token_does_bears_its_name(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk, "crm of Ann", Scope.ADMIN)
    assert (await http.post("/api/cam/campaigns", json={"name": "Q1"}, headers=bearing(token))).status_code == 201
    assert (await http.delete(f"{TOKENS}/1", headers=bearing(token))).status_code == 204
    events = (await http.get("/api/cam/events")).json()["items"]
    assert [(event["type"], event["actor"], event["data"]) for event in events] == [
        ("token.created", "os:ann", {"token_id": 1, "scope": "admin"}),
        ("campaign.created", "token:crm of Ann", events[1]["data"]),
        ("token.revoked", "token:crm of Ann", {"token_id": 1, "scope": "admin"}),
    ]


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [(Scope.READ, [200, 403, 403]), (Scope.OPERATE, [200, 201, 403]), (Scope.ADMIN, [200, 201, 200])],
)
async def test_each_scope_includes_the_lower_ones_and_no_higher(
    desk: Desk, http: httpx.AsyncClient, scope: Scope, allowed: list[int]
) -> None:
    headers = bearing(await made(desk, scope=scope))
    answers = [
        await http.get("/api/cam/campaigns", headers=headers),
        await http.post("/api/cam/campaigns", json={"name": "Q1"}, headers=headers),
        await http.get(TOKENS, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == allowed
    assert (await http.head("/api/cam/campaigns", headers=headers)).status_code == 200


async def test_a_scope_that_is_too_small_is_named_with_the_one_needed(desk: Desk, http: httpx.AsyncClient) -> None:
    headers = bearing(await made(desk, scope=Scope.READ))
    answer = await http.put("/api/cam/kill-switch", json={"on": True}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="operate"'
    assert "camd tokens create NAME --scope operate" in answer.json()["detail"]
    assert (await http.get("/api/cam/kill-switch", headers=headers)).json()["on"] is False


async def test_once_a_token_exists_loopback_needs_one_and_the_socket_does_not(
    desk: Desk, http: httpx.AsyncClient, socket: Path
) -> None:
    assert (await http.get("/api/cam/status")).status_code == 200
    token = await made(desk)
    refused = await http.get("/api/cam/status")
    assert refused.status_code == 401
    assert "camd tokens create" in refused.json()["detail"]
    assert (await http.get("/api/cam/status", headers=bearing(token))).status_code == 200
    async with over_socket(socket) as local:
        assert (await local.get(TOKENS)).status_code == 200


@pytest.mark.usefixtures("http")
async def test_a_token_that_is_sent_over_the_socket_is_the_caller(desk: Desk, socket: Path) -> None:
    operate, read = await made(desk, "ann"), await made(desk, "bob", Scope.READ)
    async with over_socket(socket) as local:
        assert (
            await local.post("/api/cam/campaigns", json={"name": "Q1"}, headers=bearing(operate))
        ).status_code == 201
        refused = await local.post("/api/cam/campaigns", json={"name": "Q2"}, headers=bearing(read))
        events = (await local.get("/api/cam/events", params={"type": "campaign.created"})).json()["items"]
    assert refused.status_code == 403
    assert [event["actor"] for event in events] == ["token:ann"]


@pytest.mark.usefixtures("http")
@pytest.mark.parametrize("sent", ["Bearer camd_wrong", "Bearer", "bearer a b"])
async def test_a_wrong_token_is_refused_over_the_socket_where_none_would_do(socket: Path, sent: str) -> None:
    async with over_socket(socket) as local:
        assert (await local.get("/api/cam/status")).status_code == 200
        assert (await local.get("/api/cam/status", headers={"Authorization": sent})).status_code == 401


async def test_without_require_token_loopback_stays_open_beside_tokens(desk: Desk, serving: Serve) -> None:
    settings = desk.context.settings
    lax = replace(settings, server=replace(settings.server, require_token=False))
    open_desk = replace(desk, context=replace(desk.context, settings=lax))
    token = await made(open_desk, scope=Scope.READ)
    async with serving(open_desk) as http:
        assert (await http.get("/api/cam/status")).status_code == 200
        assert (await http.get("/api/cam/status", headers={"Via": "1.1 proxy"})).status_code == 401
        assert (await http.get(TOKENS, headers=bearing(token))).status_code == 403


async def test_after_the_last_token_loopback_is_open_again(desk: Desk, http: httpx.AsyncClient) -> None:
    await made(desk)
    await tokens.revoke(desk, "1", actor="os:ann")
    assert (await http.get("/api/cam/status")).status_code == 200


async def test_with_a_token_a_proxy_and_another_name_do_no_harm(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk)
    headers = {"Host": "camd.example", "X-Forwarded-For": "192.0.2.1", "Origin": "https://camd.example"}
    assert (await http.get("/api/cam/status", headers=headers | bearing(token))).status_code == 200


async def test_an_expired_token_opens_nothing_and_does_not_open_loopback(desk: Desk, serving: Serve) -> None:
    clock = LateClock()
    later = replace(desk, context=replace(desk.context, clock=clock))
    token = await made(later, expires=clock.now() + timedelta(hours=1))
    async with serving(later) as http:
        assert (await http.get("/api/cam/status", headers=bearing(token))).status_code == 200
        clock.ahead = timedelta(hours=1)
        refused = await http.get("/api/cam/status", headers=bearing(token))
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:camd:problem:token-expired")
        assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert "camd tokens create" in refused.json()["detail"]
        assert (await http.get("/api/cam/status")).status_code == 401


async def test_a_revoked_token_opens_nothing_from_the_answer_on(desk: Desk, http: httpx.AsyncClient) -> None:
    keep, token = await made(desk, "keep", Scope.ADMIN), await made(desk)
    assert (await http.delete(f"{TOKENS}/2", headers=bearing(keep))).status_code == 204
    refused = await http.get("/api/cam/status", headers=bearing(token))
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:camd:problem:token-revoked")
    assert [each["name"] for each in (await http.get(TOKENS, headers=bearing(keep))).json()["items"]] == ["keep"]
    assert (await http.delete(f"{TOKENS}/2", headers=bearing(keep))).status_code == 404


async def test_tokens_are_known_again_after_a_restart(desk: Desk, serving: Serve) -> None:
    token, revoked = await made(desk), await made(desk, "old")
    await tokens.revoke(desk, "2", actor="os:ann")
    restarted = replace(desk, keyring=Keyring())
    await tokens.load(restarted)
    async with serving(restarted) as http:
        assert (await http.get("/api/cam/status", headers=bearing(token))).status_code == 200
        assert (await http.get("/api/cam/status", headers=bearing(revoked))).json()["type"].endswith("token-revoked")
        assert (await http.get("/api/cam/status")).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer camd_0",
        "bearer camd_" + "0" * 64,
        "Bearer camd_é",
        "Bearer a b",
        "Bearer " + "a" * 8000,
        "BearerX",
    ],
)
async def test_what_is_no_token_is_refused_on_loopback_too(http: httpx.AsyncClient, header: str) -> None:
    refused = await http.get("/api/cam/status", headers=[(b"Authorization", header.encode())])
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:camd:problem:token-unknown")


async def test_one_letter_less_or_another_case_is_another_token(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk)
    for wrong in (token[:-1], token.upper(), token + "0", token.removeprefix("camd_")):
        assert (await http.get("/api/cam/status", headers=bearing(wrong))).status_code == 401


async def test_two_authorizations_are_none(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk)
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer another")]
    assert (await http.get("/api/cam/status", headers=twice)).status_code == 401


async def test_another_kind_of_authorization_is_no_token(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/cam/status", headers={"Authorization": "Basic YTpi"})).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "read"}, "name"),
        ({"name": "crm"}, "scope"),
        ({"name": "crm", "scope": "root"}, "scope"),
        ({"name": "", "scope": "read"}, "name"),
        ({"name": " crm", "scope": "read"}, "name"),
        ({"name": "a\nb", "scope": "read"}, "name"),
        ({"name": "ann@acme.com", "scope": "read"}, "name"),
        ({"name": "x" * 101, "scope": "read"}, "name"),
        ({"name": "crm", "scope": "read", "expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"name": "crm", "scope": "read", "expires": "2099-01-01T00:00:00"}, "expires"),
        ({"name": "crm", "scope": "read", "token": "mine"}, "token"),
    ],
)
async def test_a_token_that_cannot_be_made_names_the_field(
    http: httpx.AsyncClient, body: dict[str, str], field: str
) -> None:
    answer = await http.post(TOKENS, json=body)
    assert answer.status_code == 422
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


@pytest.mark.usefixtures("http")
async def test_a_name_is_taken_until_its_token_is_revoked(desk: Desk, socket: Path) -> None:
    await made(desk)
    async with over_socket(socket) as local:
        assert (await local.post(TOKENS, json={"name": "crm", "scope": "read"})).status_code == 409
        assert (await local.delete(f"{TOKENS}/1")).status_code == 204
        again = await local.post(TOKENS, json={"name": "crm", "scope": "read"})
        assert (again.status_code, again.json()["id"]) == (201, 2)


@pytest.mark.parametrize("ref", ["7", "0", "-1", "crm", "1" * 40, "٣", "%00"])
async def test_a_token_that_is_not_there_cannot_be_revoked(http: httpx.AsyncClient, ref: str) -> None:
    assert (await http.delete(f"{TOKENS}/{ref}")).status_code == 404


@pytest.mark.usefixtures("http")
async def test_the_list_goes_on_with_its_cursor(desk: Desk, socket: Path) -> None:
    for name in ("a", "b", "c"):
        await made(desk, name)
    async with over_socket(socket) as local:
        first = (await local.get(TOKENS, params={"limit": 2})).json()
        assert [each["name"] for each in first["items"]] == ["c", "b"]
        rest = (await local.get(TOKENS, params={"cursor": first["next"]})).json()
        assert ([each["name"] for each in rest["items"]], rest["next"]) == (["a"], None)
        assert (await local.get(TOKENS, params={"cursor": "eA"})).status_code == 422


async def test_the_last_use_is_shown_at_once_and_stored_apart_from_the_request(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    token = await made(desk, scope=Scope.ADMIN)
    before = desk.now()
    await http.get("/api/cam/status", headers=bearing(token))
    [listed] = (await http.get(TOKENS, headers=bearing(token))).json()["items"]
    assert datetime.fromisoformat(listed["last_used"]) >= before
    [stored] = await desk.read(lambda tx: tx.tokens.all())
    assert stored.last_used is None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tokens.keep_uses, desk)
        with anyio.fail_after(10):
            while (await desk.read(lambda tx: tx.tokens.all()))[0].last_used is None:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def test_many_uses_are_one_write_a_minute(desk: Desk) -> None:
    token = desk.keyring.find(await made(desk))
    assert token is not None
    for _ in range(3):
        desk.keyring.note_use(token.id, desk.now())
    assert desk.keyring.used.rings == 1
    assert list(desk.keyring.take_uses()) == [token.id]
    assert desk.keyring.take_uses() == {}


async def test_with_a_token_the_listener_may_be_reached_from_elsewhere(
    desk: Desk, health: Health, socket: Path
) -> None:
    token = await made(desk)
    async with serve(build_app(desk, health), ServerSettings("0.0.0.0", 0, socket)) as url:
        port = httpx.URL(url).port
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/api/cam/status", headers=bearing(token))).status_code == 200
            assert (await http.get("/api/cam/status")).status_code == 401
            assert (await http.get("/livez")).status_code == 200


async def test_a_stranger_gets_bare_health_and_a_token_its_details(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk, scope=Scope.READ)
    proxied = {"Via": "1.1 proxy"}
    assert (await http.get("/healthz", headers=proxied)).json() == {"status": "pass"}
    assert (await http.get("/metrics", headers=proxied)).text.splitlines()[-1] == "camd_ready 0.0"
    assert "checks" in (await http.get("/healthz", headers=proxied | bearing(token))).json()
    assert "camd_build_info" in (await http.get("/metrics", headers=proxied | bearing(token))).text


async def test_the_client_says_what_is_wrong_with_its_token(desk: Desk, http: httpx.AsyncClient) -> None:
    token = await made(desk, scope=Scope.READ)
    url = str(http.base_url)
    async with CamdClient(url, token) as client:
        assert (await client.status()).version == "1.2.3"
        with pytest.raises(ApiError, match=r"scope is too small.*--scope admin"):
            await client.tokens()
    async with CamdClient(url) as client:
        with pytest.raises(ApiError, match=r"A token is needed.*camd tokens create"):
            await client.status()


async def test_only_those_who_operate_see_the_addresses_of_hooks(desk: Desk, serving: Serve) -> None:
    context = desk.context
    public = PublicSettings(enabled=True, base_url="https://in.example.com")
    sources = {**context.sources, "hook": HookSource(context.clock)}
    hooked = replace(desk, context=replace(context, sources=sources, settings=replace(context.settings, public=public)))
    body = CampaignBody.model_validate({"name": "Q1", "sources": [{"type": "hook", "name": "form"}]})
    await campaigns.create(hooked, body, actor="os:ann")
    seen = {}
    async with serving(hooked) as http:
        for scope in Scope:
            headers = bearing(await made(hooked, scope.value, scope))
            seen[scope] = (await http.get("/api/cam/campaigns/1", headers=headers)).json()["hook_urls"]
    assert seen[Scope.READ] == {"form": None}
    assert "/hooks/form/" in seen[Scope.OPERATE]["form"] == seen[Scope.ADMIN]["form"]
