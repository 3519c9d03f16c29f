"""The way to every mailbox's inbox: a maildir where one is set, else IMAP.

Raises `Misconfigured` of scope `mailbox` for a mailbox that is unknown or has neither.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property

from camd.domain.errors import Misconfigured, Scope
from camd.mail.imap import ImapSession
from camd.mail.imap_connection import Patience, connected
from camd.mail.maildir import MaildirSession
from camd.mail.oauth import Tokens
from camd.ports.clock import Clock
from camd.ports.inbox import InboxSession
from camd.ports.settings import MailboxSettings


class Inboxes:
    """Implements `ports.inbox.InboxDoor` for these mailboxes."""

    def __init__(
        self,
        mailboxes: Mapping[str, MailboxSettings],
        clock: Clock,
        *,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
        tokens: Callable[[], Tokens] | None = None,
    ) -> None:
        """Without `tls` the machine's own certificate authorities are trusted; `tokens` are those of who else logs in
        to these mailboxes."""
        self._mailboxes = mailboxes
        self._clock = clock
        self._patience = patience or Patience()
        self._chosen_tls = tls
        self._chosen_tokens = tokens

    def open(self, mailbox: str) -> AbstractAsyncContextManager[InboxSession]:
        return self._opened(mailbox)

    @asynccontextmanager
    async def _opened(self, mailbox: str) -> AsyncIterator[InboxSession]:
        box = self._mailboxes.get(mailbox)
        if box is None:
            raise Misconfigured(f"there is no section [mailboxes.{mailbox}]; add it", scope=Scope.MAILBOX)
        if box.maildir is not None:
            session = MaildirSession(box.maildir, box, self._clock)
            await session.folders()
            yield session
        elif box.imap_host is not None:
            async with connected(box, self._patience, self._tls, self._tokens) as connection:
                yield ImapSession(connection, box, self._clock)
        else:
            mend = f"set imap_host or maildir under [mailboxes.{mailbox}]"
            raise Misconfigured(f"{mailbox} has no inbox; {mend}", scope=Scope.MAILBOX)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._chosen_tls or ssl.create_default_context()

    @cached_property
    def _tokens(self) -> Tokens:
        return self._chosen_tokens() if self._chosen_tokens else Tokens(self._clock, self._tls)
