"""How promising a lead is, from 0.0 to 1.0, with one line of reason for each part.

The weighted mean runs over what the campaign asks for, never over what happens to be known: so a favourable
fact that is learned never lowers a score.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from camd.domain.campaign import Icp, Scoring
from camd.domain.contact import folded
from camd.domain.facts import Facts, Verdict


class Feature(StrEnum):
    ADDRESS = "address"
    ROLE_FIT = "role_fit"
    COMPANY_FIT = "company_fit"
    COMPLETENESS = "completeness"
    INTENT = "intent"


@dataclass(frozen=True, slots=True)
class Part:
    """One feature's share: `points` is what its `value` (0 to 1) adds to the score at its `weight`."""

    feature: Feature
    weight: float
    value: float
    points: float
    why: str


@dataclass(frozen=True, slots=True)
class Score:
    """`value` is the sum of the parts' points, to within 1e-9."""

    value: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    feature: Feature
    value: float
    why: str


_ADDRESS: Mapping[Verdict, float] = MappingProxyType(
    {
        Verdict.VALID: 1.0,
        Verdict.CATCH_ALL: 0.5,
        Verdict.UNKNOWN: 0.4,
        Verdict.FREEMAIL: 0.3,
        Verdict.ROLE: 0.2,
        Verdict.INVALID: 0.0,
        Verdict.SUPPRESSED: 0.0,
    }
)
_INDUSTRY, _SIZE, _COUNTRY = 0.4, 0.4, 0.2
_SIGNAL = "buying_signal"
_NO_SIGNAL = frozenset({"", "no", "false", "0", "none"})


def score(
    facts: Facts, verdict: Verdict | None, icp: Icp, scoring: Scoring, *, answered_positively: bool = False
) -> Score:
    """The score of a lead; an address that was never checked counts as `unknown`.

    Who knows of a human answer passes the verdict `valid`: the answer proves the address.
    """
    findings = (
        _address(facts, verdict),
        *_role_fit(facts, icp),
        *_company_fit(facts, icp),
        _completeness(facts),
        _intent(facts, answered_positively),
    )
    weights: list[float] = [getattr(scoring.weights, finding.feature) for finding in findings]
    total = sum(weights) or 1.0
    parts = tuple(
        Part(finding.feature, weight, finding.value, weight * finding.value / total, finding.why)
        for finding, weight in zip(findings, weights, strict=True)
    )
    return Score(min(1.0, sum(part.points for part in parts)), parts)


def _address(facts: Facts, verdict: Verdict | None) -> _Finding:
    if facts.email is None:
        return _Finding(Feature.ADDRESS, 0.0, "no address")
    known = verdict or Verdict.UNKNOWN
    return _Finding(Feature.ADDRESS, _ADDRESS[known], f"the address is {known}")


def _role_fit(facts: Facts, icp: Icp) -> Iterator[_Finding]:
    if not (icp.titles or icp.seniorities):
        return
    if title := _matching(facts.title, icp.titles):
        yield _Finding(Feature.ROLE_FIT, 1.0, f"the title matches {title!r}")
    elif seniority := _matching(facts.seniority, icp.seniorities):
        yield _Finding(Feature.ROLE_FIT, 0.7, f"the seniority is {seniority}")
    else:
        yield _Finding(Feature.ROLE_FIT, 0.3, "neither title nor seniority is known to match")


def _company_fit(facts: Facts, icp: Icp) -> Iterator[_Finding]:
    asked = list(_company_parts(facts, icp))
    if not asked:
        return
    met = [name for name, _, is_met in asked if is_met]
    value = sum(share for _, share, is_met in asked if is_met) / sum(share for _, share, _ in asked)
    names = ", ".join(name for name, _, _ in asked)
    yield _Finding(Feature.COMPANY_FIT, value, f"of {names}: {', '.join(met) or 'nothing'} fits")


def _company_parts(facts: Facts, icp: Icp) -> Iterator[tuple[str, float, bool]]:
    if icp.industries:
        yield "industry", _INDUSTRY, _matching(facts.industry, icp.industries) is not None
    if icp.employee_min is not None or icp.employee_max is not None:
        yield "size", _SIZE, _in_range(facts.employee_count, icp)
    if icp.countries:
        yield "country", _COUNTRY, _matching(facts.country, icp.countries) is not None


def _in_range(employees: int | None, icp: Icp) -> bool:
    if employees is None:
        return False
    enough = icp.employee_min is None or employees >= icp.employee_min
    return enough and (icp.employee_max is None or employees <= icp.employee_max)


def _completeness(facts: Facts) -> _Finding:
    wanted = (facts.first_name, facts.title, facts.company, facts.domain, facts.linkedin_url)
    known = sum(fact is not None for fact in wanted)
    return _Finding(Feature.COMPLETENESS, known / len(wanted), f"{known} of {len(wanted)} facts known")


def _intent(facts: Facts, answered_positively: bool) -> _Finding:
    tags = {folded(tag) for tag in facts.tags}
    if answered_positively:
        return _Finding(Feature.INTENT, 1.0, "answered positively")
    if "hot" in tags:
        return _Finding(Feature.INTENT, 1.0, "tagged hot")
    if folded(_SIGNAL) in tags or facts.custom.get(_SIGNAL, "").strip().casefold() not in _NO_SIGNAL:
        return _Finding(Feature.INTENT, 1.0, "shows a buying signal")
    if "warm" in tags:
        return _Finding(Feature.INTENT, 0.5, "tagged warm")
    return _Finding(Feature.INTENT, 0.0, "no sign of interest")


def _matching(fact: str | None, wanted: Iterable[str]) -> str | None:
    """The first wanted text whose words all stand in `fact`, in any order: "dentist" in "Senior Dentist"."""
    if fact is None:
        return None
    known = set(folded(fact).split())
    return next((text for text in wanted if (words := folded(text).split()) and known.issuperset(words)), None)
