"""How mail systems say that a mail did not arrive, whose fault it is and that they still try, in the words they use."""

from camd.mail.phrases import phrases

FAILED_SUBJECT = phrases(
    """
    # en
    undeliver(able|ed)*
    non(-| |)deliver(y|able)
    deliver(y|ing) ~(fail|error|problem|unsuccessful|incomplete|impossible|not possible)*
    delivery (status |)(notification|report)
    delivery status
    (mail|message|email|e-mail) deliver(y|ing) (fail|system|problem|error|status|subsystem)*
    (mail|message|email|e-mail) (was |has been |could |is |)(not (be |been |)delivered|undelivered|rejected|returned
        |bounced)
    (mail|message|email|e-mail) (delivery |system |)(failure|error)
    (message|mail|email|e-mail) (you sent |was |has been |is |)(blocked|rejected|bounced|quarantined)
    returned (mail|message|e-mail|email|to sender)
    return(ing|ed) (message |mail |)to sender
    fail(ure|ed) (notice|delivery|mail|message)
    failed to deliver
    could( not|n't) (be |)(send|sent|deliver|delivered)
    (unable|cannot|can't|couldn't) ~deliver*
    recipient (rejected|unknown|not found|address rejected)
    user unknown
    address not found
    bounced (mail|message|email)
    message undeliver*
    mailbox (is |)(full|unavailable|not found)
    rejected: *
    rejected (mail|message)
    ndn:
    # de
    unzustellbar*
    nicht (zustellbar|zugestellt)*
    zustell(ung|ungs|bar)* ~(fehlgeschlagen|fehler|gescheitert|nicht moglich|fehlerhaft|problem)*
    (mail|nachricht|e-mail) konnte nicht *
    zustellungsstatus*
    (benachrichtigung|mitteilung) (zum|uber den) (zustell|ubermittlungs|zustellungs)*status
    zustellungsbenachrichtigung*
    zustell(bericht|fehler)*
    # fr
    non (remis|delivre|distribu)*
    (echec|erreur) ~(remise|distribution|livraison|delivrance|envoi)
    (notification|avis|rapport) ~(non-remise|remise|non distribution|etat de remise|non-distribution)
    message ~(pas pu etre|n'a pu etre|n'a pas ete) (remis|delivre|distribue|envoye)
    impossible (de remettre|a remettre|de distribuer)
    # es
    no se (puede|pudo|ha podido|pueden) ~entregar*
    no entregad*
    (mensaje|correo) ~(no entregado|no entregable|devuelto|rechazado)
    (error|fallo|fallos|problema) (de|en|al) ~entreg*
    (notificacion|informe) ~(estado de entrega|no entrega|entrega)
    devolucion de(l|) (correo|mensaje)
    # it
    non recapit*
    (mancat|impossibil)* ~(recapit|consegn)*
    (consegna|recapito) (non riuscit|fallit|impossibil)*
    (errore|problema) (di|nella|durante la) (consegna|recapito)
    notifica (di|sullo|dello) stato *
    (notifica|rapporto) ~(mancato recapito|mancata consegna|stato del recapito|stato recapito|stato consegna)
    messaggio ~(non consegnato|non recapitato|respinto)
    # pt
    nao (e |foi |pode ser |)(possivel |)(entregar|entregue|entregavel)
    (falha|erro|problema) (na|de|no|ao) (entrega|entregar|envio)
    (mensagem|e-mail|email) ~(nao entregue|devolvid|rejeitad)*
    (notificacao|relatorio) (de|do|sobre) (status|estado|nao|falha) ~entrega
    # nl
    (onbestelbaar|onbezorgbaar)*
    (niet|kan niet) (worden |)(bezorgd|afgeleverd|besteld)
    (bezorging|aflevering|bezorgings)* ~(mislukt|fout|niet)*
    (bezorgingsstatus|afleverstatus|afleverings|statusmelding)*
    # sv, da, no
    (kan|kunde|gick) (inte|ej|ikke) ~(lever)*
    (ej|inte|ikke) (levererat|leverbar|leveret|levert)*
    (olevererbar|oleverer|leveransfel|leveransmisslyckande|ulevert|uleveret)*
    (leverans|levering) ~(misslyck|mislyk|fejl|feil)*
    (meddelande|statusmeddelande) om (leverans|leveransstatus)
    # pl
    (niedostarcz|niedoreczon)*
    nie (mozna|udalo sie|zostala|zostalo|zostal) ~(dostarcz)*
    (blad|niepowodzenie) (dostarcz|doreczen)*
    zwrot (wiadomosci|poczty|listu)
    powiadomienie o (stanie|niedostarczeniu) *
    # ja, zh
    配信不能
    配信(に失敗|できません|されません|エラー|失敗|状態)
    (配送|送信|配達)(エラー|不能|失敗|できません)
    (未配信|不達|宛先不明|届きませんでした|送信できませんでした)
    退信
    (投递|投遞|发送|寄送)失败
    (无法|未能)(投递|送达|发送)
    # ru, cs, fi, tr, hu
    недоставлен*
    не (удалось доставить|доставлено|может быть доставлено)
    nedorucitel*
    (toimitus epaonnistui|ei voitu toimittaa|toimittaminen epaonnistui)
    teslim edilemedi
    kezbesithetetlen*
    """
)

