import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.domain.lead import LostReason
from camd.domain.suppression import (
    LOST_ELSEWHERE,
    SuppressionKind,
    SuppressionReason,
    SuppressionValue,
    covering,
    is_do_not_contact_tag,
    keyed_hash,
    parse_value,
    removable,
)

KEY = bytes(range(32))
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)


def domain(key: str) -> SuppressionValue:
    return SuppressionValue(SuppressionKind.DOMAIN, key)


def address(key: str) -> SuppressionValue:
    return SuppressionValue(SuppressionKind.ADDRESS, key)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" Ada+News@Clinic.example ", address("ada@clinic.example")),
        ("a.da@googlemail.com", address("ada@gmail.com")),
        ("Clinic.Example", domain("clinic.example")),
        ("@clinic.example", domain("clinic.example")),
        ("mail.clinic.example", domain("mail.clinic.example")),
        ("zahnärzte.example", domain("xn--zahnrzte-3za.example")),
    ],
)
def test_a_value_is_an_address_or_a_domain(text: str, value: SuppressionValue) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize("text", ["", "@", "a@b@c.example", "two words", "clinic", "ada@", "x..example"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="neither an address nor a domain") as refused:
        parse_value(text)
    assert refused.value.field == "value"


@pytest.mark.parametrize("suffix", ["co.uk", "@com.au"])
def test_nobody_suppresses_a_whole_country_by_mistake(suffix: str) -> None:
    with pytest.raises(Invalid, match="public suffix"):
        parse_value(suffix)


def test_a_suppressed_domain_covers_its_subdomains() -> None:
    assert domain("clinic.co.uk") in covering(parse_address("ada@mail.north.clinic.co.uk"))


def test_a_suppressed_subdomain_leaves_the_rest_alone() -> None:
    assert domain("mail.clinic.example") not in covering(parse_address("ada@clinic.example"))


def test_an_address_is_looked_up_by_its_key_and_each_of_its_domains() -> None:
    assert covering(parse_address("Ada+x@mail.clinic.co.uk")) == (
        address("ada@mail.clinic.co.uk"),
        domain("mail.clinic.co.uk"),
        domain("clinic.co.uk"),
    )


def test_an_address_right_under_a_public_suffix_is_covered_by_that_domain_alone() -> None:
    assert covering(parse_address("ada@co.uk")) == (address("ada@co.uk"), domain("co.uk"))


@given(local=labels, host=labels, depth=st.lists(labels, max_size=3))
def test_every_value_a_person_may_enter_is_looked_up(local: str, host: str, depth: list[str]) -> None:
    given_domain = ".".join([*depth, f"x{host}x", "example"])
    looked_up = covering(parse_address(f"{local}@{given_domain}"))
    assert parse_value(f"{local.upper()}@{given_domain}") in looked_up
    assert parse_value(f"x{host}x.example") in looked_up
    assert parse_value(given_domain) in looked_up


def test_a_keyed_hash_is_stable_and_needs_its_key() -> None:
    kept = keyed_hash(KEY, SuppressionKind.ADDRESS, "ada@clinic.example")
    assert kept == "ea18b6a1dbf1884fee96e60f1b56b631f5efa585ebfd84151ef9d98a1b2657fb"
    assert keyed_hash(bytes(32), SuppressionKind.ADDRESS, "ada@clinic.example") != kept


def test_kinds_never_share_a_hash() -> None:
    hashes = {keyed_hash(KEY, kind, "clinic.example") for kind in SuppressionKind}
    assert len(hashes) == len(SuppressionKind)


@pytest.mark.parametrize(
    "tag", ["do_not_contact", "DO_NOT_CONTACT", "Do Not Contact", "do-not-contact", " dnc ", "DNC"]
)
def test_the_tag_is_honoured_however_it_is_written(tag: str) -> None:
    assert is_do_not_contact_tag(tag)


@pytest.mark.parametrize("tag", ["", "contact", "do_not_call", "dncx", "not_dnc"])
def test_other_tags_are_no_objection(tag: str) -> None:
    assert not is_do_not_contact_tag(tag)


@pytest.mark.parametrize("reason", SuppressionReason)
def test_only_an_erasure_stays_for_ever(reason: SuppressionReason) -> None:
    assert removable(reason) == (reason != "erased")


def test_the_reasons_are_those_of_the_interface() -> None:
    assert [reason.value for reason in SuppressionReason] == [
        "operator",
        "opted_out",
        "complained",
        "hard_bounce",
        "do_not_contact",
        "objected",
        "erased",
    ]


def test_elsewhere_the_person_is_lost_as_do_not_contact() -> None:
    assert LOST_ELSEWHERE is LostReason.DO_NOT_CONTACT
