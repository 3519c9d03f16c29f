from datetime import UTC, datetime

import pytest

from camd.domain.inbound import InboundClass
from camd.mail.automatic import read_automatic
from camd.mail.parse import parse
from camd.mail.parsed import Own
from camd.mail.quotes import own_words
from camd.ports.inbox import RawMessage, Reading

OWN = Own(frozenset({"ann@sender.example"}), "Europe/Berlin")
AUTO, UNRELATED = InboundClass.AUTO_REPLY, InboundClass.UNRELATED
RE = "Subject: Re: An idea"
QUOTE = "\n\nOn Tue, 4 Aug 2026 at 10:00, Ann <ann@sender.example> wrote:\n> An idea.\n"


def read(head: str, body: str, sender: str = "Bob <bob@receiver.example>") -> Reading | None:
    raw = f"From: {sender}\n{head}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n".encode()
    mail = parse(RawMessage(raw, len(raw), datetime(2026, 8, 5, tzinfo=UTC)))
    return read_automatic(mail, OWN, own_words(mail.text))


@pytest.mark.parametrize(
    "body",
    [
        "Hello,\n\nThank you for your enquiry. One of our team will be in touch within 2 working days.\n\nThe Team",
        "Dear sender, your e-mail has been received and will be processed as soon as possible. Case number: 123.",
        "Just to let you know we've received your message, and will respond as soon as we can. Your ticket is #123",
        "We would like to acknowledge that we have received your request. You hear from us within 24 hours.",
        "Guten Tag, Ihre E-Mail ist bei uns eingegangen und wird schnellstmöglich bearbeitet. Ihre Ticketnummer: 1.",
        "Dies ist eine automatische Empfangsbestätigung. Wir haben Ihre Nachricht erhalten.",
        "Bonjour, votre demande a bien été prise en compte. Un conseiller vous répondra sous 48 heures.",
        "Uw bericht is in goede orde ontvangen. Wij streven ernaar binnen 2 werkdagen te reageren.",
        "Wiadomość wygenerowana automatycznie. Dziękujemy, Państwa zgłoszenie zostało przyjęte.",
        "お問い合わせいただきありがとうございます。本メールは自動送信です。",
    ],
)
def test_an_offices_acknowledgement_is_automatic_without_a_mark(body: str) -> None:
    reading = read(RE, body)
    assert reading is not None
    assert (reading.kind, reading.has_left) == (AUTO, False)


@pytest.mark.parametrize(
    "body",
    [
        "Please note that as of 30 June I no longer work for ACME Ltd. Please direct all queries to info@acme.example.",
        "Ich bin seit dem 1. Juli nicht mehr für die ACME GmbH tätig. Bitte wenden Sie sich an info@acme.example.",
        "Frau Meier hat das Unternehmen verlassen. Ihre E-Mail wird nicht weitergeleitet.",
        "Je ne fais plus partie de la société ACME. Merci de contacter info@acme.example.",
        "Esta cuenta ya no está activa. Jane ha dejado de trabajar en ACME. Contacte con info@acme.example",
        "La presente per informarvi che non faccio più parte dell'azienda. Contattare info@acme.example.",
        "Informo que não faço mais parte do quadro da ACME. Favor contatar info@acme.example.",
        "Ik ben niet langer werkzaam bij ACME. Neem contact op met info@acme.example.",
        "Jag arbetar inte längre på ACME. Kontakta info@acme.example.",
        "Informuję, że nie pracuję już w ACME. Proszę o kontakt z info@acme.example.",
        "7月末をもちまして退職いたしました。今後は info@acme.example までご連絡ください。",
    ],
)
def test_a_note_of_departure_is_known_without_a_mark(body: str) -> None:
    reading = read(RE, body)
    assert reading is not None
    assert (reading.kind, reading.has_left) == (AUTO, True)


@pytest.mark.parametrize(
    "body",
    [
        "Hi, I'm no longer in charge of procurement, please contact Jane.",
        "I'm retired. Please take me off your list.",
        "Who is this? I left that company a year ago - how did you get this address?",
        "Thanks for reaching out! We will discuss internally and get back to you.",
        "This is a human, not an automated reply: we are interested.",
        "I think this is an automated message.",
        "Is this an automated message?",
        "This is an automated message?",
        "We have received your email and will review it as soon as possible.",
        "I'm not working on Fridays, call me on Monday.",
        "Je ne suis plus intéressé.",
    ],
)
def test_a_person_says_such_things_otherwise(body: str) -> None:
    assert read(RE, body + QUOTE) is None


