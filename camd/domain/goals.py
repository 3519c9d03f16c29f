"""How far a campaign's goal is, and the rules that pause a campaign or slow its mailboxes.

Figures in, verdict out: the caller gathers the figures of one instant and acts on what is answered. A rule that a
person overruled stays silent as its mute says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

from camd.domain.campaign import Definition, GoalCounts, StatusReason
from camd.domain.lead import LostReason
from camd.domain.send_window import day_bounds, local_day

BAD_LOSSES = frozenset({LostReason.NEGATIVE_REPLY, LostReason.OPTED_OUT, LostReason.COMPLAINED, LostReason.BOUNCED})

MAILBOX_MIN_SENT = 20
MAILBOX_BOUNCE_RATE = 0.05
MAILBOX_REFUSALS_IN_A_ROW = 2
MAILBOX_STOPS_FOR = timedelta(hours=24)

Figures = Mapping[str, float]


class Target(StrEnum):
    """What a campaign may be to reach: so many clients, so much revenue a month."""

    CLIENTS = "clients"
    MRR = "mrr"


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of the mails of some days; `hard_5xx_rcpt` counts recipients refused before a mail was sent."""

    sent: int = 0
    hard_bounces: int = 0
    hard_5xx_rcpt: int = 0

    @property
    def bounced(self) -> int:
        return self.hard_bounces + self.hard_5xx_rcpt

    @property
    def bounce_rate(self) -> float:
        """From 0 to 1; bounces of mails sent before those days do not lift it above 1."""
        attempted = self.sent + self.hard_5xx_rcpt
        return min(1.0, self.bounced / attempted) if attempted else 0.0


@dataclass(frozen=True, slots=True)
class GoalFigures:
    """A campaign's figures at one instant.

    `contacted` leads were ever handed a touch, `lost_after_contact` counts those of them that are lost, by reason.
    `qualified` and `won` are the leads in exactly that status. `qualified_mrr` is the sum over the qualified of
    their expected revenue a month, else the campaign's `mrr_per_client`, else nothing. `ever_qualified`: any lead
    ever was. `last_28_days` and `complaints_28d` are rolling.
    """

    contacted: int = 0
    lost_after_contact: Mapping[LostReason, int] = field(default_factory=lambda: MappingProxyType({}))
    qualified: int = 0
    won: int = 0
    won_mrr: Decimal = Decimal(0)
    qualified_mrr: Decimal = Decimal(0)
    first_live_at: datetime | None = None
    ever_qualified: bool = False
    last_28_days: Deliveries = field(default_factory=Deliveries)
    complaints_28d: int = 0


@dataclass(frozen=True, slots=True)
class PauseVerdict:
    """The campaign has to pause, and the figures that decided it; rates stand beside what they were made of."""

    reason: StatusReason
    figures: Figures


def goal_progress(definition: Definition, figures: GoalFigures) -> float | None:
    """The smallest achieved/target over the targets that are set, at most 1; None without a target."""
    shares = [share(achieved, target) for achieved, target in targets(definition, figures).values()]
    return min(shares, default=None)


def goal_reached(definition: Definition, figures: GoalFigures) -> bool:
    """Whether every target that is set is met; never without a target."""
    found = targets(definition, figures)
    return bool(found) and all(achieved >= target for achieved, target in found.values())


def bounce_slow(definition: Definition, figures: GoalFigures) -> bool:
    """Whether bounces forbid first steps, though not yet the campaign."""
    return _bounces_exceed(definition, figures, definition.pause_rules.bounce_slow)


def mailbox_must_stop(last_7_days: Deliveries, refusals_in_a_row: int) -> bool:
    """Whether a mailbox, over all campaigns, stops for `MAILBOX_STOPS_FOR`; refusals are answers 5.7.x."""
    bounces = last_7_days.sent >= MAILBOX_MIN_SENT and last_7_days.bounce_rate > MAILBOX_BOUNCE_RATE
    return bounces or refusals_in_a_row >= MAILBOX_REFUSALS_IN_A_ROW


def pause_verdict(
    definition: Definition, figures: GoalFigures, mutes: Mapping[str, float], now: datetime
) -> PauseVerdict | None:
    """The first rule that asks for a pause and is not muted."""
    for reason, rule in _RULES.items():
        decided = rule(definition, figures, mutes.get(reason), now)
        if decided is not None:
            return PauseVerdict(reason, MappingProxyType(decided))
    return None


def mute_for(
    reason: StatusReason, definition: Definition, figures: GoalFigures, now: datetime
) -> tuple[str, float] | None:
    """The entry for `Campaign.mutes` when a person resumes a campaign that was paused for `reason`.

    A rate is muted until it is higher than in `figures`, those of the resume; age until an instant (seconds
    since 1970) another `age_days` on; the goal until a target changes. None where no rule of this module paused.
    """
    match reason:
        case StatusReason.GOAL_REACHED:
            return reason.value, _fingerprint(definition)
        case StatusReason.HIGH_LOSS_RATE:
            return reason.value, _loss_rate(definition, figures)
        case StatusReason.AGE_LIMIT:
            return reason.value, _aged_at(definition, now).timestamp()
        case StatusReason.BOUNCE_RATE:
            return reason.value, figures.last_28_days.bounce_rate
        case StatusReason.COMPLAINT_RATE:
            return reason.value, _complaint_rate(figures)
        case _:
            return None


