"""Whether a lead may be written to at all, and what stops it for good or for now."""

from camd.domain.campaign import Channel, Definition
from camd.domain.facts import Verdict
from camd.domain.lead import HoldReason, Lead, LostReason
from camd.domain.placeholder import placeholder_hash
from camd.domain.preflight import Blocked, CountryVerdict, NeedsConsent, Undecided


def loss_due(lead: Lead, definition: Definition, *, suppressed: bool, country: CountryVerdict) -> LostReason | None:
    """The reason for which a rule loses an enriched and scored lead, or none."""
    has_task = any(step.channel is Channel.TASK for step in definition.steps)
    if suppressed or lead.verdict is Verdict.SUPPRESSED:
        return LostReason.DO_NOT_CONTACT
    if lead.facts.email is None:
        return None if has_task or placeholder_hash(lead.key) else LostReason.NO_ADDRESS
    if lead.verdict is Verdict.INVALID:
        return LostReason.INVALID_ADDRESS
    if isinstance(country, Blocked) or (lead.score or 0.0) < definition.scoring.min_score:
        return LostReason.DISQUALIFIED
    return None


def hold_due(country: CountryVerdict, *, dry: bool) -> HoldReason | None:
    """The hold that the lead's country asks for. A country whose law asks for consent and for which nobody has
    decided stops a live mail too; a dry run previews it, and preflight says what is to be decided."""
    needs_consent = isinstance(country, NeedsConsent) or (isinstance(country, Undecided) and not dry)
    return HoldReason.CONSENT_REQUIRED if needs_consent else None
