"""A lead in words: who it is, where it stands, what was paid to know it, and why it is or is not written to."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from camd.domain.facts import Verdict
from camd.domain.lead import Action, HoldReason, LeadStatus, LostReason
from camd.schema.lead import Check, Hold, Lead, Receipt
from camd.schema.touch import Touch
from camd.ui.words import REASON, STATUS, count, listed, moment, number
from camd.ui.words import told as as_words

LOST: Mapping[LostReason, str] = MappingProxyType(
    {
        LostReason.NEGATIVE_REPLY: "they said no",
        LostReason.NO_REPLY: "they never answered",
        LostReason.BOUNCED: "the mail bounced",
        LostReason.OPTED_OUT: "they asked for no more mail",
        LostReason.COMPLAINED: "they complained",
        LostReason.INVALID_ADDRESS: "the address does not work",
        LostReason.NO_ADDRESS: "no address was found",
        LostReason.DO_NOT_CONTACT: "they may not be written to",
        LostReason.DISQUALIFIED: "they do not fit",
        LostReason.DUPLICATE: "they are there twice",
        LostReason.OPERATOR: "a person decided so",
        LostReason.ERASED: "their data were erased",
    }
)
HELD: Mapping[HoldReason, str] = MappingProxyType(
    {
        HoldReason.NEEDS_REVIEW: "a person has to look at it",
        HoldReason.SEND_UNKNOWN: "a mail may or may not have arrived: resolve it under Unknown",
        HoldReason.SEND_FAILED: "a mail could not be handed over",
        HoldReason.MISSING_VARIABLE: "the text needs a fact that is not known: fill it in, or change the text",
        HoldReason.COMPANY_REPLIED: "somebody else at the company answered",
        HoldReason.OUT_OF_OFFICE: "they are out of office",
        HoldReason.SOFT_BOUNCES: "three mails could not be delivered",
        HoldReason.CONSENT_REQUIRED: "the law of their country asks for consent: note it, or release the lead",
        HoldReason.OPERATOR_WROTE: "you wrote to them by hand",
        HoldReason.POISON: "camd crashed on it again and again",
        HoldReason.OPERATOR: "a person put it on hold",
    }
)
VERDICT: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.VALID: "works",
        Verdict.CATCH_ALL: "its server takes every address",
        Verdict.ROLE: "belongs to a role, not to a person",
        Verdict.FREEMAIL: "is free mail",
        Verdict.UNKNOWN: "is not proved to work",
        Verdict.INVALID: "does not work",
        Verdict.SUPPRESSED: "may not be written to",
    }
)
NEXT: Mapping[Action, str] = MappingProxyType(
    {
        Action.ENRICH: "camd looks up what is missing",
        Action.SCORE: "camd scores it and plans its first mail",
        Action.OUTREACH: "camd takes up its next step",
    }
)
CHECKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "kill_switch": ("The kill switch is off", "The kill switch is on: nothing is sent"),
        "recovery_hold": ("No recovery hold", "Recovery hold: nothing is sent"),
        "gate_open": ("The send gate is open", "The send gate is closed: nothing is sent"),
        "live": ("Live", "Dry run: nobody is written to"),
        "campaign_active": ("The campaign is active", "The campaign is not active"),
        "approved": ("The text is approved", "The text is not approved"),
        "lead_status": ("Open: neither answered nor finished", "Its status ends the sequence"),
        "address": ("An address is known", "No address is known"),
        "no_hold": ("Not on hold", "On hold"),
        "not_suppressed": ("Not suppressed", "Suppressed: nobody writes to this address"),
        "eligible": ("Fits the campaign", "A rule takes it out"),
        "country": ("The country is decided", "The country asks for a decision"),
        "mailbox": ("A mailbox can send", "No mailbox can send"),
        "inbox": ("Answers are heard", "The inbox cannot be read, so follow-ups wait"),
        "window": ("Within the hours of writing", "Outside the hours of writing"),
        "bounces": ("Few bounces", "Too many bounces: no first mails for now"),
    }
)
"""By the name of a check: what it says where it passes, and where it does not."""
LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "campaign": "the campaign's mails a day",
        "mailbox_day": "the mailbox's mails a day",
        "mailbox_24h": "the mailbox's mails in 24 hours",
        "mailbox_pace": "the pause between two mails of the mailbox",
        "company_new": "new contacts at one company a day",
        "company": "mails to one company a day",
        "person": "one mail to a person in 72 hours",
        "instance": "the instance's mails a day",
        "provider_rate": "the provider's pace",
        "provider_credits": "the provider's credits a day",
    }
)
S = TypeVar("S", bound=StrEnum)


def by_word(words: Mapping[S, str]) -> dict[str, str]:
    """What a newer camd says may be a word that is not among them."""
    return {word.value: text for word, text in words.items()}


_REASONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "live": {
            "dry_run_instance": "the whole instance is in dry run, as its configuration says",
            "dry_run_campaign": "the campaign is in dry run, see Go live",
        },
        "campaign_active": by_word(STATUS) | by_word(REASON),
        "approved": {
            "approval": "it waits under Approvals",
            "text_changed": "the step was changed since, camd writes it anew",
        },
        "lead_status": by_word(LOST),
        "no_hold": by_word(HELD),
        "eligible": by_word(LOST),
        "country": by_word(HELD),
    }
)


def name_of(lead: Lead) -> str:
    """As a person is called where nothing better is known: by their address, company or id."""
    name = " ".join(filter(None, (lead.first_name, lead.last_name)))
    return name or lead.email or lead.company or lead.id


def standing_of(status: LeadStatus, reason: LostReason | None) -> str:
    """Such as "lost: they said no"."""
    return status.value + (f": {LOST[reason]}" if reason else "")


def hold_words(hold: Hold, zone: str) -> str:
    until = f", until {moment(hold.until, zone)}" if hold.until else ""
    return f"{HELD[hold.reason]}, since {moment(hold.since, zone)}{until}"


def next_words(lead: Lead, zone: str) -> str:
    """What comes next, and when."""
    if lead.holds:
        return "Nothing until its holds end: " + listed(hold_words(hold, zone) for hold in lead.holds)
    if lead.next_action is None:
        return "Nothing: it is finished, or waits for what a person decides"
    soonest = lead.next_action_at
    when = f"not before {moment(soonest, zone)}" if soonest else "once what it waits for is there"
    return f"{NEXT[lead.next_action].capitalize()}, {when}"


def check_words(check: Check, zone: str) -> str:
    """Such as "On hold: they are out of office, until Tue 24 Nov 2026, 09:00 Europe/Vienna"."""
    name, _, limit = check.name.partition(":")
    passes, fails = CHECKS.get(name, (as_words(check.name), as_words(check.name)))
    if name == "quota":
        of = LIMITS.get(limit, as_words(limit))
        passes, fails = f"Room left: {of}", f"Used up for now: {of}"
    if check.passed:
        return passes
    reason = "" if name == "quota" else _reason(name, check.reason)
    return fails + (f": {reason}" if reason else "") + (f", until {moment(check.until, zone)}" if check.until else "")


def _reason(name: str, reason: str | None) -> str:
    word = (reason or "").removeprefix("hold:")
    if word in ("", name, "suppressed", "no_address", "bounce_rate", "gate_closed"):
        return ""
    if word.startswith("mailbox:"):
        return word.removeprefix("mailbox:")
    return _REASONS[name].get(word, as_words(word)) if name in _REASONS else as_words(word)


def receipt_words(receipt: Receipt, zone: str) -> str:
    """Such as "dropcontact, find: found, 1 credit, Tue 24 Nov 2026, 09:00 Europe/Vienna"."""
    if receipt.asked_before:
        paid = "nothing paid: an earlier question had the answer"
    elif receipt.credits is not None:
        paid = _credits(number(receipt.credits))
    else:
        paid = f"up to {_credits(number(receipt.reserved or 0))}, not settled yet"
    at = receipt.settled_at or receipt.asked_at
    when = f", {moment(at, zone)}" if at else ""
    return f"{receipt.provider}, {receipt.operation}: {as_words(receipt.result or receipt.status)}, {paid}{when}"


def _credits(amount: str) -> str:
    return count(1, "credit") if amount == "1" else f"{amount} credits"


def touch_words(touch: Touch) -> str:
    """Such as "Step 2, mail, cancelled (replied)"."""
    kind = {"email": "mail", "task": "task"}.get(touch.channel, touch.channel)
    why = f" ({as_words(touch.reason)})" if touch.reason else ""
    return f"Step {touch.step}, {kind}: {as_words(touch.status)}{why}"
