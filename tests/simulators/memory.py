"""Vendors asked without a wire, so that the real adapters can be run in virtual time."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio

from camd.providers.http import Answer, AnswerLost, Http
from tests.simulators.vendor import Request, Spoilt, Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryHttp(Http):
    """Each answer of `vendor` takes `seconds`. Of the ways to spoil one it knows `LOST`, `SLOW`, which comes to nothing
    when its time is over, and `HTML`."""

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
        good = vendor.answer(heard, None if fault in list(Spoilt) else fault)
        await anyio.sleep(self.total_seconds if fault == Spoilt.SLOW else self.seconds)
        match fault:
            case Spoilt.LOST | Spoilt.SLOW:
                raise AnswerLost(f"{parts.hostname}: no whole answer")
            case Spoilt.HTML:
                return Answer(200, {"content-type": "text/html"}, b"<html>Please log in</html>")
        assert fault not in list(Spoilt), f"{fault} needs a wire"
        assert isinstance(good.body, bytes)
        return Answer(good.status, {name.lower(): value for name, value in good.headers.items()}, good.body)
