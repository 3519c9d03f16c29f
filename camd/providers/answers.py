"""What a vendor's JSON says, taken only as far as it can be believed.

A value of the wrong kind, too long, or with a line break that would begin another header is None, never an error; an
answer that is no JSON object raises `Uncertain`.
"""

import json
import math
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from camd.domain.contact import parse_address
from camd.domain.errors import Invalid, Scope, Uncertain
from camd.domain.zones import country_code
from camd.providers.http import Answer, Unreadable

MOST_RAW = 4_000
"""Characters of a person's item that are kept."""
_LOCKED = "email_not_unlocked"
"""Apollo writes this local part, at any domain, where an address exists but has not been paid for."""
_LONGEST_ADDRESS = 254
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}(?:\.0*)?")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,30})?")
_BELIEVABLE = 10**9
_THOUSANDTH = Decimal("0.001")


def text(value: object, most: int = 200) -> str | None:
    """One trimmed line of at most `most` characters."""
    if not isinstance(value, str):
        return None
    line = value.strip()
    # Lone surrogates can be written in JSON and in no database.
    if not line or len(line) > most or any(unicodedata.category(character) in {"Cc", "Cs"} for character in line):
        return None
    return line


def address(value: object) -> str | None:
    """An address that mail can go to."""
    line = text(value, _LONGEST_ADDRESS)
    if line is None or line.lower().partition("@")[0] == _LOCKED:
        return None
    try:
        return parse_address(line).given
    except Invalid:
        return None


def whole(value: object, least: int = 0) -> int | None:
    """A whole number of at most 15 digits, also one written as text or with a nought behind its point."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        line = value.strip()
        number = float(line) if _WHOLE.fullmatch(line) else math.nan
    else:
        number = value
    if not -(10**15) < number < 10**15 or number != int(number):
        return None
    return int(number) if number >= least else None


def credits(value: object) -> Decimal | None:  # noqa: A001 - what every vendor calls it; read as answers.credits
    """An amount of credits, to the thousandth."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        line = value.strip()
        amount = Decimal(line) if _AMOUNT.fullmatch(line) else None
    else:
        # By the text of a number: 0.1 is a tenth, whatever the processor makes of it.
        amount = Decimal(str(value)) if 0 <= value < _BELIEVABLE else None
    if amount is None or amount < 0:
        return None
    return amount.quantize(_THOUSANDTH, ROUND_HALF_UP)


def raw(item: object) -> str:
    """The item as compact JSON, cut off at `MOST_RAW` characters."""
    try:
        return json.dumps(item, separators=(",", ":"))[:MOST_RAW]
    except RecursionError:
        return '"nested too deeply"'


def objects(value: object) -> list[dict[str, Any] | None]:
    """The items of a list, None for each that is no object; nothing where it is no list."""
    return [item if isinstance(item, dict) else None for item in value] if isinstance(value, list) else []


def country(value: object) -> str | None:
    """ISO 3166-1 alpha-2 where the country is understood, else as it is written."""
    line = text(value)
    return line and (country_code(line) or line)


def unspoilt(answer: Answer, what: str) -> dict[str, Any]:
    """The JSON object of an answer that is paid for; `what` names the call in the error."""
    try:
        told = answer.json()
    except Unreadable as error:
        raise Uncertain(f"{what}: {error}", scope=Scope.PROVIDER) from error
    if not isinstance(told, dict):
        raise Uncertain(f"{what}: {answer.status} with JSON that is no object", scope=Scope.PROVIDER)
    return told
