"""How people's notes say that they are away, in the ten languages that camd reads."""

from camd.mail.phrases import phrases

ABSENT = phrases(
    """
    # en
    (i am|i'm|i will be|i'll be|i shall be|am|is|are|we are|we're|will be|currently|be) ~out of (the |my |our |)office
    (out of|away from) (the |my |our |)office
    (i am|i'm|i will be|i'll be|am|is|currently|will be) ~(away|ooo
        |on (annual |sick |parental |maternity |paternity |medical |study |family |extended |)(leave|vacation|holiday
        |holidays|pto|sabbatical|a business trip|a trip)|travelling|traveling|on the road)
    (i am|i'm|i will be|i'll be|am|is|will be) (currently |temporarily |)(unavailable|not available|not in the office
        |not reachable|off work|off until)
    (on|my) (annual|sick|parental|maternity|paternity|medical|study|bereavement) leave
    out on (leave|vacation|holiday|pto|business)
    i (will not|won't|do not|don't|have no|have limited) ~(be in the office|have access|access to (my |)(e-mail|email
        |mail|emails|e-mails))
    (will not|won't|not) (be |)(check|read|monitor|access|answer)* (my |)(e-mail|email|mail|message|inbox)*
    (limited|no|intermittent|sporadic|little) access to (my |)(e-mail|email|mail|emails|e-mails|messages)
    (office|company|shop|practice) (is|will be) closed (from|until|for|between|on|over)
    i (will |'ll |)(be |am |)(back|return|returning) (in |to |at |)(the |my |)(office|work|desk)
    (vacation|holiday|leave) (notice|message|notification|responder)
    (out|away|off) (today|tomorrow|until|till|this week|next week|all (day|week)|the whole (day|week))
    # de
    (ich |)(bin|befinde mich|werde|ist|sind|bleibe) ~(im urlaub|in urlaub|auf urlaub|abwesend|ausser haus
        |nicht (mehr |)(im|in) (buro|haus|hause|office|unternehmen)|nicht am platz|auf (dienst|geschafts)reise
        |in elternzeit|im mutterschutz|im krankenstand|krankgeschrieben|verreist|nicht erreichbar
        |nicht verfugbar|nicht anwesend|out of office)
    (im|meinem|meines|wegen|unseres|unserem) (urlaub|urlaubs|jahresurlaub|betriebsurlaub|betriebsferien|erholungsurlaub)
    (bin|sind|ist) ~(in|im) (den |)(ferien|urlaub|sommerurlaub|elternzeit|mutterschutz)
    (abwesenheit|abwesenheitsnotiz|abwesenheitsnachricht|abwesenheitsmeldung)
    (nicht|kein|keinen|nur) ~(zugriff|zugang) auf ~(mail|mails|e-mails|e-mail|emails|postfach|nachrichten)
    (buro|praxis|kanzlei|betrieb|unternehmen|geschaft) ~(geschlossen|betriebsferien)
    (derzeit|momentan|zurzeit|zur zeit|aktuell|vorubergehend|bis) ~(nicht (im buro|erreichbar|im haus|anwesend|da)
        |abwesend|ausser haus)
    # fr
    (je suis|je serai|suis|serai|etant|nous sommes|nous serons|est) (actuellement |)(absent|absente|absents|absentes
        |en conge|en conges|en vacances|en deplacement|en arret maladie|hors du bureau|indisponible|en rtt
        |en formation|injoignable)
    (actuellement|etant|en ce moment) (en conge|en vacances|absent|en deplacement)*
    (absent|absente) (du bureau|jusqu*|du|pour|le|cette|a partir)
    (mon|notre|cette) absence
    (conge|conges) (maternite|parental|paternite|annuel|annuels|d'ete)
    (acces|aucun acces) (limite |tres limite |restreint |ponctuel |)a (ma|mes|mon|la) (messagerie|mails|e-mails
        |courriels|boite|emails)
    (bureau|bureaux|societe|entreprise|cabinet) ~(sera|seront|est|sont) ~ferme*
    absence du bureau
    (absent|absente|absents|absentes) (aujourd'hui|demain|cette|toute|la semaine)
    # es
    (estoy|estare|me encuentro|me encontrare|estamos|estaremos|se encuentra|estando) ~(fuera de (la |mi |)oficina
        |de vacaciones|ausente|de baja|de viaje|de permiso|de licencia|fuera del despacho|sin acceso)
    fuera de (la |mi |)oficina
    (de vacaciones|vacaciones) (desde|hasta|del|de|y)
    (mi|durante mi) ausencia
    (baja|permiso|licencia) (de |por |)(maternidad|paternidad|maternal|paternal|medica)
    acceso (limitado|restringido|muy limitado) a(l| mi| mis) ~(correo|e-mail|email|correos)
    (oficina|empresa|oficinas) ~(cerrad|permanecera)*
    fuera (hoy|manana|hasta|toda|esta semana)
    # it
    (sono|saro|siamo|saremo|mi trovo|e) (attualmente |momentaneamente |al momento |)(fuori (sede|ufficio|dall'ufficio)
        |in ferie|in vacanza|assente|assenti|in congedo|in malattia|in trasferta|in viaggio|non disponibile|fuori)
    (fuori sede|fuori ufficio|fuori dall'ufficio)
    (mia|durante la mia|nostra) assenza
    (congedo|maternita) (di |)(maternita|parentale|paternita|obbligatoria)
    accesso (limitato|saltuario|ridotto) alla (posta|mail|casella|e-mail)
    (uffici|ufficio|azienda)~ (chiusi|chiuso|chiusa|resteranno|restera|rimarra)
    fuori (oggi|domani|fino|tutta|tutto|questa settimana)
    # pt
    (estou|estarei|encontro-me|estamos|estaremos|me encontro|encontra-se) ~(fora do (escritorio|trabalho)|de ferias
        |em ferias|ausente|de licenca|em viagem|de baixa|de folga|sem acesso|em gozo de ferias)
    (fora do escritorio|ausente do escritorio|ausencia do escritorio)
    (minha|durante a minha) ausencia
    (licenca|baixa) (de |)(maternidade|paternidade|parental|medica)
    acesso (limitado|restrito|reduzido) ao(s|) (meu |meus |)(e-mail|email|correio|emails|e-mails)
    (escritorio|empresa)~ (encerrad|fechad)*
    fora (hoje|amanha|ate|toda|esta semana)
    # nl
    (ik ben|ben ik|ben|is|zijn|wij zijn) ~(afwezig|niet aanwezig|op vakantie|met vakantie|met verlof|niet op kantoor
        |op zakenreis|met zwangerschapsverlof|met ouderschapsverlof|ziek thuis|buiten kantoor|niet bereikbaar|vrij)
    (mijn|tijdens mijn|wegens) (afwezigheid|vakantie|verlof)
    (niet op kantoor|afwezig|afwezigheid|afwezigheidsbericht)
    (beperkt|beperkte|geen) toegang tot (mijn |)(e-mail|mail|mailbox|emails|e-mails)
    kantoor ~gesloten
    # sv
    (jag ar|ar|jag kommer att vara|jag har|har) ~(pa semester|semester|franvarande|inte pa (kontoret|plats|jobbet)
        |ute pa|foraldraledig|tjanstledig|ledig|sjukskriven|bortrest|pa tjansteresa|pa resande fot|inte i tjanst
        |inte anträffbar|inte antraffbar)
    (franvaro|franvarande|franvaromeddelande|ej pa plats|ej i tjanst)
    (begransad|ingen) (tillgang|atkomst) till (min |)(mail|e-post|mejl|epost)
    (kontoret|vi) ~(stangt|semesterstangt)
    borta (i dag|idag|i morgon|imorgon|till|fran|hela|denna vecka)
    # pl
    (jestem|bede|przebywam|jestesmy|znajduje sie|bedziemy) ~(na urlopie|nieobecn|poza biurem|na zwolnieniu|w delegacji
        |na macierzynskim|poza firma|niedostepn|w podrozy|na wakacjach)*
    (na urlopie|poza biurem|nieobecnosc)*
    (mojej|podczas mojej|w czasie mojej) nieobecnosci
    (ograniczon|nie mam|brak)* ~dostep* do (poczty|maili|skrzynki|e-mail*)
    (biuro|firma)~ (nieczynn|zamknie)*
    (mnie nie ma|nie ma mnie|nie bedzie mnie|mnie nie bedzie)
    # ja
    不在(に|で|と|の|期間|通知|にし|中|です)
    (休暇|夏季休暇|年末年始|お休み|有給|休業|育休|産休|出張)(を|中|で|に|と|の|のため|いただ|頂)
    (外出|席を外し|離席|休み)(して|ており|です|を|中)
    (出社|出勤)(しており|して)(ません|いません)
    メール~確認(でき|が)
    # da, no, fi, cs, ru, zh
    (jeg er|holder|er) ~(pa ferie|ferie|fravaerende|ikke pa kontoret|ikke til stede)
    (olen|poissa) ~(lomalla|poissa|toimistolta|matkoilla)
    (jsem|budu) ~(na dovolene|mimo kancelar|nepritom)*
    (в отпуске|отсутствую|буду отсутствовать|вне офиса)
    (休假|外出|出差|不在办公室)
    """
)

