"""The OpenAPI 3.1 document, made of what the routes say of themselves and of the models they read and print.

The same routes give the same document, in the same order.
"""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from pydantic import BaseModel

from camd.api.reading import NoQuery
from camd.api.routes import CSV, Content, Route
from camd.api.schemas import PRINTED, SENT, Mode, Models, Schema, Schemas, prose, without_null
from camd.domain.access import Scope
from camd.schema.health import HealthReport
from camd.schema.problem import MEDIA_TYPE, Problem

JSON = "application/json"
_HEALTH = "application/health+json"
_TOKEN = "token"  # noqa: S105 - the name of a scheme, no secret
_PLACEHOLDER = re.compile(r"(?:/([a-z-]+))?/\{(\w+)\}")
_OF_SEGMENT: Mapping[str, str] = {
    "campaigns": "The campaign's number or its name.",
    "deliveries": "The delivery's id.",
    "imports": "The import's id.",
    "inbound": "The message's id.",
    "leads": "The lead's id.",
    "mailboxes": "The mailbox's name in the configuration.",
    "people": "The person's address.",
    "runs": "The run's id.",
    "suppressions": "The suppression's id.",
    "tokens": "The token's id.",
    "touches": "The touch's id.",
    "webhooks": "The webhook's name in the configuration.",
}
_PROBLEMS: Mapping[int, str] = {
    400: "The body cannot be read.",
    401: "A token is needed, or the one that was sent does not count.",
    403: "The token's scope is too small.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "It contradicts what is stored: nothing was changed.",
    413: "The body is too large.",
    415: "The body is compressed.",
    422: "Some fields or parameters have to be corrected; `errors` names every one.",
    429: "Too many requests.",
    503: "It does not work now: nothing was stored, but where the problem's `type` ends in `time-out`.",
    507: "There is no room for the file.",
}
_DONE: Mapping[int, str] = {
    200: "Done.",
    201: "Created.",
    202: "Begun, or taken down: it is not done yet.",
    204: "Done; there is nothing to say.",
    400: "The body cannot be read.",
    413: "The body is too large.",
    429: "Too many requests.",
    503: "Not well.",
}
_ONCE: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request under the same key is done once, and answered the same for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_HEADERS: Schema = {
    "Location": {"description": "Where it is found from now on.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
}
_HEADERS_OF: Mapping[int, Sequence[str]] = {
    201: ("Location",),
    202: ("Location",),
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_SIGNED_WITH: Mapping[str, str] = {
    "webhook-id": "The same in every attempt: who has seen it passes over the event.",
    "webhook-timestamp": "Seconds since 1970, of this attempt.",
    "webhook-signature": "`v1,` and the signature by the endpoint's secret, where it has one (Standard Webhooks).",
}
_APART = frozenset({"docs", "health", "hooks", "public"})
"""Groups that are no part of the API: they stand at the end."""
_ABOUT = f"""\
What `camd`'s command line and console use, too.

Instants are RFC 3339 in UTC; days are those of the campaign's zone; money is a number with at most two decimals in the
campaign's currency; rates are fractions from 0 to 1. A list answers `items` and `next`, the `cursor` of the page after
it. Any content type is read as JSON, but for the CSV files; a field or parameter that is not known is an error. Errors
are `{MEDIA_TYPE}` (RFC 9457) with a `type` that does not change. Every `GET` may be asked as `HEAD`. A 500 is a bug in
camd.
"""
_ABOUT_TOKENS = """\
`camd tokens create NAME --scope S` makes a token. Its scope is `read`, `operate` or `admin`, each with those before it;
the security of a route names the least that it needs. While no token is configured, and always over the Unix socket,
this machine needs none: who may open the socket may operate. One that is sent counts there too.
"""


def document(
    routes: Sequence[Route],
    public: Sequence[Route],
    webhooks: Mapping[str, type[BaseModel]],
    *,
    version: str,
    examples: Mapping[str, object],
) -> Schema:
    """`public` are the routes of the other listener, `webhooks` what is sent by the event's name, `examples` bodies by
    the name of their route."""
    every = sorted((*routes, *public), key=lambda route: route.group in _APART)
    models = [*_models(every), *((body, PRINTED) for body in webhooks.values())]
    schemas = Schemas(models, dict.fromkeys(route.query for route in every))
    paths: dict[str, Schema] = {}
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, examples)
    for route in public:
        paths[route.path].setdefault("servers", [{"url": "/", "description": "`public.base_url`, no part of the API"}])
    used = {status for route in every for status in problems_of(route)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "camd", "version": version, "description": prose(_ABOUT)},
        "servers": [{"url": "/"}],
        "security": [{_TOKEN: []}, {}],
        "tags": [{"name": route.group, "description": _about_group(route)} for route in _first_of_groups(every)],
        "paths": paths,
        "webhooks": {name: {"post": _webhook(name, body, schemas)} for name, body in webhooks.items()},
        "components": {
            "schemas": schemas.components,
            "responses": {str(status): _problem(status, schemas) for status in sorted(used)},
            "parameters": {name: _header(name, text) for name, text in _SIGNED_WITH.items()},
            "headers": _HEADERS,
            "securitySchemes": {_TOKEN: {"type": "http", "scheme": "bearer", "description": prose(_ABOUT_TOKENS)}},
        },
    }


