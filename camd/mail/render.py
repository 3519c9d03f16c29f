"""Texts from templates: Jinja2's sandbox with strict undefined, so that a missing fact never renders as blank."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from camd.domain.campaign import Step
from camd.ports.mail import Missing, Rendered, TemplateProblem


class _MissingVariable(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Undefined(StrictUndefined):
    """Strict undefined that says which variable is missing, not in which sentence."""

    def _fail_with_undefined_error(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise _MissingVariable(self._undefined_name or "a variable")


# Every operation of an undefined value but the tests `is defined` and `default()` ends in the method above.
for _operation in ("__str__", "__iter__", "__len__", "__eq__", "__ne__", "__bool__", "__hash__", "__contains__"):
    setattr(_Undefined, _operation, _Undefined._fail_with_undefined_error)  # noqa: SLF001 - its own class

_ENVIRONMENT = SandboxedEnvironment(undefined=_Undefined, keep_trailing_newline=False)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


class JinjaRenderer:
    """Implements `ports.mail.Renderer`. Compiled templates are kept: compiling costs a hundred renderings."""

    def check(self, step: Step) -> Sequence[TemplateProblem]:
        """The syntax errors of the step's templates, each with its line."""
        problems = []
        for part, source in _parts(step):
            try:
                _compiled(source)
            except TemplateSyntaxError as error:
                problems.append(TemplateProblem(step.number, part, error.lineno, error.message or "is no template"))
        return problems

    def render(self, step: Step, variables: Mapping[str, object]) -> Rendered | Missing | TemplateProblem:
        texts: dict[str, str] = {}
        for part, source in _parts(step):
            try:
                text = _compiled(source).render(variables)
            except _MissingVariable as missing:
                return Missing(missing.name)
            except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                # What a template computes with a lead's facts can fail in any of these ways; that is this lead's
                # trouble, not the engine's.
                return TemplateProblem(step.number, part, getattr(error, "lineno", None) or 1, _said(error))
            texts[part] = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        if "\n" in texts["subject"] or "\0" in texts["subject"]:
            return TemplateProblem(step.number, "subject", 1, "the subject has to be one line")
        return Rendered(texts["subject"], texts["body"] + "\n")


def _parts(step: Step) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("subject", step.subject), ("body", step.body)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
