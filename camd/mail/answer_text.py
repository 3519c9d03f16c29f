"""A person's words made comparable: one case, no accents, plain apostrophes, common typing errors mended, sentences one
a line. Total: any text gives a `Plain`, in time that grows with the length of what is looked at alone.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

LOOKED_AT = 6000
"""Characters of a text that are looked at."""

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4\u0060\u2032", "'"))
_UNMARKED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "\u0131": "i", "_": " ", "·": " "})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufe0f\ufeff\u0300-\u036f]")
_ADDRESS = re.compile(r"[a-z0-9.%+-]{1,64}@[a-z0-9.-]{1,255}")
_LINK = re.compile(r"(?:https?://|www\.)[!-~]+")
_ELISION = re.compile(r"(?<=\w)'(?=(?:t|s|m|d|ll|re|ve)(?!\w))")
"""`don't` and `dont` are one word; any other apostrophe parts two, as in `n'envoyez`."""
_HYPHENATED_MAIL = re.compile(r"(?<!\w)e[- ](?=(?:mail|post))")
_ABBREVIATED = re.compile(r"(?<=(?<!\w)\w)\.(?=\w(?!\w))")
_ARTICLE = re.compile(r"(?<=(?<!\w)art)\.(?= ?\d)")
_SPACED_OUT = re.compile(r"(?<!\w)(?:[a-z] ){3,}[a-z](?!\w)")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_CJK = "\u3005\u3040-\u30ff\u3400-\u9fff"
_BETWEEN_CJK = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")
_BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n\s*)?\n")
_SENTENCE_END = re.compile(r"[.!?;:。|•]+")
_PAUSE = re.compile(r" [-\u2013\u2014]+ |[\u2014\u2013(),、]")
_WORD = re.compile(r"\w+|,")
_COMMA = ","


@dataclass(frozen=True, slots=True)
class Plain:
    """`sentences` has one a line, each word between single spaces, a pause as a comma, paragraphs apart by an empty
    line. `units` are lines and sentences, `clauses` the parts between pauses, each with and without polite words."""

    sentences: str
    units: Sequence[str]
    clauses: Sequence[str]
    count: int


def plain(text: str, fillers: Collection[str], spellings: Collection[str]) -> Plain:
    """`fillers` are the words that make a request polite, `spellings` those that a typing error is mended to."""
    folded = _fold(text[:LOOKED_AT])[: 2 * LOOKED_AT]
    mend = _Mender(spellings)
    paragraphs: list[str] = []
    units: set[str] = set()
    clauses: set[str] = set()
    for paragraph in filter(str.strip, _BLANK_LINE.split(folded)):
        sentences = [mend.words(part) for part in _SENTENCE_END.split(_join(paragraph))]
        paragraphs.append("\n".join(f" {' '.join(words)} " for words in sentences if words))
        in_lines = [mend.words(part) for line in paragraph.split("\n") for part in _SENTENCE_END.split(line)]
        for words in sentences + in_lines:
            units.update(_forms([word for word in words if word != _COMMA], fillers))
            clauses.update(form for clause in _clauses(words) for form in _forms(clause, fillers))
    joined = "\n\n".join(paragraphs)
    count = sum(word != _COMMA for word in joined.split())
    return Plain(joined, sorted(filter(None, units)), sorted(filter(None, clauses)), count)


def _fold(text: str) -> str:
    # Compatibility forms first: full-width letters and half-width kana become the ordinary ones. Only Latin accents
    # are dropped; the marks that voice a kana are put together with it again.
    text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).replace("\r", "\n").translate(_UNMARKED)
    text = _LINK.sub(" weblink ", _ADDRESS.sub(" mailaddress ", text))
    text = _HYPHENATED_MAIL.sub("e", _ELISION.sub("", text))
    text = _ARTICLE.sub(" ", _ABBREVIATED.sub("", text))
    text = _SPACED_OUT.sub(lambda found: found[0].replace(" ", ""), text)
    return _STRETCHED.sub(r"\1", text)


def _join(paragraph: str) -> str:
    return _BETWEEN_CJK.sub("", paragraph).replace("\n", " ")


def _clauses(words: Sequence[str]) -> Iterator[list[str]]:
    for is_pause, clause in groupby(words, _COMMA.__eq__):
        if not is_pause:
            yield list(clause)


def _forms(words: Sequence[str], fillers: Collection[str]) -> tuple[str, str]:
    return " ".join(words), " ".join(word for word in words if word not in fillers)


class _Mender:
    def __init__(self, spellings: Collection[str]) -> None:
        self._by_start: dict[str, list[str]] = {}
        for word in spellings:
            self._by_start.setdefault(word[0], []).append(word)

    def words(self, sentence: str) -> list[str]:
        return [self._mended(word) for word in _WORD.findall(_PAUSE.sub(f" {_COMMA} ", sentence))]

    def _mended(self, word: str) -> str:
        known = self._by_start.get(word[0], ())
        return word if word in known else next((right for right in known if _is_slip(word, right)), word)


def _is_slip(word: str, right: str) -> bool:
    """Two letters swapped; in a word of 8 letters and more one letter wrong, missing or too many, of 11 and more two.
    The first two letters are right, since `anmelden` is no slip of `abmelden`."""
    if len(word) == len(right) and sorted(word) == sorted(right):
        return _is_swap(word, right)
    allowed = 2 if len(right) >= 11 else 1 if len(right) >= 8 else 0
    return abs(len(word) - len(right)) <= allowed and word[:2] == right[:2] and _distance(word, right) <= allowed


def _is_swap(word: str, right: str) -> bool:
    differing = [place for place, (one, other) in enumerate(zip(word, right, strict=True)) if one != other]
    return len(differing) == 2 and differing[1] == differing[0] + 1


def _distance(word: str, right: str) -> int:
    """Levenshtein's."""
    row = list(range(len(right) + 1))
    for place, letter in enumerate(word, 1):
        diagonal, row[0] = row[0], place
        for column, wanted in enumerate(right, 1):
            cost = min(row[column] + 1, row[column - 1] + 1, diagonal + (letter != wanted))
            diagonal, row[column] = row[column], cost
    return row[-1]
