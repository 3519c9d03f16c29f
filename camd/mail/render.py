"""Texts from templates: Jinja2's sandbox with strict undefined, so that a missing fact never renders as blank."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from camd.domain.campaign import Step
from camd.mail.footers import footer_template, way_out
from camd.mail.trial import TEXT_BYTES, TOO_LONG, try_out
from camd.ports.clock import Clock
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.settings import SenderSettings


class _MissingVariable(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Undefined(StrictUndefined):
    """Strict undefined that says which variable is missing, not in which sentence."""

    def _fail_with_undefined_error(self, *_args: object, **_kwargs: object) -> NoReturn:
        if self._undefined_exception is not UndefinedError:
            raise self._undefined_exception(self._undefined_message)  # the sandbox refuses, nothing is missing
        raise _MissingVariable(self._undefined_name or "a variable")


# Jinja2 binds every operation that an undefined value refuses to its own method, past the one above.
_REFUSED = {
    name
    for parent in StrictUndefined.__mro__
    for name, operation in vars(parent).items()
    if operation is Undefined._fail_with_undefined_error  # noqa: SLF001 - what a subclass is meant to override
}
for _operation in _REFUSED:
    setattr(_Undefined, _operation, _Undefined._fail_with_undefined_error)  # noqa: SLF001 - its own class

_REMEMBERED = 10_000
_ENVIRONMENT = SandboxedEnvironment(undefined=_Undefined)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


class JinjaRenderer:
    """Implements `ports.mail.Renderer`. Compiled templates are kept: compiling costs a hundred renderings."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sound: set[str] = set()

    async def check(self, steps: Sequence[Step]) -> Sequence[TemplateProblem]:
        """What a trial finds of the templates that were not found sound before: syntax errors with their line, ways
        out of the sandbox, and what needs too much."""
        untried = [
            (step.number, part, source) for step in steps for part, source in _parts(step) if source not in self._sound
        ]
        flaws = await try_out([source for _, _, source in untried], self._clock) if untried else []
        judged = list(zip(untried, flaws, strict=True))
        self._remember({source for (_, _, source), flaw in judged if flaw is None})
        return [TemplateProblem(number, part, flaw.line, flaw.message) for (number, part, _), flaw in judged if flaw]

    def _remember(self, sound: set[str]) -> None:
        if len(self._sound) > _REMEMBERED:
            self._sound.clear()
        self._sound |= sound

    def render(self, step: Step, variables: Mapping[str, object]) -> Rendered | Missing | TemplateProblem:
        texts: dict[str, str] = {}
        for part, source in _parts(step):
            try:
                text = _text(source, variables)
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

    def footer(
        self, language: str, sender: SenderSettings, opt_out_url: str | None
    ) -> Rendered | Missing | TemplateProblem:
        given = {"name": sender.name, "company": sender.company, "postal_address": sender.postal_address}
        known = {name: value for name, value in given.items() if value}
        ending = Step(0, body=footer_template(language, sender.footers))
        return self.render(ending, {"sender": known, "opt_out": way_out(language, opt_out_url)})


def _text(source: str, variables: Mapping[str, object]) -> str:
    """Raises `TemplateError` as soon as the text is longer than anything a person would send."""
    pieces: list[str] = []
    size = 0
    for piece in _compiled(source).generate(variables):
        size += len(piece)
        if size > TEXT_BYTES:
            raise TemplateError(TOO_LONG)
        pieces.append(piece)
    return "".join(pieces)


def _parts(step: Step) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("subject", step.subject), ("body", step.body)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
