"""What `camd init` has to know: each question with its option, and what an answer must be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from camd.config.sections import Address, Host, Line, Text
from camd.domain.contact import parse_address
from camd.domain.errors import Invalid

OTHER = "other"
HOSTED_BY = ("google", "microsoft", OTHER)


@dataclass(frozen=True, slots=True)
class Question:
    """`check` gives the answer as it is written down, or raises ValueError; `mend` is then what is said. `concerns`
    tells by the answers so far whether it is to be asked at all."""

    name: str
    prompt: str
    check: Callable[[str], str]
    mend: str
    concerns: Callable[[Mapping[str, str]], bool] = lambda _: True

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def answered(self, answer: str) -> str:
        """Raises a usage error that names the mend."""
        try:
            return self.check(answer)
        except (ValueError, Invalid) as error:
            raise click.BadParameter(self.mend, param_hint=self.flag) from error


def _as(kind: Any) -> Callable[[str], str]:
    """`Any`: the kinds of the configuration are annotated types."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(answer: str) -> str:
        try:
            return adapter.validate_python(answer.strip())
        except ValidationError as error:
            # Its text would repeat the answer.
            raise ValueError("it is none") from error

    return check


def _address(answer: str) -> str:
    address = _as(Address)(answer)
    parse_address(address)
    return address


def _hosted_by(answer: str) -> str:
    found = answer.strip().lower()
    if found not in HOSTED_BY:
        raise ValueError(found)
    return found


def _is_elsewhere(answers: Mapping[str, str]) -> bool:
    return answers.get("hosted_by") == OTHER


ADDRESS_MEND = "give one e-mail address such as ada@example.com"
HOST_MEND = "give a host name such as mail.example.com, without a port"

QUESTIONS = (
    Question("sender_name", "Your name, as recipients see it", _as(Line), "give a name in one line"),
    Question("sender_company", "Your company", _as(Line), "give a name in one line"),
    Question(
        "postal_address",
        "Its postal address, in one line",
        _as(Text),
        "give street, number, place and country: the law wants it in every mail",
    ),
    Question("mailbox_address", "The mailbox that sends and receives", _address, ADDRESS_MEND),
    Question("hosted_by", f"Who hosts it ({', '.join(HOSTED_BY)})", _hosted_by, f"give {', '.join(HOSTED_BY)}"),
    Question("smtp_host", "Its server for mail out (SMTP, port 587)", _as(Host), HOST_MEND, _is_elsewhere),
    Question("imap_host", "Its server for mail in (IMAP, port 993)", _as(Host), HOST_MEND, _is_elsewhere),
    Question("notify_email", "Where you want to be told of answers and troubles", _address, ADDRESS_MEND),
)
