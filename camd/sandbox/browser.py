"""The way of an invented person to the opt-out page: what the TLS proxy of a real one would pass on to the listener."""

import re

import httpx

from camd.sandbox.smtp_door import HOST

PATIENCE_SECONDS = 5.0
_BUTTON = {"List-Unsubscribe": "One-Click"}


class Browser:
    """`origin` is what the links of mails begin with; it stands nowhere but in them. `port` is the listener's."""

    def __init__(self, origin: str, port: int) -> None:
        self._link = re.compile(re.escape(origin) + r"(/[!-~]+)")
        self._page = f"http://{HOST}:{port}"

    async def opt_out(self, text: str) -> bool:
        """Follows the link of a mail and presses the button there. False where it has none, or nobody answers it."""
        link = self._link.search(text)
        if link is None:
            return False
        try:
            async with httpx.AsyncClient(base_url=self._page, timeout=PATIENCE_SECONDS, trust_env=False) as client:
                await client.get(link[1])
                done = await client.post(link[1], data=_BUTTON)
        except httpx.HTTPError:
            return False
        return done.is_success
