from datetime import UTC, datetime

import pytest

from camd.domain.inbound import InboundClass
from camd.mail.challenges import read_challenge
from camd.mail.parse import parse
from camd.ports.inbox import RawMessage, Reading

AT = datetime(2026, 8, 5, 9, 30, tzinfo=UTC)


def read(head: str, body: str) -> Reading | None:
    raw = f"{head}\nTo: ann@sender.example\nContent-Type: text/plain; charset=utf-8\n\n{body}\n".encode()
    return read_challenge(parse(RawMessage(raw, len(raw), AT)))


BOB = "From: Bob <bob@receiver.example>\n"
AUTO = f"{BOB}Auto-Submitted: auto-replied\nSubject: Re: An idea"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("From: Verify <verify@spamarrest.com>\nSubject: Re: An idea", "Hello"),
        ("From: Bob <bob@a.boxbe.com>\nSubject: Re: An idea", "Hello"),
        (f"{BOB}X-TMDA-Fingerprint: abc\nSubject: Please confirm your message", "Reply to release it."),
        (AUTO, "Please confirm that you are a human by solving the captcha."),
        (AUTO, "Your message is being held until you verify your address."),
        (AUTO, "Just reply to this message to have yours delivered."),
        (AUTO, "Bitte bestätigen Sie, dass Sie ein Mensch sind: https://x.example"),
        (AUTO, "Cliquez ici pour valider votre envoi : https://x.example"),
        (AUTO, "Confirme que no es un robot y su mensaje será entregado."),
        (AUTO, "Clicca qui affinché il messaggio venga consegnato: https://x.example"),
        (AUTO, "Clique aqui para liberar a sua mensagem: https://x.example"),
        (AUTO, "Bevestig dat u een mens bent: https://x.example"),
        (AUTO, "Bekräfta att du är en människa: https://x.example"),
        (AUTO, "Potwierdź, że jesteś człowiekiem: https://x.example"),
        (AUTO, "ロボットではないことを確認してください https://x.example"),
        (f"{BOB}Subject: Verification required", "Click here to prove that you are not a robot: https://x.example/c"),
        (
            "From: no-reply@receiver.example\nSubject: Your mail",
            "Please complete the captcha and your mail goes to the inbox.",
        ),
    ],
)
def test_a_system_that_asks_for_proof_is_a_challenge(head: str, body: str) -> None:
    reading = read(head, body)
    assert reading is not None
    assert reading.kind is InboundClass.CHALLENGE


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (f"{BOB}Subject: Re: An idea", "Please confirm you are a human and not a bot."),
        (f"{BOB}Subject: Re: An idea", "Can you confirm that you are the sender? See https://receiver.example"),
        (f"{BOB}Subject: Verification required", "Our legal team asks what verification you did."),
        (AUTO, "I am out of the office until Monday."),
    ],
)
def test_a_person_who_asks_and_an_ordinary_note_are_none(head: str, body: str) -> None:
    assert read(head, body) is None
