"""Bounces that are plain text: of qmail, Exim, Yahoo, old Exchange, Domino, GroupWise and whoever writes no report."""

import re
from email.message import Message

from flufl.bounce import all_failures

from camd.domain.inbound import BounceKind, InboundClass
from camd.mail.absence_words import ABSENT
from camd.mail.automatic_words import AUTOMATIC_SUBJECT
from camd.mail.bounce_verdicts import ENHANCED, judge
from camd.mail.bounce_words import DELAYED, FAILED_SUBJECT, FAILED_TEXT
from camd.mail.challenges import asks_for_proof
from camd.mail.machines import has_no_return_path, is_daemon, is_postmaster, mark_of, takes_no_reply
from camd.mail.parsed import Parsed
from camd.mail.phrases import fold, phrases
from camd.mail.report_parts import above_the_copy, returned_ids
from camd.ports.inbox import Reading, Report

_OPENING = phrases(
    """
    # en
    hi. this is the
    i'm afraid i wasn't able to deliver
    this message was created automatically by mail delivery software
    this is the (mail system|postfix program|mail delivery agent) at
    this is the mail delivery agent
    the original message was received at
    delivery to the following recipient*
    this is an automatically generated delivery status notification
    your message~ did not reach some or all of the intended recipients
    your message~ (couldn't|wasn't|could not|was not) be delivered
    delivery has failed to these (recipients|distribution lists)
    sorry, we were unable to deliver your message
    a message that you sent (could not|has not|was rejected)
    your message was not delivered (to|because)
    reporting-mta:
    (address not found|message blocked|delivery incomplete|message not delivered|recipient inbox full)
    # de
    fehler bei der (nachrichtenzustellung|zustellung) an folgende
    die zustellung an (folgende|diese)
    ihre nachricht~ konnte nicht
    diese nachricht wurde automatisch vom mail
    # fr, es, it, pt, nl, sv, pl, ja
    echec de la remise (pour|a) (ces|ce|cette) *
    (error de entrega|no se pudo entregar el mensaje|no se ha podido entregar)~ a (estos|este|los siguientes) *
    (recapito|impossibile recapitare)~ (questi|seguenti) *
    (falha na entrega|nao foi possivel entregar)~ (a estes|para estes|aos seguintes|aos) *
    (bezorging|het bezorgen|kan niet worden bezorgd)~ (deze|volgende) geadresseerde*
    (leverans|leveransen|det gick inte att leverera)~ (dessa|foljande) mottagare*
    (dostarczenie|nie mozna dostarczyc)~ (nastepujacych|tych|do) *
    次の(受信者|宛先)~(配信|送信)
    """
)
_REPLY = re.compile(r"(?<![\d.,:#/-])[45]\d\d(?=[ :-]{1,3}[#\"'<(]{0,2}[A-Za-z\d])(?![ -]{1,2}\d{3})")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_ANSWER_OR_FORWARD = re.compile(r"\s*(?:re|aw|sv|fw|fwd|wg|tr|rv|i|enc|vs|odp|pd|antw|doorst|vb|fs)\s*:")
_HOST = re.compile(r"[^A-Za-z0-9.-]")
_DECORATION = " \t\n*#=-_|"
_OPENING_CHARACTERS = 2_000
_SCANNED_LINES, _SCANNED_WIDTH = 150, 200
_DIAGNOSTIC_CHARACTERS = 500


