"""Whose trouble a failed delivery is: by the code of the host that refused it, else by its words."""

import re
from dataclasses import dataclass

from camd.domain.inbound import BounceKind, judge_status_code
from camd.mail.bounce_words import FULL, REFUSES_SENDER, TRIED_IN_VAIN, UNKNOWN_THERE
from camd.mail.phrases import fold

ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_SAYS_NOTHING = frozenset({"2.0.0", "5.0.0", "5.0.350"})
"""RFC 3463, 3.1; Microsoft's 5.0.350 only wraps what another server said."""
_SOFT_AFTER_ACCEPTANCE = frozenset({"5.2.2", "5.4.7", "5.4.300", "5.4.316"})
"""A full mailbox, and Microsoft's and RFC 3463's words for a message that waited too long."""
_NAMES = re.compile(r"[^\s<>@]{1,64}@[^\s<>@:,;]{1,255}|\b(?:[\w-]{1,63}\.){2,8}[a-z][\w-]{1,62}\b")
_SENDER = re.compile(r"\b(?:sender|mail from|client host|helo)\b")


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: BounceKind
    code: str | None


def judge(status: str, diagnostic: str) -> Verdict:
    """`status` is what the reporting host makes of it, `diagnostic` what the refusing one said; both may be empty."""
    code = deciding_code(status, diagnostic)
    # A name may hold any word, as `sender` or `spam`.
    said = _NAMES.sub("", diagnostic)
    words = fold(said)
    if code in _SOFT_AFTER_ACCEPTANCE:
        return Verdict(BounceKind.SOFT, code)
    kind = judge_status_code(code, said)
    if code is None and kind is BounceKind.OTHER:
        return Verdict(_by_words(words), None)
    # A relay makes up 5.1.1 for a bare "550": its words must not be those of a filter.
    made_up = kind is BounceKind.HARD and not ENHANCED.search(diagnostic)
    if made_up and REFUSES_SENDER.search(words) and not UNKNOWN_THERE.search(words):
        return Verdict(BounceKind.SENDER_TROUBLE, code)
    return Verdict(kind, code)


def deciding_code(status: str, diagnostic: str) -> str | None:
    """The refusing host's own code outranks the reporter's; what says nothing counts as none (RFC 3464, 2.3.4)."""
    stated = ENHANCED.search(status)
    # Gave up: whatever it was that the host last said, it said it for a while only.
    if stated and stated[0].startswith("4.4."):
        return stated[0]
    said = ENHANCED.findall(diagnostic.rpartition("->")[2]) + ENHANCED.findall(diagnostic)
    codes = [*said, *([stated[0]] if stated else [])]
    return next((code for code in codes if code not in _SAYS_NOTHING), None)


def _by_words(words: str) -> BounceKind:
    if FULL.search(words):
        return BounceKind.SOFT
    if UNKNOWN_THERE.search(words) and not _SENDER.search(words):
        return BounceKind.HARD
    if REFUSES_SENDER.search(words):
        return BounceKind.SENDER_TROUBLE
    return BounceKind.SOFT if TRIED_IN_VAIN.search(words) else BounceKind.OTHER
