"""One object that a hook was told: its fields under the names that camd has for them, and the person it is about.

Fields have the names of facts, those that a CSV import knows too, or are mapped by the campaign; values are cleaned as
an import's. Only an address that cannot be read, a fact of several lines and a person whom nothing identifies raise
`Invalid`; whatever else is not understood is left out and noted. Reasons and notes repeat no value.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from camd.domain.contact import EmailAddress, folded, is_free_mail, linkedin_key
from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.suppression import is_do_not_contact_tag
from camd.domain.zones import country_code
from camd.ports.providers import Found
from camd.providers import csv_values as values
from camd.providers.csv_columns import CUSTOM, cleaned
from camd.providers.csv_vocabulary import column_name, vocabulary

MAX_FIELDS = 200
MAX_CUSTOM = 50
MAX_CHARACTERS = 1_000
MAX_TAGS = 100
MAX_EMPLOYEES = 100_000_000
MAX_MONEY = 1_000_000_000_000
_LONGEST_NAME = 100
_ACTION = "action"
_LEAD = "lead"
_TERMS = ("mrr", "currency", "reason")
"""What goes with another action than lead."""
_SOURCE_REF = "source_ref"
_FACTS = (
    "email",
    "first_name",
    "last_name",
    "full_name",
    "title",
    "seniority",
    "company",
    "domain",
    "industry",
    "employee_count",
    "country",
    "city",
    "timezone",
    "language",
    "linkedin_url",
    "phone",
    "tags",
    "consent",
    "expected_mrr",
    "do_not_contact",
)


@dataclass(frozen=True, slots=True)
class Fields:
    """`known` holds the filled texts of each name of camd's, the best first; `custom` the other fields."""

    known: Mapping[str, Sequence[str]]
    custom: Mapping[str, str]

    def first(self, name: str) -> str | None:
        return next(iter(self.known.get(name, ())), None)


def is_field(field: str) -> bool:
    """Whether a map may lead there."""
    if field.startswith(CUSTOM):
        return bool(column_name(field.removeprefix(CUSTOM)))
    return field in _FACTS or field in _TERMS or field in (_ACTION, _SOURCE_REF)


def hook_fields(mapping: Mapping[str, str], given: Mapping[str, object]) -> Fields:
    """Raises `Invalid` where there are too many."""
    flat = list(_flat(given))
    if len(flat) > MAX_FIELDS:
        raise Invalid(f"send at most {MAX_FIELDS} fields", field="body")
    wanted = {_plain(name): field for name, field in mapping.items()}
    ranked: dict[str, list[tuple[int, str]]] = {}
    custom: dict[str, str] = {}
    for number, (name, value) in enumerate(flat, 1):
        if not (text := cleaned(_text(value)).replace("\0", "")):
            continue
        field, rank = _target(wanted, name, text)
        if field.startswith(CUSTOM):
            own = column_name(field.removeprefix(CUSTOM))[:_LONGEST_NAME] or f"field_{number}"
            custom[f"{own}_{number}" if own in custom else own] = text
        else:
            ranked.setdefault(field, []).append((rank, text))
    known = {field: [text for _, text in sorted(each, key=lambda one: one[0])] for field, each in ranked.items()}
    return _terms_as_facts(known, custom) if _action(known) == _LEAD else Fields(known, custom)


def _flat(given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if name == "custom" and isinstance(value, Mapping):
            yield from ((f"{CUSTOM}{own}", each) for own, each in value.items())
        else:
            yield name, value


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _target(wanted: Mapping[str, str], name: str, text: str) -> tuple[str, int]:
    """The name that camd has for a field, and how much less it counts than others of that name."""
    if (mapped := wanted.get(_plain(name))) is not None:
        return mapped, -1
    if name.startswith(CUSTOM):
        return name, 0
    field, rank = _aliases().get(column_name(name), (f"{CUSTOM}{name}", 0))
    # A field "url" is as often the company's own page.
    is_other_page = field == "linkedin_url" and "linkedin.com" not in text.lower()
    return (f"{CUSTOM}{name}", 0) if is_other_page else (field, rank)


@cache
def _aliases() -> Mapping[str, tuple[str, int]]:
    """Those of a CSV import, but `id` and its like: a form's own number is the same for everybody who fills it in."""
    found = {
        alias: (field, rank) for field in _FACTS for rank, alias in enumerate(vocabulary().columns.get(field, ()), 1)
    }
    return found | {name: (name, 0) for name in (*_FACTS, *_TERMS, _ACTION, _SOURCE_REF)}


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)), "f")
        case str() | int():
            return str(value)
        case list() if not any(isinstance(each, list | dict) for each in value):
            return ", ".join(text for each in value if (text := _text(each)))
        case _:
            return json.dumps(value, ensure_ascii=False)


def _terms_as_facts(known: Mapping[str, Sequence[str]], custom: Mapping[str, str]) -> Fields:
    """Of a lead, an amount is what is expected of it, and a reason is the person's own answer."""
    amounts = [*known.get("expected_mrr", ()), *known.get("mrr", ())]
    answers = {name: known[name][0] for name in ("currency", "reason") if name in known}
    facts = {name: texts for name, texts in known.items() if name not in _TERMS}
    return Fields({**facts, "expected_mrr": amounts}, {**answers, **custom})


def _action(known: Mapping[str, Sequence[str]]) -> str:
    return _word(next(iter(known.get(_ACTION, ())), _LEAD))


def _word(text: str) -> str:
    return "_".join(text.lower().split())


def told(fields: Fields) -> Mapping[str, str]:
    """See `ports.hooks`. Raises `Invalid` for an address that cannot be read."""
    said = {name: text for name in (_ACTION, *_TERMS, "email") if (text := fields.first(name)) is not None}
    said |= {name: _word(said[name]) for name in (_ACTION, "reason") if name in said}
    address, _ = _addresses(fields)
    return said | ({"email": address.given} if address is not None else {})


