"""The source `linkedin`: people who filled in the customer's own Lead Gen Forms, asked for now and then.

A response is given once, however often it is read. Time is read in windows: each is read whole, as often as it takes
until nothing can have slipped between two answers, before the next begins. Every quarter of an hour the latest ones are
read, once a day also those of two days before, for responses that LinkedIn shows late; the first time a year.
A response that is gone by then was withdrawn by its person, who is not to be contacted any more.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from pydantic import ValidationError

from camd.domain.errors import Invalid, Misconfigured, Scope, Transient
from camd.domain.facts import Facts
from camd.ports.clock import Clock
from camd.ports.providers import (
    MAX_CANDIDATES,
    Cursor,
    Found,
    NotYet,
    Page,
    RateLimit,
    Rejected,
    SourceField,
)
from camd.providers.http import Http
from camd.providers.linkedin_api import PAGE, LinkedInApi, LinkedInSettings, Owner
from camd.providers.linkedin_lead import EPOCH, Form, Response, found
from camd.schema.status import FieldKind

POLL = timedelta(minutes=15)
DEEP = timedelta(days=1)
"""Between two readings that go back further."""
OVERLAP = timedelta(hours=48)
KEPT = timedelta(days=365)
"""LinkedIn has no older responses."""
READINGS = 6
"""Of a window that changes while it is read."""
_MS = timedelta(milliseconds=1)
FIELDS = (
    SourceField(
        "owner",
        FieldKind.TEXT,
        "The ad account or page: urn:li:sponsoredAccount:<number> or urn:li:organization:<number>",
        required=True,
    ),
    SourceField("forms", FieldKind.LIST, "Numbers of the lead forms; all of them if left out"),
    MAX_CANDIDATES,
)
_FIELDS = tuple(field.name for field in FIELDS)


@dataclass(frozen=True, slots=True)
class _Settings:
    owner: Owner
    forms: frozenset[str]
    max_candidates: int | None

    def is_full(self, found: int) -> bool:
        return self.max_candidates is not None and found >= self.max_candidates

    @property
    def digest(self) -> str:
        text = json.dumps([self.owner.urn, sorted(self.forms)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading goes on, in milliseconds of the epoch: from `start` to `end`, or, where the two have met, with a
    reading from `again_at` on. `deep_end` is the end of the latest reading that went back further, `seen` what was
    given and may be read again: ids with the instants of their submission."""

    digest: str
    start: int
    end: int
    deep_end: int
    again_at: int
    found: int
    seen: Mapping[str, int]

    def cursor(self) -> Cursor:
        return {
            "digest": self.digest,
            "start": self.start,
            "end": self.end,
            "deep_end": self.deep_end,
            "again_at": self.again_at,
            "found": self.found,
            "seen": json.dumps(dict(self.seen), separators=(",", ":")),
        }

    @property
    def is_done(self) -> bool:
        return self.start >= self.end

    def next_reading(self, now: int) -> "_Place":
        # A clock that was set back leaves `end` and `deep_end` in the future.
        if 0 <= now - self.deep_end < DEEP // _MS:
            start, deep_end = min(self.end, now) - POLL // _MS, self.deep_end
        else:
            start, deep_end = min(self.deep_end, now) - OVERLAP // _MS, now
        start = max(start, now - KEPT // _MS)
        return replace(self, start=start, end=now, deep_end=deep_end)

    def after(self, window_end: int, now: int) -> "_Place":
        """The window is read; what no reading will see again is forgotten."""
        oldest = min(self.deep_end - OVERLAP // _MS, window_end)
        seen = {name: at for name, at in self.seen.items() if at >= oldest}
        return replace(self, start=window_end, again_at=now + POLL // _MS, seen=seen)


@dataclass(frozen=True, slots=True)
class _Element:
    """What a window holds, under its id, or under a hash where it has none that can be read."""

    name: str
    at: int
    response: Response | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way through all pages; it is steady where LinkedIn counted the same on each."""

    found: dict[str, _Element]
    total: int | None
    is_steady: bool


class LinkedInSource:
    """`[[sources]]` of type `linkedin`: `owner` (URN of an ad account or a page), `forms` (ids, left out: all) and
    `max_candidates`, counted over the life of the entry. Test leads are passed over."""

    name = "linkedin"
    fields: Sequence[SourceField] = FIELDS
    limits: Sequence[RateLimit] = ()
    price = Decimal(0)

    def __init__(self, settings: LinkedInSettings, clock: Clock, http: Http | None = None) -> None:
        self._clock = clock
        self._api = LinkedInApi(settings, clock, http or Http())
        self._forms: dict[tuple[str, str], Form] = {}  # by number and version

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        return [*_problems(settings), *self._api.problems()]

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> Page | NotYet:
        """One window at most. Raises `Misconfigured`, `Transient` or `Permanent`, of scope `campaign` where only this
        entry is at fault."""
        if problems := _problems(settings):
            raise Misconfigured("; ".join(problems), scope=Scope.CAMPAIGN)
        wanted, now = _settings(settings), (self._clock.now() - EPOCH) // _MS
        place = _place(wanted, cursor, now)
        if wanted.is_full(place.found):
            return Page((), (), place.cursor(), exhausted=True)
        if place.is_done:
            # A wait longer than the longest was begun by a clock that has been set back since.
            if now < place.again_at <= now + POLL // _MS:
                return NotYet(EPOCH + place.again_at * _MS)
            place = place.next_reading(now)
        end, window = await self._window(wanted.owner, place.start, place.end, limit)
        if gone := await self._withdrawn(place, end, window):
            return _without(place, gone[:limit])
        return self._page(wanted, place, end, await self._with_forms(wanted.owner, window), limit)

    async def _with_forms(self, owner: Owner, window: Sequence[_Element]) -> Sequence[_Element]:
        """Each response with its form, looked up where LinkedIn left it out."""
        bare = [each.response for each in window if each.response is not None and each.response.lacks_its_form]
        if {_form_of(response) for response in bare} - self._forms.keys():
            await self._learn_forms(owner)
        return [self._filled(element) for element in window] if bare else window

    def _filled(self, element: _Element) -> _Element:
        response = element.response
        if response is None or not response.lacks_its_form or _form_of(response) not in self._forms:
            return element
        return replace(element, response=response.model_copy(update={"form": self._forms[_form_of(response)]}))

    async def _learn_forms(self, owner: Owner) -> None:
        offset, is_last = 0, False
        while not is_last:
            batch = await self._api.forms(owner, offset)
            for given in batch.elements:
                with suppress(ValidationError):
                    form = Form.model_validate(given)
                    self._forms[str(form.id or ""), str(form.version or "")] = form
            offset += len(batch.elements) or PAGE
            is_last = batch.is_last(offset)

    async def _withdrawn(self, place: _Place, end: int, window: Sequence[_Element]) -> Sequence[str]:
        """What was given and is gone; asked for by its id too, as a list that lacks it proves little."""
        here = {element.name for element in window}
        missing = [name for name, at in place.seen.items() if place.start <= at < end and name not in here]
        return [name for name in missing[:PAGE] if not (_is_hash(name) or await self._api.exists(name))]

    def _page(self, wanted: _Settings, place: _Place, end: int, window: Sequence[_Element], limit: int) -> Page:
        people: list[Found] = []
        rejected: list[Rejected] = []
        seen = dict(place.seen)
        is_whole = True
        for line, element in enumerate(window, start=1):
            if element.name in seen or _is_passed_over(element, wanted.forms):
                continue
            if len(people) + len(rejected) == limit or wanted.is_full(place.found + len(people)):
                is_whole = False
                break
            seen[element.name] = element.at or end
            row = _row(element, line)
            if isinstance(row, Found):
                people.append(row)
            else:
                rejected.append(row)
        reached = replace(place, found=place.found + len(people), seen=seen)
        if is_whole:
            reached = reached.after(end, (self._clock.now() - EPOCH) // _MS)
        is_full = wanted.is_full(reached.found)
        return Page(people, rejected, reached.cursor(), is_full, warnings=self._api.warnings())

    async def _window(self, owner: Owner, start: int, end: int, most: int) -> tuple[int, Sequence[_Element]]:
        """The first part of [start, end) that holds at most about `most` responses, and all of them in the order of
        their submission. What was submitted in one and the same millisecond cannot be parted."""
        while True:
            found: dict[str, _Element] = {}
            for lead_type in owner.lead_types:
                part = await self._whole(owner, lead_type, start, end, most if end - start > 1 else None)
                if part is None:
                    end = start + (end - start) // 2
                    break
                found |= part
            else:
                return end, sorted(found.values(), key=lambda element: (element.at, element.name))

    async def _whole(
        self, owner: Owner, lead_type: str, start: int, end: int, most: int | None
    ) -> dict[str, _Element] | None:
        """Everything submitted in [start, end), or none where that is more than `most`.

        Paging by number shows one twice and another never when something appears or goes between two answers, or
        their order changes. So it is read until it holds as many as LinkedIn counts, or twice the same.
        """
        everything: dict[str, _Element] = {}
        counted: int | None = None
        before: _Reading | None = None
        for _ in range(READINGS):
            reading = await self._reading(owner, lead_type, start, end, most)
            if reading is None:
                return None
            if reading.is_steady:
                everything = everything | reading.found if reading.total == counted else reading.found
                counted = reading.total
                is_counted = counted is not None and len(everything) >= counted
                if is_counted or (before is not None and before.found.keys() == reading.found.keys()):
                    return everything
                before = reading
        raise Transient("LinkedIn's responses change while they are read", scope=Scope.PROVIDER)

    async def _reading(self, owner: Owner, lead_type: str, start: int, end: int, most: int | None) -> _Reading | None:
        """Page by page, until the end or until the count changes."""
        found: dict[str, _Element] = {}
        first = batch = await self._api.responses(owner, lead_type, start, end, 0)
        offset = 0
        while True:
            if most is not None and max(batch.total or 0, len(found)) > most:
                return None
            found |= {element.name: element for element in map(_element, batch.elements)}
            # By what was shown: a page may hold fewer than were asked for.
            offset += len(batch.elements) or PAGE
            if batch.is_last(offset) or batch.total != first.total:
                return _Reading(found, first.total, is_steady=batch.total == first.total)
            batch = await self._api.responses(owner, lead_type, start, end, offset)


def _problems(settings: Mapping[str, object]) -> list[str]:
    problems = [f"{name}: unknown field; known are {', '.join(_FIELDS)}" for name in settings if name not in _FIELDS]
    if Owner.read(settings.get("owner")) is None:
        problems.append("owner: give urn:li:sponsoredAccount:<number> or urn:li:organization:<number>")
    forms = settings.get("forms", ())
    if not isinstance(forms, list | tuple) or any(_form_id(form) is None for form in forms):
        problems.append("forms: give a list of the forms' numbers, or leave it out for all of them")
    most = settings.get("max_candidates")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        problems.append("max_candidates: give a whole number of at least 1")
    return problems


def _form_id(form: object) -> str | None:
    """A number, also as text or as the end of a URN."""
    if isinstance(form, bool) or not isinstance(form, int | str):
        return None
    number = str(form).removeprefix("urn:li:leadGenForm:")
    return number if number.isascii() and number.isdecimal() else None


def _settings(settings: Mapping[str, object]) -> _Settings:
    owner, forms, most = Owner.read(settings["owner"]), settings.get("forms", ()), settings.get("max_candidates")
    assert owner is not None
    assert isinstance(forms, list | tuple)
    assert most is None or isinstance(most, int)
    return _Settings(owner, frozenset(number for form in forms if (number := _form_id(form))), most)


def _place(wanted: _Settings, cursor: Cursor | None, now: int) -> _Place:
    """Where the cursor left off, if it is about the same forms; else the beginning."""
    if cursor is None or cursor["digest"] != wanted.digest:
        return _Place(wanted.digest, now - KEPT // _MS, now, now, 0, 0, {})
    numbers = {name: int(cursor[name] or 0) for name in ("start", "end", "deep_end", "again_at", "found")}
    return _Place(digest=wanted.digest, seen=json.loads(str(cursor["seen"])), **numbers)


def _without(place: _Place, gone: Sequence[str]) -> Page:
    """The next page reads the same window once more."""
    left = replace(place, seen={name: at for name, at in place.seen.items() if name not in gone})
    withdrawn = [Found(name, Facts(), do_not_contact=True) for name in gone]
    return Page(withdrawn, (), left.cursor(), exhausted=False)


def _element(given: object) -> _Element:
    try:
        response = Response.model_validate(given)
    except ValidationError:
        text = json.dumps(given, sort_keys=True)
        return _Element(f"#{hashlib.sha256(text.encode()).hexdigest()[:32]}", 0, None)
    return _Element(response.id, response.submitted, response)


def _form_of(response: Response) -> tuple[str, str]:
    return response.form_id, response.form_version


def _is_hash(name: str) -> bool:
    return name.startswith("#")


def _is_passed_over(element: _Element, forms: frozenset[str]) -> bool:
    response = element.response
    return response is not None and (response.is_test or bool(forms and response.form_id not in forms))


def _row(element: _Element, line: int) -> Found | Rejected:
    if element.response is None:
        return Rejected(line, "malformed: this response has not the form that LinkedIn documents")
    if element.response.lacks_its_form:
        return Rejected(line, f"response {element.name}: no_form: LinkedIn does not tell what was asked")
    try:
        return found(element.response)
    except Invalid as problem:
        return Rejected(line, f"response {element.name}: {problem.field}: {problem}")
