"""An address is one address, or none at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.mail.address import mailable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann.O'Hara+x@Acme.example", "Ann.O'Hara+x@acme.example"),
        ("ann@localhost", "ann@localhost"),
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("jo\u0308rg@x.example", "jörg@x.example"),
    ],
)
def test_an_address_goes_as_it_was_given_but_for_its_domain(text: str, expected: str) -> None:
    assert str(mailable(text, "recipient")) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "ann", "ann@", "@x", "a b@x", "a@x@y", "a@x>", "<a@x>", "a@x,b@y", "a..b@x", ".a@x", '"a"@x'),
        *("a@[1]", "a@x\u2028", "a\u200b@x", "a\u00a0@x"),
        *(f"{'a' * 65}@x", f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        mailable(text, "recipient")


@given(st.text(max_size=20), st.sampled_from("\r\n\0\x0b\x85\u2028 <>"), st.text(max_size=20))
def test_fault_71_no_address_holds_what_ends_a_line_or_a_path(before: str, mark: str, after: str) -> None:
    with pytest.raises(Invalid):
        mailable(f"{before}{mark}{after}@x.example", "recipient")
    with pytest.raises(Invalid):
        mailable(f"ann@{before}{mark}{after}", "recipient")
