from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.inbound import InboundClass
from camd.mail.classify import classify
from camd.mail.parse import parse
from camd.mail.parsed import Own
from camd.mail.quotes import own_words
from camd.ports.inbox import RawMessage, Reading

AT = datetime(2026, 8, 5, 22, 30, tzinfo=UTC)
"""In Berlin it is Thursday already."""
OWN = Own(frozenset({"ann@sender.example"}), "Europe/Berlin")
AWAY, AUTO, UNRELATED = InboundClass.OUT_OF_OFFICE, InboundClass.AUTO_REPLY, InboundClass.UNRELATED
HUMAN = {
    InboundClass.HUMAN_POSITIVE,
    InboundClass.HUMAN_NEGATIVE,
    InboundClass.HUMAN_NEUTRAL,
    InboundClass.OPT_OUT_REQUEST,
}
QUOTE = "\n\nOn Tue, 4 Aug 2026 at 10:00, Ann <ann@sender.example> wrote:\n> An idea.\n> No more mail? Reply stop.\n"
THREAD = "In-Reply-To: <t1@sender.example>\nReferences: <t1@sender.example>\n"


def read_raw(raw: bytes) -> Reading:
    mail = parse(RawMessage(raw, len(raw), AT))
    return classify(mail, OWN, own_words(mail.text))


def read(head: str, body: str, *, sender: str = "Bob Roe <bob@receiver.example>") -> Reading:
    raw = (
        f"From: {sender}\nTo: ann@sender.example\n{head}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n".encode()
    )
    return read_raw(raw)


def answer(body: str, head: str = "Subject: Re: An idea") -> Reading:
    return read(THREAD + head, body)


@pytest.mark.parametrize(
    "body",
    [
        "Yes, please call me on Monday.",
        "Danke, kein Interesse.",
        "I'm out of office next week but yes, interested, call me",
        "I'm on vacation until Monday. Let's talk when I'm back.",
        "I am away until Monday - can you send me a deck?",
        "I'm on holiday next week, so the week after works for me. Tuesday?",
        "Bin bis Freitag im Urlaub, klingt aber interessant. Melden Sie sich danach gern.",
        "Je suis absent cette semaine, mais votre offre m'intéresse. Rappelez-moi lundi.",
        "Estoy de vacaciones, pero me interesa. Llámame el lunes.",
        "Sono in ferie, ma mi interessa. Ci sentiamo lunedì?",
        "Estou de férias, mas tenho interesse. Me ligue na segunda.",
        "Ik ben volgende week op vakantie. Kun je me daarna bellen?",
        "Jag är på semester nästa vecka, kan vi ta det veckan efter?",
        "Jestem na urlopie, ale jestem zainteresowany. Proszę zadzwonić w poniedziałek.",
        "来週は出張で不在ですが、興味があります。資料を送ってください。",
        "Bob no longer works here, but I took over. Can you send me details?",
        "Thanks, I received your message and will get back to you next week.",
        "We have received your email and will review it as soon as possible. Bob",
        "I am not the right person. Contact Jane, she is responsible for this.",
        "Sent it to my boss, he is out of the office until Monday. He will decide then.",
        "I assume this is an automated email. Please remove me.",
        "Please confirm you are a human and not a bot, this looks generated.",
        "My colleague's mail says: your message could not be delivered, 550 5.1.1 user unknown. Use mine.",
    ],
)
def test_what_a_person_answers_is_a_persons(body: str) -> None:
    assert answer(body + QUOTE).kind in HUMAN


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: no",
        "X-Auto-Response-Suppress: All",
        "List-Unsubscribe: <mailto:x@crm.example>\nFeedback-ID: crm",
        "List-Id: <sales.sender.example>\nPrecedence: list",
        "Return-Path: <bob@receiver.example>",
    ],
)
def test_headers_that_peoples_mail_carries_make_no_machine_of_them(head: str) -> None:
    assert answer("Happy to chat, does Friday suit?" + QUOTE, f"Subject: Re: An idea\n{head}").kind in HUMAN


