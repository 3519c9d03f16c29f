"""What stands against going live, each finding with its mend."""

from camd.domain.preflight import FindingName, Level
from camd.schema.values import View


class Finding(View):
    """A `stop` forbids going live, a `warn` does not; `mend` says what to do."""

    level: Level
    name: FindingName
    message: str
    mend: str


class PreflightReport(View):
    """`ready`: no finding stops. Stops stand first."""

    campaign_id: int
    ready: bool
    findings: list[Finding]
