"""Tokens from a server on loopback: renewed early, kept, and what a refusal means."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from aiohttp import web
from pydantic import SecretStr

from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.mail.oauth import Tokens
from camd.mail.smtp import SmtpChannel
from camd.ports.settings import MailboxSettings
from camd.sim.smtp_server import PASSWORD, ScriptedServer
from camd.sim.world import mailbox

TLS = ssl.create_default_context()


@dataclass(slots=True)
class HandClock:
    """Stands still until a test moves it."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Grants:
    """Answers each request with a new token, or with `refusal`; keeps what it was asked."""

    url: str = ""
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    refusal: tuple[int, str] | None = None
    extra: dict[str, Any] = field(default_factory=lambda: {"expires_in": 3600})
    token: str | None = None

    async def grant(self, request: web.Request) -> web.Response:
        self.asked.append(dict(await request.post()))
        if self.refusal:
            status, text = self.refusal
            return web.Response(status=status, text=text, headers={"Retry-After": "7"})
        return web.json_response({"access_token": self.token or f"token{len(self.asked)}"} | self.extra)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Grants"]:
        app = web.Application()
        app.router.add_post("/token", self.grant)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        try:
            yield self
        finally:
            await runner.cleanup()


def box(grants: Grants, **changes: Any) -> MailboxSettings:
    plain = replace(
        mailbox("sales"),
        auth="xoauth2",
        username="ann",
        oauth_token_url=grants.url,
        oauth_client_id="id",
        oauth_refresh_token=SecretStr("refresh"),
        oauth_scope="mail",
    )
    return replace(plain, **changes)


async def failure_of(tokens: Tokens, settings: MailboxSettings) -> Failure:
    with pytest.raises(Failure) as failed:
        await tokens.token(settings)
    assert failed.value.scope is Scope.MAILBOX
    return failed.value


async def test_a_token_is_kept_until_five_minutes_before_its_end() -> None:
    clock = HandClock()
    async with Grants().serving() as grants:
        tokens, settings = Tokens(clock, TLS), box(grants)
        assert await tokens.token(settings) == "token1"
        clock.seconds = 3299
        assert await tokens.token(settings) == "token1"
        clock.seconds = 3300
        assert await tokens.token(settings) == "token2"
    assert grants.asked[0] == {
        "grant_type": "refresh_token",
        "client_id": "id",
        "refresh_token": "refresh",
        "scope": "mail",
    }


async def test_many_who_wait_for_a_token_ask_once() -> None:
    async with Grants().serving() as grants:
        tokens, settings = Tokens(HandClock(), TLS), box(grants)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(tokens.token, settings)
    assert len(grants.asked) == 1


async def test_without_a_refresh_token_the_client_vouches_for_itself() -> None:
    async with Grants().serving() as grants:
        settings = box(grants, oauth_refresh_token=None, oauth_client_secret=SecretStr("secret"))
        await Tokens(HandClock(), TLS).token(settings)
    assert grants.asked == [
        {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret", "scope": "mail"}
    ]


async def test_a_new_refresh_token_replaces_the_configured_one() -> None:
    clock = HandClock()
    async with Grants(extra={"refresh_token": "next"}).serving() as grants:
        tokens, settings = Tokens(clock, TLS), box(grants)
        await tokens.token(settings)
        clock.seconds = 4000
        await tokens.token(settings)
    assert [asked["refresh_token"] for asked in grants.asked] == ["refresh", "next"]


@pytest.mark.parametrize("status", [400, 401])
async def test_a_refused_renewal_names_its_mend_and_no_secret(status: int) -> None:
    async with Grants(
        refusal=(status, '{"error": "invalid_grant", "error_description": "s3cret"}')
    ).serving() as grants:
        failed = await failure_of(Tokens(HandClock(), TLS), box(grants))
    assert isinstance(failed, Misconfigured)
    assert "invalid_grant" in str(failed)
    assert "[mailboxes.sales]" in str(failed)
    assert "s3cret" not in str(failed)
    assert "refresh" not in str(failed)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, ""),
        (429, "{}"),
        (503, "<html>"),
        (400, '{"error": "temporarily_unavailable"}'),
        (200, "<html>"),
        (200, "{}"),
        (200, '{"access_token": "a b"}'),
        (200, '{"access_token": "a\\u0001"}'),
        (200, '{"access_token": ""}'),
    ],
)
async def test_an_answer_without_a_token_is_weather(status: int, text: str) -> None:
    async with Grants(refusal=(status, text)).serving() as grants:
        failed = await failure_of(Tokens(HandClock(), TLS), box(grants))
    assert isinstance(failed, Transient)
    assert status == 200 or failed.retry_after == timedelta(seconds=7)


async def test_nobody_there_is_weather() -> None:
    async with Grants().serving() as grants:
        settings = box(grants)
    assert isinstance(await failure_of(Tokens(HandClock(), TLS), settings), Transient)


async def test_no_secret_goes_in_the_clear_to_another_machine() -> None:
    settings = box(Grants(url="http://login.example/token"))
    assert isinstance(await failure_of(Tokens(HandClock(), TLS), settings), Misconfigured)


async def test_a_mailbox_logs_in_with_its_token() -> None:
    server = ScriptedServer(extensions=("AUTH PLAIN XOAUTH2",))
    async with server.serving(), Grants(token=PASSWORD).serving() as grants:
        settings = box(grants, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
        async with SmtpChannel({"sales": settings}, HandClock()) as door:
            await door.log_in("sales")
            await door.log_in("sales")
    assert len(grants.asked) == 1
    assert [line.split()[1] for line in server.seen if line.startswith("AUTH")] == ["XOAUTH2", "XOAUTH2"]


async def test_a_token_that_the_server_refuses_is_not_kept() -> None:
    server = ScriptedServer({"AUTH": "334 eyJzdGF0dXMiOiI0MDEifQ==", "": "535 5.7.8 no"}, ("AUTH XOAUTH2",))
    async with server.serving(), Grants().serving() as grants:
        settings = box(grants, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
        async with SmtpChannel({"sales": settings}, HandClock()) as door:
            for _ in range(2):
                with pytest.raises(Misconfigured, match="535"):
                    await door.log_in("sales")
    assert len(grants.asked) == 2