def test_our_own_subject_in_an_answer_makes_no_note_of_it() -> None:
    assert answer("Yes, tell me more." + QUOTE, "Subject: Re: Out of office cover for your team").kind in HUMAN


ABSENT = {
    "en": "Thank you for your email. I am out of the office until 14 August. For urgent matters call +44 20 1234.",
    "de": "Guten Tag,\n\nich bin bis einschließlich 14.08. nicht im Büro. Ihre Mail wird nicht weitergeleitet.\n\nGruß",
    "fr": "Bonjour,\n\nje suis absent jusqu'au 14 août. En cas d'urgence, merci de contacter l'accueil.",
    "es": "Hola,\n\nestaré de vacaciones hasta el 14 de agosto. Para temas urgentes, contacten con Ana.\n\nUn saludo",
    "it": "Buongiorno,\n\nsono in ferie fino al 14 agosto. Leggerò la sua mail al mio rientro.\n\nCordiali saluti",
    "pt": "Olá,\n\nencontro-me de férias até 14 de agosto. Em caso de urgência contacte o João.\n\nObrigado",
    "nl": "Beste,\n\nik ben afwezig tot en met 14 augustus. Voor dringende zaken kunt u Piet bellen.\n\nGroet",
    "sv": "Hej,\n\njag är på semester till och med 14 augusti. Vid brådskande ärenden kontakta Anna.\n\nHälsningar",
    "pl": "Dzień dobry,\n\ndo 14 sierpnia jestem na urlopie. W pilnych sprawach proszę o kontakt z biurem.",
    "ja": "8月14日まで夏季休暇をいただいております。\nお急ぎの場合は代表電話までご連絡ください。",
}
SUBJECTS = {
    "en": "Automatic reply: An idea",
    "de": "Automatische Antwort: Eine Idee",
    "fr": "Réponse automatique : Une idée",
    "es": "Respuesta automática: Una idea",
    "it": "Risposta automatica: Un'idea",
    "pt": "Resposta automática: Uma ideia",
    "nl": "Automatisch antwoord: Een idee",
    "sv": "Autosvar: En idé",
    "pl": "Odpowiedź automatyczna: Pomysł",
    "ja": "自動応答: ご提案",
}
LEFT = {
    "en": "Bob Roe no longer works at Receiver. Please contact Jane Doe.",
    "de": "Herr Roe ist nicht mehr im Unternehmen tätig. Bitte wenden Sie sich an Frau Doe.",
    "fr": "Bob Roe a quitté la société. Merci de contacter Jane.",
    "es": "Bob Roe ya no trabaja en la empresa.",
    "it": "Bob Roe non lavora più in azienda.",
    "pt": "O Bob já não trabalha na empresa. Por favor contacte a Jane.",
    "nl": "Bob Roe is niet meer werkzaam bij Receiver.",
    "sv": "Bob Roe har slutat på företaget.",
    "pl": "Bob Roe już nie pracuje w firmie.",
    "ja": "ローは2026年6月末をもって退職いたしました。",
}


@pytest.mark.parametrize("language", ABSENT)
@pytest.mark.parametrize("mark", ["", "Auto-Submitted: auto-replied\n", "Return-Path: <>\n", "Precedence: bulk\n"])
def test_a_note_of_absence_is_known_with_and_without_a_mark(language: str, mark: str) -> None:
    reading = answer(ABSENT[language], f"{mark}Subject: Re: An idea")
    assert (reading.kind, reading.until) == (AWAY, date(2026, 8, 14))


