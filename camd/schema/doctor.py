"""What a look at the whole installation found: each finding with its mend."""

from enum import StrEnum

from camd.schema.values import View


class DoctorLevel(StrEnum):
    """`stop`: something does not work until it is mended; `warn`: it works, and somebody should look."""

    OK = "ok"
    WARN = "warn"
    STOP = "stop"


class DoctorFinding(View):
    """`check` is a component (`database`, `mailbox`, …), `subject` which of several; without a `mend` all is well."""

    check: str
    subject: str | None = None
    level: DoctorLevel
    message: str
    mend: str | None = None


class DoctorReport(View):
    """`level` is the worst of the findings, which stand in the order in which a person should read them."""

    level: DoctorLevel
    findings: list[DoctorFinding]


def fine(check: str, message: str, *, subject: str | None = None) -> DoctorFinding:
    return DoctorFinding(check=check, subject=subject, level=DoctorLevel.OK, message=message)


def worry(check: str, message: str, mend: str, *, subject: str | None = None) -> DoctorFinding:
    return DoctorFinding(check=check, subject=subject, level=DoctorLevel.WARN, message=message, mend=mend)


def fault(check: str, message: str, mend: str, *, subject: str | None = None) -> DoctorFinding:
    return DoctorFinding(check=check, subject=subject, level=DoctorLevel.STOP, message=message, mend=mend)


_ORDER = (DoctorLevel.STOP, DoctorLevel.WARN, DoctorLevel.OK)


def report_of(findings: list[DoctorFinding]) -> DoctorReport:
    """The worst first; within a level as they were found."""
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.level))
    return DoctorReport(level=ordered[0].level if ordered else DoctorLevel.OK, findings=ordered)
