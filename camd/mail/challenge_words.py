"""How systems ask a sender to prove himself before they let a mail through, in the ten languages that camd reads."""

from camd.mail.phrases import phrases

PROOF = phrases(
    """
    # en
    (confirm|verify|prove|validate|show|check|ensure|certify) (that |)(you are|you're|you were|your being|yourself
        |the sender is|i'm|you) (indeed |really |actually |)(a |an |not |not a |)(real |genuine |)(human|person|robot
        |bot|spammer|machine|the sender|legitimate)*
    (not a|aren't a|isn't a) (robot|spammer|machine|computer)
    (complete|solve|enter|type|fill|pass) ~(captcha|verification|challenge|characters|word|code) *
    (captcha|verification) ~(deliver|delivered|release|inbox|continue)
    (to|order to) (have|get|ensure) your (message|email|e-mail|mail) (delivered|released|reaches)
    (your|the) (message|email|e-mail|mail) ~(will be|is being|has been|is|was) (held|quarantined|queued|delayed|kept
        |waiting|on hold|not yet delivered|intercepted) ~(until|confirm|verif|approv|authenticat|unless)*
    sender (verification|authentication|confirmation) (required|request|needed|is required)
    (simply |just |please |)reply to this (message|email|e-mail|mail|confirmation) ~(deliver|release|confirm|verify
        |authenticat|be accepted)*
    (protect|protected|protecting|guarded|using) ~(by |from |)(spam arrest|boxbe|tmda|choicemail|mailinblack|sendio
        |challenge)*
    is using (boxbe|spam arrest|choicemail|tmda)
    one-time (verification|authentication|request|confirmation)
    # de
    (bestatigen|beweisen|weisen|versichern) sie ~(mensch|kein (roboter|spammer|automat)|person|absender|zustell)*
    dass sie (ein mensch|kein roboter|kein automat|kein spammer|eine (echte |reale )person)
    # fr
    (confirmez|prouvez|validez|verifier|confirmer|prouver|valider|attester)* ~(humain|robot|personne|expediteur)*
    que vous (etes|n'etes) (bien |pas |)(un |une |)(humain|etre humain|personne|robot|automate)*
    # es, pt, it
    (confirme|verifique|demuestre|confirmar|comprove|prove|demostrar|comprovar) ~(humano|humana|persona|robot|robo
        |pessoa
        |remetente|remitente)*
    (que |)(no|nao) (es|e) (usted |)(um|un) (robot|robo)
    (confermi|confermare|verifichi|dimostri|verificare) ~(umano|persona|robot|mittente)
    # nl, sv, pl
    (bevestig|bewijs|verifieer|bevestigen|bewijzen) ~(mens|robot|spammer|persoon|afzender)
    (bekrafta|verifiera|bevisa|intyga) ~(manniska|robot|person|avsandare)*
    (potwierdz|udowodnij|zweryfikuj|potwierdzenie|potwierdzic)* ~(czlowiek|robot|nadawc|osob)*
    # ja
    (人間|ロボットでは|送信者)~(確認|認証|証明)
    """
)
"""What shows a challenge where a machine says it."""