@pytest.mark.parametrize(
    ("body", "until"),
    [
        (
            "Thank you for your email. I am on leave with no access to mail. I will be available from 18 August.",
            date(2026, 8, 18),
        ),
        (
            (
                "Vielen Dank für Ihre Nachricht. Ich bin im Urlaub und habe keinen Zugriff auf meine "
                "Mails. Ab dem 18. August bin ich erreichbar."
            ),
            date(2026, 8, 18),
        ),
        (
            (
                "Merci de votre message. Je suis en congés et je n'ai pas accès à ma messagerie. Je serai "
                "disponible à partir du 18 août."
            ),
            date(2026, 8, 18),
        ),
        (
            (
                "Gracias por su mensaje. Estoy de vacaciones y no tengo acceso al correo. Estaré "
                "disponible a partir del 18 de agosto."
            ),
            date(2026, 8, 18),
        ),
        (
            "Grazie per il messaggio. Sono in ferie e non ho accesso alla posta. Sarò disponibile dal 18 agosto.",
            date(2026, 8, 18),
        ),
        (
            (
                "Obrigado pela sua mensagem. Estou de férias e sem acesso ao e-mail. Estarei disponível a "
                "partir de 18 de agosto."
            ),
            date(2026, 8, 18),
        ),
        (
            (
                "Bedankt voor uw bericht. Ik ben met vakantie en heb geen toegang tot mijn mail. Ik ben "
                "bereikbaar vanaf 18 augustus."
            ),
            date(2026, 8, 18),
        ),
        (
            "Tack för ditt meddelande. Jag är på semester och läser inte mejl. Jag är tillgänglig från 18 augusti.",
            date(2026, 8, 18),
        ),
        ("Dziękuję za wiadomość. Przebywam na urlopie. Będę dostępny od 18 sierpnia.", date(2026, 8, 18)),
        (
            "ご連絡ありがとうございます。現在休暇をいただいており、メールを確認できません。8月18日より対応いたします。",
            date(2026, 8, 18),
        ),
        ("Out today, back tomorrow.", date(2026, 8, 7)),
        ("I am away today and return on Friday.", date(2026, 8, 7)),
        ("Heute bin ich nicht im Büro, morgen bin ich wieder da.", date(2026, 8, 7)),
        ("Absent aujourd'hui, de retour demain.", date(2026, 8, 7)),
        ("Hoy estoy fuera de la oficina, vuelvo mañana.", date(2026, 8, 7)),
        ("Oggi sono fuori ufficio, torno domani.", date(2026, 8, 7)),
        ("Hoje estou fora do escritório, volto amanhã.", date(2026, 8, 7)),
        ("Vandaag ben ik afwezig, morgen ben ik er weer.", date(2026, 8, 7)),
        ("I dag är jag inte på kontoret, åter i morgon.", date(2026, 8, 7)),
        ("Dziś mnie nie ma, wracam jutro. Jestem poza biurem.", date(2026, 8, 7)),
        ("本日は不在にしております。明日出社いたします。", date(2026, 8, 7)),
        ("Ich bin heute außer Haus, ab Donnerstag wieder erreichbar.", date(2026, 8, 13)),
        ("Je suis absent aujourd'hui, de retour jeudi.", date(2026, 8, 13)),
        ("Hoy estoy ausente y vuelvo el jueves.", date(2026, 8, 13)),
        ("Sono assente oggi e rientro giovedì.", date(2026, 8, 13)),
        ("Estou ausente hoje e volto na quinta-feira.", date(2026, 8, 13)),
        ("Ik ben vandaag afwezig en donderdag weer bereikbaar.", date(2026, 8, 13)),
        ("Jag är borta i dag, tillbaka på torsdag.", date(2026, 8, 13)),
        ("Dzisiaj jestem nieobecna, wracam w czwartek.", date(2026, 8, 13)),
        ("I'm out of the office today and tomorrow, back Monday.", date(2026, 8, 10)),
        ("Vom 3. bis 7. August im Urlaub, am 10. August bin ich zurück.", date(2026, 8, 10)),
        ("Away until tomorrow.", date(2026, 8, 7)),
        ("I am not in today. I'll reply tomorrow. Out of office.", date(2026, 8, 7)),
    ],
)
@pytest.mark.parametrize("mark", ["", "Auto-Submitted: auto-replied\n"])
def test_a_note_of_absence_states_its_day_in_each_language(mark: str, body: str, until: date) -> None:
    reading = answer(body, f"{mark}Subject: Re: An idea")
    assert (reading.kind, reading.until) == (AWAY, until)


