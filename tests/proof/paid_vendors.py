"""The simulators of five vendors as they know invented people, and the parts of camd that ask them in virtual time: it
passes only while no request is under way, and is the simulators' own time too."""

import mmap
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from aiohttp import web
from anyio.from_thread import start_blocking_portal
from pydantic import SecretStr

from camd.daemon.wiring import Adapters
from camd.domain.facts import Verdict
from camd.domain.waterfall import Operation
from camd.ports.clock import Clock
from camd.ports.lookups import Enricher, Job, Question, Reply, Service
from camd.providers.apollo import ApolloSource
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.csv_file import CsvSource
from camd.providers.dns import DnsVerifier, Hosts, MxAnswer, NullMx
from camd.providers.dns_resolver import BundledResolver
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.http import Answer, Http
from camd.providers.hunter import HunterSource
from camd.providers.hunter_api import HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInSettings
from camd.providers.zerobounce import ZeroBounce, ZeroBounceSettings
from camd.sim.clock import VirtualClock, VirtualLoop
from camd.system import SystemEntropy, SystemIds
from tests.proof.paid_people import Deal, Knows, Mailbox, Place, Somebody
from tests.simulators import apollo, dropcontact, hunter, linkedin, zerobounce
from tests.simulators.vendor import Request, Vendor

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
PROVIDERS = ("apollo", "dropcontact", "hunter", "zerobounce")
FORM = 7149246
BATCH = 20
"""People in a call of those who take many: else a kill would make half of everybody uncertain."""
_STATUSES: Mapping[tuple[Knows, str], Sequence[str]] = {
    (Knows.TRUTH, "valid"): ("verified", "likely to engage"),
    (Knows.TRUTH, "invalid"): ("bounced",),
}
_GUESSES = ("guessed", "extrapolated", "unverified")


