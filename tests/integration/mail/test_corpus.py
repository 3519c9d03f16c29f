"""The labelled corpus: everything that may arrive in answer to our mails, in ten languages, and how it is read.

`-s` shows precision and recall of each class.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from camd.domain.inbound import InboundClass
from camd.mail.reading import read_letter
from camd.ports.inbox import Reading
from tests.corpus.case import Case
from tests.corpus.hostile import hostile
from tests.corpus.languages import DATA, languages
from tests.corpus.machines import machines
from tests.corpus.people import people
from tests.corpus.scoring import BY_A_PERSON, Result, complaints, read_all, table

WRITTEN_UNSEEN = (DATA.parent / "heldout", DATA.parent / "blind")
"""Without a look at the rules; how they were read at first stands in the corpus's README."""
VENDORS_HOSTS = {"aka.ms"}
"""Stands in every mail of a mail program."""
RESERVED = re.compile(r"[\w.-]+\.(example|test)|example\.(com|org|net)")


@pytest.fixture(scope="module")
def corpus() -> Sequence[Case]:
    return [*people(), *machines(), *hostile()]


@pytest.fixture(scope="module")
def results(corpus: Sequence[Case]) -> Sequence[Result]:
    return read_all(corpus, read_letter)


@pytest.fixture(scope="module")
def unseen() -> Sequence[Result]:
    return read_all([case for folder in WRITTEN_UNSEEN for case in (*people(folder), *machines(folder))], read_letter)


def test_the_corpus_is_read_as_it_is_labelled(results: Sequence[Result]) -> None:
    _shown(results)


def test_what_was_written_without_a_look_at_the_rules_is_read_as_it_is_labelled(unseen: Sequence[Result]) -> None:
    assert len(unseen) >= 500
    _shown(unseen)


def _shown(results: Sequence[Result]) -> None:
    shown = table(results)
    print(f"\n{shown}")  # noqa: T201 - the figures of each class are asked for
    wrong = complaints(results)
    assert not wrong, "\n".join([*wrong, "", shown])


def test_fault_68_no_machine_is_taken_for_a_person(results: Sequence[Result], unseen: Sequence[Result]) -> None:
    by_machines = [each for each in (*results, *unseen) if BY_A_PERSON.isdisjoint(each.case.kinds)]
    assert len(by_machines) >= 350
    taken = [f"{each.case.name}: {each.reading}" for each in by_machines if each.taken in BY_A_PERSON]
    assert not taken, "\n".join(taken)


def test_a_reader_that_misses_three_notes_of_absence_fails(results: Sequence[Result]) -> None:
    notes = [each for each in results if each.plain is InboundClass.OUT_OF_OFFICE]
    others = [each for each in results if each not in notes]
    missed = [replace(each, reading=Reading(InboundClass.AUTO_REPLY, "planted")) for each in notes[:3]]
    assert "out_of_office: recall 0.96" in complaints([*others, *missed, *notes[3:]])


def test_a_reader_that_takes_everything_for_a_person_fails(results: Sequence[Result]) -> None:
    neutral = Reading(InboundClass.HUMAN_NEUTRAL, "planted")
    wrong = "\n".join(complaints([replace(result, reading=neutral) for result in results]))
    for words in ("an opt-out missed", "a person and a machine confused", "hard_bounce: recall 0.00"):
        assert words in wrong


def test_a_reader_that_takes_automatic_answers_for_persons_fails(results: Sequence[Result]) -> None:
    wrong = "\n".join(complaints([_believed(result) for result in results]))
    assert "de/auto_reply/receipt: a person and a machine confused" in wrong
    assert "auto_reply: recall 0.00" in wrong


def _believed(result: Result) -> Result:
    if result.reading and result.reading.kind is InboundClass.AUTO_REPLY:
        return replace(result, reading=replace(result.reading, kind=InboundClass.HUMAN_NEUTRAL))
    return result


def test_the_corpus_has_every_class_and_ten_languages(corpus: Sequence[Case]) -> None:
    counts = Counter(case.kinds[0] for case in corpus)
    assert len(corpus) >= 600
    assert set(counts) == set(InboundClass)
    assert min(counts.values()) >= 5
    assert len(languages()) == 10


def test_every_message_has_a_name_of_its_own(corpus: Sequence[Case]) -> None:
    for cases in (corpus, *([*people(folder), *machines(folder)] for folder in WRITTEN_UNSEEN)):
        assert max(Counter(case.name for case in cases).values()) == 1


def test_nobody_in_the_corpus_lives_at_a_real_domain() -> None:
    texts = [file.read_text(encoding="utf-8") for file in DATA.parent.rglob("*.toml")]
    hosts = {host for text in texts for host in re.findall(r"(?:@|https?://)([A-Za-z0-9.-]+\.[a-z]+)", text)}
    assert hosts
    assert {host for host in hosts if not RESERVED.fullmatch(host.lower())} - VENDORS_HOSTS == set()
