"""How well a reader reads the corpus: what it may never confuse, its precision and recall, and what it must find."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from camd.domain.inbound import InboundClass
from camd.mail.parsed import Own
from camd.ports.inbox import Letter, RawMessage, Reading, Report, Unreadable
from tests.corpus.case import OWN, Bounced, Case

Reader = Callable[[RawMessage, Own], Letter | Unreadable]

LEAST, LEAST_OF_MACHINES = 0.9, 0.97
"""Of every class's precision and recall; machines leave less room for opinion than people do."""
MOST_DOUBTED = 0.1
"""Of what leaves no room for doubt, so much may go to the review list."""
BY_A_PERSON = {
    InboundClass.HUMAN_POSITIVE,
    InboundClass.HUMAN_NEGATIVE,
    InboundClass.HUMAN_NEUTRAL,
    InboundClass.OPT_OUT_REQUEST,
}


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    reading: Reading | None

    @property
    def plain(self) -> InboundClass:
        return self.case.kinds[0]

    @property
    def taken(self) -> InboundClass | None:
        return self.reading.kind if self.reading else None

    @property
    def is_right(self) -> bool:
        case, reading = self.case, self.reading
        if reading is None:
            return case.may_be_unreadable
        is_left_to_a_person = case.is_open and reading.is_doubtful and reading.kind in BY_A_PERSON
        return reading.kind in case.kinds or is_left_to_a_person

    @property
    def expected(self) -> InboundClass | None:
        """The class that counts it: what it was taken for where that is right."""
        return self.taken if self.is_right else self.plain


def read_all(cases: Sequence[Case], read: Reader) -> list[Result]:
    outcomes = [(case, read(case.raw, OWN)) for case in cases]
    return [Result(case, outcome.reading if isinstance(outcome, Letter) else None) for case, outcome in outcomes]


def complaints(results: Sequence[Result]) -> list[str]:
    """What is wrong with a reader; empty where it may be used."""
    return [
        *_confused(results),
        *_inexact(results),
        *_too_doubtful(results),
        *(f"{result.case.name}: {words}" for result in results for words in _wrong_facts(result)),
    ]


def _confused(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if result.is_right:
            continue
        asked, is_asked = result.plain is InboundClass.OPT_OUT_REQUEST, result.taken is InboundClass.OPT_OUT_REQUEST
        if asked:
            yield f"{result.case.name}: an opt-out missed, {_taken(result)}"
        elif is_asked:
            yield f"{result.case.name}: nobody asked to be let alone, {_taken(result)}"
        elif (result.plain in BY_A_PERSON) != (result.taken in BY_A_PERSON):
            yield f"{result.case.name}: a person and a machine confused, {_taken(result)}"


def _taken(result: Result) -> str:
    if not result.reading:
        return "unreadable"
    doubt = ", in doubt" if result.reading.is_doubtful else ""
    return f"taken for {result.reading.kind}{doubt} by {result.reading.evidence!r}"


def _inexact(results: Sequence[Result]) -> Iterator[str]:
    for kind in InboundClass:
        least = LEAST if kind in BY_A_PERSON else LEAST_OF_MACHINES
        precision, recall = _precision(results, kind), _recall(results, kind)
        if precision < least:
            yield f"{kind}: precision {precision:.2f}"
        if recall < least:
            yield f"{kind}: recall {recall:.2f}"


def _too_doubtful(results: Sequence[Result]) -> Iterator[str]:
    clear = [result for result in results if result.plain in BY_A_PERSON and not result.case.is_open]
    doubted = [result for result in clear if result.reading and result.reading.is_doubtful]
    if len(doubted) > MOST_DOUBTED * len(clear):
        yield f"{len(doubted)} of {len(clear)} clear answers doubted"


def _precision(results: Sequence[Result], kind: InboundClass) -> float:
    taken = [result for result in results if result.taken is kind]
    return sum(result.is_right for result in taken) / (len(taken) or 1)


def _recall(results: Sequence[Result], kind: InboundClass) -> float:
    meant = [result for result in results if result.expected is kind]
    return sum(result.is_right for result in meant) / (len(meant) or 1)


def _wrong_facts(result: Result) -> Iterator[str]:
    case, reading = result.case, result.reading
    if reading is None or reading.kind is not result.plain:
        return
    if reading.until != case.until:
        yield f"away until {reading.until}, not {case.until}"
    if reading.has_left is not case.has_left:
        yield f"has left: {reading.has_left}"
    if case.bounced and not any(_tells(report, case.bounced) for report in reading.reports):
        yield f"{case.bounced}, not {reading.reports}"


def _tells(report: Report, bounced: Bounced) -> bool:
    return (
        (bounced.recipient is None or (report.recipient or "").lower() == bounced.recipient)
        and report.kind is bounced.kind
        and (bounced.code is None or report.code == bounced.code)
        and (bounced.message_id is None or bounced.message_id in report.message_ids)
    )


def table(results: Sequence[Result]) -> str:
    """Per class: how many are meant, precision, recall, doubted; then every message that was read wrongly."""
    rows = [f"{'class':<16} {'meant':>5} {'precision':>9} {'recall':>6} {'doubted':>7}"]
    doubted = Counter(result.plain for result in results if result.reading and result.reading.is_doubtful)
    meant = Counter(result.expected for result in results)
    for kind in InboundClass:
        figures = f"{_precision(results, kind):>9.3f} {_recall(results, kind):>6.3f} {doubted[kind]:>7}"
        rows.append(f"{kind:<16} {meant[kind]:>5} {figures}")
    wrong = [f"{result.case.name}: {_taken(result)}" for result in results if not result.is_right]
    return "\n".join([*rows, f"{len(results)} messages, {len(wrong)} read wrongly", *wrong])
