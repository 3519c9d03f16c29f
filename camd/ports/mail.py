"""What the engine asks of the mail edge: texts made of a step and a lead's facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from camd.domain.campaign import Step


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished text: one line of subject, a plain-text body with LF line ends."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The text needs a fact that this lead lacks; an empty fact is missing too."""

    variable: str


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """A template that cannot be used for anybody: `part` is `subject` or `body`, `line` counts from 1."""

    step: int
    part: str
    line: int
    message: str


class Renderer(Protocol):
    """Renders by Jinja2 with strict undefined, in its sandbox; a pure function of its arguments."""

    def check(self, step: Step) -> Sequence[TemplateProblem]:
        """What is wrong with the step's templates for every lead; empty when they can be used."""
        ...

    def render(self, step: Step, variables: Mapping[str, object]) -> Rendered | Missing | TemplateProblem:
        """`variables` holds the lead's facts by name and the objects `sender` and `campaign`."""
        ...
