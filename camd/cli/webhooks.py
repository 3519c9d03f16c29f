"""`camd webhooks`: the endpoints that are told of events, a try, what was given up and is to be sent again."""

import click

from camd.cli.grammar import Group
from camd.cli.options import OneOf, paged
from camd.cli.output import Cell, line, more, note, show, table, when
from camd.cli.reaching import ask
from camd.domain.webhooks import DeliveryStatus
from camd.schema.page import Page
from camd.schema.webhook import WebhookDelivery, WebhookEndpoint


@click.group(cls=Group)
def webhooks() -> None:
    """Webhooks: list, try, send again."""


@webhooks.command("list")
@click.option("--status", type=OneOf(DeliveryStatus), help="List the deliveries in this status instead.")
@paged
def list_all(status: DeliveryStatus | None, limit: int, cursor: str | None) -> None:
    """The endpoints of the configuration, or with --status what they were and are still to be told."""
    if status is None:
        show(ask(lambda client: client.webhooks()), _endpoints)
    else:
        show(ask(lambda client: client.deliveries(status=status, limit=limit, cursor=cursor)), _deliveries)


@webhooks.command()
@click.argument("name")
def test(name: str) -> None:
    """Send a test event, also in dry run; exit code 1 where it is not taken."""
    tried = ask(lambda client: client.try_webhook(name))
    show(tried, lambda found: line(f"{found.name}: {found.message}"))
    if not tried.ok:
        click.get_current_context().exit(1)


@webhooks.command()
@click.argument("delivery")
def replay(delivery: str) -> None:
    """Send an event again, under the same id."""
    show(ask(lambda client: client.replay(delivery)), _replayed)


def _replayed(delivery: WebhookDelivery) -> None:
    line(f"{delivery.type} ({delivery.event_id}) goes to {delivery.endpoint} again")


def _endpoints(page: Page[WebhookEndpoint]) -> None:
    if not page.items:
        note("No webhooks. Add a section [webhooks.<name>] to the configuration.")
        return
    headings = ("name", "flavour", "status", "waiting", "since", "dead", "delivered")
    table(headings, map(_endpoint, page.items), right=("waiting", "dead"))
    for endpoint in page.items:
        if endpoint.reason and endpoint.since:
            again = f"; tried again at {when(endpoint.next_try_at)}" if endpoint.next_try_at else ""
            note(f"{endpoint.name} is paused since {when(endpoint.since)}: {endpoint.reason}{again}")


def _endpoint(endpoint: WebhookEndpoint) -> tuple[Cell, ...]:
    status = f"{endpoint.status} ({endpoint.reason})" if endpoint.reason else endpoint.status
    waiting = endpoint.backlog, endpoint.oldest_at
    return endpoint.name, endpoint.flavour, status, *waiting, endpoint.dead, endpoint.delivered_at


def _deliveries(page: Page[WebhookDelivery]) -> None:
    headings = ("id", "endpoint", "event", "status", "tries", "at", "reason")
    table(headings, map(_delivery, page.items), right=("tries",))
    more(page.next)


def _delivery(delivery: WebhookDelivery) -> tuple[Cell, ...]:
    at = delivery.settled_at or delivery.next_attempt_at
    who = delivery.id, delivery.endpoint, delivery.type
    return *who, delivery.status, delivery.attempts, at, delivery.reason
