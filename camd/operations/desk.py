"""What every operation works with, and the way its writes go: one unit, answered after its commit."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from anyio.abc import TaskGroup

from camd.actors.wake import Doorbells
from camd.domain.campaign import Campaign, CampaignStatus, IllegalMove
from camd.domain.errors import Invalid
from camd.domain.facts import CampaignId, LeadId
from camd.domain.lead import Lead
from camd.operations.errors import Conflict, NotFound, invalid
from camd.operations.keyring import Keyring
from camd.operations.registry import Registry
from camd.pipeline.context import Context
from camd.ports.store import NameTaken, StaleWrite, Tx
from camd.schema.doctor import DoctorFinding
from camd.schema.page import as_number
from camd.schema.report import CycleReport
from camd.schema.status import Machine

T = TypeVar("T")

RunCycle = Callable[[CampaignId, bool], Awaitable[CycleReport]]
"""Runs one cycle of a campaign, never two at once; the flag makes it dry."""


async def _nothing_to_scrub() -> None:
    """For a store that leaves nothing of what was overwritten."""


async def _nothing_to_examine() -> list[DoctorFinding]:
    """For an engine that stands on no machine."""
    return []


@dataclass(frozen=True, slots=True)
class Desk:
    """`tasks` carries the runs that a person asked for; it lives as long as the process serves. `scrub` leaves of what
    was erased nothing beside the database either, `examine` looks for what is wrong with the machine."""

    context: Context
    doorbells: Doorbells
    started_at: datetime
    version: str
    is_ready: Callable[[], bool]
    run: RunCycle
    tasks: TaskGroup
    runs: Registry = field(default_factory=Registry)
    keyring: Keyring = field(default_factory=Keyring)
    scrub: Callable[[], Awaitable[object]] = _nothing_to_scrub
    machine: Callable[[], Machine] = Machine
    examine: Callable[[], Awaitable[list[DoctorFinding]]] = _nothing_to_examine

    def now(self) -> datetime:
        return self.context.clock.now()

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Raises `Refused` for what the unit may not do; the store's own failures come out as they are."""
        with refusals():
            return await self.context.store.write(unit)

    async def read(self, query: Callable[[Tx], T]) -> T:
        with refusals():
            return await self.context.store.read(query)


@contextmanager
def refusals() -> Iterator[None]:
    """The engine's refusals in the words of an operation."""
    try:
        yield
    except NameTaken as error:
        raise Conflict("name-taken", "The name is taken", f"{error}.") from error
    except StaleWrite as error:
        detail = "It was changed meanwhile; read it again and repeat."
        raise Conflict("stale-write", "Somebody else was faster", detail) from error
    except IllegalMove as error:
        raise Conflict("illegal-move", "Its status does not allow this", f"{error}.") from error
    except Invalid as error:
        raise invalid(error.field, str(error)) from error


def find_campaign(tx: Tx, ref: str | int) -> Campaign:
    """By number or name. Raises `NotFound`."""
    number = as_number(str(ref))
    campaign = tx.campaigns.named(str(ref)) if number is None else tx.campaigns.get(CampaignId(number))
    if campaign is None:
        raise NotFound("campaign", ref)
    return campaign


def find_open_campaign(tx: Tx, ref: str | int) -> Campaign:
    """Raises `Conflict` for an archived one, which nothing changes any more."""
    campaign = find_campaign(tx, ref)
    if campaign.status.status is CampaignStatus.ARCHIVED:
        detail = "An archived campaign is final; make another one."
        raise Conflict("archived", "The campaign is archived", detail)
    return campaign


def find_lead(tx: Tx, lead_id: str) -> Lead:
    """Raises `NotFound`."""
    lead = tx.leads.get(LeadId(lead_id))
    if lead is None:
        raise NotFound("lead", lead_id)
    return lead
