from datetime import timedelta

import pytest

from camd.domain.errors import CamdError, Failure, Invalid, Misconfigured, Permanent, Scope, Transient


@pytest.mark.parametrize("kind", [Transient, Permanent, Misconfigured])
def test_a_failure_says_how_far_it_reaches(kind: type[Failure]) -> None:
    failure = kind("the key was refused", scope=Scope.PROVIDER)
    assert isinstance(failure, CamdError)
    assert (str(failure), failure.scope) == ("the key was refused", Scope.PROVIDER)


def test_weather_may_say_when_to_come_back() -> None:
    soon = Transient("busy", scope=Scope.ITEM, retry_after=timedelta(seconds=7))
    assert soon.retry_after == timedelta(seconds=7)
    assert Transient("busy", scope=Scope.ITEM).retry_after is None


def test_an_invalid_input_names_its_field() -> None:
    wrong = Invalid("not a number", field="target_clients")
    assert isinstance(wrong, CamdError)
    assert (str(wrong), wrong.field) == ("not a number", "target_clients")
