"""The kill switch and the send gate: what stops all sending at once."""

from camd.domain.events import Event, EventType
from camd.operations.desk import Desk
from camd.ports.records import Switch
from camd.ports.store import Tx
from camd.schema.status import Gate, KillSwitch, KillSwitchBody


async def kill_switch(desk: Desk) -> KillSwitch:
    return await desk.read(lambda tx: view(tx.instance.kill_switch()))


async def set_kill_switch(desk: Desk, body: KillSwitchBody, *, actor: str) -> KillSwitch:
    """It survives restarts. Asking for the state it has changes nothing, not even its reason."""

    def unit(tx: Tx) -> KillSwitch:
        standing = tx.instance.kill_switch()
        if standing.on is body.on:
            return view(standing)
        now = desk.now()
        after = Switch(body.on, body.reason, now, actor)
        tx.instance.set_kill_switch(after)
        kind = EventType.KILLSWITCH_ON if body.on else EventType.KILLSWITCH_OFF
        tx.ledger.append(Event(kind, now, actor))
        return view(after)

    switched = await desk.write(unit)
    desk.doorbells.ring_all()
    return switched


def view(switch: Switch) -> KillSwitch:
    return KillSwitch(on=switch.on, reason=switch.reason, since=switch.since, by=switch.by)


def gate(desk: Desk) -> Gate:
    """With several closures the oldest one's instant, and all their reasons."""
    closures = desk.context.gate.closures()
    if not closures:
        return Gate(open=True)
    return Gate(
        open=False,
        reason=", ".join(sorted(closure.reason for closure in closures)),
        since=min(closure.since for closure in closures),
    )


def open_gate(desk: Desk) -> Gate:
    """Ends every closure; a cause that still stands closes the gate again."""
    desk.context.gate.open()
    desk.doorbells.ring_all()
    return gate(desk)