HINDERED = phrases(
    """
    # en
    (i am|i'm|am|is|currently|off|being|been) ~ (ill|sick|unwell|poorly|recovering|hospitalised|hospitalized|in hospital
        |not working|off work|on a course|in training|at a conference|on jury duty|on strike|on furlough)
    (due to|because of|owing to) (an |a |my |)(illness|sickness|sick leave|injury|accident|surgery|bereavement
        |family emergency|public holiday|hospital stay)
    jury duty
    (i do not|i don't|do not|don't) (usually |normally |)work (on|mondays|tuesdays|wednesdays|thursdays|fridays)
    (practice|office|shop|clinic|team|we) ~ (closed|on holiday|on vacation)
    # de
    (erkrankt|krank|krankheit|krankheitsbedingt|krankheitsfall|arbeitsunfahig|im krankenhaus|trauerfall|unfall)
    (auf|in|einer) (fortbildung|weiterbildung|schulung|seminar|kur|reha|messe|tagung|dienstreise|lehrgang)
    nicht (im dienst|im einsatz|zu erreichen|zu sprechen|am arbeitsplatz)
    (macht|machen|haben|hat) ~ (urlaub|betriebsferien|ferien|frei)
    arbeite (ich |)~nicht
    # fr
    (malade|souffrant|souffrante|maladie|hospitalise|hospitalisee|en formation|en seminaire|en stage|en arret|en repos
        |accident|deuil)
    (ne travaille pas|fermeture annuelle|est ferme|sommes fermes)
    # es
    (enfermo|enferma|enfermedad|hospitalizado|hospitalizada|de descanso|dias de descanso|dias libres|en un curso
        |de formacion|duelo|por accidente)
    no (trabajo los|laboro los)
    # it
    (malato|malata|ammalato|ammalata|malattia|infortunio|ricoverato|ricoverata|in permesso
        |in formazione|ad un corso|a un corso|lutto)
    non lavoro (il|di)
    # pt
    (doente|doenca|hospitalizado|hospitalizada|internado|internada|de folga|em formacao|em repouso|ferias|luto)
    # nl
    (ziek|ziekte|ziekenhuis|op cursus|op training|ongeval|rouwverlof)
    (werk ik niet|ik werk niet)
    # sv
    (sjuk|sjukt barn|sjuka barn|sjukdom|sjukfranvaro|sjukhus|pa kurs|pa utbildning|pa konferens|vabbar|vard av barn|vab)
    (jobbar|arbetar) (jag |)inte (pa|mandagar|tisdagar|onsdagar|torsdagar|fredagar)
    # pl
    (chory|chora|chorob*|choruje|w szpitalu|na szkoleniu|na konferencji|na chorobowym|nie pracuje w|wypadku losowego)
    # ja
    (体調不良|病気|入院|療養|忌引|研修|休んで|休ませ|休みを|お休み|席を外し|離席)
    """
)
"""Why nobody answers, in a note that is known to be automatic; a person who writes it may well be answering."""

