"""The words by which mail programs, in ten languages and some neighbours, introduce what they quote and sign what they
send, and those of the small print below. Parts of regular expressions that are compared without case."""

import re


def _either(table: str) -> str:
    """One choice or several a line."""
    return "|".join(line.strip() for line in table.strip().splitlines())


LABELS = {
    "from": _either("""
        From|Von|Absender|Mittente|Mittent|De|Expéditeur|Remitente|Remetente|Da|Van|Afzender|Från|Avsändare|Fra|Od|Nadawca
        差出人|送信者|発信者|発信元
    """),
    "sent": _either("""
        Sent|Sent on|Date|Received|Gesendet|Gesendet am|Datum|Envoyé|Envoyé le|Date d'envoi
        Enviado|Enviado el|Fecha|Inviato|Inviata|Data|Data invio|Enviada|Enviado em|Enviada em
        Verzonden|Verzonden op|Skickat|Skickad|Sendt|Dato|Wysłano|Wysłane|Data wysłania
        送信日時|送信日|受信日時|日時|日付
    """),
    "to": _either("""
        To|An|Empfänger|À|A|Pour|Destinataire|Para|Destinatario|Destinatário|Aan|Till|Til|Do|Adresat|宛先
    """),
    "cc": "Cc|Bcc|Kopie|Copie|Cci|Copia|CCO|Ccn|Cópia|Kopia|Kopi|DW|UDW|同報",
    "subject": "Subject|Re|Betreff|Thema|Objet|Sujet|Asunto|Oggetto|Assunto|Onderwerp|Ämne|Emne|Temat|件名",
    "other": _either("""
        Reply-To|Importance|Priority|Attachments|Organization|Organisation|Antwort an|Wichtigkeit|Priorität|Anlagen
        Répondre à|Responder a|Responder para|Rispondi a|Antwoord aan|Svara till|Odpowiedź do|返信先|添付ファイル
    """),
}
KIND_OF_LABEL = {name.casefold(): kind for kind, names in LABELS.items() for name in names.split("|")}
ANY_LABEL = "|".join(sorted(map(re.escape, "|".join(LABELS.values()).split("|")), key=len, reverse=True))

SEPARATORS = _either("""
    Original Message|Original Email|Original Appointment|Forwarded Message|Forwarded by .{1,80}|Reply Message
    Ursprüngliche Nachricht|Ursprüngliche E-?Mail|Original-?Nachricht|Originalmail
    Weitergeleitete Nachricht|Weitergeleitet von .{1,80}
    Message d'origine|E-?mail d'origine|Message original|Message initial|Courriel original|Message transféré
    Mensaje original|Mensaje reenviado|Correo original
    Messaggio originale|Messaggio originario|Messaggio inoltrato
    Mensagem original|Mensagem encaminhada|Mensagem reencaminhada
    Oorspronkelijke? bericht|Origineel bericht|Doorgestuurd bericht
    Ursprungligt meddelande|Originalmeddelande|Ursprungsmeddelande|Vidarebefordrat meddelande
    Wiadomość oryginalna|Oryginalna wiadomość|Wiadomość pierwotna|Pierwotna wiadomość
    Wiadomość przekazana|Przekazana wiadomość|Treść przekazanej wiadomości
    元のメッセージ|オリジナル ?メッセージ|転送メッセージ|転送されたメッセージ
    Oprindelig meddelelse|Opprinnelig melding
""")
"""Between hyphens."""

BEGINNINGS = _either("""
    Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)
    Début du message (?:réexpédié|transféré)|Inicio del mensaje reenviado|Inizio messaggio inoltrato
    Início da mensagem (?:reencaminhada|encaminhada)|Begin doorgestuurd bericht
    Vidarebefordrat brev|Början på vidarebefordrat (?:meddelande|brev)
    Początek (?:przekazywanej|przekazanej) wiadomości|転送されたメッセージ
""")
"""Apple Mail's, with a colon behind them."""

WROTE = _either(r"""
    \b(?:wrote|writes|schrieb|schrieben|schreibt|geschrieben|a écrit|écrivait|escribió|escribía|ha escrito)\b
    \b(?:ha scritto|scrisse|scrive|escreveu|schreef|geschreven|skrev|napisała?|napisana|napisano|pisze)\b
    \b(?:napsala?|kirjoitti)\b|napisał\(a\)
    のメール|書きました|さんは|が書いた|からのメッセージ|写道
""")

