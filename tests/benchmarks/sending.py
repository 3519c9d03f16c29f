"""Messages per second and CPU per message of the durable path, beside the same mails sent with nothing recorded.

Run: `python -m tests.benchmarks.sending [MAILS]`, with Postfix's `smtp-sink` installed. Prints figures and asserts
nothing but that every mail arrived. Only ratios within one run say something. All ways build the same mails and hand
them over to the same sink:

- sink: `smtp-source`, no Python: what the sink can take.
- a: renders, and sends by `SmtpChannel` with a mark on the wire that does nothing: no database, no gate, no log.
- a, plain: the same through bare `aiosmtplib`, as many connections reused, by its own `sendmail`.
- b: renders, and sends by `smtplib`, one mail after the other, each with connect, send and quit.
- c: the daemon's own parts: live campaigns under their supervisor, the outboxes with gate, quotas, both marks, journal
  and settling, logging as by default. Rendering is done when a mail is planned: `c, plan` is the cycle that does it.

Then what a mail costs beside a thousand and beside a million earlier ones, and fifty mailboxes on a server whose every
answer takes 100 ms beside one connection.
"""

import contextlib
import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiosmtplib
import anyio

from camd.actors.supervisor import Supervisor
from camd.daemon.wiring import Engine
from camd.mail.message import build
from camd.ports.channel import Accepted
from tests.benchmarks.history import grow
from tests.benchmarks.mailing import Size, Texts, add_campaign, add_leads, opened, plan
from tests.benchmarks.sink import ADDRESS, Sink, relay, sink

ROUNDS = 3
MAILBOXES, CONNECTIONS = 10, 2
SLOW_MS = 100


@dataclass(frozen=True, slots=True)
class Figure:
    mails: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.mails / self.seconds

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds / self.mails * 1000


@dataclass(slots=True)
class Stopwatch:
    """Of this process with all its threads."""

    mails: int
    _wall: float = field(default_factory=time.perf_counter)
    _cpu: float = field(default_factory=time.process_time)

    def stop(self) -> Figure:
        return Figure(self.mails, time.perf_counter() - self._wall, time.process_time() - self._cpu)


@contextlib.contextmanager
def arriving(target: Sink, mails: int) -> Iterator[None]:
    """Every mail has to have reached the sink, else the figures are worth nothing."""
    before = target.accepted()
    yield
    arrived = target.accepted() - before
    assert arrived == mails, f"{arrived} of {mails} mails arrived"


def ceiling(target: Sink, size: Size) -> Figure:
    sessions = str(size.mailboxes * size.connections)
    watch = Stopwatch(size.mails)
    command = ["smtp-source", "-d", "-s", sessions, "-l", "1500", "-m", str(size.mails), f"{ADDRESS}:{target.port}"]
    subprocess.run(command, check=True)
    return watch.stop()


async def channel_alone(engine: Engine, texts: Texts, size: Size) -> Figure:
    async def unmarked() -> None:
        """Nothing is stored."""

    async def send(first: int) -> None:
        for number in range(first, size.mails, size.mailboxes * size.connections):
            outcome = await engine.context.mail.hand_over(texts.handover(number), unmarked)
            assert isinstance(outcome, Accepted), outcome

    return await _side_by_side(send, size)


async def plain_aiosmtplib(engine: Engine, texts: Texts, size: Size) -> Figure:
    boxes = engine.settings.mailboxes

    async def send(first: int) -> None:
        async with aiosmtplib.SMTP(hostname=ADDRESS, port=boxes["sales0"].smtp_port, start_tls=False) as smtp:
            for number in range(first, size.mails, size.mailboxes * size.connections):
                handover = texts.handover(number)
                box = boxes[handover.mailbox]
                message = build(handover, box, engine.context.clock.now()).as_bytes()
                await smtp.sendmail(box.address, [handover.recipient], message)

    return await _side_by_side(send, size)


async def _side_by_side(send: Callable[[int], Coroutine[None, None, None]], size: Size) -> Figure:
    watch = Stopwatch(size.mails)
    async with anyio.create_task_group() as tasks:
        for first in range(size.mailboxes * size.connections):
            tasks.start_soon(send, first)
    return watch.stop()


def plain_smtplib(engine: Engine, texts: Texts, size: Size) -> Figure:
    watch = Stopwatch(size.mails)
    for number in range(size.mails):
        handover = texts.handover(number)
        box = engine.settings.mailboxes[handover.mailbox]
        message = build(handover, box, engine.context.clock.now()).as_bytes()
        with smtplib.SMTP(ADDRESS, box.smtp_port) as smtp:
            smtp.sendmail(box.address, [handover.recipient], message)
    return watch.stop()


