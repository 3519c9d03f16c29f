"""A question -> a record for Dropcontact; its enriched records -> the answers, each to the question it belongs to.

No address is ever put into a record: one that is sent is paid for even where it proves invalid, and judging addresses
is what verifiers are for. Nothing here raises, whatever a record holds.
Source: developer.dropcontact.com/en/reference/input-record and .../enriched-record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from camd.domain.contact import folded, linkedin_key, registrable_domain
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import LookupResult, known_facts
from camd.ports.lookups import Finding, Question, Reply, Unfinished
from camd.providers import answers
from camd.providers import csv_values as values

GIVES = frozenset(
    {
        "email",
        "first_name",
        "last_name",
        "title",
        "seniority",
        "company",
        "domain",
        "industry",
        "employee_count",
        "country",
        "linkedin_url",
        "phone",
    }
)
LONGEST_NAME = 200
"""Characters of a field that are sent: a record has room for 15 kB, and in JSON a character may take twelve bytes."""
_LONGEST_HOST = 253
_LONGEST_PROFILE = 500
_MOST_EMPLOYEES = 10_000_000

_MAILBOXES: Mapping[str, Verdict] = {
    "nominative": Verdict.VALID,
    "nominatif": Verdict.VALID,
    "catch_all": Verdict.CATCH_ALL,
    "non_confirm": Verdict.CATCH_ALL,
    "generic": Verdict.ROLE,
    "generique": Verdict.ROLE,
    "non_validated": Verdict.UNKNOWN,
    "non_valide": Verdict.UNKNOWN,
    "no_validated": Verdict.UNKNOWN,
    "random": Verdict.INVALID,
    "invalid": Verdict.INVALID,
    "invalide": Verdict.INVALID,
    "do_not_contact": Verdict.SUPPRESSED,
    "ne_pas_contacter": Verdict.SUPPRESSED,
}
_DEAD_DOMAINS = frozenset({"disposable", "jetable", "invalid_domain", "domaine_invalide", "invalid"})
_LIVE_DOMAINS = frozenset({"pro", "perso", "school"})
_TAGS: Mapping[str, tuple[str, ...]] = {"perso": ("freemail",), "school": ("school",)}
_VERIFIED = frozenset({Verdict.VALID, Verdict.CATCH_ALL, Verdict.ROLE})
_BEST_FIRST = (Verdict.VALID, Verdict.CATCH_ALL, Verdict.UNKNOWN, Verdict.FREEMAIL, Verdict.ROLE, Verdict.INVALID)
_ERRORS = ("only_contact_data", "unexpected_field")

Record = Mapping[str, Any]  # as it came; every value is looked at before it is believed


def record_of(question: Question) -> dict[str, object]:
    """Only documented fields, as an unknown one makes the whole batch refused."""
    facts, known = question.facts, known_facts(question.facts)
    record: dict[str, object] = {
        name: getattr(facts, name)[:LONGEST_NAME] for name in ("first_name", "last_name", "company") if name in known
    }
    # Half a host or a profile is another one.
    if "domain" in known and len(facts.domain or "") <= _LONGEST_HOST:
        record["website"] = facts.domain
    profile = linkedin_key(facts.linkedin_url) or ""
    if "linkedin_url" in known and len(profile) <= _LONGEST_PROFILE:
        record["linkedin"] = profile
    return record | {"custom_fields": {"camd_lead": question.ref}}


def replies(questions: Sequence[Question], records: Sequence[Record | None], *, is_forced: bool) -> list[Reply]:
    """One for each question. Without a record it is unfinished: its credit was taken and nothing says that it was given
    back. `is_forced` are results that were asked for before all records were worked on."""
    return [
        Unfinished() if record is None else reply(record, is_forced=is_forced)
        for record in _in_order(questions, records)
    ]


def reply(record: Record, *, is_forced: bool = False) -> Reply:
    """What a record tells."""
    given, problem = record.get("email"), _problem(record)
    # Not worked on yet: it comes back as it was sent.
    if isinstance(given, str) or (is_forced and given is None and problem is None):
        return Unfinished()
    judged = [Judged.read(item) for item in answers.objects(given) if item is not None]
    cost = Decimal(any(each.is_verified for each in judged))
    for each in judged:
        if each.verdict is Verdict.SUPPRESSED:
            # Nothing but what the suppression needs is kept of somebody who objected.
            return Finding(LookupResult.OBJECTED, cost, Facts(email=each.address), each.verdict, each.evidence)
    readable = [each for each in judged if each.address is not None]
    if readable:
        best = min(readable, key=lambda each: each.rank)
        facts = _facts(record, best.address, _TAGS.get(best.domain, ()))
        return Finding(LookupResult.FOUND, cost, facts, best.verdict, best.evidence, raw=answers.raw(record))
    if problem is not None and not judged:
        return Finding(LookupResult.REFUSED, evidence=f"dropcontact: {problem}", raw=answers.raw(record))
    evidence = judged[0].evidence if judged else "dropcontact: no address"
    return Finding(LookupResult.NO_MATCH, cost, _facts(record), evidence=evidence, raw=answers.raw(record))


@dataclass(frozen=True, slots=True)
class Judged:
    """An address and its qualification, `<mailbox>@<domain>`, in one spelling."""

    address: str | None
    mailbox: str
    domain: str

    @classmethod
    def read(cls, item: Record) -> "Judged":
        mailbox, _, domain = (answers.text(item.get("qualification")) or "").rpartition("@")
        return cls(answers.address(item.get("email")), _word(mailbox or domain), _word(domain) if mailbox else "")

    @property
    def verdict(self) -> Verdict:
        verdict = _MAILBOXES.get(self.mailbox, Verdict.UNKNOWN)
        if verdict is not Verdict.SUPPRESSED and self.domain in _DEAD_DOMAINS:
            return Verdict.INVALID
        if self.domain == "perso" and verdict in {Verdict.VALID, Verdict.CATCH_ALL, Verdict.UNKNOWN}:
            return Verdict.FREEMAIL
        return verdict

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Least is best: what works, then what is the company's, then by its verdict."""
        return self.verdict is Verdict.INVALID, self.domain != "pro", _BEST_FIRST.index(self.verdict)

    @property
    def is_verified(self) -> bool:
        """Whether it is what Dropcontact keeps the credit for."""
        return _MAILBOXES.get(self.mailbox) in _VERIFIED and self.domain not in _DEAD_DOMAINS

    @property
    def evidence(self) -> str:
        mailbox = self.mailbox if self.mailbox in _MAILBOXES else "other"
        domain = self.domain if self.domain in _DEAD_DOMAINS | _LIVE_DOMAINS else "other"
        return f"dropcontact: {mailbox}@{domain}"