@pytest.mark.parametrize(
    "body",
    [
        "I no longer work in sales, but Tom does: tom@receiver.example",
        "Ich arbeite nicht mehr im Einkauf, Frau Müller macht das jetzt.",
        "Je ne travaille plus dans ce service.",
        "We no longer work with external agencies.",
        "Wir arbeiten nicht mehr mit externen Agenturen.",
        "Vi jobbar inte längre med byråer.",
        "Bob has moved on from this topic, ask Jane",
    ],
)
def test_a_person_who_quotes_nothing_is_a_person(body: str) -> None:
    assert read(RE, body) is None


def test_a_stated_day_of_return_outranks_a_departure() -> None:
    text = "I am out of the office until 14 August. Max no longer works with us, contact Jane."
    reading = read(f"{RE}\nAuto-Submitted: auto-replied", text)
    assert reading is not None
    assert (reading.kind, reading.has_left) == (InboundClass.OUT_OF_OFFICE, False)


@pytest.mark.parametrize(
    ("head", "body", "kind"),
    [
        ("List-Id: <x>\nAuto-Submitted: auto-generated", "Nightly report", UNRELATED),
        ("List-Id: <x>\nAuto-Submitted: auto-replied", "I am on leave.", InboundClass.OUT_OF_OFFICE),
        ("Precedence: bulk", "I am on annual leave.", InboundClass.OUT_OF_OFFICE),
        ("Precedence: bulk", "Our new prices", UNRELATED),
        ("Precedence: bulk\nIn-Reply-To: <t@sender.example>", "Got it.", AUTO),
        ("Precedence: bulk\nX-Autoreply: yes", "Got it.", AUTO),
    ],
)
def test_bulk_mail_is_unrelated_but_notes_go_through_lists_too(head: str, body: str, kind: InboundClass) -> None:
    reading = read(f"Subject: x\n{head}", body)
    assert reading is not None
    assert reading.kind is kind


def test_a_system_that_says_nothing_known_is_automatic() -> None:
    reading = read("Subject: Notice", "Qx.", "Postmaster <postmaster@receiver.example>")
    assert reading is not None
    assert reading.kind is AUTO


@pytest.mark.parametrize(
    "body",
    [
        (
            "Nick Foley left the business on 31 July. Please update your records and remove this address "
            "from your mailing list."
        ),
        "Nick Foley left the practice last month.",
        "Nick has left Foley Works. Write to office@x.example",
        "Nick has departed.",
        "Nick Foley is no longer employed here.",
        "Please note that Nick is not with Foley Works any more.",
        "As of 1 July, Nick is no longer with the team.",
        "Nick stopped working for us.",
        "I have moved to a new company.",
        "Nick does not work here anymore.",
        "This person no longer works at the school.",
        "This mailbox is no longer monitored as Nick has left.",
        "Nick retired in June.",
        "Nick Foley passed away in June.",
        "Nick's employment has ended.",
        "Nick is now working for another company.",
        "Herr Foley hat die Kanzlei zum 31.07. verlassen.",
        "Herr Foley hat uns verlassen.",
        "Herr Foley ist zum 31. Juli ausgeschieden.",
        "Frau Roe arbeitet seit Juli nicht mehr hier.",
        "Ich habe mich beruflich verändert und bin nicht mehr bei Foley.",
        "Frau Roe ist in den Ruhestand gegangen.",
        "Nick Foley a quitté le cabinet le 31 juillet.",
        "Nick ne travaille plus ici.",
        "Nick nous a quittés.",
        "Nick n'est plus dans l'entreprise.",
        "Je n'occupe plus ce poste.",
        "Nick dejó la clínica el 31 de julio.",
        "Nick ya no trabaja aquí.",
        "Nick se ha jubilado.",
        "Nick no forma parte ya de la empresa.",
        "Ya no pertenezco a la empresa.",
        "Nick ha lasciato lo studio il 31 luglio.",
        "Nick non lavora più qui.",
        "Nick non è più in azienda.",
        "Non faccio più parte dello studio.",
        "O Nick saiu da clínica em julho.",
        "O Nick já não trabalha aqui.",
        "O Nick não está mais na empresa.",
        "Nick se aposentou.",
        "Nick heeft de praktijk per 31 juli verlaten.",
        "Nick werkt hier niet meer.",
        "Nick is uit dienst.",
        "Ik werk niet meer bij Foley.",
        "Nick slutade hos oss den 31 juli.",
        "Nick arbetar inte kvar här.",
        "Nick har gått i pension.",
        "Nick jobbar inte längre här.",
        "Jag har slutat.",
        "Nick odszedł z firmy 31 lipca.",
        "Nick już tu nie pracuje.",
        "Nick nie jest już pracownikiem kancelarii.",
        "Zakończyłem pracę w Foley.",
        "Nick przeszedł na emeryturę.",
        "フォーリーは7月31日付で退職しました。",
        "担当者は退職しております。",
        "フォーリーは弊社に在籍しておりません。",
        "既に退社しております。",
    ],
)
def test_a_marked_note_tells_of_a_departure_in_many_ways(body: str) -> None:
    reading = read(f"{RE}\nAuto-Submitted: auto-replied", body)
    assert reading is not None
    assert (reading.kind, reading.has_left) == (AUTO, True)


