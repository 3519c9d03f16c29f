"""The day that a note of absence states, in ten languages; None where it states none that can be meant.

As it states it: "back on 15 August" is the 15th, "until 14 August" the 14th. Bounded and linear.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto

from camd.mail import date_words as words
from camd.mail.phrases import fold

_CHARACTERS = 6_000
_BEFORE, _BESIDE = 60, 70
_PAST, _AHEAD = timedelta(days=30), timedelta(days=366)
_DAY = timedelta(days=1)


def _any(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_MONTH = _any(words.MONTHS)
_LATIN_WEEKDAY = _any([each for each in words.WEEKDAYS if each.isascii()])
_SHORT = {each[:3]: each for each in ("monday", "tuesday", "wednesday", "thursday", "friday")}
"""Only beside an English word: `mon` and `mar` are words of other languages."""
_ORDINAL = r"(?:st|nd|rd|th|er|ers|e|o|a|:e|:a|\.)?"
_MENTION = re.compile(
    rf"""
    (?:\b(?:{_LATIN_WEEKDAY}|{_any(words.SHORT_WEEKDAYS)})\b[.,]?\s+
        (?:(?:the|den|dem|der|le|el|il|dia|dnia|op|d\.)\s+)?)?
    (?:
      (?<!\d)(?P<iso_year>20\d\d)[-./年]\s?(?P<iso_month>\d{{1,2}})[-./月]\s?(?P<iso_day>\d{{1,2}})(?!\d)日?
    | (?<!\d)(?P<ja_month>\d{{1,2}})月\s?(?P<ja_day>\d{{1,2}})日
    | (?<!\d)(?P<alone_day>\d{{1,2}})日(?!間)
    | (?<!\d)(?P<day>\d{{1,2}}){_ORDINAL}\s*(?:(?:of|de|del|den|d')\s*)?(?P<month>{_MONTH})\b\.?
        (?:,?\s*(?:(?:de|del|of)\s+)?(?P<year>20\d\d)(?!\d))?
    | \b(?P<us_month>{_MONTH})\b\.?\s+(?:the\s+)?(?P<us_day>\d{{1,2}})(?:st|nd|rd|th)?
        (?:\s*(?:-|\u2013|to|through|thru)\s*(?P<us_last>\d{{1,2}})(?:st|nd|rd|th)?)?
        (?![\d:]|\s*[ap]\.?m\b)(?:,?\s*(?P<us_year>20\d\d)(?!\d))?
    | (?<!\d)(?P<first>\d{{1,2}})(?P<mark>[./])\s?(?P<second>\d{{1,2}})
        (?:(?P=mark)\s?(?P<full>20\d\d|\d\d)(?!\d)|\.)?(?![\d:])
    | (?<!\d)(?P<dashed_day>\d{{1,2}})-(?P<dashed_month>\d{{1,2}})(?:-(?P<dashed_year>20\d\d))?
        (?![\d/.:-]|\.?\s*(?:{_MONTH})\b)
    | \bthe\s+(?P<bare_day>\d{{1,2}})(?:st|nd|rd|th)\b
    | \b(?:end\s+of|ende|fin|fine|finales\s+de|final\s+de|fim\s+de|eind|slutet\s+av|konca)\s+
        (?P<end_month>{_MONTH})\b(?!\s+\d)
    | \b(?:in|im|en|em|a|i|we?)\s+(?P<whole_month>{_MONTH})\b(?!\.?\s+\d)
    | \b(?P<next_week>{_any(words.NEXT_WEEK)})
    | (?P<this_week>{_any(words.THIS_WEEK)})
    | (?<!guten\s)(?<!gute\s)(?<!goede)(?<!goede\s)(?<!heute\s)(?<!por\sla\s)
        (?P<tomorrow>\b(?:{_any(words.TOMORROW)})\b|明日)
    | (?P<today>\b(?:{_any(words.TODAY)})\b|本日|今日)
    | (?<=\bdia\s)(?P<dia_day>\d{{1,2}})(?![\d:]|\s?h\b)
    )(?:\s?\(\w{{1,3}}\))?
    | \b(?P<named>{_LATIN_WEEKDAY})\b[.,]?\s+(?:(?:the|den|dem|der|le|el|il|dia|dnia|de|op|d\.)\s+)?
        (?P<named_day>\d{{1,2}})(?:{_ORDINAL})(?![\w:./]|\.\d|\s*(?:uhr|h|am|pm|a\.m|p\.m)\b)
    | (?P<weekday>(?:\b(?:{_LATIN_WEEKDAY})\b|[月火水木金土日]曜日?))
    | (?:(?<=until\s)|(?<=till\s)|(?<=back\s)|(?<=back\son\s)|(?<=returning\s))
        (?P<short_weekday>mon|tues?|wed|thu(?:rs)?|fri)\b
    """,
    re.VERBOSE,
)  # fmt: skip
_SENTENCE_END = re.compile(r"[!?。]|\n\s*\n|(?<!\d)(?<!\b\w)\.(?=\s)")
_CLAUSE_END = re.compile(r"[,;]|\b(?:and|und|et|y|e|en|och|i)\b")
_FILL = rf"(?:\s*\b(?:{words.FILLS})(?:\s|$)|[\s(,]){{0,6}}"
_IS_UNTIL = re.compile(rf"(?:\b(?:{words.UNTIL})){_FILL}$")
_ENDS_RANGE = re.compile(
    rf"\d[.\w:]{{0,3}}日?(?:\s+\w{{3,12}})?\.?(?:\s+20\d\d)?\s*(?:\b|(?<=\W))(?:{words.CONNECTS}){_FILL}$"
)
_STARTS = re.compile(rf"\b(?:{words.STARTS}){_FILL}$")
_BACK = re.compile(rf"\b(?:{words.BACK})\b|{words.BACK_IN_JAPANESE}")
_ANSWERS = re.compile(rf"\b(?:{words.ANSWERS})\b|{words.ANSWERS_IN_JAPANESE}")
_ABSENT = re.compile(rf"\b(?:{words.ABSENT_BESIDE})\b|n't\b|{words.ABSENT_IN_JAPANESE}")
_JAPANESE_UNTIL = re.compile(r"\s?(?:\d{1,2}時)?(?:まで|迄)")
_JAPANESE_FROM = re.compile(r"\s?(?:\d{1,2}時)?(?:から|より|以降|に|には)")
_WEEKDAY_RANGE = re.compile(rf"(?:{_LATIN_WEEKDAY}|曜日?)\s*(?:{words.CONNECTS}|{words.UNTIL})\s*$")


class _Role(Enum):
    BACK = auto()
    UNTIL = auto()
    ALONE = auto()


@dataclass(frozen=True, slots=True)
class _Mention:
    """A day or a week that the text names; `may_stand_alone`: a word of absence beside it makes it the last one."""

    start: int
    end: int
    first: date
    last: date
    may_stand_alone: bool = True


def stated_day(text: str, arrived: date) -> date | None:
    """The first day back where the text names it, else the last day of the absence.

    `arrived` is the local day on which the note came: weekdays, `tomorrow` and days without a year count from it.
    """
    plain = fold(text[:_CHARACTERS])
    mentions = list(_mentions(plain, arrived))
    days: dict[_Role, list[date]] = {role: [] for role in _Role}
    for index, mention in enumerate(mentions):
        lower = mentions[index - 1].end if index else 0
        upper = mentions[index + 1].start if index + 1 < len(mentions) else len(plain)
        role = _role(plain, mention, lower, upper)
        if role is not None:
            days[role].append(mention.first if role is _Role.BACK else mention.last)
    if days[_Role.BACK]:
        return next((day for day in days[_Role.BACK] if day >= arrived), days[_Role.BACK][0])
    return max(days[_Role.UNTIL] or days[_Role.ALONE], default=None)


def _role(text: str, mention: _Mention, lower: int, upper: int) -> _Role | None:
    before = text[max(0, mention.start - _BEFORE) : mention.start]
    left = _last_sentence(text[max(lower, mention.start - _BESIDE) : mention.start])
    right = _first_sentence(text[mention.end : min(upper, mention.end + _BESIDE)])
    if mention.end + len(right) == upper < len(text):
        # "Off today and back tomorrow": what stands before the next day belongs to that one.
        right = _CLAUSE_END.split(right, maxsplit=1)[0]
    beside = f"{left} {right}"
    if _JAPANESE_UNTIL.match(right):
        return _Role.UNTIL
    if _IS_UNTIL.search(before):
        return None if _WEEKDAY_RANGE.search(before) else _Role.UNTIL
    if _ENDS_RANGE.search(before):
        return _Role.UNTIL
    if _STARTS.search(before) or _JAPANESE_FROM.match(right):
        return _Role.BACK if _is_return(left, right) else None
    if _BACK.search(beside) or (_ANSWERS.search(left) and not _ABSENT.search(left)):
        return _Role.BACK
    return _Role.ALONE if mention.may_stand_alone and _ABSENT.search(beside) else None


def _is_return(left: str, right: str) -> bool:
    """`From 3 August` begins an absence or ends one."""
    if _BACK.search(_CLAUSE_END.split(right, maxsplit=1)[0]):
        return True
    if _ABSENT.search(left) and not _BACK.search(left):
        return False
    beside = f"{left} {right}"
    return bool(_BACK.search(beside)) or (bool(_ANSWERS.search(beside)) and not _ABSENT.search(beside))


def _last_sentence(text: str) -> str:
    return _SENTENCE_END.split(text)[-1]


def _first_sentence(text: str) -> str:
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def _mentions(text: str, arrived: date) -> Iterator[_Mention]:
    month_before = arrived.month
    for found in _MENTION.finditer(text):
        named = found.groupdict()
        if named["ja_month"]:
            month_before = int(named["ja_month"])
        days = _days(named, arrived, month_before)
        if days is not None:
            # A weekday may tell of office hours, and two numbers with a dash of anything.
            alone = not (named["weekday"] or named["whole_month"] or (named["dashed_day"] and not named["dashed_year"]))
            yield _Mention(found.start(), found.end(), *days, may_stand_alone=alone)


def _days(named: dict[str, str | None], arrived: date, month_before: int) -> tuple[date, date] | None:  # noqa: C901 - one form of a date a case
    match {name: value for name, value in named.items() if value}:
        case {"iso_year": year, "iso_month": month, "iso_day": day}:
            return _one(int(day), int(month), int(year), arrived)
        case {"ja_month": month, "ja_day": day}:
            return _one(int(day), int(month), None, arrived)
        case {"alone_day": day}:
            return _one(int(day), month_before, None, arrived)
        case {"day": day, "month": name, **rest}:
            return _one(int(day), words.MONTHS[name], _year(rest.get("year")), arrived)
        case {"us_day": day, "us_month": name, **rest}:
            first = _one(int(day), words.MONTHS[name], _year(rest.get("us_year")), arrived)
            last = _one(int(rest.get("us_last", day)), words.MONTHS[name], _year(rest.get("us_year")), arrived)
            return (first[0], last[1]) if first and last else first or last
        case {"first": first_number, "second": second, "mark": mark, **rest}:
            return _numeric(int(first_number), int(second), mark, _year(rest.get("full")), arrived)
        case {"dashed_day": day, "dashed_month": month, **rest}:
            return _one(int(day), int(month), _year(rest.get("dashed_year")), arrived)
        case {"bare_day": day} | {"dia_day": day}:
            return _next(int(day), arrived)
        case {"end_month": name}:
            return _end_of(words.MONTHS[name], arrived)
        case {"whole_month": name}:
            return _one(1, words.MONTHS[name], None, arrived)
        case {"next_week": _}:
            monday = arrived + (7 - arrived.weekday()) * _DAY
            return monday, monday + 6 * _DAY
        case {"this_week": _}:
            return arrived, arrived + (6 - arrived.weekday()) * _DAY
        case {"tomorrow": _}:
            return arrived + _DAY, arrived + _DAY
        case {"today": _}:
            return arrived, arrived
        case {"named": name, "named_day": day}:
            ahead = _next(int(day), arrived)
            return ahead if ahead and ahead[0].weekday() == words.WEEKDAYS[name] else _weekday(name, arrived)
        case {"weekday": name}:
            return _weekday(name, arrived)
        case {"short_weekday": name}:
            return _weekday(_SHORT[name[:3]], arrived)
    return None


def _weekday(name: str, arrived: date) -> tuple[date, date]:
    found = arrived + ((words.WEEKDAYS[name] - arrived.weekday() - 1) % 7 + 1) * _DAY
    return found, found


def _numeric(first: int, second: int, mark: str, year: int | None, arrived: date) -> tuple[date, date] | None:
    """Day before month, except with a slash where only the American reading is a date, or is nearer and to come."""
    if (first, mark, second, year) == (24, "/", 7, None):
        return None
    day_first = _one(first, second, year, arrived)
    if mark != "/":
        return day_first
    month_first = _one(second, first, year, arrived)
    readings = [each for each in (day_first, month_first) if each is not None]
    to_come = [each for each in readings if each[0] >= arrived]
    return min(to_come or readings, default=None)


def _one(day: int, month: int, year: int | None, arrived: date) -> tuple[date, date] | None:
    """Without a year the one nearest to the note's arrival; nothing that is long over or more than a year ahead."""
    for candidate in (year,) if year is not None else (arrived.year - 1, arrived.year, arrived.year + 1):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if arrived - _PAST <= found <= arrived + _AHEAD - (_PAST if year is None else timedelta()):
            return found, found
    return None


def _next(day: int, arrived: date) -> tuple[date, date] | None:
    ahead = (arrived + offset * _DAY for offset in range(62))
    return next(((each, each) for each in ahead if each.day == day), None)


def _end_of(month: int, arrived: date) -> tuple[date, date] | None:
    found = _one(28, month, None, arrived)
    if found is None:
        return None
    next_month = (found[0] + 4 * _DAY).replace(day=1)
    return next_month - _DAY, next_month - _DAY


def _year(text: str | None) -> int | None:
    return None if text is None else int(text) % 100 + 2000
