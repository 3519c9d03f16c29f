"""What the engine asks of the outside world about people: where they are found, and whether their address works.

A provider is one module under `camd/providers/`, named in `daemon/wiring.py` and nowhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from camd.domain.contact import EmailAddress
from camd.domain.facts import Facts, Verdict
from camd.schema.status import FieldKind

JsonScalar = str | int | float | bool | None
Cursor = Mapping[str, JsonScalar]
"""Where a source goes on; opaque to the engine, stored with the candidates it led to."""


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a source. `line` is its place for a person who looks for it, `do_not_contact` an opt-out
    that the source carries, `notes` what was understood only in part. Of a stub only its `source_ref` is sure: the
    provider has to be asked, for credits, who it is."""

    source_ref: str
    facts: Facts
    line: int | None = None
    do_not_contact: bool = False
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()
    is_stub: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot become a lead, and why, in words a person can act on."""

    line: int
    reason: str


class PeopleFile(Protocol):
    """A file of people while it is read, row by row in its order; to be closed by who reads it."""

    @property
    def columns(self) -> Sequence[tuple[str, str | None]]:
        """The header as it stands in the file, and what each column fills: a field, `custom.<name>` or nothing."""
        ...

    @property
    def fields(self) -> Sequence[str]:
        """What a column can be mapped to, beside `custom.<name>`."""
        ...

    def __iter__(self) -> Iterator[Found | Rejected]: ...

    def __next__(self) -> Found | Rejected: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Page:
    """One bounded read of a source; `exhausted` means that nothing more is to come until the source changes.
    `warnings` are about the provider, in words a person can act on before it fails; `credits` is what it cost."""

    found: Sequence[Found]
    rejected: Sequence[Rejected]
    cursor: Cursor
    exhausted: bool
    warnings: Sequence[str] = ()
    credits: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` calls in `period`, spread evenly, `burst` at once."""

    count: int
    period: timedelta
    burst: int = field(default=1)


@dataclass(frozen=True, slots=True)
class NotYet:
    """A source that gains people by and by was not asked: the next read is worth its while at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class SourceField:
    """A field that an entry of the source takes; `about` says in a line what it is for."""

    name: str
    kind: FieldKind
    about: str
    required: bool = False


MAX_CANDIDATES = SourceField("max_candidates", FieldKind.NUMBER, "At most so many people; all of them if left out")


class LeadSource(Protocol):
    """Finds people for a campaign.

    `settings` are the fields of the campaign's `[[sources]]` entry without `type`. Raises `Misconfigured`
    (a person must mend the entry) or `Transient` (try later); never skips a row silently. A row found without an
    address and marked `do_not_contact` takes back the one that had the same `source_ref`.
    """

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Sequence[RateLimit]:
        """Of its fetches; they may change with what the provider's headers tell."""
        ...

    @property
    def price(self) -> Decimal:
        """The credits that a fetch costs at most. One that costs is repeatable: the same fetch costs nothing more."""
        ...

    @property
    def fields(self) -> Sequence[SourceField]:
        """All that an entry may hold beside `type`; a form is made of them."""
        ...

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        """Problems of the entry, each naming its field and the mend; empty when it is usable."""
        ...

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> Page | NotYet: ...


@dataclass(frozen=True, slots=True)
class Verification:
    """A verdict on an address with the evidence for it, such as `mx: mail.example.com` or `dns: time-out`."""

    verdict: Verdict
    evidence: str


class AddressVerifier(Protocol):
    """Judges an address without paying. A time-out is the verdict `unknown`, never `valid`, and no exception."""

    @property
    def name(self) -> str: ...

    @property
    def rate_limit(self) -> RateLimit: ...

    async def verify(self, address: EmailAddress) -> Verification: ...
