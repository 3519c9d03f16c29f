"""Touches: list, read, and what a person decides about them; `pipeline.touch_moves` says what may be decided."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from camd.domain.campaign import Channel
from camd.domain.facts import CampaignId, TouchId
from camd.operations.desk import Desk, find_campaign, find_open_campaign
from camd.operations.errors import Conflict, NotFound, Refused
from camd.pipeline import touch_moves
from camd.pipeline.touch_moves import Verb
from camd.ports.records import Listing, Touch, TouchFilter
from camd.ports.store import Tx
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_cursor
from camd.schema.touch import (
    MAX_APPROVED,
    ApproveBody,
    ApproveReport,
    CancelBody,
    RefusedApproval,
    Resolution,
    ResolveBody,
)
from camd.schema.touch import Touch as TouchView

_KIND = "touches"
UNIT = 100
"""Touches approved in one commit: small enough that other writers wait for milliseconds."""


async def page(
    desk: Desk,
    chosen: TouchFilter,
    *,
    ref: str | int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[TouchView]:
    """`ref` narrows the list to a campaign, by number or name."""

    def query(tx: Tx) -> Page[TouchView]:
        wanted = chosen if ref is None else replace(chosen, campaign_id=find_campaign(tx, ref).id)
        before = decode_cursor(_KIND, cursor) if cursor else None
        touches = tx.touches.page(Listing(checked_limit(limit) + 1, before), wanted)
        return cut([(touch.id, _view(touch)) for touch in touches], limit, _KIND)

    return await desk.read(query)


async def get(desk: Desk, touch_id: str) -> TouchView:
    return await desk.read(lambda tx: _view(_find(tx, touch_id)))


async def approve(desk: Desk, touch_id: str, *, actor: str) -> TouchView:
    return await _decide(desk, touch_id, Verb.APPROVE, lambda tx, touch: _approve(tx, desk, touch, actor))


async def resolve(desk: Desk, touch_id: str, body: ResolveBody, *, actor: str) -> TouchView:
    """Of a lead that nobody may write to any more, one that did not arrive is cancelled."""
    sent = body.outcome is Resolution.SENT

    def work(tx: Tx, touch: Touch) -> None:
        touch_moves.resolve(tx, desk.context, touch, sent=sent, actor=actor, now=desk.now())

    return await _decide(desk, touch_id, Verb.RESOLVE, work)


async def cancel(desk: Desk, touch_id: str, body: CancelBody, *, actor: str) -> TouchView:
    """Holds the lead; the step is planned anew once that hold is released."""

    def work(tx: Tx, touch: Touch) -> None:
        touch_moves.cancel(tx, touch, actor=actor, now=desk.now(), reason=body.reason)

    return await _decide(desk, touch_id, Verb.CANCEL, work)


async def done(desk: Desk, touch_id: str, *, actor: str) -> TouchView:
    def work(tx: Tx, touch: Touch) -> None:
        touch_moves.done(tx, touch, actor=actor, now=desk.now())

    return await _decide(desk, touch_id, Verb.DONE, work)


async def skip(desk: Desk, touch_id: str, *, actor: str) -> TouchView:
    def work(tx: Tx, touch: Touch) -> None:
        touch_moves.skip(tx, touch, actor=actor, now=desk.now())

    return await _decide(desk, touch_id, Verb.SKIP, work)


async def approve_many(desk: Desk, body: ApproveBody, *, actor: str) -> ApproveReport:
    """Approves what can be, in units of 100; one that cannot be approved keeps none of the others from it."""
    if body.campaign is not None:
        return await _approve_all(desk, body.campaign, actor)
    approved, refused = 0, list[RefusedApproval]()
    for some in _pieces(list(dict.fromkeys(body.ids or ()))):
        result = await desk.write(_approving(desk, some, actor))
        _ring(desk, result.campaigns)
        approved += result.approved
        refused += result.refused
    return ApproveReport(approved=approved, refused=refused)


async def _approve_all(desk: Desk, ref: str | int, actor: str) -> ApproveReport:
    campaign_id = (await desk.read(lambda tx: find_open_campaign(tx, ref))).id

    def unit(tx: Tx) -> int:
        waiting = tx.touches.planned(campaign_id, Channel.EMAIL, UNIT)
        for touch in waiting:
            _approve(tx, desk, touch, actor)
        tx.campaigns.sleep_until(campaign_id, desk.now())
        return len(waiting)

    approved = 0
    while approved < MAX_APPROVED and (some := await desk.write(unit)):
        _ring(desk, frozenset({campaign_id}))
        approved += some
    more = await desk.read(lambda tx: bool(tx.touches.planned(campaign_id, Channel.EMAIL, 1)))
    return ApproveReport(approved=approved, refused=[], more=more)


@dataclass(frozen=True, slots=True)
class _Approved:
    """What became of one unit's touches."""

    approved: int
    refused: tuple[RefusedApproval, ...]
    campaigns: frozenset[CampaignId]


