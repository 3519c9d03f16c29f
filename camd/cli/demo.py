"""`camd demo`: the whole product on invented people, shown as it works."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camd.cli.grammar import Command
from camd.cli.output import WIDTH, Cell, console, line, make_table, plain
from camd.domain.campaign import CampaignStatus
from camd.domain.events import EventType
from camd.domain.lead import LeadStatus
from camd.domain.preflight import Level

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from camd.sandbox.demo import Screen
    from camd.sandbox.mail_world import MailFigures
    from camd.sandbox.scene import Happening, Heard, Place, Scene, Standing
    from camd.schema.preflight import PreflightReport
    from camd.schema.status import MailboxState

_LINES_EVERY_SECONDS = 3.0
_ROWS_FOR_ALL = 40
_FEW = 3


@click.command(cls=Command)
@click.option("--dir", "chosen", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep it here.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop by itself.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
def demo(chosen: Path | None, minutes: float | None, port: int) -> None:
    """The whole product on invented people, live, with a mail server of its own and without any network.

    Without --dir it works in a temporary folder, which is removed at the end.
    """
    import anyio

    from camd.sandbox.demo import demo_folder, run_demo

    async def main(folder: Path, screen: "Screen") -> None:
        await run_demo(folder, screen, port=port, minutes=minutes)

    with demo_folder(chosen) as folder, _screen() as screen:
        anyio.run(main, folder, screen)
    line("Stopped." if chosen is None else f"Stopped; everything is kept in {folder}")


@contextmanager
def _screen() -> "Iterator[Screen]":
    if not console().is_terminal:
        yield _Lines()
        return
    from rich.live import Live

    with Live(console=console(), auto_refresh=False) as live:
        yield _LiveTable(live)


class _Lines:
    """One line for each answer, and every few seconds for each campaign whose figures changed."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._told: dict[str, str] = {}
        self._heard: list[str] = []
        self._next_at = 0.0

    def opened(self, place: "Place") -> None:
        self._place = place
        self._tell_all(_where(place))

    def imported(self, campaign: str, *, added: int, rejected: int) -> None:
        self._tell_all([_brought(campaign, added, rejected)])

    def checked(self, campaign: str, report: "PreflightReport") -> None:
        self._tell_all(_findings(campaign, report))

    def update(self, scene: "Scene") -> None:
        self._tell_all(_heard(each) for each in scene.heard if each.inbound.id not in self._heard)
        self._heard = [each.inbound.id for each in scene.heard]
        if scene.seconds < self._next_at:
            return
        self._next_at = scene.seconds + _LINES_EVERY_SECONDS
        told = {standing.name: _figures(standing) for standing in scene.standings}
        if scene.for_review:
            assert self._place is not None, "it is opened before it shows anything"
            told[""] = _to_review(scene.for_review, self._place)
        self._tell_all(words for name, words in told.items() if self._told.get(name) != words)
        self._told = told

    def ended(self, mail: "MailFigures") -> None:
        self._tell_all([_arrived(mail)])

    def _tell_all(self, words: Iterable[str]) -> None:
        # Whoever reads a pipe wants each line when it is true, not when a buffer is full.
        for each in words:
            print(plain(each), flush=True)


class _LiveTable:
    """Tables of the campaigns and the mailboxes and the last events, redrawn in place."""

    def __init__(self, live: "Live") -> None:
        self._live = live
        self._place: Place | None = None
        self._scene: Scene | None = None

    def opened(self, place: "Place") -> None:
        self._place = place
        self._print(_where(place))

    def imported(self, campaign: str, *, added: int, rejected: int) -> None:
        self._print([_brought(campaign, added, rejected)])

    def checked(self, campaign: str, report: "PreflightReport") -> None:
        self._print(_findings(campaign, report))

    def update(self, scene: "Scene") -> None:
        self._scene = scene
        self._draw(scene, "Ctrl-C stops it.")

    def ended(self, mail: "MailFigures") -> None:
        if self._scene is not None:
            self._draw(replace(self._scene, mail=mail), "")

    def _draw(self, scene: "Scene", hint: str) -> None:
        assert self._place is not None, "it is opened before it shows anything"
        self._live.update(_picture(scene, self._place, hint, rows=self._live.console.height), refresh=True)

    def _print(self, words: Iterable[str]) -> None:
        for each in words:
            self._live.console.print(plain(each), soft_wrap=True)


def _picture(scene: "Scene", place: "Place", hint: str, *, rows: int) -> "RenderableType":
    """What does not fit into the rows of the screen is left out from the less to the more important."""
    from rich.console import Group

    is_tall = rows >= _ROWS_FOR_ALL
    last = slice(None) if is_tall else slice(-_FEW, None)
    return Group(
        _campaigns(scene.standings),
        *([_mailboxes(scene.mailboxes)] if is_tall else []),
        *(_cut(_happened(each)) for each in scene.happenings[last]),
        "",
        *(_cut(_heard(each)) for each in scene.heard[last]),
        "",
        *(plain(_rests(standing)) for standing in scene.standings if standing.reason),
        *(plain(_asks(standing, place)) for standing in scene.standings if standing.waiting),
        *([plain(_to_review(scene.for_review, place))] if scene.for_review else []),
        plain(f"{scene.seconds:.0f} s. {_arrived(scene.mail)} {hint}"),
    )


def _cut(words: str) -> str:
    return plain(words)[:WIDTH]


