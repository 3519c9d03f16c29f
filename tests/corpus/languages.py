"""A language's sheet: who writes in it, the mail of ours that they answer, and the words of their mail programs."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from camd.mail.footers import FOOTERS, REPLIES

DATA = Path(__file__).parent / "data"
_PAGE = "https://go.us.example/u/9f2c41d07be8"
_SENDER = {"sender.name": "Ann Lee", "sender.company": "Clearline Ltd", "sender.postal_address": "1 High Street, Leeds"}


@dataclass(frozen=True, slots=True)
class Language:
    """`labels` are the words for From, Sent, To, Subject and Date; `sent` is the instant of our mail."""

    code: str
    people: tuple[str, ...]
    subject: str
    ours: str
    stop: str
    gmail: str
    apple: str
    thunderbird: str
    yahoo: str
    labels: tuple[str, ...]
    sent: str
    original: str
    phone: str
    outlook: str
    prefix: str
    charset: str

    def our_mail(self, turn: int, person: str) -> str:
        """Our mail as it arrived there, its way out by turns a word to reply, the page, and the operator's own text."""
        body = self.ours.strip().replace("{first}", person.split()[0])
        return f"{body}\n\n{self._footer(turn)}"

    def _footer(self, turn: int) -> str:
        if turn % 3 == 2:
            return self.stop
        filled = FOOTERS[self.code]
        for name, value in {**_SENDER, "opt_out": (REPLIES[self.code], _PAGE)[turn % 3]}.items():
            filled = filled.replace("{{ " + name + " }}", value)
        return filled


@cache
def languages() -> Mapping[str, Language]:
    sheets = tomllib.loads((DATA / "languages.toml").read_text(encoding="utf-8"))
    return {
        code: Language(code, tuple(sheet.pop("people")), labels=tuple(sheet.pop("labels")), **sheet)
        for code, sheet in sheets.items()
    }
