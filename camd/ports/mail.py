"""What the engine asks of the mail edge: texts made of a step and a lead's facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from camd.domain.campaign import Step
from camd.ports.settings import SenderSettings


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
    """Renders by Jinja2 with strict undefined, in its sandbox; `render` is a pure function of its arguments."""

    async def check(self, steps: Sequence[Step]) -> Sequence[TemplateProblem]:
        """What is wrong with the steps' templates for every lead; empty when they can be used."""
        ...

    def render(self, step: Step, variables: Mapping[str, object]) -> Rendered | Missing | TemplateProblem:
        """`variables` holds the lead's facts by name and the objects `sender` and `campaign`."""
        ...

    def footer(
        self, language: str, sender: SenderSettings, opt_out_url: str | None
    ) -> Rendered | Missing | TemplateProblem:
        """What ends every mail, as the body of a text: who writes, from where, and how to opt out, by that address
        or without one by a reply. A problem is one of `sender.footers` and names step 0."""
        ...
