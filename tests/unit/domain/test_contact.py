import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.contact import (
    company_of,
    folded,
    is_disposable,
    is_free_mail,
    is_role,
    lead_key,
    linkedin_key,
    name_key,
    name_key_of,
    normalise_linkedin_url,
    parse_address,
    refuse_header_break,
    registrable_domain,
)
from camd.domain.errors import Invalid
from camd.domain.facts import Facts

ATOM = st.text(string.ascii_letters + string.digits + "_-'", min_size=1, max_size=12)
LOCAL = st.lists(ATOM, min_size=1, max_size=3).map(".".join)
TAG = st.text(string.ascii_letters + string.digits + "+._-", max_size=8).filter(
    lambda tag: ".." not in f"+{tag}" and not tag.endswith(".")
)
DOMAIN = st.sampled_from(["Clinic.example", "example.com", "bücher.example", "GoogleMail.com", "gmail.com"])
UNICODE_LOCAL = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=8)
FRAGMENTS = ["+", ".", "@", "gmail.com", "example.com", "xn--", "ß", "\u0130", "\u200d", '"', "a", "\r", "[", " "]


def address_or_none(text: str) -> str | None:
    try:
        return parse_address(text).key
    except Invalid:
        return None


@given(LOCAL, TAG, DOMAIN)
def test_fault_74_case_and_tag_variants_share_a_key(local: str, tag: str, domain: str) -> None:
    key = parse_address(f"{local}@{domain}").key
    assert parse_address(f"{local.swapcase()}@{domain.upper()}").key == key
    assert parse_address(f"{local}+{tag}@{domain}").key == key


@given(LOCAL)
def test_fault_74_gmail_dots_and_both_gmail_domains_share_a_key(local: str) -> None:
    key = parse_address(f"{local}@gmail.com").key
    assert parse_address(f"{local.replace('.', '')}@googlemail.com").key == key
    assert "." not in key.partition("@")[0]


def test_fault_74_dots_elsewhere_make_another_address() -> None:
    assert parse_address("a.b@clinic.example").key != parse_address("ab@clinic.example").key


@given(LOCAL, TAG, DOMAIN)
def test_fault_74_the_given_local_part_survives_for_delivery(local: str, tag: str, domain: str) -> None:
    address = parse_address(f"{local}+{tag}@{domain}")
    assert address.local == f"{local}+{tag}"
    assert address.given == f"{address.local}@{address.domain}"


@given(st.one_of(LOCAL, UNICODE_LOCAL), TAG, DOMAIN)
def test_a_key_is_its_own_key(local: str, tag: str, domain: str) -> None:
    key = address_or_none(f"{local}+{tag}@{domain}")
    assert key is None or parse_address(key).key == key


@given(st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS)).map("".join)))
def test_arbitrary_text_is_an_address_or_invalid(text: str) -> None:
    key = address_or_none(text)
    assert key is None or key.count("@") == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("+tag@clinic.example", "+tag@clinic.example"),
        ("Ann.+tag@clinic.example", "ann@clinic.example"),
        ("ANN@Straße.example", "ann@xn--strae-oqa.example"),
        ("u\u0308ber@clinic.example", "über@clinic.example"),
        ("\u03a9\u0342@clinic.example", "\u1ff6@clinic.example"),
        ("POSTMASTER@clinic.example", "postmaster@clinic.example"),
    ],
)
def test_an_address_has_this_key(text: str, key: str) -> None:
    assert parse_address(text).key == key


def test_fault_75_an_idn_domain_is_delivered_as_its_idna2008_label() -> None:
    address = parse_address("Jürgen@Bücher.example")
    assert address.given == "Jürgen@xn--bcher-kva.example"
    assert (address.local, address.domain) == ("Jürgen", "xn--bcher-kva.example")