def _approving(desk: Desk, ids: Sequence[str], actor: str) -> Callable[[Tx], _Approved]:
    def unit(tx: Tx) -> _Approved:
        campaigns: list[CampaignId] = []
        refused: list[RefusedApproval] = []
        for touch_id in ids:
            try:
                touch = _find(tx, touch_id)
                _require(Verb.APPROVE, touch)
                _approve(tx, desk, touch, actor)
            except Refused as refusal:
                refused.append(RefusedApproval(id=touch_id, reason=refusal.detail))
            else:
                campaigns.append(touch.campaign_id)
        for campaign_id in sorted(set(campaigns)):
            tx.campaigns.sleep_until(campaign_id, desk.now())
        return _Approved(len(campaigns), tuple(refused), frozenset(campaigns))

    return unit


def _approve(tx: Tx, desk: Desk, touch: Touch, actor: str) -> None:
    campaign = find_open_campaign(tx, touch.campaign_id)
    touch_moves.approve(tx, campaign, touch, actor=actor, now=desk.now())


async def _decide(desk: Desk, touch_id: str, verb: Verb, work: Callable[[Tx, Touch], None]) -> TouchView:
    """Raises `NotFound`, and `Conflict` where its status does not allow this."""

    def unit(tx: Tx) -> Touch:
        touch = _find(tx, touch_id)
        _require(verb, touch)
        work(tx, touch)
        tx.campaigns.sleep_until(touch.campaign_id, desk.now())
        return _find(tx, touch_id)

    decided = await desk.write(unit)
    _ring(desk, frozenset({decided.campaign_id}))
    return _view(decided)


def _find(tx: Tx, touch_id: str) -> Touch:
    touch = tx.touches.get(TouchId(touch_id))
    if touch is None:
        raise NotFound("touch", touch_id)
    return touch


def _require(verb: Verb, touch: Touch) -> None:
    allowed = touch_moves.allowed(touch)
    if verb not in allowed:
        may = f"only this is possible: {', '.join(allowed)}" if allowed else "nothing can be decided about it"
        detail = f"A touch of channel {touch.channel} that is {touch.status} cannot take {verb}; {may}."
        raise Conflict("illegal-move", "Its status does not allow this", detail)


def _ring(desk: Desk, campaigns: frozenset[CampaignId]) -> None:
    for campaign_id in campaigns:
        desk.doorbells.ring(campaign_id)
    desk.doorbells.ring_outboxes()


def _pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), UNIT):
        yield ids[start : start + UNIT]


def _view(touch: Touch) -> TouchView:
    return TouchView(
        id=touch.id,
        campaign_id=touch.campaign_id,
        lead_id=touch.lead_id,
        step=touch.step,
        channel=Channel(touch.channel),
        status=touch.status,
        reason=touch.reason,
        mailbox=touch.mailbox,
        message_id=touch.message_id,
        subject=touch.subject,
        body=touch.body,
        due_at=touch.due_at,
        sent_at=touch.sent_at,
    )
