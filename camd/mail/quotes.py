"""What the author of a message wrote: its text without quotes, their introductions, forwarded mail and signatures.

Total and linear. Answers between quoted lines are kept. Where a program quotes without marks, all that stands behind
its introduction is taken for the quote.
"""

import re
from collections.abc import Iterator, Sequence

from camd.mail import quote_words as words
from camd.mail.footers import FOOTERS, REPLIES

_MOST_CHARACTERS, _MOST_LINES = 200_000, 5_000
"""Of a text so much is looked at: nobody answers below more."""
_LONGEST = 500
"""No introduction, label or signature is longer than so many characters."""
_MOST_INTRODUCTION_LINES = 4
_MOST_HEADER_LINES = 25
_MOST_BETWEEN_LABELS = 2
_SHORT_LINE = 100
_FEW_WORDS = 5
_LEGAL_TERMS = 2


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_QUOTED = re.compile(r"[ \t]{0,8}(?:>|＞|[A-Z][A-Za-z]{0,3}>)")  # noqa: RUF001 - full width, as phones write
_WROTE = _compiled(words.WROTE)
_DATED = re.compile(r"\d{4}|\d{1,2} ?[./-] ?\d{1,2}|\d{1,2}\.? \w{3}")
_TIMED = re.compile(r"\d{1,2} ?[:.h時] ?\d{2}")
_ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]")
_OPENER = _compiled(
    r"\W{0,4}(?:(?:on|am|le|el|il|em|no dia|a|op|den|w dniu|dnia|dne)\b.{0,30}?\d"
    r"|(?:\w{2,12}[.,]{0,2} ){0,2}\d{1,4}(?:[./年-]|\.? \w))"
)
_ENDS_AN_INTRODUCTION = re.compile(r"[:：][*_ ]{0,4}$")  # noqa: RUF001 - full width
_NOTES = re.compile(r".{1,100}-{2,3} ?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}:\d{2}.{0,20}-{2,3}")
_NOTES_WROTE = re.compile(r"-{2,10} ?.{1,150}: ?-{2,10}$")
_SEPARATOR = _compiled(rf"[-_=*> \t]{{2,60}}(?:{words.SEPARATORS}) ?:?[-_=* \t]{{0,60}}$")
_BEGINNING = _compiled(rf"[*_ \t]{{0,4}}(?:{words.BEGINNINGS}) ?[:：][*_ \t]{{0,4}}$")  # noqa: RUF001 - full width
_LABEL = _compiled(rf"[ \t*_|]{{0,8}}({words.ANY_LABEL})[ \t]{{0,3}}[*_]{{0,2}}[ \t]?[:：]")  # noqa: RUF001
_BARE_LABEL = _compiled(rf"[ \t*_|]{{0,12}}({words.ANY_LABEL})[*_]{{0,2}}(?:\t|[ ]{{3}}|$)")
_LABEL_WITHIN = _compiled(rf"(?:^|(?<=\s))[*_]{{0,2}}({words.ANY_LABEL})[*_]{{0,2}}[ ]?[:：][*_]{{0,2}}(?=\s)")  # noqa: RUF001
_RULE = re.compile(r"[ \t*]{0,8}_{10,}[ \t*]*$")
_LINE_ART = re.compile(r"[-=*~#+_·•. \t]{3,}$")
_SIGNATURE = re.compile(r"(?:--|—|– |__)[ \t]?$")  # noqa: RUF001 - dashes that word processors make of two hyphens
_SENT_FROM = _compiled(rf"[*_\W]{{0,4}}(?:{words.SENT_FROM})[*_.。! ]{{0,4}}$")
_PICTURE = _compiled(r"\[(?:image|cid|bild|imagen?|immagine|afbeelding|obraz|画像)\b[^\]]*\]$")
_LINKS_ONLY = _compiled(r"(?:[^<>\n]{0,60}<https?:[^<>]*>)+[ \t|·•/,;.-]*$")
_LINK = _compiled(r"[ \t]?<(?:https?|mailto|tel):[^<>\n]{0,2000}>")
_CLOSING = _compiled(rf"(?:{words.CLOSINGS})[,.!。]?(?: [^\W\d]{{2,20}}){{0,2}}$")
_POSTSCRIPT = _compiled(r"(?:p\. ?s|ps|p\.-s|n\.?b)\b")
_WEB = _compiled(r"https?:|www\.")
_LEGALESE = _compiled(words.LEGALESE)
_UNSUBSCRIBE = _compiled(words.UNSUBSCRIBE)
_CLICK = _compiled(words.CLICK)
_OFFER = _compiled(words.OFFER.replace(" ", r"\s+"))
_STOP = _compiled(rf"{words.UNSUBSCRIBE}|\bstop")
_SENTENCE_END = re.compile(r"((?<=[.!?。！？])\s+|\n(?=[^\W\d_a-zß-ÿ]))")  # noqa: RUF001 - full width
_ANGLE_ADDRESS = re.compile(r"<[^\s<>]+@")