FAILED_TEXT = phrases(
    """
    # en
    (message|mail|email|e-mail|letter)~ (could not|couldn't|cannot|can't|can not|was not|wasn't|has not been
        |could not have been) (be |)(been |)deliver*
    (could not|couldn't|cannot|unable to|was unable to|wasn't able to|were unable to|failed to
        |not able to) (be |)deliver*
    delivery (to ~|)(has |have |)(failed|was aborted|is aborted)
    (mail|message) delivery (failed|failure)
    (permanent|fatal) (failure|error|errors|delivery failure)
    undeliver(able|ed)
    this is a permanent error
    returned (message|mail|to sender)
    (did not|didn't) reach the following recipient*
    (was|were|has been) (not delivered|rejected by|returned to)
    (error|reply|response) (from|returned by) ~(server|system|host) ~(was|is)
    remote server returned
    remote host said
    (had|has) (permanent|fatal|delivery) (fatal |)(errors|problems)
    (user|recipient|host|mailbox|address)~ (unknown|not found|does not exist|doesn't exist|rejected)
    wasn't found at
    couldn't be found
    the following (address|addresses|recipient|recipients) (failed|could not|had)*
    (message|mail|email|e-mail) (you sent |)(was |has been |)(rejected|blocked|bounced|quarantined)
    (message|mail|email|e-mail)~ (was|has been) (automatically |)(rejected|blocked|bounced|quarantined|returned)
    # de
    (nachricht|mail|e-mail) ~(konnte|kann|konnten|wurde) ~nicht ~(zugestellt|ubermittelt|ausgeliefert|gesendet)
    (zustellung|ubermittlung) ~(fehlgeschlagen|gescheitert|nicht moglich|abgebrochen)
    (ist|war|bei) (bei |)(der|den) ~(empfanger|zustellung) ~(fehler|fehlgeschlagen)
    empfanger ~(nicht gefunden|unbekannt|existiert nicht)
    # fr
    (n'a|n'ont) (pas |)(pu|ete) ~(remis|delivre|distribue|achemine|envoye|trouve)*
    (echec|impossible) ~(remise|remettre|distribution|distribuer|livraison)
    # es
    no (se |)(pudo|pudieron|ha podido|puede|ha sido|fue|ha sido posible) ~(entreg)*
    (error|fallo) (en|al|de) (la |)(entrega|entregar)
    # it
    (non|impossibile) (e stato |e possibile |puo essere |ha potuto essere |possibile |)~(recapitar|recapitat|consegnar
        |consegnat|recapito)*
    # pt
    (nao|impossivel) (foi |pode |p(o|u)de |foi possivel |)~(entregue|entregar)
    # nl
    (kon|kan|konden|is|werd) ~niet ~(bezorgd|afgeleverd|besteld|worden bezorgd)
    # sv, da, no
    (kunde|kan|gick|har) (inte|ikke) ~(lever)*
    # pl
    nie (mozna|udalo sie|zostala|zostalo|mogla) ~(dostarcz|dorecz)*
    # ja, zh
    (配信|配送|配達|送信|お届け)(でき|され)(ません|ない|なかった)
    配信(に失敗|不能)
    (投递|发送)失败
    (无法|未能|被)(投递|送达|退回|发送)
    # ru
    не (удалось|может быть|была|было) ~доставлен*
    """
)