def _facts(record: Record, address: str | None = None, tags: tuple[str, ...] = ()) -> Facts:
    country = answers.country(record.get("country"))
    phone = answers.text(record.get("phone")) or answers.text(record.get("mobile_phone"))
    return Facts(
        email=address,
        first_name=answers.text(record.get("first_name")),
        last_name=answers.text(record.get("last_name")),
        title=answers.text(record.get("job")),
        seniority=values.seniority_of(answers.text(record.get("job_level")) or ""),
        company=answers.text(record.get("company")),
        domain=_host(record),
        industry=answers.text(record.get("industry")),
        employee_count=_headcount(record),
        country=country,
        linkedin_url=linkedin_key(answers.text(record.get("linkedin"), _LONGEST_PROFILE)),
        phone=values.phone_number(phone, country) if phone else None,
        tags=tags,
    )


def _headcount(record: Record) -> int | None:
    exact = answers.whole(record.get("employee_count"), 1)
    count = exact or values.headcount(answers.text(record.get("nb_employees"), 40) or "")
    return count if count is not None and count <= _MOST_EMPLOYEES else None


def _host(record: Record) -> str | None:
    website = answers.text(record.get("website"))
    return values.company_host(website) if website else None


def _problem(record: Record) -> str | None:
    errors = record.get("errors")
    if not errors:
        return None
    return next((word for word in _ERRORS if isinstance(errors, dict | list) and word in errors), "an error")


def _word(text: str) -> str:
    return folded(text).replace(" ", "_")


@dataclass(frozen=True, slots=True)
class _Person:
    """By what a record without our mark is known again; words of a name in any order, as Dropcontact may turn it."""

    name: tuple[str, ...]
    profile: str | None
    companies: frozenset[str]

    @classmethod
    def of(cls, facts: Facts) -> "_Person":
        companies = {registrable_domain(facts.domain) if facts.domain else None, folded(facts.company or "")}
        name = folded(f"{facts.first_name or ''} {facts.last_name or ''}").split()
        return cls(tuple(sorted(name)), linkedin_key(facts.linkedin_url), frozenset(filter(None, companies)))

    def may_be(self, other: "_Person") -> bool:
        if self.name and other.name:
            return self.name == other.name
        return self.profile is None or other.profile is None or self.profile == other.profile

    def is_surely(self, other: "_Person") -> bool:
        if self.profile is not None and self.profile == other.profile:
            return True
        return self.name == other.name != () and not self.companies.isdisjoint(other.companies)


def _in_order(questions: Sequence[Question], records: Sequence[Record | None]) -> list[Record | None]:
    """The record of each question: by our mark; else by its place, where there are as many as were sent and it bears
    no other name; else by name and company. Better none than another person's."""
    places = {question.ref: place for place, question in enumerate(questions)}
    found: list[Record | None] = [None] * len(questions)
    unmarked: list[tuple[int, Record]] = []
    for number, record in enumerate(records):
        place = places.get(_mark(record)) if record is not None else None
        if record is not None and place is None:
            unmarked.append((number, record))
        elif place is not None and found[place] is None:
            found[place] = record
    asked = [_Person.of(question.facts) for question in questions] if unmarked else []
    strays: list[tuple[_Person, Record]] = []
    for number, record in unmarked:
        person = _Person.of(_facts(record))
        if len(records) == len(questions) and found[number] is None and person.may_be(asked[number]):
            found[number] = record
        else:
            strays.append((person, record))
    for person, record in strays:
        fitting = [place for place, other in enumerate(asked) if found[place] is None and person.is_surely(other)]
        if len(fitting) == 1:
            found[fitting[0]] = record
    return found


def _mark(record: Record) -> str:
    echoed = record.get("custom_fields")
    return answers.text(echoed.get("camd_lead")) or "" if isinstance(echoed, dict) else ""
