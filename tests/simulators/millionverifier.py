"""MillionVerifier's API v3 on loopback, as its documentation describes it, with its ways to fail.

Every trouble of its own is a 200. A key of the form API_KEY_FOR_<RESULT> gives that result to whatever is asked.
By hand: `python -m tests.simulators.millionverifier --port 8105`.
"""

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs

import anyio
from aiohttp import web

from tests.simulators.people import Person, population
from tests.simulators.vendor import Json, Request, Spoilt, Vendor

KEY = "simulated-key"
_TEST_KEY = "API_KEY_FOR_"
_CODES = {"ok": 1, "catch_all": 2, "unknown": 3, "error": 4, "disposable": 5, "invalid": 6}
_QUALITIES = {"ok": "good", "catch_all": "risky", "unknown": "risky"}
_RESULTS = {"test": "ok", "unkown": "unknown"}  # [sic], as the vendor spells it
_ERRORS = {
    "error_insufficient_credits": "Insufficient credits",
    "error_ip_address_blocked": "IP address blocked",
    "error_internal": "Internal error",
    "error_no_email": "No email specified",
    "error_apikey_not_found": "Apikey not found",
}
_DONE_ALL_THE_SAME = {504, 520, 524}


class Fault(StrEnum):
    """What one request meets instead of a good answer; `Spoilt` and statuses besides."""

    BAD_KEY = "error_apikey_not_found"
    NO_CREDITS = "error_insufficient_credits"
    BLOCKED = "error_ip_address_blocked"
    INTERNAL = "error_internal"
    NO_EMAIL = "error_no_email"
    OTHER_ADDRESS = "other_address"
    NULLS = "nulls"  # but for the result
    NO_RESULT = "no_result"


@dataclass
class MillionVerifier(Vendor):
    """Its people's addresses are ok, all others invalid, unless `results` tells another result. `charges_risky`: it has
    found this account to misuse it."""

    people: Sequence[Person] = ()
    results: dict[str, str] = field(default_factory=dict)
    credits_left: int = 3455
    charges_risky: bool = False

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        if isinstance(fault, int) and fault not in _DONE_ALL_THE_SAME:
            return web.json_response({"error": f"not to be repeated {KEY}"}, status=fault)
        if (request.method, request.path) != ("GET", "/api/v3/"):
            return web.json_response({}, status=404)
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        key, email = asked.get("api", ""), asked.get("email", "")
        seconds = asked.get("timeout", "20")
        if fault in _ERRORS:
            return web.json_response(self._told(email, "error", error=_ERRORS[str(fault)]))
        if key.startswith(_TEST_KEY):
            return self._tested(email, key.removeprefix(_TEST_KEY).lower())
        if key != KEY:
            return web.json_response(self._told(email, "error", error=_ERRORS[Fault.BAD_KEY]))
        if not email or not seconds.isdigit() or not 2 <= int(seconds) <= 60:
            return web.json_response(self._told(email, "error", error=_ERRORS[Fault.NO_EMAIL]))
        if not self.credits_left:
            return web.json_response(self._told(email, "error", error=_ERRORS[Fault.NO_CREDITS]))
        told = self._verified(email)
        match fault:
            case int():
                return web.json_response({}, status=fault)
            case Fault.OTHER_ADDRESS:
                told["email"] = f"other.{email}"
            case Fault.NULLS:
                told = {name: value if name == "result" else None for name, value in told.items()}
            case Fault.NO_RESULT:
                del told["result"]
        return web.json_response(told)

    def _tested(self, email: str, wanted: str) -> web.Response:
        result = "error" if wanted in _ERRORS else _RESULTS.get(wanted, wanted)
        return web.json_response(self._told(email, result, error=_ERRORS.get(wanted, ""), live=False))

    def _verified(self, email: str) -> Json:
        known = {person.email for person in self.people}
        result = self.results.get(email, "ok" if email.lower() in known else "invalid")
        if self.charges_risky or result not in {"catch_all", "unknown"}:
            self.credits_left -= 1
            self.charge("verify", email.lower(), 1)
        return self._told(email, result)

    def _told(self, email: str, result: str, *, error: str = "", live: bool = True) -> Json:
        return {
            "email": email,
            "quality": _QUALITIES.get(result, "bad"),
            "result": result,
            "resultcode": _CODES.get(result, 99),
            "subresult": result,
            "free": False,
            "role": False,
            "didyoumean": "",
            "credits": self.credits_left,
            "executiontime": 2,
            "error": error,
            "livemode": live,
            "a_field_of_tomorrow": {"kind": "UNHEARD_OF"},
        }


async def _serve(port: int, people: int, fault: str | int | None, delay: float) -> None:
    async with MillionVerifier(people=population(people), always=fault, delay_seconds=delay).serving(port) as server:
        print(f"[providers.millionverifier]  # {people} people, such as {population(1)[0].email}")  # noqa: T201
        print(f'api_key = "{KEY}"\nbase_url = "{server.base_url}"', flush=True)  # noqa: T201 - for a person
        await anyio.sleep_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8105)
    parser.add_argument("--people", type=int, default=25)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--fault", help=f"what every request meets: a status, or one of {', '.join((*Spoilt, *Fault))}")
    chosen = parser.parse_args()
    fault = int(chosen.fault) if chosen.fault and chosen.fault.isdigit() else chosen.fault
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, chosen.port, chosen.people, fault, chosen.delay)


if __name__ == "__main__":
    main()
