"""The demonstration: the real daemon in dry run, on invented people, with answers of DNS from a bundled zone.

Everything it writes lies in one folder. It ends as the daemon does: by SIGTERM, SIGINT, or after its time.
"""

import signal
import tomllib
from collections import deque
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
from camd.config import SOCKET_PATH_BYTES, load_settings
from camd.daemon.run import run_daemon
from camd.daemon.wiring import PROVIDER_MODELS, Adapters, Engine
from camd.ports.settings import Settings
from camd.providers.csv_file import CsvSource
from camd.providers.dns import DnsVerifier
from camd.providers.dns_resolver import BundledResolver, load_zone
from camd.sandbox.people import split_list
from camd.sandbox.scene import EVENTS_SHOWN, Place, Scene, Watched, look
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody
from camd.schema.event import Event
from camd.system import SystemClock, SystemEntropy, SystemIds

CONFIG = "camd.toml"
UPDATE_SECONDS = 1.0
NAME_TAKEN = "urn:camd:problem:name-taken"


class Screen(Protocol):
    """What the person in front of it sees."""

    def opened(self, place: Place) -> None: ...

    def imported(self, campaign: str, *, added: int, rejected: int) -> None: ...

    def update(self, scene: Scene) -> None: ...


async def run_demo(folder: Path, screen: Screen, *, port: int, minutes: float | None = None) -> None:
    """Serves until it is stopped, or for so many minutes. Raises `CannotBind` naming the option that mends it."""

    async def present(engine: Engine, url: str) -> None:
        settings = engine.settings
        screen.opened(Place(url, settings.server.socket, folder, folder / CONFIG))
        async with CamdClient(f"unix:{settings.server.socket}") as client:
            with anyio.move_on_after(None if minutes is None else minutes * 60):
                await _show(client, engine, screen)
        signal.raise_signal(signal.SIGTERM)

    try:
        await run_daemon(demo_settings(folder, port), adapters=demo_adapters(), environ={}, when_ready=present)
    except* CannotBind as group:
        raise CannotBind(f"{group.exceptions[0]}; choose another port with --port") from None


@contextmanager
def demo_folder(chosen: Path | None) -> Iterator[Path]:
    """The chosen folder, made if need be and kept; else one that is gone at the end."""
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()
        return
    with TemporaryDirectory(prefix="camd-demo-") as folder:
        yield Path(folder)


def demo_settings(folder: Path, port: int) -> Settings:
    """Writes the configuration, so that every command works on the demo with `--config`, and reads it alone: what
    this machine is configured for stays out of it."""
    lines = [
        f"database.url = {_quoted(f'sqlite:///{folder}/camd.db')}",
        f"server.port = {port}",
        "engine.dry_run = true",
        'engine.timezone = "Europe/Berlin"',
        'sender = { name = "Ada Example", company = "Example Studio", postal_address = "1 Example Street, Berlin" }',
        'logging.level = "warning"',
    ]
    socket = str(folder / "api.sock")
    if len(socket.encode()) <= SOCKET_PATH_BYTES:
        lines.append(f"server.socket = {_quoted(socket)}")
    file = folder / CONFIG
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_settings(file, provider_models=PROVIDER_MODELS, environ={}, cwd=folder)


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
    )


def definitions() -> list[CampaignBody]:
    """The bundled campaigns."""
    found = sorted(_bundled("campaigns").iterdir(), key=lambda file: file.name)
    return [CampaignBody.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))) for file in found]


def _bundled(name: str) -> Traversable:
    return files("camd.sandbox").joinpath(name)


async def _show(client: CamdClient, engine: Engine, screen: Screen) -> None:
    began = engine.context.clock.monotonic()
    campaigns = await _prepare(client, screen)
    events: deque[Event] = deque(maxlen=EVENTS_SHOWN)
    watched = Watched(tuple(campaign.id for campaign in campaigns), events)
    while True:
        screen.update(await look(client, watched, engine.context.clock.monotonic() - began))
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
    return campaigns


async def _campaign(client: CamdClient, body: CampaignBody) -> CampaignDetail:
    try:
        return await client.create_campaign(body)
    except ApiError as error:
        if error.problem.type != NAME_TAKEN:
            raise
    return await client.campaign(body.name)
