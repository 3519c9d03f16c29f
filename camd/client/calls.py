"""The routes of the API as functions that describe their requests; both faces have a method for each. `outlook_calls`
has those that tell how a campaign does and what is to come.

`ref` is a campaign's number or its name. Bodies are the schema's models, so that a mistake shows before it is sent.
`key` is an `Idempotency-Key`: see `Call`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

from pydantic import TypeAdapter

from camd.client.call import FILE_SECONDS, Call, body_of, pairs, params, path
from camd.domain.campaign import CampaignStatus, Channel
from camd.domain.events import EventType
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadStatus
from camd.domain.suppression import SuppressionReason
from camd.domain.webhooks import DeliveryStatus
from camd.schema.campaign import CampaignDetail, CampaignSummary
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.doctor import DoctorReport
from camd.schema.event import EventPage
from camd.schema.imports import Import, ImportReport, UndoReport
from camd.schema.inbound import ClassifyBody, Inbound
from camd.schema.lead import (
    HoldBody,
    Lead,
    LeadBody,
    LeadDetail,
    LeadExport,
    LeadPatch,
    LostBody,
    NoteBody,
    ReleaseBody,
    WhyReport,
    WonBody,
)
from camd.schema.mailbox import DisableBody, MailboxTest, TrialBody, TrialReport
from camd.schema.page import Page
from camd.schema.person import PersonErased, PersonExport
from camd.schema.report import CycleReport
from camd.schema.status import Gate, KillSwitch, KillSwitchBody, MailboxState, ProviderState, Recovery, Status
from camd.schema.suppression import Suppression, SuppressionBody, SuppressionImport
from camd.schema.token import NewToken, Token, TokenBody
from camd.schema.touch import ApproveBody, ApproveReport, CancelBody, Resolution, ResolveBody, Touch
from camd.schema.webhook import WebhookDelivery, WebhookEndpoint, WebhookTest

_campaign = CampaignDetail.model_validate_json
_lead = Lead.model_validate_json
_recovery = Recovery.model_validate_json
_touch = Touch.model_validate_json
_inbound = Inbound.model_validate_json
_mailbox = MailboxState.model_validate_json
_reports = TypeAdapter(list[CycleReport]).validate_json

NO_NOTE = NoteBody()
WON = WonBody()
LOST = LostBody()
HELD = HoldBody()
RELEASED = ReleaseBody()
TO_THE_FIRST = TrialBody()
DISABLED = DisableBody()
NO_REASON = CancelBody()


def _nothing(_: bytes) -> None:
    return None


def campaigns(
    *, status: CampaignStatus | None = None, limit: int | None = None, cursor: str | None = None
) -> Call[Page[CampaignSummary]]:
    query = params(status=status, limit=limit, cursor=cursor)
    return Call("GET", path("/campaigns"), Page[CampaignSummary].model_validate_json, query)


def create_campaign(body: CampaignBody, *, key: str | None = None) -> Call[CampaignDetail]:
    return Call("POST", path("/campaigns"), _campaign, body=body_of(body), key=key)


def campaign(ref: str | int) -> Call[CampaignDetail]:
    return Call("GET", path("/campaigns/{}", ref), _campaign)


def replace_campaign(ref: str | int, body: CampaignBody) -> Call[CampaignDetail]:
    """The body is the whole definition."""
    return Call("PUT", path("/campaigns/{}", ref), _campaign, body=body_of(body))


def change_campaign(ref: str | int, patch: CampaignPatch) -> Call[CampaignDetail]:
    return Call("PATCH", path("/campaigns/{}", ref), _campaign, body=body_of(patch))


def archive(ref: str | int) -> Call[CampaignDetail]:
    return Call("DELETE", path("/campaigns/{}", ref), _campaign)


def activate(ref: str | int) -> Call[CampaignDetail]:
    return Call("POST", path("/campaigns/{}/activate", ref), _campaign)


def pause(ref: str | int) -> Call[CampaignDetail]:
    return Call("POST", path("/campaigns/{}/pause", ref), _campaign)


def resume(ref: str | int) -> Call[CampaignDetail]:
    return Call("POST", path("/campaigns/{}/resume", ref), _campaign)


def live(ref: str | int) -> Call[CampaignDetail]:
    return Call("POST", path("/campaigns/{}/live", ref), _campaign)


def dry(ref: str | int) -> Call[CampaignDetail]:
    return Call("POST", path("/campaigns/{}/dry", ref), _campaign)


def send_test(ref: str | int, body: TrialBody = TO_THE_FIRST) -> Call[TrialReport]:
    """Every step once to an address of `notify.email`, as a real lead would get it; no lead is written to."""
    return Call("POST", path("/campaigns/{}/test-send", ref), TrialReport.model_validate_json, body=body_of(body))


def run_cycle(ref: str | int, *, dry_run: bool = True) -> Call[CycleReport]:
    """One cycle now; waits for its end, however long it takes."""
    query = params(dry_run=dry_run)
    return Call("POST", path("/campaigns/{}/run-cycle", ref), CycleReport.model_validate_json, query)


def run_all(*, dry_run: bool = True) -> Call[list[CycleReport]]:
    """One cycle of every campaign that is not archived; waits for the last one's end."""
    return Call("POST", path("/run-all"), _reports, params(dry_run=dry_run))


