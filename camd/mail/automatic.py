"""Messages that a machine wrote for somebody: notes of absence, of departure, acknowledgements, receipts, bulk mail.

By their marks (RFC 3834 and vendors'), else by words that no person writes; whatever doubt is left counts as a person.
"""

import re

from camd.domain.inbound import InboundClass
from camd.domain.zones import zone_info
from camd.mail import answers, out_of_office
from camd.mail.automatic_words import (
    ACKNOWLEDGES,
    ANSWERS_SELDOM,
    DESK_SUBJECT,
    HAS_A_DESK,
    HAS_LEFT,
    SAYS_AUTOMATIC,
    TELLS_OF_READING,
)
from camd.mail.bulk import answers_us, bulk_rule
from camd.mail.departure_words import GONE
from camd.mail.machines import is_daemon, is_postmaster, mark_of, takes_no_reply
from camd.mail.parsed import Own, Parsed
from camd.mail.phrases import fold, sentences
from camd.mail.return_date import stated_day
from camd.ports.inbox import Reading

_READ_CHARACTERS = 4_000
_USUAL_IN_A_NOTE_THAT_QUOTES = 2
_OF_NEWSLETTERS_TOO = frozenset({"auto-submitted", "return-path", "precedence", "its own words"})
_QUOTE = re.compile(r"^[ \t]{0,4}>", re.MULTILINE)
_NUMBER_OF_A_DESK = re.compile(
    r"\[[^\[\]]{0,30}\d{3,}\]|\b(?:ticket|case|req|sr|inc|vorgang|dossier|caso|zaak)[ -]?[#:]?\d{3,}"
)
_CALENDAR_ANSWER = re.compile(r"^METHOD:(?:REPLY|DECLINECOUNTER|REFRESH)\b", re.MULTILINE)
_RECEIPT_SUBJECT = re.compile(
    r"(?:read|not read|gelesen|ungelesen|lu|non lu|leido|no leido|letto|non letto|lida|nao lida|gelezen|niet gelezen"
    r"|last|olast|przeczytano|nie przeczytano|return receipt|read receipt|disposition notification|lesebestatigung"
    r"|confirmation de lecture|conferma di lettura|confirmacion de lectura|leesbevestiging|開封済み|開封確認|既読)"
    r"(?:\s?\((?:displayed|deleted|processed|angezeigt)\))?\s?[:：-]"  # noqa: RUF001 - full width
)


def read_automatic(mail: Parsed, own: Own, words: str) -> Reading | None:
    """None for what a person may have written. `words` is the author's text without quotes."""
    receipt = _receipt(mail)
    if receipt is not None:
        return Reading(InboundClass.AUTO_REPLY, receipt)
    mark = _note_mark(mail, words)
    bulk = bulk_rule(mail, own)
    if bulk is not None and not _is_a_note(mail, bulk, mark, words):
        return Reading(InboundClass.UNRELATED, f"bulk: {bulk}")
    if mark is not None:
        return _marked(mail, own, words, mark)
    return _unmarked(mail, own, words)


def _receipt(mail: Parsed) -> str | None:
    if mail.report_type == "disposition-notification":
        return "receipt of reading (RFC 8098)"
    if any(part.content_type == "text/calendar" and _CALENDAR_ANSWER.search(part.text[:20_000]) for part in mail.parts):
        return "answer of a calendar"
    if _RECEIPT_SUBJECT.match(fold(mail.subject[:200]).lstrip()) and TELLS_OF_READING.search(
        fold(mail.text[:_READ_CHARACTERS])
    ):
        return "receipt of reading"
    return None


def _note_mark(mail: Parsed, words: str) -> str | None:
    """What shows that nobody typed this message, the header first."""
    if header := mark_of(mail):
        return header
    if is_daemon(mail) or takes_no_reply(mail) or (is_postmaster(mail) and not mail.thread):
        return "sender"
    if any(value.strip().lower() in {"bulk", "junk"} for value in mail.headers.get("precedence", ())):
        return "precedence"
    if out_of_office.has_note_subject(mail.subject):
        return "subject"
    return "its own words" if _says_automatic(mail, words) else None


