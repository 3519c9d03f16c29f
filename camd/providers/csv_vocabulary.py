"""The words a CSV import understands, read once from `csv_aliases.toml` beside this module.

The file is data that ships with the program: a mistake in it is a bug and raises as such.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from camd.domain.facts import Verdict

_OTHER = re.compile(r"[^a-z0-9#]+")
_SEPARATOR = re.compile(r"[^A-Za-z0-9]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`columns` gives each field its column names in priority order, `seniority` each level its phrases."""

    columns: Mapping[str, tuple[str, ...]]
    empty: frozenset[str]
    true: frozenset[str]
    false: frozenset[str]
    opted_out: frozenset[str]
    zero_is_unknown: frozenset[str]
    shared_hosts: frozenset[str]
    email_statuses: Mapping[str, Verdict]
    email_domains: Mapping[str, Verdict]
    particles: frozenset[str]
    degrees: frozenset[str]
    honorifics: frozenset[str]
    seniority: Mapping[str, tuple[str, ...]]
    timezones: Mapping[str, str]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    raw = tomllib.loads(files("camd.providers").joinpath("csv_aliases.toml").read_text(encoding="utf-8"))
    return Vocabulary(
        columns={name: tuple(aliases) for name, aliases in raw["columns"].items()},
        empty=frozenset(raw["values"]["empty"]),
        true=frozenset(raw["values"]["true"]),
        false=frozenset(raw["values"]["false"]),
        opted_out=frozenset(raw["values"]["opted_out"]),
        zero_is_unknown=frozenset(raw["values"]["zero_is_unknown"]),
        shared_hosts=frozenset(raw["domains"]["shared"]),
        email_statuses={word: Verdict(verdict) for word, verdict in raw["email_statuses"].items()},
        email_domains={word: Verdict(verdict) for word, verdict in raw["email_domains"].items()},
        particles=frozenset(raw["names"]["particles"]),
        degrees=frozenset(raw["names"]["degrees"]),
        honorifics=frozenset(raw["names"]["honorifics"]),
        seniority={level: tuple(phrases) for level, phrases in raw["seniority"].items()},
        timezones=raw["timezones"],
    )


def column_name(header: str) -> str:
    """The normalised name of a header cell: `# Employees` is `#_employees`, `firstName` is `first_name`.

    Only a header without separators is taken for camelCase, else "LinkedIn URL" would become three words.
    """
    text = header.replace("\ufeff", "").strip()
    if not _SEPARATOR.search(text):
        text = _CAMEL.sub("_", text)
    return _OTHER.sub("_", text.lower()).strip("_")
