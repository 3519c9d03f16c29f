"""LinkedIn's Lead Sync API on loopback, as its documentation describes it, with its ways to fail.

A test plants responses and faults and reads what was asked; by hand: `python -m tests.simulators.linkedin --port 8101`.
"""

import argparse
import contextlib
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

import anyio
from aiohttp import web

from camd.system import SystemClock
from tests.simulators.vendor import Spoilt, spoilt

ACCOUNT = "urn:li:sponsoredAccount:1234567"
PAGE_OWNER = "urn:li:organization:11223344"
TOKEN = "simulated-token"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Json = dict[str, Any]
_OWNER = re.compile(r"\((sponsoredAccount|organization):(urn%3Ali%3A(?:sponsoredAccount|organization)%3A\d+)\)")
_RANGE = re.compile(r"\(start:(\d+),end:(\d+)\)")
_LEAD_TYPE = re.compile(r"\(leadType:(\w+)\)")


class Fault(StrEnum):
    """What one request meets instead of a good answer."""

    SLOW = "slow"
    DRIP = "drip"
    HUGE = "huge"
    LOST = "lost"
    HTML = "html"
    MISLABELLED = "mislabelled"
    TRUNCATED = "truncated"
    EMPTY_BODY = "empty_body"
    REDIRECT = "redirect"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    SUNSET = "sunset"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_TEN_YEARS = "rate_limited_ten_years"
    RATE_LIMITED_EMPTY_HEADER = "rate_limited_empty_header"
    TROUBLE = "trouble"
    REORDERED = "reordered"
    EMPTY_PAGE = "empty_page"
    NULL_ITEMS = "null_items"
    NO_TOTAL = "no_total"
    NO_FORMS = "no_forms"


_SPOILT = {Fault(each.value): each for each in Spoilt}
_STATUSES = {
    Fault.UNAUTHORISED: (401, "EXPIRED_ACCESS_TOKEN", {}),
    Fault.FORBIDDEN: (403, "ACCESS_DENIED", {}),
    Fault.SUNSET: (426, "NONEXISTENT_VERSION", {}),
    Fault.RATE_LIMITED: (429, "TOO_MANY_REQUESTS", {}),
    Fault.RATE_LIMITED_TEN_YEARS: (429, "TOO_MANY_REQUESTS", {"Retry-After": str(10 * 365 * 86_400)}),
    Fault.RATE_LIMITED_EMPTY_HEADER: (429, "TOO_MANY_REQUESTS", {"Retry-After": ""}),
    Fault.TROUBLE: (503, "SERVICE_UNAVAILABLE", {}),
}


def milliseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)


def question(number: int, field_name: str | None, name: str = "", options: Iterable[str] = ()) -> Json:
    """Of a form; with `options` one of multiple choice."""
    asked: Json = {"questionId": number, "name": name or (field_name or "Custom").title()}
    if field_name:
        asked["predefinedField"] = field_name
    if labels := list(options):
        choices = [{"id": place, "text": {"localized": {"en_US": label}}} for place, label in enumerate(labels)]
        asked["questionDetails"] = {"multipleChoiceQuestionDetails": {"options": choices}}
    return asked


def response(
    number: int,
    submitted: datetime,
    *,
    answers: dict[str, str] | None = None,
    questions: Iterable[Json] = (),
    choices: dict[int, list[int]] | None = None,
    form: int = 7149246,
    owner: str = ACCOUNT,
    lead_type: str = "SPONSORED",
    test: bool = False,
    consents: Iterable[bool] = (True,),
    hidden: dict[str, str] | None = None,
) -> Json:
    """A lead object. `answers` are texts by `predefinedField`, by default those of a person with this number;
    `questions` are asked besides, `choices` answers them by `questionId`."""
    texts = person(number) if answers is None else answers
    asked = [question(10_000 + place, name) for place, name in enumerate(texts)]
    given = [
        {"questionId": one["questionId"], "answerDetails": {"textQuestionAnswer": {"answer": text}}}
        for one, text in zip(asked, texts.values(), strict=True)
    ]
    given += [
        {"questionId": number, "answerDetails": {"multipleChoiceAnswer": {"options": chosen}}}
        for number, chosen in (choices or {}).items()
    ]
    kind = owner.split(":")[2]
    return {
        "id": f"0b1e6f6e-2a4c-4c55-9d1e-{number:012d}-2",
        "submittedAt": milliseconds(submitted),
        "testLead": test,
        "leadType": lead_type,
        "owner": {kind: owner},
        "submitter": "urn:li:person:never-to-be-kept",
        "versionedLeadGenFormUrn": f"urn:li:versionedLeadGenForm:(urn:li:leadGenForm:{form},1)",
        "leadMetadata": {"sponsoredLeadMetadata": {"campaign": "urn:li:sponsoredCampaign:198356826"}},
        "aFieldOfTomorrow": {"kind": "UNHEARD_OF"},
        "formResponse": {
            "consentResponses": [{"consentId": place, "accepted": said} for place, said in enumerate(consents)],
            "answers": given,
        },
        "form": {
            "id": form,
            "name": "Fleet guide",
            "creationLocale": {"country": "US", "language": "en"},
            "hiddenFields": [{"name": name, "value": value} for name, value in (hidden or {}).items()],
            "content": {"questions": [*asked, *questions]},
        },
    }


def person(number: int) -> dict[str, str]:
    return {
        "FIRST_NAME": f"P{number}",
        "LAST_NAME": f"L{number}",
        "EMAIL": f"p{number}@c{number}.example",
        "COMPANY_NAME": f"C{number}",
        "COUNTRY": "France",
    }


