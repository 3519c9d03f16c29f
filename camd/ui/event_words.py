"""The ledger's events in words: what happened, to whom, and who did it."""

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from camd.domain.events import ENGINE, PERSON, EventType
from camd.schema.event import Event
from camd.ui.decisions import TAKEN_FOR
from camd.ui.lead_words import HELD, LIMITS, LOST, by_word
from camd.ui.suppression_words import REASONS
from camd.ui.words import REASON, count
from camd.ui.words import told as as_words

SENTENCES: Mapping[EventType, str] = MappingProxyType(
    {
        EventType.CAMPAIGN_CREATED: "The campaign was created",
        EventType.CAMPAIGN_UPDATED: "The campaign was changed",
        EventType.CAMPAIGN_ACTIVATED: "The campaign was started",
        EventType.CAMPAIGN_WENT_LIVE: "The campaign went live: it may write to people",
        EventType.CAMPAIGN_WENT_DRY: "The campaign went back to dry run",
        EventType.CAMPAIGN_PAUSED: "The campaign was paused: {reason}",
        EventType.CAMPAIGN_RESUMED: "The campaign goes on",
        EventType.CAMPAIGN_COMPLETED: "The campaign is complete: {reason}",
        EventType.CAMPAIGN_ARCHIVED: "The campaign was archived",
        EventType.LEAD_DISCOVERED: "{lead} was found",
        EventType.LEAD_DUPLICATE_SKIPPED: "{lead} was found again and left out",
        EventType.LEAD_ENRICHED: "The search for facts about {lead} is finished",
        EventType.LEAD_SCORED: "{lead} was scored: {score}",
        EventType.LEAD_CONTACTED: "{lead} was contacted for the first time",
        EventType.LEAD_REPLIED: "{lead} answered",
        EventType.LEAD_QUALIFIED: "{lead} is qualified",
        EventType.LEAD_WON: "{lead} is won",
        EventType.LEAD_LOST: "{lead} is lost: {reason}",
        EventType.LEAD_HELD: "{lead} is held: {reason}",
        EventType.LEAD_RELEASED: "{lead} is no longer held: {reason}",
        EventType.LEAD_REOPENED: "{lead} was reopened",
        EventType.LEAD_ERASED: "{lead} was erased",
        EventType.TOUCH_PLANNED: "Step {step} is planned for {lead}",
        EventType.TOUCH_APPROVED: "Step {step} for {lead} was approved",
        EventType.TOUCH_SENT: "Step {step} was sent to {lead}",
        EventType.TOUCH_REJECTED: "Step {step} to {lead} was refused for good: {reason}",
        EventType.TOUCH_DEFERRED: "Step {step} to {lead} was put off: {reason}",
        EventType.TOUCH_UNKNOWN: "Step {step} to {lead} may or may not have arrived",
        EventType.TOUCH_RESOLVED: "What became of step {step} to {lead} was decided: {as}",
        EventType.TOUCH_CANCELLED: "Step {step} for {lead} was cancelled: {reason}",
        EventType.TOUCH_DONE: "The task of step {step} for {lead} was done",
        EventType.TOUCH_SKIPPED: "The task of step {step} for {lead} was left out",
        EventType.INBOUND_RECEIVED: "From {lead}: {class}",
        EventType.INBOUND_RECLASSIFIED: "From {lead}, judged again: {to}",
        EventType.SUPPRESSION_ADDED: "A suppression was added: {reason}",
        EventType.SUPPRESSION_REMOVED: "A suppression was removed: {reason}",
        EventType.QUOTA_EXHAUSTED: "A limit is used up for now: {scope}",
        EventType.PROVIDER_DEGRADED: "The provider {provider} has trouble and rests",
        EventType.PROVIDER_RECOVERED: "The provider {provider} answers again",
        EventType.MAILBOX_DEGRADED: "The mailbox {mailbox} stopped sending: {reason}",
        EventType.MAILBOX_RECOVERED: "The mailbox {mailbox} may send again",
        EventType.ACTOR_CRASHED: "A bug stopped the campaign's work for a moment; it begins again by itself",
        EventType.ACTOR_PARKED: "A bug stopped the campaign's work again and again; it waits for a person",
        EventType.GOAL_REACHED: "The goal is reached",
        EventType.KILLSWITCH_ON: "All sending was stopped with the kill switch",
        EventType.KILLSWITCH_OFF: "The kill switch was turned off",
        EventType.TOKEN_CREATED: "A token was made: {scope}",
        EventType.TOKEN_REVOKED: "A token was revoked: {scope}",
        EventType.EXPORT_MADE: "Data of people was exported",
        EventType.IMPORT_FINISHED: "A file was imported: {added} added, {rejected} rejected, of {rows}",
        EventType.IMPORT_UNDONE: "An import was taken back: {removed} removed, {kept} kept",
        EventType.RECOVERY_HELD: "Sending was held for recovery: {reason}",
        EventType.RECOVERY_RELEASED: "The recovery hold was released",
    }
)

