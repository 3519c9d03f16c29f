"""What a person's answer to a cold mail says: an opt-out, interest, a refusal, or nothing that a rule knows.

Rules, all of them, for whatever language: an opt-out wins over everything else; what only hints at one, and what says
yes and no at once, is neutral and doubtful, so that a person decides. Total: any text gives a reading.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from camd.domain.inbound import InboundClass
from camd.mail.answer_phrases import CONSUMED, REFUSED, Vocabulary, vocabularies
from camd.mail.answer_text import Plain, plain
from camd.ports.inbox import Reading

_SHORT = 6
"""Words of a message in which the mere mention of an opt-out is one."""
_BRIEF = 25
"""Words of a message in which an opt-out may stand between two commas."""
_TITLE = 300
_EVIDENCE = 80
_NEGATION_REACHES = 4

_REPLY_MARK = re.compile(
    r"\s*(?:\[[^\]\n]{0,40}\]\s*)?"
    r"(?:re|aw|antw|sv|rv|ref|res|rif|r|odp|vs|fwd?|wg|tr|i|enc|doorst|vb|pd|vl|返信|回复|答复|転送)"
    r"\s{0,3}(?:\[\d{1,3}\]|\(\d{1,3}\))?\s{0,3}[:：]",  # noqa: RUF001 - a Japanese keyboard's colon
    re.IGNORECASE,
)
_ONESELF = re.compile(
    r"\b(?:me|us|my|our|mich|uns|meine?n?|unsere|moi|nous|mon|mes|m|mis?|nos|nuestro|ci|mi[oa]|meu|minha|mij|ons|mijn|onze"
    r"|mig|oss|min|mnie|nas|moje?|nasz)\b"
)
_THUMB_UP = re.compile("[\U0001f44d\U0001f44c\U0001f64c\U0001f44f\U0001f91d\U0001f60d\u2705\u2764]")
_THUMB_DOWN = re.compile("[\U0001f44e\u274c]")
_SIGN_OF_STOP = re.compile("[\U0001f6d1\U0001f6ab\u26d4\U0001f595\u270b]")


class _Sign(Enum):
    OPT_OUT = auto()
    MENTION = auto()
    HINT = auto()
    REFUSAL = auto()
    NO = auto()
    REVISIT = auto()
    LATER = auto()
    HANDOVER = auto()
    STEP = auto()
    YES = auto()


_NAMES = {
    _Sign.OPT_OUT: "opt-out",
    _Sign.MENTION: "hint at an opt-out",
    _Sign.HINT: "hint at an opt-out",
    _Sign.REFUSAL: "refusal",
    _Sign.NO: "no",
    _Sign.REVISIT: "later",
    _Sign.LATER: "later",
    _Sign.HANDOVER: "passed on",
    _Sign.STEP: "interest",
    _Sign.YES: "yes",
}


@dataclass(frozen=True, slots=True)
class _Found:
    sign: _Sign
    words: str
    language: str

    def __str__(self) -> str:
        return f'{_NAMES[self.sign]}: "{self.words[:_EVIDENCE]}" ({self.language})'


@dataclass(frozen=True, slots=True)
class _Rule:
    """One column of a vocabulary. A `sign` of None means nothing; `negated` is what it is behind a negator."""

    column: str
    sign: _Sign | None
    negated: _Sign | None = None
    heeds_negation: bool = False


_ANYWHERE = (
    _Rule("harmless", None),
    _Rule("insisted", _Sign.OPT_OUT),
    _Rule("excused", _Sign.HINT),
    _Rule("opt_outs", _Sign.OPT_OUT),
    _Rule("mentions", _Sign.MENTION),
    _Rule("hints", _Sign.HINT),
    _Rule("revisits", _Sign.REVISIT),
    _Rule("refusals", _Sign.REFUSAL),
    _Rule("declines", _Sign.REFUSAL, heeds_negation=True),
    _Rule("later", _Sign.LATER),
    _Rule("handovers", _Sign.HANDOVER),
    _Rule("steps", _Sign.STEP, _Sign.REFUSAL, heeds_negation=True),
    _Rule("praise", _Sign.YES, _Sign.NO, heeds_negation=True),
)
"""In this order: what one found, no later one finds again."""
_ALONE = (_Rule("commands", _Sign.OPT_OUT), _Rule("noes", _Sign.NO), _Rule("yeses", _Sign.YES))


@dataclass(frozen=True, slots=True)
class _Compiled:
    anywhere: Sequence[tuple[_Rule, Sequence[tuple[Vocabulary, re.Pattern[str]]]]]
    alone: Sequence[tuple[_Rule, Sequence[tuple[Vocabulary, re.Pattern[str]]]]]
    fine_print: Sequence[re.Pattern[str]]
    fillers: frozenset[str]
    spellings: frozenset[str]


@cache
def _compiled() -> _Compiled:
    # Reading and compiling them takes a third of a second, which only a process that reads mail shall pay.
    known = vocabularies()
    return _Compiled(
        [(rule, [(each, each.anywhere(getattr(each, rule.column))) for each in known]) for rule in _ANYWHERE],
        [(rule, [(each, each.alone(getattr(each, rule.column))) for each in known]) for rule in _ALONE],
        [each.anywhere(each.fine_print) for each in known],
        frozenset(word for each in known for word in each.fillers.split()),
        frozenset(word for each in known for word in each.spellings.split()),
    )


def judge(subject: str, words: str) -> Reading:
    """`words` is what the person wrote, without quotes and signature. The subject of a reply is our own, so that it
    counts as an opt-out only where it is nothing else, and not against interest; any other one is theirs."""
    title, is_reply = _title(subject)
    found = _signs(words)
    if is_reply:
        sign = _Sign.HINT if any(each.sign is _Sign.STEP for each in found) else _Sign.OPT_OUT
        found += [_Found(sign, each.words, each.language) for each in _command(title)]
        found += [] if words.strip() else [each for each in _signs(title) if _is_for_oneself(each)]
    elif words.strip():
        found += [each for each in _signs(title) if each.sign in (_Sign.OPT_OUT, _Sign.HINT)]
    else:
        found += _signs(title)
    return _decide(found) or _by_picture(words) or _nothing(words)


def _is_for_oneself(found: _Found) -> bool:
    """ "Take me off your list" is no subject of ours, "Stop sending offers that nobody reads" may be one."""
    return found.sign is _Sign.OPT_OUT and _ONESELF.search(found.words) is not None


def _title(subject: str) -> tuple[str, bool]:
    title, is_reply = subject[:_TITLE], False
    while mark := _REPLY_MARK.match(title):
        title, is_reply = title[mark.end() :], True
    return title, is_reply


def _command(title: str) -> list[_Found]:
    read = _plain(title)
    is_all = "\n" not in read.sentences and "," not in read.sentences
    return [each for each in _alone(read) if each.sign is _Sign.OPT_OUT and is_all]


def _plain(text: str) -> Plain:
    return plain(text, _compiled().fillers, _compiled().spellings)


def _signs(text: str) -> list[_Found]:
    read = _plain(text)
    found = [*_alone(read), *_anywhere(_without_fine_print(read.sentences))]
    # A mention is what the length of the whole message makes of it.
    mention = _Sign.OPT_OUT if read.count <= _SHORT else _Sign.HINT
    return [_Found(mention, each.words, each.language) if each.sign is _Sign.MENTION else each for each in found]


def _alone(read: Plain) -> Iterator[_Found]:
    for rule, patterns in _compiled().alone:
        assert rule.sign is not None
        is_request = rule.sign is _Sign.OPT_OUT
        texts = read.units if is_request and read.count > _BRIEF else [*read.units, *read.clauses]
        for text in texts:
            for vocabulary, pattern in patterns:
                if pattern.fullmatch(text):
                    yield _Found(rule.sign, text, vocabulary.language)


def _anywhere(sentences: str) -> Iterator[_Found]:
    for rule, patterns in _compiled().anywhere:
        for vocabulary, pattern in patterns:
            matches = list(pattern.finditer(sentences))
            for match in matches:
                if sign := _meaning(rule, vocabulary, sentences, match.start()):
                    yield _Found(sign, match[0].strip(), vocabulary.language)
            if matches:
                mark = REFUSED if rule.sign is _Sign.REFUSAL else CONSUMED
                sentences = pattern.sub(f" {mark}" if vocabulary.is_spaced else mark, sentences)


def _meaning(rule: _Rule, vocabulary: Vocabulary, sentences: str, start: int) -> _Sign | None:
    if rule.heeds_negation and _is_negated(sentences[max(0, start - 80) : start], vocabulary):
        return rule.negated
    return rule.sign


def _is_negated(before: str, vocabulary: Vocabulary) -> bool:
    turns, negators = vocabulary.turns.split(), [REFUSED, *vocabulary.negators.split()]
    clause = re.split(rf"[\n,{CONSUMED}]", before)[-1]
    for word in reversed(clause.split()[-_NEGATION_REACHES:]):
        if word in turns:
            return False
        if word in negators:
            return True
    return False


def _without_fine_print(sentences: str) -> str:
    return "\n\n".join(map(_before_fine_print, sentences.split("\n\n")))


def _before_fine_print(paragraph: str) -> str:
    starts = [found.start() for pattern in _compiled().fine_print if (found := pattern.search(paragraph))]
    return paragraph[: paragraph.rfind("\n", 0, min(starts)) + 1] if starts else paragraph


def _decide(found: Sequence[_Found]) -> Reading | None:
    first: dict[_Sign, _Found] = {}
    for each in found:
        first.setdefault(each.sign, each)
    opt_out, hint = first.get(_Sign.OPT_OUT), first.get(_Sign.HINT)
    refusal, no = first.get(_Sign.REFUSAL), first.get(_Sign.NO)
    step, yes = first.get(_Sign.STEP), first.get(_Sign.YES)
    revisit, later = first.get(_Sign.REVISIT), first.get(_Sign.LATER)
    if opt_out:
        return _reading(InboundClass.OPT_OUT_REQUEST, opt_out, against=step)
    if hint:
        return Reading(InboundClass.HUMAN_NEUTRAL, str(hint), is_doubtful=True)
    if step and (against := refusal or no):
        return _reading(InboundClass.HUMAN_NEUTRAL, step, against)
    if put_off := revisit or (None if refusal or step else later):
        return _reading(InboundClass.HUMAN_NEUTRAL, put_off)
    if (handover := first.get(_Sign.HANDOVER)) and not (step or yes):
        return _reading(InboundClass.HUMAN_NEUTRAL, handover)
    if no and yes and not refusal:
        return _reading(InboundClass.HUMAN_NEUTRAL, yes, no)
    if against := refusal or no:
        return _reading(InboundClass.HUMAN_NEGATIVE, against)
    if favour := step or yes:
        return _reading(InboundClass.HUMAN_POSITIVE, favour)
    return None


def _reading(kind: InboundClass, found: _Found, against: _Found | None = None) -> Reading:
    evidence = f"{found}, but {against}" if against else str(found)
    return Reading(kind, evidence, is_doubtful=against is not None)


def _by_picture(words: str) -> Reading | None:
    shown = words[:_TITLE]
    if any(map(str.isalnum, shown)):
        return None
    if _SIGN_OF_STOP.search(shown):
        return Reading(InboundClass.HUMAN_NEUTRAL, "hint at an opt-out: a sign of stop", is_doubtful=True)
    if _THUMB_DOWN.search(shown):
        return Reading(InboundClass.HUMAN_NEGATIVE, "no: thumbs down", is_doubtful=True)
    if _THUMB_UP.search(shown):
        return Reading(InboundClass.HUMAN_POSITIVE, "yes: thumbs up", is_doubtful=True)
    return None


def _nothing(words: str) -> Reading:
    if not words.strip():
        return Reading(InboundClass.HUMAN_NEUTRAL, "nothing was written")
    return Reading(InboundClass.HUMAN_NEUTRAL, "no rule knows these words")
