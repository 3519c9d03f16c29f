"""The daemon, as `camd run` starts it, becomes a newer one and an older one again, while people ask and mails wait."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from signal import SIGTERM
from threading import Event, Thread

import anyio
import pytest

from camd.store.migrate import MIGRATIONS, head_revision
from camd.system import SystemClock
from tests.acceptance.small_disks import memory
from tests.proof.campaigns import FIRST, Plan, addresses, box, prepare
from tests.proof.commands import DOOR, camd, succeeds
from tests.proof.daemon import PATIENCE_SECONDS, Daemon, Shape
from tests.proof.first_release import ERASED, PEOPLE, SAID_NO, leave_behind, revision, schema
from tests.proof.judge import Mail, duplicates, problems, sink
from tests.proof.site import Site

Start = Callable[..., Daemon]
HEAD = head_revision()
PAST = 20_000
"""Leads of years, so that the migration is no blink."""
ASKING, ENOUGH = 3, 150
"""So many threads ask, until there are so many answers."""
REFUSED_SECONDS = 0.02
"""A pause, so that those who ask leave a core to whom they wait for."""
SHAPE = Shape()
NEXT_REVISION = "9999"
NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT_REVISION}"
down_revision = "{HEAD}"

def upgrade():
    op.create_table("of_the_next_release", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("leads", sa.Column("of_the_next_release", sa.Text))
"""


