"""One SMTP connection, from the name look-up to the reply to the final dot, each step within its time.

Raises `Failure` of scope `mailbox` for whatever goes wrong before the message itself is begun.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

import aiosmtplib
import anyio

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.mail.address import Mailable
from camd.mail.replies import mailbox_trouble, refused_log_in, text_of
from camd.ports.settings import MailboxSettings, is_loopback
from camd.telemetry.logs import get_log

log = get_log()

_BARE_END = re.compile(rb"\r\n|\r|\n")
_DOT = re.compile(rb"^\.", re.MULTILINE)

Token = Callable[[], Awaitable[str]]
"""Gives an access token for XOAUTH2; raises `Failure` of scope `mailbox`."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect (each address of the host), for each command, and for the reply to the final dot
    (RFC 5321, 4.5.3.2.6)."""

    connect: float = 5.0
    command: float = 30.0
    dot: float = 600.0


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    text: str


class Lost(Exception):
    """The message was begun, and no reply that can be understood came."""


class Session:
    """Made by `Session.open`. `needs_reset`: a transaction was begun and not finished."""

    def __init__(self, smtp: aiosmtplib.SMTP, mailbox: MailboxSettings, patience: Patience) -> None:
        self._smtp = smtp
        self._mailbox = mailbox
        self._patience = patience
        self.needs_reset = False

    @classmethod
    async def open(
        cls, mailbox: MailboxSettings, sender: Mailable, patience: Patience, tls: ssl.SSLContext, token: Token
    ) -> Self:
        """Connected, encrypted with a verified certificate where the settings say so, and logged in."""
        _require_private(mailbox)
        host = mailbox.smtp_host
        smtp = aiosmtplib.SMTP(
            hostname=host,
            sock=await _connected(host, mailbox.smtp_port, patience.connect),
            local_hostname=sender.domain,
            use_tls=mailbox.smtp_security == "tls",
            start_tls=False,
            tls_context=tls,
            timeout=patience.command,
        )
        session = cls(smtp, mailbox, patience)
        with ExitStack() as undo:
            undo.callback(session.close)
            with session._weather("the connection"):
                await smtp.connect()
            await session._greet()
            if mailbox.smtp_security == "starttls":
                await session._encrypt()
            if mailbox.username is not None:
                await session._log_in(mailbox.username, token)
            undo.pop_all()
        return session

    @property
    def is_open(self) -> bool:
        return self._smtp.is_connected

    def close(self) -> None:
        """At once and without QUIT, so that it can be done while cancelled."""
        self._smtp.close()

    def offers(self, extension: str) -> bool:
        return self._smtp.supports_extension(extension)

    async def command(self, *words: str) -> Reply:
        """Sends one command and waits for its reply."""
        with self._weather(words[0]):
            code, text = await self._smtp.execute_command(*(word.encode() for word in words))
        if self._is_out_of_step:
            raise self._lost(words[0], "it answered more than it was asked")
        return Reply(code, text)

    async def begin(self, sender: Mailable, *, utf8: bool) -> None:
        """MAIL FROM, after RSET where something is left of the transaction before."""
        if self.needs_reset:
            self._require(await self.command("RSET"), "RSET")
            self.needs_reset = False
        # RFC 6531, 3.4: without BODY=8BITMIME the headers in UTF-8 could be refused.
        extended = ("SMTPUTF8", "BODY=8BITMIME") if utf8 else ()
        self._require(await self.command("MAIL", f"FROM:<{sender}>", *extended), "MAIL FROM")
        self.needs_reset = True

    async def send(self, message: bytes) -> Reply:
        """The message itself, after the reply 354, and the reply to its final dot.

        Raises `Lost` once a byte of it may be under way, `Transient` where certainly none is.
        """
        protocol = self._smtp.protocol
        if protocol is None or not protocol.is_connected:
            raise self._lost("DATA", "the connection was lost")
        protocol.write(on_the_wire(message))
        try:
            code, text = await protocol.read_response(timeout=self._patience.dot)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Lost(text_of(str(error))) from error
        self.needs_reset = False
        if self._is_out_of_step:
            self.close()
        return Reply(code, text)

    @property
    def _is_out_of_step(self) -> bool:
        """Bytes beyond the reply would be taken for the reply to the next command."""
        protocol = self._smtp.protocol
        return protocol is not None and bool(protocol._buffer)  # noqa: SLF001 - nothing else in the library tells

    async def _greet(self) -> None:
        with self._weather("EHLO"):
            code, text = await self._smtp.ehlo()
        self._require(Reply(code, text), "EHLO")

    async def _encrypt(self) -> None:
        if not self.offers("starttls"):
            raise self._untrusted(
                "does not offer STARTTLS, and nothing is sent in the clear",
                "set smtp_security and smtp_port as the provider says",
            )
        with self._weather("STARTTLS"):
            await self._smtp.starttls()
        await self._greet()

    async def _log_in(self, username: str, token: Token) -> None:
        offered = self._smtp.server_auth_methods
        method = self._method(offered)
        if method is None:
            raise self._misconfigured(
                f"offers no way to log in that camd knows (it offers {text_of(' '.join(offered)) or 'none'})",
                "set auth as the provider says, or leave out username where it asks for no log-in",
            )
        password = self._mailbox.password
        secret = await token() if method == "xoauth2" else password.get_secret_value() if password else ""
        # One method, once: a wrong password tried by each method locks the account three times as fast.
        log_in = {"plain": self._smtp.auth_plain, "login": self._smtp.auth_login, "xoauth2": self._smtp.auth_xoauth2}
        try:
            with self._weather("the log-in"):
                await log_in[method](username, secret)
        except aiosmtplib.SMTPAuthenticationError as error:
            if 500 <= error.code < 600:
                said = f"{self._mailbox.smtp_host} refused the log-in: {error.code} {text_of(error.message)}"
                raise refused_log_in(self._mailbox.name, said) from error
            raise mailbox_trouble(self._mailbox.name, "the log-in", error.code, error.message) from error

    def _method(self, offered: list[str]) -> str | None:
        wanted = ("xoauth2",) if self._mailbox.auth == "xoauth2" else ("plain", "login")
        return next((method for method in wanted if method in offered), None)

    def _require(self, reply: Reply, doing: str) -> None:
        if not 200 <= reply.code < 300:
            raise mailbox_trouble(self._mailbox.name, self._doing(doing), reply.code, reply.text)

    def _doing(self, what: str) -> str:
        return f"{self._mailbox.smtp_host}:{self._mailbox.smtp_port} at {what}"

    def _lost(self, doing: str, why: str) -> Transient:
        return Transient(f"{self._doing(doing)}: {why}", scope=Scope.MAILBOX)

    def _misconfigured(self, fault: str, mend: str) -> Misconfigured:
        return _misconfigured(self._mailbox, fault, mend)

    def _untrusted(self, fault: str, mend: str) -> Misconfigured:
        log.error("smtp.tls_failed", mailbox=self._mailbox.name, reason=fault)
        return self._misconfigured(fault, mend)

    @contextmanager
    def _weather(self, doing: str) -> Iterator[None]:
        """The library's errors as failures of the mailbox."""
        try:
            yield
        except aiosmtplib.SMTPAuthenticationError:
            raise
        except aiosmtplib.SMTPResponseException as error:
            raise mailbox_trouble(self._mailbox.name, self._doing(doing), error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            cause = error if isinstance(error, ssl.SSLError) else error.__cause__
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                raise self._untrusted(
                    f"cannot be trusted: {_tls_fault(cause)}",
                    "set smtp_host to the name in its certificate, smtp_security and smtp_port as the provider says",
                ) from error
            raise self._lost(doing, text_of(str(error)) or type(error).__name__) from error


def on_the_wire(message: bytes) -> bytes:
    """Ends of line are CRLF alone, a dot that begins a line is doubled, and the final dot (RFC 5321, 4.5.2).

    No bare CR or LF is left by which another server could see an end where there is none (CVE-2023-51764).
    """
    lines = _BARE_END.sub(b"\r\n", message)
    ended = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return _DOT.sub(b"..", ended) + b".\r\n"


def _require_private(mailbox: MailboxSettings) -> None:
    in_the_clear = mailbox.smtp_security == "none" and not is_loopback(mailbox.smtp_host)
    if mailbox.username is not None and in_the_clear:
        raise _misconfigured(mailbox, "would see the password in the clear", "set smtp_security to starttls or tls")


def _misconfigured(mailbox: MailboxSettings, fault: str, mend: str) -> Misconfigured:
    where = f"{mailbox.smtp_host}:{mailbox.smtp_port}"
    return Misconfigured(f"{where} {fault}; {mend} under [mailboxes.{mailbox.name}]", scope=Scope.MAILBOX)


def _tls_fault(error: ssl.SSLError) -> str:
    return text_of(error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error))


async def _connected(host: str, port: int, seconds: float) -> socket.socket:
    """The first address of the host that takes a connection. Raises `Transient`."""
    loop = asyncio.get_running_loop()
    try:
        with anyio.fail_after(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = "it took too long" if isinstance(error, TimeoutError) else str(error)
        raise Transient(f"the name {host} was not found: {reason}", scope=Scope.MAILBOX) from error
    failed: OSError = OSError("it has no address")
    for family, kind, protocol, _, address in found:
        with ExitStack() as undo:
            opened = undo.enter_context(socket.socket(family, kind, protocol))
            opened.setblocking(False)
            try:
                with anyio.fail_after(seconds):
                    await loop.sock_connect(opened, address)
            except OSError as error:
                failed = error
                continue
            undo.pop_all()
            return opened
    reason = str(failed) or "it took too long"
    raise Transient(f"{host}:{port} cannot be reached: {reason}", scope=Scope.MAILBOX) from failed
