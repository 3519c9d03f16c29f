"""The sentences of invented people by language, from the bundled table."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from camd.sandbox.reactions import Reaction

DEFAULT = "en"
WRITTEN = (
    Reaction.INTERESTED,
    Reaction.ASKS,
    Reaction.DECLINES,
    Reaction.WANTS_OUT,
    Reaction.AWAY,
    Reaction.ACKNOWLEDGES,
)
"""The reactions that have sentences."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `gmail` and `apple` lead over to the mail that is answered, `outlook` are the names of its headers
    there, and `answer_to` begins the subject; `phone` is what a phone adds, `subjects` those of automatic notes."""

    greetings: tuple[str, ...]
    sentences: Mapping[Reaction, Sequence[str]]
    subjects: Mapping[Reaction, str]
    gmail: str
    apple: str
    outlook: Sequence[str]
    answer_to: str
    phone: str
    date_form: str
    weekdays: Sequence[str]
    months: Sequence[str]

    def day(self, day: date) -> str:
        return self.date_form.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def leads_over(self, form: str, sent: datetime, name: str, address: str) -> str:
        """`form` is `gmail` or `apple` of this language."""
        return form.format(
            weekday=self.weekdays[sent.weekday()],
            day=sent.day,
            month=self.months[sent.month - 1],
            year=sent.year,
            time=f"{sent:%H:%M}",
            name=name,
            address=address,
        )


@cache
def all_words() -> Mapping[str, Words]:
    tables = tomllib.loads(files("camd.sandbox").joinpath("words.toml").read_text(encoding="utf-8"))
    return {language: _words(table) for language, table in tables.items()}


def words_for(text: str) -> Words:
    """In the language in which a mail greets; a person who does not know it writes English."""
    start = text.lstrip()
    greeted = (words for words in all_words().values() if start.startswith(words.greetings))
    return next(greeted, all_words()[DEFAULT])


def _words(table: Mapping[str, str | list[str]]) -> Words:
    texts = {name: value for name, value in table.items() if isinstance(value, str)}
    lists = {name: [each.strip() for each in value] for name, value in table.items() if isinstance(value, list)}
    return Words(
        greetings=tuple(lists["greetings"]),
        sentences={reaction: lists[reaction] for reaction in WRITTEN},
        subjects={reaction: texts[f"{reaction}_subject"] for reaction in (Reaction.AWAY, Reaction.ACKNOWLEDGES)},
        gmail=texts["gmail"],
        apple=texts["apple"],
        outlook=lists["outlook"],
        answer_to=texts["answer_to"],
        phone=texts["phone"],
        date_form=texts["date"],
        weekdays=texts["weekdays"].split(),
        months=texts["months"].split(),
    )
