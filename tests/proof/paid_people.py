"""Invented people as four sources and four providers know them, and how each of them ends by the rules alone.

Nothing of camd is asked here: what comes out of it is held against this.
"""

import random  # noqa: TID251 - seeded: the same people each time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from camd.domain.facts import Verdict
from camd.domain.lead import LeadStatus, LostReason
from camd.domain.waterfall import Operation
from tests.simulators.dropcontact import VERIFIED, Kind
from tests.simulators.people import Person, person

T = TypeVar("T")

AT_A_COMPANY = 12
"""People of a company that Hunter is searched for: two pages."""
MOST_TRIES = 1_000


class Place(StrEnum):
    """Where a campaign may find somebody."""

    ADDRESSES = "addresses"  # a file with addresses
    NAMES = "names"  # a file without
    FORM = "form"  # of LinkedIn's, with an address
    PROFILE_FORM = "profile form"  # without one
    HUNTER = "hunter"
    APOLLO = "apollo"  # as a stub


A, N, F, P, H, S = Place.ADDRESSES, Place.NAMES, Place.FORM, Place.PROFILE_FORM, Place.HUNTER, Place.APOLLO
SHARES: Mapping[tuple[Place, ...], int] = {
    (S,): 700,
    (S, N): 120,
    (S, A): 70,
    (S, F): 60,
    (S, H): 50,
    (S, P): 20,
    (S, N, F): 10,
    (S, A, H): 10,
    (N,): 400,
    (N, A): 30,
    (N, F): 30,
    (N, H): 30,
    (N, P): 10,
    (A,): 170,
    (A, F): 30,
    (A, H): 20,
    (F,): 130,
    (F, H): 20,
    (P,): 20,
    (H,): 70,
}
"""Of 2,000 people."""


class Mailbox(StrEnum):
    """What can be told of an address for nothing."""

    OWN = "own"
    ROLE = "role"
    FREEMAIL = "freemail"
    DEAD = "dead"  # the domain takes no mail


class Knows(StrEnum):
    """What a provider can say of somebody's address."""

    NOTHING = "nothing"
    NO_ADDRESS = "no address"  # but who they are
    UNSURE = "unsure"
    TRUTH = "truth"
    ROLE = "role"
    OBJECTED = "objected"


@dataclass(frozen=True, slots=True)
class Somebody:
    """`truth` is what any provider that is sure says of the address. `hunter` is what Hunter's verifier says, its
    finder says the same of whom it `is_findable`."""

    person: Person
    places: frozenset[Place]
    mailbox: Mailbox
    truth: Verdict
    apollo: Knows
    dropcontact: Kind
    is_findable: bool
    hunter: Knows
    zerobounce: Knows
    has_profile: bool

    @property
    def begins_nameless(self) -> bool:
        """Without an address, in a list or a form. The files are read first, then the forms; who is known from there is
        not known anew."""
        return A not in self.places and (N in self.places or (P in self.places and F not in self.places))

    @property
    def begins_with_address(self) -> bool:
        return A in self.places or (F in self.places and N not in self.places)

    @property
    def is_judged_twice(self) -> bool:
        """By Apollo, which tells who a stub is, and by whoever verifies a known address; whichever is quicker."""
        return S in self.places and not self.begins_nameless and not self.places.isdisjoint({A, F, H})


@dataclass(frozen=True, slots=True)
class End:
    status: LeadStatus
    reason: LostReason | None = None
    verdict: Verdict | None = None


Deal = tuple[str, Operation]
"""Who is paid, and for what."""
NO_ADDRESS = End(LeadStatus.LOST, LostReason.NO_ADDRESS)
OBJECTED = End(LeadStatus.LOST, LostReason.DO_NOT_CONTACT)
APOLLO, DROPCONTACT, FINDER = ("apollo", Operation.MATCH), ("dropcontact", Operation.FIND), ("hunter", Operation.FIND)
VERIFIER, ZEROBOUNCE = ("hunter", Operation.VERIFY), ("zerobounce", Operation.VERIFY)

_FOUND: Mapping[Kind, Verdict] = {
    Kind.FOUND: Verdict.VALID,
    Kind.CATCH_ALL: Verdict.CATCH_ALL,
    Kind.UNVERIFIED: Verdict.UNKNOWN,
    Kind.INVALID: Verdict.INVALID,
}