def leads(
    ref: str | int,
    *,
    status: LeadStatus | None = None,
    tag: str | None = None,
    held: bool | None = None,
    search: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Lead]]:
    query = params(status=status, tag=tag, held=held, search=search, limit=limit, cursor=cursor)
    return Call("GET", path("/campaigns/{}/leads", ref), Page[Lead].model_validate_json, query)


def add_lead(ref: str | int, body: LeadBody, *, key: str | None = None) -> Call[Lead]:
    """Answers the lead that this person is already, where the campaign knows them."""
    return Call("POST", path("/campaigns/{}/leads", ref), _lead, body=body_of(body), key=key)


def import_leads(
    ref: str | int,
    file: BinaryIO,
    *,
    dry_run: bool = False,
    update: bool = False,
    mapping: Mapping[str, str] | None = None,
    file_name: str | None = None,
    key: str | None = None,
) -> Call[ImportReport]:
    """`mapping` names for a column of the file the field that it fills."""
    query = params(dry_run=dry_run, update=update, file_name=file_name) + pairs("map", mapping or {})
    return Call(
        "POST",
        path("/campaigns/{}/leads/import", ref),
        ImportReport.model_validate_json,
        query,
        upload=file,
        seconds=FILE_SECONDS,
        key=key,
    )


def export_leads(
    ref: str | int,
    *,
    status: LeadStatus | None = None,
    tag: str | None = None,
    held: bool | None = None,
    search: str | None = None,
) -> Call[None]:
    query = params(status=status, tag=tag, held=held, search=search)
    return Call("GET", path("/campaigns/{}/leads/export", ref), _nothing, query, seconds=FILE_SECONDS)


def lead(lead_id: str) -> Call[LeadDetail]:
    return Call("GET", path("/leads/{}", lead_id), LeadDetail.model_validate_json)


def change_lead(lead_id: str, patch: LeadPatch) -> Call[Lead]:
    return Call("PATCH", path("/leads/{}", lead_id), _lead, body=body_of(patch))


def erase_lead(lead_id: str) -> Call[Lead]:
    return Call("DELETE", path("/leads/{}", lead_id), _lead)


def why(lead_id: str) -> Call[WhyReport]:
    """Every check that decides whether this lead is written to now."""
    return Call("GET", path("/leads/{}/why", lead_id), WhyReport.model_validate_json)


def export_lead(lead_id: str) -> Call[LeadExport]:
    """Everything that is kept of this person in this campaign."""
    return Call("GET", path("/leads/{}/export", lead_id), LeadExport.model_validate_json)


def qualify(lead_id: str, body: NoteBody = NO_NOTE) -> Call[Lead]:
    return Call("POST", path("/leads/{}/qualify", lead_id), _lead, body=body_of(body))


def won(lead_id: str, body: WonBody = WON) -> Call[Lead]:
    return Call("POST", path("/leads/{}/won", lead_id), _lead, body=body_of(body))


def lost(lead_id: str, body: LostBody = LOST) -> Call[Lead]:
    return Call("POST", path("/leads/{}/lost", lead_id), _lead, body=body_of(body))


def hold(lead_id: str, body: HoldBody = HELD) -> Call[Lead]:
    return Call("POST", path("/leads/{}/hold", lead_id), _lead, body=body_of(body))


def release(lead_id: str, body: ReleaseBody = RELEASED) -> Call[Lead]:
    return Call("POST", path("/leads/{}/release", lead_id), _lead, body=body_of(body))


def reopen(lead_id: str) -> Call[Lead]:
    return Call("POST", path("/leads/{}/reopen", lead_id), _lead)


def imports(
    *, campaign: str | int | None = None, limit: int | None = None, cursor: str | None = None
) -> Call[Page[Import]]:
    query = params(campaign=campaign, limit=limit, cursor=cursor)
    return Call("GET", path("/imports"), Page[Import].model_validate_json, query)


