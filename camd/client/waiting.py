"""The client for an event loop."""

import os
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Generic, ParamSpec, Self, TypeVar

import anyio
import httpx

from camd.client import calls, outlook_calls
from camd.client.call import Call
from camd.client.exchange import FOLLOW_SECONDS, PAGE, PIECE_BYTES, check, request_of, run_of, understood
from camd.client.place import Place, answers, open_async, reaching
from camd.domain.events import EventType
from camd.domain.lead import LeadStatus
from camd.schema.event import Event

P = ParamSpec("P")
T = TypeVar("T")


class _Asked(Generic[P, T]):
    """A method that asks what `describe` describes."""

    def __init__(self, describe: Callable[P, Call[T]]) -> None:
        self._describe = describe

    def __get__(self, client: "CamdClient", _: object = None) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(self._describe)
        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return await client.ask(self._describe(*args, **kwargs))

        return method


class CamdClient:
    """Asks the API of a running camd; its methods are the functions of `camd.client.calls`, awaited.

    `url` is `http://HOST:PORT` or `unix:/PATH`. Without one: `$CAMD_URL` with `$CAMD_TOKEN`, else the first that
    answers of `socket` and http://127.0.0.1:8000. Every method raises `ApiError` for what camd refuses and
    `Unreachable` where it does not answer; none opens the database itself.
    """

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
        self._opening = anyio.Lock()  # guards _url and _http
        self._url = ""
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def ask(self, call: Call[T]) -> T:
        http = await self._open()
        with reaching(self._url):
            content = _pieces(call.upload) if call.upload is not None else call.body
            response = await http.request(**request_of(call), content=content)
            while run := run_of(response):
                response = await http.get(run, timeout=call.seconds)
        return understood(call, response)

    async def export_leads(
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
        await self._download(calls.export_leads(ref, status=status, tag=tag, held=held, search=search), to)

    async def export_inbound(self, ref: str | int, to: BinaryIO) -> None:
        """Writes what came in for the campaign to `to` as CSV, as it comes."""
        await self._download(calls.export_inbound(ref), to)

    async def events(
        self,
        *,
        after: int = 0,
        campaign: str | int | None = None,
        lead: str | None = None,
        actor: str | None = None,
        type: EventType | None = None,  # noqa: A002 - the parameter's name in the API
        since: datetime | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Event]:
        """Every event with a `seq` above `after`, ascending; with `follow` those to come too, without end."""
        while True:
            page = await self.event_page(
                after=after, campaign=campaign, lead=lead, actor=actor, type=type, since=since, limit=PAGE
            )
            for event in page.items:
                yield event
            if page.next is not None:
                after = page.next
            elif follow:
                await anyio.sleep(self._follow_seconds)
            else:
                return

    async def _download(self, wanted: Call[None], to: BinaryIO) -> None:
        http = await self._open()
        with reaching(self._url):
            async with http.stream(**request_of(wanted)) as response:
                if not response.is_success:
                    await response.aread()
                    check(response)
                async for piece in response.aiter_bytes(PIECE_BYTES):
                    await anyio.to_thread.run_sync(to.write, piece)

    async def _open(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._http is None:
                self._url = self._place.url or await self._found()
                self._http = open_async(self._url, self._place.headers)
            return self._http

    async def _found(self) -> str:
        for url in self._place.candidates:
            if await answers(url):
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


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await anyio.to_thread.run_sync(file.read, PIECE_BYTES):
        yield piece
