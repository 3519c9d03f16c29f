"""What the author wrote, in the quote styles of the programs that people answer with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mail.footers import FOOTERS, REPLIES
from camd.mail.quotes import own_words

WAY_OUT = "If you do not want to hear from me again, reply with 'stop'."
OURS = ("Hello Ann,", "", "we build websites.", "", WAY_OUT)
ANSWER = "Thank you, this is mine."


def marked(lines: tuple[str, ...] = OURS) -> str:
    return "\n".join(f"> {line}".rstrip() for line in lines)


PLAIN = "\n".join(OURS)

MARKED_INTRODUCTIONS = [
    # Gmail
    "On Fri, May 3, 2024 at 10:12 AM Max Muster <max@m.example> wrote:",
    "On Fri, May 3, 2024 at 10:12\u202fAM Max Muster <max@m.example> wrote:",
    "On Fri, May 3, 2024 at 10:12 AM Maximilian von Mustermann-Beispiel <\nmaximilian@m.example> wrote:",
    "Am Fr., 3. Mai 2024 um 10:12 Uhr schrieb Max Muster <max@m.example>:",
    "Am Fr., 3. Mai 2024 um 10:12 Uhr schrieb Maximilian Mustermann <\nmax@m.example>:",
    "Max Muster <max@m.example> schrieb am Fr., 3. Mai 2024, 10:12:",
    "Le ven. 3 mai 2024 à 10:12, Max Muster <max@m.example> a écrit :",
    "El vie, 3 may 2024 a las 10:12, Max Muster (<max@m.example>) escribió:",
    "Il giorno ven 3 mag 2024 alle ore 10:12 Max Muster <max@m.example> ha\nscritto:",
    "Em sex., 3 de mai. de 2024 às 10:12, Max Muster <max@m.example>\nescreveu:",
    "Max Muster <max@m.example> escreveu (sexta, 3/05/2024 à(s) 10:12):",
    "Op vr 3 mei 2024 om 10:12 schreef Max Muster <max@m.example>:",
    "Den fre 3 maj 2024 kl 10:12 skrev Max Muster <max@m.example>:",
    "pt., 3 maj 2024 o 10:12 Max Muster <max@m.example> napisał(a):",
    "2024年5月3日(金) 10:12 Max Muster <max@m.example>:",
    # Apple Mail and iOS
    "On 3 May 2024, at 10:12, Max Muster <max@m.example> wrote:",
    "Am 03.05.2024 um 10:12 schrieb Max Muster <max@m.example>:",
    "Le 3 mai 2024 à 10:12, Max Muster <max@m.example> a écrit :",
    "El 3 may 2024, a las 10:12, Max Muster <max@m.example> escribió:",
    "Il giorno 3 mag 2024, alle ore 10:12, Max Muster <max@m.example> ha scritto:",
    "Em 3 de mai. de 2024, à(s) 10:12, Max Muster <max@m.example> escreveu:",
    "No dia 03/05/2024, às 10:12, Max Muster <max@m.example> escreveu:",
    "Op 3 mei 2024 om 10:12 heeft Max Muster <max@m.example> het volgende geschreven:",
    "3 maj 2024 kl. 10:12 skrev Max Muster <max@m.example>:",
    "Wiadomość napisana przez Max Muster <max@m.example> w dniu 3 maj 2024, o godz. 10:12:",
    "2024/05/03 10:12、Max Muster <max@m.example>のメール:",
    # Thunderbird
    "On 5/3/24 10:12, Max Muster wrote:",
    "Am 03.05.24 um 10:12 schrieb Max Muster:",
    "Le 03/05/2024 à 10:12, Max Muster a écrit\u00a0:",
    "El 3/5/24 a las 10:12, Max Muster escribió:",
    "Il 03/05/24 10:12, Max Muster ha scritto:",
    "Em 03/05/2024 10:12, Max Muster escreveu:",
    "Op 03-05-2024 om 10:12 schreef Max Muster:",
    "Den 2024-05-03 kl. 10:12, skrev Max Muster:",
    "W dniu 03.05.2024 o 10:12, Max Muster pisze:",
    "On 2024/05/03 10:12, Max Muster wrote:",
    "Max Muster さんは書きました (2024/05/03 10:12):",
    # ProtonMail, Outlook for Mac, Notes, others
    "On Friday, May 3rd, 2024 at 10:12 AM, Max Muster <max@m.example> wrote:",
    'On 5/3/24, 10:12 AM, "Max Muster" <max@m.example> wrote:',
    "Max Muster/Company/DE wrote on 03/05/2024 10:12:12:",
    '-----"Max Muster" <max@m.example> schrieb: -----',
    "*On Fri, May 3, 2024 at 10:12 AM Max Muster <max@m.example> wrote:*",
    "------- Original Message -------\nOn Friday, May 3rd, 2024 at 10:12 AM, Max Muster <max@m.example> wrote:\n",
    "-------- Original Message --------",
    "Max Muster wrote:",
]

HEADERS = {
    "outlook en": "From: Max Muster <max@m.example>\nSent: Friday, May 3, 2024 10:12 AM\nTo: Ann\nSubject: Web",
    "outlook de": "Von: Max Muster <max@m.example>\nGesendet: Freitag, 3. Mai 2024 10:12\nAn: Ann\nBetreff: Web",
    "outlook fr": "De : Max Muster <max@m.example>\nEnvoyé : vendredi 3 mai 2024 10:12\nÀ : Ann\nObjet : Web",
    "outlook es": "De: Max Muster <max@m.example>\nEnviado el: viernes, 3 de mayo de 2024 10:12\nPara: Ann\nAsunto: W",
    "outlook it": "Da: Max Muster <max@m.example>\nInviato: venerdì 3 maggio 2024 10:12\nA: Ann\nOggetto: Web",
    "outlook pt": "De: Max Muster <max@m.example>\nEnviado: 3 de maio de 2024 10:12\nPara: Ann\nAssunto: Web",
    "outlook br": "De: Max Muster\nEnviada em: sexta-feira, 3 de maio de 2024 10:12\nPara: Ann\nAssunto: Web",
    "outlook nl": "Van: Max Muster <max@m.example>\nVerzonden: vrijdag 3 mei 2024 10:12\nAan: Ann\nOnderwerp: Web",
    "outlook sv": "Från: Max Muster <max@m.example>\nSkickat: den 3 maj 2024 10:12\nTill: Ann\nÄmne: Web",
    "outlook pl": "Od: Max Muster <max@m.example>\nWysłano: piątek, 3 maja 2024 10:12\nDo: Ann\nTemat: Web",
    "outlook ja": "差出人: Max Muster <max@m.example>\n送信日時: 2024年5月3日 10:12\n宛先: Ann\n件名: Web",
    "outlook ja wide": "差出人： Max Muster <max@m.example>\n送信日時： 2024年5月3日 10:12\n宛先： Ann\n件名： W",  # noqa: RUF001
    "bold": "*From:* Max Muster <max@m.example>\n*Sent:* Friday, May 3, 2024 10:12 AM\n*To:* Ann\n*Subject:* Web",
    "bold outside": "*Von*: Max Muster\n*Gesendet*: Freitag, 3. Mai 2024 10:12\n*An*: Ann\n*Betreff*: Web",
    "double bold": "**Da:** Max Muster\n**Inviato:** venerdì 3 maggio 2024 10:12\n**A:** Ann\n**Oggetto:** Web",
    "outlook mobile": "Get Outlook for iOS<https://aka.ms/o0ukef>\n" + "_" * 32 + "\nFrom: Max Muster <max@m.example>\n"
    "Sent: Friday, May 3, 2024 10:12:01 AM\nTo: Ann <ann@x.example>\nSubject: Web",
    "outlook line": "-----Original Message-----\nFrom: Max Muster [mailto:max@m.example]\nSent: Friday, May 3, 2024\n"
    "To: Ann\nSubject: Web",
    "outlook line de": "-----Ursprüngliche Nachricht-----\nVon: Max Muster\nGesendet: Freitag\nAn: Ann\nBetreff: Web",
    "outlook line fr": "-----Message d'origine-----\nDe : Max Muster\nEnvoyé : vendredi\nÀ : Ann\nObjet : Web",
    "outlook line es": "-----Mensaje original-----\nDe: Max Muster\nEnviado: viernes\nPara: Ann\nAsunto: Web",
    "outlook line it": "-----Messaggio originale-----\nDa: Max Muster\nInviato: venerdì\nA: Ann\nOggetto: Web",
    "outlook line pt": "-----Mensagem original-----\nDe: Max Muster\nEnviada em: sexta\nPara: Ann\nAssunto: Web",
    "outlook line nl": "-----Oorspronkelijk bericht-----\nVan: Max Muster\nVerzonden: nu\nAan: Ann\nOnderwerp: Web",
    "outlook line sv": "-----Ursprungligt meddelande-----\nFrån: Max Muster\nSkickat: fredag\nTill: Ann\nÄmne: Web",
    "outlook line pl": "-----Oryginalna wiadomość-----\nOd: Max Muster\nWysłano: piątek\nDo: Ann\nTemat: Web",
    "outlook line ja": "-----元のメッセージ-----\n差出人: Max Muster\n送信日時: 金曜\n宛先: Ann\n件名: Web",
    "gmx": 'Gesendet: Freitag, 3. Mai 2024 um 10:12 Uhr\nVon: "Max Muster" <max@m.example>\nAn: ann@x.example\n'
    "Betreff: Web",
    "gmx en": 'Sent: Friday, May 03, 2024 at 10:12 AM\nFrom: "Max Muster" <max@m.example>\nTo: ann@x.example\n'
    "Subject: Web",
    "samsung": "-------- Original message --------\nFrom: Max Muster <max@m.example>\nDate: 03/05/2024 10:12 "
    "(GMT+01:00)\nTo: ann@x.example\nSubject: Web",
    "samsung de": "-------- Ursprüngliche Nachricht --------\nVon: Max Muster <max@m.example>\nDatum: 03.05.24 10:12 "
    "(GMT+01:00)\nAn: ann@x.example\nBetreff: Web",
    "yahoo": "On Friday, 3 May 2024 at 10:12:12 BST, Max Muster <max@m.example> wrote:",
    "yahoo de": "Am Freitag, 3. Mai 2024 um 10:12:12 MESZ hat Max Muster <max@m.example> Folgendes geschrieben:",
    "thunderbird forward": "-------- Weitergeleitete Nachricht --------\nBetreff: Web\nDatum: Fri, 3 May 2024 10:12\n"
    "Von: Max Muster <max@m.example>\nAn: ann@x.example",
    "gmail forward": "---------- Forwarded message ---------\nFrom: Max Muster <max@m.example>\nDate: 3 May 2024\n"
    "Subject: Web\nTo: <ann@x.example>",
    "apple forward": "Begin forwarded message:\n\nFrom: Max Muster <max@m.example>\nSubject: Web\nDate: 3 May 2024",
    "notes": 'Von:    "Max Muster" <max@m.example>\nAn:     ann@x.example\nDatum:  03.05.2024 10:12\nBetreff:        W',
    "notes table": "Max Muster <max@m.example>\n03.05.2024 10:12\n\nAn\tann@x.example\nKopie\t\nThema\tWeb",
    "notes line": "Max Muster ---03.05.2024 10:12:12---Hello Ann",
    "blank lines between": "From: Max Muster <max@m.example>\n\nSent: Friday, May 3, 2024 10:12 AM\n\nTo: Ann\n\n"
    "Subject: Web",
    "many recipients": "From: Max Muster\nSent: May 3, 2024 10:12 AM\nTo: Ann <a@x.example>; Bob <b@x.example>;\n"
    " Cy <cy@x.example>\nCc: Di\nSubject: Web",
    "one line": "From: Max Muster <max@m.example> Sent: Friday, May 3, 2024 10:12 AM To: Ann Subject: Web",
}


@pytest.mark.parametrize("introduction", MARKED_INTRODUCTIONS)
def test_of_a_marked_quote_nothing_remains_above_it(introduction: str) -> None:
    assert own_words(f"{ANSWER}\n\n{introduction}\n\n{marked()}\n") == ANSWER


@pytest.mark.parametrize("introduction", MARKED_INTRODUCTIONS)
def test_of_a_marked_quote_nothing_remains_below_it(introduction: str) -> None:
    assert own_words(f"{introduction}\n{marked()}\n\n{ANSWER}\n") == ANSWER


@pytest.mark.parametrize("introduction", MARKED_INTRODUCTIONS[:-1])
def test_of_an_unmarked_quote_nothing_remains(introduction: str) -> None:
    assert own_words(f"{ANSWER}\n\n{introduction}\n\n{PLAIN}\n") == ANSWER


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_of_what_stands_behind_a_quoted_header_nothing_remains(header: str) -> None:
    assert own_words(f"{ANSWER}\n\n{header}\n\n{PLAIN}\n") == ANSWER


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_right_below_the_answer_is_seen_too(header: str) -> None:
    assert own_words(f"{ANSWER}\n{header}\n{PLAIN}\n") == ANSWER


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_marked_header_is_part_of_the_quote(header: str) -> None:
    quoted = marked((*header.split("\n"), "", *OURS))
    assert own_words(f"{ANSWER}\n\n{quoted}\n") == ANSWER


def test_answers_between_quoted_lines_are_kept() -> None:
    text = "On 3 May 2024, at 10:12, Max <m@x.example> wrote:\n> A website?\nYes, we do.\n> By when?\n\nIn June.\n"
    assert own_words(text) == "Yes, we do.\n\nIn June."


def test_a_short_answer_right_below_a_long_quoted_line_is_kept() -> None:
    question = "> Would you be interested in a short call next week about your website and its costs?"
    assert own_words(f"{question}\nno\n> And in June?\nStop writing.\n") == "no\n\nStop writing."


def test_the_rest_of_a_quoted_line_that_a_program_broke_is_quoted() -> None:
    text = f"{ANSWER}\n\n> If you do not want to hear from me ever again, you can simply reply with\n'stop'\n> Max\n"
    assert own_words(text) == ANSWER


@pytest.mark.parametrize("mark", [">", "> > ", ">>", " > ", "＞ ", "MM> "])  # noqa: RUF001 - full width
def test_marks_of_all_kinds_are_seen(mark: str) -> None:
    assert own_words(f"{ANSWER}\n\n{mark}{WAY_OUT}\n") == ANSWER


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from Outlook for Android<https://aka.ms/AAb9ysg>",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Sent from Yahoo Mail on Android",
        "Sent with Proton Mail secure email.",
        "Sent from Mail for Windows",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Gesendet von Outlook für iOS",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone",
        "Envoyé à partir de Outlook pour Android",
        "Provenance : Courrier pour Windows",
        "Télécharger Outlook pour iOS",
        "Enviado desde mi iPhone",
        "Obtener Outlook para iOS",
        "Inviato da iPhone",
        "Inviato dal mio Galaxy",
        "Enviado do meu iPhone",
        "Obter o Outlook para iOS",
        "Verstuurd vanaf mijn iPhone",
        "Verzonden met Outlook voor iOS",
        "Skickat från min iPhone",
        "Wysłane z iPhone'a",
        "Wysłano z telefonu Samsung",
        "iPhoneから送信",
        "*Sent from my iPad*",
        "[image: logo.png]",
        "[cid:image001.png@01DA9D3C.1B2C3D40]",
        "=====",
        "Unsubscribe <https://x.example/u> | Privacy <https://x.example/p>",
    ],
)
def test_lines_that_a_program_adds_are_left_out(line: str) -> None:
    assert own_words(f"{ANSWER}\n\n{line}\n") == ANSWER
    assert (
        own_words(f"{ANSWER}\n\n{line}\n\nOn 3 May 2024, at 10:12, Max <m@x.example> wrote:\n\n{marked()}\n") == ANSWER
    )


def test_a_phone_signs_above_the_quote_and_the_answers_stand_in_it() -> None:
    text = "See below.\n\nSent from my iPhone\n\n> On 3 May 2024, Max <m@x.example> wrote:\n> \n> A website?\nNo.\n"
    assert own_words(text) == "See below.\n\nNo."


def test_a_signature_ends_the_answer() -> None:
    assert own_words(f"{ANSWER}\n-- \nAnn\nUnsubscribe from our newsletter\n") == ANSWER


def test_an_answer_below_a_signature_and_a_quote_is_kept() -> None:
    assert own_words(f"-- \nAnn\n\nMax wrote:\n{marked()}\n\n{ANSWER}\n") == ANSWER


def test_what_stands_below_a_rule_is_no_answer() -> None:
    text = f"{ANSWER}\n\n{'_' * 47}\nUsers mailing list\nTo unsubscribe write to users-request@x.example\n"
    assert own_words(text) == ANSWER


@pytest.mark.parametrize(
    "note",
    [
        "This e-mail is confidential and intended solely for the addressee. To unsubscribe reply with STOP.",
        "Diese E-Mail ist vertraulich. Wenn Sie sie irrtümlich erhalten haben, löschen Sie sie und melden Sie sich ab.",
        "Ce message est confidentiel et réservé à son destinataire. Pour vous désabonner, répondez STOP.",
        "Este mensaje es confidencial y va dirigido a su destinatario. Para darse de baja responda BAJA.",
        "Questo messaggio è riservato; se ricevuto per errore va eliminato. Per disiscriversi rispondere CANCELLA.",
        "Dit bericht is vertrouwelijk en alleen voor de geadresseerde bestemd. Afmelden? Mail ons.",
        "Ta wiadomość jest poufna i przeznaczona tylko dla adresata. Wypisz się, pisząc do nas.",
        "If you no longer wish to receive our newsletter, click here to unsubscribe.",
        "Newsletter abmelden: hier klicken <https://x.example/u>",
    ],
)
def test_small_print_below_an_answer_is_not_its_authors(note: str) -> None:
    assert own_words(f"{ANSWER}\n\nBest regards\nAnn\n\n{note}\n") == f"{ANSWER}\n\nBest regards\nAnn"


def test_a_link_below_the_regards_belongs_to_the_signature() -> None:
    text = f"{ANSWER}\n\nMit freundlichen Grüßen\nAnn Ast\nNewsletter abbestellen: https://x.example/stop\n"
    assert own_words(text) == f"{ANSWER}\n\nMit freundlichen Grüßen\nAnn Ast"


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "STOP",
        "Please unsubscribe me, your link https://x.example/u/abc does not work.",
        "Hi,\n\nplease unsubscribe me, the link https://x.example/u/abc does not work.",
        "Best regards\nAnn\n\nPS: take me off https://x.example and your list",
        "Regards\n\nPlease remove my address ann@x.example from your list.",
        "I received this mail in error, please remove me.",
        "On 3 May you wrote that you have a plan. Tell me more.",
        "As you wrote on 3 May: it is too expensive for us.",
        "From: my point of view this is spam.\nTo be clear: stop.",
        "Envoyé par erreur ? Merci de me retirer.",
        "Please reply with your prices.",
        "Sent from my phone: please unsubscribe me",
        "Yes: call me at 10:12 or write to ann@x.example",
        "Diese Mail wurde ohne meine Einwilligung gesendet. Abmelden!",
    ],
)
def test_what_a_person_writes_is_kept_as_it_is(text: str) -> None:
    assert own_words(text) == text


def test_a_person_who_quotes_by_hand_is_heard() -> None:
    text = "In your mail of 3 May 2024 you wrote:\n\n'We build websites.'\n\nPlease remove me."
    assert own_words(text).endswith("Please remove me.")


@pytest.mark.parametrize("language", FOOTERS)
def test_our_own_way_out_is_never_an_answer_even_without_any_mark(language: str) -> None:
    footer = FOOTERS[language].rpartition("\n")[2].replace("{{ opt_out }}", REPLIES[language])
    broken = footer.replace(" ", "\n", 1) if language != "ja" else footer
    assert own_words(f"{ANSWER}\n\n{footer}") == ANSWER
    assert own_words(f"{ANSWER}\n\n{broken}") == ANSWER


@pytest.mark.parametrize(
    "offer",
    [
        WAY_OUT,
        "If you do not want to hear from me again, reply\nwith 'stop'.",
        "Kein Interesse? Antworten Sie mit STOP.",
        "Pas intéressé ? Répondez avec STOP.",
        "Si no le interesa, responda con STOP.",
        "Non le interessa? Risponda con STOP.",
        "Não tem interesse? Responda com STOP.",
        "Geen interesse? Antwoord met STOP.",
        "Inte intresserad? Svara med STOP.",
        "Nie? Proszę odpowiedzieć słowem STOP.",
        "不要な場合は「配信停止」とご返信ください。",
    ],
)
def test_an_offer_of_a_way_out_is_left_out_where_no_mark_shows_the_quote(offer: str) -> None:
    kept = own_words(f"{ANSWER}\n\n{offer}")
    assert kept.startswith(ANSWER)
    assert "stop" not in kept.lower()
    assert "配信停止" not in kept


@given(st.text(alphabet=st.sampled_from("aA:>\n -_.<@10wrote年From*'"), max_size=400))
def test_any_text_has_its_own_words(text: str) -> None:
    own = own_words(text)
    assert len(own) <= len(text) * 2
    assert own_words(own) in own


@pytest.mark.parametrize(
    "piece", ["a:\n", "From:\n", "> \n", "On 3.5.2024 10:12 a@b wrote:\n", "<http:>", "wrote ", "-- "]
)
def test_a_hundred_thousand_hostile_characters_have_their_own_words(piece: str) -> None:
    assert isinstance(own_words(piece * (100_000 // len(piece))), str)
