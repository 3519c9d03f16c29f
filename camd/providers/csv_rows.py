"""A CSV file -> rows of people: `read_rows` promises one answer for each record of the file, in its order.

A row is `Found`, or `Rejected` with its line and a reason; only what spoils the whole file raises `Invalid`.
Reasons and notes repeat no cell (but Evaboot's own reason), so an address never reaches a log through them.
"""

import hashlib
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from typing import BinaryIO

from camd.domain.contact import EmailAddress, folded, is_free_mail, linkedin_key, name_key
from camd.domain.errors import Invalid
from camd.domain.facts import Facts, Verdict
from camd.domain.suppression import is_do_not_contact_tag
from camd.domain.zones import country_code
from camd.ports.providers import Found, Rejected
from camd.providers import csv_values as values
from camd.providers.csv_columns import Columns, Layout, cleaned, find_layout
from camd.providers.csv_records import Position, Record, records, scan
from camd.providers.csv_vocabulary import vocabulary

MAX_CUSTOM = 50
MAX_CHARACTERS = 1_000
# A bare small number counts the rows of a file as often as it names a person: two files would collide.
_ROW_COUNTER = re.compile(r"\d{1,6}")
_LINKEDIN = "linkedin.com"
_MEMBER_ID = re.compile(r"(?:^|/)(AC[ow][A-Za-z0-9_-]{4,})")

_Place = tuple[str | None, str | None]
"""City and country."""


class Rows:
    """The rows of a file as they are read, and what its columns fill."""

    def __init__(self, layout: Layout, rows: Generator[tuple[Found | Rejected, Position], None, None]) -> None:
        self.columns = layout.columns.uses()
        self.fields = tuple(vocabulary().columns)
        self._rows = rows

    def __iter__(self) -> Iterator[Found | Rejected]:
        return self

    def __next__(self) -> Found | Rejected:
        return next(self._rows)[0]

    def close(self) -> None:
        self._rows.close()


def read_rows(stream: BinaryIO, *, mapping: Mapping[str, str] | None = None) -> Rows:
    """Every row of a seekable binary stream, read twice in bounded memory; the stream stays open.

    `mapping` is column header -> field or `custom.<name>` and goes before the aliases. Rows that Evaboot marks
    as not matching the search are refused, unless the operator maps that column to a custom field.

    `source_ref` is the same when the file is imported again: `<column>:<id>` of the vendor's id column
    (`linkedin:<member id>` for LinkedIn's own), else `row:` and a hash of the address key, of the LinkedIn
    URL, or of name and company.

    Raises `Invalid` (field `file` or `map`) at the call, before the first row.
    """
    layout = find_layout(stream, scan(stream), mapping or {})
    return Rows(layout, rows_from(stream, layout, layout.body))


def rows_from(
    stream: BinaryIO, layout: Layout, start: Position
) -> Generator[tuple[Found | Rejected, Position], None, None]:
    """The rows from `start` on, each with the place at which the next one begins."""
    width = len(layout.columns.header)
    with closing(records(stream, layout.content.encoding, layout.delimiter, start, width)) as found:
        for record in found:
            yield _row(layout.columns, record), record.end


def _row(columns: Columns, record: Record) -> Found | Rejected:
    reason = record.problem or _not_a_person(columns, record)
    if reason is not None:
        return Rejected(record.line, reason)
    try:
        return _Row(columns, record).found()
    except Invalid as problem:
        return Rejected(record.line, f"{problem.field}: {problem}")


def _not_a_person(columns: Columns, record: Record) -> str | None:
    if not any(cell.strip() for cell in record.cells):
        return "empty: the row holds only delimiters"
    if record.cells == columns.header:
        return "malformed: the header line stands here again"
    matches = columns.first("matches_filters", record.cells)
    if matches is not None and values.says_no(matches):
        why = columns.first("no_match_reasons", record.cells) or "no reason given"
        return f"not_matched: {' '.join(why.split())[:200]}"
    return None


