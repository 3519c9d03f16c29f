"""Bytes of a message as text, whatever charset they claim. Never raises, and never runs a codec that hostile bytes
make slow."""

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases

# `idna` and `punycode` take quadratic time; the others are no charsets of mail.
_TRAPS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_KNOWN = (frozenset(aliases.values()) | {"cp874"}) - _TRAPS
# What programs mean by the name: the superset that Windows writes (https://encoding.spec.whatwg.org/#names-and-labels).
_MEANT = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "x_sjis": "cp932",
    "sjis": "cp932",
    "windows_31j": "cp932",
    "utf_8_sig": "utf_8",
    "euc_kr": "cp949",
    "ks_c_5601": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
    "iso_8859_8_i": "iso8859_8",
}
_SELF_EVIDENT = ("iso2022", "hz", "utf_", "cp932", "cp949", "cp950", "gb", "big5", "euc_", "johab")
"""Their own structure shows whether the claim is true."""
_WIDE = frozenset({"utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le"})
"""Almost any bytes are true in these; Western ones make Chinese."""
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_HALF = re.compile("[\ud800-\udfff]")
_CLEANED: dict[int, str | None] = {
    **dict.fromkeys([*range(9), *range(11, 32), *range(0x7F, 0xA0)]),
    **dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF]),  # invisible: soft hyphen, spaces of no width, byte order mark
    **dict.fromkeys([0xA0, 0x2007, 0x202F], " "),
}


def decode(data: bytes, charset: str | None) -> str:
    """As `charset` says where that can be true, else as UTF-8, a little damaged or not, else as Western European."""
    claimed = _codec(charset) if charset else None
    if (
        claimed in _WIDE
        and data.count(0) * 10 < len(data)
        and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    ):
        claimed = None
    if claimed is None and b"\x1b$" in data:
        claimed = "iso2022_jp_ext"
    first = (claimed,) if claimed and claimed.startswith(_SELF_EVIDENT) else ()
    for codec in (*first, "utf_8"):
        try:
            return data.decode(codec)
        except (UnicodeError, LookupError):
            continue
    damaged = data.decode("utf_8", "replace")
    foreign = len(damaged) - len(damaged.encode("ascii", "ignore"))
    if 2 * damaged.count("\N{REPLACEMENT CHARACTER}") <= foreign:
        return damaged
    try:
        return data.decode(claimed if claimed and claimed != "utf_8" else "cp1252", "replace")
    except LookupError:
        return data.decode("cp1252", "replace")


def clean(text: str) -> str:
    """With LF line ends and plain spaces, without NUL, control characters, invisible ones and halves of characters."""
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", _LINE_END.sub("\n", text).translate(_CLEANED))


def _codec(charset: str) -> str | None:
    """None for a name that nobody knows. It is looked up here alone: Python's own look-up keeps every name that it was
    ever asked for, and searches its path for each."""
    name = normalize_encoding(charset[:60].strip(" '\"").lower())
    name = aliases.get(name, name)
    name = _MEANT.get(name, name)
    return name if name in _KNOWN else None