ROUTINE: Mapping[EventType, tuple[str, str]] = MappingProxyType(
    {
        EventType.LEAD_DISCOVERED: ("lead was found", "leads were found"),
        EventType.LEAD_DUPLICATE_SKIPPED: ("known person was left out", "known people were left out"),
        EventType.LEAD_ENRICHED: ("search for facts is finished", "searches for facts are finished"),
        EventType.LEAD_SCORED: ("lead was scored", "leads were scored"),
        EventType.LEAD_CONTACTED: ("lead was contacted for the first time", "leads were contacted for the first time"),
        EventType.TOUCH_PLANNED: ("step was planned", "steps were planned"),
        EventType.TOUCH_APPROVED: ("step was approved", "steps were approved"),
        EventType.TOUCH_CANCELLED: ("step was cancelled", "steps were cancelled"),
    }
)
"""What happens to every lead, and is told as a number: one and many."""


_REASONS: Mapping[EventType, Mapping[str, str]] = MappingProxyType(
    {
        EventType.CAMPAIGN_PAUSED: by_word(REASON),
        EventType.CAMPAIGN_COMPLETED: by_word(REASON),
        EventType.LEAD_LOST: by_word(LOST),
        EventType.LEAD_HELD: by_word(HELD),
        EventType.LEAD_RELEASED: by_word(HELD),
        EventType.MAILBOX_DEGRADED: by_word(REASON),
        EventType.SUPPRESSION_ADDED: by_word(REASONS),
        EventType.SUPPRESSION_REMOVED: by_word(REASONS),
        EventType.INBOUND_RECEIVED: by_word(TAKEN_FOR),
        EventType.INBOUND_RECLASSIFIED: by_word(TAKEN_FOR),
        EventType.QUOTA_EXHAUSTED: LIMITS,
    }
)
_NAMES = frozenset({"mailbox", "provider"})
"""What stays as it was written."""
_NOBODY_NAMED = "local"
"""Who asked on camd's machine while no token exists."""


def sentence(event: Event, lead: str | None) -> str:
    """Such as "Step 2 was sent to Anna Berger"; `lead` is the name that is shown of it, none for one unknown."""
    words = defaultdict(str, {key: _word(event.type, key, value) for key, value in event.data.items()})
    words["lead"] = lead or ("a lead" if event.lead_id else "somebody unknown")
    text = SENTENCES[event.type].format_map(words).removesuffix(": ")
    return text[:1].upper() + text[1:]


def routine(type_: EventType, number: int) -> str:
    """Such as "37 leads were scored"."""
    return count(number, *ROUTINE[type_])


def by_whom(actor: str) -> str:
    """Such as "anna", "the rule age"; empty for what camd does by itself, and for the lead of whom it is told."""
    kind, _, name = actor.partition(":")
    match kind:
        case _ if actor in (ENGINE, PERSON):
            return ""
        case "rule":
            return f"the rule {as_words(name)}"
        case "os":
            return f"{'somebody' if name == _NOBODY_NAMED else name} on camd's machine"
        case _:
            return name


def _word(type_: EventType, key: str, value: str | float | bool | None) -> str:
    """A word of the engine as people write it, which may mean different things in different events."""
    match value:
        case None:
            return ""
        case str() if key in _NAMES:
            return value
        case str():
            return _REASONS.get(type_, {}).get(value) or as_words(value)
        case _:
            return f"{value:,}"
