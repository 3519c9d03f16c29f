"""Whose a touch or a lead is: neither a lead with touches nor a campaign is ever deleted."""

from camd.domain.campaign import Campaign
from camd.domain.lead import Lead
from camd.ports.records import Touch
from camd.ports.store import Tx


def lead_of(tx: Tx, touch: Touch) -> Lead:
    lead = tx.leads.get(touch.lead_id)
    assert lead is not None, "a lead is never deleted without its touches"
    return lead


def campaign_of(tx: Tx, owned: Touch | Lead) -> Campaign:
    campaign = tx.campaigns.get(owned.campaign_id)
    assert campaign is not None, "a campaign is never deleted"
    return campaign