@pytest.mark.parametrize(
    "body",
    [
        "I'm out until Thursday but happy to talk after that.",
        "Away until Monday, call me Tuesday at ten.",
        "I'm travelling today, available from 3 pm on Friday for a call.",
        "Off until Monday. Send me prices please.",
        "I was away until today, sorry. What does it cost?",
        "We are out all week at a fair. Write again in September, we might be interested.",
        "Bin bis Montag weg, ab Dienstag gern ein Telefonat.",
        "Ich bin im Urlaub, ab dem 18. erreichbar unter 0123 456. Bitte rufen Sie mich an.",
        "Je suis absent cette semaine, disponible à partir de lundi pour en parler.",
        "Fuera hasta el lunes. El martes hablamos.",
        "Fuori fino a lunedì, poi sentiamoci.",
        "Estou fora até segunda, depois falamos.",
        "Ik ben er maandag weer, bel me dan.",
        "Borta till måndag, ring mig sedan.",
        "Nie ma mnie do poniedziałku, proszę zadzwonić we wtorek.",
        "Jane is out today; I am taking over her mails. Send me the details.",
    ],
)
@pytest.mark.parametrize("quote", ["", QUOTE])
def test_a_person_who_is_away_and_says_more_is_a_person(quote: str, body: str) -> None:
    assert answer(body + quote).kind in HUMAN


@pytest.mark.parametrize("language", SUBJECTS)
def test_an_automatic_subject_is_a_mark_in_each_language(language: str) -> None:
    reading = answer(ABSENT[language], f"Subject: {SUBJECTS[language]}")
    assert (reading.kind, reading.until) == (AWAY, date(2026, 8, 14))
    left = answer(LEFT[language], f"Subject: {SUBJECTS[language]}")
    assert (left.kind, left.has_left) == (AUTO, True)
    other = answer("Qx.", f"Subject: {SUBJECTS[language]}")
    assert (other.kind, other.has_left) == (AUTO, False)