def undo_import(import_id: str) -> Call[UndoReport]:
    """Removes the leads of an import that were never handed a touch, without suppressing them."""
    return Call("POST", path("/imports/{}/undo", import_id), UndoReport.model_validate_json, seconds=FILE_SECONDS)


def person(address: str) -> Call[PersonExport]:
    """Everything that is kept of a person in every campaign, also where nobody knows them."""
    return Call("GET", path("/people/{}", address), PersonExport.model_validate_json, seconds=FILE_SECONDS)


def erase_person(address: str) -> Call[PersonErased]:
    """In every campaign, for good; nobody writes to them any more."""
    return Call("DELETE", path("/people/{}", address), PersonErased.model_validate_json, seconds=FILE_SECONDS)


def touches(
    *,
    status: str | None = None,
    campaign: str | int | None = None,
    lead: str | None = None,
    mailbox: str | None = None,
    channel: Channel | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Touch]]:
    query = params(
        status=status, campaign=campaign, lead=lead, mailbox=mailbox, channel=channel, limit=limit, cursor=cursor
    )
    return Call("GET", path("/touches"), Page[Touch].model_validate_json, query)


def touch(touch_id: str) -> Call[Touch]:
    return Call("GET", path("/touches/{}", touch_id), _touch)


def approve(touch_id: str) -> Call[Touch]:
    """Lets exactly this text go out."""
    return Call("POST", path("/touches/{}/approve", touch_id), _touch)


def approve_many(body: ApproveBody) -> Call[ApproveReport]:
    """At most 1,000 at a time; those that cannot be approved are named."""
    return Call("POST", path("/touches/approve"), ApproveReport.model_validate_json, body=body_of(body))


def resolve(touch_id: str, outcome: Resolution) -> Call[Touch]:
    """Says what became of a mail that may or may not have arrived."""
    body = ResolveBody.model_validate({"as": outcome})
    return Call("POST", path("/touches/{}/resolve", touch_id), _touch, body=body_of(body))


def cancel(touch_id: str, body: CancelBody = NO_REASON) -> Call[Touch]:
    """Takes it back before it is handed over, and holds its lead."""
    return Call("POST", path("/touches/{}/cancel", touch_id), _touch, body=body_of(body))


def done(touch_id: str) -> Call[Touch]:
    """A task was done: its lead counts as contacted."""
    return Call("POST", path("/touches/{}/done", touch_id), _touch)


def skip(touch_id: str) -> Call[Touch]:
    """Leaves a task out; the next step follows."""
    return Call("POST", path("/touches/{}/skip", touch_id), _touch)


def inbox(
    *,
    waiting: bool | None = None,
    kind: InboundClass | None = None,
    campaign: str | int | None = None,
    lead: str | None = None,
    mailbox: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Inbound]]:
    """What came in; `waiting` narrows it to the review list, `kind` to a class."""
    chosen = params(waiting=waiting, **{"class": kind}, campaign=campaign, lead=lead, mailbox=mailbox)
    query = chosen + params(limit=limit, cursor=cursor)
    return Call("GET", path("/inbound"), Page[Inbound].model_validate_json, query)


def inbound(inbound_id: str) -> Call[Inbound]:
    return Call("GET", path("/inbound/{}", inbound_id), _inbound)


def classify(inbound_id: str, body: ClassifyBody) -> Call[Inbound]:
    """Says what a message is: what its class did is undone, a suppression apart, and what this one does is done."""
    return Call("POST", path("/inbound/{}/classify", inbound_id), _inbound, body=body_of(body))


def export_inbound(ref: str | int) -> Call[None]:
    return Call("GET", path("/campaigns/{}/inbound/export", ref), _nothing, seconds=FILE_SECONDS)


def suppressions(
    *,
    reason: SuppressionReason | None = None,
    search: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Suppression]]:
    """`search` is a part of an address or domain, or the whole of one of which only the hash is kept."""
    query = params(reason=reason, search=search, limit=limit, cursor=cursor)
    return Call("GET", path("/suppressions"), Page[Suppression].model_validate_json, query)


def add_suppression(body: SuppressionBody, *, key: str | None = None) -> Call[Suppression]:
    return Call("POST", path("/suppressions"), Suppression.model_validate_json, body=body_of(body), key=key)


def remove_suppression(suppression_id: str) -> Call[None]:
    return Call("DELETE", path("/suppressions/{}", suppression_id), _nothing)