ABSENCE_SUBJECT = phrases(
    """
    # en
    (i am |i'm |currently |)(out of (the |)office|out of my office|ooo|out-of-office|outofoffice|out of town)
    (away|absence|absent) (from|notice|message|notification|until)
    (on |annual |sick |parental |maternity |paternity |)(vacation|leave|holiday|holidays) (notice|message|until|reply
        |response|notification|from|auto*)
    (on|out on) (vacation|leave|annual leave|parental leave|maternity leave|holiday|pto)
    (vacation|away|absent|ooo)$
    # de
    (abwesen|betriebsferien|betriebsurlaub|urlaubsabwesenheit|urlaubsmeldung|urlaubsnotiz|ausser haus|im urlaub
        |nicht im (buro|haus)|in elternzeit|bin (im urlaub|abwesend))*
    urlaub (bis|vom|von)
    # fr
    (absence|absent|absente|message d'absence|notification d'absence|en conge|en conges|en vacances|hors du bureau
        |je suis (absent|absente|en conge*)) *
    (absent|absente|absence|en conges|en vacances)(e|s|)$
    # es, pt
    (fuera de (la |)oficina|ausencia|ausente|fora do (escritorio|trabalho)|aviso de (ausencia|ferias)|de vacaciones
        |de ferias|em ferias|mensaje de ausencia|mensagem de ausencia)
    # it
    (fuori (sede|ufficio|dall'ufficio)|assente|assenza|in ferie|messaggio di assenza|avviso di assenza)
    # nl
    (afwezig|afwezigheid|afwezigheidsbericht|afwezigheidsmelding|niet op kantoor|niet aanwezig|op vakantie|met verlof
        |out of office)
    # sv
    (franvaro|franvarande|ej pa plats|inte pa kontoret|pa semester|semester|foraldraledig|autosvar: ~franvaro)*
    # pl
    (nieobecn|poza biurem|urlop|jestem na urlopie|na urlopie)*
    # ja
    (不在|休暇|休業|夏季休業|年末年始休業|お休み)
    """
)
"""At the very beginning of the subject, behind a word for an automatic answer at most."""