def test_a_day_counts_from_the_arrival_in_our_zone() -> None:
    assert answer("I'm out of office. Back tomorrow.", "X-Autoreply: yes").until == date(2026, 8, 7)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Subject: Bob Roe is out of the office (returning 17.08.2026)", "I will respond when I return."),
        ("Subject: Out of Office: An idea", "Thanks for your mail.\nI'm on PTO through Friday."),
        ("Subject: Abwesend: AW: Eine Idee", "Ich bin am 17.8. wieder erreichbar."),
        ("Subject: Automatic reply: An idea", "Back on Monday!"),
        ("Subject: Re: An idea\nX-Mailer: vacation\nPrecedence: bulk", "I'm skiing, back on 15 August."),
        ("Subject: Maternity leave\nAuto-Submitted: auto-replied", "I am on maternity leave. Please contact Jane."),
        ("Subject: Re: An idea\nList-Id: <sales.sender.example>\nAuto-Submitted: auto-replied", "I'm on annual leave."),
    ],
)
def test_forms_of_notes_of_absence(head: str, body: str) -> None:
    assert read(head, body).kind is AWAY


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Subject: Automatic reply: An idea", "Thank you for your message. We will get back to you within 24 hours."),
        (
            "Subject: [Request received] An idea",
            "##- Please type your reply above this line -##\n\nYour request (12) has been received.",
        ),
        ("Subject: [Ticket#20260805] An idea", "We have received your request. Your ticket number is 20260805."),
        ("Subject: Thank you for contacting Receiver", "Thank you for contacting us. Our team will respond shortly."),
        ("Subject: Ihre Anfrage", "Wir haben Ihre Anfrage erhalten und melden uns schnellstmöglich."),
        ("Subject: Re: idée", "Nous avons bien reçu votre message et vous répondrons dans les plus brefs délais."),
        ("Subject: Re: idea", "Hemos recibido su mensaje. Le responderemos lo antes posible."),
        ("Subject: Re: idea", "Abbiamo ricevuto la sua richiesta. Le risponderemo il prima possibile."),
        ("Subject: Re: ideia", "Recebemos a sua mensagem e responderemos o mais breve possível."),
        ("Subject: Re: idee", "Wij hebben uw bericht in goede orde ontvangen en reageren zo snel mogelijk."),
        ("Subject: Re: idé", "Vi har tagit emot ditt meddelande och svarar inom 24 timmar."),
        ("Subject: Re: Pomysł", "Otrzymaliśmy Państwa wiadomość. Odpowiemy jak najszybciej."),
        (
            "Subject: お問い合わせありがとうございます",
            "お問い合わせを受け付けました。担当者より追ってご連絡いたします。",
        ),
        ("Subject: Re: An idea", "This is an automated response. Please do not reply to this email."),
        ("Subject: Re: An idea\nX-MS-Exchange-Inbox-Rules-Loop: bob@receiver.example", "Thanks for the mail."),
        ("Subject: Re: An idea", "Due to a high volume of emails I only answer once a day."),
        ("Subject: Read: An idea", "Your message\n\n   To: Bob\n   Subject: An idea\n\nwas read on Wednesday."),
    ],
)
def test_acknowledgements_and_receipts_are_automatic(head: str, body: str) -> None:
    reading = read(head, body)
    assert (reading.kind, reading.has_left) == (AUTO, False)


@pytest.mark.parametrize(
    ("kind", "part", "body"),
    [
        (
            "report; report-type=disposition-notification",
            "message/disposition-notification",
            "Disposition: manual-action/MDN-sent-manually; displayed",
        ),
        ("mixed", "text/calendar; method=REPLY", "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR"),
    ],
)
def test_receipts_and_answers_of_calendars_are_automatic(kind: str, part: str, body: str) -> None:
    text = (
        f"From: bob@receiver.example\nSubject: Accepted: Call\nContent-Type: multipart/{kind}; boundary=b\n\n"
        f"--b\n\nYes.\n--b\nContent-Type: {part}\n\n{body}\n--b--\n"
    )
    assert read_raw(text.encode()).kind is AUTO
    invitation = text.replace("METHOD:REPLY", "METHOD:REQUEST").replace("method=REPLY", "method=REQUEST")
    if "calendar" in part:
        assert read_raw(invitation.encode()).kind in HUMAN


def test_who_has_left_is_told_without_a_mark_too_and_doubted_where_it_may_be_a_colleague() -> None:
    note = read("Subject: Re: An idea", LEFT["en"])
    assert (note.kind, note.has_left, note.is_doubtful) == (AUTO, True, False)
    assert answer(LEFT["en"]).is_doubtful


@pytest.mark.parametrize(
    ("sender", "head", "body"),
    [
        ("news@shop.example", "Subject: Sale\nList-Unsubscribe: <https://x.example>", "Buy now! unsubscribe"),
        ("news@shop.example", "Subject: Sale", "View this email in your browser\nBuy now!"),
        ("messages-noreply@linkedin.com", "Subject: Bob sent you a message", "Hello"),
        ("noreply-dmarc@google.com", "Subject: Report domain: sender.example Submitter: google.com Report-ID: 1", "x"),
        ("list@lists.example", "Precedence: list\nIn-Reply-To: <z@other.example>\nSubject: Re: patch", "I think so"),
        ("noreply@shop.example", "Subject: Your invoice", "Thanks for your order"),
    ],
)
def test_mail_to_many_is_unrelated(sender: str, head: str, body: str) -> None:
    assert read(head, body, sender=sender).kind is UNRELATED


