"""HTML of a mail as plain text in which quotes stay visible: as lines that begin with `>`, or behind a dividing line.

Total, and linear in the text's length. The standard library's HTML parser is neither: it raises on `<![` and needs
minutes for a megabyte of `<a `.
"""

import re
from collections import Counter
from collections.abc import Mapping
from html import unescape

DIVIDER = "-----Original Message-----"
RULE = "_" * 32
"""What programs write between an answer and what it quotes."""

_DEEPEST_QUOTE = 9
_LONGEST_LINK = 500

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)([^<>]*)>?|<[!?/][^<>]*>?")
_ATTRIBUTE = re.compile(r"(?<![\w-])([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_LONG_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_COLLAPSED = " \t\n\r\f"
_SPACE = re.compile(f"[{_COLLAPSED}]+")

_VOID_NAMES = """
area base br col embed hr img input link meta source track wbr o:p
"""
_VOID = frozenset(_VOID_NAMES.split())
_UNSHOWN_NAMES = """
head title script style template noframes object svg math select textarea
"""
_UNSHOWN = frozenset(_UNSHOWN_NAMES.split())
_RAW = {tag: re.compile(rf"</{tag}\b", re.IGNORECASE) for tag in ("script", "style", "textarea", "title")}
"""What stands in these is no markup."""
_BLOCKS_NAMES = """
address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header
hr li main nav ol p pre section table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCKS_NAMES.split())
_SPACED = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "ul", "blockquote"})
_IN_ROW = frozenset({"td", "th"})
_ENDS_ITSELF = frozenset({"p", "li", "dt", "dd", "option"})

# Containers of nothing but a quote and its introduction, by class, id or name. Outlook writes `x_` before those of the
# message it quotes.
_QUOTES_NAMES = """
gmail_attr yahoo_quoted protonmail_quote moz-cite-prefix moz-forward-container tutanota_quote zmail_extra
olk_src_body_section mail-editor-reference-message-container ms-outlook-mobile-reference-message reply-intro
quote front-blockquote freshdesk_quote
"""
_QUOTES = frozenset(_QUOTES_NAMES.split())
# Behind these everything is quoted.
_BEGINNINGS = frozenset({"divrplyfwdmsg", "outlookmessageheader", "stopspelling"})
# The line that Outlook for Windows draws above the quoted header.
_OUTLOOK_LINE = re.compile(r"border-top:solid#?\w{3,12}1\.0pt;padding:3\.0pt0")
_HIDDEN = re.compile(r"display:none|visibility:hidden|mso-hide:all|max-height:0(?![.\d])")
_INDENTED = re.compile(r"border:(?:none|0)")
"""Gmail indents what an author writes by a `blockquote` without border, class and type."""


def text_of_html(source: str) -> str:
    """Its paragraphs as lines with LF ends; a link's address stands in angle brackets behind its words."""
    page = _Page()
    position, no_comment_ends = 0, False
    while tag := _TAG.search(source, position):
        page.write(source[position : tag.start()])
        position = tag.end()
        name = (tag[2] or "").lower()
        if tag[1]:
            page.close(name)
        elif name:
            page.open(name, tag[3])
            if name in _RAW:
                end = _RAW[name].search(source, position)
                position = end.start() if end else len(source)
        elif source.startswith("<!--", tag.start()) and not no_comment_ends:
            end_of_comment = source.find("-->", tag.start())
            no_comment_ends = end_of_comment < 0
            position = max(position, end_of_comment + 3)
    page.write(source[position:])
    return page.text()


class _Page:
    """The lines written so far, and the elements that are open."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._open: list[tuple[str, str]] = []  # name and effect
        self._names: Counter[str] = Counter()
        self._effects: Counter[str] = Counter()
        self._link: tuple[str, int] | None = None

    def write(self, text: str) -> None:
        if not text or self._effects["hidden"]:
            return
        shown = unescape(_LONG_NUMBER.sub("", text)) if "&" in text else text
        if self._effects["pre"]:
            first, *others = shown.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for line in others:
                self._end_line()
                self._line.append(line)
            return
        shown = _SPACE.sub(" ", shown)
        if not self._line or self._line[-1].endswith(" "):
            shown = shown.lstrip(" ")
        if shown:
            self._line.append(shown)

    def open(self, name: str, source: str) -> None:
        if self._open and name in _ENDS_ITSELF and self._open[-1][0] == name:
            self.close(name)
        attributes = _attributes(source) if source.strip(" /") else {}
        effect = _effect(name, attributes)
        if name in _BLOCKS:
            self._break(name, is_tight=effect == "tight")
        if not self._effects["hidden"]:
            self._write_start(name, effect)
        if name == "a":
            self._link = (attributes.get("href", ""), len(self._line))
        if name not in _VOID:
            self._open.append((name, effect))
            self._names[name] += 1
            self._effects[effect] += 1

    def close(self, name: str) -> None:
        if name == "a":
            self._write_link()
        if not self._names[name]:
            return
        if name in _BLOCKS:
            self._break(name, is_tight=self._open[-1] == (name, "tight"))
        closed = ""
        while closed != name:
            closed, effect = self._open.pop()
            self._names[closed] -= 1
            self._effects[effect] -= 1

    def text(self) -> str:
        self._break("div")
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")

    def _end_line(self) -> None:
        prefix = ">" * min(self._effects["quote"], _DEEPEST_QUOTE)
        self._lines.append(f"{prefix} {''.join(self._line)}".strip() if prefix else "".join(self._line).rstrip())
        self._line.clear()
        self._link = None

    def _break(self, name: str, *, is_tight: bool = False) -> None:
        if self._effects["hidden"]:
            return
        if name in _IN_ROW:
            self.write(" ")
            return
        if "".join(self._line).strip(_COLLAPSED):
            self._end_line()
        self._line.clear()
        if name in _SPACED and not is_tight and self._lines and self._lines[-1].strip(">"):
            self._end_line()

    def _write_start(self, name: str, effect: str) -> None:
        if name == "br":
            self._end_line()
        elif effect == "beginning" or (name == "hr" and not effect):
            self._line.append(DIVIDER if effect else RULE)
            self._end_line()

    def _write_link(self) -> None:
        address, start = self._link or ("", 0)
        self._link = None
        shown = "".join(self._line[start:]).strip()
        if address.startswith(("http:", "https:")) and shown and shown.rstrip("/") not in address:
            self._line.append(f" <{address[:_LONGEST_LINK]}>")


def _attributes(source: str) -> Mapping[str, str]:
    found = reversed(_ATTRIBUTE.findall(source))
    return {name.lower(): unescape(_LONG_NUMBER.sub("", a or b or c)).strip().lower() for name, a, b, c in found}


def _effect(name: str, attributes: Mapping[str, str]) -> str:
    style = "".join(attributes.get("style", "").split())
    if name in _UNSHOWN or _HIDDEN.search(style):
        return "hidden"
    marks = {mark.removeprefix("x_") for key in ("class", "id", "name") for mark in attributes.get(key, "").split()}
    if marks & _BEGINNINGS or _OUTLOOK_LINE.search(style):
        return "beginning"
    is_indent = _INDENTED.search(style) and "type" not in attributes and not marks
    if (name == "blockquote" and not is_indent) or (name != "a" and marks & _QUOTES):
        return "quote"
    if name == "p" and attributes.get("class", "").startswith("mso"):
        return "tight"
    return "pre" if name == "pre" else ""
