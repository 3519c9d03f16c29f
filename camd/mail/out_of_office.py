"""Notes of people who are away: recognised with a machine's mark by any word of absence, without one only where
nothing in the message is a person's who read what we wrote. When they are back is `return_date`'s."""

import re

from camd.domain.inbound import InboundClass
from camd.mail import answers
from camd.mail.absence_words import ABSENCE_SUBJECT, ABSENT, HINDERED, NOTE_SENTENCE, PERSONAL, URGENT
from camd.mail.automatic_words import AUTOMATIC_SUBJECT
from camd.mail.phrases import fold, sentences

NOTE_CHARACTERS = 1_500
"""No unmarked note is longer."""
_READ_CHARACTERS = 4_000
_REPLY_MARK = re.compile(r"\s*(?:re|aw|antw|sv|r|odp|vs|ref|rif|res|tr|fw|fwd|wg)\s?(?:\[\d\])?\s?:\s*|返信\s?:\s*")
_BETWEEN = " :-–—|[]()*\"'"  # noqa: RUF001 - dashes
_SAYS_MORE = frozenset({InboundClass.HUMAN_POSITIVE, InboundClass.HUMAN_NEGATIVE, InboundClass.OPT_OUT_REQUEST})


def has_note_subject(subject: str) -> bool:
    """The subject itself says that it is a note; one that answers our subject does not, whatever ours was."""
    plain = fold(subject[:500]).strip(_BETWEEN)
    if AUTOMATIC_SUBJECT.match(plain):
        return True
    return ABSENCE_SUBJECT.match(plain) is not None or (not _REPLY_MARK.match(plain) and _is_of_a_person_away(plain))


def tells_of_absence(subject: str, words: str) -> bool:
    """For a message that is known to be automatic."""
    plain = fold(subject[:500]).strip(_BETWEEN)
    answered = _REPLY_MARK.match(plain)
    plain = plain[answered.end() :] if answered else plain
    automatic = AUTOMATIC_SUBJECT.match(plain)
    behind = plain[automatic.end() :].strip(_BETWEEN) if automatic else plain
    if any((ABSENCE_SUBJECT.match(plain), ABSENCE_SUBJECT.match(behind), ABSENT.search(plain))):
        return True
    text = fold(words[:_READ_CHARACTERS])
    return ABSENT.search(text) is not None or HINDERED.search(text) is not None


def reads_like_a_note(words: str, sign: re.Pattern[str] = ABSENT, *, usual: int = 0) -> bool:
    """For a message without any mark: a sentence with `sign`, and no sentence that only a person would have written.

    `usual` is how many of the sentences must be such as notes have besides: thanks, whom to ask, a greeting.
    """
    if len(words) > NOTE_CHARACTERS:
        return False
    said = sentences(fold(words))
    others = [each for each in said if not URGENT.search(each)]
    if not any(map(sign.search, said)) or any(PERSONAL.search(each) or each.endswith("?") for each in others):
        return False
    besides = [each for each in others if not NOTE_SENTENCE.search(each)]
    if len(said) - len(besides) < usual:
        return False
    verdict = answers.judge("", "\n".join(sign.sub(" ", each) for each in besides))
    return verdict.kind not in _SAYS_MORE and not verdict.is_doubtful


def _is_of_a_person_away(subject: str) -> bool:
    # "Ann Lee is out of the office (returning 14 August)", as Domino writes.
    return len(subject) < 150 and ABSENT.search(subject) is not None and "?" not in subject
