"""Which class a message has and by which rule: the first of own copy, complaint, bounce, challenge, automatic mail that
holds; else a person wrote it. Total: any message has a class, and nothing in one raises."""

from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.domain.inbound import InboundClass
from camd.mail import answers
from camd.mail.automatic import read_automatic
from camd.mail.bounces import read_bounce
from camd.mail.challenges import read_challenge
from camd.mail.complaints import read_complaint
from camd.mail.parsed import Own, Parsed
from camd.mail.quotes import own_words
from camd.ports.inbox import Reading


def classify(mail: Parsed, own: Own) -> Reading:
    """`own` are the mailboxes that camd reads: what one of them wrote is a copy, wherever it lies."""
    if _is_own(mail, own):
        return Reading(InboundClass.OWN_COPY, "sent by an own mailbox")
    by_a_machine = read_complaint(mail) or read_bounce(mail) or read_challenge(mail)
    if by_a_machine is not None:
        return by_a_machine
    words = own_words(mail.text)
    return read_automatic(mail, own, words) or answers.judge(mail.subject, words)


def _is_own(mail: Parsed, own: Own) -> bool:
    try:
        return mail.sender is not None and parse_address(mail.sender).key in own.address_keys
    except Invalid:
        return False
