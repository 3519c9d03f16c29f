from datetime import UTC, datetime

import pytest

from camd.mail.bulk import answers_us, bulk_rule
from camd.mail.parse import parse
from camd.mail.parsed import Own, Parsed
from camd.ports.inbox import RawMessage

OWN = Own(frozenset({"ann@sender.example"}), "Europe/Berlin")
OURS = "In-Reply-To: <t1@Sender.example>\n"
OTHERS = "In-Reply-To: <t1@elsewhere.example>\n"


def parsed(head: str, body: str = "Hello") -> Parsed:
    raw = f"{head}\n\n{body}\n".encode()
    return parse(RawMessage(raw, len(raw), datetime(2026, 8, 5, tzinfo=UTC)))


@pytest.mark.parametrize(
    "field",
    [
        "List-Id: <n.x.example>",
        "List-Unsubscribe: <https://x.example>",
        "Feedback-ID: 1:x",
        "Precedence: bulk",
        "Precedence: list",
    ],
)
def test_mail_of_lists_is_bulk_unless_it_answers_us(field: str) -> None:
    mail = f"From: a@x.example\nSubject: y\n{field}"
    assert bulk_rule(parsed(mail), OWN)
    assert bulk_rule(parsed(OTHERS + mail), OWN)
    assert bulk_rule(parsed(OURS + mail), OWN) is None
    assert answers_us(parsed(OURS + mail), OWN)


@pytest.mark.parametrize(
    "head",
    [
        "From: x@y.example\nSubject: Report Domain: sender.example Submitter: y.example Report-ID: 1",
        'From: x@y.example\nContent-Type: application/gzip; name="y.example!sender.example!1785888000!1785974400.gz"',
        "From: x@y.example\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b",
        "From: notifications-noreply@linkedin.com\nSubject: Bob",
        "From: messaging-digest-noreply@linkedin.com\nSubject: Bob",
        "From: notification@facebookmail.com\nSubject: Bob",
        "From: no-reply@shop.example\nSubject: Your order",
    ],
)
def test_reports_notifications_and_mail_without_a_reply_address_are_bulk(head: str) -> None:
    assert bulk_rule(parsed(head), OWN)


@pytest.mark.parametrize(
    "text",
    [
        "View this email in your browser",
        "You are receiving this email because you signed up for it.",
        "Newsletter jetzt abbestellen",
        "Voir ce message dans votre navigateur",
        "Visualizza nel browser",
    ],
)
def test_a_newsletter_is_known_by_its_words(text: str) -> None:
    assert bulk_rule(parsed("From: a@x.example\nSubject: y", text), OWN) == "newsletter"


def test_a_person_of_any_company_is_no_bulk() -> None:
    assert bulk_rule(parsed("From: bob.roe@linkedin.com\nSubject: Re: y", "Yes"), OWN) is None
    assert bulk_rule(parsed("From: bob@x.example\nSubject: y", "I read it in the browser."), OWN) is None