SENT_FROM = _either(r"""
    (?:sent|mailed) (?:from|with|via|using|by) (?:my|the|a|proton|outlook|mail for|yahoo|gmail|aol|windows) ?.{0,60}
    (?:sent|mailed) (?:from|with|via|using|by) (?:samsung|iphone|ipad|android|mobile|blackberry|k-9|spark) ?.{0,60}
    sent from \w+ ?\w*|get (?:the )?(?:new )?(?:outlook|bluemail) .{0,60}|download outlook .{0,60}
    outlook for (?:ios|android).{0,20}
    (?:diese (?:nachricht|e-?mail|mail) wurde )?(?:von|mit) (?:meinem|meiner|der) .{2,60} gesendet
    gesendet (?:von|mit|über|via|aus) .{2,60}
    (?:holen sie sich |laden sie )?outlook für (?:ios|android|mac).{0,40}
    envoyé (?:de|depuis|à partir d|avec) ?.{2,60}|provenance ?: .{2,60}
    (?:téléchargez?r?|obten(?:ir|ez)) outlook .{0,40}
    enviado (?:desde|de mi|do meu|do|a partir d|pelo|via) ?.{2,60}
    (?:obten(?:er|ga|ha)|descargar?|obter|baixar?|baixe|transferir) (?:o )?outlook .{0,40}
    inviat[oa] (?:da|dal|dalla|con|tramite) .{2,60}|(?:ottieni|scarica) outlook .{0,40}
    (?:verzonden|verstuurd) (?:vanaf|vanuit|vanop|met|via|van) .{2,60}
    (?:download|haal|verkrijg) outlook .{0,40}|outlook voor (?:ios|android|mac) .{0,40}
    skickat (?:från|med|via) .{2,60}|skickades från .{2,60}|(?:hämta|skaffa|ladda ned) outlook .{0,40}
    wysłan[eoay] (?:z|ze|za pomocą|przy użyciu|przez) .{2,60}
    (?:pobierz|uzyskaj) (?:aplikację |program )?outlook .{0,40}|sendt fra min .{2,40}
    .{1,40}(?:から|より)送信(?:されました|しました)?
""")
"""A whole line that a phone or a program adds."""

CLOSINGS = _either("""
    (?:best|kind|kindest|warm|warmest|many) (?:regards|wishes)|regards|cheers
    sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)
    mit (?:freundlichen|besten|herzlichen|lieben|vielen) grü(?:ß|ss)en|mfg|vg|lg|gruß|gruss
    (?:freundliche|beste|viele|liebe|herzliche|schöne) grü(?:ß|ss)e
    (?:bien )?cordialement|(?:meilleures |sincères |cordiales )?salutations|bien à vous|cdt|cdlt
    (?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|cordialmente
    (?:cordiali |distinti |migliori )?saluti
    atenciosamente|(?:com os )?(?:melhores )?cumprimentos|abraços?|att
    (?:met )?(?:vriendelijke |hartelijke )?groet(?:en)?|mvg
    (?:med )?(?:vänliga? |bästa |varma )?hälsning(?:ar)?|mvh
    z poważaniem|pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia|z pozdrowieniami|z wyrazami szacunku
    敬具|以上|よろしくお願い(?:いた)?します|宜しくお願い(?:いた|致)?します
""")

LEGALESE = _either(r"""
    \bconfidential|\bprivileged\b|intended (?:solely|only|exclusively|for the)|\bintended recipients?\b|named addressee
    received (?:this|it) .{0,40}in error|strictly prohibited|disclosure, copying|accept liability
    unauthori[sz]ed (?:use|disclosure|copying)
    vertraulich|rechtlich geschützt|irrtümlich|unbefugte|amtsgericht|handelsregister
    nicht der (?:richtige|beabsichtigte|vorgesehene) (?:adressat|empfänger)
    confidentiel|destinataire|par erreur|\binterdite?s?\b
    confidencial|destinatario|por error|prohibid[ao]
    riservat[aeio]|confidenzial|per errore|vietat[ao]
    destinatário|por engano|por erro|proibid[ao]|sigilos
    vertrouwelijk|geadresseerde|per abuis|ten onrechte|abusievelijk
    konfidentiell|avsedda? (?:för|mottagare)|av misstag|sekretess
    poufn|adresat|omyłkowo|przez pomyłkę|zabronione
    機密|誤って|受信者|守秘
""")
"""Of legal notes. A person may use one of them; two different ones in a paragraph are such a note."""

UNSUBSCRIBE = _either(r"""
    unsubscri|opt.?out|no longer wish|newsletter|abmeld|abbestell|austragen|désabonn|désinscri
    dar(?:se)? de baja|cancelar (?:la )?suscripci|disiscri|annulla.{0,12}iscrizione
    cancell?ar.{0,12}(?:inscrição|subscrição)|remover|descadastr|afmeld|uitschrijv
    avregistr|avprenumer|avanmäl|wypis|rezygn|配信停止|購読解除|登録解除
""")
CLICK = _either(r"""
    \bclick(?:ing)? (?:here|on|the|this|below)|klicken sie|hier klicken|cliquez|cliquer|cliquant
    haga clic|haz clic|clic aquí|pulse aquí|clicca|cliccando|fare clic|clique (?:aqui|no)
    klik (?:hier|op|dan)|klicka (?:här|på)|kliknij|クリック|<https?:
""")
OFFER = _either(r"""
    \b(?:reply|respond|answer)(?:ing)? (?:to this (?:e-?mail|mail|message) )?(?:with|by (?:writing|saying))\b
    antworten sie (?:bitte |einfach )?(?:auf diese .{1,20} )?mit\b
    répon(?:dez|dre) (?:simplement )?(?:à ce .{1,20} )?(?:avec|par)\b
    responda (?:simplemente |simplesmente )?(?:a este .{1,20} )?co[nm]\b
    rispond[ai] (?:semplicemente )?(?:a questa .{1,20} )?con\b
    antwoord (?:dan |gewoon )?(?:op deze .{1,20} )?met\b|svara (?:bara |på detta .{1,20} )?med\b
    odpowied(?:zieć|z|ź) .{0,30}(?:słowem|wpisując|treścią)|odpisz .{0,20}słowem
    と(?:だけ)?ご?返信(?:して)?(?:いただければ|ください|下さい)
""")
"""How a mail offers a way out. Who takes it speaks otherwise."""