@dataclass(slots=True)
class LinkedIn:
    """The server. `faults` are met by one request each, in their order (None is a good answer), `always` by every
    request; a number is a status. `on_request` runs before each answer with the number of the request, from 1."""

    responses: list[Json] = field(default_factory=list)
    faults: deque[Fault | None] = field(default_factory=deque)
    always: Fault | int | None = None
    sunset: frozenset[str] = frozenset({"202510"})
    targets: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    on_request: Any = None
    base_url: str = ""

    def withdraw(self, number: int) -> None:
        """The person's response is gone, as after `DELETED`."""
        self.responses = [each for each in self.responses if not each["id"].endswith(f"{number:012d}-2")]

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["LinkedIn"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/rest"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.targets.append(request.raw_path)
        self.headers.append(dict(request.headers))
        if self.on_request:
            self.on_request(len(self.targets))
        fault = self.faults.popleft() if self.faults else self.always
        if not isinstance(fault, Fault | None):
            return _problem(fault, "AS_ASKED")
        if fault in _STATUSES:
            status, code, headers = _STATUSES[fault]
            return _problem(status, code, headers)
        good = self._answer(request, fault)
        spoils = _SPOILT.get(fault) if fault is not None else None
        return good if spoils is None else await spoilt(request, good, spoils)

    def _answer(self, request: web.Request, fault: Fault | None) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _problem(401, "INVALID_ACCESS_TOKEN")
        version = request.headers.get("LinkedIn-Version", "")
        if not re.fullmatch(r"\d{6}", version) or request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
            return _problem(400, "VERSION_MISSING")
        if version in self.sunset:
            return _problem(426, "NONEXISTENT_VERSION")
        path, _, query = request.raw_path.partition("?")
        if path == "/rest/leadFormResponses":
            return self._list(query, fault)
        if path == "/rest/leadForms":
            return self._list_forms(query, fault)
        if path.startswith("/rest/leadFormResponses/"):
            wanted = unquote(path.rpartition("/")[2])
            known = [each for each in self.responses if each["id"] == wanted]
            return web.json_response(known[0]) if known else _problem(404, "NOT_FOUND")
        return _problem(404, "NOT_FOUND")

    def _list_forms(self, query: str, fault: Fault | None) -> web.Response:
        """The forms of the owner's responses, each once."""
        asked = dict(part.partition("=")[::2] for part in query.split("&"))
        owner = _OWNER.fullmatch(asked.get("owner", ""))
        if asked.get("q") != "owner" or not owner:
            return _problem(400, "ILLEGAL_ARGUMENT")
        own = [each["form"] for each in self.responses if each["owner"].get(owner[1]) == unquote(owner[2])]
        forms = (
            [] if fault is Fault.EMPTY_PAGE else list({form["id"]: form | {"versionId": 1} for form in own}.values())
        )
        start, count = int(asked["start"]), int(asked["count"])
        paging = {"start": start, "count": count, "links": [], "total": len(forms)}
        return web.json_response({"paging": paging, "elements": forms[start : start + count]})

    def _list(self, query: str, fault: Fault | None) -> web.Response:
        # By hand: what a library would decode for us is what has to be checked.
        asked = dict(part.partition("=")[::2] for part in query.split("&"))
        owner, span = _OWNER.fullmatch(asked.get("owner", "")), _RANGE.fullmatch(asked.get("submittedAtTimeRange", ""))
        lead_type = _LEAD_TYPE.fullmatch(asked.get("leadType", ""))
        if (
            asked.get("q") != "owner"
            or not owner
            or not span
            or not lead_type
            or asked["limitedToTestLeads"] != "false"
        ):
            return _problem(400, "ILLEGAL_ARGUMENT")
        if lead_type[1] == "SPONSORED" and owner[1] != "sponsoredAccount":
            return _problem(400, "ILLEGAL_ARGUMENT")
        here = [
            each
            for each in self.responses
            if each["owner"].get(owner[1]) == unquote(owner[2])
            and each["leadType"] == lead_type[1]
            and int(span[1]) <= each["submittedAt"] < int(span[2])
        ]
        start, count = int(asked["start"]), int(asked["count"])
        if fault is Fault.REORDERED:
            here.reverse()
        elements: list[Json | None] = [*here[start : start + count]]
        if fault is Fault.EMPTY_PAGE:
            elements = []
        if fault is Fault.NULL_ITEMS:
            elements = [None for _ in elements]
        if fault is Fault.NO_FORMS:
            elements = [{name: value for name, value in each.items() if name != "form"} for each in elements if each]
        paging = {"start": start, "count": count, "links": [], "total": len(here)}
        if fault is Fault.NO_TOTAL:
            del paging["total"]
        return web.json_response({"paging": paging, "elements": elements})


def _problem(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    told = {"status": status, "serviceErrorCode": 100, "code": code, "message": f"not to be repeated {TOKEN}"}
    return web.json_response(told, status=status, headers=headers)


async def _serve(port: int, leads: int, fault: Fault | None) -> None:
    now = SystemClock().now()
    planted = [response(number, now - timedelta(hours=number)) for number in range(leads)]
    async with LinkedIn(planted, always=fault).serving(port) as server:
        example = {"access_token": TOKEN, "version": f"{now:%Y%m}", "base_url": server.base_url}
        print(f"[providers.linkedin]  # {leads} leads of {ACCOUNT}")  # noqa: T201 - for a person
        print("\n".join(f"{name} = {json.dumps(value)}" for name, value in example.items()), flush=True)  # noqa: T201
        await anyio.sleep_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--leads", type=int, default=25, help="one for each of the last hours")
    parser.add_argument("--fault", type=Fault, choices=list(Fault), help="what every request meets")
    chosen = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, chosen.port, chosen.leads, chosen.fault)


if __name__ == "__main__":
    main()
