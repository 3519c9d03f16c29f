"""Messages become letters, in this process and in one that may die of them."""

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from camd.domain.inbound import InboundClass
from camd.mail.identity import identity_of
from camd.mail.parsed import Own
from camd.mail.reading import DEADLY, TOO_LARGE, TOO_LONG, ProcessReader, read_letter
from camd.mail.reading_process import Died, ReadingProcess
from camd.mail.reading_worker import serve
from camd.ports.inbox import Letter, RawMessage, Unreadable
from camd.sim.clock import START
from camd.sim.world import mailbox
from camd.system import SystemClock

OWN = Own(frozenset({"sales@us.example"}), "UTC")
ANSWER = (
    b"From: Ann Lee <ann@x.example>\r\nTo: sales@us.example\r\nSubject: Re: Website\r\nMessage-ID: <a1@x.example>\r\n"
    b"In-Reply-To: <t1@us.example>\r\n\r\nPlease call me.\r\n\r\nOn 5 Jan 2026, at 08:00, <sales@us.example> wrote:\r\n"
    b"> Hello\r\n> If you do not want to hear from me again, reply with 'stop'.\r\n"
)


def raw(content: bytes = ANSWER) -> RawMessage:
    return RawMessage(content, len(content), START)


@pytest.fixture
async def reader() -> AsyncIterator[ProcessReader]:
    reader = ProcessReader({"sales": mailbox("sales")}, SystemClock())
    yield reader
    reader.close()


def test_a_letter_holds_what_its_author_wrote_and_whom_it_answers() -> None:
    letter = read_letter(raw(), OWN)
    assert isinstance(letter, Letter)
    assert letter.identity == identity_of(raw())
    assert (letter.sender, letter.sender_name, letter.recipients) == ("ann@x.example", "Ann Lee", ("sales@us.example",))
    assert (letter.message_id, letter.thread, letter.is_reply) == ("a1@x.example", ("t1@us.example",), True)
    assert (letter.subject, letter.text, letter.arrived_at) == ("Re: Website", "Please call me.", START)


def test_what_an_own_mailbox_wrote_is_a_copy() -> None:
    letter = read_letter(raw(ANSWER.replace(b"ann@x.example", b"Sales+tag@us.example")), OWN)
    assert isinstance(letter, Letter)
    assert letter.reading.kind is InboundClass.OWN_COPY


@pytest.mark.parametrize(
    ("subject", "is_reply"),
    [
        ("Re: x", True),
        ("RE : x", True),
        ("AW: x", True),
        ("Antw: x", True),
        ("SV: x", True),
        ("Odp: x", True),
        ("RES: x", True),
        ("R: x", True),
        ("Re[2]: x", True),
        ("[EXTERNAL] Re: x", True),
        ("返信: x", True),
        ("Fwd: x", False),
        ("WG: x", False),
        ("Results: x", False),
        ("x Re: y", False),
        ("", False),
    ],
)
def test_without_a_thread_the_subject_tells_a_reply(subject: str, is_reply: bool) -> None:
    letter = read_letter(raw(f"From: a@x.example\nSubject: {subject}\n\nbody".encode()), OWN)
    assert isinstance(letter, Letter)
    assert letter.is_reply is is_reply


def test_what_is_no_message_is_unreadable_but_has_a_name() -> None:
    rubbish = raw(b"\xff\x00" * 50)
    assert read_letter(rubbish, OWN) == Unreadable(identity_of(rubbish), START, "it has no header")


@pytest.mark.parametrize(("error", "why"), [(MemoryError, TOO_LARGE), (KeyError, "no rule reads it (KeyError)")])
def test_fault_64_a_message_that_finds_a_bug_is_kept(error: type[Exception], why: str) -> None:
    class Trap(bytes):
        """The name is made of plain bytes; the tree falls into it."""

        def replace(self, *_: object) -> bytes:
            return bytes(self)

        def startswith(self, *_: object) -> bool:
            raise error

    assert read_letter(raw(Trap(b"A: b\n\nc")), OWN) == Unreadable(identity_of(raw(b"A: b\n\nc")), START, why)


def test_a_worker_answers_one_question_after_the_other_until_none_comes() -> None:
    questions = io.BytesIO(pickle.dumps((raw(), OWN)) + pickle.dumps((raw(b""), OWN)))
    answers = io.BytesIO()
    serve(questions, answers)
    answers.seek(0)
    assert [pickle.load(answers), pickle.load(answers)] == [read_letter(raw(), OWN), read_letter(raw(b""), OWN)]


