"""Who may use the control listener, for what, and how fast: each request is refused or has its caller afterwards.

401 names what to do about the token, 403 the scope that is missing, 429 when to come again.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from aiohttp import web

from camd.api.callers import Caller, Stranger, identify, is_local
from camd.api.client_limit import LIMIT, ClientLimit, client_named
from camd.api.keys import DESK
from camd.api.problems import problem, too_fast
from camd.domain.access import Scope
from camd.domain.token_bucket import RateBucket
from camd.ports.clock import Clock
from camd.telemetry.logs import get_log

log = get_log()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Scopes = Mapping[tuple[str, str], Scope | None]

SCOPES = web.AppKey("SCOPES", Scopes)
"""By method and path template, what a route needs; none for what a monitor asks, which has no token."""
BUCKET = RateBucket(count=200, period=timedelta(seconds=1), burst=2000)
"""Of each caller: far above what programs and people need, and it stops one that runs wild."""
TELL_EVERY_SECONDS = 60.0
_CALLER = web.RequestKey("CALLER", Caller)


class Refusals:
    """Tells the log of callers who were refused: the first at once, then once a minute how many there were."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._untold: Counter[str] = Counter()

    def note(self, reason: str) -> None:
        self._untold[reason] += 1
        now = self._clock.monotonic()
        if now - self._told.get(reason, -TELL_EVERY_SECONDS) >= TELL_EVERY_SECONDS:
            self._told[reason] = now
            log.warning("api.auth_failed", reason=reason, count=self._untold.pop(reason))


REFUSALS = web.AppKey("REFUSALS", Refusals)


def protect(app: web.Application, scopes: Scopes, limit: ClientLimit | None = None) -> None:
    """Gives the application what `guard` needs."""
    clock = app[DESK].context.clock
    app[SCOPES], app[REFUSALS], app[LIMIT] = scopes, Refusals(clock), limit or ClientLimit(clock, BUCKET)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    desk, needed = request.app[DESK], _needed(request)
    server = desk.context.settings.server
    caller = identify(request, desk.keyring, desk.now(), require_token=server.require_token)
    wait = request.app[LIMIT].wait_of(_counted_as(request, caller, needed))
    if wait is not None:
        return too_fast(wait)
    if isinstance(caller, Stranger):
        return await handler(request) if needed is None else _unauthorized(request, caller)
    if caller.token_id is not None:
        desk.keyring.note_use(caller.token_id, desk.now())
    if needed is not None and not caller.scope.includes(needed):
        return _forbidden(request, caller, needed)
    request[_CALLER] = caller
    return await handler(request)


def actor_of(request: web.Request) -> str:
    """The name under which the ledger records what the caller does."""
    return request[_CALLER].actor


def may(request: web.Request, scope: Scope) -> bool:
    return request[_CALLER].scope.includes(scope)


def is_trusted(request: web.Request) -> bool:
    """Whether details may be told where no token is needed: on this machine, or to a token."""
    return _CALLER in request or is_local(request)


def _needed(request: web.Request) -> Scope | None:
    """Of a path that no route takes, `read`: a stranger learns nothing of which there are."""
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return request.app[SCOPES].get((method, resource.canonical if resource else ""), Scope.READ)


def _counted_as(request: web.Request, caller: Caller | Stranger, needed: Scope | None) -> str:
    """Strangers do not use up what others may, nor anybody what a monitor may.

    What a proxy says of its caller is no matter here: behind one a caller has a token, or is a stranger like any other.
    """
    match caller:
        case Caller(token_id=None):
            who = caller.actor
        case Caller():
            who = str(caller.token_id)
        case Stranger():
            who = f"stranger {client_named(request.remote or '', '')}"
    return who if needed else f"{who} monitor"


def _unauthorized(request: web.Request, stranger: Stranger) -> web.Response:
    request.app[REFUSALS].note(stranger.slug)
    denied = problem(401, stranger.slug, stranger.title, stranger.detail)
    # RFC 6750, 3.1: no error where no token was sent.
    denied.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if stranger.is_wrong else "Bearer"
    return denied


def _forbidden(request: web.Request, caller: Caller, needed: Scope) -> web.Response:
    slug = "scope-too-small"
    request.app[REFUSALS].note(slug)
    detail = (
        f"This needs the scope {needed}, and the token has {caller.scope}. "
        f"Use another, or make one: `camd tokens create NAME --scope {needed}`."
    )
    denied = problem(403, slug, "The token's scope is too small", detail)
    denied.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed}"'
    return denied