def test_the_given_form_of_a_reserved_local_part_keeps_its_case() -> None:
    assert parse_address("PostMaster@clinic.example").given == "PostMaster@clinic.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@clinic.example",
        "ann@",
        "ann@clinic",
        "ann@clinic.example\r\nBcc: x@y.example",
        "ann@clinic.example\n",
        "an\0n@clinic.example",
        "an\x1bn@clinic.example",
        "ann lee@clinic.example",
        " ann@clinic.example",
        "ann@clinic.example bob@clinic.example",
        "ann@clinic.example,bob@clinic.example",
        "ann@clinic.example;bob",
        "Ann <ann@clinic.example>",
        '"ann"@clinic.example',
        "ann@[192.0.2.1]",
        "ann..lee@clinic.example",
        "ann@clinic.invalid",
        f"{'a' * 65}@clinic.example",
        f"ann@{'a' * 64}.example",
        f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.example",
        "\ud800@clinic.example",
    ],
)
def test_what_is_no_single_address_is_refused_with_a_mend(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_address(text)
    assert refusal.value.field == "email"
    assert len(str(refusal.value)) > 20


def test_the_longest_address_is_accepted() -> None:
    domain = ".".join(["b" * 60] * 3) + ".xy"
    local = "a" * 64
    assert len(f"{local}@{domain}") <= 254
    assert parse_address(f"{local}@{domain}").local == local


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/in/ann-lee",
        "http://linkedin.com/in/Ann-Lee/",
        "https://de.linkedin.com/in/ann-lee?trk=x#top",
        "www.linkedin.com/in/ANN-LEE/de",
        "https://www.linkedin.com:443/in/ann-lee",
        " https://uk.linkedin.com/pub/ann-lee ",
    ],
)
def test_variants_of_a_profile_url_are_one_profile(url: str) -> None:
    assert linkedin_key(url) == "https://www.linkedin.com/in/ann-lee"


def test_an_old_public_url_leads_to_the_profile_it_redirects_to() -> None:
    assert linkedin_key("linkedin.com/pub/ann-lee/1/23/456") == "https://www.linkedin.com/in/ann-lee-4560231"
    assert linkedin_key("linkedin.com/pub/ann-lee/0/23/456") == "https://www.linkedin.com/in/ann-lee-456023"


def test_an_escaped_slug_and_its_letters_are_one_profile() -> None:
    escaped = linkedin_key("https://www.linkedin.com/in/J%C3%BCrgen")
    assert escaped == linkedin_key("https://www.linkedin.com/in/ju\u0308rgen")
    assert escaped == "https://www.linkedin.com/in/j%c3%bcrgen"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "ann-lee",
        "https://[linkedin.com/in/ann",
        "https://notlinkedin.com/in/ann",
        "https://linkedin.com.evil.example/in/ann",
        "https://www.linkedin.com/company/clinic",
        "https://www.linkedin.com/sales/lead/ACwAAAbc,NAME_SEARCH",
        "https://www.linkedin.com/in/ACwAAAbcDef",
        "https://www.linkedin.com/in/acoaaabcdef",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in/%20",
        "https://www.linkedin.com/pub/ann/1/2",
    ],
)
def test_a_url_without_a_public_profile_is_no_identity(url: str | None) -> None:
    assert linkedin_key(url) is None


def test_a_stored_profile_url_has_one_form_and_another_link_stays_as_given() -> None:
    assert normalise_linkedin_url("de.linkedin.com/in/Ann-Lee/") == "https://www.linkedin.com/in/ann-lee"
    assert normalise_linkedin_url(" https://www.linkedin.com/sales/lead/ACwAAb ") == (
        "https://www.linkedin.com/sales/lead/ACwAAb"
    )


