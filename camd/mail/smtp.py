"""The channel `email`: hands one message over by SMTP, and says what is certain about it.

Each command's reply is judged by its code. Nothing is tried twice once a receiver was named.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Self

from camd.domain.errors import Invalid, Misconfigured, Permanent, Scope, Transient
from camd.mail.address import Mailable, mailable
from camd.mail.message import build
from camd.mail.oauth import Tokens
from camd.mail.replies import passed_on_as, refusal, text_of
from camd.mail.smtp_pool import Pool
from camd.mail.smtp_session import Lost, Patience, Reply, Session
from camd.ports.channel import Accepted, Handover, HandoverOutcome, OnWire, Refused, Stage, Unknown
from camd.ports.clock import Clock
from camd.ports.settings import MailboxSettings

_GO_AHEAD = 354


class SmtpChannel:
    """Implements `ports.channel.MailDoor` for these mailboxes. As a context manager it closes what it kept open."""

    name = "email"

    def __init__(
        self,
        mailboxes: Mapping[str, MailboxSettings],
        clock: Clock,
        *,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Without `tls` the machine's own certificate authorities are trusted."""
        self._mailboxes = mailboxes
        self._clock = clock
        self._patience = patience or Patience()
        self._chosen_tls = tls
        self._pools: dict[str, Pool] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.close()

    async def log_in(self, mailbox: str) -> None:
        async with self._pool(mailbox).fresh():
            pass

    async def hand_over(self, handover: Handover, on_wire: OnWire) -> HandoverOutcome:
        pool = self._pool(handover.mailbox)
        mailbox = self._mailboxes[handover.mailbox]
        sender = _own_address(mailbox)
        with _of_this_message():
            recipient = mailable(handover.recipient, "recipient")
            message = build(handover, mailbox, self._clock.now()).as_bytes()
        utf8 = sender.needs_smtputf8 or recipient.needs_smtputf8

        async def begin(session: Session) -> None:
            if utf8 and not session.offers("smtputf8"):
                raise Permanent("unsupported: the mail server takes ASCII addresses only", scope=Scope.ITEM)
            await session.begin(sender, utf8=utf8)

        async with pool.prepared(begin) as session:
            outcome = await _deliver(session, recipient, message, on_wire)
        if isinstance(outcome, Accepted) and (alias := passed_on_as(mailbox.smtp_host, outcome.reply)):
            return replace(outcome, passed_on_as=alias)
        return outcome

    def _pool(self, name: str) -> Pool:
        if name not in self._mailboxes:
            raise Misconfigured(f"there is no section [mailboxes.{name}]; add it", scope=Scope.MAILBOX)
        if name not in self._pools:
            mailbox = self._mailboxes[name]
            self._pools[name] = Pool(lambda: self._connect(mailbox), mailbox.max_connections)
        return self._pools[name]

    async def _connect(self, mailbox: MailboxSettings) -> Session:
        sender = _own_address(mailbox)
        try:
            return await Session.open(mailbox, sender, self._patience, self._tls, lambda: self.tokens.token(mailbox))
        except Misconfigured:
            # It may have been the token, withdrawn before its end: the next attempt asks for another.
            self.tokens.forget(mailbox)
            raise

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._chosen_tls or ssl.create_default_context()

    @cached_property
    def tokens(self) -> Tokens:
        """Of these mailboxes; whoever else logs in to them shares these, since a new refresh token may end the old."""
        return Tokens(self._clock, self._tls)


async def _deliver(session: Session, recipient: Mailable, message: bytes, on_wire: OnWire) -> HandoverOutcome:
    reply = await session.command("RCPT", f"TO:<{recipient}>")
    if not _is_positive(reply):
        return _refused(Stage.RCPT, reply)
    await on_wire()
    reply = await session.command("DATA")
    if reply.code != _GO_AHEAD:
        return _refused(Stage.DATA, reply)
    try:
        reply = await session.send(message)
    except Lost as lost:
        session.close()
        return Unknown(str(lost))
    if _is_positive(reply):
        return Accepted(text_of(f"{reply.code} {reply.text}"))
    return refusal(Stage.DOT, reply.code, reply.text) or Unknown(f"it answered {reply.code} {text_of(reply.text)}")


def _is_positive(reply: Reply) -> bool:
    return 200 <= reply.code < 300


def _refused(stage: Stage, reply: Reply) -> Refused:
    """Raises `Transient` for a reply that makes no sense there: the message was not begun."""
    found = refusal(stage, reply.code, reply.text)
    if found is None:
        raise Transient(f"to {stage} it answered {reply.code} {text_of(reply.text)}", scope=Scope.MAILBOX)
    return found


def _own_address(mailbox: MailboxSettings) -> Mailable:
    try:
        return mailable(mailbox.address, "address")
    except Invalid as error:
        raise Misconfigured(f"{error}: address under [mailboxes.{mailbox.name}]", scope=Scope.MAILBOX) from error


@contextmanager
def _of_this_message() -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        raise Permanent(f"{error.field}: {error}", scope=Scope.ITEM) from error