def is_notice(mail: Parsed) -> bool:
    """A machine says that a mail of ours failed or waits; it takes both, its marks and its words."""
    if "x-failed-recipients" in mail.headers:
        return True
    subject, opening = fold(mail.subject[:500]), fold(above_the_copy(mail.text)[:_OPENING_CHARACTERS])
    if _ANSWER_OR_FORWARD.match(subject) and not has_no_return_path(mail) and not is_daemon(mail):
        return False
    in_subject = bool(FAILED_SUBJECT.search(subject) or DELAYED.search(subject))
    in_text = bool(
        FAILED_TEXT.search(opening) or DELAYED.search(opening) or _OPENING.match(opening.lstrip(_DECORATION))
    )
    if AUTOMATIC_SUBJECT.match(subject):
        return False
    if is_daemon(mail) and in_subject and in_text:
        return True
    if asks_for_proof(mail):
        return False
    if is_daemon(mail):
        return in_subject or in_text or not ABSENT.search(opening)
    if is_postmaster(mail) or has_no_return_path(mail):
        return in_subject or (in_text and not ABSENT.search(opening))
    has_code = bool(ENHANCED.search(opening) or _REPLY.search(opening))
    if mark_of(mail) is not None or takes_no_reply(mail):
        return in_subject and (in_text or has_code)
    # Without any mark: the wording of a known program from the first word on, and a code or the subject to it.
    return _OPENING.match(opening.lstrip(_DECORATION)) is not None and (in_subject or has_code)


def notice_of(mail: Parsed) -> Reading:
    """What a bounce says in words; of which recipient, by its header, its format, else the first address it names."""
    notice = above_the_copy(mail.text)
    diagnostic = _diagnostic(notice)
    found = ENHANCED.search(notice)
    verdict = judge(found[0] if found else "", diagnostic)
    ids, rule = returned_ids(mail), f"notice of a mail system: {verdict.code or 'without a code'}"
    reports = tuple(
        Report(each, verdict.kind, verdict.code, diagnostic[:_DIAGNOSTIC_CHARACTERS], ids)
        for each in _recipients(mail, notice) or (None,)
    )
    if _is_delay(mail, notice):
        return Reading(InboundClass.DELAYED, f"{rule} (delayed)", reports=reports)
    hard = verdict.kind is BounceKind.HARD
    kind = InboundClass.HARD_BOUNCE if hard else InboundClass.SOFT_BOUNCE
    return Reading(kind, f"{rule} ({verdict.kind})", reports=reports)


def _is_delay(mail: Parsed, notice: str) -> bool:
    subject = fold(mail.subject[:500])
    if DELAYED.search(subject):
        return True
    opening = fold(notice[:_OPENING_CHARACTERS])
    says_failed = re.search(r"\b(?:fail|undeliver|unzustell|return|non remis|echec)", subject) is not None
    return not says_failed and DELAYED.search(opening) is not None and not _GAVE_UP.search(opening)


_GAVE_UP = phrases(
    """
    permanent*
    (given|giving|gave) up
    will not (be retried|try|keep)
    no further attempts
    (message|mail) ~(expired|returned)
    """
)


def _diagnostic(notice: str) -> str:
    """From the server's reply on, in one line; the whole notice where it quotes none."""
    reply = _REPLY.search(notice)
    start = reply.start() if reply else 0
    return " ".join(notice[start : start + (600 if reply else 3_000)].split())


def _recipients(mail: Parsed, notice: str) -> tuple[str, ...]:
    named = [each for value in mail.headers.get("x-failed-recipients", ()) for each in _ADDRESS.findall(value)]
    found = named or _by_format(mail, notice) or _ADDRESS.findall(notice)[:20]
    from_the_system = is_daemon(mail) or is_postmaster(mail)
    ours = {each.lower() for each in (*mail.recipients, (from_the_system and mail.sender) or "")}
    others = [each for each in found if each.lower() not in ours and not each.lower().startswith("postmaster@")]
    return tuple(dict.fromkeys(others if named else others[:1]))


def _by_format(mail: Parsed, notice: str) -> list[str]:
    # Its patterns take quadratic time in a line's length, and it wants an e-mail message of ASCII.
    lines = [line[:_SCANNED_WIDTH] for line in notice.splitlines()[:_SCANNED_LINES]]
    message = Message()
    # One of its detectors knows its host by it, another fails without.
    message["From"] = f"mailer-daemon@{_HOST.sub('', (mail.sender or '').rpartition('@')[2]) or 'localhost'}"
    message["Content-Type"] = "text/plain; charset=us-ascii"
    message.set_payload("\n".join(lines).encode("ascii", "replace").decode("ascii"))
    waiting, failed = all_failures(message)
    return [
        each for each in sorted(address.decode("ascii") for address in waiting | failed) if _ADDRESS.fullmatch(each)
    ]