def test_a_name_that_begins_like_a_member_id_is_a_profile() -> None:
    assert linkedin_key("linkedin.com/in/acwright") == "https://www.linkedin.com/in/acwright"


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.clinic.example", "clinic.example"),
        ("Clinic.Example.", "clinic.example"),
        ("shop.clinic.co.uk", "clinic.co.uk"),
        ("www.bücher.de", "xn--bcher-kva.de"),
        ("clinic.github.io", "github.io"),
        ("co.uk", None),
        ("example", None),
        ("192.0.2.1", None),
        ("https://clinic.example/", None),
        ("a..b", None),
        ("", None),
    ],
)
def test_a_host_has_this_registrable_domain(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


def test_free_and_disposable_mail_are_known_by_the_domain_or_one_above() -> None:
    assert is_free_mail("GMX.de")
    assert is_free_mail("vip.126.com")
    assert not is_free_mail("clinic.example")
    assert is_disposable("inbox.mailinator.com")
    assert not is_disposable("clinic.example")


@pytest.mark.parametrize("local", ["info", "No-Reply", "mailer_daemon", "sales+eu", "büro"])
def test_a_mailbox_of_a_function_is_a_role(local: str) -> None:
    assert is_role(local)


@pytest.mark.parametrize("local", ["ann", "ann.lee", "information.ann"])
def test_a_mailbox_of_a_person_is_no_role(local: str) -> None:
    assert not is_role(local)


@pytest.mark.parametrize(
    ("email", "domain", "company"),
    [
        ("ann@mail.clinic.example", "other.example", "clinic.example"),
        ("ann@gmail.com", "www.other.example", "other.example"),
        ("ann@gmail.com", "gmx.de", None),
        ("ann@gmail.com", None, None),
        (None, "other.example", "other.example"),
        (None, None, None),
    ],
)
def test_the_company_is_that_of_the_address_unless_mail_is_free(
    email: str | None, domain: str | None, company: str | None
) -> None:
    assert company_of(parse_address(email) if email else None, domain) == company


def test_a_name_is_the_same_without_accents_case_and_hyphens() -> None:
    assert name_key("José-Luis", "Ødegård", "www.Clinic.example") == "jose luis|odegard|clinic.example"
    assert name_key("jose luis", "Odegard", "clinic.example") == "jose luis|odegard|clinic.example"


@pytest.mark.parametrize(
    ("first", "last", "domain"),
    [
        (None, "Lee", "clinic.example"),
        ("Ann", " - ", "clinic.example"),
        ("Ann", "Lee", None),
        ("Ann", "Lee", "co.uk"),
    ],
)
def test_half_a_name_matches_nobody(first: str | None, last: str | None, domain: str | None) -> None:
    assert name_key(first, last, domain) is None


def test_vowel_signs_of_other_scripts_are_no_accents() -> None:
    assert folded("की") != folded("का")


def test_fault_77_one_person_has_one_key_however_the_line_is_written() -> None:
    assert lead_key(Facts(email="Ann+x@Clinic.example")) == lead_key(Facts(email="ann@clinic.example"))


def test_a_lead_is_known_by_address_then_profile_then_source() -> None:
    profile = "linkedin.com/in/ann-lee"
    assert lead_key(Facts(email="a@b.example", linkedin_url=profile)) == "address:a@b.example"
    assert lead_key(Facts(linkedin_url=profile, source="csv", source_ref="7")) == (
        "linkedin:https://www.linkedin.com/in/ann-lee"
    )
    member = "https://www.linkedin.com/in/ACwAAAbc"
    assert lead_key(Facts(linkedin_url=member, source="csv", source_ref="7")) == "source:csv:7"


def test_source_and_reference_cannot_be_mistaken_for_another_pair() -> None:
    assert lead_key(Facts(source="a:b", source_ref="c")) != lead_key(Facts(source="a", source_ref="b:c"))


@pytest.mark.parametrize("facts", [Facts(), Facts(source="csv"), Facts(source_ref="7"), Facts(email="ann")])
def test_a_lead_that_nothing_identifies_is_refused(facts: Facts) -> None:
    with pytest.raises(Invalid) as refusal:
        lead_key(facts)
    assert refusal.value.field == "email"


@pytest.mark.parametrize("value", ["Ann\r\nBcc: x@y.example", "Ann\n", "Ann\r", "Ann\0"])
def test_fault_71_a_line_break_in_a_header_value_is_refused(value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        refuse_header_break(value, "first_name")
    assert refusal.value.field == "first_name"


def test_a_name_without_line_breaks_may_stand_in_a_header() -> None:
    refuse_header_break("Ann-Kathrin O'Neil, Dr.", "first_name")


def test_a_name_belongs_to_the_company_that_is_known_else_to_that_of_the_address() -> None:
    address = parse_address("ann@clinic.example")
    ann = Facts(first_name="Ann", last_name="Lee")
    assert name_key_of(ann, address) == name_key("Ann", "Lee", "clinic.example")
    assert name_key_of(Facts(first_name="Ann", last_name="Lee", domain="group.example"), address) == name_key(
        "Ann", "Lee", "group.example"
    )
    assert name_key_of(ann, None) is None
