"""Reads the settings again while everything runs on. What is not valid changes nothing at all.

What parts of the daemon were built with waits for a restart and stays as it was; all else is in force from the next
use on. A mail that is on its way was rendered, debited and connected before: nothing of it changes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from anyio.to_thread import run_sync
from pydantic import BaseModel

from camd.actors.health import Health
from camd.actors.wake import Doorbells
from camd.config import ConfigurationError
from camd.pipeline.context import Context
from camd.ports.settings import Settings
from camd.ports.store_errors import StoreUnavailable
from camd.telemetry.logs import get_log

log = get_log()

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")
Path = tuple[str, ...]
"""The parts of a key."""

ANY = "*"
LIVE: tuple[Path, ...] = (
    ("engine", "grace_seconds"),
    ("engine", "max_idle_seconds"),
    # The name stands in From too, which a mailbox keeps.
    ("sender", "company"),
    ("sender", "postal_address"),
    ("sender", "reply_opt_out"),
    ("sender", "footers"),
    ("limits", ANY),
    ("countries",),
    ("notify", ANY),
    ("mailboxes", ANY, "daily_limit"),
    ("mailboxes", ANY, "ramp"),
    ("mailboxes", ANY, "min_gap_seconds"),
    ("mailboxes", ANY, "jitter_seconds"),
    ("retention", ANY),
    ("logging", "level"),
)
"""Everything that is read at each use, and that no part keeps."""

_DERIVED = frozenset({("database", "path"), ("logging", "journal"), ("file",), ("origins",)})
"""No keys of the configuration: they follow from others."""


class Reloader:
    """`read` gives the settings anew. One reload at a time."""

    def __init__(self, context: Context, health: Health, bells: Doorbells, read: Callable[[], Settings]) -> None:
        self._context = context
        self._health = health
        self._bells = bells
        self._read = read

    async def reload(self) -> str:
        """What came of it, in a line for systemd; never raises for what is wrong with the configuration."""
        try:
            with self._context.clock.real_work():
                found = await run_sync(self._read)
        except ConfigurationError as error:
            return _rejected({problem.key: problem.message for problem in error.problems})
        before = self._context.settings
        if before.file not in (None, found.file):
            # Without it all defaults, or another file, would be a valid configuration.
            return _rejected({str(before.file): "is gone; put it back, or restart camd to do without"})
        after, waiting = merged(before, found)
        changed = [_name(path) for path in differences(before, after)]
        if not await self._put_in_force(after):
            return _rejected({"database": "it is away; reload again when it is back"})
        if after.logging.level != before.logging.level:
            log.set_level(after.logging.level)
        self._health.waits_for_restart = tuple(waiting)
        log.info("config.reloaded", changed=", ".join(changed), waits_for_restart=", ".join(waiting))
        self._bells.ring_all()
        told = f"reloaded: {len(changed)} changed"
        return f"{told}; waiting for a restart: {', '.join(waiting)}" if waiting else told

    async def _put_in_force(self, after: Settings) -> bool:
        """As a unit of the writer, beside which no other one runs."""
        context = self._context

        def unit(_: object) -> None:
            context.settings = after

        try:
            await context.store.write(unit)
        except StoreUnavailable:
            # An empty unit stores nothing: what counts is whether its turn came.
            return context.settings is after
        return True


def merged(before: Settings, found: Settings) -> tuple[Settings, list[str]]:
    """What is in force after a reload that `found` these, and the keys that wait for a restart."""
    mailboxes = {
        name: _taken(box, found.mailboxes.get(name, box), ("mailboxes", name)) for name, box in before.mailboxes.items()
    }
    notify = _taken(before.notify, found.notify, ("notify",))
    if notify.mailbox is not None and notify.mailbox not in mailboxes:
        notify = replace(notify, mailbox=before.notify.mailbox)
    after = replace(
        before,
        engine=_taken(before.engine, found.engine, ("engine",)),
        sender=_taken(before.sender, found.sender, ("sender",)),
        limits=_taken(before.limits, found.limits, ("limits",)),
        countries=found.countries,
        notify=notify,
        mailboxes=mailboxes,
        retention=_taken(before.retention, found.retention, ("retention",)),
        logging=_taken(before.logging, found.logging, ("logging",)),
        file=found.file,
        origins=found.origins,
    )
    return after, [_name(path) for path in differences(after, found)]


def differences(one: object, other: object, path: Path = ()) -> Iterator[Path]:
    """The keys that differ; a section that only one of them has is one key."""
    if path in _DERIVED or one == other:
        return
    inner, outer = _parts(one), _parts(other)
    if inner is None or outer is None or _is_live(path):
        yield path
        return
    for name in chain(inner, (name for name in outer if name not in inner)):
        if name in inner and name in outer:
            yield from differences(inner[name], outer[name], (*path, name))
        else:
            yield (*path, name)


def _taken(before: S, found: S, path: Path) -> S:
    """The section with what may change in it as it was found."""
    names = {field.name for field in fields(before) if _is_live((*path, field.name))}
    return replace(before, **{name: getattr(found, name) for name in names})


def _is_live(path: Path) -> bool:
    return any(
        len(live) == len(path) and all(part in (ANY, name) for part, name in zip(live, path, strict=True))
        for live in LIVE
    )


def _name(path: Path) -> str:
    return ".".join(path)


def _rejected(problems: Mapping[str, str]) -> str:
    reason = "; ".join(f"{key}: {message}" for key, message in problems.items())
    log.error("config.rejected", key=", ".join(problems), reason=reason, count=len(problems))
    return f"not reloaded, the settings before stay in force: {', '.join(problems)}"


def _parts(value: object) -> Mapping[str, object] | None:
    match value:
        case BaseModel():
            return dict(value)
        case Mapping():
            return value
        case _ if is_dataclass(value):
            return {field.name: getattr(value, field.name) for field in fields(value)}
    return None
