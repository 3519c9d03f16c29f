"""What a person may say that a message is, in words people use, and what each of them does."""

from collections.abc import Mapping
from dataclasses import dataclass

from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.lead import Lead
from camd.ui.words import number

_Kind = InboundClass
CONVERTED = (LeadStatus.QUALIFIED, LeadStatus.WON)


@dataclass(frozen=True, slots=True)
class Decision:
    """`qualifies` makes them a qualified lead beside it; `for_good`: it cannot be taken back."""

    kind: InboundClass
    label: str
    effect: str
    qualifies: bool = False
    for_good: bool = False


TAKEN_FOR: Mapping[InboundClass, str] = {
    _Kind.HUMAN_POSITIVE: "an interested answer",
    _Kind.HUMAN_NEGATIVE: "a no",
    _Kind.HUMAN_NEUTRAL: "an answer that is neither yes nor no",
    _Kind.OPT_OUT_REQUEST: "a request for no more mail",
    _Kind.OUT_OF_OFFICE: "an out-of-office note",
    _Kind.AUTO_REPLY: "an automatic answer",
    _Kind.HARD_BOUNCE: "a report that the address does not exist",
    _Kind.SOFT_BOUNCE: "a report that the mail could not be delivered for now",
    _Kind.DELAYED: "a report that the mail is late",
    _Kind.COMPLAINT: "a complaint about spam",
    _Kind.CHALLENGE: "a machine that asks whether a person wrote",
    _Kind.OWN_COPY: "a copy of an own mail",
    _Kind.UNRELATED: "a mail that has nothing to do with the campaign",
}
"""By what camd took it for."""

_QUALIFY = Decision(
    _Kind.HUMAN_POSITIVE,
    "Interested, a qualified lead",
    "The sequence ends, and they count towards the goal as a qualified lead.",
    qualifies=True,
)
_INTERESTED = Decision(_Kind.HUMAN_POSITIVE, "Interested", "The sequence ends; they count as answered.")
_OPT_OUT = Decision(
    _Kind.OPT_OUT_REQUEST,
    "Wants no more mail",
    "Nobody writes to this address any more, in any campaign, for good.",
    for_good=True,
)
AWAY = Decision(
    _Kind.OUT_OF_OFFICE,
    "Out of office",
    "The sequence waits until the working day after the day that you name, two weeks without one, and then goes on.",
)
_ANSWERS = (
    Decision(_Kind.HUMAN_NEUTRAL, "Neither yes nor no", "The sequence ends; they count as answered, and you write on."),
    Decision(_Kind.HUMAN_NEGATIVE, "Not interested", "The sequence ends; the lead is lost: they said no."),
    _OPT_OUT,
)
OTHERS = (
    Decision(_Kind.AUTO_REPLY, "Automatic answer", "Nothing changes; the sequence goes on."),
    Decision(_Kind.UNRELATED, "Nothing to do with it", "Nothing changes; the sequence goes on."),
    Decision(_Kind.SOFT_BOUNCE, "Could not be delivered for now", "The next step goes at its time; a third one holds."),
    Decision(_Kind.DELAYED, "Delivered late", "Nothing changes; the sequence goes on."),
    Decision(_Kind.CHALLENGE, "Asks whether a person wrote", "The lead is held until you release them."),
    Decision(
        _Kind.HARD_BOUNCE,
        "Address does not exist",
        "The lead is lost, and nobody writes to this address any more, for good.",
        for_good=True,
    ),
    Decision(
        _Kind.COMPLAINT,
        "Complains about spam",
        "The lead is lost, nobody writes to them any more, for good, and the complaint counts against the campaign.",
        for_good=True,
    ),
)
OF_A_STRANGER = (
    Decision(_Kind.UNRELATED, "Seen, nothing to do", "It leaves the list; nothing else changes."),
    _OPT_OUT,
)
"""It belongs to no lead."""


def answers(lead: Lead, campaign: CampaignDetail) -> tuple[Decision, ...]:
    """The likely ones, the best first. Where the rule does not qualify somebody by itself a person may."""
    return (*_interested(lead, campaign), *_ANSWERS)


def _interested(lead: Lead, campaign: CampaignDetail) -> tuple[Decision, ...]:
    scoring, score = campaign.scoring, lead.score or 0.0
    if lead.status in CONVERTED:
        return (Decision(_Kind.HUMAN_POSITIVE, "Interested", f"They stay {lead.status.value}; the sequence is over."),)
    if scoring.auto_qualify and score >= scoring.auto_qualify_score:
        least = number(scoring.auto_qualify_score)
        effect = f"The sequence ends, and the score of {score:.2f} qualifies them: this campaign asks for {least}."
        return (Decision(_Kind.HUMAN_POSITIVE, "Interested", effect),)
    return (_QUALIFY, _INTERESTED)