BUTTONS = [
    ("unsubscribe", "Auto-Submitted: auto-generated", "This message was automatically generated by Gmail."),
    ("Unsubscribe", "X-Mailer: iPhone Mail", "Apple Mail sent this email to unsubscribe from the message “An idea”."),
    ("unsubscribe", "Precedence: bulk\nReturn-Path: <>", "This is an automated message of Yahoo Mail. Do not reply."),
    ("Unsubscribe", "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All", ""),
    ("[unsubscribe]", "List-Id: <sales.sender.example>\nPrecedence: list", "Sent on behalf of bob@receiver.example"),
    ("abmelden", "Auto-Submitted: auto-generated", "Diese Nachricht wurde automatisch erstellt."),
    ("Désinscription", "Auto-Submitted: auto-generated", "Message automatique"),
    ("配信停止", "Auto-Submitted: auto-generated", "本メールは自動送信です。"),
]


@pytest.mark.parametrize(("subject", "head", "body"), BUTTONS)
def test_what_a_mail_programs_button_sends_is_the_persons_request(subject: str, head: str, body: str) -> None:
    assert read(f"Subject: {subject}\n{head}", body).kind is InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize(
    "subject", ["Unsubscribe confirmed", "You have been unsubscribed", "Re: unsubscribe", "An idea"]
)
def test_a_machine_that_speaks_of_it_in_its_subject_asks_nothing(subject: str) -> None:
    reading = read(
        f"Subject: {subject}\nAuto-Submitted: auto-replied", "Thank you. Unsubscribe at the end of each mail."
    )
    assert reading.kind is AUTO


def test_a_request_in_the_subject_of_a_text_that_says_more_is_doubted() -> None:
    reading = read("Subject: unsubscribe", "Please call me on Monday, I would like to see a demo.")
    assert (reading.kind, reading.is_doubtful) == (InboundClass.OPT_OUT_REQUEST, True)


@pytest.mark.parametrize("sender", ["ann@sender.example", "Ann <Ann+tag@Sender.Example>"])
def test_what_we_wrote_ourselves_is_a_copy_whatever_it_says(sender: str) -> None:
    reading = read("Subject: Automatic reply: x\nReturn-Path: <>", "Delivery has failed", sender=sender)
    assert reading.kind is InboundClass.OWN_COPY


def test_a_challenge_from_a_machine_is_none_of_its_bounces() -> None:
    body = "Your mail has not been delivered yet. Please click here to prove you are not a robot: https://x.example/c"
    assert read("Return-Path: <>\nSubject: Verification required", body).kind is InboundClass.CHALLENGE


def test_a_complaint_from_a_daemon_is_none_of_its_bounces() -> None:
    text = (
        "Return-Path: <>\nFrom: MAILER-DAEMON@provider.example\nSubject: Delivery failure\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n"
    )
    assert read_raw(text.encode()).kind is InboundClass.COMPLAINT


def test_the_evidence_of_nothing_holds_an_address() -> None:
    for text in [*ABSENT.values(), *LEFT.values(), "Contact jane@receiver.example, I am out of the office."]:
        assert "@" not in answer(text).evidence


@pytest.mark.parametrize(
    "unit", ["a", "i am ", "this is ", "\n", "> ", "from ", "not ", "1.", "@", "休", "ich bin nicht "]
)
def test_100_kilobytes_of_one_word_have_a_class(unit: str) -> None:
    assert answer((unit * 100_000)[:100_000]).kind in InboundClass


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_message_has_a_class(content: bytes) -> None:
    raw = b"From: bob@receiver.example\n" + content
    assert read_raw(raw).kind in InboundClass