class Fate:
    """How somebody ends where the answers of the deals in `lost` never came, in `charged` who was paid for them and in
    `objected_to` whom they asked not to be written to. Without an `end` nobody ever learned who it is."""

    def __init__(self, who: Somebody, lost: Collection[Deal] = ()) -> None:
        self._who = who
        self._lost = lost
        self._is_called_invalid = False
        self._is_judged_by_hunter = False
        self.objected_to: Deal | None = None
        self.charged: set[Deal] = set()
        self.end = self._end()

    def _end(self) -> End | None:
        who, places = self._who, self._who.places
        if S in places and APOLLO not in self._lost and who.apollo is not Knows.NOTHING:
            self.charged.add(APOLLO)
        if who.begins_with_address:
            return self._with_address(None)
        if who.begins_nameless:
            return self._nameless()
        if H in places:
            return self._with_address(_said(who.hunter, who.truth))
        if APOLLO in self._lost or who.apollo is Knows.NOTHING:
            return None
        verdict = _said(who.apollo, who.truth)
        if who.apollo is Knows.NO_ADDRESS or verdict is Verdict.INVALID:
            return self._nameless()
        return self._with_address(verdict)

    def _with_address(self, verdict: Verdict | None) -> End:
        """What was said of it counts where nothing can be told for nothing."""
        match self._who.mailbox:
            case Mailbox.DEAD:
                return _ended(Verdict.INVALID)
            case Mailbox.ROLE:
                return _ended(Verdict.ROLE)
            case Mailbox.FREEMAIL:
                return _ended(Verdict.FREEMAIL)
        return self._verified(verdict)

    def _nameless(self) -> End:
        """One after the other is asked for the address."""
        for deal, ask in ((APOLLO, self._match), (DROPCONTACT, self._find_by_dropcontact), (FINDER, self._find)):
            end = None if deal in self._lost else ask()
            if end is not None:
                return end
        return NO_ADDRESS

    def _match(self) -> End | None:
        who = self._who
        if who.apollo is Knows.NOTHING:
            return None
        self.charged.add(APOLLO)
        return None if who.apollo is Knows.NO_ADDRESS else self._taken(_said(who.apollo, who.truth))

    def _find_by_dropcontact(self) -> End | None:
        kind = self._who.dropcontact
        if kind in VERIFIED:
            self.charged.add(DROPCONTACT)
        match kind:
            case Kind.OBJECTED:
                return self._objected(DROPCONTACT)
            case Kind.NOT_FOUND:
                return None
            case Kind.PRIVATE:
                return _ended(Verdict.FREEMAIL)
            case Kind.GENERIC:
                return None if self._who.mailbox is Mailbox.DEAD else _ended(Verdict.ROLE)
        return self._taken(_FOUND[kind])

    def _find(self) -> End | None:
        who = self._who
        if who.hunter is Knows.OBJECTED:
            return self._objected(FINDER)
        if not who.is_findable:
            return None
        self.charged.add(FINDER)
        self._is_judged_by_hunter = True
        return self._taken(_said(who.hunter, who.truth))

    def _taken(self, verdict: Verdict) -> End | None:
        """One that cannot work is as good as none, and stays so whoever names it next."""
        if self._who.mailbox is Mailbox.DEAD:
            return None
        if verdict is Verdict.INVALID:
            self._is_called_invalid = True
            return None
        return _ended(Verdict.INVALID) if self._is_called_invalid else self._with_address(verdict)

    def _verified(self, verdict: Verdict | None) -> End:
        """By the cheaper one first."""
        who = self._who
        if verdict in {None, Verdict.UNKNOWN} and not self._is_judged_by_hunter and VERIFIER not in self._lost:
            if who.hunter is Knows.OBJECTED:
                return self._objected(VERIFIER)
            self.charged.add(VERIFIER)
            verdict = _said(who.hunter, who.truth)
        if verdict in {None, Verdict.UNKNOWN} and ZEROBOUNCE not in self._lost:
            if who.zerobounce is not Knows.UNSURE:
                self.charged.add(ZEROBOUNCE)
            if who.zerobounce is Knows.OBJECTED:
                return self._objected(ZEROBOUNCE)
            verdict = _said(who.zerobounce, who.truth)
        return _ended(verdict or Verdict.UNKNOWN)

    def _objected(self, deal: Deal) -> End:
        self.objected_to = deal
        return OBJECTED


def _said(knows: Knows, truth: Verdict) -> Verdict:
    match knows:
        case Knows.TRUTH:
            return truth
        case Knows.ROLE:
            return Verdict.ROLE
    return Verdict.UNKNOWN


def _ended(verdict: Verdict) -> End:
    if verdict is Verdict.INVALID:
        return End(LeadStatus.LOST, LostReason.INVALID_ADDRESS, verdict)
    return End(LeadStatus.ENRICHED, None, verdict)


