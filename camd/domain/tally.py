"""What a lead counts for: the names under which a campaign's tallies count it.

A store adds the tally of a lead it inserts, subtracts that of one it deletes, and on a change writes the difference,
all in the commit of the lead itself; lists, metrics and rules read the tallies and never count rows.
"""

from camd.domain.lead import Lead, LeadStatus, LostReason

CONTACTED = "contacted"
CONTACTED_REPLIED = "contacted_replied"
CONTACTED_CONVERTED = "contacted_converted"
WON_CENTS = "won_cents"
QUALIFIED_CENTS = "qualified_cents"
QUALIFIED_WITHOUT_MRR = "qualified_without_mrr"
HOLD = "hold:"
WAITS = "waits:"


def status_name(status: LeadStatus) -> str:
    return f"status:{status}"


def waits_name(reason: str) -> str:
    return f"{WAITS}{reason}"


def lost_after_contact(reason: LostReason) -> str:
    return f"lost_after_contact:{reason}"


def tally(lead: Lead) -> dict[str, int]:
    """Names and amounts; money in hundredths of the campaign's currency."""
    counted = {status_name(lead.status): 1}
    state = lead.state
    if state.ever_handed_over:
        counted[CONTACTED] = 1
        if state.lost_reason:
            counted[lost_after_contact(state.lost_reason)] = 1
        if state.ever_replied:
            counted[CONTACTED_REPLIED] = 1
        if lead.status in (LeadStatus.QUALIFIED, LeadStatus.WON):
            counted[CONTACTED_CONVERTED] = 1
    if lead.won_mrr is not None and lead.status is LeadStatus.WON:
        counted[WON_CENTS] = int(lead.won_mrr * 100)
    if lead.status is LeadStatus.QUALIFIED:
        if lead.facts.expected_mrr is None:
            counted[QUALIFIED_WITHOUT_MRR] = 1
        else:
            counted[QUALIFIED_CENTS] = int(lead.facts.expected_mrr * 100)
    for hold in lead.holds:
        counted[f"{HOLD}{hold.reason}"] = 1
    if lead.waits_for:
        counted[waits_name(lead.waits_for)] = 1
    return counted


def difference(before: Lead, after: Lead) -> dict[str, int]:
    """What changes in the tallies when `before` becomes `after`; names that do not change are left out."""
    old, new = tally(before), tally(after)
    change = {name: amount - old.get(name, 0) for name, amount in new.items()}
    change |= {name: -amount for name, amount in old.items() if name not in new}
    return {name: amount for name, amount in change.items() if amount}
