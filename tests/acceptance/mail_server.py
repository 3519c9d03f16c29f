"""A mail server on loopback, in the test's own process: it notes each message before it answers, and when it does so.

`hold` keeps back the answers to the final dot until `answer`, so that a test can do something in between.
"""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from camd.system import SystemClock
from tests.proof.judge import Mail

PATIENCE_SECONDS = 60
"""After which a daemon that sends nothing has failed the test."""
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(rb"^Date: (.+?)\r\n", re.MULTILINE)
_STEP = re.compile(rb"This is mail (\d+)")


@dataclass(frozen=True, slots=True)
class Arrival:
    """`date` is what the sender's clock said; `begun_at` and `mail.seconds` are this process's monotonic clock, at DATA
    and at the final dot."""

    mail: Mail
    date: datetime
    begun_at: float


class MailServer(socketserver.ThreadingTCPServer):
    """`late_seconds` is how long every answer to a final dot takes."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, late_seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.late_seconds = late_seconds
        self.arrivals: list[Arrival] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._changed = threading.Condition()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def mails(self) -> list[Mail]:
        return [arrival.mail for arrival in self.arrivals]

    def hold(self) -> None:
        self.may_answer.clear()

    def answer(self) -> None:
        self.may_answer.set()

    def wait_for(self, count: int) -> None:
        """Until so many have arrived."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.arrivals) >= count, PATIENCE_SECONDS)
        assert came, f"{len(self.arrivals)} of {count} mails arrived"

    def wait_for_name(self, recipient: str) -> None:
        """Until that one's mail has arrived."""
        with self._changed:
            came = self._changed.wait_for(lambda: recipient in self._recipients(), PATIENCE_SECONDS * 5)
        assert came, f"nothing came for {recipient}, {len(self.arrivals)} for others"

    def _recipients(self) -> list[str]:
        return [mail.recipient for mail in self.mails]

    def note(self, recipient: str, message: bytes, begun_at: float) -> None:
        message_id, date, step = _MESSAGE_ID.search(message), _DATE.search(message), _STEP.search(message)
        assert message_id
        assert date
        assert step
        with self._changed:
            mail = Mail(
                len(self.arrivals) + 1,
                SystemClock().monotonic(),
                recipient,
                message_id.group(1).decode(),
                int(step.group(1)),
            )
            self.arrivals.append(Arrival(mail, parsedate_to_datetime(date.group(1).decode()), begun_at))
            self._changed.notify_all()


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        recipient = ""
        self._say("220 judge.example")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if verb == "RCPT":
                recipient = rest.partition("<")[2].partition(">")[0]
            if verb == "DATA":
                self._take(recipient)
            else:
                self._say("250 2.0.0 ok")

    def _take(self, recipient: str) -> None:
        begun_at = SystemClock().monotonic()
        self._say("354 go ahead")
        message = b""
        while not message.endswith(b"\r\n.\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            message += line
        self.server.note(recipient, message, begun_at)
        threading.Event().wait(self.server.late_seconds)
        self.server.may_answer.wait()
        self._say("250 2.0.0 queued")

    def _say(self, reply: str) -> None:
        try:
            self.wfile.write(reply.encode() + b"\r\n")
        except OSError:
            self.rfile.close()  # the sender was killed while it waited


@contextmanager
def mail_server(late_seconds: float = 0.0) -> Iterator[MailServer]:
    with MailServer(late_seconds) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server
        finally:
            server.answer()
            server.shutdown()
            serving.join()
