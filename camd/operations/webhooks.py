"""Outgoing webhooks: the endpoints of the configuration, a try, what they were and are still to be told."""

from collections.abc import Iterator
from dataclasses import replace

from camd.actors.webhook_worker import attempt
from camd.domain.events import EventType
from camd.domain.webhooks import DeliveryStatus, Verdict, is_signing_secret, subscribed
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, NotFound
from camd.pipeline import webhooks
from camd.pipeline.webhook_bodies import trial_body_of
from camd.pipeline.webhooks import Outcome
from camd.ports.records import Listing
from camd.ports.settings import WebhookSettings
from camd.ports.store import Tx
from camd.ports.webhooks import Delivery, DeliveryId, Endpoint
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_cursor, not_a_cursor
from camd.schema.webhook import EndpointStatus, WebhookDelivery, WebhookEndpoint, WebhookTest

_KIND = "webhook deliveries"
_LARGEST_ID = 2**63 - 1


async def page(desk: Desk) -> Page[WebhookEndpoint]:
    """Those of the configuration, all of them."""

    def query(tx: Tx) -> Page[WebhookEndpoint]:
        return Page(items=[_view(tx, endpoint) for endpoint in desk.context.settings.webhooks.values()])

    return await desk.read(query)


async def check(desk: Desk, name: str, *, actor: str) -> WebhookTest:
    """Sends an event of the type `webhook.test`, at once and also in dry run. Where it is taken, a paused endpoint goes
    on. Raises `NotFound`."""
    endpoint, now = _find(desk, name), desk.now()
    event_id = desk.context.ids.new("ev")
    outcome = await attempt(desk.context, endpoint, event_id, trial_body_of(endpoint, actor, now))
    ok = outcome.verdict is Verdict.DELIVERED
    if ok and await desk.write(lambda tx: webhooks.resume(tx, name, desk.now())):
        desk.doorbells.endpoint(name).ring()
    message = _said(endpoint, outcome)
    return WebhookTest(name=name, ok=ok, message=message, event_id=event_id, status_code=outcome.status_code)


async def deliveries(
    desk: Desk, status: DeliveryStatus | None = None, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[WebhookDelivery]:
    def query(tx: Tx) -> Page[WebhookDelivery]:
        before = decode_cursor(_KIND, cursor) if cursor else None
        if before is not None and not (before.isascii() and before.isdigit() and int(before) <= _LARGEST_ID):
            raise not_a_cursor()
        found = tx.webhooks.page(Listing(checked_limit(limit) + 1, before), status)
        return cut([(str(each.id), _delivery(tx, each)) for each in found], limit, _KIND)

    return await desk.read(query)


async def replay(desk: Desk, ref: str) -> WebhookDelivery:
    """Delivers it again, under the same event's id; one that waits for its next attempt is tried now.

    Raises `NotFound`, and `Conflict` in dry run or where its endpoint is no longer configured."""
    if desk.context.settings.engine.dry_run:
        detail = "engine.dry_run is on: nothing is delivered but `camd webhooks test`."
        raise Conflict("dry-run", "The instance is in dry run", detail)

    def unit(tx: Tx) -> WebhookDelivery:
        before = _find_delivery(tx, ref)
        if before.endpoint not in desk.context.settings.webhooks:
            detail = f"There is no [webhooks.{before.endpoint}] in the configuration any more."
            raise Conflict("not-configured", "The endpoint is gone", detail)
        again = replace(before, next_at=desk.now())
        if before.status is not DeliveryStatus.PENDING:
            fresh = DeliveryStatus.PENDING
            again = replace(again, status=fresh, attempts=0, first_attempt_at=None, settled_at=None, reason=None)
        return _delivery(tx, tx.webhooks.save(before, again))

    view = await desk.write(unit)
    desk.doorbells.endpoint(view.endpoint).ring()
    return view


def paused(tx: Tx, desk: Desk) -> Iterator[Endpoint]:
    """Those of the configuration that rest."""
    for name, endpoint in tx.webhooks.endpoints().items():
        if endpoint.paused and name in desk.context.settings.webhooks:
            yield endpoint


def _find(desk: Desk, name: str) -> WebhookSettings:
    endpoint = desk.context.settings.webhooks.get(name)
    if endpoint is None:
        raise NotFound("webhook", name)
    return endpoint


def _find_delivery(tx: Tx, ref: str) -> Delivery:
    is_number = ref.isascii() and ref.isdigit() and len(ref) < 19
    delivery = tx.webhooks.get(DeliveryId(int(ref))) if is_number else None
    if delivery is None:
        raise NotFound("delivery", ref)
    return delivery


def _said(endpoint: WebhookSettings, outcome: Outcome) -> str:
    match outcome.verdict:
        case Verdict.DELIVERED:
            return f"took it ({outcome.status_code})"
        case Verdict.GONE if endpoint.flavour == "make":
            return "answered 410: no scenario listens; switch it on in Make, its trigger on 'immediately'"
        case Verdict.REFUSED:
            return f"{outcome.reason}: the secret is not the one that the receiver knows"
        case _:
            return outcome.reason or str(outcome.verdict)


def _view(tx: Tx, settings: WebhookSettings) -> WebhookEndpoint:
    name = settings.name
    stands = tx.webhooks.endpoint(name) or Endpoint(name, 0)
    backlog = tx.webhooks.backlog(name)
    kinds = subscribed(settings.events)
    secret = settings.secret.get_secret_value() if settings.secret else ""
    is_paused = stands.paused is not None
    return WebhookEndpoint(
        name=name,
        flavour=settings.flavour,
        status=EndpointStatus.PAUSED if is_paused else EndpointStatus.ACTIVE,
        reason=stands.paused,
        since=stands.paused_at,
        next_try_at=stands.not_before if is_paused else None,
        events=[kind for kind in EventType if kind in kinds],
        signed=bool(secret) and (settings.flavour != "make" or is_signing_secret(secret)),
        personal_data=settings.personal_data,
        backlog=backlog.count,
        oldest_at=backlog.oldest_at,
        dead=tx.webhooks.count_dead(name),
        delivered_at=stands.delivered_at,
    )


def _delivery(tx: Tx, delivery: Delivery) -> WebhookDelivery:
    row = tx.ledger.get(delivery.seq)
    assert row is not None, "the ledger's rows stay"
    is_pending = delivery.status is DeliveryStatus.PENDING
    return WebhookDelivery(
        id=delivery.id,
        endpoint=delivery.endpoint,
        event_id=delivery.event_id,
        sequence=delivery.seq,
        type=row.event.type,
        status=delivery.status,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        next_attempt_at=delivery.next_at if is_pending else None,
        attempted_at=delivery.attempted_at,
        settled_at=delivery.settled_at,
        status_code=delivery.status_code,
        reason=delivery.reason,
    )