def _own_sentences() -> re.Pattern[str]:
    """Of the built-in footers, as any program may have broken and marked them."""
    sentences = [each.rpartition("\n")[2].replace("{{ opt_out }}", "") for each in FOOTERS.values()]
    return _compiled("|".join(r"[\s>]+".join(map(re.escape, each.split())) for each in (*sentences, *REPLIES.values())))


_OWN_SENTENCES = _own_sentences()


def own_words(text: str) -> str:
    """Its paragraphs with one blank line between them; empty where nothing is the author's own."""
    kept = _without_signature(_without_quotes(text[:_MOST_CHARACTERS].split("\n")[:_MOST_LINES]))
    paragraphs = [part for part in re.split(r"\n\s*\n", "\n".join(kept)) if part.strip()]
    own = (_without_offers(_without_small_print(part, place)) for place, part in enumerate(paragraphs))
    return "\n\n".join(filter(None, own))


def _without_quotes(lines: Sequence[str]) -> list[str]:
    introductions = _introductions(lines)
    kept: list[str] = []
    is_signature = False
    place = 0
    while place < len(lines):
        line = lines[place]
        if _QUOTED.match(line):
            is_signature = False
            place += 1
            while place < len(lines) and _is_rest_of_quote(lines, place):
                place += 1
            kept.append("")
            continue
        if end := introductions.get(place) or _header_end(lines, place):
            is_signature = False
            place = _next_line(lines, end)
            # What follows is quoted: with marks, or, if no other introduction comes first, to the end.
            if place < len(lines) and (
                _QUOTED.match(lines[place]) or place in introductions or _header_end(lines, place)
            ):
                continue
            break
        if _SIGNATURE.match(line) or (_RULE.match(line) and any(each.strip() for each in kept)):
            is_signature = True
        elif not is_signature:
            kept.append(line)
        place += 1
    return kept


def _next_line(lines: Sequence[str], place: int) -> int:
    """The place of the next one that is not empty."""
    return next((each for each in range(place, len(lines)) if lines[each].strip()), len(lines))


def _is_rest_of_quote(lines: Sequence[str], place: int) -> bool:
    """Whether a line without a mark is the end of the quoted one before it, which a program has broken."""
    before, line = lines[place - 1].rstrip(), lines[place].strip()
    if not line or _QUOTED.match(lines[place]) or len(before) < 60 or len(line) > 40 or before[-1] in ".?!:;…。":
        return False
    following = lines[place + 1] if place + 1 < len(lines) else ""
    return bool(_QUOTED.match(following)) and not line[0].isupper()


def _introductions(lines: Sequence[str]) -> dict[int, int]:
    """Of every `On … wrote:` the place of its first line and the one behind its last."""
    found: dict[int, int] = {}
    for last, line in enumerate(lines):
        stripped = line.strip()[-_LONGEST:]
        if _NOTES.match(line[:_LONGEST]) or (_NOTES_WROTE.match(stripped) and _WROTE.search(stripped)):
            found[last] = last + 1
        elif (
            _ENDS_AN_INTRODUCTION.search(stripped)
            and not _QUOTED.match(line)
            and (first := _first_line(lines, last)) is not None
        ):
            found[first] = last + 1
    return found


def _first_line(lines: Sequence[str], last: int) -> int | None:
    shortest = None
    joined = ""
    following = _next_line(lines, last + 1)
    is_marked = following < len(lines) and _QUOTED.match(lines[following]) is not None
    for first in range(last, max(-1, last - _MOST_INTRODUCTION_LINES), -1):
        line = lines[first].strip()
        if not line or _QUOTED.match(lines[first]) or len(joined) + len(line) > _LONGEST:
            break
        joined = f"{line} {joined}".strip()
        if _introduces(joined, is_marked):
            if _OPENER.match(joined):
                return first
            shortest = first if shortest is None else shortest
    return shortest


