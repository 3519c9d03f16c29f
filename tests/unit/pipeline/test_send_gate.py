"""What closes the gate for sending, and what opens it."""

from datetime import timedelta
from pathlib import Path

from camd.pipeline.send_gate import REOPENS_AFTER, GateReason, SendGate
from camd.sim.world import World, simulate


def reasons(gate: SendGate) -> list[GateReason]:
    return [closure.reason for closure in gate.closures()]


def test_a_closure_for_a_time_ends_with_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        gate, now = world.context.gate, world.clock.now()
        gate.close(GateReason.CLOCK_JUMPED, now + REOPENS_AFTER)
        gate.close(GateReason.CLOCK_JUMPED, now + 2 * REOPENS_AFTER)
        [closure] = gate.closures()
        assert (closure.since, closure.until) == (now, now + 2 * REOPENS_AFTER)
        gate.close(GateReason.CLOCK_JUMPED, now - timedelta(seconds=1))
        assert reasons(gate) == []
        gate.open(GateReason.CLOCK_JUMPED)
        assert reasons(gate) == []

    simulate(tmp_path, scenario)


def test_a_person_opens_it_for_every_cause_but_a_damaged_database(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        gate = world.context.gate
        for reason in GateReason:
            gate.close(reason)
        gate.open(GateReason.DISK_FULL)
        assert set(reasons(gate)) == set(GateReason) - {GateReason.DISK_FULL}
        gate.open()
        assert reasons(gate) == [GateReason.DAMAGED]
        gate.open(GateReason.DAMAGED)
        assert reasons(gate) == [GateReason.DAMAGED]

    simulate(tmp_path, scenario)
