"""The days of a campaign at a mail site: the daemon writes, people answer at once, and it is killed on the way.

Nothing waits for time to pass: whatever is done follows a line in the log of Postfix or of the daemon.
"""

import json
import os
import re
import select
import urllib.request
from collections.abc import Callable, Collection
from email.message import EmailMessage

from camd.system import SystemClock
from tests.acceptance.conftest import Camd
from tests.system.office import Office
from tests.system.people import Click, Mail, Person, written_back
from tests.system.postfix_server import Postfix

PATIENCE_SECONDS = 60
"""After which servers and daemon that say nothing have failed the test."""
LONGEST_SECONDS = 300
"""After which a play that goes on and on has failed it."""
_MAIL = re.compile(r"This is mail (\d)")


class Daemon:
    """`camd run`, and what it logs."""

    def __init__(self, process: Camd) -> None:
        self.process = process
        self.is_ready = False
        self._rest = b""

    def fileno(self) -> int:
        assert self.process.process.stdout is not None
        return self.process.process.stdout.fileno()

    def read(self) -> None:
        """Waits for more of its lines."""
        piece = os.read(self.fileno(), 1 << 16)
        assert piece, f"the daemon has ended:\n{self.process.output()}"
        self.process.printed += piece
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.is_ready |= any(json.loads(line)["event"] == "daemon.ready" for line in lines)


class Play:
    """`killed_at` are (name, step): when that mail arrives there the daemon is killed, before its reader does anything,
    and starts again when all that is on its way to a mailbox is there."""

    def __init__(
        self,
        office: Office,
        people: Collection[Person],
        start: Callable[[], Camd],
        killed_at: Collection[tuple[str, int]] = (),
    ) -> None:
        self.kills = 0
        self.is_silent = False
        self._office = office
        self._site = office.site
        self._people = {person.address: person for person in people}
        self._start = start
        self._killed_at = set(killed_at)
        self._seen: set[str] = set()
        self._clicks: list[str] = []
        self._daemon: Daemon | None = None
        self._is_to_start = False

    def start(self) -> None:
        self._is_to_start = False
        self._daemon = Daemon(self._start())

    def kill(self) -> None:
        assert self._daemon is not None
        self._daemon.process.process.kill()
        self._daemon.process.process.communicate()
        self._daemon = None
        self.kills += 1

    def stop(self) -> None:
        """As an operator does."""
        assert self._daemon is not None
        assert self._daemon.process.end() == 0, self._daemon.process.output()
        self._daemon = None

    def until(self, is_over: Callable[[], bool]) -> None:
        """Until that holds and nothing is under way any more."""
        clock = SystemClock()
        end = clock.monotonic() + LONGEST_SECONDS
        while self._site.queued or self._clicks or not is_over():
            assert clock.monotonic() < end, f"it never ends; {self._state()}"
            self._go_on()

    def _go_on(self) -> None:
        sources: list[Postfix | Daemon] = [self._site.postfix, *([self._daemon] if self._daemon else [])]
        readable, _, _ = select.select(sources, [], [], PATIENCE_SECONDS)
        assert readable, f"nothing happens any more; queued: {self._site.queued}, {self._state()}"
        if self._daemon is not None and self._daemon in readable:
            self._daemon.read()
        if self._site.postfix in readable:
            for line in self._site.postfix.read():
                if address := self._site.saw(line):
                    self._arrived(address)
        if self._is_to_start and not self._site.queued:
            self.start()
        if self._daemon is not None and self._daemon.is_ready:
            while self._clicks:
                _click(self._clicks.pop())

    def _state(self) -> str:
        return self._daemon.process.output()[-20_000:] if self._daemon else "no daemon"

    def _arrived(self, address: str) -> None:
        person = self._people.get(address)
        for _, message in self._site.arrived(person.name) if person else ():
            message_id = str(message["Message-ID"])
            if person is not None and message_id not in self._seen:
                self._seen.add(message_id)
                self._read_by(person, message)

    def _read_by(self, person: Person, message: EmailMessage) -> None:
        step = step_of(message)
        if self._daemon is not None and (person.name, step) in self._killed_at:
            self._killed_at.remove((person.name, step))
            self.kill()
            self._is_to_start = True
        if not self.is_silent:
            self.react(person, step, message)

    def react(self, person: Person, step: int, message: EmailMessage) -> None:
        match person.answers.get(step):
            case Mail() as mail:
                answer = written_back(mail, person, message, SystemClock().now())
                # A report and most automatic answers have no sender (RFC 3834, 3.3).
                self._site.send(answer, "" if "Auto-Submitted" in answer else str(answer["From"]))
            case Click():
                self._clicks.append(self._office.public(str(message["List-Unsubscribe"]).strip("<>")))


def step_of(message: EmailMessage) -> int:
    found = _MAIL.search(message.get_content())
    assert found, "a mail of no step of ours"
    return int(found[1])


def _click(url: str) -> None:
    """As a mail program does it (RFC 8058, 3.1)."""
    with urllib.request.urlopen(url, b"List-Unsubscribe=One-Click", timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200
