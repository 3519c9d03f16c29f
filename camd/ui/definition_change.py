"""What differs between two definitions of a campaign, field by field and in words, and the patch that makes the one of
the other. Pure: nothing is asked or stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, JsonValue

from camd.domain.campaign import AutonomyMode, Channel, GoalCounts
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.definition_parts import default_wait
from camd.ui.words import listed, money, number, told

Names = tuple[str, ...]
"""The way to a field through the parts of a definition."""
Place = tuple[Names, int]
"""A field, with the number of its step or source, 0 outside of them."""
ABSENT = "not there"
"""Stands for a field of a step or source that the other definition alone has."""

LABELS: Mapping[Names, str] = {
    ("name",): "Name",
    ("description",): "Description",
    ("target_niche",): "Niche",
    ("service_key",): "Offer",
    ("target_clients",): "Goal: clients",
    ("target_mrr",): "Goal: revenue a month",
    ("mrr_per_client",): "Revenue of a client a month",
    ("currency",): "Currency",
    ("goal_counts",): "The goal counts",
    ("daily_email_limit",): "Mails a day, at most",
    ("timezone",): "Time zone",
    ("language",): "Language",
    ("channels",): "Channels",
    ("mailboxes",): "Mailboxes",
    ("dry_run",): "Dry run",
    ("first_touch_spread_hours",): "Hours over which first mails are spread",
    ("no_reply_days",): "Days without an answer until a lead is lost",
    ("icp", "titles"): "Ideal customer: titles",
    ("icp", "seniorities"): "Ideal customer: seniorities",
    ("icp", "industries"): "Ideal customer: industries",
    ("icp", "employee_min"): "Ideal customer: employees, at least",
    ("icp", "employee_max"): "Ideal customer: employees, at most",
    ("icp", "countries"): "Ideal customer: countries",
    ("window", "days"): "Sending days",
    ("window", "start"): "Sending from",
    ("window", "end"): "Sending until",
    ("window", "holidays"): "No mails on public holidays",
    ("sources", "type"): "kind",
    ("enrichment", "providers"): "Paid look-ups by",
    ("enrichment", "credits_per_day"): "Credits a day, at most",
    ("enrichment", "facts"): "Facts worth paying for",
    ("enrichment", "recheck_catch_all"): "Catch-all addresses are checked again",
    ("scoring", "weights", "address"): "Score: weight of the address",
    ("scoring", "weights", "role_fit"): "Score: weight of the role",
    ("scoring", "weights", "company_fit"): "Score: weight of the company",
    ("scoring", "weights", "completeness"): "Score: weight of completeness",
    ("scoring", "weights", "intent"): "Score: weight of intent",
    ("scoring", "min_score"): "Lowest score that is written to",
    ("scoring", "auto_qualify"): "An interested answer qualifies by itself",
    ("scoring", "auto_qualify_score"): "Lowest score that qualifies by itself",
    ("steps", "channel"): "channel",
    ("steps", "wait_days"): "wait in working days",
    ("steps", "subject"): "subject",
    ("steps", "body"): "text",
    ("pause_rules", "loss_rate"): "Pause above this share of lost leads",
    ("pause_rules", "loss_min_contacted"): "Contacted leads before losses are judged",
    ("pause_rules", "loss_counts_no_reply"): "No answer counts as a loss",
    ("pause_rules", "age_days"): "Days without a qualified lead until it pauses",
    ("pause_rules", "bounce_slow"): "No first mails above this share of bounces",
    ("pause_rules", "bounce_pause"): "Pause above this share of bounces",
    ("pause_rules", "bounce_min_sent"): "Mails before bounces are judged",
    ("pause_rules", "complaint_rate"): "Pause above this share of complaints",
    ("autonomy", "mode"): "Approval",
    ("autonomy", "approve_first"): "Mails that wait for approval first",
}
_EMPTY: Mapping[Names, str] = {
    ("mailboxes",): "all of the instance",
    ("currency",): "that of the instance",
    ("timezone",): "that of the instance",
    ("enrichment", "providers"): "nobody: nothing is paid for",
    ("enrichment", "credits_per_day"): "no limit",
    ("steps", "subject"): "none: answers in the thread",
    **{("icp", name): "any" for name in ("titles", "seniorities", "industries", "countries")},
    **{("icp", name): "any number" for name in ("employee_min", "employee_max")},
}
_CHOICES: Mapping[StrEnum, str] = {
    GoalCounts.QUALIFIED: "qualified leads and signed clients",
    GoalCounts.WON: "signed clients only",
    Channel.EMAIL: "mail",
    Channel.TASK: "task for a person",
    AutonomyMode.APPROVE: "the first mails wait for it",
    AutonomyMode.FULL: "no mail waits for it",
}
_NUMBERED: Mapping[Names, str] = {("steps",): "Step", ("sources",): "Source"}
_AMOUNTS = frozenset({"target_mrr", "mrr_per_client"})
_SHARES = frozenset({"loss_rate", "bounce_slow", "bounce_pause", "complaint_rate"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: its label, and both values in words that differ too. A text keeps its lines."""

    field: str
    now: str
    then: str


