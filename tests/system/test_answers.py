"""Live campaigns of a real daemon between Postfix and Dovecot: whoever answered or said no is written to no more."""

import imaplib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from camd.domain.campaign import StatusReason
from camd.domain.events import PERSON, Event, EventType
from camd.ports.records import LedgerRow
from tests.acceptance.conftest import Camd
from tests.system.answers_judge import arrivals, problems, stranded
from tests.system.dovecot_server import PASSWORD
from tests.system.mail_site import OPERATOR, SENDER, SENT, MailSite, running_mail_site
from tests.system.office import CONNECTIONS, Books, Office
from tests.system.people import STEPS, Person, a_few, fifty
from tests.system.play import Play
from tests.system.postfix_server import ADDRESS, PATIENCE_SECONDS

pytestmark = pytest.mark.system

ACCOUNT = SENDER.partition("@")[0]
ARCHIVE, TRASH, TRASH_NAME = "Ablage", "M&APw-ll", "Müll"
NO_ANSWERS_THERE = 'folders = ["Clients"]'

Begin = Callable[[Office], Camd]


def environ(office: Office) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")}
    return {**kept, **office.environ, "CAMD_SERVER__PORT": "0", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begins a daemon; whatever still runs at the end of the test is killed."""
    begun: list[Camd] = []

    def run(office: Office) -> Camd:
        begun.append(Camd(("run", "--config", "camd.toml"), office.folder, environ(office)))
        return begun[-1]

    yield run
    for each in begun:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def command(office: Office, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "camd", *words],
        cwd=office.folder,
        env=dict(environ(office)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=PATIENCE_SECONDS,
        check=True,
    )


@contextmanager
def opened(
    people: Sequence[Person], folder: Path, *, steps: int = STEPS, mailbox: str = ""
) -> Iterator[tuple[MailSite, Office]]:
    with running_mail_site([(person.address, person.place) for person in people]) as site:
        office = Office.at(site, folder, mailbox)
        office.prepare(people, steps)
        yield site, office


def is_all_over(site: MailSite, office: Office, steps: int = STEPS) -> bool:
    return office.has_written_to_all(steps) and office.heard() == len(site.kept(ACCOUNT))


def contents(site: MailSite) -> list[list[str]]:
    """Of every message that others sent to the mailbox: where it lies, its flags and its numbers."""
    found = site.account(ACCOUNT).admin("-f tab fetch", "mailbox flags uid guid", "mailbox", "*").splitlines()[1:]
    return sorted(cells for line in found if (cells := line.split("\t"))[0] != SENT)


def steps_of(site: MailSite, people: Sequence[Person]) -> list[list[int]]:
    return [[mail.step for mail in arrivals(site, person)] for person in people]


def first_mails(play: Play, site: MailSite, people: Sequence[Person]) -> None:
    """Runs the daemon until everybody has one mail, which they do not answer yet."""
    play.is_silent = True
    play.start()
    play.until(lambda: all(site.kept(person.name) for person in people))
    assert steps_of(site, people) == [[1]] * len(people)


def answer(play: Play, site: MailSite, people: Sequence[Person]) -> None:
    """To the first mail; returns when all of it lies in our mailbox."""
    wanted = len(site.kept(ACCOUNT)) + len(people)
    for person in people:
        play.react(person, 1, site.arrived(person.name)[0][1])
    play.until(lambda: len(site.kept(ACCOUNT)) == wanted)


def test_all_fifty_end_where_they_belong_though_the_daemon_is_killed_again_and_again(
    tmp_path: Path, begin: Begin
) -> None:
    people = fifty()
    assert len(people) == 50
    # Late in each wave, so that most answers have to be heard by the daemon that sent the mail.
    killed_at = [(people[place].name, step) for place, step in ((9, 1), (32, 1), (45, 2), (26, 3), (13, 3))]
    with opened(people, tmp_path) as (site, office):
        play = Play(office, people, partial(begin, office), killed_at)
        play.start()
        play.until(partial(is_all_over, site, office))
        play.stop()
        books = office.books(people)
        assert problems(site, people, books) == []
        assert play.kills >= 3
        assert len(stranded(books)) <= play.kills * CONNECTIONS
        untouched = contents(site)
        assert len(untouched) == len(site.kept(ACCOUNT))
        # Where a client had selected the folder, were it only to look, nothing would be recent any more.
        assert {(folder, flags) for folder, flags, *_ in untouched} == {("INBOX", "\\Recent")}
        assert site.kept(OPERATOR.partition("@")[0]), "the operator was not told of the first answer"


def test_answers_that_were_archived_and_deleted_while_nothing_ran_stop_the_follow_ups(
    tmp_path: Path, begin: Begin
) -> None:
    people = a_few()
    *answering, _ = people
    with opened(people, tmp_path, steps=2) as (site, office):
        play = Play(office, people, partial(begin, office))
        first_mails(play, site, people)
        play.kill()
        answer(play, site, answering)
        office.age(by=timedelta(hours=1))
        put_away(site, {answering[0].address: ARCHIVE, answering[1].address: TRASH})
        before = contents(site)
        assert [folder for folder, *_ in before] == [ARCHIVE, "INBOX", TRASH_NAME]
        play.start()
        play.until(partial(is_all_over, site, office, 2))
        play.stop()
        assert problems(site, people, office.books(people), steps=2) == []
        assert steps_of(site, people) == [[1], [1], [1], [1, 2]]
        assert contents(site) == before


def put_away(site: MailSite, folders: Mapping[str, str]) -> None:
    """As mail programs do it, the new ones for the archive and the old ones for the trash; keys are the senders."""
    with imaplib.IMAP4_SSL(ADDRESS, site.dovecot.port, ssl_context=site.dovecot.trusted) as imap:
        imap.login(ACCOUNT, PASSWORD)
        imap.select()
        for sender, folder in folders.items():
            [found] = imap.uid("SEARCH", "FROM", sender)[1]
            assert len(found.split()) == 1
            if folder == ARCHIVE:
                assert imap.uid("MOVE", found.decode(), folder)[0] == "OK"
            else:
                assert imap.uid("COPY", found.decode(), folder)[0] == "OK"
                imap.uid("STORE", found.decode(), "+FLAGS", "(\\Deleted)")
                imap.expunge()


def test_a_paused_and_a_parked_campaigns_answers_count(tmp_path: Path, begin: Begin) -> None:
    people = a_few()
    *answering, _ = people
    with opened(people, tmp_path, steps=2) as (site, office):
        play = Play(office, people, partial(begin, office))
        first_mails(play, site, people)
        command(office, "campaigns", "pause", "Q1")
        answer(play, site, answering[:1])
        play.until(lambda: office.heard() == 1)
        play.stop()
        assert office.books(people).paused_for is StatusReason.OPERATOR
        office.park()
        play.start()
        answer(play, site, answering[1:])
        play.until(lambda: office.heard() == len(answering))
        play.stop()
        books = office.books(people)
        assert problems(site, people, books, steps=1) == []
        assert books.paused_for is StatusReason.PARKED
        assert steps_of(site, people) == [[1]] * len(people)


def test_the_judgement_fails_for_a_daemon_that_looks_where_no_answers_are(tmp_path: Path, begin: Begin) -> None:
    people = a_few()
    *answering, silent = people
    with opened(people, tmp_path, steps=2, mailbox=NO_ANSWERS_THERE) as (site, office):
        play = Play(office, people, partial(begin, office))
        play.start()
        play.until(partial(office.has_written_to_all, 2))
        play.stop()
        books = office.books(people)
        found = problems(site, people, books, steps=2)
        assert {person.address for person in people if any(person.address in line for line in found)} == {
            person.address for person in answering
        }
        assert steps_of(site, people) == [[1, 2]] * len(people)
        # And for a step that left after the answer, or that came twice.
        assert ["left at" in line for line in problems(site, [silent], answered_first(books, silent), 2)].count(
            True
        ) == 1
        [file, _] = sorted(site.kept(silent.name))
        shutil.copy(file, file.with_name("copy"))
        assert any("came 2 times" in line for line in problems(site, [silent], books, 2))


def answered_first(books: Books, person: Person) -> Books:
    """As if their answer to the first mail had been stored before the second left."""
    account = books.accounts[person.address]
    first = account.touches[0]
    assert first.settled_at
    event = Event(EventType.LEAD_REPLIED, first.settled_at, PERSON, account.lead.campaign_id, account.lead.id)
    answered = replace(account, ledger=(*account.ledger, LedgerRow(0, event)))
    return replace(books, accounts={**books.accounts, person.address: answered})
