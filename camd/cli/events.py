"""`camd events`: the ledger as it was written, and as it goes on."""

from datetime import datetime

import click

from camd.cli.grammar import Command, session
from camd.cli.options import Instant, OneOf
from camd.cli.output import line, note, plain, show, when
from camd.cli.reaching import ask
from camd.client import CamdClient
from camd.domain.events import EventType
from camd.schema.event import Event, EventPage
from camd.schema.page import DEFAULT_LIMIT, MAX_LIMIT
from camd.system import SystemClock


@click.command(cls=Command)
@click.option("--follow", is_flag=True, help="Go on with what happens; from now on, unless told otherwise.")
@click.option("--after", type=click.IntRange(0), help="Only those above this `seq`.")
@click.option("--campaign", help="Number or name.")
@click.option("--lead", help="Only those of this lead.")
@click.option("--actor", help="Who did it, such as engine or os:ada.")
@click.option("--type", "kind", type=OneOf(EventType), metavar="TYPE", help="Such as lead.scored.")
@click.option("--since", type=Instant(), help="Only those from this time on.")
@click.option("--newest", is_flag=True, help="The last ones instead of the first.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=DEFAULT_LIMIT, show_default=True)
def events(
    follow: bool,
    after: int | None,
    campaign: str | None,
    lead: str | None,
    actor: str | None,
    kind: EventType | None,
    since: datetime | None,
    newest: bool,
    limit: int,
) -> None:
    """What happened, in the order in which it did."""
    if follow and newest:
        raise click.UsageError("give either --follow or --newest")
    if not follow:
        page = ask(
            lambda client: client.event_page(
                after=after or 0,
                campaign=campaign,
                lead=lead,
                actor=actor,
                type=kind,
                since=since,
                limit=limit,
                newest=newest or None,
            )
        )
        show(page, lambda found: _page(found, 0 if newest else limit))
        return
    if after is None and since is None:
        since = SystemClock().now()

    async def watch(client: CamdClient) -> None:
        found = client.events(
            after=after or 0, campaign=campaign, lead=lead, actor=actor, type=kind, since=since, follow=True
        )
        async for event in found:
            show_one(event)

    ask(watch, may_open=False)


def show_one(event: Event) -> None:
    """One line, JSON where that was asked for."""
    if session().as_json:
        click.echo(event.model_dump_json())
    else:
        line(told(event))


def told(event: Event) -> str:
    about = [f"campaign {event.campaign_id}" if event.campaign_id else "", event.lead_id or "", event.touch_id or ""]
    data = [f"{name}={value}" for name, value in event.data.items()]
    words = " ".join(filter(None, (*about, *data)))
    return plain(f"{event.seq}  {when(event.at)}  {event.type}  {words}  by {event.actor}")


def _page(page: EventPage, limit: int) -> None:
    """`limit` is how many a full page has; 0 where none follows."""
    for event in page.items:
        line(told(event))
    if limit and len(page.items) == limit:
        note(f"more: --after {page.next}")