def targets(definition: Definition, figures: GoalFigures) -> dict[Target, tuple[Decimal, Decimal]]:
    """Achieved and wanted of each target that is set."""
    with_qualified = definition.goal_counts is GoalCounts.QUALIFIED
    found: dict[Target, tuple[Decimal, Decimal]] = {}
    if definition.target_clients is not None:
        clients = figures.won + (figures.qualified if with_qualified else 0)
        found[Target.CLIENTS] = Decimal(clients), Decimal(definition.target_clients)
    if definition.target_mrr is not None:
        mrr = figures.won_mrr + (figures.qualified_mrr if with_qualified else 0)
        found[Target.MRR] = mrr, definition.target_mrr
    return found


def share(achieved: Decimal, target: Decimal) -> float:
    """From 0 to 1."""
    return 1.0 if achieved >= target else float(achieved / target)


def _fingerprint(definition: Definition) -> float:
    """Equal targets, equal number; 48 bits, which a float holds exactly."""
    mrr = definition.target_mrr
    text = f"{definition.target_clients}|{mrr if mrr is None else mrr.normalize()}"
    return float(int.from_bytes(sha256(text.encode()).digest()[:6]))


def bad_losses(definition: Definition, figures: GoalFigures) -> int:
    """The contacted leads that the rule of the loss rate counts."""
    counted = BAD_LOSSES | ({LostReason.NO_REPLY} if definition.pause_rules.loss_counts_no_reply else set())
    return sum(number for reason, number in figures.lost_after_contact.items() if reason in counted)


def _loss_rate(definition: Definition, figures: GoalFigures) -> float:
    return bad_losses(definition, figures) / figures.contacted if figures.contacted else 0.0


def _complaint_rate(figures: GoalFigures) -> float:
    """From 0 to 1; a complaint while nothing was sent is about older mail and weighs as if one had been."""
    return min(1.0, figures.complaints_28d / max(1, figures.last_28_days.sent))


def _aged_at(definition: Definition, since: datetime) -> datetime:
    """When the campaign's local date is more than `age_days` after that of `since`."""
    last = local_day(since, definition.timezone) + timedelta(days=definition.pause_rules.age_days)
    return day_bounds(last, definition.timezone)[1]


def _bounces_exceed(definition: Definition, figures: GoalFigures, limit: float) -> bool:
    mails = figures.last_28_days
    return mails.sent >= definition.pause_rules.bounce_min_sent and mails.bounce_rate > limit


def _limit(threshold: float, mute: float | None) -> float:
    return threshold if mute is None else max(threshold, mute)


def _goal_rule(
    definition: Definition, figures: GoalFigures, mute: float | None, _now: datetime
) -> dict[str, float] | None:
    if mute == _fingerprint(definition) or not goal_reached(definition, figures):
        return None
    decided: dict[str, float] = {}
    for name, (achieved, target) in targets(definition, figures).items():
        decided |= {name: float(achieved), f"target_{name}": float(target)}
    return decided


def _loss_rule(
    definition: Definition, figures: GoalFigures, mute: float | None, _now: datetime
) -> dict[str, float] | None:
    rules = definition.pause_rules
    rate = _loss_rate(definition, figures)
    if figures.contacted < rules.loss_min_contacted or rate <= _limit(rules.loss_rate, mute):
        return None
    return {"loss_rate": rate, "lost": bad_losses(definition, figures), "contacted": figures.contacted}


def _age_rule(
    definition: Definition, figures: GoalFigures, mute: float | None, now: datetime
) -> dict[str, float] | None:
    since = figures.first_live_at
    if since is None or figures.ever_qualified or now < _aged_at(definition, since):
        return None
    if mute is not None and now.timestamp() < mute:
        return None
    days = local_day(now, definition.timezone) - local_day(since, definition.timezone)
    return {"days_live": days.days, "qualified": 0}


def _bounce_rule(
    definition: Definition, figures: GoalFigures, mute: float | None, _now: datetime
) -> dict[str, float] | None:
    if not _bounces_exceed(definition, figures, _limit(definition.pause_rules.bounce_pause, mute)):
        return None
    mails = figures.last_28_days
    return {
        "bounce_rate": mails.bounce_rate,
        "hard_bounces": mails.hard_bounces,
        "hard_5xx_rcpt": mails.hard_5xx_rcpt,
        "sent": mails.sent,
    }


def _complaint_rule(
    definition: Definition, figures: GoalFigures, mute: float | None, _now: datetime
) -> dict[str, float] | None:
    rate = _complaint_rate(figures)
    if figures.complaints_28d < 1 or rate <= _limit(definition.pause_rules.complaint_rate, mute):
        return None
    return {"complaint_rate": rate, "complaints": figures.complaints_28d, "sent": figures.last_28_days.sent}


_Rule = Callable[[Definition, GoalFigures, float | None, datetime], dict[str, float] | None]
_RULES: Mapping[StatusReason, _Rule] = MappingProxyType(
    {
        StatusReason.GOAL_REACHED: _goal_rule,
        StatusReason.HIGH_LOSS_RATE: _loss_rule,
        StatusReason.AGE_LIMIT: _age_rule,
        StatusReason.BOUNCE_RATE: _bounce_rule,
        StatusReason.COMPLAINT_RATE: _complaint_rule,
    }
)