async def planned(engine: Engine, size: Size) -> Figure:
    watch = Stopwatch(size.mails)
    await plan(engine, size.mails)
    return watch.stop()


async def durable(engine: Engine, size: Size) -> Figure:
    """Sends what is planned, until every outcome is stored."""
    outboxes = engine.outboxes
    async with anyio.create_task_group() as tasks:
        await tasks.start(Supervisor(engine.context, engine.runner, engine.bells).run)
        watch = Stopwatch(size.mails)
        await tasks.start(outboxes.run)
        await outboxes.at_rest(engine.settings.mailboxes)
        figure = watch.stop()
        await outboxes.drain()
        tasks.cancel_scope.cancel()
    return figure


async def compare(size: Size) -> dict[str, list[Figure]]:
    figures: dict[str, list[Figure]] = {name: [] for name in ("sink", "a", "a, plain", "b", "c", "c, plan")}
    with sink() as target:
        for _ in range(ROUNDS):
            async with opened(target.port, size) as engine:
                texts = Texts(engine.context, await engine.context.store.read(lambda tx: tx.instance.key()))
                with arriving(target, size.mails):
                    figures["sink"].append(ceiling(target, size))
                with arriving(target, size.mails):
                    figures["a"].append(await channel_alone(engine, texts, size))
                with arriving(target, size.mails):
                    figures["a, plain"].append(await plain_aiosmtplib(engine, texts, size))
                with arriving(target, size.mails):
                    figures["b"].append(plain_smtplib(engine, texts, size))
                figures["c, plan"].append(await planned(engine, size))
                with arriving(target, size.mails):
                    figures["c"].append(await durable(engine, size))
    return figures


async def beside_history(touches: int) -> Figure:
    """One campaign and one mailbox, that wrote so many mails in the years before."""
    one, size = Size(1, 1, CONNECTIONS), Size(400, 1, CONNECTIONS)
    with sink() as target, TemporaryDirectory() as name:
        folder = Path(name)
        async with opened(target.port, size, folder) as engine:
            campaign_id = await add_campaign(engine, "Old")
            await add_leads(engine, campaign_id, range(1))
            await durable(engine, one)
        grow(folder / "camd.db", touches)
        async with opened(target.port, size, folder) as engine:
            await add_leads(engine, campaign_id, range(1, size.mails + 1))
            with arriving(target, size.mails):
                return await durable(engine, size)


async def on_a_slow_server(size: Size) -> Figure:
    with sink() as target, relay(target.port, SLOW_MS) as port:
        async with opened(port, size) as engine:
            await plan(engine, size.mails)
            with arriving(target, size.mails):
                return await durable(engine, size)


def show(figures: dict[str, list[Figure]]) -> None:
    for name, found in figures.items():
        rates = sorted(figure.rate for figure in found)
        print(
            f"{name:10}{statistics.median(rates):8.0f} mails/s  ({rates[0]:.0f} to {rates[-1]:.0f})"
            f"{statistics.median(figure.cpu_ms for figure in found):8.2f} ms CPU a mail"
        )
    for other, goal in (("a", "at least 0.5"), ("b", "at least 1")):
        ratios = [mine.rate / its.rate for mine, its in zip(figures["c"], figures[other], strict=True)]
        print(f"c / {other}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); goal: {goal}")


def show_history() -> None:
    few, many = (anyio.run(beside_history, touches) for touches in (1_000, 1_000_000))
    for touches, figure in (("1,000", few), ("1,000,000", many)):
        print(f"beside {touches:>9} earlier mails{figure.rate:8.0f} mails/s {figure.cpu_ms:8.2f} ms CPU a mail")
    print(f"a mail costs {many.cpu_ms / few.cpu_ms:.2f} times as much CPU; goal: 1")


def show_slow_server() -> None:
    one = anyio.run(on_a_slow_server, Size(40, 1, 1))
    fifty = anyio.run(on_a_slow_server, Size(2_000, 50, 1))
    print(f"server that takes {SLOW_MS} ms for each answer: one connection {one.rate:.2f} mails/s, ", end="")
    print(f"50 mailboxes {fifty.rate:.1f}, {fifty.rate / one.rate:.1f} times as many; goal: at least 40")


def main() -> None:
    mails = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    size = Size(mails, MAILBOXES, CONNECTIONS)
    print(f"{mails} mails, {MAILBOXES} mailboxes with {CONNECTIONS} connections each, median of {ROUNDS} rounds")
    show(anyio.run(compare, size))
    show_slow_server()
    show_history()


if __name__ == "__main__":
    main()
