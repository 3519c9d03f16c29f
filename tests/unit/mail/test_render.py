import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.campaign import Step
from camd.mail.render import JinjaRenderer
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.system import SystemClock

RENDERER = JinjaRenderer(SystemClock())


def render(body: str, subject: str = "Hi", **variables: object) -> Rendered | Missing | TemplateProblem:
    return RENDERER.render(Step(3, subject, body), variables)


def problem(body: str, **variables: object) -> TemplateProblem:
    found = RENDERER.render(Step(3, "Hi", body), variables)
    assert isinstance(found, TemplateProblem)
    return found


def test_a_text_is_rendered_with_one_line_end_at_its_end() -> None:
    assert render("\nHello {{ name }}\r\nBye\r\n\n", "For {{ name }} ", name="Ann") == Rendered(
        "For Ann", "Hello Ann\nBye\n"
    )


async def test_fault_80_a_syntax_error_is_reported_with_its_part_and_line() -> None:
    found = await RENDERER.check([Step(3, "{{ unclosed", "one\ntwo\n{% endif %}")])
    assert [(it.step, it.part, it.line) for it in found] == [(3, "subject", 1), (3, "body", 3)]
    assert all(it.message for it in found)


async def test_sound_steps_have_no_problems() -> None:
    second = Step(2, "{{ sender.name.short }}", "{% for it in custom.list %}{{ it }}{% endfor %}")
    assert await RENDERER.check([Step(1, "{{ a }}", "{% if b %}{{ c }}{% endif %}"), second]) == []


NESTED = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (NESTED.replace("{{ a }}", NESTED.replace("{{ a }}", "")), "2 s"),
        ("{{ 'a' * 10 ** 9 }}", "256 MB"),
        ("{{ 'a' | center(1000000000) }}", "256 MB"),
        (NESTED, "1 MB"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
async def test_fault_82_a_template_bomb_is_refused_when_its_step_is_saved(body: str, message: str) -> None:
    if message == "256 MB" and sys.platform != "linux":
        pytest.skip("only Linux limits the memory of a process")
    [found] = await RENDERER.check([Step(1, "Hi", body)])
    assert (found.step, found.part) == (1, "body")
    assert message in found.message


async def test_a_bomb_does_not_hide_the_steps_before_it() -> None:
    steps = [Step(1, "{{ name.__class__ }}", "x"), Step(2, "{{ 'a' * 10 ** 9 }}", "x")]
    assert {it.step for it in await RENDERER.check(steps)} == {1, 2}


def test_fault_82_a_text_that_a_lead_makes_too_long_is_cut_off_at_run_time() -> None:
    found = problem("{% for it in many %}0123456789{% endfor %}", many=range(200_000))
    assert "1 MB" in found.message


def test_a_syntax_error_that_was_stored_all_the_same_is_a_problem_when_rendered() -> None:
    assert (problem("one\n{% endif %}").part, problem("one\n{% endif %}").line) == ("body", 2)


@pytest.mark.parametrize(
    "body",
    [
        "Hi {{ name }}",
        "{% if name %}x{% endif %}",
        "{% for it in name %}{% endfor %}",
        "{{ name.first }}",
        "{{ name ~ '!' }}",
        "{{ name | upper }}",
        "{{ name | length }}",
        "{{ name == 'Ann' }}",
        "{{ 'a' in name }}",
        "{{ name + 1 }}",
        "{{ name() }}",
        "{{ {name: 1} }}",
    ],
)
def test_fault_81_a_missing_variable_is_named_and_never_rendered(body: str) -> None:
    assert render(body) == Missing("name")


def test_a_missing_part_of_an_object_is_named_too() -> None:
    assert render("{{ sender.name }}", sender={}) == Missing("name")


def test_a_template_may_ask_whether_a_variable_is_there() -> None:
    body = "{{ name | default('you') }}{% if name is defined %}!{% endif %}"
    assert render(body) == Rendered("Hi", "you\n")
    assert render(body, name="Ann") == Rendered("Hi", "Ann!\n")


def test_a_missing_element_without_a_name_is_missing_all_the_same() -> None:
    assert isinstance(render("{{ [] | first }}"), Missing)


@pytest.mark.parametrize(
    "body",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__.__init__}'.format(name) }}",
        "{{ name.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
    ],
)
def test_fault_83_a_way_out_of_the_sandbox_is_a_template_error(body: str) -> None:
    assert problem(body, name="Ann").message.startswith("SecurityError")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ name + 1 }}", "TypeError"),
        ("{{ name | int + name }}", "TypeError"),
        ("{{ '%d' % name }}", "TypeError"),
        ("{% include 'x' %}", "TypeError"),
        ("{{ range(999999999) }}", "OverflowError"),
    ],
)
def test_what_a_template_computes_wrongly_is_that_lead_s_trouble(body: str, error: str) -> None:
    assert problem(body, name="Ann").message.startswith(error)


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\0"])
def test_a_fact_with_a_line_break_makes_no_subject(break_: str) -> None:
    found = render("x", "For {{ name }}", name=f"Ann{break_}Bcc: x@y.example")
    assert found == TemplateProblem(3, "subject", 1, "the subject has to be one line")


@given(st.text())
def test_whatever_a_fact_holds_it_is_text_and_never_a_template(name: str) -> None:
    found = render("<{{ name }}>", name=name)
    assert found == Rendered("Hi", f"<{name}>".replace("\r\n", "\n").replace("\r", "\n") + "\n")
