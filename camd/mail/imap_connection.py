"""One IMAP connection, from the name look-up to the answer to a command, each step within its time.

Raises `Misconfigured` of scope `mailbox` for a certificate or a log-in that is refused, `Transient` for everything
else. What broke off in the middle is never used again: its answers could be taken for those of the next command.
"""

import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import anyio
from anyio.abc import ByteStream, SocketStream
from anyio.streams.tls import TLSStream

from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.mail.imap_syntax import NotImap, Response, Status, is_arrival, named, plain, quoted
from camd.mail.imap_wire import Wire
from camd.mail.oauth import Tokens
from camd.mail.replies import refused_log_in, text_of
from camd.ports.inbox import MESSAGE_BYTES
from camd.ports.settings import MailboxSettings, is_loopback

_ANSWER_BYTES = 2 * MESSAGE_BYTES
"""Of all that is kept of the answers to one command."""
_REFUSED = frozenset({"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN"})
"""RFC 5530, 3: a person has to act."""
_NOT_NOW = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA", "SERVERBUG", "THROTTLED"})
# Gmail, Yahoo and Exchange tell of too many connections in words alone, where others say LIMIT.
_NOT_NOW_WORDS = re.compile(
    r"too many|simultaneous|try again|temporar|unavailable|throttl|bandwidth|limit|busy|internal|server err|timed out",
    re.IGNORECASE,
)
# Exchange: "Request is throttled. Suggested Backoff Time: 299961 milliseconds".
_BACK_OFF = re.compile(r"Backoff Time: (\d{1,9}) milliseconds")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, for each command, for a message on its way here, of one IDLE (RFC 2177: under 30 minutes),
    and between two looks at a server without IDLE."""

    connect: float = 5.0
    command: float = 30.0
    body: float = 120.0
    idle: float = 29 * 60.0
    poll: float = 15.0


class Refused(Exception):
    """A command was answered NO or BAD; `answers` came before that."""

    def __init__(self, doing: str, status: Status, answers: Sequence[Response]) -> None:
        super().__init__(f"{doing}: {status}")
        self.status = status
        self.answers = answers


@asynccontextmanager
async def connected(
    box: MailboxSettings, patience: Patience, tls: ssl.SSLContext, tokens: Tokens
) -> AsyncIterator["Connection"]:
    """Encrypted with a verified certificate where the settings say so, and logged in."""
    if box.imap_security == "none" and not is_loopback(box.imap_host or ""):
        raise _misconfigured(box, "would see the password in the clear", "set imap_security to tls or starttls")
    stream = await _reached(box, patience.connect)
    try:
        connection = Connection(stream, box, patience)
        await connection.begin(tls, tokens)
        yield connection
    finally:
        # At once and without LOGOUT, so that it can be done while cancelled.
        await stream.aclose()


class Connection:
    """Made by `connected`. One command at a time."""

    def __init__(self, stream: SocketStream, box: MailboxSettings, patience: Patience) -> None:
        self._stream: ByteStream = stream
        self._wire = Wire(stream, MESSAGE_BYTES)
        self._box = box
        self.patience = patience
        self._capabilities: frozenset[str] = frozenset()
        self._is_out_of_step = False
        self._sent = 0

    def offers(self, capability: str) -> bool:
        return capability in self._capabilities

    async def begin(self, tls: ssl.SSLContext, tokens: Tokens) -> None:
        if self._box.imap_security == "tls":
            await self._encrypt(tls)
        with self._within("the greeting", self.patience.command):
            greeting = await self._next("the greeting")
        kind = greeting.status.kind if greeting.status else None
        if kind not in {"OK", "PREAUTH"}:
            raise self.lost("the greeting", "it greets as no IMAP server does")
        is_known = kind == "PREAUTH"
        if self._box.imap_security == "starttls":
            if is_known:
                # Without a state in which STARTTLS is allowed, whoever sits between could have the rest in the clear.
                raise self._misconfigured("wants no TLS", "set imap_security and imap_port as the provider says")
            await self._start_tls(tls)
        if not is_known:
            await self._ask_capabilities()
            await self._log_in(tokens)
        await self._ask_capabilities()

    async def command(self, *words: str | bytes, seconds: float | None = None) -> list[Response]:
        """The untagged answers. Raises `Refused`."""
        doing = _text(words[0])
        with self._within(doing, self.patience.command if seconds is None else seconds):
            return await self._answers(doing, await self._send(*words))

    async def idle(self, seconds: float) -> bool:
        """Whether a message arrived, within so many seconds. Raises `Refused`: then no IDLE is under way."""
        with self._within("IDLE", self.patience.command):
            tag = await self._send("IDLE")
            early = await self._answers("IDLE", tag, until_asked=True)
        end = anyio.current_time() + seconds
        has_arrived = any(map(is_arrival, early))
        while not has_arrived and anyio.current_time() < end:
            with self._within("IDLE", None), anyio.move_on_at(end):
                await self._wire.readable()
            if self._wire.has_more:
                with self._within("IDLE", self.patience.command):
                    answer = await self._next("IDLE")
                if answer.tag == tag and answer.status is not None:
                    raise Refused("IDLE", answer.status, ())
                has_arrived = is_arrival(answer)
        with self._within("DONE", self.patience.command):
            await self._wire.send(b"DONE")
            return has_arrived | any(map(is_arrival, await self._answers("IDLE", tag)))

    def trouble(self, refused: Refused) -> Transient:
        """What a command that was refused is, where its caller knows nothing better."""
        found = _BACK_OFF.search(refused.status.text)
        wait = timedelta(milliseconds=int(found[1])) if found else None
        return Transient(f"{self._where} at {text_of(str(refused))}", scope=Scope.MAILBOX, retry_after=wait)

    def lost(self, doing: str, why: str) -> Transient:
        return Transient(f"{self._where} at {doing}: {text_of(why)}", scope=Scope.MAILBOX)

    async def _send(self, *words: str | bytes) -> str:
        self._sent += 1
        tag = f"A{self._sent}"
        await self._wire.send(b" ".join(each if isinstance(each, bytes) else each.encode() for each in (tag, *words)))
        return tag

    async def _answers(self, doing: str, tag: str, *, until_asked: bool = False) -> list[Response]:
        """What comes before the command is done, or with `until_asked` before the server asks for more."""
        answers: list[Response] = []
        size = 0
        while True:
            answer = await self._next(doing)
            size += answer.size
            match answer.tag:
                case "+" if until_asked:
                    return answers
                case "*" if size <= _ANSWER_BYTES:
                    answers.append(answer)
                case "*":
                    raise NotImap("it answers without an end")
                case named if named == tag and answer.status is not None:
                    if answer.status.kind != "OK" or until_asked:
                        raise Refused(doing, answer.status, answers)
                    return answers
                case _:
                    raise NotImap("it answers what was not asked")

    async def _next(self, doing: str) -> Response:
        answer = await self._wire.receive()
        if answer.tag == "*" and answer.status is not None and answer.status.kind == "BYE":
            raise self.lost(doing, f"it said goodbye: {answer.status.text}")
        return answer

    async def _ask_capabilities(self) -> None:
        answers = await self._plainly("CAPABILITY")
        words = [plain(word) for values in named("CAPABILITY", answers) for word in values]
        self._capabilities = frozenset(word.decode("ascii", "replace").upper() for word in words)

    async def _plainly(self, *words: str) -> list[Response]:
        try:
            return await self.command(*words)
        except Refused as refused:
            raise self.trouble(refused) from refused

    async def _start_tls(self, tls: ssl.SSLContext) -> None:
        try:
            await self.command("STARTTLS")
        except Refused as refused:
            raise self._misconfigured(
                f"refuses STARTTLS ({text_of(str(refused.status))}), and no password is sent in the clear",
                "set imap_security and imap_port as the provider says",
            ) from refused
        if self._wire.has_more:
            # It was sent in the clear and would be taken for what came encrypted (CVE-2011-0411).
            raise self.lost("STARTTLS", "it answered more than it was asked")
        await self._encrypt(tls)

    async def _encrypt(self, tls: ssl.SSLContext) -> None:
        with self._within("TLS", self.patience.command):
            try:
                self._stream = await TLSStream.wrap(
                    self._stream,
                    server_side=False,
                    hostname=self._box.imap_host,
                    ssl_context=tls,
                    standard_compatible=False,  # hardly a server ends TLS before it ends the connection
                )
            except ssl.SSLError as error:
                fault = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
                raise self._misconfigured(
                    f"cannot be trusted: {text_of(fault)}",
                    "set imap_host to the name in its certificate, imap_security and imap_port as the provider says",
                ) from error
        self._wire = Wire(self._stream, MESSAGE_BYTES)

    async def _log_in(self, tokens: Tokens) -> None:
        box = self._box
        if box.username is None:
            raise self._misconfigured("asks for a log-in", "set username and password")
        try:
            if box.auth == "xoauth2":
                token = await tokens.token(box)
                await self._authenticate("XOAUTH2", f"user={box.username}\1auth=Bearer {token}\1\1")
            else:
                await self._give_password(box.username, box.password.get_secret_value() if box.password else "")
        except Refused as refused:
            raise self._refusal(refused, tokens) from refused

    async def _give_password(self, username: str, password: str) -> None:
        # One method, once: a wrong password tried by each method locks the account three times as fast.
        if self.offers("AUTH=PLAIN"):
            await self._authenticate("PLAIN", f"\0{username}\0{password}")
        elif self.offers("LOGINDISABLED"):
            raise self._misconfigured("lets nobody log in by a password", "set auth as the provider says")
        else:
            try:
                # Beyond ASCII the grammar wants a literal; servers without AUTH=PLAIN take the UTF-8 as it is.
                await self.command("LOGIN", quoted(username), quoted(password))
            except ValueError as error:
                raise self._misconfigured("takes no line break in a password", "correct password") from error

    async def _authenticate(self, mechanism: str, secret: str) -> None:
        if not self.offers(f"AUTH={mechanism}"):
            raise self._misconfigured(f"offers no log-in by {mechanism}", "set auth as the provider says")
        letters = b64encode(secret.encode())
        at_once = (letters,) if self.offers("SASL-IR") else ()
        with self._within("the log-in", self.patience.command):
            tag = await self._send("AUTHENTICATE", mechanism, *at_once)
            if not at_once:
                await self._answers("the log-in", tag, until_asked=True)
                await self._wire.send(letters)
            while (answer := await self._next("the log-in")).tag != tag:
                if answer.tag == "+":
                    # Why the token is refused; the server waits for an empty line before it says NO.
                    await self._wire.send(b"")
        if answer.status is None or answer.status.kind != "OK":
            raise Refused("the log-in", answer.status or Status("NO", "", "", ""), ())

    def _refusal(self, refused: Refused, tokens: Tokens) -> Failure:
        status = refused.status
        is_for_now = status.code in _NOT_NOW or status.kind == "BAD" or _NOT_NOW_WORDS.search(status.text)
        if is_for_now and status.code not in _REFUSED:
            return self.trouble(refused)
        # It may have been the token, withdrawn before its end: the next attempt asks for another.
        tokens.forget(self._box)
        return refused_log_in(self._box.name, f"{self._box.imap_host} refused the log-in: {text_of(str(status))}")

    @property
    def _where(self) -> str:
        return f"{self._box.imap_host}:{self._box.imap_port}"

    def _misconfigured(self, fault: str, mend: str) -> Misconfigured:
        return _misconfigured(self._box, fault, mend)

    @contextmanager
    def _within(self, doing: str, seconds: float | None) -> Iterator[None]:
        """The deadline, and the library's errors as failures of the mailbox."""
        if self._is_out_of_step:
            raise self.lost(doing, "the connection broke off before")
        self._is_out_of_step = True
        try:
            with anyio.fail_after(seconds):
                yield
        except Refused:
            self._is_out_of_step = False
            raise
        except NotImap as error:
            raise self.lost(doing, str(error)) from error
        except TimeoutError as error:
            raise self.lost(doing, "it took too long") from error
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, OSError) as error:
            raise self.lost(doing, "the connection was lost") from error
        self._is_out_of_step = False


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode("ascii", "replace")


def _misconfigured(box: MailboxSettings, fault: str, mend: str) -> Misconfigured:
    where = f"{box.imap_host}:{box.imap_port}"
    return Misconfigured(f"{where} {fault}; {mend} under [mailboxes.{box.name}]", scope=Scope.MAILBOX)


async def _reached(box: MailboxSettings, seconds: float) -> SocketStream:
    try:
        with anyio.fail_after(seconds):
            return await anyio.connect_tcp(box.imap_host or "", box.imap_port)
    except (OSError, UnicodeError) as error:
        reason = "it took too long" if isinstance(error, TimeoutError) else str(error.__cause__ or error)
        raise Transient(
            f"{box.imap_host}:{box.imap_port} cannot be reached: {text_of(reason)}", scope=Scope.MAILBOX
        ) from error