def problems_of(route: Route) -> frozenset[int]:
    """Every status of a problem that the route may answer."""
    found = {*route.doc.may, *({409} if route.doc.once else ())}
    if route.scope is not None:
        found |= {401, 422, 429, 503}
        if route.scope is not Scope.READ:
            found.add(403)
        if "{" in route.path or "campaign" in route.query.model_fields:
            found.add(404)
        if route.method != "GET":
            found |= {400, 408, 413, 415}
        if route.body == CSV:
            found.add(507)
    return frozenset(found)


def _webhook(name: str, body: type[BaseModel], schemas: Schemas) -> Schema:
    return {
        "operationId": f"webhook.{name}",
        "summary": f"Tells of `{name}`",
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{header}"} for header in _SIGNED_WITH],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": schemas.reference(body, PRINTED)}},
        },
        "responses": {"2XX": {"description": "Taken. Anything else is tried again, a redirect too."}},
    }


def _models(routes: Iterable[Route]) -> Models:
    yield Problem, SENT
    for route in routes:
        if isinstance(route.body, type):
            yield route.body, SENT
        for content in chain.from_iterable(route.doc.by_status().values()):
            if isinstance(content, type):
                yield content, _mode_of(content)


def _mode_of(content: Content) -> Mode:
    # It is printed without what is null, so that nothing but its status is required.
    return SENT if content is HealthReport else PRINTED


def _operation(route: Route, schemas: Schemas, examples: Mapping[str, object]) -> Schema:
    told: Schema = {
        "operationId": route.doc.name,
        "tags": [route.group],
        "summary": route.doc.summary,
        "security": [{_TOKEN: [route.scope.value]}, {}] if route.scope else [],
    }
    if parameters := [*_in_path(route), *_in_query(route, schemas), *([_ONCE] if route.doc.once else [])]:
        told["parameters"] = parameters
    if route.body is not None:
        told["requestBody"] = _request_body(route.body, schemas, examples.get(route.doc.name))
    answers = {str(status): _answer(status, contents, schemas) for status, contents in route.doc.by_status().items()}
    problems = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(problems_of(route))}
    told["responses"] = answers | problems
    return told


def _in_path(route: Route) -> Iterable[Schema]:
    for segment, name in _PLACEHOLDER.findall(route.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _OF_SEGMENT.get(segment, f"The {name} in the address that was given out."),
            "schema": {"type": "string", "minLength": 1},
        }


def _in_query(route: Route, schemas: Schemas) -> Iterable[Schema]:
    if route.query is NoQuery:
        return
    required = schemas.required(route.query)
    for name, schema in schemas.fields(route.query).items():
        plain = without_null(schema)
        yield {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": plain.pop("description", ""),
            "schema": plain,
        }


def _request_body(body: Content, schemas: Schemas, example: object) -> Schema:
    if isinstance(body, type):
        content: Schema = {"schema": schemas.reference(body, SENT)}
        told: Schema = {"required": bool(schemas.required(body)), "content": {JSON: content}}
    else:
        # An empty file is one, and what is wrong in one is told line by line.
        content = {}
        told = {"required": False, "content": {body: content}}
    if example is not None:
        content["example"] = example
    return told


def _answer(status: int, contents: Sequence[Content], schemas: Schemas) -> Schema:
    told: Schema = {"description": _DONE[status]}
    for content in contents:
        if isinstance(content, type):
            media_type = _HEALTH if content is HealthReport else JSON
            schema = schemas.reference(content, _mode_of(content))
            told.setdefault("content", {})[media_type] = {"schema": schema}
        elif content is not None:
            schema = {"type": "object" if content == JSON else "string"}
            told.setdefault("content", {})[content] = {"schema": schema}
    return told if HealthReport in contents else told | _headers(status)


def _problem(status: int, schemas: Schemas) -> Schema:
    schema = schemas.reference(Problem, SENT)
    return {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": schema}}} | _headers(status)


def _header(name: str, description: str) -> Schema:
    required = name != "webhook-signature"
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def _headers(status: int) -> Schema:
    names = _HEADERS_OF.get(status, ())
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}} if names else {}


def _first_of_groups(routes: Iterable[Route]) -> Iterable[Route]:
    first: dict[str, Route] = {}
    for route in routes:
        first.setdefault(route.group, route)
    return first.values()


def _about_group(route: Route) -> str:
    """What the module that states the group promises."""
    return prose((sys.modules[f"camd.api.{route.group}"].__doc__ or "").partition("\n\n")[0])