STEP = phrases(
    """
    # en
    (click|follow|visit|open|use|tap|press|go to|clicking|following|visiting) ~(link|button|here|below|url|page|site
        |website)
    (click|visit|go to|visiting) ~address
    (confirm|verify|authenticate|validate|identify|introduce|confirming|verifying|authenticating|identifying) (your
        |yourself|that|it|this|by|you|the|once|who)*
    (request|requesting|ask for|apply for|seek) ~(approval|access|permission|authorisation|authorization|to be added)
    (enter|type|fill|complete|solve|answer|pass|copy|entering|typing|completing|solving|answering) ~(captcha|form
        |characters|code|letters|numbers|word|puzzle|question|test|digits|image|picture)
    (characters|letters|code|digits|word|words) (shown|displayed|you see|in the|below)
    (hit|press) reply
    (reply|respond|replying|responding) (to this|to the|with|by|once) *
    (send|return|sending) (an empty|a blank|back) *
    (make a donation|donate|donating)
    # de
    (klicken|folgen|offnen|rufen|nutzen|besuchen|verwenden) (sie|bitte) *~(link|hier|schaltflache|button|adresse|seite
        |knopf)
    (hier|link|button|schaltflache)~ (klicken|anklicken|bestatigen|freischalten)
    (klick|anklicken|anklicks)*
    (bestatig|verifizier|authentifizier|identifizier|legitimier)*
    (geben|tragen|tippen) sie ~(zeichen|code|ziffern|buchstaben|wort|losung)
    (angezeigten|angezeigte|abgebildeten|folgenden|folgende) (zeichen|code|ziffern|buchstaben|wort)
    (antworten sie|antworte|beantworten sie) (einfach |bitte |)(auf |)(diese|die) *
    # fr
    (cliquer|cliquez|cliquant|suivre|suivez|suivant|visiter|visitez|rendez-vous|ouvrir|ouvrez) ~(lien|ici|bouton|adresse
        |page|dessous)
    (authentifi|identifi|validez|valider|validant|confirmez|confirmer|confirmant)*
    (saisir|saisissez|saisissant|recopier|recopiez|recopiant|entrez|entrer|tapez|resoudre|resolvez) ~(caracteres|code
        |mot|chiffres|lettres|captcha|image)
    (caracteres|code|mot|lettres|chiffres) (affiche|suivant|ci-|indique)*
    (repondez|repondre|repondant) (simplement |)a ce *
    # es, pt
    (haga clic|hacer clic|haciendo clic|pulse|pulsar|pulsando|clique|clicar|clicando|siga|acceda|acesse|aceda|visite
        |abra|toque) ~(enlace|link|ligacao|aqui|boton|botao|endereco|direccion|pagina|abaixo|siguiente|seguinte)
    (confirme|confirmar|confirmando|verifique|verificar|valide|validar|autentique|autenticar|identifique|identificarse
        |identificar-se) *
    (escriba|escribir|introduzca|introducir|teclee|digite|digitar|insira|inserir|preencha|resuelva|resolva
        |copie) ~(caracteres|codigo|letras|numeros|palabra|palavra|captcha|imagen|imagem|formulario)
    (caracteres|codigo|letras|palabra|palavra) (que aparece|mostrad|abaixo|siguiente|seguinte|da imagem|de la imagen)*
    (responda|responder|respondendo|respondiendo) a (este|esta) *
    # it
    (clicchi|clicca|cliccare|cliccando|faccia clic|fare clic|facendo clic|prema|segua|visiti|apra|seguire) ~(link|qui
        |pulsante|collegamento|indirizzo|pagina|seguente|sotto)
    (confermi|confermare|conferma|confermando|verifichi|verificare|autentichi|autenticarsi|si identifichi|validare) *
    (inserisca|inserire|inserendo|digiti|digitare|scriva|compili|risolva) ~(caratteri|codice|lettere|parola|cifre
        |captcha|immagine|modulo)
    (caratteri|codice|lettere|parola) (che vede|mostrat|seguente|dell'immagine|visualizzat)*
    (risponda|rispondere|rispondendo) a (questo|questa) *
    # nl
    (klik|klikt|klikken|volg|bezoek|open|gebruik) ~(link|koppeling|hier|knop|adres|pagina|onderstaande
        |hieronder)
    link ~(klik|aanklik)*
    (code|tekens|letters|woord) ~in te *
    (bevestig|verifieer|verifieren|identificeer|identificeren|authenticeer)*
    (voer|vul|typ|tik|los) ~(tekens|code|letters|cijfers|woord|captcha|afbeelding|formulier)
    (antwoord|beantwoord|reageer) (gewoon |eenvoudig |)(op |)(dit|deze) *
    # sv
    (klicka|folj|besok|oppna|anvand|tryck) ~(lank|har|knapp|adress|sida|nedan)*
    (bekrafta|verifiera|identifiera|autentisera|godkann) *
    (ange|skriv|fyll|los|mata) ~(tecken|kod|bokstav|siffr|ord|captcha|bild|formular)*
    (svara|besvara) (bara |)(pa |)(detta|det har) *
    # pl
    (kliknij|kliknac|klikniecie|klikajac|kliknac|otworz|otworzyc|przejdz|odwiedz|uzyj|nacisnij) ~(link|tutaj|przycisk
        |adres|stron|ponizej|odnosnik|lacze)*
    (potwierdz|zweryfik|uwierzyteln|zidentyfik)*
    (wpisz|wpisac|wprowadz|wprowadzic|przepisz|przepisac|podaj|rozwiaz) ~(znak|kod|liter|cyfr|slow|captcha|obraz)*
    (odpowiedz|odpowiedziec|odpisz|odpisac) na (te|ten|niniejsz)*
    # ja
    (クリック|タップ|アクセス|下記(の|より)|以下の(リンク|url)|次の(リンク|url)|返信して|入力(して|し|の)|認証(して|を)|確認(して|を)|承認|登録(して|を))
    """
)
"""What the sender is asked to do."""

