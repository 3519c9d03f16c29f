"""The demonstration: the real daemon, live, on invented people in a mail world of its own.

DNS answers come from a bundled zone. Everything it writes lies in one folder. It ends as the daemon does: by SIGTERM,
SIGINT, or after its time.
"""

import signal
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import anyio

from camd.api.listen import CannotBind
from camd.client import ApiError, CamdClient
from camd.daemon.run import run_daemon
from camd.daemon.wiring import Adapters, Engine
from camd.providers.csv_file import CsvSource
from camd.providers.dns import DnsVerifier
from camd.providers.dns_resolver import BundledResolver, load_zone
from camd.sandbox.browser import Browser
from camd.sandbox.correspondents import Correspondents
from camd.sandbox.invented_records import InventedRecords
from camd.sandbox.mail_world import MailFigures, MailWorld
from camd.sandbox.people import split_list
from camd.sandbox.scene import Place, Scene, Watched, look
from camd.sandbox.settings import (
    CONFIG,
    LINKS,
    MAILBOXES,
    OPERATOR,
    arrivals_of,
    demo_settings,
    inbox_of,
    notices_of,
)
from camd.sandbox.smtp_door import free_port
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody
from camd.schema.preflight import PreflightReport
from camd.system import SystemClock, SystemEntropy, SystemIds

UPDATE_SECONDS = 1.0
NAME_TAKEN = "urn:camd:problem:name-taken"


class Screen(Protocol):
    """What the person in front of it sees."""

    def opened(self, place: Place) -> None: ...

    def imported(self, campaign: str, *, added: int, rejected: int) -> None: ...

    def checked(self, campaign: str, report: PreflightReport) -> None: ...

    def update(self, scene: Scene) -> None: ...

    def ended(self, mail: MailFigures) -> None: ...


async def run_demo(folder: Path, screen: Screen, *, port: int, minutes: float | None = None) -> None:
    """Serves until it is stopped, or for so many minutes. Raises `CannotBind` naming the option that mends it."""
    adapters = demo_adapters()
    public_port = free_port()
    world = demo_mail_world(folder, adapters, public_port)

    async def present(engine: Engine, url: str) -> None:
        settings = engine.settings
        place = Place(url, settings.server.socket, folder, folder / CONFIG, arrivals_of(folder), notices_of(folder))
        screen.opened(place)
        async with CamdClient(f"unix:{settings.server.socket}") as client:
            with anyio.move_on_after(None if minutes is None else minutes * 60):
                await _show(client, world, adapters, screen)
        signal.raise_signal(signal.SIGTERM)

    async with world.serving() as mail_port:
        settings = demo_settings(folder, port=port, public_port=public_port, mail_port=mail_port)
        try:
            await run_daemon(settings, adapters=adapters, environ={}, when_ready=present)
        except* CannotBind as group:
            raise CannotBind(f"{group.exceptions[0]}; choose another port with --port") from None
    screen.ended(world.figures)


@contextmanager
def demo_folder(chosen: Path | None) -> Iterator[Path]:
    """The chosen folder, made if need be and kept; else one that is gone at the end."""
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()
        return
    with TemporaryDirectory(prefix="camd-demo-") as folder:
        yield Path(folder)


def demo_adapters() -> Adapters:
    """The machine's clock and dice, and a DNS that knows the invented domains alone."""
    clock, entropy = SystemClock(), SystemEntropy()
    with as_file(_bundled("dns.toml")) as zone:
        resolver = BundledResolver(load_zone(zone))
    return Adapters(
        clock,
        entropy,
        SystemIds(clock, entropy),
        sources=(CsvSource(clock),),
        verifier=DnsVerifier(resolver, clock),
        domain_records=InventedRecords(),
    )


def demo_mail_world(folder: Path, adapters: Adapters, public_port: int) -> MailWorld:
    inboxes = {address: inbox_of(folder, name) for name, address in MAILBOXES.items()}
    people = Correspondents(inboxes, adapters.clock, Browser(LINKS, public_port))
    return MailWorld(arrivals_of(folder), people, operator=OPERATOR, notices=notices_of(folder))


def definitions() -> list[CampaignBody]:
    """The bundled campaigns."""
    found = sorted(_bundled("campaigns").iterdir(), key=lambda file: file.name)
    return [CampaignBody.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))) for file in found]


def _bundled(name: str) -> Traversable:
    return files("camd.sandbox").joinpath(name)


async def _show(client: CamdClient, world: MailWorld, adapters: Adapters, screen: Screen) -> None:
    began = adapters.clock.monotonic()
    campaigns = await _prepare(client, screen)
    watched = Watched.these([campaign.id for campaign in campaigns])
    while True:
        screen.update(await look(client, watched, world.figures, adapters.clock.monotonic() - began))
        await anyio.sleep(UPDATE_SECONDS)


async def _prepare(client: CamdClient, screen: Screen) -> list[CampaignDetail]:
    """Again in a folder that has been used it adds nothing."""
    parts = split_list(_bundled("leads.csv").read_bytes())
    campaigns = [await _campaign(client, body) for body in definitions()]
    for campaign in campaigns:
        part = parts[campaign.target_niche or ""]
        report = await client.import_leads(campaign.id, part, file_name="leads.csv")
        screen.imported(campaign.name, added=report.added, rejected=len(report.rejected))
        await client.activate(campaign.id)
    for campaign in campaigns:
        await _go_live(client, campaign, screen)
    return campaigns


async def _go_live(client: CamdClient, campaign: CampaignDetail, screen: Screen) -> None:
    findings = await client.preflight(campaign.id)
    screen.checked(campaign.name, findings)
    if findings.ready:
        await client.live(campaign.id)


async def _campaign(client: CamdClient, body: CampaignBody) -> CampaignDetail:
    try:
        return await client.create_campaign(body)
    except ApiError as error:
        if error.problem.type != NAME_TAKEN:
            raise
    return await client.campaign(body.name)
