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


ASKS = [
    (
        "Hi! I get a lot of spam, so I ask people I don't know to click on this link once before I see "
        "their mail: https://x.example/1"
    ),
    (
        "Your email has been placed in a holding area. To let it through, type the word in the picture "
        "at https://x.example/2. Thank you for your patience."
    ),
    "The address you wrote to only accepts mail from approved senders. Visit https://x.example/3 to request access.",
    (
        "Thanks for your message. Because you have never written to me before, it is waiting for your "
        "confirmation. Simply hit reply and send; no text is needed."
    ),
    "Before your message can reach my inbox, please make a donation of $2: https://x.example/4",
    "To make sure your message is not spam, our system needs you to verify it by visiting https://x.example/5",
    (
        "Ihre E-Mail liegt in unserer Warteschleife. Bitte klicken Sie auf den folgenden Link, damit "
        "sie dem Empfänger zugestellt wird: https://x.example/1"
    ),
    (
        "Um sicherzustellen, dass Ihre Nachricht ankommt, geben Sie bitte unter https://x.example die "
        "angezeigten Zeichen ein."
    ),
    (
        "Sie schreiben mir zum ersten Mal. Bitte antworten Sie einfach auf diese Mail, dann wird Ihre "
        "Nachricht freigegeben."
    ),
    (
        "Bonjour, votre courriel est en attente. Afin qu'il soit remis à son destinataire, veuillez "
        "cliquer sur le lien suivant : https://x.example"
    ),
    (
        "Vous n'êtes pas encore connu de notre messagerie. Merci de recopier les caractères affichés "
        "pour que votre mail soit délivré : https://x.example"
    ),
    "Hola, para que su correo llegue a mi bandeja de entrada debe pulsar el siguiente enlace: https://x.example",
    "Su mensaje no ha sido entregado todavía. Por favor, introduzca el código en https://x.example",
    (
        "Buongiorno, prima che la sua mail venga consegnata deve confermare l'indirizzo cliccando su "
        "questo link: https://x.example"
    ),
    "Il messaggio è trattenuto dal filtro. Inserisca i caratteri che vede: https://x.example",
    "Olá, a sua mensagem ficou retida no nosso filtro. Clique no link abaixo para a liberar: https://x.example",
    "Para que eu receba o seu e-mail, confirme o seu endereço aqui: https://x.example",
    "Uw mail wordt pas bezorgd als u op deze link klikt: https://x.example",
    "Beste afzender, om uw bericht af te leveren vragen wij u de code in te voeren op https://x.example",
    "Ditt mejl har stoppats av vårt skräppostfilter. Klicka på länken för att släppa igenom det: https://x.example",
    "För att ditt meddelande ska komma fram behöver du bekräfta din adress: https://x.example",
    (
        "Państwa wiadomość została zatrzymana przez filtr. Aby została dostarczona, proszę kliknąć w "
        "link: https://x.example"
    ),
    "Żeby Twój mail dotarł do odbiorcy, potwierdź swój adres: https://x.example",
    "お送りいただいたメールは保留されています。下記のURLをクリックすると配信されます。 https://x.example",
    "迷惑メール対策のため、初めての方のメールは認証後に配信されます。こちらから認証してください: https://x.example",
]


@pytest.mark.parametrize("body", ASKS)
@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-replied", "Precedence: auto_reply", "Return-Path: <>"])
def test_what_is_asked_for_before_a_mail_goes_on_is_a_challenge(body: str, mark: str) -> None:
    reading = read(f"{BOB}{mark}\nSubject: Re: An idea", body)
    assert reading is not None
    assert reading.evidence == "challenge: its words"


@pytest.mark.parametrize(
    "body", [ASKS[number] for number in (1, 4, 6, 7, 9, 11, 12, 13, 15, 16, 17, 19, 20, 21, 22, 23, 24)]
)
def test_a_mail_that_says_nothing_else_takes_no_mark(body: str) -> None:
    reading = read(f"{BOB}Subject: Re: An idea", body)
    assert reading is not None
    assert reading.evidence == "challenge: its words alone"


SAYS = [
    "I am out of the office until Monday. If it is urgent click here to book a call: https://x.example",
    "Your request has been received and is awaiting an agent. To add comments, reply to this email. https://x.example",
    "We received your message and will answer shortly. Click here to see your ticket: https://x.example",
    "Your message was forwarded to the right team. Follow the link to track it: https://x.example",
    "Thank you for your mail. Please note it will not be forwarded. Please write to office@receiver.example.",
    "I am on leave. This email was scanned for viruses. Click here to report this email as spam: https://x.example",
    "Nick left the company. Please confirm that you have updated your records.",
    (
        "Ich bin im Urlaub. Ihre Nachricht wird nicht weitergeleitet. In dringenden Fällen klicken Sie "
        "hier: https://x.example"
    ),
    "Je suis absent. Votre message ne sera pas transmis. Pour toute urgence, cliquez ici : https://x.example",
    "Estoy de vacaciones. Su mensaje no será reenviado. Visite nuestra página https://x.example.",
    "Sono in ferie. Il suo messaggio non verrà inoltrato. Visiti la pagina https://x.example",
    "Estou de férias. A sua mensagem não será encaminhada. Visite a nossa página: https://x.example",
    "Ik ben met vakantie. Uw bericht wordt niet doorgestuurd. Klik hier voor onze openingstijden: https://x.example",
    "Jag är på semester. Ditt meddelande vidarebefordras inte. Klicka här för öppettider: https://x.example",
    "Jestem na urlopie. Państwa wiadomość nie zostanie przekazana. Kliknij tutaj: https://x.example",
    "お問い合わせを受け付けました。下記のURLより状況をご確認いただけます。https://x.example",
]


@pytest.mark.parametrize("body", SAYS)
@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-replied\n", ""])
def test_a_note_with_a_link_asks_for_nothing(body: str, mark: str) -> None:
    assert read(f"{BOB}{mark}Subject: Re: An idea", body) is None


@pytest.mark.parametrize(
    "body",
    [
        (
            "Your email was held in quarantine, sorry, I only saw it today. Use the link below to book a "
            "slot: https://x.example"
        ),
        "Yes, interested. Please confirm your message with a quote: https://x.example",
        "Please click the link and fill in our supplier form before we can talk: https://x.example",
        (
            "Your mail landed in my spam folder. I don't click links in mails from people I don't know: "
            "https://x.example what is this?"
        ),
        (
            "Ihre Mail wurde leider noch nicht weitergeleitet, das hole ich nach. Unter diesem Link finden "
            "Sie unsere Termine: https://x.example. Bitte bestätigen Sie mir einen."
        ),
        (
            "Your mail is still on hold at our filter, ask IT to release your message: "
            "https://receiver.example\n\n> An idea\n> for you"
        ),
    ],
)
def test_a_person_whose_filter_held_the_mail_is_a_person(body: str) -> None:
    assert read(f"{BOB}Subject: Re: An idea", body) is None


def test_a_report_that_gives_a_code_is_no_challenge() -> None:
    body = "Your message was not delivered: 550 5.7.1 blocked. Click here to ask for its release: https://x.example"
    assert read(AUTO, body) is None


@pytest.mark.parametrize(
    "unit", ["click ", "your message ", "um ", "open ", "para ", "メール", "bericht ", "aby ", "not ", "code "]
)
def test_100_kilobytes_of_one_word_are_read(unit: str) -> None:
    assert read(AUTO, (unit * 100_000)[:100_000]) is None
