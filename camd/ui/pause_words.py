"""Why a rule paused a campaign, with the figures that decided it, and what a person may do next. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from camd.domain.campaign import StatusReason
from camd.domain.goals import Target
from camd.schema.campaign import CampaignDetail
from camd.ui.words import count, money, number, percent

NEXT: Mapping[StatusReason, str] = MappingProxyType(
    {
        StatusReason.GOAL_REACHED: "To look for more, set a higher target under Edit, then resume.",
        StatusReason.HIGH_LOSS_RATE: "Read under Leads what they answered, mend the texts under Edit, then resume.",
        StatusReason.AGE_LIMIT: "Change the offer, the texts or the list, then resume: it gets as many days again.",
        StatusReason.BOUNCE_RATE: "Take the list that bounces back under Files, or have it verified, then resume.",
        StatusReason.COMPLAINT_RATE: "Write to fewer people who may care less, mend the texts under Edit, then resume.",
    }
)


def figures(campaign: CampaignDetail) -> str:
    """Such as "1 complaint for 118 mails in 28 days (0.8 %)"; empty where no rule of figures paused it."""
    of = campaign.status_figures
    match campaign.status_reason:
        case _ if not of:
            return ""
        case StatusReason.GOAL_REACHED:
            return _goal(of, campaign.currency)
        case StatusReason.HIGH_LOSS_RATE:
            return f"{of['lost']:,.0f} of {of['contacted']:,.0f} contacted were lost ({percent(of['loss_rate'])})"
        case StatusReason.AGE_LIMIT:
            return f"{count(int(of['days_live']), 'day')} live, and nobody qualified"
        case StatusReason.BOUNCE_RATE:
            bounced, sent = of["hard_bounces"] + of["hard_5xx_rcpt"], of["sent"] + of["hard_5xx_rcpt"]
            return f"{bounced:,.0f} of {count(int(sent), 'mail')} in 28 days bounced ({percent(of['bounce_rate'])})"
        case StatusReason.COMPLAINT_RATE:
            complaints = count(int(of["complaints"]), "complaint")
            return f"{complaints} for {count(int(of['sent']), 'mail')} in 28 days ({percent(of['complaint_rate'])})"
        case _:
            return ""


def _goal(of: Mapping[str, float], currency: str) -> str:
    said = []
    if Target.CLIENTS in of:
        said.append(f"{number(of['clients'])} of {count(int(of['target_clients']), 'client')}")
    if Target.MRR in of:
        said.append(f"{money(of['mrr'], currency)} of {money(of['target_mrr'], currency)} a month")
    return " and ".join(said)
