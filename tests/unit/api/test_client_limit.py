from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from camd.api.client_limit import ClientLimit, client_named
from camd.domain.token_bucket import RateBucket

BUCKET = RateBucket(count=1, period=timedelta(seconds=10), burst=3)


@dataclass(slots=True)
class Seconds:
    """A clock whose wall time is of no interest."""

    passed: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.passed

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


def test_a_client_gets_its_burst_and_then_its_rate() -> None:
    clock = Seconds()
    limit = ClientLimit(clock, BUCKET)
    assert [limit.wait_of("a") for _ in range(4)] == [None, None, None, timedelta(seconds=10)]
    clock.passed = 10
    assert [limit.wait_of("a") for _ in range(2)] == [None, timedelta(seconds=10)]


def test_clients_do_not_use_up_each_others_share() -> None:
    limit = ClientLimit(Seconds(), BUCKET)
    assert [limit.wait_of("a") for _ in range(4)][-1] is not None
    assert limit.wait_of("b") is None


def test_memory_is_bounded_and_who_asked_last_is_remembered() -> None:
    limit = ClientLimit(Seconds(), BUCKET, clients=2)
    for _ in range(3):
        limit.wait_of("a")
    for stranger in map(str, range(100)):
        limit.wait_of(stranger)
        assert len(limit._taken) <= 2
    assert limit.wait_of("a") is None
    for _ in range(3):
        limit.wait_of("a")
    limit.wait_of("b")
    assert limit.wait_of("a") is not None


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.2", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7, nonsense", "127.0.0.1"),
        ("8.8.8.8", "203.0.113.7", "8.8.8.8"),
        ("::1", "2a01:4f8:1:2:aaaa::1", "2a0104f800010002::"),
        ("::1", "2a01:4f8:1:2:bbbb::1", "2a0104f800010002::"),
        ("", "", ""),
    ],
)
def test_the_client_is_whom_the_nearest_proxy_names(peer: str, forwarded: str, client: str) -> None:
    assert client_named(peer, forwarded) == client