PASSAGE = phrases(
    """
    # en
    (your|the|this) (message|messages|email|emails|e-mail|e-mails|mail) ~(held|on hold|in quarantine|quarantined
        |intercepted|stopped by|waiting to be|in a holding area)
    (waiting|waits|pending|awaiting|held|kept) (for |until |)(your |you |)(confirmation|verification|approval
        |authentication
        |confirm|verify|authenticate|reply)
    (your|the|this) (message|email|e-mail|mail) ~not yet (been |)(delivered|released|accepted|let through|reached)
    (your|the|this) (message|email|e-mail|mail) ~(not|hasn't|wasn't|isn't) (been |)(delivered|released|accepted
        |let through|reached) ~(yet|until|unless)
    (have|get|let|make sure|ensure|before|until|once|so|then|and) ~your (message|messages|email|emails|e-mail|e-mails
        |mail) ~(delivered|released|through|reach|reaches|arrives|passes|accepted|inbox)
    (so|before|until) (that |)(i|he|she|we|they) (can|will|may|could) ~(receive|see|get|read) your *
    (yours|it|this one) (is|was|has been|stays) (being |)(held|parked|kept|stopped|quarantined|put aside|set aside)
    (it|they|yours) (will|can|may) (then |)(reach|get to|get through|arrive|be delivered|come through|go through)
    (confirm|authenticate|validate|approve) (your|this|the) (message|delivery|sending)
    (to|will) (let|allow) (it|your *) (through|in)
    (deliver|release) (your|this|the) (message|messages|email|emails|e-mail|mail)
    (message|email|e-mail|mail) (will|can|may|is) (then |only |now |)(be |)(delivered|released)
    (not|aren't|isn't) ~(on|in|among) (his|her|my|our|their|the) ~(list|contacts|address book|senders)
    (added|add|adds|put|placed) ~(guest|white|safe|allow|allowed|approved|trusted|contact) (list|senders|contacts)
    (whitelisted|allowlisted|white-listed|safe-listed)
    (reach|get into|get to|land in|delivered to) (my|his|her|our|the|their) inbox
    # de
    (nachricht|mail|e-mail|email) ~(noch nicht|bisher nicht|erst) ~(zugestellt|ausgeliefert|weitergeleitet|angenommen
        |freigegeben)
    (nachricht|mail|e-mail|email) ~(zuruckgehalten|in quarantane|wartet auf|angehalten)
    (damit|bevor|um|dann|danach|anschliessend) ~(ich|nachricht|mail|e-mail|email|sie) ~(erreicht|zugestellt|zustellen
        |zuzustellen|ausgeliefert|freigegeben|freizugeben|durchgelassen|ankommt|empfange|empfangen|erhalte|erhalten)
    (zustellung|auslieferung|freigabe|freischaltung) (ihrer|der|dieser|ihre) (nachricht|mail|e-mail|email)
    (liste|adressbuch|kontakten) ~(erlaubter|zugelassener|bekannter|vertrauenswurdiger|aufgenommen|freigeschaltet)
    # fr
    (message|mail|courriel|e-mail|email|envoi) ~(en attente (de |d')(validation|confirmation
        |authentification|votre|livraison|distribution|remise)|mis en attente|en quarantaine|retenu|bloque|suspendu)
    (message|mail|courriel|e-mail|email) ~(pas encore|n'a pas) ~(remis|distribue|delivre|transmis|achemine|parvenu)
    (pour|afin|avant|ensuite) ~(message|messages|mail|mails|courriel|courriels|e-mail|email|envoi) ~(parvien|remis
        |distribu|delivr|transmis|arriv|achemin|recu|libere|debloqu)*
    (pour|afin) (que je|que nous|qu'il|qu'elle) ~(recoive|recevoir|remis|delivr|distribu|parvien|transmis)*
    (debloquer|liberer|delivrer|distribuer|remettre|acheminer) (votre|le|ce) (message|mail|courriel|e-mail|email|envoi)
    (valider|validez|confirmer|confirmez|authentifier|authentifiez) (votre|le|ce|cet|l') *(envoi|message|courriel)
    (liste blanche|expediteurs (autorises|approuves|de confiance))
    # es
    (mensaje|correo|e-mail|email) ~(retenido|en cuarentena|en espera|pendiente de|bloqueado|aun no|todavia no|no ha sido
        |no se ha)
    (para|antes|entonces|despues|hasta) ~(mensaje|correo|e-mail|email) ~(entreg|llegu|llega|recib|liber|acept)*
    para que (yo |)(reciba|recibamos|pueda recibir|podamos recibir|pueda leer) *
    (entregar|liberar|recibir|desbloquear) (su|el|este|tu) (mensaje|correo|e-mail|email)
    (lista blanca|remitentes (autorizados|permitidos|de confianza))
    # pt
    (mensagem|e-mail|email|correio) ~(retida|retido|em quarentena|em espera|pendente de|bloquead|ainda nao|nao foi
        |aguarda)*
    (para|antes|depois|entao|ate) ~(mensagem|e-mail|email|correio) ~(entregue|encaminhad|chegue|chegar|recebid|liberad
        |aceite|aceit)*
    para que (eu |nos |)(receba|recebamos|possa receber|possamos receber|possa ler) *
    (entregar|liberar|receber|desbloquear|encaminhar) (a |o |)(sua|seu|esta|este) (mensagem|e-mail|email)
    (lista branca|remetentes (autorizados|permitidos|confiaveis))
    # it
    (messaggio|e-mail|email|mail) ~(in attesa|trattenut|in quarantena|bloccat|sospes|non e (ancora |)(stat))*
    (per|affinche|prima|poi|finche) ~(messaggio|e-mail|email|mail) ~(consegnat|recapitat|arriv|ricev|inoltrat|sbloccat
        |rilasciat)*
    (perche|affinche) (io |)(possa|riceva|possiamo|riceviamo) *
    (consegnare|recapitare|sbloccare|rilasciare|ricevere) (il|la|questo|questa|l') *(messaggio|e-mail|email|mail|suo
        |sua)
    (lista bianca|mittenti (autorizzati|approvati|attendibili))
    # nl
    (bericht|mail|e-mail|email) ~(vastgehouden|in quarantaine|nog niet|wacht op|in de wacht|tegengehouden)
    (bericht|mail|e-mail|email) ~pas ~(bezorg|afgelever|doorgelat|ontvang)*
    (af te leveren|te bezorgen|door te laten|vrij te geven|te ontvangen|laten bezorgen|laten afleveren|alsnog bezorgd)
    (om|zodat|voordat|daarna|dan|pas) ~(ik|bericht|mail|e-mail|email) ~(bezorg|aflever|afgelever|ontvang|doorgelat
        |bereik
        |vrijge)*
    (bezorgen|afleveren|vrijgeven) van (uw|je|het|dit) *
    (toegestane|goedgekeurde|vertrouwde|bekende) (afzenders|lijst)
    # sv
    (meddelande|mejl|mail|e-post|mejlet|meddelandet) ~(inte levererat|annu inte|inte annu|i karantan|vantar pa
        |halls kvar
        |hallits|stoppat|har stoppats|har inte)
    (for att|innan|sa att|darefter|sedan) ~(jag|meddelande|mejl|mail|e-post)* ~(levereras|komma fram|nar fram|na fram
        |ta emot|slappas)
    (leverera|slappa igenom|frige) (ditt|meddelandet|mejlet|ert) *
    (godkanda|betrodda|tillatna) (avsandare|listan)
    # pl
    (wiadomosc|mail|e-mail|email) ~(zatrzyman|wstrzyman|w kwarantannie|oczekuj|czeka na|jeszcze nie|nie zostala jeszcze
        |nie zostala dostarczona)*
    (abym|zebym|abysmy|zebysmy) ~(otrzym|odebr|odczyt|przeczyt)*
    (aby|zeby|zanim|wtedy|nastepnie) ~(wiadomosc|mail|e-mail|email)* ~(dostarcz|dotar|dotrz|doszl|przekaz|otrzym|zwoln)*
    (dostarczyc|zwolnic|odebrac) (twoj|te|panstw|pan)* (wiadomosc|e-mail|email|mail)
    (biala|bialej) (lista|liste|liscie)
    (aby|zeby) (zostala|byla|mogla) (byc |)(dostarczon|doreczon|przekazan)*
    (zaufanych|dozwolonych|zatwierdzonych) nadawcow
    # ja
    (メール|メッセージ)~(保留|隔離|まだ(配信|届)|未配信|配信されて(い|お)|届いて(い|お)ません|お届けでき(て|ま))
    (メール|メッセージ)(を|が|は)~(配信|お届け|受信|届)(する|くため|できる|され|いたし|します)
    (許可リスト|ホワイトリスト|承認済み)
    """
)
"""What it is good for: the mail's own way to the person whom it was for."""

