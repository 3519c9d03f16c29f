"""How asking camd can fail."""

from http import HTTPStatus

from pydantic import ValidationError

from camd.domain.errors import CamdError
from camd.schema.problem import TYPE_PREFIX, Problem


class ApiError(CamdError):
    """camd refused the request, or could not do it; `problem` says why and how to mend it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.title}: {problem.detail}")
        self.problem = problem


class Unreachable(CamdError):
    """Nobody answers, or the connection was lost before the answer was whole."""


def problem_of(status: int, body: bytes) -> Problem:
    """The problem document, or one made of the status where something other than camd answered."""
    try:
        return Problem.model_validate_json(body)
    except ValidationError:
        known = {code.value: code.phrase for code in HTTPStatus}
        title = known.get(status, "Unknown answer")
        return Problem(
            type=f"{TYPE_PREFIX}http-{status}", title=title, status=status, detail="camd did not answer this."
        )
