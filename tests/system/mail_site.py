"""A Postfix that delivers into a Dovecot's maildirs, those of the sender and those of everybody else.

It copies what `sales` sends into that account's folder Sent, as large providers do, and answers with reports of its
own for whom it takes mail and cannot deliver it. Every line of its log is to be given to `saw`.
"""

import re
import shutil
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path

import pytest

from tests.system.dovecot_server import PASSWORD, Account, Dovecot, running_dovecot
from tests.system.postfix_server import ADDRESS, PATIENCE_SECONDS, Postfix, free_port, running_postfix

SENDER, OPERATOR = "sales@us.example", "boss@us.example"
SENT = "Sent Items"

DELIVERY = """\
virtual_mailbox_domains = static:all
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{tables}/boxes
transport_maps = texthash:{tables}/routes
sender_bcc_maps = texthash:{tables}/copies
# An unknown recipient is found out after the mail was taken.
smtpd_reject_unlisted_recipient = no
"""
SERVICES = """\
{address}:{port} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no
  -o smtpd_relay_restrictions=permit_auth_destination,reject
{address}:{far_port} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no -o myhostname=mx.far.example
  -o smtpd_relay_restrictions=permit_auth_destination,reject
  -o smtpd_recipient_restrictions=check_recipient_access,texthash:{tables}/refusals,permit
  -o cleanup_service_name=far-cleanup
far-cleanup unix n - n - 0 cleanup -o header_checks=regexp:{tables}/follow-ups -o sender_bcc_maps=
smtp unix - - n - - smtp
"""
# What passed the far server's check goes into the maildirs, not to the far server again.
FOLLOW_UPS = """\
/^In-Reply-To:/ REJECT 5.1.1 <recipient>: this person has left, mailbox unknown
/^Message-ID:/ FILTER virtual:here
"""


class Place(StrEnum):
    """Where somebody's mailbox is, and what becomes of a mail to it."""

    NEAR = "near"
    UNKNOWN = "unknown"
    """Ours knows nobody of that name."""
    REFUSED = "refused"
    """A far server knows nobody of that name."""
    FULL = "full"
    """A far server has no room for more."""
    LEAVES = "leaves"
    """A far server takes the first mail, and knows nobody of that name afterwards."""

    @property
    def is_far(self) -> bool:
        return self in (Place.REFUSED, Place.FULL, Place.LEAVES)


_REFUSALS = {Place.REFUSED: "550 5.1.1 no such user here", Place.FULL: "552 5.2.2 mailbox full"}
_TAKEN = re.compile(r"cleanup\[\d+\]: (\w+): message-id=<([^>]*)>")
_DELIVERED = re.compile(r"virtual\[\d+\]: \w+: to=<([^>]+)>.* status=sent")
_GONE = re.compile(r"(?:qmgr\[\d+\]: (\w+): removed|cleanup\[\d+\]: (\w+): reject:)")


@dataclass
class MailSite:
    """`queued` are the mails that Postfix has neither delivered nor given up, `taken` the Message-IDs of all."""

    postfix: Postfix
    dovecot: Dovecot
    port: int
    queued: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def account(self, name: str) -> Account:
        return Account(self.dovecot, name)

    def folder(self, name: str) -> Path:
        return self.dovecot.folder / "mail" / name

    def kept(self, name: str) -> list[Path]:
        """The files of the mails that somebody got, in whatever folder they keep them."""
        files = (file for state in ("new", "cur") for file in self.folder(name).rglob(f"{state}/*"))
        return [file for file in files if f".{SENT}" not in file.parts]

    def arrived(self, name: str) -> list[tuple[float, EmailMessage]]:
        """Those mails, and when each came, in seconds since 1970; oldest first."""
        found = sorted((file.stat().st_mtime, file) for file in self.kept(name))
        return [(at, message_from_bytes(file.read_bytes(), policy=policy.default)) for at, file in found]

    def send(self, message: EmailMessage, sender: str, recipient: str = SENDER) -> None:
        """As any server of the world brings a mail. An empty `sender` is a report's."""
        with smtplib.SMTP(ADDRESS, self.port, timeout=PATIENCE_SECONDS) as server:
            server.send_message(message, sender, [recipient])

    def saw(self, line: str) -> str | None:
        """Of a line that tells that a mail was put into a maildir: whose."""
        if taken := _TAKEN.search(line):
            self.queued.add(taken[1])
            self.taken.add(taken[2])
        if gone := _GONE.search(line):
            self.queued.discard(gone[1] or gone[2])
        delivered = _DELIVERED.search(line)
        return delivered[1] if delivered else None


@contextmanager
def running_mail_site(people: Sequence[tuple[str, Place]]) -> Iterator[MailSite]:
    """`people` are the recipients' addresses, each with a local part that nobody else has."""
    if not (shutil.which("dovecot") and shutil.which("doveadm")):
        pytest.skip("needs the Debian package dovecot-imapd installed")
    port, far_port = free_port(), free_port()
    with running_dovecot("maildir") as dovecot:
        tables, mail = dovecot.folder / "tables", dovecot.folder / "mail"
        tables.mkdir()
        _write_tables(tables, people, far_port)
        services = SERVICES.format(address=ADDRESS, port=port, far_port=far_port, tables=tables)
        with running_postfix(DELIVERY.format(mail=mail, tables=tables), services, PASSWORD) as postfix:
            yield MailSite(postfix, dovecot, port)


def _write_tables(tables: Path, people: Sequence[tuple[str, Place]], far_port: int) -> None:
    has_box = (Place.NEAR, Place.LEAVES)
    boxes = {address: f"{_name(address)}/" for address, place in people if place in has_box}
    own = {address: f"{_name(address)}/" for address in (SENDER, OPERATOR)}
    copies = f"sent@{_domain(SENDER)}"
    far = {_domain(address): f"smtp:[{ADDRESS}]:{far_port}" for address, place in people if place.is_far}
    _write(tables / "boxes", {**boxes, **own, copies: f"{_name(SENDER)}/.{SENT}/"})
    _write(tables / "routes", far)
    _write(tables / "copies", {SENDER: copies})
    _write(tables / "refusals", {address: _REFUSALS[place] for address, place in people if place in _REFUSALS})
    (tables / "follow-ups").write_text(FOLLOW_UPS)


def _write(file: Path, table: dict[str, str]) -> None:
    file.write_text("".join(f"{key} {value}\n" for key, value in table.items()))


def _name(address: str) -> str:
    return address.partition("@")[0]


def _domain(address: str) -> str:
    return address.partition("@")[2]
