"""What the stages work with: the ports, and the settings of the instance that rules read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from camd.domain.errors import CamdError
from camd.domain.facts import LeadId
from camd.domain.lead import Lead
from camd.pipeline.hearing import Hearing
from camd.pipeline.provider_health import ProviderHealth
from camd.pipeline.send_gate import SendGate
from camd.ports.channel import MailDoor
from camd.ports.clock import Clock, Entropy, IdSource
from camd.ports.domain_records import DomainRecords
from camd.ports.inbox import InboxDoor, LetterReader
from camd.ports.journal import Journal
from camd.ports.lookups import Enricher
from camd.ports.mail import Renderer
from camd.ports.providers import AddressVerifier, LeadSource, PeopleFile
from camd.ports.quota import RateQuota
from camd.ports.settings import Settings
from camd.ports.store import Store
from camd.ports.webhooks import WebhookDoor
from camd.telemetry.metrics import Metrics

ReadRows = Callable[[BinaryIO, Mapping[str, str]], PeopleFile]
"""Reads a CSV file with a column mapping; raises `Invalid` where the file as a whole cannot be read."""


@dataclass(slots=True)
class Context:
    """Built once, by `daemon/wiring.py` or by a test's world.

    `settings` alone changes: a reload replaces them as a whole, between two units of the store's writer, so that no
    unit sees both. Whoever keeps a part of them keeps one that waits for a restart (`camd.daemon.reload`)."""

    store: Store
    clock: Clock
    entropy: Entropy
    ids: IdSource
    settings: Settings
    sources: Mapping[str, LeadSource]
    enrichers: Mapping[str, Enricher]
    credits_per_day: Mapping[str, Decimal]
    verifier: AddressVerifier
    renderer: Renderer
    mail: MailDoor
    inboxes: InboxDoor
    letters: LetterReader
    domain_records: DomainRecords
    journal: Journal
    webhooks: WebhookDoor
    quota: RateQuota
    gate: SendGate
    hearing: Hearing
    providers: ProviderHealth
    metrics: Metrics
    read_rows: ReadRows


class LeadCrash(Exception):
    """A stage crashed while it worked on this lead; the cause is chained. The supervisor counts it as a strike."""

    def __init__(self, lead_id: LeadId) -> None:
        super().__init__(lead_id)
        self.lead_id = lead_id


@contextmanager
def working_on(lead: Lead) -> Iterator[None]:
    """Names the lead in whatever bug crashes the block; failures that camd expects pass as they are."""
    try:
        yield
    except CamdError:
        raise
    except Exception as error:
        raise LeadCrash(lead.id) from error
