"""One response to a LinkedIn Lead Gen Form -> a person. Answers are told apart by `predefinedField`, the only name of a
question that is the same in every language.

Nothing but the answers is read: the member who submitted them is not kept. What is no person raises `Invalid`; no
message repeats an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field, model_validator

from camd.domain.contact import EmailAddress, folded, is_free_mail, linkedin_key, parse_address
from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.zones import country_code
from camd.ports.providers import Found
from camd.providers import csv_values as values

MAX_CUSTOM = 50
MAX_CHARACTERS = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FACTS = {
    "FIRST_NAME": "first_name",
    "LAST_NAME": "last_name",
    "EMAIL": "email",
    "WORK_EMAIL": "work_email",
    "PHONE_NUMBER": "phone",
    "WORK_PHONE_NUMBER": "phone",
    "JOB_TITLE": "title",
    "SENIORITY": "seniority",
    "COMPANY_NAME": "company",
    "COMPANY_SIZE": "employee_count",
    "INDUSTRY": "industry",
    "CITY": "city",
    "STATE": "region",
    "COUNTRY": "country",
    "LINKEDIN_PROFILE_LINK": "linkedin_url",
}

Milliseconds = Annotated[int, Field(ge=0, lt=10**14)]


class _Part(BaseModel):
    """A part of a lead object; what is null is as good as left out."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else given


class _TextAnswer(_Part):
    answer: str = ""


class _Choices(_Part):
    options: Sequence[int] = ()


class _Details(_Part):
    text: _TextAnswer | None = Field(default=None, alias="textQuestionAnswer")
    choices: _Choices | None = Field(default=None, alias="multipleChoiceAnswer")


class _Answer(_Part):
    question: int = Field(alias="questionId")
    details: _Details = Field(default=_Details(), alias="answerDetails")


class _Consent(_Part):
    id: int = Field(alias="consentId")
    accepted: bool


class _FormResponse(_Part):
    answers: Sequence[_Answer] = ()
    consents: Sequence[_Consent] = Field(default=(), alias="consentResponses")


class _Localized(_Part):
    localized: Mapping[str, str] = {}


class _Option(_Part):
    id: int
    text: _Localized = _Localized()


class _MultipleChoice(_Part):
    options: Sequence[_Option] = ()


class _QuestionDetails(_Part):
    choices: _MultipleChoice = Field(default=_MultipleChoice(), alias="multipleChoiceQuestionDetails")


class _Question(_Part):
    id: int = Field(alias="questionId")
    name: str = ""
    field: str | None = Field(default=None, alias="predefinedField")
    details: _QuestionDetails = Field(default=_QuestionDetails(), alias="questionDetails")


class _Content(_Part):
    questions: Sequence[_Question] = ()


class _Hidden(_Part):
    name: str = ""
    value: str = ""


class _Locale(_Part):
    country: str = ""
    language: str = ""


class Form(_Part):
    """What was asked. The questions of one version never change."""

    id: int | str | None = None
    version: int | str | None = Field(default=None, alias="versionId")
    name: str = ""
    locale: _Locale = Field(default=_Locale(), alias="creationLocale")
    hidden: Sequence[_Hidden] = Field(default=(), alias="hiddenFields")
    content: _Content = _Content()


class _Sponsored(_Part):
    campaign: str | None = None


class _Metadata(_Part):
    sponsored: _Sponsored = Field(default=_Sponsored(), alias="sponsoredLeadMetadata")


class Response(_Part):
    """A lead object, so far as camd reads it. LinkedIn leaves optional fields out where they are empty."""

    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
    submitted: Milliseconds = Field(alias="submittedAt")
    is_test: bool = Field(default=False, alias="testLead")
    form_urn: str = Field(default="", alias="versionedLeadGenFormUrn")
    metadata: _Metadata = Field(default=_Metadata(), validation_alias=AliasChoices("leadMetadata", "leadMetadataInfo"))
    response: _FormResponse = Field(default=_FormResponse(), alias="formResponse")
    form: Form = Form()

    @property
    def form_id(self) -> str:
        """Of `urn:li:versionedLeadGenForm:(urn:li:leadGenForm:7234246,1)` the 7234246."""
        form, _, _ = self.form_urn.partition("(")[2].partition(",")
        return form.rpartition(":")[2] or str(self.form.id or "")

    @property
    def form_version(self) -> str:
        return self.form_urn.rpartition(",")[2].rstrip(")")

    @property
    def lacks_its_form(self) -> bool:
        """Without the questions its answers have no names."""
        return bool(self.response.answers) and not self.form.content.questions