def import_suppressions(
    file: BinaryIO, *, reason: SuppressionReason | None = None, note: str | None = None, key: str | None = None
) -> Call[SuppressionImport]:
    return Call(
        "POST",
        path("/suppressions/import"),
        SuppressionImport.model_validate_json,
        params(reason=reason, note=note),
        upload=file,
        seconds=FILE_SECONDS,
        key=key,
    )


def providers() -> Call[Page[ProviderState]]:
    return Call("GET", path("/providers"), Page[ProviderState].model_validate_json)


def mailboxes() -> Call[Page[MailboxState]]:
    return Call("GET", path("/mailboxes"), Page[MailboxState].model_validate_json)


def try_mailbox(name: str) -> Call[MailboxTest]:
    """Tries the log-in; sends nothing."""
    return Call("POST", path("/mailboxes/{}/test", name), MailboxTest.model_validate_json)


def enable_mailbox(name: str) -> Call[MailboxState]:
    """It may send again at once, whatever had stopped it."""
    return Call("POST", path("/mailboxes/{}/enable", name), _mailbox)


def disable_mailbox(name: str, body: DisableBody = DISABLED) -> Call[MailboxState]:
    """It sends nothing until it is enabled."""
    return Call("POST", path("/mailboxes/{}/disable", name), _mailbox, body=body_of(body))


def webhooks() -> Call[Page[WebhookEndpoint]]:
    return Call("GET", path("/webhooks"), Page[WebhookEndpoint].model_validate_json)


def try_webhook(name: str) -> Call[WebhookTest]:
    """Sends a test event, also in dry run; an endpoint that takes it goes on where it was paused."""
    return Call("POST", path("/webhooks/{}/test", name), WebhookTest.model_validate_json)


def deliveries(
    *, status: DeliveryStatus | None = None, limit: int | None = None, cursor: str | None = None
) -> Call[Page[WebhookDelivery]]:
    query = params(status=status, limit=limit, cursor=cursor)
    return Call("GET", path("/webhooks/deliveries"), Page[WebhookDelivery].model_validate_json, query)


def replay(delivery_id: int | str) -> Call[WebhookDelivery]:
    """Delivers the event again, under the same id."""
    return Call("POST", path("/webhooks/deliveries/{}/replay", delivery_id), WebhookDelivery.model_validate_json)


def event_page(
    *,
    after: int = 0,
    campaign: str | int | None = None,
    lead: str | None = None,
    actor: str | None = None,
    type: EventType | None = None,  # noqa: A002 - the parameter's name in the API
    since: datetime | None = None,
    limit: int | None = None,
    newest: bool | None = None,
) -> Call[EventPage]:
    """The first events with a `seq` above `after`, or with `newest` the last ones, ascending. `since` is aware."""
    query = params(
        after=after, campaign=campaign, lead=lead, actor=actor, type=type, since=since, limit=limit, newest=newest
    )
    return Call("GET", path("/events"), EventPage.model_validate_json, query)


def tokens(*, limit: int | None = None, cursor: str | None = None) -> Call[Page[Token]]:
    return Call("GET", path("/tokens"), Page[Token].model_validate_json, params(limit=limit, cursor=cursor))


def create_token(body: TokenBody, *, key: str | None = None) -> Call[NewToken]:
    """The answer alone shows the token."""
    return Call("POST", path("/tokens"), NewToken.model_validate_json, body=body_of(body), key=key)


def revoke_token(token_id: int) -> Call[None]:
    return Call("DELETE", path("/tokens/{}", token_id), _nothing)


def doctor() -> Call[DoctorReport]:
    return Call("GET", path("/doctor"), DoctorReport.model_validate_json)


def status() -> Call[Status]:
    return Call("GET", path("/status"), Status.model_validate_json)


def gate() -> Call[Gate]:
    return Call("GET", path("/gate"), Gate.model_validate_json)


def open_gate() -> Call[Gate]:
    return Call("POST", path("/gate/open"), Gate.model_validate_json)


def kill_switch() -> Call[KillSwitch]:
    return Call("GET", path("/kill-switch"), KillSwitch.model_validate_json)


def set_kill_switch(body: KillSwitchBody) -> Call[KillSwitch]:
    return Call("PUT", path("/kill-switch"), KillSwitch.model_validate_json, body=body_of(body))


def recovery() -> Call[Recovery]:
    """The hold after a restore or a clone, with what was found."""
    return Call("GET", path("/recovery"), _recovery)


def hold_recovery() -> Call[Recovery]:
    return Call("POST", path("/recovery/hold"), _recovery)


def release_recovery() -> Call[Recovery]:
    """Mails go out again."""
    return Call("POST", path("/recovery/release"), _recovery)