DELAYED = phrases(
    """
    # en
    delivery ~(delayed|incomplete|postponed|has not yet)
    (mail|message|email|delivery|transient)~ (is |has been |was |)(delayed|deferred)
    delivery (status |)notification~(delay|delayed)
    (status|remise|entrega|recapito|zustellung|ubermittlung)*~(verzoger|retard|retras|ritard|atras|vertrag|forsen|opozn)*
    delayed (mail|message|delivery)
    (still|will) (be |)(being |continue |)(retry|retried|retrying|trying|to try|keep trying|attempt)*
    warning: ~(could not|delayed|still|queued|has not)
    could not (be |)(send|sent|deliver|delivered) (message |)for (the |)(past|last)
    this is a warning message only
    you do not need to resend
    (has|have) not (yet |)been delivered ~yet
    not yet been delivered
    temporar(y|ily) (problem|error|failure|unable) deliver*
    transient delivery failure
    will (be retried|retry|continue|keep)
    delivery attempts will continue
    no action is required on your part
    # de
    (zustellung|nachricht|verzogert)~ (verzoger|verspat)*
    verzogerte (zustellung|nachricht)*
    (zustellungs|ubermittlungs|)verzogerung:
    noch nicht (zugestellt|ubermittelt|erfolgt)
    wird ~(weiter|weiterhin|erneut) ~(versuch|zuzustellen)*
    # fr
    (remise|distribution|message|livraison)~ (differe|retarde|en retard)*
    (retard|delai) (de|dans la|a la) (remise|distribution|livraison)
    (n'a|n'ont) pas encore (ete|pu)
    # es
    (entrega|mensaje|envio)~ (retrasad|demorad|aplazad|retras|pospuest)*
    retraso (en|de) (la |)entrega
    (todavia|aun) no (se ha|ha sido|se pudo) *
    # it
    (consegna|recapito|messaggio)~ (ritardat|in ritardo|posticipat|rinviat)*
    ritardo (nella|nel|di) (consegna|recapito)
    non (e |)(stato |)ancora (stato |)(recapitat|consegnat)*
    # pt
    (entrega|mensagem|envio)~ (atrasad|adiad|retardad)*
    atraso (na|de|da) entrega
    ainda nao (foi|pode) *
    # nl
    (bezorging|aflevering|levering|bericht)~ (vertraagd|uitgesteld)
    vertrag(ing|d)* ~(bezorg|aflever)*
    nog niet (bezorgd|afgeleverd)
    # sv, da, no
    (leverans|levering|meddelande)* ~(fordroj|forsen|forsinke|forsink)*
    (annu inte|endnu ikke|enna ikke) *
    # pl
    (dostarcz|dorecz|wiadomosc)* ~(opozni|wstrzyman)*
    opozni(enie|one|ona) (dostarcz|dorecz|w dostarcz)*
    jeszcze nie zosta(la|lo|l) *
    # ja, zh
    配信(の遅延|遅延|が遅れ|が遅延)
    遅延(通知|して)
    (再送|再試行|引き続き)~(試み|します|ます)
    延迟(投递|通知)
    # ru
    (задержка|отложена) (доставки|доставка)
    """
)
"""Only the first lines say so; a failure at last may tell how long it was delayed."""

UNKNOWN_THERE = phrases(
    """
    # en
    (user|recipient|mailbox|address|account|domain|host|person|alias|local part)('s address|s|) ~(is |was |)(unknown
        |not known|not found|unrecognized|nonexistent|non-existent|non existent)
    (user|recipient|mailbox|address|account|domain|host|person|server|alias)~ (does not|doesn't|do not|don't|did not
        |didn't) (seem to |appear to |)exist
    (couldn't|could not|can't|cannot|wasn't|was not|isn't|is not) (be |)found (at|in|on|by)
    (recipient|user|address|mailbox|account|domain)~ (couldn't|could not|can't|cannot|wasn't|was not) (be |)found
    (no such|unknown|nonexistent|non-existent|invalid or unknown) (local |virtual |)(user|recipient|mailbox|address
        |account|domain|host|person|alias|addressee)
    (no|not a valid|unknown or illegal) (mailbox|user|alias|account) (here |)(by that name|with that name|named
        |of that name|for)*
    no mailbox here *
    no (account|mailbox|user) by that name
    no one at (this|that) address
    not a (known|valid|local) (user|mailbox|recipient|address|account)
    (recipient|user|address) is not local
    (invalid|bad) (recipient|mailbox|user)
    unknown (local( |-)part|e-mail address|email address)
    not listed in (the |)(domino directory|public name & address book|public name|directory|address book)
    doesn't have (a|an) ~account
    does not have (a|an) ~account
    unrout(e|)able (mail |)(address|domain)
    addressee unknown
    (mx|dns)~ (non-existent|nonexistent) (hosts|host|domain)
    couldn't find (any |a |)(host|domain|mail exchanger) *
    (host|domain) or domain name not found
    dns domain ~does not exist
    nxdomain
    there is no (user|one|account|mailbox|such) *
    badly formed or does not exist
    # de
    (empfanger|benutzer|adresse|postfach|konto|domain|domane|adressat)* ~(unbekannt|nicht bekannt|existiert nicht
        |nicht vorhanden|nicht gefunden|nicht auffindbar)
    (unbekannter|unbekannte|kein solcher|kein) (empfanger|benutzer|adresse|adressat|nutzer)
    # fr
    (utilisateur|destinataire|adresse|domaine|boite|compte)* ~(inconnu|n'existe pas|introuvable|inexistant
        |n'a pas ete trouve|n'a pas pu etre trouve)*
    # es
    (usuario|destinatario|direccion|dominio|buzon|cuenta)~ (desconocid|no existe|inexistente|no se encontr
        |no se ha encontrado|no encontrad|no pudo encontrarse)*
    (no existe|no se encontro|no se ha encontrado|no se encuentra) (el |la |)(usuario|destinatario|direccion|dominio
        |buzon|cuenta)
    # it
    (utente|destinatario|indirizzo|dominio|casella|account)~ (sconosciut|non esist|inesistente|non e stato trovato
        |non trovat|non e stata trovat)*
    # pt
    (usuario|utilizador|destinatario|endereco|dominio|conta|caixa)~ (desconhecid|nao existe|inexistente
        |nao foi encontrad|nao encontrad)*
    # nl
    (gebruiker|ontvanger|geadresseerde|adres|domein|postvak|account)~ (onbekend|bestaat niet|niet gevonden|niet bekend)
    onbekende (gebruiker|ontvanger)
    # sv, da, no
    (anvandaren|mottagaren|adressen|domanen|kontot|modtageren|brugeren|mottakeren)* ~(okand|finns inte|hittades inte
        |gick inte att hitta|findes ikke|ukendt|finnes ikke|ukjent)
    okand (mottagare|anvandare)
    # pl
    (uzytkownik|adresat|odbiorc|adres|domen|skrzynk|kont)* ~(nieznan|nie istnieje|nie znalezion|nie zosta
        |nie odnalezion)*
    (nieznany|nie ma takiego) (uzytkownik|adresat|odbiorca|uzytkownika|adresata|odbiorcy)
    # ja, zh
    (宛先|受信者|ユーザー|アドレス|メールアドレス|ドメイン)~(存在しません|見つかりません|見つかりませんでした|不明)
    (收件人|用户|帐户|账号|邮箱|邮箱地址|域名)~(不存在|未找到|无效)
    # ru
    (пользовател|получател|адрес|ящик|домен)* ~(не найден|не существует|неизвестен)*
    """
)

