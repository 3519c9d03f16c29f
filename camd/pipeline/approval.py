"""Autonomy: the first texts of a campaign wait for a person's click on exactly them; then the others go by themselves.

An edit of the steps makes a new version of them, whose first texts wait again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from camd.domain.campaign import AutonomyMode, Campaign, Channel
from camd.domain.events import EventType, by_rule
from camd.pipeline.owners import lead_of
from camd.pipeline.record import note_touch
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx

BATCH = 500
_RULE = by_rule("autonomy")


def approvals_counter(steps_version: int) -> str:
    """The counter of a campaign's approvals of the texts of that version."""
    return f"approvals:{steps_version}"


def is_granted(tx: Tx, campaign: Campaign, steps_version: int) -> bool:
    """Whether texts of that version wait for nobody."""
    autonomy = campaign.definition.autonomy
    if autonomy.mode is AutonomyMode.FULL:
        return True
    return tx.counters.get(campaign.id, approvals_counter(steps_version)) >= autonomy.approve_first


def approve_waiting(tx: Tx, campaign: Campaign, now: datetime) -> Sequence[Touch]:
    """Approves what waits without need, and answers it, a batch at most."""
    waiting = tx.touches.planned(campaign.id, Channel.EMAIL, BATCH)
    granted = {version for version in {touch.steps_version for touch in waiting} if is_granted(tx, campaign, version)}
    free = [touch for touch in waiting if touch.steps_version in granted]
    for touch in free:
        _approve(tx, touch, now)
    return free


def _approve(tx: Tx, touch: Touch, now: datetime) -> None:
    after = replace(touch, status=TouchStatus.APPROVED, ready_at=touch.due_at, approved_by=_RULE)
    tx.touches.save(touch, after)
    note_touch(tx, EventType.TOUCH_APPROVED, touch, actor=_RULE, now=now)
    lead = lead_of(tx, touch)
    if lead.waits_for is not None:
        tx.leads.save(lead, replace(lead, waits_for=None))
