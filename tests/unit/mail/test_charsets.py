import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mail.charsets import clean, decode

CHARSETS = [
    "utf-8",
    "iso-8859-1",
    "windows-1250",
    "utf-16",
    "utf-7",
    "idna",
    "punycode",
    "zlib",
    "hex",
    "x" * 99,
    "a\0b",
]


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        ("„Grüße“".encode("cp1252"), "iso-8859-1", "„Grüße“"),
        ("Zażółć".encode("iso-8859-2"), "ISO-8859-2", "Zażółć"),
        ("配信停止".encode("iso-2022-jp"), "iso-2022-jp", "配信停止"),
        ("配信停止".encode("cp932"), "Shift_JIS", "配信停止"),
        ("配信停止".encode("euc-jp"), "euc-jp", "配信停止"),
        ("停止".encode("gb2312"), '"gb2312"', "停止"),
        ("a配b".encode("utf-16"), "utf-16", "a配b"),
    ],
)
def test_a_true_claim_is_taken(data: bytes, charset: str, text: str) -> None:
    assert decode(data, charset) == text


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1", "x-unknown", "idna", "utf-16", "zlib", None])
def test_utf_8_is_seen_whatever_is_claimed(charset: str | None) -> None:
    assert decode("désinscription, merci beaucoup".encode(), charset) == "désinscription, merci beaucoup"


@pytest.mark.parametrize("charset", ["us-ascii", "utf-8", "x-unknown", "unicode_escape", None])
def test_western_letters_are_read_whatever_is_claimed(charset: str | None) -> None:
    assert decode("Grüße".encode("cp1252"), charset) == "Grüße"


def test_utf_8_that_was_cut_within_a_letter_is_still_utf_8() -> None:
    assert decode("désinscription é".encode()[:-1], None) == "désinscription \N{REPLACEMENT CHARACTER}"


def test_japanese_without_a_claim_is_seen_by_its_escapes() -> None:
    assert decode("配信停止".encode("iso-2022-jp"), None) == "配信停止"


@given(st.binary(max_size=60), st.sampled_from(CHARSETS) | st.text(max_size=20))
def test_any_bytes_are_some_text_under_any_claim(data: bytes, charset: str) -> None:
    clean(decode(data, charset)).encode()


def test_a_cleaned_text_has_one_kind_of_line_end_and_of_space_and_nothing_unseen() -> None:
    assert (
        clean("a\r\nb\rc\x85d\x00\x07\u200b\ufeff\xad e\xa0f\tg\ud800") == "a\nb\nc\nd e f\tg\N{REPLACEMENT CHARACTER}"
    )
