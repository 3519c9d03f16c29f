"""A small language for what people write, and the tables of `answer_words` in it.

A phrase is words with single spaces. `a|b` is either, `stem*` any ending, `two_words` both of them, `word?` may be
missing, `..` stands for at most three words of one clause, `...` for at most six of one sentence, `{name}` for a set of
the vocabulary. A word may hold what regular expressions have, `*` apart. Words are as `answer_text` leaves them. A line
that ends in `|` goes on in the next.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ja")
CONSUMED = "~"
"""Stands where a phrase was found, so that no later one finds its words again."""
REFUSED = "^"
"""Stands where a refusal was found; what follows is behind a negation."""

_FAR = r"(?: [^ \n~^]++){0,6}?"
_NOTHING = r"(?!)"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Each text has one phrase a line.

    Opt-outs: `insisted` with a negation that excuses nothing, `excused` that are negated or somebody else's,
    `commands` as a whole line or sentence, `mentions` that are a request in a short message and a hint in a long one,
    `hints` at a complaint. `harmless` phrases mean nothing whatever they hold; `fine_print` begins a disclaimer.

    Refusals hold their own negation, `declines` lose their meaning behind one, `noes` are whole clauses. `revisits`
    ask for another try later, `later` only puts off, `handovers` leave the answer to somebody else. `steps` and
    `praise` turn into their opposite behind one of `negators`, `yeses` are whole clauses. Behind one of `turns` another
    thing is said.

    `fillers` are words that only make a request polite, `spellings` those that a typing error is mended to.
    """

    language: str
    fine_print: str
    harmless: str
    insisted: str
    excused: str
    opt_outs: str
    commands: str
    hints: str
    revisits: str
    refusals: str
    declines: str
    later: str
    handovers: str
    steps: str
    praise: str
    noes: str
    yeses: str
    mentions: str = ""
    negators: str = ""
    turns: str = ""
    fillers: str = ""
    spellings: str = ""
    is_spaced: bool = True
    sets: Mapping[str, str] = field(default_factory=dict)

    def anywhere(self, phrases: str) -> re.Pattern[str]:
        """Finds any of them within a sentence."""
        for name, words in self.sets.items():
            phrases = phrases.replace(f"{{{name}}}", "".join(_lines(words)))
        bodies = "|".join(map(self._spaced if self.is_spaced else _unspaced, _lines(phrases))) or _NOTHING
        return re.compile(rf" (?:{bodies})(?= )" if self.is_spaced else f"(?:{bodies})")

    def alone(self, phrases: str) -> re.Pattern[str]:
        """Matches a text that is one of them and nothing else; here `|` parts whole phrases, which have no gaps."""
        return re.compile("|".join(_lines(phrases)).replace("*", r"\w*") or _NOTHING)

    def _spaced(self, phrase: str) -> str:
        return "".join(map(self._atom, phrase.split())).removeprefix(" ")

    def _atom(self, atom: str) -> str:
        if atom == "..":
            return rf"(?:(?! (?:{'|'.join(self.turns.split())}) ) [^ \n,~^]++){{0,3}}?"
        if atom == "...":
            return _FAR
        either = atom.removesuffix("?").replace("*", r"\w*").replace("_", " ")
        return f"(?: (?:{either}))?" if atom.endswith("?") else f" (?:{either})"


def vocabularies() -> list[Vocabulary]:
    """Of every language, read anew from the tables."""
    tables = files("camd.mail.answer_words")
    return [Vocabulary(**tomllib.loads(tables.joinpath(f"{each}.toml").read_text("utf-8"))) for each in LANGUAGES]


def _lines(phrases: str) -> list[str]:
    return [line for line in map(str.strip, phrases.replace("|\n", "|").splitlines()) if line]


def _unspaced(phrase: str) -> str:
    return phrase.replace("...", r"[^\n~^]{0,14}?").replace(" ", "")
