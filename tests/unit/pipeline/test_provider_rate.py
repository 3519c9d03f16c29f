"""How many calls go now."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from camd.domain.waterfall import Operation
from camd.pipeline.provider_rate import Room, room, take_calls
from camd.ports.providers import RateLimit
from camd.sim.clock import START
from camd.sim.world import World, simulate

MINUTE = timedelta(minutes=1)
A_MINUTE = RateLimit(6, MINUTE, burst=3)
AN_HOUR = RateLimit(60, timedelta(hours=1), burst=4)


def played(tmp_path: Path, limits: Sequence[RateLimit], *steps: tuple[int, timedelta]) -> list[Room]:
    """What is given where so many are wanted, each time so much later."""

    async def scenario(world: World) -> list[Room]:
        given, now = [], START
        for wanted, later in steps:
            now += later

            def unit(tx: object, wanted: int = wanted, now: object = now) -> Room:
                return take_calls(tx, "p", Operation.FIND, limits, wanted, now)  # type: ignore[arg-type]  # as they are

            given.append(await world.store.write(unit))
        return given

    return simulate(tmp_path, scenario)


def test_without_limits_all_go(tmp_path: Path) -> None:
    assert played(tmp_path, [], (100, timedelta())) == [Room(100, START)]


def test_every_limit_has_its_say(tmp_path: Path) -> None:
    first, second = played(tmp_path, [A_MINUTE, AN_HOUR], (9, timedelta()), (9, timedelta(seconds=30)))
    assert first == Room(3, START + timedelta(seconds=10))
    assert second == Room(1, START + MINUTE)


def test_who_wants_none_takes_none(tmp_path: Path) -> None:
    first, second = played(tmp_path, [A_MINUTE], (0, timedelta()), (5, timedelta()))
    assert (first.calls, second.calls) == (0, 3)


def test_to_look_takes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for _ in range(2):
            seen = await world.store.read(lambda tx: room(tx, "p", Operation.FIND, [A_MINUTE], 9, START))
            assert seen == Room(3, START)

    simulate(tmp_path, scenario)


def test_operations_have_their_own_limits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        found = await world.store.write(lambda tx: take_calls(tx, "p", Operation.FIND, [A_MINUTE], 9, START))
        verified = await world.store.write(lambda tx: take_calls(tx, "p", Operation.VERIFY, [A_MINUTE], 9, START))
        assert (found.calls, verified.calls) == (3, 3)

    simulate(tmp_path, scenario)


def test_what_was_taken_stays_taken_when_the_figures_change(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        half = RateLimit(6, 2 * MINUTE)
        await world.store.write(lambda tx: take_calls(tx, "p", Operation.FIND, [A_MINUTE], 3, START))
        given = await world.store.write(lambda tx: take_calls(tx, "p", Operation.FIND, [half], 3, START))
        assert given == Room(0, START + timedelta(seconds=30))

    simulate(tmp_path, scenario)
