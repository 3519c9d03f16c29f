"""What paid answers add to the facts of a person: blanks are filled, what was known stays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from camd.domain.contact import parse_address
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import most_trusted
from camd.ports.lookups import Lookup, LookupResult, LookupStatus

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


def add_up(facts: Facts, verdict: Verdict | None, evidence: str | None, lookups: Sequence[Lookup]) -> Learned:
    """`facts` and the verdict on their address, with the answers in the order in which they were asked for. An address
    that a provider calls unusable is not taken from it."""
    judged = [] if verdict is None else [(verdict, evidence)]
    objected = False
    for lookup in lookups:
        answer = lookup.answer
        if lookup.status is not LookupStatus.DONE or answer is None:
            continue
        objected = objected or lookup.result is LookupResult.OBJECTED
        learned = answer.facts
        if answer.verdict in UNUSABLE and not is_same_address(learned.email, facts.email):
            learned = replace(learned, email=None)
        if facts.email is None and learned.email is not None:
            judged = []
        facts = merged(facts, learned)
        if answer.verdict is not None and is_same_address(answer.facts.email or facts.email, facts.email):
            judged.append((answer.verdict, answer.evidence))
    best = most_trusted([each for each, _ in judged])
    return Learned(facts, best, dict(judged[::-1]).get(best) if best is not None else None, objected)


def is_same_address(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and parse_address(one).key == parse_address(other).key
