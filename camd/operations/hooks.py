"""What forms and Make tell a campaign through its hook: people, and what became of them.

All objects of a request are stored in one unit, or none is. Telling the same again changes nothing more. Who knows the
address acts for the operator; the ledger names the hook.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import assert_never

import anyio
from pydantic import ValidationError

from camd.domain import hooks
from camd.domain.campaign import Campaign, CampaignStatus
from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.domain.events import Event, EventType, by_rule
from camd.domain.facts import CampaignId, InboundId
from camd.domain.inbound import InboundClass
from camd.domain.lead import (
    OVERRULING,
    Authority,
    Lead,
    LeadEvent,
    LeadStatus,
    Lost,
    LostReason,
    Qualified,
    Reopened,
    Won,
    find_move,
)
from camd.domain.suppression import SuppressionKind, SuppressionReason, SuppressionValue, keyed_hash
from camd.operations.desk import Desk
from camd.operations.errors import NotFound, Unprocessable
from camd.operations.lead_moves import SUPPRESSES, revenue
from camd.pipeline import dedupe, record
from camd.ports.hooks import HookReader
from camd.ports.providers import Found
from camd.ports.records import Inbound, SourceState
from camd.ports.store import Tx
from camd.schema.hooks import HookAction, HookAnswer, HookOrder, HookOutcome, HookResult
from camd.schema.problem import FieldProblem, field_problems


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook whose address, `name` and `token`, was proved. `place` is that of its entry among the campaign's
    sources."""

    name: str
    token: str = field(repr=False)
    campaign: Campaign
    place: int

    @property
    def settings(self) -> Mapping[str, object]:
        return self.campaign.definition.sources[self.place].settings

    @property
    def actor(self) -> str:
        return by_rule(f"{hooks.TYPE}:{self.name}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What one object asks for: of a lead the person, of everything else the address it is about."""

    order: HookOrder
    email: str
    found: Found | None = None


async def find(desk: Desk, name: str, token: str) -> Hook:
    """Raises `NotFound`, in the same words whatever is wrong: name, token, or a campaign that has no such hook now."""
    return await desk.read(lambda tx: _find(tx, name, token))


def _find(tx: Tx, name: str, token: str) -> Hook:
    campaign_id = hooks.read_token(tx.instance.key(), name, token)
    campaign = tx.campaigns.get(campaign_id) if campaign_id is not None else None
    if campaign is not None and campaign.status.status is not CampaignStatus.ARCHIVED:
        place = hooks.places(campaign.definition).get(name)
        if place is not None:
            return Hook(name, token, campaign, place)
    raise NotFound("hook", "under this address")


async def receive(desk: Desk, hook: Hook, given: Sequence[Mapping[str, object]], *, numbered: bool) -> HookAnswer:
    """Raises `NotFound`, and `Unprocessable` with every field to mend, behind the number of its object where these are
    `numbered`; then nothing is stored."""
    with desk.context.clock.real_work():
        # A thousand addresses take a tenth of a second to read.
        wishes = await anyio.to_thread.run_sync(lambda: _understood(desk, hook, given, numbered))

    def unit(tx: Tx) -> tuple[list[HookResult], frozenset[CampaignId]]:
        work = _Work(tx, desk, _find(tx, hook.name, hook.token), desk.now())
        return [work.fulfil(wish) for wish in wishes], work.finish()

    results, changed = await desk.write(unit)
    for campaign_id in changed:
        desk.doorbells.ring(campaign_id)
    if changed:
        desk.doorbells.ring_outboxes()
    return HookAnswer(results=results)


def _understood(desk: Desk, hook: Hook, given: Sequence[Mapping[str, object]], numbered: bool) -> list[Wish]:
    wishes: list[Wish] = []
    problems: list[FieldProblem] = []
    for number, each in enumerate(given):
        prefix = f"{number}." if numbered else ""
        try:
            wishes.append(_wish(desk, hook, each))
        except Invalid as error:
            problems.append(FieldProblem(field=f"{prefix}{error.field}", message=str(error)))
        except ValidationError as error:
            problems += [FieldProblem(field=prefix + one.field, message=one.message) for one in field_problems(error)]
    if problems:
        raise Unprocessable(problems)
    return wishes


def _wish(desk: Desk, hook: Hook, given: Mapping[str, object]) -> Wish:
    """Raises `Invalid` and `ValidationError`."""
    reader = desk.context.sources[hooks.TYPE]
    assert isinstance(reader, HookReader), "the source `hook` reads what hooks are told"
    told = reader.told(hook.settings, given)
    order = HookOrder.of(told)
    if order.action is HookAction.LEAD:
        found = reader.person(hook.settings, given)
        return Wish(order, found.facts.email or "", found)
    if "email" not in told:
        raise Invalid("give the address of the person", field="email")
    currency = hook.campaign.definition.currency
    if order.currency not in (None, currency):
        raise Invalid(f"amounts of this campaign are in {currency}", field="currency")
    return Wish(order, told["email"])


class _Work:
    """A request's objects, one after the other, in one transaction."""

    def __init__(self, tx: Tx, desk: Desk, hook: Hook, now: datetime) -> None:
        self._tx = tx
        self._desk = desk
        self._hook = hook
        self._now = now
        self._changed: set[CampaignId] = set()
        stored = {state.position: state for state in tx.sources.of(hook.campaign.id)}
        self._source = stored.get(hook.place) or SourceState(hook.place, hooks.TYPE, None, exhausted=False, found=0)

    def fulfil(self, wish: Wish) -> HookResult:
        if wish.found is not None:
            return self._admit(wish.found)
        lead = self._lead(wish.email)
        if wish.order.action is HookAction.SUPPRESS:
            return self._suppress(wish, lead)
        if lead is None:
            return self._ask(wish)
        match wish.order.action:
            case HookAction.QUALIFY:
                return self._qualify(lead)
            case HookAction.WON:
                return self._won(lead, wish.order.mrr)
            case HookAction.LOST:
                return self._lost(lead, LostReason(wish.order.reason))
            case HookAction.LEAD:
                raise AssertionError("a lead comes with its person")
            case never:
                assert_never(never)

    def finish(self) -> frozenset[CampaignId]:
        """Answers the campaigns whose leads changed."""
        for campaign_id in self._changed:
            self._tx.campaigns.sleep_until(campaign_id, self._now)
        return frozenset(self._changed)

    def _lead(self, email: str) -> Lead | None:
        leads = self._tx.leads.of_person(parse_address(email).key)
        return next((lead for lead in leads if lead.campaign_id == self._hook.campaign.id), None)

    def _admit(self, found: Found) -> HookResult:
        # Whoever asks for no contact is heard all the same.
        if self._source.exhausted and not found.do_not_contact:
            return HookResult(lead_id=None, result=HookOutcome.FULL)
        hook, context = self._hook, self._desk.context
        admission = dedupe.admit(
            self._tx, context, hook.campaign, found, source=hooks.TYPE, actor=hook.actor, now=self._now
        )
        match admission:
            case dedupe.Admitted(lead):
                self._count()
                self._changed.add(lead.campaign_id)
                return HookResult(lead_id=lead.id, result=HookOutcome.ADDED, notes=list(found.notes))
            case dedupe.Duplicate(lead):
                return HookResult(lead_id=lead.id, result=HookOutcome.KNOWN)
            case dedupe.Suppressed():
                if found.do_not_contact and found.facts.email:
                    self._note_campaigns_of(found.facts.email)
                return HookResult(lead_id=None, result=HookOutcome.SUPPRESSED)
            case never:
                assert_never(never)

    def _count(self) -> None:
        most, given = self._hook.settings.get("max_candidates"), self._source.found + 1
        self._source = replace(self._source, found=given, exhausted=isinstance(most, int) and given >= most)
        self._tx.sources.save(self._hook.campaign.id, self._source)

    def _note_campaigns_of(self, email: str) -> None:
        self._changed |= {lead.campaign_id for lead in self._tx.leads.of_person(parse_address(email).key)}

    def _qualify(self, lead: Lead) -> HookResult:
        if lead.status in (LeadStatus.QUALIFIED, LeadStatus.WON):
            return HookResult(lead_id=lead.id, result=HookOutcome.UNCHANGED)
        return self._move(lead, HookOutcome.QUALIFIED, Qualified(Authority.OPERATOR))

    def _won(self, lead: Lead, mrr: Decimal | None) -> HookResult:
        if lead.status is not LeadStatus.WON:
            return self._move(lead, HookOutcome.WON, Won(revenue(mrr, self._hook.campaign, lead)))
        if mrr is None or mrr == lead.won_mrr:
            return HookResult(lead_id=lead.id, result=HookOutcome.UNCHANGED)
        return self._move(lead, HookOutcome.WON, Reopened(), Won(mrr))

    def _lost(self, lead: Lead, reason: LostReason) -> HookResult:
        """A bounce, an opt-out or a complaint counts for one that is lost already, as a rule's does."""
        result = HookResult(lead_id=lead.id, result=HookOutcome.UNCHANGED)
        if lead.status is not LeadStatus.LOST:
            result = self._move(lead, HookOutcome.LOST, Lost(reason, Authority.OPERATOR))
        elif reason in OVERRULING and reason is not lead.state.lost_reason:
            result = self._move(lead, HookOutcome.LOST, Lost(reason, Authority.RULE))
        if lead.facts.email and (suppresses := SUPPRESSES.get(reason)) and self._add(lead.facts.email, suppresses):
            return HookResult(lead_id=lead.id, result=HookOutcome.LOST)
        return result

    def _move(self, lead: Lead, outcome: HookOutcome, *events: LeadEvent) -> HookResult:
        if find_move(lead.state, events[0]) is None:
            reason = f" ({lead.state.lost_reason})" if lead.state.lost_reason else ""
            note = f"a lead that is {lead.status}{reason} cannot become this"
            return HookResult(lead_id=lead.id, result=HookOutcome.UNCHANGED, notes=[note])
        record.apply(self._tx, lead, events, actor=self._hook.actor, now=self._now)
        self._changed.add(lead.campaign_id)
        return HookResult(lead_id=lead.id, result=outcome)

    def _suppress(self, wish: Wish, lead: Lead | None) -> HookResult:
        is_new = self._add(wish.email, SuppressionReason(wish.order.reason))
        outcome = HookOutcome.SUPPRESSED if is_new else HookOutcome.UNCHANGED
        return HookResult(lead_id=lead.id if lead else None, result=outcome)

    def _add(self, email: str, reason: SuppressionReason) -> bool:
        value = SuppressionValue(SuppressionKind.ADDRESS, parse_address(email).key)
        added = record.suppress(self._tx, self._desk.context, value, reason, actor=self._hook.actor, now=self._now)
        if added is not None:
            self._note_campaigns_of(email)
        return added is not None

    def _ask(self, wish: Wish) -> HookResult:
        """A line on the review list; telling the same again adds no other."""
        hook, order, tx = self._hook, wish.order, self._tx
        sender_hash = keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, parse_address(wish.email).key)
        said = " ".join(_terms(order, hook.campaign.definition.currency))
        row = Inbound(
            id=InboundId(self._desk.context.ids.new("ib")),
            mailbox=f"{hooks.TYPE}:{hook.name}",
            # It outlives an erasure, so nothing in it may lead back to the address.
            identity=sha256(f"{hook.campaign.id}|{sender_hash}|{said}".encode()).hexdigest(),
            kind=InboundClass.UNRELATED,
            evidence="no lead of the campaign has the address that the hook names",
            waiting=True,
            arrived_at=self._now,
            created_at=self._now,
            by=hook.actor,
            campaign_id=hook.campaign.id,
            sender_hash=sender_hash,
            sender=wish.email,
            subject=f"{hook.name}: {said}",
            text=f"The hook {hook.name} says of {wish.email}: {said}.",
        )
        if tx.inbox.add(row):
            data = {"inbound_id": row.id, "class": row.kind.value, "mailbox": row.mailbox}
            tx.ledger.append(Event(EventType.INBOUND_RECEIVED, self._now, hook.actor, hook.campaign.id, data=data))
        return HookResult(lead_id=None, result=HookOutcome.WAITING)


def _terms(order: HookOrder, currency: str) -> list[str]:
    match order.action:
        case HookAction.WON if order.mrr is not None:
            return [order.action, f"{order.mrr:.2f} {currency} a month"]
        case HookAction.LOST:
            return [order.action, order.reason]
        case _:
            return [order.action]
