from datetime import UTC, datetime

import anyio
import pytest

from camd.actors.service import ServiceFailed, keep_running
from camd.sim.clock import SeededEntropy, VirtualClock, run
from camd.telemetry.metrics import Labels, Metrics
from tests.sim.fault_signs import value


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(
        version="1", started_at=datetime(2026, 11, 3, tzinfo=UTC), labels=Labels((), (), (), (), (), (), (), ())
    )


def test_a_service_is_restarted_three_times_in_a_minute_and_then_fails(metrics: Metrics) -> None:
    async def main(clock: VirtualClock) -> int:
        started = 0

        async def serve() -> None:
            nonlocal started
            started += 1
            raise ZeroDivisionError

        with pytest.raises(ServiceFailed) as failed:
            await keep_running("api", serve, clock, SeededEntropy(1), metrics)
        assert isinstance(failed.value.__cause__, ZeroDivisionError)
        assert clock.monotonic() < 60
        return started

    assert run(main) == 4
    assert value(metrics, 'actor_restarts_total{reason="crash"}') == 4


def test_crashes_farther_apart_are_forgiven_and_a_service_that_returns_is_done(metrics: Metrics) -> None:
    async def main(clock: VirtualClock) -> int:
        started = 0

        async def serve() -> None:
            nonlocal started
            started += 1
            await anyio.sleep(61)
            if started < 10:
                raise ZeroDivisionError

        await keep_running("api", serve, clock, SeededEntropy(1), metrics)
        return started

    assert run(main) == 10
