"""What monitors are told, after draft-inadarei-api-health-check."""

from typing import Literal

from camd.schema.values import View

HealthLevel = Literal["pass", "warn", "fail"]


class HealthCheck(View):
    status: HealthLevel
    output: str


class HealthReport(View):
    """`checks` lists, by component, what is not well; a caller from elsewhere is told neither them nor the version."""

    status: HealthLevel
    version: str | None = None
    checks: dict[str, list[HealthCheck]] | None = None
