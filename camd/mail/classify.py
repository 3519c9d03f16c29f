"""Which class a message has and by which rule: the first of own copy, complaint, bounce, challenge, automatic mail that
holds; else a person wrote it, or asked for an opt-out with a mail program's button.

Total: any message has a class, and nothing in one raises.
"""

from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.domain.inbound import InboundClass
from camd.mail import answers
from camd.mail.automatic import read_automatic
from camd.mail.bounces import read_bounce
from camd.mail.challenges import read_challenge
from camd.mail.complaints import read_complaint
from camd.mail.parsed import Own, Parsed
from camd.ports.inbox import Reading


def classify(mail: Parsed, own: Own, words: str) -> Reading:
    """`own` are the mailboxes that camd reads: what one of them wrote is a copy, wherever it lies. `words` is what the
    author wrote, without quotes (`quotes.own_words`)."""
    if _is_own(mail, own):
        return Reading(InboundClass.OWN_COPY, "sent by an own mailbox")
    report = read_complaint(mail) or read_bounce(mail)
    if report is not None:
        return report
    by_a_machine = None if _asks_in_subject(mail) else read_challenge(mail) or read_automatic(mail, own, words)
    return by_a_machine or answers.judge(mail.subject, words)


def _asks_in_subject(mail: Parsed) -> bool:
    """As a mail program does for the person who uses its button for our `List-Unsubscribe` (RFC 2369, 3.2); its text
    and its marks are a machine's (Gmail, Apple Mail, Yahoo, Outlook)."""
    if ":" in mail.subject:
        return False
    # The subject of a reply is a request only as a whole; that of any other mail may hold one among other words.
    return answers.judge(f"Re: {mail.subject}", "").kind is InboundClass.OPT_OUT_REQUEST


def _is_own(mail: Parsed, own: Own) -> bool:
    try:
        return mail.sender is not None and parse_address(mail.sender).key in own.address_keys
    except Invalid:
        return False
