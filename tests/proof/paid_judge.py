"""What camd has written down of a paid campaign, held against the rules and against what the simulators charged: every
broken promise is one line to read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, combinations

from camd.domain.lead import Lead
from camd.domain.waterfall import LookupStatus, Operation
from tests.proof.paid_people import FINDER, VERIFIER, Deal, End, Fate, Mailbox, Place, Somebody
from tests.proof.paid_site import Books
from tests.proof.paid_vendors import Paid

MATCH, VERIFY, PAGE = Decimal(1), Decimal("0.5"), Decimal(1)
"""What a dry run leaves out."""


def would_spend(everybody: Sequence[Somebody]) -> Mapping[str, float]:
    """By provider, once all that is free was read: the first question about each, and Hunter's next page."""
    stubs = sum(Place.APOLLO in who.places for who in everybody)
    nameless = sum(who.begins_nameless for who in everybody)
    unjudged = sum(who.begins_with_address and who.mailbox is Mailbox.OWN for who in everybody)
    return {"apollo": float(MATCH * (stubs + nameless)), "hunter": float(VERIFY * unjudged + PAGE)}


def expected(everybody: Sequence[Somebody]) -> Counter[End]:
    """How many end in which way where no answer is lost."""
    return Counter(end for who in everybody if (end := Fate(who).end) is not None)


def counted(books: Books, everybody: Sequence[Somebody]) -> Counter[End]:
    """The same as camd tells it; what a verdict is worth nothing for is told without."""
    with_verdict = {(end.status, end.reason) for end in expected(everybody) if end.verdict is not None}
    found = (_end_of(lead) for lead in chain.from_iterable(books.leads.values()))
    return Counter(end if (end.status, end.reason) in with_verdict else End(end.status, end.reason) for end in found)


def wrong_ends(everybody: Sequence[Somebody], books: Books) -> Iterator[str]:
    """Everybody ends as the rules have it, given the answers that were lost."""
    for who in everybody:
        allowed = [fate.end for fate in fates(who, books)]
        found = [_end_of(lead) for lead in books.leads.get(who.person.number, ())]
        if not any(_is_same(found, end) for end in allowed):
            yield f"{who} ends {found} instead of {allowed}"


def not_suppressed(everybody: Sequence[Somebody], books: Books) -> Iterator[str]:
    """Whoever objected, by every address that is known of them."""
    for who in everybody:
        objected_to = [fate.objected_to for fate in fates(who, books)]
        # A finder that keeps somebody to itself tells no address.
        if all(objected_to) and FINDER not in objected_to and who.person.number not in books.suppressed:
            yield f"{who} objected to {objected_to} and is not suppressed"


def charged_twice(charges: Sequence[Paid]) -> Iterator[str]:
    """Nobody is paid for twice by one provider, for whatever it does."""
    for (provider, about), times in Counter((paid.deal[0], paid.about) for paid in charges).items():
        if times > 1 and about is not None:
            yield f"{provider} was paid {times} times for person {about}"


def unaccounted(charges: Sequence[Paid], books: Books) -> Iterator[str]:
    """What somebody charged and no receipt has, or the other way round; of what is uncertain it is not known."""
    for receipt in books.receipts.get(None, ()):
        if receipt.deal[1] is not Operation.SEARCH:
            yield f"nobody knows whom {receipt} is about"
    lost = uncertain(books)
    for (deal, about), difference in _beyond_receipts(charges, books).items():
        if difference < 0 or (difference and deal not in lost.get(about, ())):
            yield f"{deal} charged {difference} more for person {about} than the receipts say"


def charged_for_lost_answers(charges: Sequence[Paid], books: Books, provider: str) -> Decimal:
    lost = uncertain(books)
    beyond = _beyond_receipts(charges, books).items()
    known = (more for (deal, about), more in beyond if deal[0] == provider and deal in lost.get(about, ()))
    return sum(known, Decimal(0))


def _beyond_receipts(charges: Sequence[Paid], books: Books) -> Mapping[tuple[Deal, int | None], Decimal]:
    differences: defaultdict[tuple[Deal, int | None], Decimal] = defaultdict(Decimal)
    for paid in charges:
        differences[paid.deal, paid.about] += paid.credits
    for about, receipts in books.receipts.items():
        for receipt in receipts:
            differences[receipt.deal, about] -= receipt.spent
    return differences


def needless(everybody: Sequence[Somebody], charges: Sequence[Paid]) -> Iterator[str]:
    """What was paid though an earlier answer was good, or was not asked for, where no answer is lost."""
    paid_for: defaultdict[int | None, set[Deal]] = defaultdict(set)
    for paid in charges:
        paid_for[paid.about].add(paid.deal)
    for who in everybody:
        right, found = Fate(who).charged, paid_for[who.person.number]
        # Where Apollo tells of somebody before Hunter's search does, Hunter is asked what it would have shown.
        late = {VERIFIER} if who.places == {Place.APOLLO, Place.HUNTER} else set()
        if found - right - late or (right - found and not who.is_judged_twice):
            yield f"{who} was paid for at {sorted(found)} instead of {sorted(right)}"


def uncertain(books: Books) -> Mapping[int | None, Sequence[Deal]]:
    """Whose answers are lost, by person."""
    lost = {
        about: [each.deal for each in receipts if each.status is LookupStatus.UNCERTAIN]
        for about, receipts in books.receipts.items()
    }
    return {about: deals for about, deals in lost.items() if deals}


def fates(who: Somebody, books: Books) -> Sequence[Fate]:
    """Each that is in order: where of two questions to a provider about somebody one was answered and the answer to the
    other lost, the one may have come too late."""
    own = books.receipts.get(who.person.number, ())
    lost = {receipt.deal for receipt in own if receipt.status is LookupStatus.UNCERTAIN}
    late = lost & {receipt.deal for receipt in own if receipt.status is LookupStatus.DONE}
    some = chain.from_iterable(combinations(sorted(late), count) for count in range(len(late) + 1))
    return [Fate(who, (lost - late) | set(each)) for each in some]


def _end_of(lead: Lead) -> End:
    return End(lead.status, lead.state.lost_reason, lead.verdict)


def _is_same(found: Sequence[End], end: End | None) -> bool:
    if end is None or len(found) != 1:
        return end is None and not found
    [one] = found
    return (one.status, one.reason) == (end.status, end.reason) and end.verdict in {None, one.verdict}
