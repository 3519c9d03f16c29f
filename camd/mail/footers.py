"""The end of every mail: who writes, from where, and how not to be written to again, in the campaign's language."""

from collections.abc import Mapping

DEFAULT_LANGUAGE = "en"

_SENDER = "-- \n{{ sender.name }}, {{ sender.company }}\n{{ sender.postal_address }}\n\n"
"""RFC 3676, 4.3: a line of two hyphens and a space begins the signature; programs leave it out of a quote."""

FOOTERS: Mapping[str, str] = {
    language: _SENDER + sentence + " {{ opt_out }}"
    for language, sentence in {
        "en": "If you would rather not hear from us again:",
        "de": "Wenn Sie nichts mehr von uns hören möchten:",
        "fr": "Si vous ne souhaitez plus recevoir de messages de notre part :",
        "es": "Si no desea recibir más mensajes nuestros:",
        "it": "Se non desidera più ricevere nostri messaggi:",
        "pt": "Se não quiser receber mais mensagens nossas:",
        "nl": "Als u geen berichten meer van ons wilt ontvangen:",
        "sv": "Om du inte vill få fler meddelanden från oss:",
        "pl": "Jeśli nie chcą Państwo otrzymywać od nas kolejnych wiadomości:",
        "ja": "今後このようなメールの受信を希望されない場合:",
    }.items()
}
"""Templates of `sender` and `opt_out`, by language code."""

REPLIES: Mapping[str, str] = {
    "en": 'reply with the word "unsubscribe"',
    "de": "antworten Sie mit dem Wort „abmelden“",
    "fr": "répondez avec le mot « désinscription »",
    "es": "responda con la palabra «baja»",
    "it": "risponda con la parola «cancellami»",
    "pt": "responda com a palavra «remover»",
    "nl": 'antwoord met het woord "afmelden"',
    "sv": "svara med ordet ”avregistrera”",
    "pl": "prosimy odpowiedzieć słowem „rezygnuję”",
    "ja": "「配信停止」とご返信ください",
}
"""What `opt_out` says where there is no page for it."""


def footer_template(language: str, overrides: Mapping[str, str]) -> str:
    """The operator's own for `pt-br` or `pt`, else the built-in one, else the English one."""
    base = language.partition("-")[0]
    return overrides.get(language) or overrides.get(base) or FOOTERS.get(base) or FOOTERS[DEFAULT_LANGUAGE]


def way_out(language: str, opt_out_url: str | None) -> str:
    """The value of `opt_out`: the address of the page, else what to reply."""
    return opt_out_url or REPLIES.get(language.partition("-")[0], REPLIES[DEFAULT_LANGUAGE])
