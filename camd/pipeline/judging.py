"""Whether a rule ends a campaign's work now, after a cycle or an answer; in the caller's transaction."""

from datetime import datetime

from camd.domain.campaign import Campaign
from camd.pipeline import discover, evaluate
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()


def judge(tx: Tx, campaign: Campaign, now: datetime) -> Campaign | None:
    """The campaign as a rule leaves it; none where no rule speaks. Raises `StaleWrite`."""
    states = discover.source_states(campaign, tx.sources.of(campaign.id))
    return evaluate.evaluate(tx, campaign, states, now)


def tell_status(changed: Campaign) -> None:
    """To be logged once its commit stands."""
    log.info(
        "campaign.status_changed",
        campaign_id=changed.id,
        status=changed.status.status,
        reason=changed.status.reason,
    )
