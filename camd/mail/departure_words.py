"""How a note that is known to be automatic says that its person has gone for good, in the ten languages that camd
reads. A person may say the same of somebody else, so that it counts there only."""

import re

from camd.mail.automatic_words import HAS_LEFT
from camd.mail.phrases import phrases

_SAID = phrases(
    """
    # en
    (has|have|had) (now |since |recently |sadly |)(departed|passed away|died|deceased)
    (passed away|is deceased)
    left (the|our|this) (business|practice|clinic|school|agency|group|team|studio|bank|hospital|university|charity
        |council|department|partnership|association|foundation|store|shop|restaurant|hotel|trust|board)
    left us
    (stopped|ceased|finished|no longer|not|quit) (working|work|employed) (with|for|at|here|there) *
    (does not|doesn't|do not|don't) work (here|there|for us|with us|at *) *(anymore|any more|any longer|now)
    (is|am|are) not (with|at|employed|working) ~(anymore|any more|any longer)
    (finished|ended|concluded) (my time|my role|my employment|his time|her time) *
    (moved|moving|gone) to (a |an |)(new|another|different|other) (company|employer|firm|job|position|role|organisation
        |organization)
    (working|works|work|employed|employment) (for|at|with) (another|a new|a different) (company|employer|firm|business
        |organisation|organization)
    (employment|contract|assignment|internship|secondment) (has |have |)(ended|ceased|finished|concluded|terminated)
    (retired|resigned) (in|on|at|from|as|last|with|effective) *
    # de
    ausgeschieden
    (unternehmen|firma|kanzlei|praxis|agentur|uns|betrieb|gesellschaft|klinik|schule|verein|stiftung|verband|bank|team
        |gmbh|ag)~ verlassen
    (beruflich|neu) (verandert|orientiert)
    (im|in den|in) (ruhestand|vorruhestand|wohlverdienten ruhestand)
    verstorben
    # fr
    (nous a|a|ont|avons) quittes
    n'est plus ~(entreprise|societe|cabinet|agence|service|poste|effectifs)
    (depart|partie|parti) (a la|en) retraite
    (decede|decedee)
    # es
    (dejo|ha dejado|abandono|ha abandonado|causo baja) ~(empresa|clinica|despacho|agencia|compania|escuela|equipo
        |organizacion|firma|bufete|consultora|estudio)
    no (forma|formo|trabaja|trabajo|pertenece|pertenezco) ~(ya|mas) *
    (se jubilo|jubilado|jubilada|fallecido|fallecida|fallecio)
    # it
    (ha|ho) lasciato (lo|l'|la|il|questa|questo|i|le|gli) *
    (ha|ho) (terminato|concluso|cessato) (il|la|l'|ogni) *
    (deceduto|deceduta|e mancato|e mancata|pensionato|pensionata)
    # pt
    (saiu|sai|deixou|deixei|desligou|desliguei) ~(empresa|clinica|escritorio|agencia|companhia|escola|equipa|equipe
        |organizacao|firma)
    (se aposentou|aposentou-se|aposentado|aposentada|reformou-se|reformado|reformada|falecido|falecida|faleceu)
    # nl
    (heeft|heb) ~(praktijk|bureau|school|kliniek|stichting|vereniging|winkel|ons|team) ~verlaten
    (gepensioneerd|overleden|andere baan|andere werkgever|nieuwe werkgever)
    # sv
    (har|jag) slutat
    (avliden|avlidit|avgatt med pension|ny arbetsgivare|nytt jobb)
    # pl
    (przeszedl|przeszla|przeszedlem|przeszlam) na emeryture
    (odszedl|odeszla|odszedlem|odeszlam|zakonczyl|zakonczyla) *
    (zmarl|zmarla|zmienil prace|zmienila prace|zmienilem prace|zmienilam prace)
    # ja
    在籍(して|)(おり|い)ません
    (退職|退社|離職|逝去)
    """
)
_SAID_OF_AN_EMPLOYER = re.compile(
    r"(?<!\byou )\b(?:has|have) left\b"
    r"(?! (?:for|early|already|on|until|the (?:office|building)|my|his|her|an?|work|home|town|you|me|us a)\b)"
)
"""`has left ACME`, or nothing behind it."""

GONE = re.compile("|".join(each.pattern for each in (HAS_LEFT, _SAID, _SAID_OF_AN_EMPLOYER)))
