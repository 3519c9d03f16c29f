"""Systems that hold a mail until its sender proves to be a person; camd never answers one, a person may."""

import re

from camd.domain.inbound import InboundClass
from camd.mail.machines import mark_of, takes_no_reply
from camd.mail.parsed import Parsed
from camd.mail.phrases import fold, phrases
from camd.ports.inbox import Reading

_SYSTEMS = re.compile(
    r"(?:^|[@.])(?:spamarrest\.com|boxbe\.com|mailblocks\.com|bluebottle\.com|mailinblack\.(?:com|fr)|knowspam\.net"
    r"|onlymyemail\.com|choicemail\.com|digiportal\.com|sendio\.com|cleanmymailbox\.com|spamlion\.com|0spam\.com"
    r"|captcha\.mailchannels\.net|hushmail-verify\.com|ipermitmail\.com|uolantispam\.com\.br)$"
)
_HEADERS = ("x-tmda-fingerprint", "x-spamarrest", "x-boxbe", "x-asksender", "x-challenge", "x-ask-version", "x-mib")
_PROOF = phrases(
    """
    # en
    (confirm|verify|prove|validate|show|check|ensure|certify) (that |)(you are|you're|you were|your being|yourself
        |the sender is|i'm|you) (indeed |really |actually |)(a |an |not |not a |)(real |genuine |)(human|person|robot
        |bot|spammer|machine|the sender|legitimate)*
    (not a|aren't a|isn't a) (robot|spammer|machine|computer)
    (complete|solve|enter|type|fill|pass) ~(captcha|verification|challenge|characters|word|code) *
    (captcha|verification) ~(deliver|delivered|release|inbox|continue)
    (click|follow|use|visit) ~(link|button|here|url|below) ~(deliver|release|be delivered|approve|authorise|authorize
        |added to|allow|prove|verify)*
    (to|order to) (have|get|ensure) your (message|email|e-mail|mail) (delivered|released|reaches)
    (your|the) (message|email|e-mail|mail) ~(will be|is being|has been|is|was) (held|quarantined|queued|delayed|kept
        |waiting|on hold|not yet delivered|intercepted) ~(until|confirm|verif|approv|authenticat|unless)*
    (sender|email|address) (verification|authentication|confirmation) (required|request|needed|is required)
    (approve|approved|add|added) ~(sender|senders|guest|whitelist|safe list|allow list|contacts) ~(list|deliver
        |receive|click|request)
    (simply |just |please |)reply to this (message|email|e-mail|mail|confirmation) ~(deliver|release|confirm|verify
        |authenticat|be accepted)*
    (protect|protected|protecting|guarded|using) ~(by |from |)(spam arrest|boxbe|tmda|choicemail|mailinblack|sendio
        |challenge)*
    is using (boxbe|spam arrest|choicemail|tmda)
    to deliver your (message|email|e-mail|mail)~ (click|please|follow|visit|reply|confirm|use)
    one-time (verification|authentication|request|confirmation)
    # de
    (bestatigen|beweisen|weisen) sie ~(mensch|kein (roboter|spammer|automat)|person|absender|zustell)*
    (klicken|folgen) sie ~(zugestellt|zustellung|freigeben|freizugeben|bestatigen|freischalten)
    # fr
    (confirmez|prouvez|validez|verifier|confirmer|prouver|valider|authentifi)* ~(humain|robot|personne|expediteur
        |envoi|authentifi|distribu)*
    (cliquez|cliquer) ~(valider|remis|delivre|distribue|debloquer|confirmer|authentifier|liberer)*
    # es, pt, it
    (confirme|verifique|demuestre|confirmar|comprove|prove) ~(humano|humana|persona|robot|robo|pessoa|remetente
        |remitente)*
    (confermi|confermare|verifichi|dimostri|verificare) ~(umano|persona|robot|mittente)
    (haga clic|pulse|clique|clicca|fare clic|cliccare) ~(entreg|liberar|consegn|validar|confirm)*
    # nl, sv, pl
    (bevestig|bewijs|verifieer) ~(mens|robot|persoon|afzender)
    (bekrafta|verifiera|bevisa) ~(manniska|robot|person|avsandare)
    (potwierdz|udowodnij|zweryfikuj|potwierdzenie)* ~(czlowiek|robot|nadawc|osob)*
    # ja
    (人間|ロボットでは|送信者)~(確認|認証|証明)
    """
)
_SUBJECT = phrases(
    """
    (please |)(confirm|verify|authenticate|validate) (your |this |the |)(message|email|e-mail|mail|sender|delivery
        |identity|you)*
    (confirm|confirmation|verification|authentication|authorization|challenge|captcha) (required|needed|request
        |requested|of|for)
    (action|verification|confirmation|authorization) required
    (awaiting|waiting for|requires|pending) ~(verification|confirmation|approval|authentication)
    (message|mail|email) ~(held|quarantined|on hold|pending|blocked - )
    (bestatigung|freigabe|freischaltung)~ (erforderlich|notwendig|benotigt)
    (validation|confirmation|authentification) ~(requise|necessaire|de votre|demande)
    """
)
_LINK = re.compile(
    r"\bhttps?://|\bwww\.|\breply to this|\bantworten sie auf diese|\brepondez a ce|\brespond[ae] a este"
    r"|\brispond\w+ a questo"
)
_CHARACTERS = 4_000


def read_challenge(mail: Parsed) -> Reading | None:
    rule = asks_for_proof(mail)
    return Reading(InboundClass.CHALLENGE, f"challenge: {rule}") if rule else None


def asks_for_proof(mail: Parsed) -> str | None:
    """The rule that shows a challenge: its system or header alone, else the words together with something that no
    person's mail has, because people too ask to confirm something."""
    domain = (mail.sender or "").rpartition("@")[2].lower()
    if _SYSTEMS.search(domain):
        return "sender of a challenge system"
    if header := next((name for name in _HEADERS if name in mail.headers), None):
        return header
    text = fold(mail.text[:_CHARACTERS])
    found = _PROOF.search(text)
    if found is None:
        return None
    # It may be what a person answers who quotes us, or asks whether a machine wrote to him.
    is_machine = mark_of(mail) is not None or takes_no_reply(mail)
    if is_machine or (
        _LINK.search(text, max(0, found.start() - 600), found.end() + 600) and _SUBJECT.search(fold(mail.subject[:500]))
    ):
        return "its words"
    return None
