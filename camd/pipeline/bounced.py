"""There is no such recipient: in the caller's transaction the lead is lost and its address suppressed."""

from datetime import datetime

from camd.domain.contact import parse_address
from camd.domain.events import ENGINE
from camd.domain.lead import Lead, Outside, OutsideFact, react
from camd.domain.suppression import SuppressionKind, SuppressionReason, SuppressionValue
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.ports.store import Tx


def lose_bounced(tx: Tx, ctx: Context, lead: Lead, now: datetime) -> None:
    record.apply(tx, lead, react(lead.state, OutsideFact(Outside.HARD_BOUNCE)), actor=ENGINE, now=now)
    if lead.facts.email is not None:
        value = SuppressionValue(SuppressionKind.ADDRESS, parse_address(lead.facts.email).key)
        record.suppress(tx, ctx, value, SuppressionReason.HARD_BOUNCE, actor=ENGINE, now=now)
