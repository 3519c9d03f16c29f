"""Access tokens for XOAUTH2 (RFC 6749): kept in memory, renewed five minutes before they end.

Raises `Misconfigured` of scope `mailbox` where the renewal is refused, `Transient` where nobody answers well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLContext
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
import httpx
from pydantic import BaseModel, Field, ValidationError

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.domain.retry import clamp_retry_after
from camd.ports.clock import Clock
from camd.ports.settings import MailboxSettings, is_loopback

EARLY_SECONDS = 300.0
SECONDS = 20.0
"""For the whole exchange."""
_ASSUMED_LIFE = 3600.0
_NOT_NOW = frozenset({"server_error", "temporarily_unavailable", "slow_down"})


class _Grant(BaseModel):
    """RFC 6749, 5.1. Only what can stand in a header is a token."""

    access_token: Annotated[str, Field(pattern=r"^[!-~]+$")]
    expires_in: Annotated[float, Field(gt=0)] = _ASSUMED_LIFE
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    renew_at: float


class Tokens:
    """One token for each mailbox."""

    def __init__(self, clock: Clock, tls: SSLContext) -> None:
        self._clock = clock
        self._tls = tls
        self._kept: dict[str, _Kept] = {}
        self._rotated: dict[str, str] = {}
        self._renewing: dict[str, anyio.Lock] = {}  # each guards _kept and _rotated of its mailbox

    async def token(self, mailbox: MailboxSettings) -> str:
        async with self._renewing.setdefault(mailbox.name, anyio.Lock()):
            kept = self._kept.get(mailbox.name)
            if kept is None or self._clock.monotonic() >= kept.renew_at:
                kept = await self._renewed(mailbox)
            return kept.token

    def forget(self, mailbox: MailboxSettings) -> None:
        """The server refused it: it was withdrawn before its end."""
        self._kept.pop(mailbox.name, None)

    async def _renewed(self, mailbox: MailboxSettings) -> _Kept:
        asked_at = self._clock.monotonic()
        answer = await self._ask(mailbox)
        try:
            grant = _Grant.model_validate_json(answer.content)
        except ValidationError as error:
            raise _weather(mailbox, "its answer holds no token") from error
        if grant.refresh_token is not None:
            self._rotated[mailbox.name] = grant.refresh_token
        kept = _Kept(grant.access_token, asked_at + grant.expires_in - EARLY_SECONDS)
        self._kept[mailbox.name] = kept
        return kept

    async def _ask(self, mailbox: MailboxSettings) -> httpx.Response:
        url = _private_url(mailbox)
        try:
            with anyio.fail_after(SECONDS):
                async with httpx.AsyncClient(verify=self._tls, trust_env=False) as http:
                    answer = await http.post(url, data=self._form(mailbox))
        except (httpx.HTTPError, TimeoutError) as error:
            raise _weather(mailbox, type(error).__name__) from error
        if answer.status_code == httpx.codes.OK:
            return answer
        fault = _fault(answer)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error or fault in _NOT_NOW:
            raise _weather(mailbox, f"{answer.status_code} {fault}", answer.headers.get("Retry-After"), self._clock)
        mend = f"renew the consent and correct the oauth_ keys under [mailboxes.{mailbox.name}]"
        raise Misconfigured(
            f"{_host(url)} refused a new token: {answer.status_code} {fault}; {mend}", scope=Scope.MAILBOX
        )

    def _form(self, mailbox: MailboxSettings) -> Mapping[str, str]:
        secret = mailbox.oauth_client_secret
        stored = mailbox.oauth_refresh_token
        refresh = self._rotated.get(mailbox.name) or (stored.get_secret_value() if stored else None)
        fields = {
            "grant_type": "refresh_token" if refresh else "client_credentials",
            "client_id": mailbox.oauth_client_id,
            "client_secret": secret.get_secret_value() if secret else None,
            "refresh_token": refresh,
            "scope": mailbox.oauth_scope,
        }
        return {name: value for name, value in fields.items() if value}


def _private_url(mailbox: MailboxSettings) -> str:
    url = mailbox.oauth_token_url or ""
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        mend = f"set an https oauth_token_url under [mailboxes.{mailbox.name}]"
        raise Misconfigured(f"the token of {mailbox.name} would be asked for in the clear; {mend}", scope=Scope.MAILBOX)
    return url


def _weather(
    mailbox: MailboxSettings, why: str, retry_after: str | None = None, clock: Clock | None = None
) -> Transient:
    wait = clamp_retry_after(retry_after, clock.now()) if clock else None
    host = _host(mailbox.oauth_token_url or "")
    return Transient(f"no new token from {host}: {why}", scope=Scope.MAILBOX, retry_after=wait)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "nowhere"


def _fault(answer: httpx.Response) -> str:
    """The `error` of RFC 6749, 5.2: a word that says why, and no secret."""
    try:
        told: Any = answer.json()
    except ValueError:
        return "(no JSON)"
    fault = told.get("error") if isinstance(told, dict) else None
    return fault[:50] if isinstance(fault, str) and fault.isascii() and fault.isprintable() else "(no reason)"