def everybody(count: int, seed: int) -> Sequence[Somebody]:
    """About so many people, in every mixture of `SHARES`."""
    dice = random.Random(seed)
    shares = {places: max(1, round(share * count / 2_000)) for places, share in SHARES.items()}
    wanted = [frozenset(places) for places, share in shares.items() for _ in range(share)]
    dice.shuffle(wanted)
    found: list[Somebody] = []
    at_companies = 0
    for number, places in enumerate(wanted):
        one = person(number)
        if H in places:
            company = at_companies // AT_A_COMPANY
            domain = f"searched{company}.example"
            one = replace(one, company=f"Searched {company}", domain=domain, email=f"{_local(one)}@{domain}")
            at_companies += 1
        found.append(_somebody(one, places, dice))
    return found


def _somebody(one: Person, places: frozenset[Place], dice: random.Random) -> Somebody:
    for _ in range(MOST_TRIES):
        who = _anybody(one, places, dice)
        if _ends_in_one_way(who):
            return who
    raise AssertionError(f"nobody fits {sorted(places)}")


def _anybody(one: Person, places: frozenset[Place], dice: random.Random) -> Somebody:
    mailbox = _one_of(dice, {Mailbox.OWN: 80, Mailbox.ROLE: 5, Mailbox.FREEMAIL: 5, Mailbox.DEAD: 10})
    truth = _one_of(dice, {Verdict.VALID: 60, Verdict.CATCH_ALL: 20, Verdict.INVALID: 20})
    local = {Mailbox.ROLE: "info"}.get(mailbox, _local(one))
    domain = "web.de" if mailbox is Mailbox.FREEMAIL else one.domain
    sure = {Verdict.VALID: Kind.FOUND, Verdict.CATCH_ALL: Kind.CATCH_ALL, Verdict.INVALID: Kind.INVALID}[truth]
    kinds = {sure: 30, Kind.UNVERIFIED: 15, Kind.NOT_FOUND: 30, Kind.OBJECTED: 8, Kind.GENERIC: 8, Kind.PRIVATE: 9}
    apollo = {Knows.TRUTH: 40, Knows.UNSURE: 25, Knows.NO_ADDRESS: 15, Knows.NOTHING: 20}
    if S not in places:
        apollo[Knows.NOTHING] = 60
    return Somebody(
        person=replace(one, email=f"{local}@{domain}", country="France" if S in places else "Belgium"),
        places=places,
        mailbox=mailbox,
        truth=truth,
        apollo=_one_of(dice, apollo),
        dropcontact=_one_of(dice, kinds),
        is_findable=H in places or dice.random() < 0.5,
        hunter=_one_of(dice, {Knows.TRUTH: 60, Knows.UNSURE: 30, Knows.OBJECTED: 10}),
        zerobounce=_one_of(dice, {Knows.TRUTH: 50, Knows.UNSURE: 20, Knows.OBJECTED: 20, Knows.ROLE: 10}),
        has_profile=P in places or dice.random() < 0.5,
    )


def _ends_in_one_way(who: Somebody) -> bool:
    """Whether there can be such a person, and it is the same which of several sources or answers comes first."""
    places, is_alone = who.places, len(who.places) == 1
    impossible = (
        who.mailbox is not Mailbox.OWN and who.truth is not Verdict.VALID,
        who.apollo is Knows.TRUTH and who.truth is Verdict.CATCH_ALL,
        who.mailbox is Mailbox.ROLE and who.dropcontact is Kind.PRIVATE,
        H in places and (who.mailbox is not Mailbox.OWN or who.hunter is Knows.OBJECTED),
    )
    # Another person's mailbox, and one at no company, are known again by nothing.
    differs = who.mailbox is Mailbox.FREEMAIL or who.dropcontact in {Kind.GENERIC, Kind.PRIVATE}
    depends = (
        differs and not is_alone,
        who.is_judged_twice and who.apollo is Knows.TRUTH and who.hunter is not Knows.TRUTH,
        # A lead without an address stays so when a source brings one.
        places == {S, H} and (who.apollo is Knows.NO_ADDRESS or who.truth is Verdict.INVALID),
    )
    return not any(impossible) and not any(depends)


def _local(one: Person) -> str:
    return one.email.partition("@")[0]


def _one_of(dice: random.Random, weights: Mapping[T, int]) -> T:
    [chosen] = dice.choices(list(weights), list(weights.values()))
    return chosen
