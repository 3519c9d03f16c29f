"""What paid answers add to the facts of a person: blanks are filled, what was known stays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

from camd.domain.contact import parse_address
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import LookupResult, LookupStatus, most_trusted
from camd.ports.lookups import Lookup

UNUSABLE = frozenset({Verdict.INVALID, Verdict.SUPPRESSED})
"""Nobody is ever written to at an address of which this is said."""
_KEPT = frozenset({"source", "source_ref"})


def merged(known: Facts, learned: Facts) -> Facts:
    """`known` with its blanks, and its masked names (`Li***n`), filled."""
    changes = {}
    for field in fields(Facts):
        value, told = getattr(known, field.name), getattr(learned, field.name)
        is_blank = value is None or (isinstance(value, str) and "*" in value)
        if is_blank and told is not None and field.name not in _KEPT:
            changes[field.name] = told
    tags = tuple(dict.fromkeys((*known.tags, *learned.tags)))
    return replace(known, **changes, tags=tags, custom={**learned.custom, **known.custom})


@dataclass(frozen=True, slots=True)
class Learned:
    """What a lead's answers add up to. `verdict` is about `facts.email`; none where nobody has judged it."""

    facts: Facts
    verdict: Verdict | None
    evidence: str | None
    objected: bool


def add_up(
    facts: Facts,
    verdict: Verdict | None,
    evidence: str | None,
    lookups: Sequence[Lookup],
    dead: Collection[str] = (),
) -> Learned:
    """`facts` and the verdict on their address, with the answers in the order in which they were asked for. An address
    that a provider calls unusable is not taken from it, and one of the `dead` from nobody."""
    answered = [
        (lookup, lookup.answer)
        for lookup in lookups
        if lookup.status is LookupStatus.DONE and lookup.answer is not None
    ]
    judged = [] if verdict is None else [(verdict, evidence)]
    for _, answer in answered:
        learned = answer.facts
        is_unusable = answer.verdict in UNUSABLE or any(is_same_address(learned.email, each) for each in dead)
        if is_unusable and not is_same_address(learned.email, facts.email):
            learned = replace(learned, email=None)
        if facts.email is None and learned.email is not None:
            judged = []
        facts = merged(facts, learned)
    # By then the address is known: what was said of it before somebody named it counts too.
    judged += [
        (answer.verdict, answer.evidence)
        for _, answer in answered
        if answer.verdict is not None and is_same_address(answer.facts.email or facts.email, facts.email)
    ]
    best = most_trusted([each for each, _ in judged])
    objected = any(lookup.result is LookupResult.OBJECTED for lookup, _ in answered)
    return Learned(facts, best, dict(judged[::-1]).get(best) if best is not None else None, objected)


def is_same_address(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and parse_address(one).key == parse_address(other).key