def _introduces(text: str, is_marked: bool) -> bool:
    """A person may write `on 3 May you wrote:` too; what a program writes has a time or an address in it."""
    is_dated = _DATED.search(text) is not None
    is_precise = is_dated and _TIMED.search(text) is not None
    has_address = _ADDRESS.search(text) is not None
    if not _WROTE.search(text):
        return is_precise and has_address
    return is_marked or is_precise or (is_dated and has_address) or _ANGLE_ADDRESS.search(text) is not None


def _header_end(lines: Sequence[str], place: int) -> int | None:
    """The place behind the header of a quoted message, or behind the line that divides it from the answer."""
    line = lines[place][:_LONGEST]
    if _SEPARATOR.match(line) or _BEGINNING.match(line):
        return place + 1
    if (label := _LABEL.match(line)) and _kind(label[1]) in {"from", "sent"}:
        within = {_kind(each) for each in _LABEL_WITHIN.findall(line)}
        return place + 1 if "from" in within and len(within) >= 3 else _block_end(lines, place)
    if _ADDRESS.search(line) or _TIMED.search(line):
        return _notes_end(lines, place)
    return None


def _block_end(lines: Sequence[str], start: int) -> int | None:
    kinds: set[str] = set()
    end, others, proof = start, 0, ""
    for place in range(start, min(len(lines), start + _MOST_HEADER_LINES)):
        line = lines[place][:_LONGEST]
        if label := _LABEL.match(line):
            kinds.add(_kind(label[1]))
            end, others, proof = place + 1, 0, f"{proof}\n{line}"
        elif (others := others + 1) > _MOST_BETWEEN_LABELS:
            break
    known = kinds - {"other"}
    if "from" not in known:
        return None
    is_sure = "subject" in known or _TIMED.search(proof) or _ADDRESS.search(proof)
    return end if (len(known) >= 3 and is_sure) or (len(known) == 2 and _ADDRESS.search(proof)) else None


def _notes_end(lines: Sequence[str], start: int) -> int | None:
    """Lotus Notes writes who and when, and below a table with labels that no colon follows."""
    found = {
        _kind(label[1]): place
        for place in range(start + 1, min(len(lines), start + _MOST_HEADER_LINES // 2))
        if (label := _BARE_LABEL.match(lines[place][:_LONGEST]))
    }
    return found["subject"] + 1 if {"to", "subject"} <= found.keys() else None


def _kind(label: str) -> str:
    return words.KIND_OF_LABEL.get(label.casefold(), "other")


def _without_signature(lines: Sequence[str]) -> Iterator[str]:
    """Behind a formula such as `Best regards` a short line with a link is one, too."""
    is_closed = False
    for line in lines:
        shown = line.strip()
        if len(shown) <= _SHORT_LINE and _CLOSING.match(shown):
            is_closed = True
        elif _POSTSCRIPT.match(shown):
            is_closed = False
        is_link = _LINKS_ONLY.match(shown) or (is_closed and _WEB.search(shown) and len(shown.split()) <= _FEW_WORDS)
        is_mark = len(shown) <= _SHORT_LINE and not _UNSUBSCRIBE.search(shown) and _SENT_FROM.match(shown)
        yield "" if is_link or is_mark or _PICTURE.match(shown) or _LINE_ART.match(shown) else line.rstrip()


def _without_small_print(paragraph: str, place: int) -> str:
    """Without legal notes, and without ways out of somebody's mailings that have a link."""
    terms = {each.lower() for each in _LEGALESE.findall(paragraph)}
    if len(terms) >= _LEGAL_TERMS:
        before: list[str] = []
        for line in paragraph.split("\n"):
            if _LEGALESE.search(line):
                break
            before.append(line)
        return "\n".join(before)
    return "" if place > 0 and _UNSUBSCRIBE.search(paragraph) and _CLICK.search(paragraph) else paragraph


def _without_offers(paragraph: str) -> str:
    """Without what a mail says of how to be rid of it: where a quote was not seen for one, that is ours."""
    own = _OWN_SENTENCES.sub("", _LINK.sub("", paragraph))
    pieces = _SENTENCE_END.split(own)
    return "".join(each for each in pieces if not (_OFFER.search(each) and _STOP.search(each))).strip()