class Load:
    """Asks a daemon on its socket without a pause, from before it listens to its end."""

    def __init__(self, socket: Path) -> None:
        self.refused = 0
        self.codes: list[int] = []
        self.added: list[str] = []
        self._socket = socket
        self._over = Event()
        self._enough = Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        threads = [Thread(target=self._ask, args=(number,)) for number in range(ASKING)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def wait_for_many_answers(self) -> None:
        assert self._enough.wait(PATIENCE_SECONDS)

    def _ask(self, number: int) -> None:
        asked = 0
        while not self._over.is_set():
            asked += 1
            # Two whom nobody may write to come back in a list of the load's.
            address = [SAID_NO, ERASED, f"new{number}-{asked}@new.example"][min(asked, 3) - 1]
            try:
                added = self._request("POST", "/campaigns/Spring/leads", {"email": address, "company": "New"})
                seen = self._request("GET", "/status")
            except ConnectionError:
                self.refused += 1
                self._over.wait(REFUSED_SECONDS)
                continue
            self.codes += [added, seen]
            if added == HTTPStatus.CREATED:
                self.added.append(address)
            if len(self.codes) >= ENOUGH:
                self._enough.set()

    def _request(self, method: str, path: str, body: object = None) -> int:
        """The status of its answer. Raises ConnectionError."""
        with closing(OnSocket(self._socket)) as connection:
            connection.request(method, f"/api/cam{path}", json.dumps(body))
            answer = connection.getresponse()
            answer.read()
            return answer.status


class OnSocket(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.connect(str(self._path))
        except FileNotFoundError as missing:
            raise ConnectionRefusedError from missing


@pytest.mark.acceptance
def test_the_first_release_becomes_this_one_while_people_ask_and_mails_are_due(
    quick_folder: Path, start: Start
) -> None:
    first = quick_folder / "first.db"
    leave_behind(first, SystemClock().now(), past=PAST)
    with sink(quick_folder) as judge:
        place = Site(quick_folder / "site", first, box("sales", judge.port))
        load = Load(place.folder / DOOR)
        with load.asking():
            daemon = start(place, judge, SHAPE, CAMD_SERVER__SOCKET=DOOR)
            daemon.wait_for(f'"migration.applied", "revision": "{HEAD}"')
            # No follow-up goes: this daemon has no inbox to hear from.
            judge.wait_for(len(PEOPLE))
            load.wait_for_many_answers()
        daemon.tell(SIGTERM)
        assert daemon.ends() == 0
        mails = judge.mails()
    assert load.refused, "nobody asked before it listened"
    assert {code for code in load.codes if code >= 500} == set()
    assert len(load.added) > ASKING
    books = place.books()
    assert books.broken == ()
    assert set(load.added) <= {lead.recipient for lead in books.leads}
    assert duplicates(mails) == []
    assert {mail.recipient for mail in mails} == set(PEOPLE)
    copy = place.folder / f"camd.db.before-{HEAD}"
    assert (revision(copy), schema(copy)) == ("0001", schema(first))


@pytest.fixture
def newer(quick_folder: Path) -> dict[str, str]:
    """The variables with which a process runs the next release: this one with a migration more."""
    folder = quick_folder / "newer"
    shutil.copytree(MIGRATIONS.parents[1], folder / "camd", ignore=shutil.ignore_patterns("__pycache__", "packaged"))
    (folder / "camd" / "store" / "migrations" / "versions" / "next.py").write_text(NEXT)
    return {"PYTHONPATH": str(folder)}


@pytest.mark.acceptance
def test_fault_20_an_upgrade_that_is_taken_back_doubles_and_loses_nothing(
    quick_folder: Path, start: Start, newer: dict[str, str]
) -> None:
    people = addresses(3 * SHAPE.in_flight)
    base = quick_folder / "base.db"
    anyio.run(prepare, base, Plan([people], steps=(FIRST,)))
    boxes = (box(name, 9, SHAPE.connections) for name in SHAPE.mailboxes)
    place = Site(quick_folder / "site", base, *boxes)
    mails = some_mails(place, start, "this release")

    mails += some_mails(place, start, "next release", **newer)
    assert revision(place.settings.database.path) == NEXT_REVISION
    before = place.settings.database.path.read_bytes()
    for command in (["run"], ["migrate"], ["status"], ["run-all"]):
        refused = camd(place.folder, *command)
        assert refused.returncode == 78, command
        assert NEXT_REVISION in refused.stderr
        assert "Traceback" not in refused.stderr
    assert place.settings.database.path.read_bytes() == before

    succeeds(place.folder, "restore", f"camd.db.before-{NEXT_REVISION}")
    with sink(quick_folder, name="taken back") as judge:
        daemon = start(place, judge, SHAPE, CAMD_SERVER__SOCKET=DOOR)
        daemon.wait_for("recovery.hold_entered")
        daemon.wait_for("daemon.ready")
        assert "RECOVERY" in succeeds(place.folder, "status")
        assert judge.mails() == [], "nothing is sent while the hold stands"
        succeeds(place.folder, "recover", "release", "--yes")
        judge.wait_for(SHAPE.in_flight)
        daemon.tell(SIGTERM)
        assert daemon.ends() == 0
        mails += judge.mails()
    assert len(mails) == len(people)
    assert problems(mails, place.books(), steps=1) == []


def some_mails(place: Site, start: Start, name: str, **variables: str) -> list[Mail]:
    """A release runs until so many as fit into its connections are sent."""
    with sink(place.folder, {"*": "held"}, name) as judge:
        daemon = start(place, judge, SHAPE, CAMD_SERVER__SOCKET=DOOR, **variables)
        judge.wait_for(SHAPE.in_flight)
        daemon.tell(SIGTERM)
        daemon.wait_for("daemon.stopping")
        judge.ask("XRELEASE")
        assert daemon.ends() == 0
        return judge.mails()


@pytest.mark.system
@pytest.mark.mounting
def test_without_room_for_the_copy_nothing_is_migrated(quick_folder: Path) -> None:
    with memory(quick_folder / "small") as small:
        database = small.folder / "camd.db"
        leave_behind(database, SystemClock().now(), past=PAST)
        spare = small.folder / "spare"
        spare.write_bytes(bytes(1_000_000))
        small.fill()
        spare.unlink()
        url = {"CAMD_DATABASE__URL": f"sqlite:///{database}", "CAMD_DATABASE__JOURNAL": str(quick_folder / "journal")}
        before = database.read_bytes()
        for command in (["run"], ["migrate"]):
            refused = camd(quick_folder, *command, **url)
            assert refused.returncode == 78, refused.stderr
            assert "no room" in refused.stderr
        assert (database.read_bytes(), revision(database)) == (before, "0001")
        small.make_room()
        assert camd(quick_folder, "migrate", **url).returncode == 0
        assert revision(database) == HEAD
