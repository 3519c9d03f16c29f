"""Phrases of many languages looked for in a text, whatever its case, accents and line breaks; linear in its length."""

import re
import unicodedata

# Letters that Unicode does not take apart.
_UNDECOMPOSED = str.maketrans(
    {"ł": "l", "ø": "o", "æ": "ae", "đ": "d", "\u0131": "i", "\u2019": "'", "\u2018": "'", "\u00b4": "'", "`": "'"}
)
_FIRST_IDEOGRAPH = "\u2e80"
"""From here on scripts write no spaces between words."""
_GAP = r"(?:[^.!?。\n]|\.(?=\S)|(?<=\d)\.){0,40}"
_CONTINUED = re.compile(r"\n\s*\|")
_SENTENCE_END = re.compile(r"(?<=[!?。！？])|(?<!\d)\.(?=\s|$)|\n\s*\n|(?<=,)\n\s*(?=\S)")  # noqa: RUF001 - full width


def fold(text: str) -> str:
    """In lower case, without Latin accents, with plain digits, spaces and apostrophes; line ends are kept."""
    plain = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED).casefold()).translate(_UNDECOMPOSED)
    return unicodedata.normalize("NFC", "".join(char for char in plain if not "\u0300" <= char <= "\u036f"))


def phrases(table: str) -> re.Pattern[str]:
    """One phrase a line, to be looked for in a folded text.

    `*` ends a word of any ending, `~` is up to 40 characters of the same line and sentence, `(a|b)` a choice. Whole
    words only, except in Japanese and Chinese, which write none. Lines that begin with `#` name the language; one that
    begins with `|` goes on with the line before.
    """
    lines = (line.strip() for line in _CONTINUED.sub("|", table).splitlines())
    return re.compile("|".join(_pattern(fold(line)) for line in lines if line and not line.startswith("#")))


def sentences(text: str) -> list[str]:
    """The sentences of a text, roughly; a full stop after a digit ends none, because it may belong to a date."""
    pieces = (each.strip() for each in _SENTENCE_END.split(text))
    return [each for each in pieces if each]


def _pattern(phrase: str) -> str:
    pattern = re.escape(phrase)
    for escaped, plain in (("\\(", "(?:"), ("\\)", ")"), ("\\|", "|"), ("\\*", r"\w*"), ("\\~", "~")):
        pattern = pattern.replace(escaped, plain)
    pattern = pattern.replace("\\ ~", r"\b~").replace("~", _GAP).replace("\\ ", r"\s+")
    letters = [char for char in phrase if char.isalnum()]
    begin = r"\b" if letters[0] < _FIRST_IDEOGRAPH and phrase[0] in {"(", letters[0]} else ""
    end = r"\b" if letters[-1] < _FIRST_IDEOGRAPH and phrase[-1] in {")", "*", letters[-1]} else ""
    return f"{begin}(?:{pattern}){end}"