def _says_automatic(mail: Parsed, words: str) -> bool:
    said = sentences(fold(words[:_READ_CHARACTERS]))
    rests = [SAYS_AUTOMATIC.sub(" ", each, count=1) for each in said if SAYS_AUTOMATIC.match(each) and each[-1] != "?"]
    # "Please do not reply to this any more, and remove me" begins like a machine's; Gmail's button says both.
    return bool(rests) and answers.judge(mail.subject, "\n".join(rests)).kind is not InboundClass.OPT_OUT_REQUEST


def _is_a_note(mail: Parsed, bulk: str, mark: str | None, words: str) -> bool:
    """A person's note that went through a list, or that says itself that it is bulk, as the first such programs did."""
    if mark in {None, "sender"} or bulk in {"DMARC aggregate", "social network"} or bulk.startswith("report"):
        return False
    if any(value.strip().lower().startswith("auto-replied") for value in mail.headers.get("auto-submitted", ())):
        return True
    is_list = bulk not in {"precedence", "sender takes no reply"}
    if is_list:
        return out_of_office.has_note_subject(mail.subject)
    if mark not in _OF_NEWSLETTERS_TOO:
        return True
    return (
        out_of_office.tells_of_absence(mail.subject, words)
        or HAS_LEFT.search(fold(words[:_READ_CHARACTERS])) is not None
        or _is_acknowledgement(mail, words, has_quote=False)
    )


def _marked(mail: Parsed, own: Own, words: str, mark: str) -> Reading:
    text = words[:_READ_CHARACTERS]
    arrived = mail.arrived_at.astimezone(zone_info(own.timezone)).date()
    day = stated_day(f"{mail.subject}\n\n{text}", arrived)
    plain = fold(f"{mail.subject[:300]}\n\n{text}")
    # "I left on 27 February" names a day too, but none to come back on.
    if (day is None or day < arrived) and GONE.search(plain):
        return Reading(InboundClass.AUTO_REPLY, f"has left ({mark})", has_left=True)
    if out_of_office.tells_of_absence(mail.subject, words):
        return Reading(InboundClass.OUT_OF_OFFICE, f"absence ({mark})", until=day)
    if day is not None and not ACKNOWLEDGES.search(plain):
        return Reading(InboundClass.OUT_OF_OFFICE, f"day of return ({mark})", until=day)
    return Reading(InboundClass.AUTO_REPLY, f"automatic ({mark})")


def _unmarked(mail: Parsed, own: Own, words: str) -> Reading | None:
    # A person who answers quotes; a note rarely does.
    has_quote = _QUOTE.search(mail.text) is not None or len(words) < len(mail.text.strip()) * 0.6
    if _is_acknowledgement(mail, words, has_quote=has_quote):
        return Reading(InboundClass.AUTO_REPLY, "acknowledgement by its words")
    if out_of_office.reads_like_a_note(words, ANSWERS_SELDOM) and not has_quote:
        return Reading(InboundClass.AUTO_REPLY, "answers seldom, by its words")
    if out_of_office.reads_like_a_note(words, HAS_LEFT, usual=1) and not has_quote:
        return Reading(
            InboundClass.AUTO_REPLY, "has left, by its words", has_left=True, is_doubtful=answers_us(mail, own)
        )
    if out_of_office.reads_like_a_note(words, usual=_USUAL_IN_A_NOTE_THAT_QUOTES if has_quote else 0):
        day = stated_day(words[:_READ_CHARACTERS], mail.arrived_at.astimezone(zone_info(own.timezone)).date())
        return Reading(InboundClass.OUT_OF_OFFICE, "absence by its words", until=day)
    return None


def _is_acknowledgement(mail: Parsed, words: str, *, has_quote: bool) -> bool:
    """An office's thanks for contacting it, with its subject, or with its number or promise of time and no quote."""
    if not out_of_office.reads_like_a_note(words, ACKNOWLEDGES):
        return False
    subject = fold(mail.subject[:300])
    return bool(DESK_SUBJECT.search(subject) or _NUMBER_OF_A_DESK.search(subject)) or (
        not has_quote and bool(HAS_A_DESK.search(fold(words)))
    )
