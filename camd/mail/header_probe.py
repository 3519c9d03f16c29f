"""Whether this Python's `email` package lets a value begin a header of its own. It is tried, not judged by a version
number: distributions backport. camd's own messages refuse such values in any case (`mail.message`)."""

from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP, Policy

from camd.telemetry.logs import get_log

log = get_log()

_VALUES = (
    "probe\r\nBcc: probe@example.com",
    "probe\nBcc: probe@example.com",
    "=?utf-8?q?probe=0D=0ABcc:_probe@example.com?=",  # CVE-2024-6923: decoded, it was written out as it is
)


def warn_of_lenient_headers(policy: Policy = SMTP) -> None:
    """Once, at the start."""
    if header_probe(policy):
        log.warning("mail.lenient_headers")


def header_probe(policy: Policy = SMTP) -> bool:
    """True where a line break comes through."""
    return any(_comes_through(value, policy) for value in _VALUES)


def _comes_through(value: str, policy: Policy) -> bool:
    message = EmailMessage(policy=policy)
    try:
        message["Subject"] = value
        lines = message.as_bytes().splitlines()
    except (MessageError, ValueError):
        return False
    return any(line.startswith(b"Bcc:") for line in lines)