STRANGER = phrases(
    """
    # en
    (you (only |)(have|need)|only) ~(to |)(do|confirm|verify|complete|sent) ~once
    (just|only) this once
    won't have to do (this|it|so) again
    (people|senders|addresses|someone|somebody|anybody|anyone) (whom |that |who |)(i|we|he|she|they) (do not|don't
        |does not
        |doesn't) (yet |)know
    (approved|known|verified|trusted|authorised|authorized|registered|unknown|unrecognised|unrecognized
        |first-time) senders*
    (first|never) (time |)(you |that you |)(have |)*(written|write|contacted|mailed|emailed) (to |)(me|us|him|her|this)
    (protect|protecting|protects|protected|reduce|avoid|prevent|fight|stop|against|much|lot of|receiving|not) ~(spam
        |junk mail|junk e-mail|junk email|unsolicited)
    # de
    (nur|lediglich) ~einmal*
    (unbekannte|unbekannten|bekannte|bekannten|zugelassene|zugelassenen) absender*
    zum ersten mal
    (um|gegen|vor|kein|keine|viel|viele) ~(spam|spam-mails|werbemails|werbung) *
    # fr
    (qu'une (seule |)fois|une seule fois)
    (expediteurs|correspondants) (inconnu|autorise|approuve|connu)*
    (pas encore|pas) (connu|connue|reference|referencee|enregistre|enregistree|autorise|autorisee) *
    (contre|eviter|trop de|lutter contre) ~(spam|spams|pourriel|pourriels|indesirable|indesirables)
    # es, pt, it
    (solo una vez|una sola vez|una unica vez|uma (unica|so) vez|una sola volta|una volta sola)
    (remitente|remitentes|remetente|remetentes|mittente|mittenti) (desconocid|desconhecid|sconosciut|autorizad
        |autorizzat
        |conocid|conhecid|conosciut)*
    (primera|primeira|prima) (vez|volta)
    (evitar|evitare|contra|contro|demasiado|muito|troppo) (el |o |lo |os |la |il |)(spam|correo no deseado|lixo
        |posta indesiderata)
    # nl
    (eenmalig|maar een keer|slechts een keer|slechts eenmaal)*
    (onbekende|bekende) afzenders*
    (voor het eerst|voor de eerste keer)
    (tegen|voorkomen|veel|geen) ~(spam|spammer|ongewenste) *
    # sv
    (bara en gang|endast en gang|okanda avsandare|forsta gangen)
    (mot|undvika|mycket|inte) ~(spam|skrappost)
    # pl
    (tylko raz|jednorazow|nieznanych nadawc|znanych nadawc|po raz pierwszy)*
    (przed|przeciw|unikna|duzo) ~(spam|spamem|spamu|spamowi)
    # ja
    (一度だけ|一回だけ|初回のみ|初めて|初めての方|迷惑メール(対策|防止))
    """
)
"""Why a machine that is known for one asks it: spam, a sender who is not known, and that it is for this once."""

