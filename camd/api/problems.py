"""Every way a request can fail as a problem document (RFC 9457), with a `type` that does not change."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from math import ceil

from aiohttp import web

from camd.domain.errors import Transient
from camd.operations.errors import Conflict, NotFound, Refused, Unprocessable
from camd.ports.store_errors import DatabaseDamaged, StoreUnavailable
from camd.schema.preflight import Finding
from camd.schema.problem import MEDIA_TYPE, TYPE_PREFIX, FieldProblem, Problem

RETRY_SECONDS = 5
"""When to ask again where nothing says when it will work."""


class Failed(Exception):
    """The request cannot be read."""

    def __init__(self, status: int, slug: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[FieldProblem] = (),
    findings: Sequence[Finding] = (),
) -> web.Response:
    body = Problem(
        type=f"{TYPE_PREFIX}{slug}",
        title=title,
        status=status,
        detail=detail,
        errors=list(errors),
        findings=list(findings),
    )
    text = body.model_dump_json(exclude_defaults=True)
    return web.Response(status=status, body=text.encode(), content_type=MEDIA_TYPE)


def of_refusal(refused: Refused) -> web.Response:
    match refused:
        case NotFound():
            return problem(404, refused.slug, refused.title, refused.detail)
        case Conflict():
            return problem(409, refused.slug, refused.title, refused.detail, findings=refused.findings)
        case Unprocessable():
            return problem(422, refused.slug, refused.title, refused.detail, errors=refused.fields)
        case _:
            raise AssertionError(f"{refused!r} has no status") from refused


def of_weather(error: Transient | DatabaseDamaged) -> web.Response:
    """The database or something else that is needed is away; nothing of the request was stored."""
    wait = error.retry_after if isinstance(error, Transient) else None
    if isinstance(error, StoreUnavailable | DatabaseDamaged):
        detail = "The database cannot be used now; nothing was stored."
    else:
        detail = "Something that this needs does not answer now; nothing was stored."
    return unavailable("unavailable", detail, wait)


def unavailable(slug: str, detail: str, retry_after: timedelta | None = None) -> web.Response:
    answer = problem(503, slug, "Not now", detail)
    seconds = ceil(retry_after.total_seconds()) if retry_after else RETRY_SECONDS
    answer.headers["Retry-After"] = str(seconds)
    return answer


def too_fast(wait: timedelta) -> web.Response:
    answer = problem(429, "too-fast", "Too many requests", "Wait, then send it again.")
    answer.headers["Retry-After"] = str(ceil(wait.total_seconds()))
    return answer


_HTTP_SLUGS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def of_http(error: web.HTTPException) -> web.Response:
    """What aiohttp itself refuses, its `Allow` kept."""
    status = HTTPStatus(error.status)
    match error:
        case web.HTTPNotFound():
            detail = "There is nothing under this path."
        case web.HTTPMethodNotAllowed():
            detail = f"Use {' or '.join(sorted(error.allowed_methods))}."
        case _:
            detail = status.description or status.phrase
    answer = problem(status, _HTTP_SLUGS.get(status, f"http-{status}"), status.phrase, detail)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
