"""Exit codes, and messages that say what to do."""

import pytest

from camd.api.listen import CannotBind
from camd.cli.failures import exit_code, leaves, message
from camd.client import ApiError, Unreachable
from camd.config import ConfigurationError, Problem
from camd.domain.preflight import FindingName, Level
from camd.ports.store_errors import DatabaseHeld, NewerSchema, NoRoomForCopy, StoreUnavailable, UnsafeDatabase
from camd.schema.preflight import Finding
from camd.schema.problem import FieldProblem
from camd.schema.problem import Problem as ApiProblem


def refused(**fields: object) -> ApiError:
    body = {"type": "urn:camd:problem:x", "title": "Not so", "status": 422, "detail": "Because.", **fields}
    return ApiError(ApiProblem.model_validate(body))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused(), 1),
        (NoRoomForCopy("no room"), 78),
        (StoreUnavailable("away"), 1),
        (FileNotFoundError(2, "No such file", "x.csv"), 1),
        (Unreachable("nobody"), 69),
        (DatabaseHeld("process 7"), 75),
        (ConfigurationError([Problem("server.port", "must be a number")]), 78),
        (NewerSchema("9999"), 78),
        (CannotBind("server.port: taken"), 78),
        (UnsafeDatabase("on nfs"), 78),
        (ValueError("a bug"), None),
    ],
)
def test_each_failure_has_its_exit_code(error: Exception, code: int | None) -> None:
    assert exit_code(error) == code


def test_task_groups_hide_no_failure() -> None:
    held, bug = DatabaseHeld("process 7"), ValueError("a bug")
    assert list(leaves(ExceptionGroup("a", [ExceptionGroup("b", [held]), bug]))) == [held, bug]


def test_a_refusal_says_what_it_is_and_why() -> None:
    assert message(refused()) == "Not so: Because."


def test_a_refusal_names_every_field() -> None:
    wrong = [FieldProblem(field="name", message="is taken"), FieldProblem(field="steps.0.body", message="write it")]
    assert message(refused(errors=wrong)) == "Not so\n  name: is taken\n  steps.0.body: write it"


def test_a_refusal_to_go_live_tells_each_mend() -> None:
    finding = Finding(level=Level.STOP, name=FindingName.NO_MAILBOX, message="There is none", mend="Add one")
    assert message(refused(findings=[finding])) == "Not so\n  stop no_mailbox: There is none (Add one)"


def test_a_held_database_names_its_holder() -> None:
    assert "process 7 on host" in message(DatabaseHeld("process 7 on host"))


def test_an_error_of_the_system_names_the_file() -> None:
    assert message(FileNotFoundError(2, "No such file", "x.csv")) == "x.csv: No such file"
