import pytest

from camd.mail.automatic_words import HAS_LEFT
from camd.mail.out_of_office import has_note_subject, reads_like_a_note, tells_of_absence

NOTES = [
    "Hi there,\n\nI'm on PTO this week and will get back to you when I'm back on Monday the 10th.\n\nCheers,\nTom",
    "I am currently out of the office and will return on Monday. I will not be checking emails during this time.",
    "I'm away on paternity leave until September 1st. My colleague Jim (jim@x.example) is covering for me.",
    "I am travelling on business with limited access to emails. I will answer as soon as I can.",
    "Do you need immediate assistance? Call the desk. I am out of the office.",
    "Ich bin bis Ende August im Mutterschutz. Ihre Mails werden nicht gelesen. Bitte schreiben Sie an info@x.example.",
    "Vom 03.08. bis 21.08. befinde ich mich im Urlaub. In dieser Zeit werden E-Mails nur sporadisch gelesen.",
    "Grüezi\n\nIch bin ferienhalber abwesend und ab dem 17. August wieder erreichbar.\n\nFreundliche Grüsse",
    "Unser Büro ist vom 03.08. bis 14.08. wegen Betriebsferien geschlossen.",
    "Ich bin heute nicht mehr im Büro und lese meine Mails nicht. Ab morgen bin ich wieder für Sie da.",
    "Bonjour,\nJe suis en déplacement jusqu'à vendredi et n'ai qu'un accès limité à ma messagerie.\nBien cordialement",
    "Bonjour, notre société est fermée pour congés annuels. Nous traiterons votre demande à notre retour.",
    "Hola, me encuentro fuera de la oficina hasta el lunes 17. Si es urgente llame al 600 000 000.",
    "Buongiorno, gli uffici rimarranno chiusi per ferie dal 10 al 21 agosto. Cordiali saluti",
    "Prezados, estarei em férias no período de 03/08 a 14/08. Em caso de urgência, contatar a equipe.",
    "Goedendag, ik ben vandaag niet aanwezig. Morgen ben ik weer bereikbaar.",
    "Hej! Jag är på tjänsteresa och läser min mail sporadiskt. Åter på kontoret måndag.",
    "Witam, przebywam na zwolnieniu lekarskim. W sprawach pilnych proszę dzwonić do biura: 22 000 00 00.",
    "ただいま席を外しております。お急ぎの方は03-0000-0000までお電話ください。",
]
PEOPLES = [
    "I'm out of office next week but yes, interested, call me",
    "I'm on vacation until Monday. Let's talk when I'm back.",
    "I am away until Monday - can you send me a deck?",
    "I'm travelling this week, please stop emailing me.",
    "We already have a supplier. I'm on leave from tomorrow anyway.",
    "He is out of the office until Monday. He will decide then.",
    "Bob is on parental leave, I'm standing in for him. What's the price?",
    "Bin bis Freitag im Urlaub, klingt aber interessant. Melden Sie sich danach gern.",
    "Wir haben kein Interesse, ich bin ausserdem ab morgen im Urlaub.",
    "Je suis absent cette semaine, mais votre offre m'intéresse. Rappelez-moi lundi.",
    "Estoy de vacaciones, pero me interesa. Llámame el lunes.",
    "Sono in ferie, ma mi interessa. Ci sentiamo lunedì?",
    "Estou de férias, mas tenho interesse. Me ligue na segunda.",
    "Ik ben op vakantie, maar het klinkt interessant. Bel me maandag.",
    "Jag är på semester men det låter intressant, ring mig på måndag.",
    "Jestem na urlopie, ale jestem zainteresowany. Proszę zadzwonić w poniedziałek.",
    "今週は不在ですが、興味があります。来週お電話ください。",
    "Nach meinem Urlaub gern, ich bin ab dem 24. August zurück.",
    "I'll be on vacation from tomorrow, back 24 August. Please try me then.",
    "Bin gerade unterwegs, melde mich später.",
    "Dear Ann, I was out of office last week and just saw your mail.",
    "Entschuldigung für die späte Antwort, ich war im Urlaub.",
    "Ich bin im Urlaub. Wir sind versorgt.",
    "I am on leave. Please delete my data.",
    "Thanks, let's meet.",
]


@pytest.mark.parametrize("words", NOTES)
def test_a_note_without_a_mark_is_known_by_its_words(words: str) -> None:
    assert reads_like_a_note(words)


@pytest.mark.parametrize("words", PEOPLES)
def test_a_person_who_is_away_is_a_person(words: str) -> None:
    assert not reads_like_a_note(words)


def test_a_note_may_have_to_hold_more_of_a_note() -> None:
    words = "Currently travelling, will read later."
    assert reads_like_a_note(words)
    assert not reads_like_a_note(words, usual=2)
    assert reads_like_a_note(f"Thanks for your mail. {words} Kind regards", usual=2)


def test_a_long_letter_is_no_note() -> None:
    assert not reads_like_a_note("I am out of the office. " + "And so on. " * 200)


def test_another_sign_makes_another_note() -> None:
    assert reads_like_a_note("I left the company. Please contact info@x.example.", HAS_LEFT)
    assert not reads_like_a_note("I am out of the office.", HAS_LEFT)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: An idea",
        "AUTO: An idea",
        "Autoreply: An idea",
        "OOO Re: An idea",
        "Out of Office: An idea",
        "[Out of office] An idea",
        "Ann Lee is out of the office (returning 14.08.2026)",
        "Away from my desk",
        "On vacation",
        "Automatische Antwort: Eine Idee",
        "Abwesenheitsnotiz",
        "Abwesend: AW: Eine Idee",
        "Urlaub bis 14.8.",
        "Max Roe ist außer Haus.",
        "Réponse automatique : Une idée",
        "Absence du bureau Re: idée",
        "Respuesta automática: Una idea",
        "Fuera de la oficina",
        "Risposta automatica: idea",
        "Fuori ufficio: idea",
        "Resposta automática: ideia",
        "Ausente do escritório",
        "Automatisch antwoord: idee",
        "Afwezigheidsbericht",
        "Autosvar: idé",
        "Frånvaro: idé",
        "Odpowiedź automatyczna: pomysł",
        "Nieobecność",
        "自動応答: ご提案",
        "不在通知",
    ],
)
def test_a_subject_is_a_notes(subject: str) -> None:
    assert has_note_subject(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Re: An idea",
        "Re: Out of office cover for your team",
        "AW: Automatische Antwort auf Anfragen",
        "Re: Bob is out of the office",
        "Auto parts",
        "Vacation rentals in Spain",
        "Is your team out of the office?",
        "Automation of replies",
    ],
)
def test_a_subject_is_not_a_notes(subject: str) -> None:
    assert not has_note_subject(subject)


def test_a_marked_note_needs_one_word_of_absence_in_subject_or_text() -> None:
    assert tells_of_absence("Automatic reply: On vacation", "See you")
    assert tells_of_absence("Automatic reply: An idea", "Je suis en congés.")
    assert not tells_of_absence("Automatic reply: An idea", "We will answer soon.")
