"""ZeroBounce's API v2 on loopback, as its documentation describes it, with its ways to fail.

By hand: `python -m tests.simulators.zerobounce --port 8104`.
"""

import argparse
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs

import anyio
from aiohttp import web

from tests.simulators.people import Person, population
from tests.simulators.vendor import Json, Request, Spoilt, Vendor

KEY = "simulated-key"
_DONE_ALL_THE_SAME = {504, 520, 524}
_SANDBOX = "example.com"
_KEY_OR_CREDITS = "Invalid API Key or your account ran out of credits"


class Fault(StrEnum):
    """What one request meets instead of a good answer; `Spoilt` and statuses besides."""

    SHIELD = "shield"
    BAD_KEY = "bad_key"  # 200
    KEY_OR_CREDITS = "key_or_credits"  # 200, for the whole batch
    KEY_OR_CREDITS_400 = "key_or_credits_400"
    NO_CREDITS = "no_credits"  # 200
    TROUBLE = "trouble"  # 200 with an error that is not documented
    REORDERED = "reordered"
    NULL_ITEMS = "null_items"
    MISSING_ITEM = "missing_item"
    REFUSED_ITEM = "refused_item"
    OTHER_ADDRESSES = "other_addresses"
    LOUD = "loud"  # everything in capitals


@dataclass
class ZeroBounce(Vendor):
    """Its people's addresses are valid, all others invalid, unless `verdicts` tells another status and sub-status."""

    people: Sequence[Person] = ()
    verdicts: dict[str, tuple[str, str]] = field(default_factory=dict)
    credits_left: int = 100_000
    most_in_a_batch: int = 100

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        if isinstance(fault, int) and fault not in _DONE_ALL_THE_SAME:
            return web.json_response({"Message": f"not to be repeated {KEY}"}, status=fault)
        match fault:
            case Fault.SHIELD:
                return web.Response(text="<html>Forbidden</html>", status=403, content_type="text/html")
            case Fault.BAD_KEY:
                return web.json_response({"error": "Invalid API Key"})
            case Fault.TROUBLE:
                return web.json_response({"error": ["An error has occurred"]})
            case Fault.KEY_OR_CREDITS | Fault.KEY_OR_CREDITS_400:
                return _key_or_credits(200 if fault == Fault.KEY_OR_CREDITS else 400)
            case Fault.NO_CREDITS:
                return _batch([], [{"error": "Your account ran out of credits", "email_address": "all"}])
        match request.method, request.path:
            case "GET", "/v2/getcredits":
                good = parse_qs(request.query).get("api_key") == [KEY]
                return web.json_response({"Credits": str(self.credits_left if good else -1)})
            case "POST", "/v2/validatebatch":
                good_answer = self._validate_batch(request, fault)
                return web.json_response({}, status=fault) if isinstance(fault, int) else good_answer
            case _, "/v2/getcredits" | "/v2/validatebatch":
                return web.json_response({"Message": "Method not allowed"}, status=405)
        return web.json_response({"Message": "No HTTP resource was found"}, status=404)

    def _validate_batch(self, request: Request, fault: str | int | None) -> web.Response:
        asked = json.loads(request.body) if request.headers.get("content-type") == "application/json" else {}
        if not isinstance(asked.get("email_batch"), list) or len(asked["email_batch"]) > self.most_in_a_batch:
            return web.json_response({"Message": "Missing parameter: email_batch."}, status=400)
        if asked.get("api_key") != KEY or not self.credits_left:
            return _key_or_credits(200)
        addresses = [entry["email_address"] for entry in asked["email_batch"]]
        refused = addresses[:1] if fault == Fault.REFUSED_ITEM else []
        errors = [{"error": f"Invalid email: {address}", "email_address": address} for address in refused]
        items: list[Json | None] = []
        for address in addresses[len(refused) :]:
            if not self.credits_left:
                errors.append({"error": _KEY_OR_CREDITS, "email_address": address})
                continue
            items.append(self._validate(address))
        match fault:
            case Fault.REORDERED:
                items.reverse()
            case Fault.NULL_ITEMS:
                items = [None for _ in items]
            case Fault.MISSING_ITEM:
                items.pop()
            case Fault.OTHER_ADDRESSES:
                items = [{**item, "address": f"other.{item['address']}"} for item in items if item]
            case Fault.LOUD:
                items = [{name: _loud(value) for name, value in item.items()} for item in items if item]
        return _batch(items, errors)

    def _validate(self, address: str) -> Json:
        known = {person.email: person for person in self.people}.get(address.lower())
        name, _, domain = address.partition("@")
        invented = (name.replace("catch_all", "catch-all"), "") if domain == _SANDBOX else ("invalid", "no_dns_entries")
        status, detail = self.verdicts.get(address, ("valid", "") if known else invented)
        if status != "unknown" and domain != _SANDBOX:
            self.credits_left -= 1
            self.charge("verify", address.lower(), 1)
        return {
            "address": address,
            "status": status,
            "sub_status": detail,
            "free_email": False,
            "did_you_mean": None,
            "account": name,
            "domain": domain,
            "domain_age_days": "4120",
            "smtp_provider": "",
            "mx_found": "true",
            "mx_record": f"mx1.{domain}",
            "firstname": known.first_name if known else None,
            "lastname": known.last_name if known else None,
            "gender": None,
            "country": None,
            "region": None,
            "city": None,
            "zipcode": None,
            "processed_at": "2026-11-20 10:00:00.000",
            "a_field_of_tomorrow": {"kind": "UNHEARD_OF"},
        }


def _loud(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _batch(items: Sequence[Json | None], errors: Sequence[Mapping[str, str]]) -> web.Response:
    return web.json_response({"email_batch": items, "errors": errors})


def _key_or_credits(status: int) -> web.Response:
    told = {"email_batch": [], "errors": [{"error": _KEY_OR_CREDITS, "email_address": "all"}]}
    return web.json_response(told if status == 200 else {"error": _KEY_OR_CREDITS}, status=status)


async def _serve(port: int, people: int, fault: str | int | None, delay: float) -> None:
    async with ZeroBounce(people=population(people), always=fault, delay_seconds=delay).serving(port) as server:
        print(f"[providers.zerobounce]  # {people} people, such as {population(1)[0].email}")  # noqa: T201
        print(f'api_key = "{KEY}"\nbase_url = "{server.base_url}"', flush=True)  # noqa: T201 - for a person
        await anyio.sleep_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8104)
    parser.add_argument("--people", type=int, default=25)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--fault", help=f"what every request meets: a status, or one of {', '.join((*Spoilt, *Fault))}")
    chosen = parser.parse_args()
    fault = int(chosen.fault) if chosen.fault and chosen.fault.isdigit() else chosen.fault
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, chosen.port, chosen.people, fault, chosen.delay)


if __name__ == "__main__":
    main()
