from dataclasses import fields

import pytest

from camd.domain.facts import Facts


def test_nothing_is_known_of_a_person_at_first() -> None:
    facts = Facts()
    assert [field.name for field in fields(facts) if getattr(facts, field.name)] == []


def test_what_is_known_of_one_person_never_leaks_into_another() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        Facts().custom["budget"] = "high"  # type: ignore[index]  # that it cannot be assigned is the claim
