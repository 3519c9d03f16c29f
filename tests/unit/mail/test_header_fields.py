import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mail.header_fields import MOST_ADDRESSES, addresses, decoded, message_ids, parameters, unbase64

HOSTILE = st.text(alphabet=st.sampled_from("aA@<>(),;:\"\\=?qbQ*'. \t\n\udce4"), max_size=120)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain  text\n folded", "plain text folded"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),
        ("=?iso-2022-jp?B?GyRCRyc/LkRkO18bKEI=?=", "認信停止"),
        ("=?utf-8*en?q?a_b?= c", "a b c"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?x-none?q?a?= =?broken", "a =?broken"),
        ("raw \udcc3\udca9", "raw é"),
        ("raw \udce9 and =?utf-8?q?=C3=A9?=", "raw é and é"),
    ],
)
def test_encoded_words_and_raw_bytes_are_read(value: str, text: str) -> None:
    assert decoded(value) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@b.example", [(None, "a@b.example")]),
        ('"Lee, Ann" <a@b.example>', [("Lee, Ann", "a@b.example")]),
        ("=?utf-8?q?Lee,_Ann?= <a@b.example>", [("Lee, Ann", "a@b.example")]),
        ("a@b.example (Ann Lee)", [("Ann Lee", "a@b.example")]),
        ("Ann (from (the) shop) Lee <a@b.example>", [("Ann Lee", "a@b.example")]),
        (
            "Team: a@b.example, c@d.example; e@f.example",
            [(None, "a@b.example"), (None, "c@d.example"), (None, "e@f.example")],
        ),
        ("<@relay.example:a@b.example>", [(None, "a@b.example")]),
        ("Ann Lee a@b.example", [(None, "a@b.example")]),
        ("Ann [a@b.example]", [(None, "a@b.example")]),
        ('Ann "Lee <a@b.example>', [("Ann Lee", "a@b.example")]),
        ("=?utf-8?q?Ann_<a@b.example>?=", [("Ann", "a@b.example")]),
        ("Ann <a@\n b.example>", [("Ann", "a@b.example")]),
        ("undisclosed-recipients:;", []),
        ("MAILER-DAEMON", []),
        ("<>", []),
        ("", []),
    ],
)
def test_addresses_are_found_however_they_are_written(value: str, found: list[tuple[str | None, str]]) -> None:
    assert list(addresses(value)) == found


def test_more_addresses_than_anybody_writes_to_are_not_read() -> None:
    assert len(list(addresses("a@b.example," * (MOST_ADDRESSES + 5)))) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b> <c@d>", ("a@b", "c@d")),
        ("<a@b> (comment) <a@b>", ("a@b",)),
        ("<long.\n id@b>", ("long.id@b",)),
        ("a@b", ("a@b",)),
        ("=?us-ascii?Q?=3Ca=40b=3E?=", ("a@b",)),
        ("Your message of Monday", ()),
        ("<>", ()),
        (f"<{'a' * 1000}@b>", ()),
    ],
)
def test_ids_are_found_without_their_brackets(value: str, ids: tuple[str, ...]) -> None:
    assert message_ids(value) == ids


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/plain; charset=utf-8; format=flowed", {"charset": "utf-8", "format": "flowed"}),
        ('a/b; boundary="x; y=\\"z"', {"boundary": 'x; y="z'}),
        ("a/b; CHARSET = UTF-8 ;x", {"charset": "UTF-8"}),
        ("a/b; name*=utf-8''Gr%C3%BC%C3%9Fe.txt", {"name": "Grüße.txt"}),
        ('a/b; name*0="one "; name*1="two"', {"name": "one two"}),
        ("a/b; name==?utf-8?q?=C3=A9?=", {"name": "é"}),
        ("a/b; name*=a; name*0*=b; name*999999999999=c", {"name": "abc"}),
        ("", {}),
    ],
)
def test_parameters_are_read(value: str, found: dict[str, str]) -> None:
    assert parameters(value) == found


@pytest.mark.parametrize("data", [b"YWJj", b"YW Jj\r\n", b"YWJj!", b"YWJjZ", b"YWJjZA", b"YWJjZA=="])
def test_base64_is_read_as_far_as_it_goes(data: bytes) -> None:
    assert unbase64(data).startswith(b"abc")


@given(HOSTILE)
def test_any_value_can_be_read(value: str) -> None:
    decoded(value).encode()
    assert all("@" in address and address.isprintable() for _, address in addresses(value))
    assert all(message_ids(value))
    parameters(value)


@pytest.mark.parametrize("piece", ['"\\', "(", "<", "=?a?b?", "=?x%d?q?a?=", "a@b,", ' "', "; a*0=", "?=", " "])
def test_64_000_hostile_characters_can_be_read(piece: str) -> None:
    value = piece * (64_000 // len(piece))
    assert isinstance(decoded(value), str)
    assert len(list(addresses(value))) <= MOST_ADDRESSES
    message_ids(value)
    parameters(value)