def body_of(campaign: CampaignDetail) -> CampaignBody:
    """The definition of a stored campaign. It is not checked again, so that one can be mended after a rule became
    stricter."""
    return CampaignBody.model_construct(**{name: getattr(campaign, name) for name in CampaignBody.model_fields})


def changes(before: CampaignBody, after: CampaignBody) -> list[Change]:
    """In the order of the definition, steps and sources compared by their numbers; empty where both mean the same."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    differing = {place for place in old.keys() | new.keys() if old.get(place, ABSENT) != new.get(place, ABSENT)}
    return [
        _change(place, (before, old.get(place, ABSENT)), (after, new.get(place, ABSENT)))
        for place in sorted(differing, key=_order)
    ]


def patch_of(before: CampaignBody, after: CampaignBody) -> CampaignPatch:
    """Only what differs, so that what somebody else changes at the same time stays; lists are replaced whole."""
    return CampaignPatch(_patch(before.model_dump(mode="json"), after.model_dump(mode="json")))


def _patch(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, value in after.items():
        old = before[name]
        if old != value:
            found[name] = _patch(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def _leaves(value: object, names: Names = (), number_: int = 0) -> Iterator[tuple[Place, object]]:
    """Iterating over a model gives the fields of a source that its provider declares, too."""
    if isinstance(value, BaseModel):
        for name, part in value:
            yield from _leaves(part, (*names, name), number_)
    elif names in _NUMBERED and isinstance(value, tuple):
        for place, part in enumerate(value, start=1):
            yield from _leaves(part, names, place)
    elif names == ("steps", "wait_days") and value is None:
        yield (names, number_), default_wait(number_)
    else:
        yield (names, number_), value


def _order(place: Place) -> tuple[int, int, int, str]:
    names, number_ = place
    known = list(LABELS)
    section = next(at for at, label in enumerate(known) if label[0] == names[0])
    within = known.index(names) if names in LABELS else len(known)
    return section, number_, within, names[-1]


def _change(place: Place, before: tuple[CampaignBody, object], after: tuple[CampaignBody, object]) -> Change:
    names, number_ = place
    label = LABELS.get(names, told(names[-1]))
    if number_:
        label = f"{_NUMBERED[names[:1]]} {number_}, {label}"
    now, then = (_words(names, value, body.currency) for body, value in (before, after))
    if now == then:  # "a, b" may be one entry or two
        now, then = repr(before[1]), repr(after[1])
    return Change(label, now, then)


def _words(names: Names, value: object, currency: str | None) -> str:
    match value:
        case None | "" | ():
            return _EMPTY.get(names, "none")
        case bool():
            return "yes" if value else "no"
        case StrEnum():
            return _CHOICES[value]
        case Decimal() if names[-1] in _AMOUNTS:
            return money(value, currency or "in the instance's currency")
        case float() if names[-1] in _SHARES:
            return f"{number(Decimal(str(value)) * 100)} %"
        case int() | float() | Decimal():
            return number(value)
        case tuple() | list():
            return listed(_words(names, each, currency) for each in value)
        case Mapping():
            return listed(f"{name}: {_words(names, each, currency)}" for name, each in value.items())
        case _:
            return str(value)
