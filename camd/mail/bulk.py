"""Mail to many and reports about mail, which answer nothing: lists, newsletters, social networks, DMARC aggregates."""

import re

from camd.mail.complaints import is_feedback
from camd.mail.machines import takes_no_reply
from camd.mail.parsed import Own, Parsed
from camd.mail.phrases import fold, phrases

_LIST_HEADERS = ("list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post", "feedback-id", "x-mailing-list")
_PRECEDENCE = frozenset({"list", "bulk", "junk"})
_REPORTS = frozenset({"tlsrpt", "dmarc"})
_AGGREGATE_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,60}\]\s*)?(?:dmarc aggregate report|report[ -]domain\s?:|report domain )"
)
_AGGREGATE_FILE = re.compile(
    r"[^!\s]{1,255}![^!\s]{1,255}!\d{5,12}!\d{5,12}(?:![^\s]{0,100})?\.(?:xml|zip|gz|xml\.gz)$", re.IGNORECASE
)
_SOCIAL = re.compile(
    r"(?:^|\.)(?:linkedin\.com|facebookmail\.com|twitter\.com|x\.com|xing\.com|instagram\.com|pinterest\.com|youtube\.com"
    r"|tiktok\.com|reddit(?:mail)?\.com|quora\.com|viadeo\.com|meetup\.com|medium\.com|tumblr\.com|snapchat\.com"
    r"|nextdoor\.com|discord(?:app)?\.com|slack\.com|github\.com|gitlab\.com)$"
)
_SOCIAL_SENDER = re.compile(
    r"(?:notif|no-?reply|invit|messages?-|messag|update|info|news|digest|security|jobs|member|mail|community|recommend"
    r"|hit-reply|inmail|connect|friend|group|alert|unread|feedback|welcome|support|notice|hello)"
)
_NEWSLETTER = phrases(
    """
    (view|see|read|open) (this (email|e-mail|message|newsletter)|the (online|web) version)~ (in|on) (your|a
        |the) (browser|web)*
    view (it |online |)in (your|a) (web |)browser
    trouble (viewing|reading) this (email|e-mail|message)
    (can't|cannot) (see|read) this (email|e-mail) *
    you (are receiving|received|get) this (email|e-mail|newsletter|message) because you (signed|subscribed
        |are subscribed|opted|registered)*
    (im browser (ansehen|offnen|anzeigen)|newsletter ~(abbestellen|abmelden)|online-version)
    (voir|afficher|consulter) ~(dans (votre|le) navigateur|version en ligne|en ligne)
    (ver|visualizar) ~(en (el|su|tu) navegador|no (seu |)navegador)
    (visualizza|guarda|apri) ~nel browser
    (bekijk|lees|open) ~(in (je|uw|de) browser|online)
    (visa|oppna|las) ~(i (din |)webblasare|i webblasaren)
    (zobacz|wyswietl|otworz) ~w przegladarce
    """
)


def bulk_rule(mail: Parsed, own: Own) -> str | None:
    """The rule by which it is no answer. What answers one of our own mails is none of it, whatever a list that
    carries it or a sales program wrote into its header."""
    return _report(mail) or _social(mail) or (None if answers_us(mail, own) else _many(mail))


def answers_us(mail: Parsed, own: Own) -> bool:
    """It answers a Message-ID of a domain that we write from."""
    domains = {key.rpartition("@")[2] for key in own.address_keys}
    return any(each.rpartition("@")[2].lower() in domains for each in mail.thread)


def _report(mail: Parsed) -> str | None:
    if mail.report_type in _REPORTS or is_feedback(mail):
        return f"report of type {mail.report_type}"
    is_aggregate = _AGGREGATE_SUBJECT.match(fold(mail.subject[:300])) is not None
    names = (part.file_name or "" for part in mail.parts)
    return "DMARC aggregate" if is_aggregate or any(_AGGREGATE_FILE.search(each[-600:]) for each in names) else None


def _social(mail: Parsed) -> str | None:
    local, _, domain = fold(mail.sender or "").rpartition("@")
    # People of these companies answer too.
    return "social network" if _SOCIAL.search(domain) and _SOCIAL_SENDER.match(local) else None


def _many(mail: Parsed) -> str | None:
    for name in _LIST_HEADERS:
        if name in mail.headers:
            return name
    if any(value.strip().lower() in _PRECEDENCE for value in mail.headers.get("precedence", ())):
        return "precedence"
    text = fold(f"{mail.text[:1000]}\n{mail.text[-2000:]}")
    if not mail.thread and _NEWSLETTER.search(text):
        return "newsletter"
    return "sender takes no reply" if takes_no_reply(mail) and not mail.thread else None
