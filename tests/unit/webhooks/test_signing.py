from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from camd.domain.webhooks import signing_keys
from camd.system import SystemClock
from camd.webhooks.signing import signed

EVENT_ID = "msg_01J9ZK8M4Q7V2X3Y5T6R8W0ABC"
AT = datetime.fromtimestamp(1767225600.9, UTC)
BODY = b'{"type":"lead.replied","timestamp":"2026-01-01T00:00:00Z","data":{"lead_id":"ld_1"}}'
SECRET = "whsec_Y2FtZC10ZXN0LXNpZ25pbmcta2V5LTAxMjM0NTY3ODk="
ROTATED = "whsec_Y2FtZC10ZXN0LXNpZ25pbmcta2V5LXJvdGF0ZWQtMDI="
SIGNATURE = "v1,whfOMe6a2AKbbjc3TqkyXpqs1a4aeA4edLUMff4yXD4="
ROTATED_SIGNATURE = "v1,rIEY5sA+Dv+k6viphG+fVPiv9+WWWsiqE3NcdqFh88U="


@pytest.mark.parametrize(
    ("secret", "signature"),
    [(SECRET, SIGNATURE), (ROTATED, ROTATED_SIGNATURE), (f"{ROTATED} {SECRET}", f"{ROTATED_SIGNATURE} {SIGNATURE}")],
)
def test_a_body_is_signed_as_the_specification_says(secret: str, signature: str) -> None:
    assert signed(signing_keys(secret), EVENT_ID, AT, BODY) == {
        "webhook-id": EVENT_ID,
        "webhook-timestamp": "1767225600",
        "webhook-signature": signature,
    }


def test_without_a_secret_nothing_is_signed() -> None:
    assert signed((), EVENT_ID, AT, BODY).keys() == {"webhook-id", "webhook-timestamp"}


@given(st.text(max_size=200))
def test_the_library_verifies_what_is_signed(text: str) -> None:
    headers = dict(signed(signing_keys(SECRET), "ev_1", SystemClock().now(), text.encode()))
    Webhook(SECRET).verify(text.encode(), headers, json_parse=False)


def test_an_id_with_a_dot_would_make_the_signed_text_ambiguous() -> None:
    with pytest.raises(AssertionError):
        signed((), "ev.1", AT, BODY)
