"""Hooks over real HTTP and a real store: forms and Make tell what happened, and a stranger learns nothing."""

import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from camd.api.client_limit import ClientLimit
from camd.api.listen import serve_public
from camd.api.public import build_public_app
from camd.domain.campaign import Verb
from camd.domain.facts import CampaignId
from camd.domain.inbound import InboundClass
from camd.domain.lead import Lead, LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason
from camd.domain.token_bucket import RateBucket
from camd.operations import campaign_status, campaigns, inbound, leads, suppressions
from camd.operations.desk import Desk
from camd.operations.errors import Unprocessable
from camd.ports.records import EventFilter, InboundFilter, LeadFilter, Listing
from camd.ports.settings import LoggingSettings, PublicSettings
from camd.ports.store import Store, Tx
from camd.ports.store_errors import StoreUnavailable
from camd.providers.hook import HookSource
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.inbound import ClassifyBody
from camd.schema.lead import LeadBody
from camd.schema.suppression import SuppressionBody
from camd.telemetry.logs import configure

T = TypeVar("T")
Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]

OPERATOR = "os:ann"
ADDRESS = "Canary.Bird+news@acme.example"
ENTRY: dict[str, JsonValue] = {"type": "hook", "name": "website", "map": {"Your e-mail": "email", "Deal value": "mrr"}}


@pytest.fixture
def hooked(desk: Desk) -> Desk:
    """A desk whose instance knows hooks and where its public listener is reached."""
    context = desk.context
    public = PublicSettings(enabled=True, port=0, base_url="https://in.example.com")
    sources = {**context.sources, "hook": HookSource(context.clock)}
    return replace(desk, context=replace(context, sources=sources, settings=replace(context.settings, public=public)))


