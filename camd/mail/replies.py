"""What an SMTP server's reply means: a verdict on the message, or trouble of the mailbox as a `Failure`."""

import re
from datetime import timedelta

from camd.domain.errors import Failure, Misconfigured, Permanent, Scope, Transient
from camd.domain.inbound import PROVIDER_LIMITS
from camd.ports.channel import Refused, Stage

MAX_REPLY = 500
"""Characters that are kept of a reply."""

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_QUOTA_PAUSE = timedelta(hours=1)
_SES_HOST = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")
_SES_ID = re.compile(r"Ok ([0-9a-f]{16}-[0-9a-f-]{36}-\d{6})")
_NOT_ALLOWED = frozenset({530, 534, 535, 538})
"""RFC 4954, 6: log in, log in otherwise, wrong credentials, not without TLS."""


def text_of(reply: str) -> str:
    """One printable line."""
    words = reply.encode("utf-8", "replace").decode().split()
    return "".join(each if each.isprintable() else "?" for each in " ".join(words))[:MAX_REPLY]


def refusal(stage: Stage, code: int, reply: str) -> Refused | None:
    """None for a code that refuses nothing, or that no standard knows."""
    if not 400 <= code < 600:
        return None
    found = _ENHANCED.match(reply)
    return Refused(stage, code, found[1] if found else None, text_of(reply))


def passed_on_as(host: str, reply: str) -> str | None:
    """The Message-ID that `host` tells in its reply to the message. Only Amazon SES does: it replaces the one it was
    given by this (Amazon SES developer guide, "Message ID")."""
    region, found = _SES_HOST.fullmatch(host.lower()), _SES_ID.search(reply)
    if region is None or found is None:
        return None
    return f"{found[1]}@{'email' if region[1] == 'us-east-1' else region[1]}.amazonses.com"


def mailbox_trouble(mailbox: str, doing: str, code: int, reply: str) -> Failure:
    """The failure that a reply up to and including MAIL FROM is; `doing` names the step for a person."""
    said = f"{doing}: {code} {text_of(reply)}"
    found = _ENHANCED.match(reply)
    if found and found[1] in PROVIDER_LIMITS:
        return Transient(f"{said} (the provider's limit is used up)", scope=Scope.MAILBOX, retry_after=_QUOTA_PAUSE)
    if code in _NOT_ALLOWED or (found and found[1] == "5.7.30"):
        return refused_log_in(mailbox, said)
    if 500 <= code < 600:
        return Permanent(said, scope=Scope.MAILBOX)
    return Transient(said, scope=Scope.MAILBOX)


def refused_log_in(mailbox: str, said: str) -> Misconfigured:
    mend = f"correct username and password, or the oauth_ keys, under [mailboxes.{mailbox}]"
    return Misconfigured(f"{said}; {mend}", scope=Scope.MAILBOX)
