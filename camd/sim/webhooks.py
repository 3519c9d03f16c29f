"""Receivers of webhooks in memory: they take what comes, or do what they are told to."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import anyio

from camd.ports.clock import Clock
from camd.ports.webhooks import Answer, NotDelivered, Post

TIME_OUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One request that came in, and when."""

    at: datetime
    post: Post


class MemoryWebhooks:
    """`scripts` holds, by endpoint, what becomes of its next requests: an answer, none for one that never comes, or an
    error to raise; then it does what `habits` say, and without a habit it takes everything."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: defaultdict[str, list[Taken]] = defaultdict(list)
        self.scripts: defaultdict[str, deque[Answer | Exception | None]] = defaultdict(deque)
        self.habits: dict[str, Callable[[Post], Answer | Exception | None]] = {}

    async def post(self, post: Post) -> Answer:
        await anyio.lowlevel.checkpoint()
        name = post.endpoint.name
        self.requests[name].append(Taken(self._clock.now(), post))
        if self.scripts[name]:
            reaction = self.scripts[name].popleft()
        else:
            reaction = self.habits[name](post) if name in self.habits else Answer(200, "Accepted")
        match reaction:
            case Answer():
                return reaction
            case None:
                await anyio.sleep(TIME_OUT_SECONDS)
                raise NotDelivered(f"no answer within {TIME_OUT_SECONDS:g} s")
            case error:
                raise error

    def ids(self, endpoint: str) -> list[str]:
        """Of what it was sent, in the order of arrival."""
        return [taken.post.event_id for taken in self.requests[endpoint]]
