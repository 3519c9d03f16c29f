"""What a message that came back means: its class, what that class does to the lead, and whose fault a code names.

Total and pure: every class has its consequence, and a code that nobody knows is judged `other`, never hard.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from camd.domain.lead import HoldReason, Outside
from camd.domain.suppression import SuppressionReason


class InboundClass(StrEnum):
    HUMAN_POSITIVE = "human_positive"
    HUMAN_NEGATIVE = "human_negative"
    HUMAN_NEUTRAL = "human_neutral"
    OPT_OUT_REQUEST = "opt_out_request"
    OUT_OF_OFFICE = "out_of_office"
    AUTO_REPLY = "auto_reply"
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    CHALLENGE = "challenge"
    OWN_COPY = "own_copy"
    UNRELATED = "unrelated"


HUMAN = frozenset({InboundClass.HUMAN_POSITIVE, InboundClass.HUMAN_NEGATIVE, InboundClass.HUMAN_NEUTRAL})
PERSONAL = HUMAN | {InboundClass.OPT_OUT_REQUEST}
"""Written by a person, for us."""
BOUNCES = frozenset({InboundClass.HARD_BOUNCE, InboundClass.SOFT_BOUNCE, InboundClass.DELAYED})


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a matched message of a class does; nothing at all means that it is only recorded.

    `review` puts it on the review list; a positive answer that qualifies by rule leaves nothing to ask.
    """

    fact: Outside | None = None
    suppression: SuppressionReason | None = None
    hold: HoldReason | None = None
    review: bool = False


_RECORDED = Consequence()

CONSEQUENCES: Mapping[InboundClass, Consequence] = MappingProxyType(
    {
        InboundClass.HUMAN_POSITIVE: Consequence(Outside.POSITIVE_ANSWER, review=True),
        InboundClass.HUMAN_NEGATIVE: Consequence(Outside.NEGATIVE_ANSWER),
        InboundClass.HUMAN_NEUTRAL: Consequence(Outside.NEUTRAL_ANSWER, review=True),
        InboundClass.OPT_OUT_REQUEST: Consequence(Outside.OPT_OUT, SuppressionReason.OPTED_OUT),
        InboundClass.COMPLAINT: Consequence(Outside.COMPLAINT, SuppressionReason.COMPLAINED),
        InboundClass.HARD_BOUNCE: Consequence(Outside.HARD_BOUNCE, SuppressionReason.HARD_BOUNCE),
        InboundClass.OUT_OF_OFFICE: Consequence(hold=HoldReason.OUT_OF_OFFICE),
        InboundClass.CHALLENGE: Consequence(hold=HoldReason.NEEDS_REVIEW, review=True),
        # One soft bounce holds nobody; the third in 14 days does, which the lead's history decides.
        InboundClass.SOFT_BOUNCE: _RECORDED,
        InboundClass.AUTO_REPLY: _RECORDED,
        InboundClass.DELAYED: _RECORDED,
        InboundClass.OWN_COPY: _RECORDED,
        InboundClass.UNRELATED: _RECORDED,
    }
)


class BounceKind(StrEnum):
    """`sender_trouble` is about us: it never touches the lead and never suppresses."""

    HARD = "hard"
    SOFT = "soft"
    SENDER_TROUBLE = "sender_trouble"
    OTHER = "other"


PROVIDER_LIMITS = frozenset({"5.4.5", "5.1.90", "5.7.233"})
"""The provider counts what this account sends: Google's daily limit, Microsoft's per mailbox and per tenant."""
_HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
_SENDER = frozenset({"5.1.7", "5.1.8", "5.1.90", "5.4.5"})
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_UNKNOWN = r"(unknown|not found|does not exist|doesn't exist|non-existent|nonexistent)"
_PARTY = r"(user|recipient|mailbox|address|account|domain|host)"
_NAMES_UNKNOWN = re.compile(
    rf"\b(no such {_PARTY}|{_UNKNOWN} {_PARTY}|{_PARTY}( name)?( is)? {_UNKNOWN})\b", re.IGNORECASE
)
_NAMES_SENDER = re.compile(r"\b(sender|mail from|client host|helo)\b", re.IGNORECASE)


def judge_status_code(code: str | None, text: str) -> BounceKind:
    """Whose trouble a failure is, by its enhanced status code (RFC 3463), which outranks any text.

    Without a code only a text that names an unknown user or domain, and no sender, is hard. `text` is the
    server's reply or the diagnostic of a delivery report, with its basic code where it has one.
    """
    code = (code or "").strip()
    if not _ENHANCED.fullmatch(code):
        return _judge_text(text)
    if code.startswith("4."):
        return BounceKind.SOFT
    if code in _HARD:
        return BounceKind.HARD
    if code in _SENDER or code.startswith("5.7."):
        return BounceKind.SENDER_TROUBLE
    return BounceKind.OTHER


def _judge_text(text: str) -> BounceKind:
    if re.match(r"\s*4\d\d\b", text):
        return BounceKind.SOFT
    if _NAMES_UNKNOWN.search(text) and not _NAMES_SENDER.search(text):
        return BounceKind.HARD
    return BounceKind.OTHER
