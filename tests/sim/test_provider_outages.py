"""Four vendors in trouble at once, their real adapters against their simulators: nobody who is ready waits, and the
operator is told of each once."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from aiohttp import web
from pydantic import SecretStr

from camd.api.app import build_app
from camd.api.listen import serve
from camd.domain.campaign import Campaign, Enrichment, SourceEntry
from camd.domain.facts import Facts
from camd.ports.clock import Clock
from camd.ports.lookups import Enricher
from camd.ports.providers import Found, LeadSource
from camd.ports.settings import LoggingSettings, Settings
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.hunter_api import HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInSettings
from camd.sim.world import World, mailbox, people, simulate
from camd.telemetry.logs import configure
from tests.simulators import apollo, dropcontact, hunter
from tests.simulators.memory import MemoryHttp
from tests.simulators.people import Person, person
from tests.simulators.vendor import Request, Vendor

READY = 3
KNOWN_TO_DROPCONTACT = [person(number) for number in range(5)]
NAMED = [person(number) for number in range(30)]
WORDS = {"apollo": "429", "hunter": "providers.hunter.api_key", "linkedin": "providers.linkedin.version"}
"""What each line has to say: that it is full, or which setting mends it."""


@dataclass
class LinkedIn(Vendor):
    """Has no leads; `always` a status, it knows its version no more."""

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        if isinstance(fault, int):
            told = {"status": fault, "code": "NONEXISTENT_VERSION", "message": request.target}
            return web.json_response(told, status=fault)
        return web.json_response({"elements": [], "paging": {"start": 0, "count": 100, "total": 0}})


class Vendors:
    """Dropcontact takes 90 s and nothing else ails it. Of the people without an address it knows five, the others
    nobody."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.apollo = apollo.Apollo(clock=clock)
        self.dropcontact = dropcontact.Dropcontact(
            people=KNOWN_TO_DROPCONTACT, ready_after_seconds=90, seconds=clock.monotonic
        )
        self.hunter = hunter.Hunter(now=clock.monotonic)
        self.linkedin = LinkedIn()

    def fall_ill(self) -> None:
        """Apollo answers one call before."""
        self.apollo.meet([None, *[apollo.Fault.RATE_LIMITED] * 2])
        self.hunter.always = hunter.Fault.UNAUTHORISED
        self.linkedin.always = 426

    def recover(self) -> None:
        self.hunter.always = self.linkedin.always = None

    def sources(self) -> list[LeadSource]:
        settings = LinkedInSettings(access_token=SecretStr("token"), version="202512")
        return [LinkedInSource(settings, self.clock, MemoryHttp(vendor=self.linkedin))]

    def enrichers(self) -> list[Enricher]:
        clock = self.clock
        return [
            ApolloEnricher(ApolloSettings(api_key=SecretStr(apollo.KEY)), clock, MemoryHttp(vendor=self.apollo)),
            Dropcontact(
                DropcontactSettings(api_key=SecretStr(dropcontact.KEY)), clock, MemoryHttp(vendor=self.dropcontact)
            ),
            HunterLookups(HunterSettings(api_key=SecretStr(hunter.KEY)), clock, MemoryHttp(vendor=self.hunter)),
        ]


def without_address(who: Person) -> Found:
    facts = Facts(first_name=who.first_name, last_name=who.last_name, company=who.company, domain=who.domain)
    return Found(f"row {who.number}", facts)


def unhurried(settings: Settings) -> Settings:
    box = replace(mailbox("sales"), min_gap_seconds=1, jitter_seconds=0)
    return replace(settings, mailboxes={"sales": box})


async def campaign_of_all(world: World) -> Campaign:
    ready = [
        replace(found, facts=replace(found.facts, email=f"ready{number}@ready{number}.example"))
        for number, found in enumerate(people(READY, first=100))
    ]
    return await world.live(
        *ready,
        *map(without_address, NAMED),
        sources=(
            SourceEntry("list", {"list": "campaign 1"}),
            SourceEntry("linkedin", {"owner": "urn:li:sponsoredAccount:1234567"}),
        ),
        enrichment=Enrichment(("apollo", "dropcontact", "hunter")),
    )


async def warnings(world: World) -> Sequence[str]:
    """What `/healthz` says of providers."""
    server = replace(world.settings.server, socket=world.settings.database.path.parent / "health.sock")
    # The request takes no time of the world's.
    with world.clock.real_work():
        async with serve(build_app(world.desk, world.health), server) as url, httpx.AsyncClient() as http:
            told = (await http.get(f"{url}/healthz")).json()
    return [check["output"] for check in told["checks"].get("providers", ())]


def recipients(world: World) -> set[str]:
    return {handover.recipient for handover in world.mail.delivered}


def test_a_campaign_goes_on_with_those_who_are_ready_while_four_vendors_are_in_trouble(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        vendors = Vendors(world.clock)
        world.sources, world.enrichers = vendors.sources(), vendors.enrichers()
        await world.restart()
        vendors.fall_ill()
        stream = io.StringIO()
        sink = configure(world.clock, LoggingSettings(), version="1", metrics=world.context.metrics, stream=stream)
        await campaign_of_all(world)

        await world.run_for(minutes=1)
        assert recipients(world) == {f"ready{number}@ready{number}.example" for number in range(READY)}
        await world.run_for(minutes=49)
        found = {who.email for who in KNOWN_TO_DROPCONTACT}
        assert recipients(world) >= found
        told = await warnings(world)
        assert sorted(line.split()[0] for line in told) == sorted(WORDS)
        assert all(WORDS[line.split()[0]] in line for line in told)

        vendors.recover()
        await world.run_for(hours=1)
        await world.live(without_address(person(50)), name="another", enrichment=Enrichment(("hunter",)))
        await world.run_for(hours=2)
        assert await warnings(world) == []
        sink.close()
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        said = Counter((line["event"], line["provider"]) for line in lines if line["event"].startswith("provider."))
        once = {(f"provider.{what}", name): 1 for what in ("degraded", "recovered") for name in WORDS}
        assert said == once | {("provider.auth_failed", "hunter"): 1}
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=unhurried)
