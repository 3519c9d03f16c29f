"""What a server's reply to the message says beside its code."""

import pytest

from camd.mail.replies import passed_on_as

SES = "010001740c2fa0f6-6b8d6b2a-5f4b-4c3e-ae58-4d3d3a3d3a3d-000000"


@pytest.mark.parametrize(
    ("host", "reply", "expected"),
    [
        ("email-smtp.us-east-1.amazonaws.com", f"250 Ok {SES}", f"{SES}@email.amazonses.com"),
        ("email-smtp.eu-west-1.amazonaws.com", f"250 Ok {SES}", f"{SES}@eu-west-1.amazonses.com"),
        ("EMAIL-SMTP-fips.us-west-2.amazonaws.com", f"250 Ok {SES}", f"{SES}@us-west-2.amazonses.com"),
        ("email-smtp.eu-west-1.amazonaws.com", "250 Ok", None),
        ("mail.us.example", f"250 Ok {SES}", None),
        ("email-smtp.eu-west-1.amazonaws.com.evil.example", f"250 Ok {SES}", None),
    ],
)
def test_fault_62_a_provider_that_renames_a_message_says_how(host: str, reply: str, expected: str | None) -> None:
    assert passed_on_as(host, reply) == expected
