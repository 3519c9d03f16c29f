"""A person's answer as their mail program writes it: layout, quote of our mail, charset, transfer encoding."""

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import cache
from html import escape

from tests.corpus import mime
from tests.corpus.case import OUR_ADDRESS, OUR_ID
from tests.corpus.languages import DATA, Language


@dataclass(frozen=True, slots=True)
class Program:
    """A table of `data/programs.toml`; `intro` and `signed` name words of the language."""

    layout: str
    transfer: str
    plain: str = ""
    html: str = ""
    charset: str | None = None
    mailer: str | None = None
    intro: str = "gmail"
    signed: str | None = None


@cache
def programs() -> Mapping[str, Program]:
    sheets = tomllib.loads((DATA / "programs.toml").read_text(encoding="utf-8"))
    return {name: Program(**sheet) for name, sheet in sheets.items()}


@dataclass(frozen=True, slots=True)
class Draft:
    """`placement` is where the answer stands to the quote: `above`, `below`, `between` its paragraphs, or `alone`."""

    language: Language
    turn: int
    text: str
    program: str
    placement: str
    subject: str | None = None
    sender: str | None = None
    in_thread: bool = True
    charset: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> str:
        return self.sender or self.language.people[self.turn % len(self.language.people)]

    @property
    def address(self) -> str:
        return parseaddr(self.person)[1]

    @property
    def ours(self) -> str:
        return self.language.our_mail(self.turn, self.person)


def letter(draft: Draft) -> bytes:
    program = programs()[draft.program]
    charset = draft.charset or program.charset or draft.language.charset
    transfer = "7bit" if charset == "iso-2022-jp" and program.transfer != "base64" else program.transfer
    flowed = "; format=flowed" if draft.program == "thunderbird" else ""
    plain = mime.text(_plain(draft, program), charset=charset, transfer=transfer, more=flowed)
    page = mime.text(_page(draft, program), charset=charset, transfer=transfer, kind="text/html")
    content = {"plain": plain, "html": page, "both": mime.multipart("alternative", [plain, page])}[program.layout]
    return mime.message(_headers(draft, program), content, charset=charset)


def _headers(draft: Draft, program: Program) -> mime.Headers:
    host = draft.address.partition("@")[2]
    headers = {
        "Return-Path": f"<{draft.address}>",
        "Received": f"from mx.{host} (mx.{host} [192.0.2.25]) by mx.us.example; Tue, 10 Mar 2026 09:59:58 +0000",
        "From": draft.person,
        "To": f"Ann Lee <{OUR_ADDRESS}>",
        "Date": "Tue, 10 Mar 2026 10:59:41 +0100",
        "Message-ID": f"<{draft.language.code}{draft.turn:03}.a8c1f@{host}>",
        "Subject": f"{draft.language.prefix} {draft.language.subject}" if draft.subject is None else draft.subject,
    }
    if draft.in_thread:
        headers |= {"In-Reply-To": f"<{OUR_ID}>", "References": f"<{OUR_ID}>"}
    if program.mailer:
        headers["X-Mailer"] = program.mailer
    return list({**headers, **draft.headers}.items())


def _plain(draft: Draft, program: Program) -> str:
    words, text = draft.language, draft.text.strip("\n")
    intro, signed = _intro(draft, program), getattr(words, program.signed) if program.signed else ""
    match draft.placement:
        case "alone":
            return f"{text}\n\n{signed}".strip() + "\n"
        case "below":
            return f"{intro}\n{_cited(draft.ours)}\n\n{text}\n"
        case "between":
            return f"{intro}\n{_between(_cited(draft.ours), text)}\n"
    values = {
        "TEXT": text,
        "SIGNED": signed,
        "INTRO": intro,
        "OURS": draft.ours,
        "CITED": _cited(draft.ours),
        "INDENTED": "\n".join(f" {line}" for line in draft.ours.split("\n")),
        "BLOCK": _block(draft, " "),
        "TABBED": _block(draft, "\t"),
        "ORIGINAL": words.original,
    }
    return _filled(program.plain, values)


def _page(draft: Draft, program: Program) -> str:
    text = _divs(draft.text.strip("\n"))
    if draft.placement == "alone":
        return f"<html><head><style>p {{margin:0}}</style></head><body>{text}</body></html>"
    values = {
        "TEXT": text,
        "SIGNED": escape(getattr(draft.language, program.signed)) if program.signed else "",
        "INTRO": escape(_intro(draft, program)),
        "OURS": _divs(draft.ours),
        "BLOCK": escape(_block(draft, " ")).replace("\n", "<br>\n"),
        "TABBED": escape(_block(draft, "\t")).replace("\n", "<br>\n"),
    }
    before, mark, after = program.html.partition("{TEXT}")
    page = before + after + mark if draft.placement == "below" else before + mark + after
    return _filled(page, values)


def _filled(layout: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        layout = layout.replace("{" + name + "}", value)
    return layout


def _intro(draft: Draft, program: Program) -> str:
    """Gmail breaks it where the line is full."""
    intro = str(getattr(draft.language, program.intro))
    return "\n".join(textwrap.wrap(intro, 66, break_long_words=False)) if program.intro == "gmail" else intro


def _cited(text: str) -> str:
    return "\n".join(f"> {row}" for line in text.split("\n") for row in textwrap.wrap(line, 72) or [""])


def _between(quote: str, text: str) -> str:
    """The first paragraph of the quote is a greeting, which nobody answers."""
    quotes, answers = quote.split("\n> \n"), text.split("\n\n")
    rows = [row for pair in zip(quotes[1:], answers, strict=False) for row in pair]
    return "\n\n".join([quotes[0], *rows, *quotes[len(answers) + 1 :]])


def _block(draft: Draft, gap: str) -> str:
    """Where tabs stand, the date has its own label."""
    words = draft.language
    author, sent, to, subject, day = words.labels
    colon = " :" if words.code == "fr" else ":"
    lines = (
        (author, f"Ann Lee <{OUR_ADDRESS}>"),
        (day if gap == "\t" else sent, words.sent),
        (to, draft.person),
        (subject, words.subject),
    )
    return "\n".join(f"{label}{colon}{gap}{value}" for label, value in lines)


def _divs(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>\n" for line in text.split("\n"))
