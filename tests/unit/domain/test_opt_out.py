import re

from hypothesis import given
from hypothesis import strategies as st

from camd.domain.opt_out import make_token, read_token
from camd.domain.suppression import SuppressionKind, keyed_hash

KEYS = st.binary(min_size=32, max_size=32)
KEY = bytes(range(32))
TOKEN = make_token(KEY, "ann@acme.com")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(KEYS, st.text())
def test_a_token_gives_back_the_hash_that_suppressions_keep(key: bytes, address_key: str) -> None:
    token = make_token(key, address_key)
    assert read_token(key, token) == keyed_hash(key, SuppressionKind.ADDRESS, address_key)


@given(KEYS, st.text())
def test_a_token_needs_no_escaping_in_an_address_and_has_one_length(key: bytes, address_key: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", make_token(key, address_key))


@given(st.integers(0, 63), st.sampled_from(LETTERS))
def test_a_token_with_one_altered_letter_is_not_read(place: int, letter: str) -> None:
    altered = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (read_token(KEY, altered) is None) == (altered != TOKEN)


@given(st.text(LETTERS, min_size=64, max_size=64))
def test_a_token_made_up_is_not_read(token: str) -> None:
    assert read_token(KEY, token) is None


@given(st.text())
def test_no_text_at_all_is_an_error(text: str) -> None:
    assert read_token(KEY, text) is None
    assert read_token(KEY, TOKEN + text) is None or not text


@given(KEYS)
def test_a_token_of_another_instance_is_not_read(key: bytes) -> None:
    assert (read_token(key, TOKEN) is None) == (key != KEY)


def test_the_hash_alone_makes_no_token() -> None:
    hashed = bytes.fromhex(keyed_hash(KEY, SuppressionKind.ADDRESS, "ann@acme.com"))
    assert read_token(KEY, hashed.hex()) is None


def test_the_address_does_not_stand_in_its_token() -> None:
    assert "ann" not in TOKEN.lower()


def test_the_token_of_an_instance_never_changes() -> None:
    assert (
        make_token(KEY, "ann@acme.com") == TOKEN == "sBsxcoTY_ULRpCecXcd-rkUp2K9JR4Iy1PGCQR5avKyuF5BkNbwxoC8VB_P9TFb4"
    )
