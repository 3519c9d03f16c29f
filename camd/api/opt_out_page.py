"""The opt-out page in ten languages: one button, no script, nothing from elsewhere, nothing of the person."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape

DEFAULT_LANGUAGE = "en"
_LONGEST_HEADER = 1000
_QUALITY = re.compile(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*")

STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.4rem;cursor:pointer}"
    "footer{margin-top:3rem;font-size:.85rem}"
)
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says before, after, and where the wish could not be stored."""

    title: str
    question: str
    button: str
    done_title: str
    done: str
    later_title: str
    later: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        "Unsubscribe",
        "If you press the button, we will not write to you again.",
        "Unsubscribe",
        "You are unsubscribed",
        "We will not write to you again.",
        "Please try again",
        "Your wish could not be saved just now. Please try again in a few minutes.",
    ),
    "de": Words(
        "Abmelden",
        "Wenn Sie auf den Knopf drücken, schreiben wir Ihnen nicht mehr.",
        "Abmelden",
        "Sie sind abgemeldet",
        "Wir schreiben Ihnen nicht mehr.",
        "Bitte versuchen Sie es noch einmal",
        "Ihr Wunsch konnte gerade nicht gespeichert werden. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    ),
    "fr": Words(
        "Se désinscrire",
        "Si vous appuyez sur le bouton, nous ne vous écrirons plus.",
        "Me désinscrire",
        "Désinscription enregistrée",
        "Nous ne vous écrirons plus.",
        "Veuillez réessayer",
        "Votre demande n'a pas pu être enregistrée pour le moment. Veuillez réessayer dans quelques minutes.",
    ),
    "es": Words(
        "Darse de baja",
        "Si pulsa el botón, no volveremos a escribirle.",
        "Darme de baja",
        "Baja registrada",
        "No volveremos a escribirle.",
        "Inténtelo de nuevo",
        "Ahora mismo no se ha podido guardar su solicitud. Inténtelo de nuevo dentro de unos minutos.",
    ),
    "it": Words(
        "Annulla l'iscrizione",
        "Se preme il pulsante, non le scriveremo più.",
        "Annulla l'iscrizione",
        "Iscrizione annullata",
        "Non le scriveremo più.",
        "Riprovi, per favore",
        "Al momento non è stato possibile salvare la sua richiesta. Riprovi tra qualche minuto.",
    ),
    "pt": Words(
        "Cancelar a subscrição",
        "Se premir o botão, não voltaremos a escrever-lhe.",
        "Cancelar a subscrição",
        "Subscrição cancelada",
        "Não voltaremos a escrever-lhe.",
        "Tente novamente",
        "De momento, não foi possível guardar o seu pedido. Tente novamente dentro de alguns minutos.",
    ),
    "nl": Words(
        "Afmelden",
        "Als u op de knop drukt, schrijven wij u niet meer.",
        "Afmelden",
        "U bent afgemeld",
        "Wij schrijven u niet meer.",
        "Probeer het opnieuw",
        "Uw verzoek kon nu niet worden opgeslagen. Probeer het over enkele minuten opnieuw.",
    ),
    "sv": Words(
        "Avregistrera dig",
        "Om du trycker på knappen skriver vi inte till dig igen.",
        "Avregistrera mig",
        "Du är avregistrerad",
        "Vi skriver inte till dig igen.",
        "Försök igen",
        "Din begäran kunde inte sparas just nu. Försök igen om några minuter.",
    ),
    "pl": Words(
        "Rezygnacja z wiadomości",
        "Po naciśnięciu przycisku nie będziemy już do Państwa pisać.",
        "Rezygnuję",
        "Rezygnacja zapisana",
        "Nie będziemy już do Państwa pisać.",
        "Proszę spróbować ponownie",
        "Nie udało się teraz zapisać rezygnacji. Proszę spróbować ponownie za kilka minut.",
    ),
    "ja": Words(
        "配信停止",
        "ボタンを押すと、今後当方からメールをお送りすることはありません。",
        "配信を停止する",
        "配信を停止しました",
        "今後、当方からメールをお送りすることはありません。",
        "もう一度お試しください",
        "ただいま手続きを保存できませんでした。数分後にもう一度お試しください。",
    ),
}


def choose_language(of_campaign: str | None, accept_language: str) -> str:
    """The campaign's language, else the reader's first choice (RFC 9110, 12.5.4), else English."""
    wished = [of_campaign] if of_campaign else []
    for tag in (*wished, *_by_preference(accept_language[:_LONGEST_HEADER])):
        base = tag.partition("-")[0].strip().lower()
        if base in WORDS:
            return base
    return DEFAULT_LANGUAGE


def _by_preference(header: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        found = _QUALITY.fullmatch(parameter)
        quality = float(found[1]) if found else 0.0 if parameter else 1.0
        if quality > 0:
            weighed.append((-quality, tag))
    return [tag for _, tag in sorted(weighed, key=lambda each: each[0])]


def question_page(language: str, sender: str | None) -> str:
    words = WORDS[language]
    # The button sends what a mail program sends by itself (RFC 8058), to the very address of this page.
    form = (
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"/>'
        f'<button type="submit">{escape(words.button)}</button></form>'
    )
    return _page(language, words.title, words.question, form, sender)


def done_page(language: str, sender: str | None) -> str:
    words = WORDS[language]
    return _page(language, words.done_title, words.done, "", sender)


def later_page(language: str, sender: str | None) -> str:
    words = WORDS[language]
    return _page(language, words.later_title, words.later, "", sender)


def _page(language: str, title: str, text: str, form: str, sender: str | None) -> str:
    footer = f"<footer>{escape(sender)}</footer>" if sender else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f'<meta name="robots" content="noindex, nofollow"/>\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n"
        f"{form}\n</main>\n{footer}\n</body>\n</html>\n"
    )