SUBJECT = phrases(
    """
    # en
    (please |)(confirm|verify|authenticate|validate) (your |this |the |)(message|email|e-mail|mail|sender|delivery
        |identity|you)*
    (confirm|confirmation|verification|authentication|authorization|challenge|captcha) (required|needed|request
        |requested|of|for)
    (action|verification|confirmation|authorization) required
    (awaiting|waiting for|requires|pending) ~(verification|confirmation|approval|authentication)
    (message|mail|email) ~(held|quarantined|on hold|pending|blocked - )
    # de
    (bestatigung|freigabe|freischaltung)~ (erforderlich|notwendig|benotigt)
    bitte bestatigen
    # fr
    (validation|confirmation|authentification) ~(requise|necessaire|de votre|demande)
    demande (d'authentification|de confirmation|de validation)
    # es, pt, it
    (confirme|confirmar|confirmacion|confirmacao|verificacion|verificacao|verifique) ~(mensaje|mensagem|correo|envio
        |envio|identidad|identidade|requerida|necesaria|necessaria)
    (conferma|confermi|verifica|autenticazione) ~(messaggio|richiesta|identita|consegna|necessaria)
    # nl, sv, pl, ja
    (bevestig|bevestiging|verificatie) ~(bericht|vereist|nodig|identiteit|mail|e-mail)
    (bekrafta|bekraftelse|verifiering) ~(meddelande|mejl|kravs|identitet|mail)*
    (potwierdz|potwierdzenie|weryfikacja) ~(wiadomosc|wymagan|tozsamosc|nadawc|e-mail)*
    (送信者|メール)の?(確認|認証)(のお願い|が必要)
    """
)