NOTE_SENTENCE = phrases(
    """
    # en
    thank (you|s)
    thanks for
    (your|the) (message|email|e-mail|mail) ~(forwarded|read|important|answered|deleted|received)
    (will|'ll|shall) ~(reply|respond|answer|get back|return|come back|be back|read|attend|handle|address)
    (upon|on|after) my return
    (please|kindly) ~(direct|redirect|refer|contact|reach|call|email|e-mail|write|turn|send|resend)
    (contact|call|reach|email|e-mail) (my|our|me|us|him|her|the) *
    (kind|best|warm) (regards|wishes)
    (back|return|returning) (on|in|at|to)
    (available|reachable|contactable|back) (again |)(from|after|as of|as from) *
    # de
    (vielen|herzlichen|besten) dank
    danke fur
    (nachricht|nachrichten|mail|mails|e-mail|e-mails) ~(weitergeleitet|gelesen|bearbeitet|beantwort|geloscht)*
    (werde|werden) ~(beantworten|antworten|melden|bearbeiten|zuruckmelden|lesen)
    (wenden|kontaktieren|schreiben|rufen) sie *
    (freundlichen|beste|viele|schone|herzliche) (gruss|grusse|grussen)
    (wieder|zuruck|zurueck) *
    vertretung*
    (ab|nach) ~(erreichbar|verfugbar|zur verfugung)
    (erreichbar|verfugbar|zur verfugung) (ab|nach) *
    # fr
    merci (de|pour)
    (je|nous) ~(repondrai|repondrons|traiterai|reviendrai|recontacterai|prendrai connaissance)
    (veuillez|merci de|vous pouvez|n'hesitez pas a) ~(contacter|adresser|joindre|ecrire)
    (de retour|mon retour|cordialement|bien a vous)
    (de nouveau|a nouveau) ~(joignable|disponible|present|presente|bureau)
    (disponible|joignable) (a partir|a compter|des) *
    # es
    gracias por
    (le |les |te |)(respondere|contestare|responderemos|atendere|contactare)
    (contacte|contacten|contactar|dirijase|pongase|comuniquese|escriba|escribir)
    (un saludo|saludos|atentamente|cordialmente|mi regreso|mi vuelta)
    (de nuevo|nuevamente) ~(disponible|oficina|localizable)
    (disponible|localizable) (a partir|desde|de nuevo) *
    # it
    grazie per
    (risponder|ricontatter|riscontrer|provveder)*
    (contattare|contatti|rivolgersi|scrivere|rivolgetevi)
    (cordiali saluti|distinti saluti|mio rientro|mio ritorno)
    (di nuovo|nuovamente) ~(disponibile|raggiungibile|ufficio|operativ)*
    (disponibile|raggiungibile|operativ)* (dal|dall'|da|a partire) *
    # pt
    (obrigado|obrigada|agradeco|agradecemos)
    (responderei|responderemos|retornarei|entrarei em contato|entrarei em contacto)
    (contactar|contatar|contate|contacte|contatem|entre em contato|dirija-se|procure)
    (atenciosamente|cumprimentos|meu regresso|meu retorno)
    (de volta|novamente) ~(disponivel|escritorio|contactavel)
    (disponivel|contactavel) (a partir|desde) *
    # nl
    (bedankt|dank) (voor|u)
    (zal|ik zal|beantwoord|reageer|lees) ~(beantwoorden|reageren|contact|mail|bericht|terugkomst|terugkeer)*
    (neem|neemt|kunt u|kun je|gelieve) ~(contact|bellen|mailen|terecht|wenden)
    (vriendelijke|hartelijke) groet*
    (weer|terug) ~(bereikbaar|aanwezig|beschikbaar|kantoor|werk)
    (bereikbaar|beschikbaar|aanwezig) (weer |)(vanaf|na) *
    (vanaf|na) ~(bereikbaar|beschikbaar|aanwezig)
    # sv
    tack for
    (svarar|aterkommer|besvarar|hor av mig|laser|tillbaka|ater pa)
    (kontakta|ring|vand dig|mejla|maila)
    (vanliga|med vanlig|basta) (halsning|halsningar)
    (tillganglig|antraffbar|nabar) (igen |)(fran|efter) *
    # pl
    dziekuje za
    (odpowiem|odpisze|skontaktuje|odpowiemy|zapoznam)*
    (prosze|prosimy|prosba) ~(kontakt|o kontakt|kontaktowac|pisac|dzwonic)*
    (z powazaniem|pozdrawiam|serdecznie)
    (ponownie|znowu|znow) ~(dostepn|biurz|pracy)*
    (bede|bedziemy) ~(dostepn|osiagaln)* (od|po|dopiero)
    # ja
    (ありがとうございます|ありがとうございました|お世話になっ|恐れ入|申し訳|ご了承|ご連絡(ください|下さい|をお願い)|返信(いた|させ|は|が)|よろしくお願い|対応(いた|させ|は))
    """
)
"""What a note says besides, which tells nothing of its author's mind."""

