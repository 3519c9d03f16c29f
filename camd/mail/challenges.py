"""Systems that hold a mail until its sender proves to be a person; camd never answers one, a person may."""

import re

from camd.domain.inbound import InboundClass
from camd.mail.bounce_verdicts import ENHANCED
from camd.mail.challenge_words import PASSAGE, PROOF, STEP, STRANGER, SUBJECT
from camd.mail.machines import mark_of, takes_no_reply
from camd.mail.out_of_office import reads_like_a_note
from camd.mail.parsed import Parsed
from camd.mail.phrases import fold
from camd.mail.quotes import own_words
from camd.mail.report_parts import above_the_copy
from camd.ports.inbox import Reading

_SYSTEMS = re.compile(
    r"(?:^|[@.])(?:spamarrest\.com|boxbe\.com|mailblocks\.com|bluebottle\.com|mailinblack\.(?:com|fr)|knowspam\.net"
    r"|onlymyemail\.com|choicemail\.com|digiportal\.com|sendio\.com|cleanmymailbox\.com|spamlion\.com|0spam\.com"
    r"|captcha\.mailchannels\.net|hushmail-verify\.com|ipermitmail\.com|uolantispam\.com\.br)$"
)
_HEADERS = ("x-tmda-fingerprint", "x-spamarrest", "x-boxbe", "x-asksender", "x-challenge", "x-ask-version", "x-mib")
_LINK = re.compile(
    r"\bhttps?://|\bwww\.|\bhit reply|\breply (?:to this|and send)|\bantworten sie (?:\w+ )?auf diese"
    r"|\brepondez (?:\w+ )?a ce|\brespond[ae] a est[ea]|\brispond\w+ a quest[oa]|\bantwoord (?:\w+ )?op (?:dit|deze)"
    r"|\bsvara (?:\w+ )?pa detta|\bodpowiedz na te"
)
_OF_A_FILTER = re.compile(
    "|".join(each.pattern for each in (PASSAGE, PROOF, STEP, STRANGER))
    + r"|\b\w{0,20}(?:spam|skrappost)\w{0,20}|迷惑メール|お送りいただいた"
)
_CHARACTERS, _REACH = 4_000, 600
_WHOLE = 0.6
"""Who quotes more is a person."""


def read_challenge(mail: Parsed) -> Reading | None:
    rule = asks_for_proof(mail)
    return Reading(InboundClass.CHALLENGE, f"challenge: {rule}") if rule else None


def asks_for_proof(mail: Parsed) -> str | None:
    """The rule that shows a challenge: its system or header alone, else the words together with something that no
    person's mail has, because people too ask to confirm something."""
    domain = (mail.sender or "").rpartition("@")[2].lower()
    if _SYSTEMS.search(domain):
        return "sender of a challenge system"
    if header := next((name for name in _HEADERS if name in mail.headers), None):
        return header
    text = fold(above_the_copy(mail.text)[:_CHARACTERS])
    if mark_of(mail) is not None or takes_no_reply(mail):
        return "its words" if PROOF.search(text) or _passage(text) or _beside(text, STRANGER) else None
    if not _LINK.search(text):
        return None
    # It may be what a person answers who quotes us, or asks whether a machine wrote to him.
    passage = _passage(text)
    found = passage or PROOF.search(text)
    if found is None or not _LINK.search(text, *_around(found)):
        return None
    if SUBJECT.search(fold(mail.subject[:500])):
        return "its words and its subject"
    return "its words alone" if passage and _has_nothing_else(mail) else None


def _passage(text: str) -> re.Match[str] | None:
    """Something to do, for the mail to go on. A report of failure speaks of both too, and gives a code."""
    return None if ENHANCED.search(text) else _beside(text, PASSAGE)


def _beside(text: str, aim: re.Pattern[str]) -> re.Match[str] | None:
    return next((found for found in aim.finditer(text) if STEP.search(text, *_around(found))), None)


def _around(found: re.Match[str]) -> tuple[int, int]:
    return max(0, found.start() - _REACH), found.end() + _REACH


def _has_nothing_else(mail: Parsed) -> bool:
    words = own_words(mail.text)
    is_whole = len(words) >= len(mail.text.strip()) * _WHOLE and "\n>" not in mail.text
    return is_whole and reads_like_a_note(words, _OF_A_FILTER)