def person(fields: Fields, hook: str) -> Found:
    """`source_ref` is the sender's own, under the hook's name; without it a person is known by who they are."""
    return _Person(fields, hook).found()


class _Person:
    def __init__(self, fields: Fields, hook: str) -> None:
        self._fields = fields
        self._hook = hook
        self._notes: list[str] = []

    def found(self) -> Found:
        address, spare = _addresses(self._fields)
        first, last = self._names()
        company, domain = self._line("company"), self._domain(address)
        profile = next(filter(None, map(linkedin_key, self._fields.known.get("linkedin_url", ()))), None)
        reference = self._reference(address is None and profile is None, f"{first or ''} {last or ''}", company, domain)
        country, title = self._country(), self._line("title")
        tags = [tag for text in self._fields.known.get("tags", ()) for tag in values.tag_list(text)]
        facts = Facts(
            email=address.given if address is not None else None,
            first_name=first,
            last_name=last,
            title=title,
            seniority=values.seniority_of(self._line("seniority") or "") or values.seniority_of(title or ""),
            company=company,
            domain=domain,
            industry=self._line("industry"),
            employee_count=self._headcount(),
            country=country,
            city=self._line("city"),
            timezone=self._zone(),
            language=self._line("language"),
            linkedin_url=profile,
            phone=self._phone(country),
            tags=tuple(tag[:MAX_CHARACTERS] for tag in dict.fromkeys((*tags, *spare)))[:MAX_TAGS],
            consent=self._consent(),
            custom=self._custom(),
            expected_mrr=self._money(),
        )
        return Found(reference, facts, do_not_contact=self._opts_out(tags), notes=tuple(self._notes))

    def _line(self, name: str) -> str | None:
        text = self._fields.first(name)
        return text if text is None else _one_line(text, name)

    def _names(self) -> tuple[str | None, str | None]:
        first, last, full = self._line("first_name"), self._line("last_name"), self._line("full_name")
        if first is None and last is None:
            return values.split_name(full) if full is not None else (None, None)
        return first and values.person_name(first), last and values.person_name(last)

    def _domain(self, address: EmailAddress | None) -> str | None:
        stated = filter(None, map(values.company_host, self._fields.known.get("domain", ())))
        own = None if address is None or is_free_mail(address.domain) else address.domain
        return next(stated, own)

    def _reference(self, is_unknown: bool, name: str, company: str | None, domain: str | None) -> str:
        if given := self._line(_SOURCE_REF):
            return f"{self._hook}:{given}"
        named = folded(name), folded(domain or company or "")
        if is_unknown and not all(named):
            raise Invalid("give an address, a LinkedIn profile, or a name with its company", field="email")
        return "|".join(named) if is_unknown else ""

    def _country(self) -> str | None:
        stated = self._line("country")
        code = country_code(stated) if stated is not None else None
        if stated is not None and code is None:
            self._notes.append("country: not known, kept as it is written")
        return code or stated

    def _headcount(self) -> int | None:
        text = self._line("employee_count")
        count = values.headcount(text) if text is not None else None
        if text is not None and (count is None or count > MAX_EMPLOYEES):
            self._notes.append("employee_count: not understood, left out")
            return None
        return count

    def _zone(self) -> str | None:
        text = self._line("timezone")
        zone = values.zone_name(text) if text is not None else None
        if text is not None and zone is None:
            self._notes.append("timezone: no IANA name such as Europe/Berlin, left out")
        return zone

    def _phone(self, country: str | None) -> str | None:
        text = self._line("phone")
        return values.phone_number(text, country) if text is not None else None

    def _money(self) -> Decimal | None:
        text = self._line("expected_mrr")
        amount = values.money(text) if text is not None else None
        if text is not None and (amount is None or amount > MAX_MONEY):
            self._notes.append("expected_mrr: no amount, left out")
            return None
        return amount

    def _consent(self) -> str | None:
        """A box that was not ticked is no consent."""
        text = self._line("consent")
        return None if text is None or values.says_no(text) else text

    def _opts_out(self, tags: Sequence[str]) -> bool:
        said = self._fields.known.get("do_not_contact", ())
        return any(not values.says_no(text) for text in said) or any(map(is_do_not_contact_tag, tags))

    def _custom(self) -> Mapping[str, str]:
        custom = list(self._fields.custom.items())
        if len(custom) > MAX_CUSTOM:
            self._notes.append(f"custom: more than {MAX_CUSTOM} other fields, the last ones are left out")
        if any(len(text) > MAX_CHARACTERS for _, text in custom[:MAX_CUSTOM]):
            self._notes.append(f"custom: texts are cut after {MAX_CHARACTERS} characters")
        return {name: text[:MAX_CHARACTERS] for name, text in custom[:MAX_CUSTOM]}


def _addresses(fields: Fields) -> tuple[EmailAddress | None, list[str]]:
    """The first readable address of the best field that has one, and the others of that field."""
    problem: Invalid | None = None
    for text in fields.known.get("email", ()):
        try:
            found = values.addresses(_one_line(text, "email"))
        except Invalid as error:
            problem = problem or error
            continue
        if found:
            return found[0], [other.given for other in found[1:]]
    if problem is not None:
        raise problem
    return None, []


def _one_line(text: str, field: str) -> str:
    """Every fact may end up in a mail's header, where a line break would begin another one."""
    if text.splitlines() != [text]:
        raise Invalid("remove line breaks and control characters", field=field)
    if len(text) > MAX_CHARACTERS:
        raise Invalid(f"shorten it to {MAX_CHARACTERS} characters", field=field)
    return text