def _campaigns(standings: "Sequence[Standing]") -> "RenderableType":
    statuses = [status for status in LeadStatus if any(each.leads.get(status) for each in standings)]
    is_doubtful = any(each.touches.get(EventType.TOUCH_UNKNOWN) for each in standings)
    doubts = ("unknown",) if is_doubtful else ()
    headings = ("campaign", *statuses, "held", "goal", "today", *doubts, "waiting")
    rows: list[tuple[Cell, ...]] = [
        (
            each.name if each.reason or _mode(each) == "live" else f"{each.name} ({_mode(each)})",
            *(each.leads.get(status, 0) for status in statuses),
            each.held,
            _goal(each),
            f"{each.sent_today}/{each.daily_limit}",
            *([each.touches.get(EventType.TOUCH_UNKNOWN, 0)] if is_doubtful else []),
            each.waiting,
        )
        for each in standings
    ]
    return make_table(headings, rows, right=headings[1:])


def _mailboxes(mailboxes: "Sequence[MailboxState]") -> "RenderableType":
    rows: list[tuple[Cell, ...]] = [
        (each.name, each.address, each.status, f"{each.used_today}/{each.daily_limit}", each.queued)
        for each in mailboxes
    ]
    return make_table(("mailbox", "address", "is", "today", "queued"), rows, right=("today", "queued"))


def _happened(happening: "Happening") -> str:
    event = happening.event
    details = ", ".join(f"{name} {value}" for name, value in event.data.items() if value not in (None, ""))
    about = happening.person or ""
    return f"{event.at.astimezone():%H:%M:%S}  {event.type:<20}  {about:<28.28}  {details:.46}".rstrip()


def _heard(heard: "Heard") -> str:
    inbound = heard.inbound
    who = heard.person or inbound.sender or ""
    words = " ".join((inbound.text or inbound.subject or inbound.evidence).split())
    kind = f"{inbound.kind} (waits)" if inbound.waiting else inbound.kind
    return f"{inbound.received_at.astimezone():%H:%M:%S}  {kind:<22}  {who:<24.24}  {words}".rstrip()


def _rests(standing: "Standing") -> str:
    goal = f", {standing.clients} of {standing.target_clients} clients" if standing.target_clients else ""
    return f"{standing.name} is {standing.status}: {standing.reason}{goal}"


def _to_review(waiting: int, place: "Place") -> str:
    inbox = f"camd --config {place.config_file} inbox"
    return f"{waiting} on the review list: {inbox} list --waiting, and for each {inbox} classify ID CLASS"


def _asks(standing: "Standing", place: "Place") -> str:
    approve = f"touches approve --campaign {standing.id} --all"
    return f"{standing.waiting} wait for a person: camd --config {place.config_file} {approve}"


def _where(place: "Place") -> list[str]:
    api = f"{place.url.replace('127.0.0.1', 'localhost')}/api/cam"
    own = f"  camd --config {place.config_file}"
    return [
        f"camd works in {place.folder}, live, and sends to invented people on this machine alone.",
        f"The API is at {api} and on the socket {place.socket}.",
        f"Every mail that arrived is a file in {place.arrivals}/new; what comes back lies in the maildirs beside it.",
        f"What camd tells you is a file in {place.notices}/new.",
        "Look at it from another terminal:",
        f"  curl {api}/campaigns",
        f'  curl -X POST {api}/campaigns -d \'{{"name": "Q1", "target_clients": 10}}\'',
        f'  curl -X POST "{api}/campaigns/1/run-cycle?dry_run=false"',
        f"  curl -X POST {api}/run-all",
        f"{own} touches list --status planned",
        f"{own} inbox list --waiting",
        f"{own} events --follow",
        f'{own} kill-switch on --reason "enough"',
    ]


def _brought(campaign: str, added: int, rejected: int) -> str:
    return f"{campaign}: {added} new leads, {rejected} rejected lines"


def _findings(campaign: str, report: "PreflightReport") -> list[str]:
    stops = [found for found in report.findings if found.level is Level.STOP]
    if not stops:
        return [f"{campaign}: live, with {len(report.findings)} warnings of preflight"]
    return [f"{campaign}: stays in dry run: {found.message}. {found.mend}." for found in stops]


def _figures(standing: "Standing") -> str:
    parts = [
        _by_status(standing),
        f"goal {_goal(standing)}",
        f"{standing.sent_today} of {standing.daily_limit} mails today",
        *(
            f"{standing.touches[kind]} {name}"
            for name, kind in (
                ("sent", EventType.TOUCH_SENT),
                ("put off", EventType.TOUCH_DEFERRED),
                ("refused", EventType.TOUCH_REJECTED),
                ("unknown", EventType.TOUCH_UNKNOWN),
            )
            if standing.touches.get(kind)
        ),
    ]
    if standing.waiting:
        parts.append(f"{standing.waiting} wait for approval")
    mode = f"{_mode(standing)}: {standing.reason}" if standing.reason else _mode(standing)
    return f"{standing.name} ({mode}): {'; '.join(parts)}"


def _goal(standing: "Standing") -> str:
    return f"{standing.clients}/{standing.target_clients}" if standing.target_clients else ""


def _mode(standing: "Standing") -> str:
    if standing.status is not CampaignStatus.ACTIVE:
        return standing.status
    return "dry" if standing.is_dry else "live"


def _by_status(standing: "Standing") -> str:
    counted = [f"{number} {status}" for status, number in sorted(standing.leads.items())]
    return ", ".join([*counted, f"{standing.held} held"] if standing.held else counted)


def _arrived(mail: "MailFigures") -> str:
    return (
        f"The invented people's servers accepted {mail.accepted} mails, put off {mail.deferred}, refused "
        f"{mail.refused} and returned {mail.returned}; {mail.written} letters came back and the opt-out link was "
        f"pressed {mail.pressed} times; of {mail.arrived} that arrived {mail.twice} came twice."
    )