async def test_a_process_reads_as_this_one_does(reader: ProcessReader) -> None:
    assert await reader.read(raw(), "sales") == read_letter(raw(), Own(frozenset({"sales@us.example"}), "UTC"))


async def test_a_process_reads_many_messages(reader: ProcessReader) -> None:
    await reader.read(raw(), "sales")
    first = reader._waiting[0]
    await reader.read(raw(), "sales")
    assert reader._waiting == [first]


async def test_at_most_two_processes_read_at_a_time(reader: ProcessReader) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(reader.read, raw(), "sales")
    assert 1 <= len(reader._waiting) <= 2


async def test_a_process_that_was_killed_is_replaced(reader: ProcessReader) -> None:
    await reader.read(raw(), "sales")
    os.kill(reader._waiting[0]._child.pid, signal.SIGKILL)
    assert isinstance(await reader.read(raw(), "sales"), Letter)


async def test_after_a_large_message_the_process_is_ended(reader: ProcessReader) -> None:
    assert isinstance(await reader.read(raw(ANSWER + b"x" * 1_500_000), "sales"), Letter)
    assert reader._waiting == []


async def test_fault_63_a_message_of_25_mb_fits_the_memory(reader: ProcessReader) -> None:
    letter = await reader.read(raw(ANSWER + b"x\r\n" * 8_000_000), "sales")
    assert isinstance(letter, Letter)
    assert letter.text.startswith("Please call me.\n\nx")


async def test_a_message_that_no_memory_holds_is_unreadable(reader: ProcessReader) -> None:
    letter = await reader.read(raw(ANSWER + b"x" * 170_000_000), "sales")
    assert isinstance(letter, Unreadable)
    assert letter.why == DEADLY


class Stubborn(ReadingProcess):
    """Every message is given to a program that does as it likes."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self.close()
        self._child = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )


BUSY = "import signal; signal.setitimer(signal.ITIMER_PROF, 0.05)\nwhile True: pass"


async def test_fault_65_a_message_that_takes_too_long_is_unreadable(reader: ProcessReader) -> None:
    reader._waiting.append(Stubborn(BUSY))
    assert await reader.read(raw(), "sales") == Unreadable(identity_of(raw()), START, TOO_LONG)
    assert reader._waiting == []


async def test_a_message_that_kills_two_processes_is_unreadable(reader: ProcessReader) -> None:
    reader._waiting.extend(Stubborn("import os; os.abort()") for _ in range(2))
    assert await reader.read(raw(), "sales") == Unreadable(identity_of(raw()), START, DEADLY)


@pytest.mark.parametrize("program", ["print('rubbish')", "import sys; sys.stdout.buffer.write(b'\\x80')", ""])
def test_a_process_that_answers_rubbish_has_died(program: str) -> None:
    process = Stubborn(program)
    with pytest.raises(Died):
        process.ask(raw(), OWN)
    process.close()


async def test_a_reading_that_is_cancelled_ends_its_process(reader: ProcessReader) -> None:
    started = threading.Event()

    class Silent(Stubborn):
        def ask(self, raw: RawMessage, own: Own) -> Letter | Unreadable:
            started.set()
            return super().ask(raw, own)

    silent = Silent("import signal; signal.pause()")
    reader._waiting.append(silent)
    async with anyio.create_task_group() as group:
        group.start_soon(reader.read, raw(), "sales")
        await anyio.to_thread.run_sync(started.wait)
        group.cancel_scope.cancel()
    assert silent._child.returncode == -signal.SIGKILL
    assert reader._waiting == []


def test_the_end_of_a_reader_ends_its_processes() -> None:
    reader = ProcessReader({"sales": mailbox("sales")}, SystemClock())
    anyio.run(reader.read, raw(), "sales")
    (process,) = reader._waiting
    del reader
    assert process._child.returncode is not None


SCRIPT = """
import anyio, sys
print("started", flush=True)
from camd.mail.reading import ProcessReader
from camd.ports.inbox import RawMessage
from camd.sim.clock import START
from camd.sim.world import mailbox
from camd.system import SystemClock
reader = ProcessReader({"sales": mailbox("sales")}, SystemClock())
print(type(anyio.run(reader.read, RawMessage(b"A: b", 4, START), "sales")).__name__, flush=True)
"""


def test_a_script_that_does_not_guard_its_main_module_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    paths = os.pathsep.join(filter(None, sys.path))
    ended = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert ended.stdout.split() == ["started", "Letter"]
