"""One attempt to deliver one event: one request, at most 15 s, no redirect, no proxy, no cookie, no retry.

The endpoint's URL is a secret: no error and no log holds it, nor anything that was sent or answered.
"""

import logging
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import anyio
import httpx

from camd.domain.retry import clamp_retry_after
from camd.domain.webhooks import is_signing_secret, signing_keys
from camd.ports.settings import WebhookSettings
from camd.ports.webhooks import Answer, NotDelivered, Post
from camd.webhooks.signing import signed
from camd.webhooks.target import Resolve, Target, find_target

TOTAL_SECONDS = 15.0
CONNECT_SECONDS = 5.0
MOST_BYTES = 64_000
"""Of an answer; what is beyond is not read, and it counts all the same."""

# It writes whole addresses at INFO, into any log that a library's user has set up.
logging.getLogger("httpx").setLevel(logging.WARNING)


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """In a thread that is left behind when the time is over: a slow resolver holds nobody else up."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
    return [str(address[0]) for *_, address in found]


@cache
def trust_of_system() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class HttpWebhooks:
    """Each attempt has a connection of its own, to an address that was judged for it."""

    resolve: Resolve = resolve_by_system
    total_seconds: float = TOTAL_SECONDS
    trust: Callable[[], ssl.SSLContext] = trust_of_system

    async def post(self, post: Post) -> Answer:
        """Raises `NotDelivered`, `TargetRefused`."""
        endpoint = post.endpoint
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "camd",
            **_keys(endpoint, post),
        }
        try:
            with anyio.fail_after(self.total_seconds):
                url = endpoint.url.get_secret_value()
                target = await find_target(url, self.resolve, allow_private=endpoint.allow_private)
                return await _asked(target, headers, post, self.trust())
        except TimeoutError:
            why = f"no answer within {self.total_seconds:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            why = _WORDS.get(type(error), "the connection failed")
        # Outside the handler, so that nothing of the library's error, which knows the address, hangs on ours.
        raise NotDelivered(why)


_WORDS: Mapping[type[Exception], str] = {
    httpx.ConnectTimeout: "cannot be reached in time",
    httpx.ConnectError: "cannot be reached",
    httpx.RemoteProtocolError: "ended the connection before it answered",
    httpx.ReadError: "ended the connection before it answered",
}


def _keys(endpoint: WebhookSettings, post: Post) -> Mapping[str, str]:
    """A secret of Standard Webhooks signs; any other one of a Make webhook is its API key."""
    secret = endpoint.secret.get_secret_value() if endpoint.secret else ""
    if endpoint.flavour == "make" and secret and not is_signing_secret(secret):
        return {**signed((), post.event_id, post.at, post.body), "x-make-apikey": secret}
    return signed(signing_keys(secret) if secret else (), post.event_id, post.at, post.body)


async def _asked(target: Target, headers: Mapping[str, str], post: Post, trust: ssl.SSLContext) -> Answer:
    time_out = httpx.Timeout(None, connect=CONNECT_SECONDS)
    async with (
        httpx.AsyncClient(verify=trust, trust_env=False, follow_redirects=False, timeout=time_out) as client,
        client.stream(
            "POST",
            target.url,
            headers={**headers, "Host": target.host_header},
            content=post.body,
            # The certificate is the name's, whatever address was connected to.
            extensions={"sni_hostname": target.host},
        ) as response,
    ):
        read = bytearray()
        # Raw: a small compressed body can become a huge one.
        async for part in response.aiter_raw():
            read += part
            if len(read) >= MOST_BYTES:
                break
        retry_after = clamp_retry_after(response.headers.get("retry-after"), post.at)
        return Answer(response.status_code, bytes(read[:MOST_BYTES]).decode(errors="replace"), retry_after)