@asynccontextmanager
async def served(desk: Desk, limit: ClientLimit | None = None) -> AsyncIterator[httpx.AsyncClient]:
    app = build_public_app(desk, limit)
    async with (
        serve_public(app, PublicSettings(enabled=True, port=0)) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        yield client


@pytest.fixture
async def http(hooked: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with served(hooked) as client:
        yield client


@pytest.fixture
async def unhurried(hooked: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A client that nobody holds back."""
    limit = ClientLimit(hooked.context.clock, RateBucket(10_000, timedelta(seconds=1), burst=10_000))
    async with served(hooked, limit) as client:
        yield client


async def campaign_with(desk: Desk, campaign: str = "Q1", /, **entry: object) -> str:
    """The path of its hook."""
    body = CampaignBody.model_validate({"name": campaign, "sources": [{**ENTRY, **entry}], "mrr_per_client": 100})
    made = await campaigns.create(desk, body, actor=OPERATOR)
    [url] = made.hook_urls.values()
    assert url is not None
    return url.removeprefix("https://in.example.com")


@pytest.fixture
async def path(hooked: Desk) -> str:
    return await campaign_with(hooked)


async def leads_of(store: Store, campaign_id: int = 1) -> list[Lead]:
    return list(await store.read(lambda tx: tx.leads.page(CampaignId(campaign_id), Listing(500), LeadFilter())))


async def the_lead(store: Store) -> Lead:
    [lead] = await leads_of(store)
    return lead


async def added(desk: Desk, email: str = ADDRESS, campaign: str = "Q1") -> str:
    return (await leads.add(desk, campaign, LeadBody(email=email), actor=OPERATOR)).lead.id


async def told(http: httpx.AsyncClient, path: str, *objects: Mapping[str, object]) -> list[str]:
    """What became of each object."""
    answer = await http.post(path, json=list(objects))
    assert answer.status_code in (200, 202), answer.text
    return [each["result"] for each in answer.json()["results"]]


async def wrong(http: httpx.AsyncClient, path: str, body: object) -> dict[str, str]:
    """The fields that have to be mended."""
    answer = await http.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return {each["field"]: each["message"] for each in answer.json()["errors"]}


@pytest.mark.parametrize(
    "post",
    [
        {"json": {"Your e-mail": ADDRESS, "first_name": "ann", "Your question": "Why?", "tags": ["hot", "fair"]}},
        {"json": [{"YOUR  E-MAIL": ADDRESS, "First Name": "ann", "Your question": "Why?", "tags": "hot;fair"}]},
        {
            "content": json.dumps(
                {"Your e-mail": ADDRESS, "firstName": "ann", "Your question": "Why?", "labels": "hot,fair"}
            ),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {"data": {"Your e-mail": ADDRESS, "first_name": "ann", "Your question": "Why?", "tags[]": ["hot", "fair"]}},
        {
            "files": [
                ("Your e-mail", (None, ADDRESS)),
                ("first_name", (None, "ann")),
                ("Your question", (None, "Why?")),
                ("tags", (None, "hot")),
                ("tags", (None, "fair")),
                ("cv", ("", b"")),
            ]
        },
    ],
    ids=["json", "list", "json-as-a-form", "urlencoded", "multipart"],
)
async def test_a_form_makes_a_lead_at_once(
    store: Store, http: httpx.AsyncClient, path: str, post: dict[str, object]
) -> None:
    answer = await http.post(path, **post)  # type: ignore[arg-type]  # one of httpx's bodies
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    lead = await the_lead(store)
    assert answer.json() == {"results": [{"lead_id": lead.id, "result": "added", "notes": []}]}
    facts = lead.facts
    assert (facts.email, facts.first_name, facts.domain) == (ADDRESS, "Ann", "acme.example")
    assert (facts.tags, dict(facts.custom)) == (("hot", "fair"), {"your_question": "Why?"})
    assert facts.source == "hook"
    [event] = [row.event for row in await store.read(lambda tx: tx.ledger.after(0, 9, EventFilter(lead_id=lead.id)))]
    assert event.actor == "rule:hook:website"


async def test_a_campaign_that_sleeps_is_woken_by_its_doorbell(
    hooked: Desk, http: httpx.AsyncClient, path: str
) -> None:
    bell = hooked.doorbells.of(CampaignId(1))
    await told(http, path, {"email": ADDRESS})
    assert bell.rings == 1
    await told(http, path, {"email": ADDRESS})
    assert bell.rings == 1


async def test_the_same_person_is_one_lead_however_often_a_form_is_sent(
    store: Store, http: httpx.AsyncClient, path: str
) -> None:
    person = {"name": "Ann Lee", "company": "Acme"}
    results = await told(http, path, {"email": ADDRESS}, {"email": "canary.bird@ACME.example"}, person, person)
    assert results == ["added", "known", "added", "known"]
    assert await told(http, path, {"email": ADDRESS}, person) == ["known", "known"]
    assert len(await leads_of(store)) == 2


@pytest.mark.parametrize("verbs", [(), (Verb.ACTIVATE,), (Verb.ACTIVATE, Verb.PAUSE)])
async def test_a_lead_is_taken_in_every_status_but_archived(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str, verbs: tuple[Verb, ...]
) -> None:
    for verb in verbs:
        await campaign_status.move(hooked, "Q1", verb, actor=OPERATOR)
    assert await told(http, path, {"email": ADDRESS}) == ["added"]
    archived = await campaign_status.move(hooked, "Q1", Verb.ARCHIVE, actor=OPERATOR)
    assert archived.campaign.hook_urls == {}
    assert (await http.post(path, json={"email": "b@acme.example"})).status_code == 404
    assert len(await leads_of(store)) == 1


async def test_whoever_is_suppressed_becomes_no_lead(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    await suppressions.add(hooked, SuppressionBody(value=ADDRESS), actor=OPERATOR)
    objects = {"email": ADDRESS}, {"email": "b@acme.example", "tags": "DNC"}, {"email": "c@x.example", "opt_out": True}
    assert await told(http, path, *objects) == ["suppressed"] * 3
    assert await leads_of(store) == []
    kept = await store.read(lambda tx: tx.suppressions.page(Listing()))
    assert {each.value for each in kept} == {"canary.bird@acme.example", "b@acme.example", "c@x.example"}


async def test_max_candidates_is_the_most_that_a_hook_gives(
    hooked: Desk, store: Store, http: httpx.AsyncClient
) -> None:
    path = await campaign_with(hooked, max_candidates=2)
    objects: list[dict[str, object]] = [{"email": f"p{number}@c{number}.example"} for number in range(4)]
    assert await told(http, path, *objects) == ["added", "added", "full", "full"]
    assert await told(http, path, {"email": "p9@c9.example", "do_not_contact": "yes"}) == ["suppressed"]
    [state] = await store.read(lambda tx: tx.sources.of(CampaignId(1)))
    assert (state.found, state.exhausted, len(await leads_of(store))) == (2, True, 2)


async def test_outcomes_move_the_lead_and_repeating_them_changes_nothing(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    lead_id = await added(hooked)
    qualify, won = {"action": "qualify", "email": ADDRESS}, {"action": "Won", "email": ADDRESS, "mrr": "290.50"}
    assert await told(http, path, qualify, qualify) == ["qualified", "unchanged"]
    assert await told(http, path, won, won, qualify) == ["won", "unchanged", "unchanged"]
    lead = await the_lead(store)
    assert (lead.id, lead.status, lead.won_mrr) == (lead_id, LeadStatus.WON, Decimal("290.50"))
    events = await store.read(lambda tx: tx.ledger.after(0, 99, EventFilter(actor="rule:hook:website")))
    assert [row.event.type.value for row in events] == ["lead.qualified", "lead.won"]


async def test_another_amount_corrects_the_revenue_and_none_leaves_it(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    await added(hooked)
    won = {"action": "won", "email": ADDRESS}
    assert await told(http, path, won, won) == ["won", "unchanged"]
    assert (await the_lead(store)).won_mrr == 100
    assert await told(http, path, {**won, "Deal value": 290, "currency": "EUR"}, won) == ["won", "unchanged"]
    assert (await the_lead(store)).won_mrr == 290


async def test_fault_56_a_bounce_that_a_hook_tells_again_loses_the_lead_once(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    await added(hooked)
    lost = {"action": "lost", "email": ADDRESS}
    bounced = {**lost, "reason": "bounced"}
    assert await told(http, path, lost, bounced, bounced, lost) == ["lost", "lost", "unchanged", "unchanged"]
    assert (await the_lead(store)).state.lost_reason is LostReason.BOUNCED
    [kept] = await store.read(lambda tx: tx.suppressions.page(Listing()))
    assert kept.reason is SuppressionReason.HARD_BOUNCE


async def test_a_move_that_the_status_does_not_allow_changes_nothing_and_says_so(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    await added(hooked)
    await told(http, path, {"action": "lost", "email": ADDRESS, "reason": "opted_out"})
    answer = await http.post(path, json={"action": "qualify", "email": ADDRESS})
    [result] = answer.json()["results"]
    assert (answer.status_code, result["result"]) == (200, "unchanged")
    assert result["notes"] == ["a lead that is lost (opted_out) cannot become this"]
    assert (await the_lead(store)).state.lost_reason is LostReason.OPTED_OUT


async def test_suppress_reaches_every_campaign_and_addresses_never_seen(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    await campaigns.create(hooked, CampaignBody(name="Q2"), actor=OPERATOR)
    for campaign in ("Q1", "Q2"):
        await added(hooked, campaign=campaign)
    suppress = {"action": "suppress", "email": "canary.bird@acme.example", "reason": "objected"}
    never_seen = {"action": "suppress", "email": "never@seen.example"}
    assert await told(http, path, suppress, suppress, never_seen) == ["suppressed", "unchanged", "suppressed"]
    for campaign_id in (1, 2):
        [lead] = await leads_of(store, campaign_id)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT
    kept = await store.read(lambda tx: tx.suppressions.page(Listing()))
    assert [each.reason.value for each in kept] == ["operator", "objected"]


async def test_an_outcome_of_an_unknown_address_waits_on_the_review_list_once(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    await campaigns.create(hooked, CampaignBody(name="Q2"), actor=OPERATOR)
    await added(hooked, campaign="Q2")
    won = {"action": "won", "email": ADDRESS, "mrr": 290}
    for _ in range(2):
        answer = await http.post(path, json=won)
        assert (answer.status_code, answer.json()["results"][0]["result"]) == (202, "waiting")
    [line] = (await inbound.page(hooked, InboundFilter(waiting=True))).items
    assert (line.mailbox, line.sender, line.subject) == ("hook:website", ADDRESS, "website: won 290.00 EUR a month")
    await inbound.classify(hooked, line.id, ClassifyBody.model_validate({"class": "unrelated"}), actor=OPERATOR)
    assert (await inbound.page(hooked, InboundFilter(waiting=True))).items == []
    assert (await http.post(path, json=won)).status_code == 202
    assert len((await inbound.page(hooked, InboundFilter())).items) == 1
    assert (await the_lead_of(store, 2)).status is LeadStatus.NEW


async def the_lead_of(store: Store, campaign_id: int) -> Lead:
    [lead] = await leads_of(store, campaign_id)
    return lead


async def test_a_line_that_turns_out_to_be_an_opt_out_suppresses_its_address(
    hooked: Desk, http: httpx.AsyncClient, path: str
) -> None:
    await http.post(path, json={"action": "lost", "email": ADDRESS})
    [line] = (await inbound.page(hooked, InboundFilter(waiting=True))).items
    body = ClassifyBody.model_validate({"class": InboundClass.OPT_OUT_REQUEST})
    await inbound.classify(hooked, line.id, body, actor=OPERATOR)
    assert await told(http, path, {"email": ADDRESS}) == ["suppressed"]


async def test_what_is_wrong_is_named_by_its_field(hooked: Desk, http: httpx.AsyncClient, path: str) -> None:
    await added(hooked)
    won = {"action": "won", "email": ADDRESS}
    for body, field in [
        ({}, "email"),
        ({"Your e-mail": "nobody"}, "email"),
        ({"email": ADDRESS, "city": "a\nb"}, "city"),
        ({"email": ADDRESS, "company": "x" * 1001}, "company"),
        ({"email": ADDRESS, "action": "buy"}, "action"),
        ({"action": "won", "mrr": 1}, "email"),
        ({**won, "mrr": "1.290,00"}, "mrr"),
        ({**won, "mrr": -1}, "mrr"),
        ({**won, "mrr": 1.005}, "mrr"),
        ({**won, "mrr": 1, "currency": "USD"}, "currency"),
        ({"action": "lost", "email": ADDRESS, "reason": "too expensive"}, "reason"),
        ({"action": "lost", "email": ADDRESS, "reason": "erased"}, "reason"),
        ({"action": "suppress", "email": ADDRESS, "reason": "no_reply"}, "reason"),
        ({str(number): "x" for number in range(201)}, "body"),
        ("text", "body"),
        ([], "body"),
        ([{"email": ADDRESS}] * 101, "body"),
        ([{"email": ADDRESS}, 7], "1"),
    ]:
        assert list(await wrong(http, path, body)) == [field], body


async def test_a_list_with_something_wrong_stores_nothing_and_names_it_all(
    store: Store, http: httpx.AsyncClient, path: str
) -> None:
    body = [{"email": ADDRESS}, {"email": "x"}, {"action": "won", "email": ADDRESS, "mrr": "x", "currency": "euro"}]
    assert list(await wrong(http, path, body)) == ["1.email", "2.mrr", "2.currency"]
    assert await leads_of(store) == []


@pytest.mark.parametrize(
    "request_",
    [
        {"content": b""},
        {"content": b'{"email": "a@b.example"'},
        {"content": '{"email": "Jos\u00e9@b.example"}'.encode("latin-1")},
        {"content": b"email=%ff%fe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"--x\r\n\r\ntext\r\n--x--", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"nothing", "headers": {"Content-Type": 'multipart/form-data; boundary="x"'}},
    ],
)
async def test_what_cannot_be_read_is_400(http: httpx.AsyncClient, path: str, request_: dict[str, object]) -> None:
    answer = await http.post(path, **request_)  # type: ignore[arg-type]  # one of httpx's bodies
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:camd:problem:not-readable")


async def test_a_file_is_refused(store: Store, http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, data={"email": ADDRESS}, files={"cv": ("cv.txt", b"text")})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cv")
    assert await leads_of(store) == []


async def test_fault_91_a_large_body_is_refused(store: Store, http: httpx.AsyncClient, path: str) -> None:
    person = {"email": ADDRESS, "notes": "x" * 65_000}
    assert (await http.post(path, json={**person, "more": "x" * 1000})).status_code == 413
    assert (await http.post(path, json=person)).status_code == 200
    lead = await the_lead(store)
    assert len(lead.facts.custom["notes"]) == 1000


async def test_a_stranger_gets_the_same_404_whatever_is_wrong(
    hooked: Desk, store: Store, http: httpx.AsyncClient, path: str
) -> None:
    other = await campaign_with(hooked, "Q2", name="crm")
    token, other_token = path.rpartition("/")[2], other.rpartition("/")[2]
    wrongs = [
        f"/hooks/website/{'A' * 40}",
        "/hooks/website/x",
        f"/hooks/website/{'A' * 4000}",
        f"/hooks/nothing/{token}",
        f"/hooks/crm/{token}",
        f"/hooks/website/{other_token}",
        f"/hooks/website/{token}A",
        f"/hooks/{quote('ä')}/{quote('ä' * 20)}",
        "/hooks/%00/%ff",
        f"/hooks/website%2Fx/{token}",
    ]
    bodies = [b'{"email": "a@b.example"}', b"\xff", b"x" * 200_000]
    answers = [await http.post(each, content=body) for each in wrongs for body in bodies]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert {frozenset(set(answer.headers) - {"connection"}) for answer in answers} == {
        frozenset(set(answers[0].headers) - {"connection"})
    }
    assert (await leads_of(store), await leads_of(store, 2)) == ([], [])


async def test_a_hook_that_is_taken_out_or_renamed_is_gone(hooked: Desk, http: httpx.AsyncClient, path: str) -> None:
    renamed = CampaignPatch({"sources": [{**ENTRY, "name": "form"}]})
    detail = (await campaigns.change(hooked, "Q1", renamed, actor=OPERATOR)).campaign
    assert list(detail.hook_urls) == ["form"]
    assert (await http.post(path, json={"email": ADDRESS})).status_code == 404
    back = (await campaigns.change(hooked, "Q1", CampaignPatch({"sources": [ENTRY]}), actor=OPERATOR)).campaign
    assert back.hook_urls["website"] == f"https://in.example.com{path}"
    assert (await http.post(path, json={"email": ADDRESS})).status_code == 200


async def test_a_name_is_used_once_in_all_campaigns_that_are_not_archived(hooked: Desk, path: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        await campaign_with(hooked, "Q2")
    assert [(each.field, each.message) for each in caught.value.fields] == [
        ("sources.0.name", "campaign Q1 has a hook of this name; give another one")
    ]
    patch = CampaignPatch({"sources": [ENTRY, ENTRY]})
    with pytest.raises(Unprocessable) as caught:
        await campaigns.change(hooked, "Q1", patch, actor=OPERATOR)
    assert [each.field for each in caught.value.fields] == ["sources.1.name"]
    await campaigns.change(hooked, "Q1", CampaignPatch({"daily_email_limit": 7}), actor=OPERATOR)
    await campaign_status.move(hooked, "Q1", Verb.ARCHIVE, actor=OPERATOR)
    assert await campaign_with(hooked, "Q2") != path


async def test_whoever_reads_the_campaign_gets_the_whole_address(hooked: Desk, serving: Serve, path: str) -> None:
    async with serving(hooked) as control:
        assert (await control.get("/api/cam/campaigns/Q1")).json()["hook_urls"] == {
            "website": f"https://in.example.com{path}"
        }
        assert (await control.post(path, json={"email": ADDRESS})).status_code == 404


async def test_without_a_public_address_the_campaign_says_what_to_set(hooked: Desk, path: str) -> None:
    context = hooked.context
    for public, url in [
        (PublicSettings(enabled=True), None),
        (PublicSettings(base_url="https://in.example.com"), f"https://in.example.com{path}"),
    ]:
        unset = replace(hooked, context=replace(context, settings=replace(context.settings, public=public)))
        detail = await campaigns.get(unset, "Q1")
        assert detail.hook_urls == {"website": url}
        assert "public.base_url" in (detail.hook_hint or "")
    assert (await campaigns.get(hooked, "Q1")).hook_hint is None


@dataclass(frozen=True, slots=True)
class Away:
    """A store that cannot be written, or not be read either."""

    store: Store
    reads: bool

    async def write(self, _unit: Callable[[Tx], T]) -> T:
        raise StoreUnavailable("read-only")

    async def read(self, query: Callable[[Tx], T]) -> T:
        if not self.reads:
            raise StoreUnavailable("away")
        return await self.store.read(query)


@pytest.mark.parametrize("reads", [True, False])
async def test_while_the_database_is_away_the_sender_is_asked_to_come_again(
    hooked: Desk, store: Store, path: str, reads: bool
) -> None:
    broken = replace(hooked, context=replace(hooked.context, store=Away(store, reads)))
    async with served(broken) as http:
        answers = [await http.post(each, json={"email": ADDRESS}) for each in (path, f"/hooks/website/{'A' * 40}")]
    assert [answer.status_code for answer in answers] == ([503, 404] if reads else [503, 503])
    assert answers[0].headers["Retry-After"] == "5"


async def test_a_flood_from_one_client_is_held_back(hooked: Desk, path: str) -> None:
    limit = ClientLimit(hooked.context.clock, RateBucket(1, timedelta(hours=1), burst=2))
    async with served(hooked, limit) as http:
        answers = [await http.post(path, json={"email": ADDRESS}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert answers[-1].json()["type"] == "urn:camd:problem:too-fast"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_hook_can_only_be_posted_to(http: httpx.AsyncClient, path: str, method: str) -> None:
    assert (await http.request(method, path)).status_code == 405


async def test_hooks_are_counted_apart_from_opt_outs(hooked: Desk, http: httpx.AsyncClient, path: str) -> None:
    for body in ({"email": ADDRESS}, {"email": "x"}, {"action": "lost", "email": "b@acme.example"}):
        await http.post(path, json=body)
    await http.post("/hooks/website/x")
    metrics = hooked.context.metrics.render().decode().splitlines()
    counted = [line for line in metrics if line.startswith("camd_http_requests_total{")]
    assert sorted(counted) == [
        f'camd_http_requests_total{{code="{code}",method="POST",route="/hooks/{{source}}/{{token}}"}} 1.0'
        for code in (200, 202, 404, 422)
    ]
    opt_outs = [line for line in metrics if line.startswith("camd_opt_out_requests_total{")]
    assert all(line.endswith(" 0.0") for line in opt_outs)


async def test_neither_log_nor_metric_holds_anything_of_the_body_or_the_address(
    hooked: Desk, http: httpx.AsyncClient, path: str
) -> None:
    stream, context = io.StringIO(), hooked.context
    sink = configure(context.clock, LoggingSettings(level="debug"), version="1", metrics=context.metrics, stream=stream)
    objects = [
        {"email": ADDRESS},
        {"action": "won", "email": "canary@x.example"},
        {"action": "suppress", "email": ADDRESS},
    ]
    for body in (*objects, {"email": "canary"}, "canary", objects):
        await http.post(path, json=body)
    sink.close()
    written = stream.getvalue() + context.metrics.render().decode()
    assert "api.request" in written
    assert "canary" not in written.lower()
    assert path.rpartition("/")[2] not in written
    assert "website" not in written


_KNOWN = (
    "email action mrr currency reason name first_name company employees expected_mrr country linkedin_url url website "
    "phone tags custom consent source_ref tz seniority do_not_contact \u96fb\u8a71"
)
_NAMES = st.sampled_from(_KNOWN.split())
_WORDS = st.sampled_from(
    ["lead", "qualify", "won", "lost", "suppress", ADDRESS, "a@b.example", "9" * 30, "1e9999", "bounced", "\0", "a\nb"]
)
_TEXTS = _WORDS | st.text(max_size=30)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | _TEXTS, inner, max_size=3),
    max_leaves=6,
)
_OBJECTS = st.dictionaries(_NAMES | _TEXTS, _VALUES, max_size=8)
_PEOPLE = _OBJECTS.map(lambda fields: {"email": ADDRESS, **fields})
_JSON = (_OBJECTS | _PEOPLE | st.lists(_PEOPLE, max_size=3)).map(lambda value: json.dumps(value).encode())
_FORMS = st.lists(st.tuples(_NAMES | _TEXTS, _TEXTS), max_size=6)
_URLENCODED = _FORMS.map(lambda fields: "&".join(f"{quote(name)}={quote(text)}" for name, text in fields).encode())
_MULTIPART = _FORMS.map(
    lambda fields: "".join(
        [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields] + ["--x--"]
    ).encode()
)
_TYPES = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain;;=", ""]
)


@given(
    body=_JSON | _URLENCODED | _MULTIPART | st.binary(max_size=200),
    content_type=_TYPES,
)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_rubbish_is_stored_or_refused_and_never_a_failure(
    unhurried: httpx.AsyncClient, path: str, body: bytes, content_type: str
) -> None:
    answer = await unhurried.post(path, content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (200, 202, 400, 422), answer.text
