"""The process is killed while it delivers, and the receiver hangs, redirects and refuses in between: every event of the
ledger arrives, under one id, signed (faults 89, 90).
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

from tests.integration.webhooks.receiver import Behave, Receiver, answers, hangs, receiving, takes

CHILD = Path(__file__).with_name("child.py")
LINK_LOCAL = answers(302, Location="http://169.254.169.254/latest/meta-data")
Trouble = tuple[Behave, int]
"""How the receiver behaves, and after how many requests of that kind the process is killed."""
FAILS: Trouble = answers(500), 8
TROUBLES: Sequence[Trouble] = (
    FAILS,
    (answers(410), 1),
    (LINK_LOCAL, 8),
    (answers(429, Retry_After="1"), 3),
    (hangs, 4),
)
SECONDS = 1200
"""After which a process that does not end has failed the test."""


async def began(folder: Path, url: str, count: int) -> Process:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, str(CHILD), str(folder), url, str(count)]
    return await anyio.open_process(command, stdin=None, stdout=None, stderr=None, env=environ)


async def killed(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    await process.wait()


async def run_through(receiver: Receiver, folder: Path, count: int, troubles: Sequence[Trouble]) -> None:
    """For each trouble a process that is killed while all goes well, and one that is killed amid it; then one to the
    end."""
    for number, (behave, requests) in enumerate(troubles, 1):
        enough = count * number // (len(troubles) + 1)
        process = await began(folder, receiver.url, count)
        await receiver.until(lambda enough=enough: len(receiver.taken) >= enough)  # type: ignore[misc]  # bound now
        await killed(process)
        receiver.behave, reached = behave, receiver.requests + requests
        process = await began(folder, receiver.url, count)
        await receiver.until(lambda reached=reached: receiver.requests >= reached)  # type: ignore[misc]  # same
        await killed(process)
        receiver.behave = takes
    process = await began(folder, receiver.url, count)
    await receiver.until(lambda: len(receiver.taken) == count)
    await killed(process)


def judge(receiver: Receiver, count: int) -> None:
    assert set(receiver.taken) == set(range(1, count + 1)), "an event never arrived"
    ids = [event_id for seen in receiver.seen.values() for event_id in seen]
    assert len(ids) == len(set(ids)) == count, "an event had two ids, or two events had one"
    again = sum(len(taken) - 1 for taken in receiver.taken.values())
    print(f"{count} events, {receiver.requests} requests, {again} taken again after a kill")  # noqa: T201 - figures


@pytest.mark.acceptance
async def test_every_event_arrives_over_kills_under_one_id(database: Path) -> None:
    async with receiving() as receiver:
        with anyio.fail_after(SECONDS):
            await run_through(receiver, database.parent, 150, [FAILS])
    judge(receiver, 150)


@pytest.mark.nightly
async def test_none_of_ten_thousand_events_is_lost(database: Path, nightly_share: float) -> None:
    count = max(500, round(10_000 * nightly_share))
    async with receiving() as receiver:
        with anyio.fail_after(SECONDS):
            await run_through(receiver, database.parent, count, TROUBLES)
    judge(receiver, count)