class SharedInstant:
    """Seconds since `START`, in memory that a process shares with its children; the clock of the simulators."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    @property
    def seconds(self) -> float:
        told: float = struct.unpack("d", self._memory[:8])[0]
        return told

    def set(self, instant: datetime) -> None:
        self._memory[:8] = struct.pack("d", (instant - START).total_seconds())

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


class TellingClock(VirtualClock):
    """Whenever somebody looks at it the simulators know the time too."""

    def __init__(self, loop: VirtualLoop, shared: SharedInstant) -> None:
        super().__init__(loop, shared.now() + timedelta(seconds=1))
        self._shared = shared

    def now(self) -> datetime:
        now = super().now()
        self._shared.set(now)
        return now


@dataclass(frozen=True, slots=True)
class WaitingHttp(Http):
    """Time stands still while a request is under way."""

    clock: Clock = field(default_factory=SharedInstant)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        with self.clock.real_work():
            return await Http.request(self, method, url, headers=headers, content=content)


class Heard:
    """The requests that must not be repeated, of all simulators."""

    def __init__(self) -> None:
        self._left = 0
        self._act: Callable[[], None] | None = None

    def call(self, act: Callable[[], None], at: int) -> None:
        """Once, at the request of that number, from now on."""
        self._left, self._act = at, act

    def note(self) -> None:
        self._left -= 1
        act = self._act
        if act is not None and self._left <= 0:
            self._act = None
            act()


class Watched(Vendor):
    """Tells of each request that must not be repeated when its answer is made and not yet given."""

    heard: Heard
    told: Counter[int]

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        good: web.Response = super().answer(request, fault)  # type: ignore[safe-super]  # the vendor comes next
        self.told[good.status] += 1
        if request.method == "POST" and not request.path.endswith("search"):
            self.heard.note()
        return good


class WatchedApollo(Watched, apollo.Apollo): ...


class WatchedHunter(Watched, hunter.Hunter): ...


class WatchedDropcontact(Watched, dropcontact.Dropcontact): ...


class WatchedZeroBounce(Watched, zerobounce.ZeroBounce): ...


@dataclass(frozen=True, slots=True)
class Paid:
    """What a simulator charged; `about` is the number of a person, none for a page of a search."""

    deal: Deal
    about: int | None
    credits: Decimal


@dataclass(slots=True)
class Vendors:
    """The five simulators, as they know `everybody`."""

    everybody: Sequence[Somebody]
    apollo: WatchedApollo
    dropcontact: WatchedDropcontact
    hunter: WatchedHunter
    zerobounce: WatchedZeroBounce
    linkedin: linkedin.LinkedIn
    time: SharedInstant
    heard: Heard

    @classmethod
    def of(cls, everybody: Sequence[Somebody], seconds: float = 0.0) -> "Vendors":
        """Who must not be asked twice takes so long for an answer, by the clock on the wall."""
        time, heard = SharedInstant(), Heard()
        people = [who.person for who in everybody]
        by_number = {who.person.number: who for who in everybody}
        vendors = cls(
            everybody,
            WatchedApollo(
                people=[
                    who.person for who in everybody if who.apollo is not Knows.NOTHING or Place.APOLLO in who.places
                ],
                unmatched={who.person.number for who in everybody if who.apollo is Knows.NOTHING},
                without_email={who.person.number for who in everybody if who.apollo is Knows.NO_ADDRESS},
                statuses={who.person.number: _apollo_status(who) for who in everybody},
                limits_enforced=True,
                clock=time,
            ),
            WatchedDropcontact(
                people=people, kind_of=lambda one: by_number[one.number].dropcontact, seconds=lambda: time.seconds
            ),
            WatchedHunter(
                people=people,
                unfound={who.person.email for who in everybody if not who.is_findable},
                statuses={who.person.email: _hunter_status(who) for who in everybody},
                claimed={who.person.email for who in everybody if who.hunter is Knows.OBJECTED},
                limits_enforced=True,
                now=lambda: time.seconds,
            ),
            WatchedZeroBounce(people=people, verdicts={who.person.email: _zerobounce_status(who) for who in everybody}),
            linkedin.LinkedIn([each for who in everybody if (each := _form(who)) is not None]),
            time,
            heard,
        )
        for vendor in vendors.paid.values():
            vendor.heard, vendor.told = heard, Counter()
            vendor.delay_seconds = 0.0 if vendor is vendors.hunter else seconds
        return vendors

    @property
    def paid(self) -> Mapping[str, Watched]:
        """By the names that camd has for them."""
        each: tuple[Watched, ...] = (self.apollo, self.dropcontact, self.hunter, self.zerobounce)
        return dict(zip(PROVIDERS, each, strict=True))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """On a thread of their own: whoever asks may be a child of this process."""
        with start_blocking_portal() as portal, ExitStack() as servers:
            for vendor in self.paid.values():
                servers.enter_context(portal.wrap_async_context_manager(vendor.serving()))
            servers.enter_context(portal.wrap_async_context_manager(self.linkedin.serving()))
            yield

    def charges(self) -> Sequence[Paid]:
        """All that the simulators charged until now."""
        self.dropcontact.settle()
        by_name = {
            name: who.person.number for who in self.everybody for name in (who.person.apollo_id, who.person.email)
        }
        return [
            Paid((name, Operation(charge.operation)), by_name.get(charge.about), charge.credits)
            for name, vendor in self.paid.items()
            for charge in vendor.charges
        ]

    @property
    def zone(self) -> Mapping[str, MxAnswer]:
        hosts = Hosts(("mx.example",), 3_600)
        dead = {who.person.domain for who in self.everybody if who.mailbox is Mailbox.DEAD}
        domains = {who.person.domain for who in self.everybody} | {"web.de", "freemail.example"}
        return {domain: NullMx(3_600) if domain in dead else hosts for domain in domains}

    def adapters(self, clock: Clock, *, asks_again: bool = False) -> Adapters:
        """As the daemon's wiring puts them together, but for the invented DNS; with `asks_again` whoever is asked says
        that an answer is paid for once."""
        key, http, entropy = SecretStr, WaitingHttp(clock=clock), SystemEntropy()
        for_apollo = ApolloSettings(api_key=key(apollo.KEY), base_url=self.apollo.base_url)
        for_hunter = HunterSettings(api_key=key(hunter.KEY), base_url=self.hunter.base_url)
        for_dropcontact = DropcontactSettings(
            api_key=key(dropcontact.KEY), base_url=self.dropcontact.base_url, batch_size=BATCH
        )
        for_zerobounce = ZeroBounceSettings(
            api_key=key(zerobounce.KEY), base_url=self.zerobounce.base_url, batch_size=BATCH
        )
        for_linkedin = LinkedInSettings(
            access_token=key(linkedin.TOKEN), version="202610", base_url=self.linkedin.base_url
        )
        enrichers: list[Enricher] = [
            ApolloEnricher(for_apollo, clock, http),
            Dropcontact(for_dropcontact, clock, http),
            HunterLookups(for_hunter, clock, http),
            ZeroBounce(for_zerobounce, clock, http),
        ]
        return Adapters(
            clock,
            entropy,
            SystemIds(clock, entropy),
            (
                CsvSource(clock),
                ApolloSource(for_apollo, clock, http),
                HunterSource(for_hunter, clock, http),
                LinkedInSource(for_linkedin, clock, http),
            ),
            DnsVerifier(BundledResolver(self.zone), clock),
            enrichers=tuple(AsksAgain(each) for each in enrichers) if asks_again else tuple(enrichers),
        )


def _apollo_status(who: Somebody) -> str:
    told = _STATUSES.get((who.apollo, who.truth), _GUESSES)
    return told[who.person.number % len(told)]


def _hunter_status(who: Somebody) -> str:
    status = {Verdict.CATCH_ALL: "accept_all"}.get(who.truth, who.truth.value)
    return status if who.hunter is Knows.TRUTH else "unknown"


def _zerobounce_status(who: Somebody) -> tuple[str, str]:
    match who.zerobounce:
        case Knows.TRUTH:
            return who.truth.value.replace("_", "-"), ""
        case Knows.OBJECTED:
            return "do_not_mail", "global_suppression"
        case Knows.ROLE:
            return "do_not_mail", "role_based"
    return "unknown", "timeout_exceeded"


def _form(who: Somebody) -> linkedin.Json | None:
    one = who.person
    answers = {"FIRST_NAME": one.first_name, "LAST_NAME": one.last_name, "COMPANY_NAME": one.company}
    if Place.FORM in who.places:
        answers["EMAIL"] = one.email
    elif Place.PROFILE_FORM not in who.places:
        return None
    if who.has_profile:
        answers["LINKEDIN_PROFILE_LINK"] = one.linkedin
    return linkedin.response(one.number, START - timedelta(minutes=1 + one.number), form=FORM, answers=answers)


class AsksAgain:
    """The bug that the proof must see: an answer that was lost is asked for again, and paid for again."""

    def __init__(self, inner: Enricher) -> None:
        self._inner = inner
        self.name = inner.name

    @property
    def services(self) -> Sequence[Service]:
        return [replace(service, is_repeatable=True) for service in self._inner.services]

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        return await self._inner.ask(operation, questions)

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        return await self._inner.poll(job, questions)
