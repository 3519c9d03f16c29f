"""Where a person stands in every campaign: found by their address, and by what its leads tell besides."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from camd.domain.contact import EmailAddress, linkedin_key, name_key_of, parse_address
from camd.domain.errors import Invalid
from camd.domain.facts import CampaignId, CandidateId, Facts, InboundId
from camd.domain.lead import Lead
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.operations.desk import Desk
from camd.ports.records import Candidate, Identity, Listing
from camd.ports.store import Tx

_CAMPAIGNS = 500
_CANDIDATES = 2_000
_NOBODY = ""
"""The key of no lead."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Of one person at one instant. `messages` come from them, or contain an address of theirs."""

    leads: tuple[Lead, ...]
    candidates: tuple[Candidate, ...]
    messages: tuple[InboundId, ...]


def hash_of(tx: Tx, address: EmailAddress) -> str:
    return keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, address.key)


async def traces_of(desk: Desk, address: EmailAddress) -> Traces:
    """Reads every candidate and every text of a message, in pieces."""
    leads = await desk.read(lambda tx: leads_of(tx, address))
    facts = [Facts(email=address.given), *(lead.facts for lead in leads)]
    likeness = _Likeness.of(facts)
    candidates = [each async for each in _candidates(desk, likeness)]
    messages = await desk.read(lambda tx: messages_of(tx, facts))
    return Traces(tuple(leads), tuple(candidates), tuple(messages))


def leads_of(tx: Tx, address: EmailAddress) -> list[Lead]:
    """Those with the address, and those that have the same profile (`domain.contact.linkedin_key`)."""
    found = {lead.id: lead for lead in tx.leads.of_address_hash(hash_of(tx, address))}
    profiles = {key for lead in found.values() if (key := linkedin_key(lead.facts.linkedin_url))}
    for campaign_id in _campaigns(tx) if profiles else ():
        for profile in profiles:
            lead = tx.leads.known(campaign_id, Identity(_NOBODY, linkedin=profile))
            if lead is not None:
                found.setdefault(lead.id, lead)
    return sorted(found.values(), key=lambda lead: lead.id)


def messages_of(tx: Tx, facts: Collection[Facts]) -> Sequence[InboundId]:
    """Those from, or with, an address of these facts."""
    addresses = [address for each in facts if (address := _address(each))]
    sent = {row.id for address in addresses for row in tx.inbox.of_sender(hash_of(tx, address))}
    words = {word for address in addresses for word in (address.given.lower(), address.key)}
    return sorted(sent.union(tx.inbox.mentioning(words)))


def _campaigns(tx: Tx) -> Iterator[CampaignId]:
    before: str | None = None
    while page := tx.campaigns.page(Listing(_CAMPAIGNS, before)):
        yield from (campaign.id for campaign in page)
        before = str(page[-1].id)


async def _candidates(desk: Desk, likeness: "_Likeness") -> AsyncIterator[Candidate]:
    after: CandidateId | None = CandidateId(0)
    while after is not None:
        fitting, after = await desk.read(_piece(likeness, after))
        for candidate in fitting:
            yield candidate


def _piece(likeness: "_Likeness", after: CandidateId) -> Callable[[Tx], tuple[list[Candidate], CandidateId | None]]:
    """Compared where they are read: reading thousands of addresses would hold the loop."""

    def query(tx: Tx) -> tuple[list[Candidate], CandidateId | None]:
        piece = tx.candidates.all(after, _CANDIDATES)
        return [each for each in piece if likeness.fits(each)], piece[-1].id if piece else None

    return query


@dataclass(frozen=True, slots=True)
class _Likeness:
    """By what a candidate is the person, whose name counts where one of the two has no address."""

    addresses: frozenset[str]
    refs: frozenset[tuple[str | None, str | None]]
    profiles: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, facts: Collection[Facts]) -> "_Likeness":
        return cls(
            frozenset(address.key for each in facts if (address := _address(each))),
            frozenset((each.source, each.source_ref) for each in facts if each.source_ref),
            frozenset(key for each in facts if (key := linkedin_key(each.linkedin_url))),
            frozenset(key for each in facts if (key := name_key_of(each, _address(each)))),
        )

    def fits(self, candidate: Candidate) -> bool:
        facts, address = candidate.facts, _address(candidate.facts)
        return (
            (address is not None and address.key in self.addresses)
            or (candidate.source, candidate.source_ref) in self.refs
            or linkedin_key(facts.linkedin_url) in self.profiles
            or (address is None and name_key_of(facts, None) in self.names)
        )


def _address(facts: Facts) -> EmailAddress | None:
    """None too for what a source wrote in its place."""
    with suppress(Invalid):
        return parse_address(facts.email) if facts.email else None
    return None
