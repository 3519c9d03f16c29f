"""Errors as RFC 9457 `application/problem+json`; `type` is stable, validation lists every field at once."""

from collections.abc import Iterable

from pydantic import Field, ValidationError

from camd.schema.preflight import Finding
from camd.schema.values import View

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:camd:problem:"

_UNKNOWN = "extra_forbidden"


class FieldProblem(View):
    """`field` is the path in the body, as in `steps.0.subject`, or the parameter; `message` says how to mend it."""

    field: str
    message: str


class Problem(View):
    """`errors` names what to mend, `findings` what keeps a campaign from going live."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)


def field_problems(error: ValidationError) -> list[FieldProblem]:
    """Every problem of a body that did not validate, without the values that were sent."""
    return [
        FieldProblem(field=_path(item["loc"]), message=_mend(item["type"], item["msg"]))
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _path(parts: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in parts) or "body"


def _mend(kind: str, message: str) -> str:
    if kind == _UNKNOWN:
        return "no such field: remove it or correct its name"
    return message.removeprefix("Value error, ")
