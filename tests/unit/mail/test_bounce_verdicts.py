import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.inbound import BounceKind
from camd.mail.bounce_verdicts import deciding_code, judge

HARD, SOFT, SENDER, OTHER = BounceKind


@pytest.mark.parametrize(
    ("status", "diagnostic", "code"),
    [
        ("5.1.1", "550 5.7.1 blocked", "5.7.1"),
        ("5.1.1", "550 blocked", "5.1.1"),
        ("5.0.0", "550-5.1.1 unknown", "5.1.1"),
        ("5.0.0", "550 unknown", None),
        ("", "said 5.1.1", "5.1.1"),
        ("5.1.1 (bad mailbox)", "", "5.1.1"),
        ("5.0.350", "550 5.0.350 wrapped -> 450 4.2.2 full", "4.2.2"),
        ("5.1.351", "550 5.1.351 Remote server returned unknown recipient -> 550 5.1.1 gone", "5.1.1"),
        ("4.4.7", "550 5.1.1 unknown", "4.4.7"),
        ("", "host 5.1.1.7 and 5.1.2026 are none", None),
        ("", "", None),
    ],
)
def test_the_code_that_decides_is_the_refusing_hosts(status: str, diagnostic: str, code: str | None) -> None:
    assert deciding_code(status, diagnostic) == code


@pytest.mark.parametrize(
    ("diagnostic", "kind"),
    [
        ("550 sorry, no mailbox here by that name", HARD),
        ("554 delivery error: dd This user doesn't have a yahoo.com account (b@yahoo.com)", HARD),
        ("550 Unrouteable address", HARD),
        ("550 <bob@x.example> is not a valid mailbox", HARD),
        ("550 There is no one at this address", HARD),
        ("550 Invalid recipient", HARD),
        ("User bob (bob@x.example) not listed in Domino Directory", HARD),
        ("all relevant MX records point to non-existent hosts", HARD),
        ("Der Empfänger wurde nicht gefunden", HARD),
        ("Le destinataire n'a pas été trouvé", HARD),
        ("El destinatario no existe", HARD),
        ("Utente sconosciuto", HARD),
        ("Usuário desconhecido", HARD),
        ("De geadresseerde is niet gevonden", HARD),
        ("Mottagaren hittades inte", HARD),
        ("Adresat jest nieznany", HARD),
        ("宛先のメールアドレスが見つかりませんでした", HARD),
        ("550 user unknown at spam.sender.example", HARD),
        ("552 mailbox is over quota", SOFT),
        ("Das Postfach ist voll", SOFT),
        ("450 try again later", SOFT),
        ("Connection timed out", SOFT),
        ("554 rejected as spam by policy", SENDER),
        ("550 IP 192.0.2.1 is blacklisted by an RBL", SENDER),
        ("550 relaying denied", SENDER),
        ("550 SPF check failed", SENDER),
        ("550 Requested action not taken: mailbox unavailable", OTHER),
        ("553 sender address rejected: domain not found", OTHER),
        ("", OTHER),
    ],
)
def test_without_a_code_words_decide(diagnostic: str, kind: BounceKind) -> None:
    assert judge("", diagnostic).kind is kind


@pytest.mark.parametrize("code", ["5.2.2", "5.4.300", "5.4.316"])
def test_a_mailbox_that_was_full_for_a_while_is_soft_after_acceptance(code: str) -> None:
    assert judge(code, "").kind is SOFT


def test_an_address_in_the_reply_decides_nothing() -> None:
    assert judge("", "550 <spam.filter.blocked@quota-exceeded.example>: no").kind is OTHER


def test_a_code_that_a_relay_made_up_of_a_filters_words_is_not_hard() -> None:
    assert judge("5.1.1", "550 Blocked by content filter").kind is SENDER
    assert judge("5.1.1", "550 User unknown").kind is HARD


@given(st.text(max_size=60), st.text(max_size=120))
def test_whatever_a_host_says_has_a_verdict(status: str, diagnostic: str) -> None:
    assert judge(status, diagnostic).kind in BounceKind