@pytest.mark.parametrize(
    "body",
    [
        "I have left the office for today and will be back tomorrow.",
        "I left my laptop at home; I answer on Monday.",
        "I am no longer at my desk today.",
        "We no longer accept applications by mail.",
        "Ich habe das Büro bereits verlassen und antworte morgen.",
        "Nick left early today.",
        "Please note our shop is no longer open on Saturdays.",
        "Thank you for the message that you have left. We will call you back.",
        "Sie haben das Büro nicht erreicht, wir haben das Büro schon verlassen.",
        "Werkt u al met ons? Wij zijn op kantoor tot 17 uur.",
    ],
)
def test_who_left_for_the_day_or_left_something_has_not_gone(body: str) -> None:
    reading = read(f"{RE}\nAuto-Submitted: auto-replied", body)
    assert reading is not None
    assert not reading.has_left


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("[Ticket#10442] An idea", "Dear customer, thank you for your e-mail. A new ticket has been opened: 10442."),
        ("Re: An idea [#4711]", "Ihre Anfrage ist bei uns eingegangen."),
        ("Thank you for contacting us", "We have received your message."),
        ("An idea", "Nous avons bien reçu votre demande et vous répondrons sous 48 heures."),
    ],
)
def test_a_desks_acknowledgement_is_none_of_the_bulk_that_it_calls_itself(subject: str, body: str) -> None:
    reading = read(f"Subject: {subject}\nPrecedence: bulk", body)
    assert reading is not None
    assert reading.kind is AUTO


@pytest.mark.parametrize(
    "body", ["Our new prices, valid within 24 hours", "Your weekly report. View it in your browser: https://x.example"]
)
def test_bulk_that_acknowledges_nothing_stays_bulk(body: str) -> None:
    reading = read("Subject: [News 2026] Offers\nPrecedence: bulk", body)
    assert reading is not None
    assert reading.kind is UNRELATED


@pytest.mark.parametrize(
    "body",
    [
        "Automated message: your email has arrived.",
        "Automatische Nachricht. Bitte nicht antworten.",
        "Message automatique, merci de ne pas répondre. Votre demande est enregistrée.",
        "Por favor, no responda a este mensaje.",
        "Por favor não responda a esta mensagem.",
        "Messaggio automatico - la sua richiesta è stata presa in carico.",
        "Automatisch bericht, uw vraag is geregistreerd.",
        "Autosvar: vi har fått ditt mejl.",
    ],
)
def test_a_message_that_calls_itself_automatic_is_believed(body: str) -> None:
    reading = read(RE, body)
    assert reading is not None
    assert reading.kind is AUTO


def test_a_person_who_wants_no_reply_and_no_mail_is_a_person() -> None:
    assert read(RE, "Please do not reply to this thread any more, and remove me.") is None


@pytest.mark.parametrize(
    "body",
    [
        "I am off sick at the moment.",
        "Ich bin aktuell erkrankt und beantworte keine E-Mails.",
        "Je suis souffrante, merci de joindre le secrétariat.",
        "Estoy enferma y no puedo responder.",
        "Sono malata e non leggo la posta.",
        "Estou doente e não consigo responder.",
        "Ik ben ziek en lees mijn mail niet.",
        "Jag är hemma med sjukt barn.",
        "Jestem chora, nie odpisuję na maile.",
        "体調不良のため休んでおります。",
    ],
)
def test_why_nobody_answers_is_an_absence_only_with_a_mark(body: str) -> None:
    reading = read("Auto-Submitted: auto-replied\nSubject: Re: An idea", body)
    assert reading is not None
    assert (reading.kind, reading.until) == (InboundClass.OUT_OF_OFFICE, None)
    assert read(RE, body + QUOTE) is None


def test_the_day_on_which_somebody_left_is_no_day_of_return() -> None:
    reading = read(f"Auto-Submitted: auto-replied\n{RE}", "I left the company on 27 July, so this is not read.")
    assert reading is not None
    assert (reading.kind, reading.has_left, reading.until) == (AUTO, True, None)