URGENT = phrases(
    """
    (urgent|urgency|emergency|emergencies|immediate|immediately|time-sensitive|assistance|critical)
    (dringend|dringende|dringenden|eilig|eiligen|notfall|notfallen|dringlich|dringlichen)*
    (urgence|urgent|urgente|urgentes|urgences)
    (urgencia|urgencias|emergencia)
    (urgenza|urgenze|urgenti|emergenza)
    (dringende|spoed|spoedeisende|spoedgevallen|noodgeval)
    (bradskande|akut|akuta|akuta arenden)
    (piln|nagl)*
    (緊急|お急ぎ|至急|急ぎ)
    """
)

PERSONAL = phrases(
    """
    # en
    (interested|interesting|sounds (good|great|interesting)|not for us|no thanks|no thank you|not interested)
    (let's|let us|we could|we can|could we|can we|happy to|glad to|would love|i'd love|feel free to (call
        |send) me) ~(talk|chat|call|speak|meet|discuss|connect|schedule|hear|send)*
    (call|ring|phone|ping|text|try) me
    we (no longer|don't|do not) *
    (send|share|forward) (me|us|over|it|more|the|your) ~(info|details|information|deck|proposal|offer|pricing|prices
        |link|times|materials)*
    (your|the) (offer|proposal|pitch|product|service|pricing|quote|idea|question)
    (unsubscribe|remove me|take me off|stop (emailing|writing|contacting|sending)|do not contact|don't contact)
    (we|i) (already|don't need|do not need|have no need|have a) *
    (he|she) (is|will|has|'s) *
    (i|we) (was|were) *
    (sorry|apologies|apologise|apologize) for (the |my |this |)(late|delay|slow)*
    (we're|we are|i'm|i am) ~(happy with|all set|not looking)
    for a (quick |short |brief |)(call|chat|meeting|demo|talk|conversation)
    # de
    (interess(ant|iert|e)|klingt|hort sich) ~(gut|spannend|interessant|interesse|)
    kein (interesse|bedarf)
    wir ~nicht mehr
    (ich war|wir waren|(entschuldig|verzeih)* ~(spate|verspatet)*) *
    melde mich (spater|dann|nachher|danach)
    (urlaub|ruckkehr) gern*
    (er|mein chef|meine chefin) (ist|wird|hat) *
    (rufen sie mich|ruf mich|schicken sie|senden sie mir|lassen sie uns|konnen wir|melden sie sich ~(danach|dann
        |nochmal|gern)|gerne ~(telefonieren|termin|gesprach))
    (ihr|ihrem|ihres|das|dem) (angebot|vorschlag|produkt|anfrage|thema)
    (abmelden|austragen|loschen sie|keine weiteren (mails|e-mails|emails)|keine werbung)
    (fur ein|zu einem|auf ein|fur einen) (kurzes |)(gesprach|telefonat|termin|treffen|kennenlernen)
    # fr
    (interesse|interessee|interessant|ca m'interesse|pas interesse|sans interet)*
    nous ne *
    (j'etais|j'ai ete|desole|desolee) *
    (appelez-moi|rappelez-moi|envoyez-moi|discutons|parlons|votre (offre|proposition|produit|solution)|desinscri*
        |desabonn*)
    (pour en|pour) (parler|discuter|echanger|un appel|un echange|un rendez-vous)
    # es, pt
    (interesa|interesad|interessa|interessad|interesante|interessante)*
    (llame|llamame|envieme|enviame|hablemos|hablamos|ligue-me|me ligue|envie-me|vamos (falar|conversar)|su (oferta
        |propuesta)|sua proposta|dar de baja|darme de baja|descadastr*|cancelar (la |a |)(suscripcion|inscricao
        |subscricao))
    para (hablarlo|comentarlo|una llamada|una reunion|conversarmos|falarmos|uma chamada|uma reuniao|uma conversa)
    # it
    (interessa|interessat|interessante)*
    (mi chiami|chiamami|mi mandi|mi invii|sentiamoci|parliamone|la vostra (offerta|proposta)|sua (offerta|proposta)
        |cancella|disiscri|cancellatemi)*
    per (parlarne|una chiamata|una call|un incontro|sentirci)
    # nl
    (interessant|geinteresseerd|interesse|klinkt goed|bel me|bel mij|stuur me|stuur maar|uw (aanbod|voorstel)
        |je (aanbod|voorstel)|uitschrijven|afmelden)
    voor een (kort |)(gesprek|telefoontje|afspraak|kennismaking)
    # sv
    vi ~inte langre
    (intressant|intresserad|intresserade|later bra|ring mig|skicka (mer|over|mig)|ert erbjudande|avregistrera
        |avprenumerera|ta bort mig)
    for ett (kort |)(samtal|mote)
    # pl
    (zainteresowan|interesuj|prosze zadzwonic|prosze przeslac|porozmawiajmy|panstwa ofert|wypis|rezygnuj|usun)*
    na (rozmowe|spotkanie|krotka rozmowe)
    # ja
    (興味|ご提案|資料を|お電話ください|打ち合わせ|配信停止|お断り|必要ありません)
    """
)
"""What only a person says who read what we wrote."""
