"""Why a campaign waits: the words of `CycleReport.waiting_for`, each with the number of leads or questions."""

from collections.abc import Mapping
from dataclasses import dataclass

from camd.domain import tally
from camd.domain.facts import CampaignId
from camd.domain.run_mode import RunMode
from camd.ports.store import Tx

NOTHING_DUE = "nothing_due"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand for a campaign. `lookups` counts the open questions by provider and why they are denied."""

    tallies: Mapping[str, int]
    killed: bool
    recovering: bool
    lookups: Mapping[tuple[str, str], int]


def standing(tx: Tx, campaign_id: CampaignId) -> Standing:
    return Standing(
        tx.leads.tallies(campaign_id),
        tx.instance.kill_switch().on,
        tx.instance.recovery().hold,
        {(provider, denied or ""): count for (provider, denied), count in tx.lookups.open_counts(campaign_id).items()},
    )


def waiting_for(found: Standing, mode: RunMode, *, gate_closed: bool) -> dict[str, int]:
    """Empty where nothing but the time has to come."""
    waiting: dict[str, int] = {reason.value: 1 for reason in mode.dry_reasons}
    stops = {"kill_switch": found.killed, "recovery_hold": found.recovering, "gate_closed": gate_closed}
    waiting |= {reason: 1 for reason, stands in stops.items() if stands}
    if not mode.dry:
        for (provider, denied), count in sorted(found.lookups.items()):
            reason = denied or f"provider:{provider}"
            waiting[reason] = waiting.get(reason, 0) + count
    for name, count in sorted(found.tallies.items()):
        if name.startswith(tally.HOLD):
            waiting[name] = count
        elif name.startswith(tally.WAITS):
            waiting[name.removeprefix(tally.WAITS)] = count
    return waiting
