"""Vendors asked without a wire, so that the real adapters can be run in virtual time."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio

from camd.providers.http import Answer, AnswerLost, Http
from tests.simulators.vendor import Request, Spoilt, Vendor

NEVER_WHOLE = frozenset({Spoilt.SLOW, Spoilt.DRIP})


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryHttp(Http):
    """Each answer of `vendor` takes `seconds`; one that is never whole takes all the time that there is. Who redirects
    is not the vendor."""

    vendor: Vendor
    seconds: float = 0.2

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        heard = Request(method, target, {name.lower(): value for name, value in headers.items()}, content or b"")
        vendor = self.vendor
        vendor.requests.append(heard)
        fault = vendor.faults.popleft() if vendor.faults else vendor.always
        if fault == Spoilt.REDIRECT:
            return Answer(307, {"location": "https://elsewhere.example/"}, b"")
        good = vendor.answer(heard, None if fault in list(Spoilt) else fault)
        await anyio.sleep(self.total_seconds if fault in NEVER_WHOLE else self.seconds)
        assert isinstance(good.body, bytes)
        match fault:
            case Spoilt.LOST | Spoilt.SLOW | Spoilt.DRIP | Spoilt.HUGE:
                raise AnswerLost(f"{parts.hostname}: no whole answer")
            case Spoilt.HTML:
                return Answer(200, {"content-type": "text/html"}, b"<html>Please log in</html>")
            case Spoilt.MISLABELLED:
                return Answer(good.status, {"content-type": "text/plain"}, good.body)
            case Spoilt.TRUNCATED | Spoilt.EMPTY_BODY:
                kept = good.body[:-20] if fault == Spoilt.TRUNCATED else b""
                return Answer(good.status, {"content-type": "application/json"}, kept)
        return Answer(good.status, {name.lower(): value for name, value in good.headers.items()}, good.body)