def found(response: Response) -> Found:
    """The person behind a response. Raises `Invalid` where nobody can be made out of it."""
    return _Reading(response).found()


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer with the question it belongs to."""

    question: _Question | None
    number: int
    text: str


class _Reading:
    def __init__(self, response: Response) -> None:
        self._response = response
        self._said = list(_answers(response))
        self._known: dict[str, str] = {}
        for said in self._said:
            fact = _FACTS.get(said.question.field or "") if said.question else None
            if fact is not None:
                self._known.setdefault(fact, said.text)
        self._notes: list[str] = []

    def found(self) -> Found:
        address, spare = self._addresses()
        first, last, company = self._name("first_name"), self._name("last_name"), self._known.get("company")
        profile = linkedin_key(self._known.get("linkedin_url"))
        if address is None and profile is None and not ((first or last) and company):
            raise Invalid("neither an e-mail address, nor a LinkedIn URL, nor name and company", field="no_identity")
        country, title = self._country(), self._known.get("title")
        facts = Facts(
            email=address.given if address is not None else None,
            first_name=first,
            last_name=last,
            title=title,
            seniority=values.seniority_of(self._known.get("seniority", "")) or values.seniority_of(title or ""),
            company=company,
            domain=None if address is None or is_free_mail(address.domain) else address.domain,
            industry=self._known.get("industry"),
            employee_count=self._headcount(),
            country=country,
            city=self._known.get("city"),
            linkedin_url=profile,
            phone=values.phone_number(self._known["phone"], country) if "phone" in self._known else None,
            tags=tuple(dict.fromkeys((*self._tags(), *spare))),
            consent=self._consent(),
            custom=self._custom(),
            source="linkedin",
            source_ref=self._response.id,
        )
        return Found(self._response.id, facts, notes=tuple(self._notes))

    def _addresses(self) -> tuple[EmailAddress | None, list[str]]:
        """The address of the company before the member's own, which is often private; the other becomes a tag."""
        readable: list[EmailAddress] = []
        problem: Invalid | None = None
        for text in (self._known[name] for name in ("work_email", "email") if name in self._known):
            try:
                readable.append(parse_address(text))
            except Invalid as error:
                problem = error
        if not readable and problem is not None:
            raise Invalid(str(problem), field="bad_email") from problem
        others = [other.given for other in readable[1:] if other.key != readable[0].key]
        return (readable[0] if readable else None), others

    def _name(self, field: str) -> str | None:
        return values.person_name(self._known[field]) if field in self._known else None

    def _country(self) -> str | None:
        stated = self._known.get("country")
        code = country_code(stated) if stated is not None else None
        if stated is not None and code is None:
            self._notes.append("country: not known, kept as it is written")
        return code or stated

    def _headcount(self) -> int | None:
        text = self._known.get("employee_count")
        count = values.headcount(text) if text is not None else None
        if text is not None and count is None:
            self._notes.append("employee_count: not understood")
        return count

    def _tags(self) -> Iterator[str]:
        """Hidden fields, and questions of LinkedIn's that camd has no fact for."""
        for hidden in self._response.form.hidden:
            if value := _line(hidden.value):
                yield f"{_line(hidden.name)}={value}"[:MAX_CHARACTERS]
        for said in self._said:
            if said.question is not None and said.question.field and said.question.field not in _FACTS:
                yield f"{said.question.field.lower()}={said.text}"[:MAX_CHARACTERS]

    def _consent(self) -> str | None:
        """Evidence only where everything that was asked was agreed to."""
        consents = self._response.response.consents
        if not consents or not all(consent.accepted for consent in consents):
            return None
        agreed = ", ".join(str(consent.id) for consent in consents)
        version = f" version {self._response.form_version}" if self._response.form_version else ""
        return f"LinkedIn form {self._response.form_id}{version}, {self._submitted()}: agreed to {agreed}"[
            :MAX_CHARACTERS
        ]

    def _submitted(self) -> str:
        instant = EPOCH + timedelta(milliseconds=self._response.submitted)
        return instant.isoformat(timespec="seconds").replace("+00:00", "Z")

    def _custom(self) -> Mapping[str, str]:
        """The form's own questions, what became no fact of its own, and the evidence of where the data come from."""
        evidence = {
            "form": self._response.form_id,
            "form_name": _line(self._response.form.name),
            "submitted_at": self._submitted(),
            "linkedin_campaign": _line(self._response.metadata.sponsored.campaign or ""),
        }
        consents = {
            f"consent_{consent.id}": "accepted" if consent.accepted else "declined"
            for consent in self._response.response.consents
        }
        kept = {
            name: self._known[name]
            for name in ("region", "employee_count")
            if name in self._known and not self._known[name].isdecimal()
        }
        asked = {_key(said): said.text for said in self._said if said.question is None or said.question.field is None}
        custom = [(name, value) for name, value in (asked | kept | consents | evidence).items() if value]
        if len(custom) > MAX_CUSTOM:
            self._notes.append(f"custom: more than {MAX_CUSTOM} answers, the first ones are left out")
        return dict(custom[-MAX_CUSTOM:])


def _key(said: _Said) -> str:
    name = folded(said.question.name).replace(" ", "_") if said.question else ""
    return name[:100] or f"question_{said.number}"


def _answers(response: Response) -> Iterator[_Said]:
    """Answers with their question; empty ones are none."""
    questions = {question.id: question for question in response.form.content.questions}
    for answer in response.response.answers:
        question = questions.get(answer.question)
        if text := _line(_text(answer, question, response.form.locale)):
            yield _Said(question, answer.question, text)


def _text(answer: _Answer, question: _Question | None, locale: _Locale) -> str:
    if answer.details.text is not None:
        return answer.details.text.answer
    if answer.details.choices is None:
        return ""
    labels: dict[int, Mapping[str, str]] = {}
    if question is not None:
        labels = {option.id: option.text.localized for option in question.details.choices.options}
    chosen = [(number, labels.get(number, {})) for number in answer.details.choices.options]
    wanted = f"{locale.language}_{locale.country}"
    return ", ".join(names.get(wanted) or next(iter(names.values()), str(number)) for number, names in chosen)


def _line(text: str) -> str:
    """One line: every fact may end up in a mail's header."""
    return " ".join(text.replace("\0", " ").split())[:MAX_CHARACTERS]
