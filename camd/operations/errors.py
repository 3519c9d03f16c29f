"""Why an operation was refused, with all that a problem document needs; nothing of it was stored."""

from collections.abc import Sequence

from camd.domain.errors import CamdError
from camd.schema.preflight import Finding
from camd.schema.problem import FieldProblem


class Refused(CamdError):
    """`slug` is stable: the last part of the problem's `type`."""

    def __init__(self, slug: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.slug = slug
        self.title = title
        self.detail = detail


class NotFound(Refused):
    """There is no such thing."""

    def __init__(self, kind: str, ref: object) -> None:
        super().__init__("not-found", f"No such {kind}", f"There is no {kind} {ref}.")


class Conflict(Refused):
    """It contradicts what is stored; `findings` are those that keep a campaign from going live."""

    def __init__(self, slug: str, title: str, detail: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(slug, title, detail)
        self.findings = tuple(findings)


class Unprocessable(Refused):
    """The input is wrong; `fields` names everything to mend at once."""

    def __init__(self, fields: Sequence[FieldProblem]) -> None:
        told = "; ".join(f"{problem.field}: {problem.message}" for problem in fields)
        super().__init__("invalid", "Some fields have to be corrected", told)
        self.fields = tuple(fields)


def invalid(field: str, message: str) -> Unprocessable:
    """One field alone is wrong."""
    return Unprocessable([FieldProblem(field=field, message=message)])
