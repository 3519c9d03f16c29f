"""What else a change of a campaign's definition brings about that the difference does not say. Pure."""

from collections.abc import Iterator

from camd.domain.campaign import AutonomyMode
from camd.schema.definition import CampaignBody
from camd.schema.definition_parts import AutonomyBody, PauseRulesBody
from camd.ui.words import count

_HIGHER_IS_LATER = (
    "loss_rate",
    "loss_min_contacted",
    "age_days",
    "bounce_slow",
    "bounce_pause",
    "bounce_min_sent",
    "complaint_rate",
)


def warnings(before: CampaignBody, after: CampaignBody) -> Iterator[str]:
    if before.steps != after.steps:
        yield (
            "The steps get a new version, which wants a test mail of its own. Who has had a mail keeps the texts that "
            "they began with; everybody else gets these."
        )
        if waiting := _waiting(after.autonomy):
            yield f"The first {count(waiting, 'mail')} of the new version wait for approval again."
    if after.daily_email_limit > before.daily_email_limit:
        yield (
            f"Up to {after.daily_email_limit} mails a day instead of {before.daily_email_limit}. Each mailbox keeps "
            "its own limit and its ramp; mails that come suddenly in greater number are more often taken for spam."
        )
    if _waiting(after.autonomy) < _waiting(before.autonomy):
        yield "Fewer mails wait for a person before they go out."
    if _pauses_later(before.pause_rules, after.pause_rules):
        yield "The campaign pauses later than now when it goes wrong, or not at all."
    yield from _of_the_goal(before, after)
    yield from _of_the_plan(before, after)


def _waiting(autonomy: AutonomyBody) -> int:
    return autonomy.approve_first if autonomy.mode is AutonomyMode.APPROVE else 0


def _pauses_later(before: PauseRulesBody, after: PauseRulesBody) -> bool:
    is_later = any(getattr(after, name) > getattr(before, name) for name in _HIGHER_IS_LATER)
    return is_later or before.loss_counts_no_reply > after.loss_counts_no_reply


def _of_the_goal(before: CampaignBody, after: CampaignBody) -> Iterator[str]:
    if before.currency != after.currency:
        yield "Amounts are not converted: each keeps its number in the other currency."
    if (before.target_clients, before.target_mrr) != (after.target_clients, after.target_mrr):
        yield "Where the goal is reached already with these targets, the campaign pauses."


def _of_the_plan(before: CampaignBody, after: CampaignBody) -> Iterator[str]:
    if (before.icp, before.scoring) != (after.icp, after.scoring):
        yield "Leads that nobody has written to yet are scored anew."
    if before.sources != after.sources:
        yield "Sources are read from their start again; a person who is known already is not added twice."
    if before.mailboxes != after.mailboxes:
        yield "Who has had a mail hears from the same mailbox again; only first mails come from others."
    if before.timezone != after.timezone:
        yield "The day by which mails are counted is another one from tomorrow on."
    if after.no_reply_days < before.no_reply_days:
        yield f"Leads are lost after {count(after.no_reply_days, 'day')} without an answer to their last mail."