FULL = phrases(
    """
    (mailbox|inbox|account|user|quota|storage|disk)~ (full|exceeded|over quota|out of storage|overquota|over its quota)
    (over|exceed|exceeds|exceeded|exceeding)( the| its| his| their|) ~(quota|storage|mailbox size|disk)
    (quota|size limit) exceeded
    overquota
    not enough (storage|space|disk)
    insufficient (system |)storage
    postfach ~(voll|uberfullt)
    speicher(platz|)~ (uberschritten|erschopft|voll)
    boite ~pleine
    (buzon|casilla)~ llen*
    casella ~piena
    caixa ~cheia
    (postvak|mailbox) ~vol
    (brevlada|inkorg)* ~full
    skrzynk* ~(pelna|przepelnion)*
    (容量|メールボックス)~(超過|超え|いっぱい|不足)
    邮箱(已满|空间不足|容量)
    """
)

REFUSES_SENDER = phrases(
    """
    spam
    spamhaus
    (black|block)( |-|)list*
    rbl
    dnsbl
    (bad|poor|low) reputation
    (sender|client|ip|domain)~ reputation
    (ip|sender|host|address|domain|message|mail|content|connection|you)~ (is |was |has been |been |)(blocked
        |blacklisted|blocklisted|banned)
    (blocked|rejected|refused|denied|prohibited) (by|due to|because of|for) ~(policy|filter|content|reputation|spam
        |abuse|security|dmarc|spf|administrator)
    (bulk email|content|spam|virus|malware) filter
    (spf|dkim|dmarc)~ (fail|check|reject|policy|permerror|not pass|did not pass|unauthenticated)*
    (relay|relaying) (access |)(denied|not permitted|not allowed|prohibited)
    unable to relay
    not (allowed|permitted|authorized|authorised) to (send|relay|submit)
    (access|permission) denied
    (policy|security) (violation|reasons|restriction|rejection)
    (daily|hourly|sending) ~(limit|quota) ~(exceeded|reached)
    (virus|malware|unsolicited|phishing|suspicious)*
    als spam *
    """
)

TRIED_IN_VAIN = phrases(
    """
    (timed out|timeout|time out|timedout)
    connection (refused|reset|lost|dropped)
    (too long|expired|retry timeout exceeded|retry time not reached)
    (could not|couldn't|unable to|cannot|not able to|can't) (connect|establish|contact|reach) *
    (temporar|transient)*
    (try|trying|tried) (again |)(later|for more than|for over)
    server (is |)(busy|unavailable|down)
    no route to host
    grey(-|)list*
    hop count exceeded
    """
)
