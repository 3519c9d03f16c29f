"""`camd demo`: the whole product on invented people, shown as it works."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camd.cli.grammar import Command
from camd.cli.output import Cell, console, line, make_table, plain, when

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from camd.sandbox.demo import Screen
    from camd.sandbox.scene import Place, Scene, Standing


@click.command(cls=Command)
@click.option("--dir", "chosen", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep it here.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop by itself.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
def demo(chosen: Path | None, minutes: float | None, port: int) -> None:
    """The whole product on invented people, without any network.

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
    """One line for each campaign whenever its figures change."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._is_worked = False

    def opened(self, place: "Place") -> None:
        for each in _where(place):
            self._tell(each)

    def imported(self, campaign: str, *, added: int, rejected: int) -> None:
        self._tell(_brought(campaign, added, rejected))

    def update(self, scene: "Scene") -> None:
        for standing in scene.standings:
            figures = f"{standing.name} ({standing.status}): {_by_status(standing)}; {_progress(standing)}"
            if self._told.get(standing.name) != figures:
                self._told[standing.name] = figures
                self._tell(figures)
        if scene.is_worked and not self._is_worked:
            self._is_worked = True
            self._tell(_finished(scene))

    def _tell(self, words: str) -> None:
        # Whoever reads a pipe wants each line when it is true, not when a buffer is full.
        print(plain(words), flush=True)


class _LiveTable:
    """A table of the campaigns and the last events, redrawn in place."""

    def __init__(self, live: "Live") -> None:
        self._live = live
        self._finished: str | None = None

    def opened(self, place: "Place") -> None:
        for each in _where(place):
            self._live.console.print(each)

    def imported(self, campaign: str, *, added: int, rejected: int) -> None:
        self._live.console.print(plain(_brought(campaign, added, rejected)))

    def update(self, scene: "Scene") -> None:
        if scene.is_worked and self._finished is None:
            self._finished = _finished(scene)
        self._live.update(_picture(scene, self._finished), refresh=True)


def _picture(scene: "Scene", finished: str | None) -> "RenderableType":
    from rich.console import Group

    headings = ("campaign", "status", "leads", "scored", "previewed", "next wake")
    rows: list[tuple[Cell, ...]] = [
        (each.name, each.status, _by_status(each), each.scored, each.previewed, each.next_wake_at)
        for each in scene.standings
    ]
    events = [f"{when(event.at)}  {event.type}  {event.lead_id or ''}" for event in scene.events]
    return Group(
        make_table(headings, rows, right=("scored", "previewed")),
        *map(plain, events),
        "",
        finished or "working …",
        "Ctrl-C stops it.",
    )


def _where(place: "Place") -> list[str]:
    api = f"{place.url.replace('127.0.0.1', 'localhost')}/api/cam"
    return [
        f"camd works in {place.folder}, in dry run: nothing is sent.",
        f"The API is at {api} and on the socket {place.socket}.",
        "Look at it from another terminal:",
        f"  curl {api}/campaigns",
        f'  curl -X POST {api}/campaigns -d \'{{"name": "Q1", "target_clients": 10}}\'',
        f'  curl -X POST "{api}/campaigns/1/run-cycle?dry_run=false"',
        f"  curl -X POST {api}/run-all",
        f"  camd --config {place.config_file} campaigns preview 1",
        f"  camd --config {place.config_file} leads list 1",
    ]


def _brought(campaign: str, added: int, rejected: int) -> str:
    return f"{campaign}: {added} new leads, {rejected} rejected lines"


def _by_status(standing: "Standing") -> str:
    return ", ".join(f"{number} {status}" for status, number in sorted(standing.leads.items()))


def _progress(standing: "Standing") -> str:
    return f"{standing.scored} scored, {standing.previewed} previewed"


def _finished(scene: "Scene") -> str:
    total = sum(standing.total for standing in scene.standings)
    scored = sum(standing.scored for standing in scene.standings)
    previewed = sum(standing.previewed for standing in scene.standings)
    return (
        f"All {total} leads are worked after {scene.seconds:.1f} s: {scored} scored, {previewed} with a mail to come; "
        "the others say why not (camd leads why)."
    )
