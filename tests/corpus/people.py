"""The people's files, one a language: answers of persons and of their mailboxes, made into messages.

An entry is the text alone or a table: how it is written (`letters.Draft`), which marks of an automatic answer it bears
and how it must be read. A program that is not named changes from entry to entry.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from camd.domain.inbound import InboundClass
from tests.corpus.case import Case
from tests.corpus.languages import DATA, Language, languages
from tests.corpus.letters import Draft, letter, programs

BY_MACHINE = {InboundClass.OUT_OF_OFFICE, InboundClass.AUTO_REPLY}
_IN_TURN = [name for name in programs() if name not in {"bare", "html"}]
_BY_NOBODY = {"Return-Path": "<>"}
_MARKS: Mapping[str, Mapping[str, str]] = {
    "none": {},
    "exchange": _BY_NOBODY
    | {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-MS-Exchange-Generated-Message-Source": "Mailbox Rules Agent",
        "X-MS-Exchange-Inbox-Rules-Loop": "{address}",
    },
    "gmail": {"Auto-Submitted": "auto-replied", "Precedence": "bulk", "X-Autoreply": "yes"},
    "sieve": _BY_NOBODY | {"Auto-Submitted": "auto-replied (vacation)", "X-Sieve": "Pigeonhole Sieve 0.5.19"},
    "gmx": {"X-Autoresponder": "yes", "Precedence": "auto_reply"},
    "autorespond": {"X-Autorespond": "Fewer no-shows at your practice"},
    "ticket": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "X-Mailer": "Helpdesk 4.2"},
}


def people(folder: Path = DATA) -> Iterator[Case]:
    for code, language in languages().items():
        sheet = tomllib.loads((folder / "people" / f"{code}.toml").read_text(encoding="utf-8"))
        entries = [(kind, name, entry) for kind, rows in sheet.items() for name, entry in rows.items()]
        for turn, (kind, name, entry) in enumerate(entries):
            plain = {"text": entry} if isinstance(entry, str) else entry
            yield _case(f"{code}/{kind}/{name}", InboundClass(kind), language, turn, dict(plain))


def _case(name: str, kind: InboundClass, language: Language, turn: int, entry: dict[str, Any]) -> Case:
    also = [InboundClass(value) for value in entry.pop("also", [])]
    until, has_left, is_open = entry.pop("until", None), entry.pop("left", False), entry.pop("open", False)
    return Case(name, letter(_draft(kind, language, turn, entry)), (kind, *also), until, has_left, is_open=is_open)


def _draft(kind: InboundClass, language: Language, turn: int, entry: dict[str, Any]) -> Draft:
    """Entries of the same number answer the same mail of ours in every language, so the way out turns with them."""
    if kind in BY_MACHINE:
        usual = {"program": "bare", "placement": "alone"}
    else:
        usual = {"program": _IN_TURN[turn % len(_IN_TURN)], "placement": "above"}
    marks = _MARKS[entry.pop("marks", "none")]
    in_thread = entry.pop("thread", True)
    draft = Draft(language, turn, in_thread=in_thread, **{**usual, **entry})
    return replace(draft, headers={name: value.format(address=draft.address) for name, value in marks.items()})