class _Row:
    """One record on its way to `Found`. Raises `Invalid` with the kind of refusal as its field."""

    def __init__(self, columns: Columns, record: Record) -> None:
        self._columns = columns
        self._cells = record.cells
        self._line = record.line
        self._notes: list[str] = []
        self._kept: dict[str, str] = {}

    def found(self) -> Found:
        address, spare = self._addresses()
        first, last = self._names()
        company, domain = self._text("company"), self._domain(address)
        profile = self._profile()
        if address is None and profile is None and not ((first or last) and (company or domain)):
            raise Invalid("neither an e-mail address, nor a LinkedIn URL, nor name and company", field="no_identity")
        city, country = self._place()
        title = self._text("title")
        tags = self._tags()
        verdict = self._verdict() if address is not None else None
        source_ref = self._vendor_id() or _hash(address, profile, first, last, company, domain)
        facts = Facts(
            email=address.given if address is not None else None,
            first_name=first,
            last_name=last,
            title=title,
            seniority=self._seniority(title),
            company=company,
            domain=domain,
            industry=self._text("industry"),
            employee_count=self._headcount(),
            country=country,
            city=city,
            timezone=self._zone(),
            language=self._text("language"),
            linkedin_url=profile,
            phone=self._phone(country),
            tags=tuple(dict.fromkeys((*tags, *spare))),
            consent=self._text("consent"),
            custom=self._custom(),
            source="csv",
            source_ref=source_ref,
            expected_mrr=self._money(),
        )
        opted_out = self._opted_out(tags) or verdict is Verdict.SUPPRESSED
        return Found(source_ref, facts, self._line, opted_out, verdict, tuple(self._notes))

    def _first(self, field: str) -> str | None:
        return self._columns.first(field, self._cells)

    def _text(self, field: str) -> str | None:
        value = self._first(field)
        return None if value is None else _one_line(value, field)

    def _addresses(self) -> tuple[EmailAddress | None, list[str]]:
        """The first readable address of the first column that has one, and the others of its cell."""
        problem: Invalid | None = None
        for _, cell in self._columns.values("email", self._cells):
            try:
                found = values.addresses(_one_line(cell, "email"))
            except Invalid as error:
                problem = problem or error
                continue
            if found:
                return found[0], [other.given for other in found[1:]]
        if problem is not None:
            raise Invalid(str(problem), field="bad_email") from problem
        return None, []

    def _names(self) -> tuple[str | None, str | None]:
        first, last = self._text("first_name"), self._text("last_name")
        if first is None and last is None:
            full = self._text("full_name")
            return values.split_name(full) if full is not None else (None, None)
        return first and values.person_name(first), last and values.person_name(last)

    def _domain(self, address: EmailAddress | None) -> str | None:
        for _, cell in self._columns.values("domain", self._cells):
            if (host := values.company_host(cell)) is not None:
                return host
        return None if address is None or is_free_mail(address.domain) else address.domain

    def _profile(self) -> str | None:
        profile: str | None = None
        for column, cell in self._columns.values("linkedin_url", self._cells):
            if profile is None:
                profile = linkedin_key(cell)
            if _LINKEDIN not in cell.lower():
                # A column "url" is as often the company's own page.
                self._kept[column] = cell
        return profile

    def _place(self) -> _Place:
        """The person's own place before their company's."""
        place = self._stated_place("city", "country")
        if None in place:
            place = _completed(place, self._located("location"))
        if None in place:
            place = _completed(place, self._stated_place("company_city", "company_country"))
        if None in place:
            place = _completed(place, self._located("company_location"))
        return place

    def _stated_place(self, city: str, country: str) -> _Place:
        stated = self._text(country)
        code = country_code(stated) if stated is not None else None
        if stated is not None and code is None:
            self._notes.append(f"{country}: not known, kept as it is written")
        return self._text(city), code or stated

    def _located(self, field: str) -> _Place:
        location = self._text(field)
        if location is None:
            return None, None
        place = values.place(location)
        if place[1] is None:
            self._kept[field] = location
        return place

    def _seniority(self, title: str | None) -> str | None:
        stated = self._text("seniority")
        level = values.seniority_of(stated) if stated is not None else None
        return level or (values.seniority_of(title) if title is not None else None)

    def _headcount(self) -> int | None:
        texts = [_one_line(cell, "employee_count") for _, cell in self._columns.values("employee_count", self._cells)]
        if not texts:
            return None
        # Evaboot's exact count is 0 where only the range is known.
        read = ((text, count) for text in texts if (count := values.headcount(text)) is not None)
        text, count = next(read, (texts[0], None))
        if not text.isdecimal():
            self._kept["employee_count"] = text
        if count is None:
            self._notes.append("employee_count: not understood")
        return count

    def _zone(self) -> str | None:
        text = self._text("timezone")
        zone = values.zone_name(text) if text is not None else None
        if text is not None and zone is None:
            self._notes.append("timezone: no IANA name such as Europe/Berlin, left out")
        return zone

    def _phone(self, country: str | None) -> str | None:
        text = self._text("phone")
        return values.phone_number(text, country) if text is not None else None

    def _money(self) -> Decimal | None:
        text = self._text("expected_mrr")
        amount = values.money(text) if text is not None else None
        if text is not None and amount is None:
            self._notes.append("expected_mrr: no amount, left out")
        return amount

    def _tags(self) -> list[str]:
        tags = [tag for _, cell in self._columns.values("tags", self._cells) for tag in values.tag_list(cell)]
        if any(values.says_yes(cell) for _, cell in self._columns.values("do_not_call", self._cells)):
            tags.append("do_not_call")
        lifecycle = self._text("lifecycle")
        if lifecycle is not None:
            self._kept["lifecycle_stage"] = lifecycle
            if folded(lifecycle) == "customer":
                tags.append("customer")
        return tags

    def _opted_out(self, tags: list[str]) -> bool:
        """One column that says so is enough, whatever the others say."""
        return (
            self._is_affirmed("do_not_contact")
            or self._bounced()
            or any(values.opts_out(stage) for _, stage in self._columns.values("stage", self._cells))
            or any(is_do_not_contact_tag(tag) for tag in tags)
        )

    def _bounced(self) -> bool:
        return self._is_affirmed("email_bounced")

    def _is_affirmed(self, field: str) -> bool:
        # In such a column a date or "by phone" means yes.
        return any(not values.says_no(cell) for _, cell in self._columns.values(field, self._cells))

    def _verdict(self) -> Verdict | None:
        if self._bounced():
            return Verdict.INVALID
        status = values.status_verdict(self._first("email_status") or "")
        catch_all = values.status_verdict(self._first("email_catch_all") or "") is Verdict.CATCH_ALL
        if catch_all and status in {None, Verdict.VALID, Verdict.UNKNOWN}:
            return Verdict.CATCH_ALL
        return status

    def _vendor_id(self) -> str | None:
        mapped = "source_ref" in self._columns.mapped
        for column, cell in self._columns.values("source_ref", self._cells):
            if member := _MEMBER_ID.search(cell):
                return f"linkedin:{member[1]}"
            if mapped or not _ROW_COUNTER.fullmatch(cell):
                return f"{column}:{_one_line(cell, 'source_ref')}"
        for _, cell in self._columns.values("linkedin_url", self._cells):
            if member := _MEMBER_ID.search(cell):
                return f"linkedin:{member[1]}"
        return None

    def _custom(self) -> Mapping[str, str]:
        for field in ("region", "email_status", "email_verified_at"):
            if (value := self._first(field)) is not None:
                self._kept[field] = value
        self._kept.update(self._columns.values("stage", self._cells))
        others = {
            name: value
            for name, index in self._columns.custom.items()
            if index < len(self._cells)
            and (value := cleaned(self._cells[index]))
            and not values.is_unknown_zero(name, value)
        }
        custom = list((self._kept | others).items())
        if len(custom) > MAX_CUSTOM:
            self._notes.append(f"custom: more than {MAX_CUSTOM} other columns, the last ones are left out")
        return {name: value[:MAX_CHARACTERS] for name, value in custom[:MAX_CUSTOM]}


def _completed(known: _Place, more: _Place) -> _Place:
    """Never the city of one country with the other country."""
    if None not in (known[1], more[1]) and known[1] != more[1]:
        return known
    return known[0] or more[0], known[1] or more[1]


def _one_line(value: str, field: str) -> str:
    """Every fact may end up in a mail's header, where a line break would begin another header."""
    if value.splitlines() != [value]:
        raise Invalid(f"{field} holds a line break", field="malformed")
    if len(value) > MAX_CHARACTERS:
        raise Invalid(f"{field} has more than {MAX_CHARACTERS} characters", field="malformed")
    return value


def _hash(
    address: EmailAddress | None,
    profile: str | None,
    first: str | None,
    last: str | None,
    company: str | None,
    domain: str | None,
) -> str:
    if address is not None:
        identity = address.key
    elif profile is not None:
        identity = profile
    else:
        named = "|".join(folded(part or "") for part in (first, last, company))
        identity = name_key(first, last, domain) or f"{named}|{domain or ''}"
    return f"row:{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
