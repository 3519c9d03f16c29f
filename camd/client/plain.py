"""The client for plain code, without an event loop."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from threading import Event as Signal
from types import TracebackType
from typing import BinaryIO, Generic, ParamSpec, Self, TypeVar

import httpx

from camd.client import calls, outlook_calls
from camd.client.call import Call
from camd.client.exchange import FOLLOW_SECONDS, PAGE, PIECE_BYTES, check, request_of, run_of, understood
from camd.client.place import Place, answers_now, open_sync, reaching
from camd.domain.events import EventType
from camd.domain.lead import LeadStatus
from camd.schema.event import Event

P = ParamSpec("P")
T = TypeVar("T")


class _Asked(Generic[P, T]):
    """A method that asks what `describe` describes."""

    def __init__(self, describe: Callable[P, Call[T]]) -> None:
        self._describe = describe

    def __get__(self, client: "SyncCamdClient", _: object = None) -> Callable[P, T]:
        @wraps(self._describe)
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return client.ask(self._describe(*args, **kwargs))

        return method


class SyncCamdClient:
    """`CamdClient` for plain code: the same arguments, methods and errors, nothing to await."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        socket: Path | None = None,
        follow_seconds: float = FOLLOW_SECONDS,
    ) -> None:
        self._place = Place.chosen(url, token, socket, os.environ)
        self._follow_seconds = follow_seconds
        self._closed = Signal()
        self._url = ""
        self._http: httpx.Client | None = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends a thread's following of events too."""
        self._closed.set()
        if self._http is not None:
            self._http.close()

    def ask(self, call: Call[T]) -> T:
        http = self._open()
        with reaching(self._url):
            content = iter(partial(call.upload.read, PIECE_BYTES), b"") if call.upload is not None else call.body
            response = http.request(**request_of(call), content=content)
            while run := run_of(response):
                response = http.get(run, timeout=call.seconds)
        return understood(call, response)

    def export_leads(
        self,
        ref: str | int,
        to: BinaryIO,
        *,
        status: LeadStatus | None = None,
        tag: str | None = None,
        held: bool | None = None,
        search: str | None = None,
    ) -> None:
        """Writes the campaign's leads to `to` as CSV, as they come."""
        self._download(calls.export_leads(ref, status=status, tag=tag, held=held, search=search), to)

    def export_inbound(self, ref: str | int, to: BinaryIO) -> None:
        """Writes what came in for the campaign to `to` as CSV, as it comes."""
        self._download(calls.export_inbound(ref), to)

    def events(
        self,
        *,
        after: int = 0,
        campaign: str | int | None = None,
        lead: str | None = None,
        actor: str | None = None,
        type: EventType | None = None,  # noqa: A002 - the parameter's name in the API
        since: datetime | None = None,
        follow: bool = False,
    ) -> Iterator[Event]:
        """Every event with a `seq` above `after`, ascending; with `follow` those to come too, until `close`."""
        while not self._closed.is_set():
            page = self.event_page(
                after=after, campaign=campaign, lead=lead, actor=actor, type=type, since=since, limit=PAGE
            )
            yield from page.items
            if page.next is not None:
                after = page.next
            elif not follow or self._closed.wait(self._follow_seconds):
                return

    def _download(self, wanted: Call[None], to: BinaryIO) -> None:
        http = self._open()
        with reaching(self._url), http.stream(**request_of(wanted)) as response:
            if not response.is_success:
                response.read()
                check(response)
            to.writelines(response.iter_bytes(PIECE_BYTES))

    def _open(self) -> httpx.Client:
        if self._http is None:
            self._url = self._place.url or self._found()
            self._http = open_sync(self._url, self._place.headers)
        return self._http

    def _found(self) -> str:
        for url in self._place.candidates:
            if answers_now(url):
                return url
        raise self._place.nobody()

    campaigns = _Asked(calls.campaigns)
    create_campaign = _Asked(calls.create_campaign)
    campaign = _Asked(calls.campaign)
    replace_campaign = _Asked(calls.replace_campaign)
    change_campaign = _Asked(calls.change_campaign)
    archive = _Asked(calls.archive)
    activate = _Asked(calls.activate)
    pause = _Asked(calls.pause)
    resume = _Asked(calls.resume)
    preflight = _Asked(outlook_calls.preflight)
    live = _Asked(calls.live)
    dry = _Asked(calls.dry)
    preview = _Asked(outlook_calls.preview)
    campaign_metrics = _Asked(outlook_calls.campaign_metrics)
    timeseries = _Asked(outlook_calls.timeseries)
    report = _Asked(outlook_calls.report)
    outlook = _Asked(outlook_calls.outlook)
    instance_outlook = _Asked(outlook_calls.instance_outlook)
    instance_series = _Asked(outlook_calls.instance_series)
    check_draft = _Asked(outlook_calls.check_draft)
    check_import = _Asked(outlook_calls.check_import)
    send_test = _Asked(calls.send_test)
    run_cycle = _Asked(calls.run_cycle)
    run_all = _Asked(calls.run_all)
    leads = _Asked(calls.leads)
    add_lead = _Asked(calls.add_lead)
    import_leads = _Asked(calls.import_leads)
    lead = _Asked(calls.lead)
    change_lead = _Asked(calls.change_lead)
    erase_lead = _Asked(calls.erase_lead)
    why = _Asked(calls.why)
    export_lead = _Asked(calls.export_lead)
    qualify = _Asked(calls.qualify)
    won = _Asked(calls.won)
    lost = _Asked(calls.lost)
    hold = _Asked(calls.hold)
    release = _Asked(calls.release)
    reopen = _Asked(calls.reopen)
    imports = _Asked(calls.imports)
    undo_import = _Asked(calls.undo_import)
    person = _Asked(calls.person)
    erase_person = _Asked(calls.erase_person)
    touches = _Asked(calls.touches)
    touch = _Asked(calls.touch)
    approve = _Asked(calls.approve)
    approve_many = _Asked(calls.approve_many)
    resolve = _Asked(calls.resolve)
    cancel = _Asked(calls.cancel)
    done = _Asked(calls.done)
    skip = _Asked(calls.skip)
    inbox = _Asked(calls.inbox)
    inbound = _Asked(calls.inbound)
    classify = _Asked(calls.classify)
    suppressions = _Asked(calls.suppressions)
    add_suppression = _Asked(calls.add_suppression)
    remove_suppression = _Asked(calls.remove_suppression)
    import_suppressions = _Asked(calls.import_suppressions)
    providers = _Asked(calls.providers)
    mailboxes = _Asked(calls.mailboxes)
    try_mailbox = _Asked(calls.try_mailbox)
    enable_mailbox = _Asked(calls.enable_mailbox)
    disable_mailbox = _Asked(calls.disable_mailbox)
    webhooks = _Asked(calls.webhooks)
    try_webhook = _Asked(calls.try_webhook)
    deliveries = _Asked(calls.deliveries)
    replay = _Asked(calls.replay)
    event_page = _Asked(calls.event_page)
    tokens = _Asked(calls.tokens)
    create_token = _Asked(calls.create_token)
    revoke_token = _Asked(calls.revoke_token)
    doctor = _Asked(calls.doctor)
    status = _Asked(calls.status)
    gate = _Asked(calls.gate)
    open_gate = _Asked(calls.open_gate)
    kill_switch = _Asked(calls.kill_switch)
    set_kill_switch = _Asked(calls.set_kill_switch)
    recovery = _Asked(calls.recovery)
    hold_recovery = _Asked(calls.hold_recovery)
    release_recovery = _Asked(calls.release_recovery)
