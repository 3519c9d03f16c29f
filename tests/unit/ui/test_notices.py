"""What camd refuses, in words: once, and without the words of a program."""

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.schema.problem import FieldProblem, Problem


def shown(problem: Problem) -> list[str]:
    page = AppTest.from_function(_page, kwargs={"problem": problem}).run()
    assert not page.exception
    return [part.value.replace("\\", "") for part in (*page.error, *page.warning)]


def _page(problem: "Problem") -> None:
    """Run as a script of its own: it knows nothing of this module."""
    from camd.ui.notices import show_problem

    show_problem(problem)


def test_a_wrong_field_is_told_once() -> None:
    wrong = FieldProblem(field="file", message="the file is empty")
    problem = Problem(type="x", title="Mend it", status=422, detail="file: the file is empty", errors=[wrong])
    assert "\n".join(shown(problem)).count("the file is empty") == 1


def test_a_refusal_says_its_mend() -> None:
    assert shown(Problem(type="x", title="Not now", status=409, detail="Wait a day.")) == ["**Not now** Wait a day."]


def test_a_click_that_came_too_late_is_told_without_the_words_of_a_program() -> None:
    late = Problem(
        type="urn:camd:problem:illegal-move", title="Its status does not allow this", status=409, detail="cannot take x"
    )
    [words] = shown(late)
    assert "somebody else" in words.lower()
    assert "cannot take" not in words
