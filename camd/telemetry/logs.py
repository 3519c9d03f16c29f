"""Log events from the catalogue, one line each, written by a thread of their own.

Logging never waits and never fails: lines that a blocked or closed sink does not take are dropped and counted.
An event or key that the catalogue does not know is a bug (`AssertionError`). Addresses are masked.
"""

import hashlib
import logging
import os
import queue
import re
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, TextIO

import structlog

from camd.ports.clock import Clock
from camd.ports.settings import LoggingSettings
from camd.telemetry.events import CATALOGUE
from camd.telemetry.keys import ENVELOPE, FIGURES
from camd.telemetry.metrics import Metrics

LogValue = str | int | float | bool | datetime | BaseException | None
EventDict = MutableMapping[str, Any]
"""structlog's own type of a line in the making."""

QUEUE_LINES = 10_000
SEVERITY = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# sd-daemon(3): journald reads `<N>` at the start of a line as its syslog priority and strips it.
JOURNAL_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3}
ADDRESS = re.compile(r"[^\s\"'<>(){}\[\],;:=@]+@[^\s\"'<>(){}\[\],;:=@]+")
JSON = structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda value: type(value).__name__)


def _level(_: object, level: str, event: EventDict) -> EventDict:
    return {"level": level, "event": event.pop("event"), **event}


def _masked(_: object, _level: str, event: EventDict) -> EventDict:
    """The last net: nobody should log an address, but a library or a server's answer may hold one."""
    return {
        key: ADDRESS.sub("<address>", value) if isinstance(value, str) and "@" in value else value
        for key, value in event.items()
    }


class _Lines:
    """The last link of structlog's chain: hands the finished line on, whatever its level."""

    def __init__(self, put: Callable[[str], object]) -> None:
        self.debug = self.info = self.warning = self.error = put


class Log:
    """The level of a line is the catalogue's; the method's name tells it to the reader (a test compares them)."""

    _least: int
    _way: tuple[Callable[[str], object], list[Any]]
    _bound: structlog.typing.FilteringBoundLogger

    def __init__(self) -> None:
        self._key: bytes | None = None
        self.reset()

    def hash_leads_with(self, instance_key: bytes) -> None:
        """From now on `lead`, which any event may carry, is shown as its `lead_ref`; before that it is left out."""
        self._key = instance_key

    def debug(self, event: str, **fields: LogValue) -> None:
        self._emit(event, fields)

    def info(self, event: str, **fields: LogValue) -> None:
        self._emit(event, fields)

    def warning(self, event: str, **fields: LogValue) -> None:
        self._emit(event, fields)

    def error(self, event: str, **fields: LogValue) -> None:
        self._emit(event, fields)

    def write_to(self, put: Callable[[str], object], processors: list[Any], level: str) -> None:
        self._way = put, processors
        self._least = SEVERITY[level]
        filtering = structlog.make_filtering_bound_logger(self._least)
        # Bound here: structlog would do it anew for each event.
        self._bound = structlog.wrap_logger(_Lines(put), processors=processors, wrapper_class=filtering).bind()

    def set_level(self, level: str) -> None:
        """From now on what is below it is left out; the way and the form of lines stay."""
        self.write_to(*self._way, level)

    def reset(self) -> None:
        """What is logged without a daemon around it goes to stderr, warnings and worse."""
        self.write_to(lambda line: sys.stderr.write(f"{line}\n"), [_level, _masked, JSON], "warning")

    def _emit(self, event: str, fields: dict[str, LogValue]) -> None:
        assert event in CATALOGUE, f"{event} is not in the catalogue of log events"
        if lead := fields.pop("lead", None):
            fields["lead_ref"] = lead_ref(self._key, str(lead)) if self._key else None
        unknown = fields.keys() - ENVELOPE - FIGURES
        assert not unknown, f"{event} carries unknown keys: {sorted(unknown)}"
        level = CATALOGUE[event].level
        if SEVERITY[level] >= self._least:
            getattr(self._bound, level)(event, **{key: _plain(value) for key, value in fields.items()})


class LogSink:
    """Takes lines without waiting; one thread writes them."""

    def __init__(self, write: Callable[[str], object], dropped: Callable[[], object]) -> None:
        self._write = write
        self._dropped = dropped
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # A daemon thread: a sink that blocks for ever must not keep the process from ending.
        self._thread = threading.Thread(target=self._drain, name="log", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        if self._lines.qsize() < QUEUE_LINES:
            self._lines.put(line)
        else:
            self._dropped()

    def close(self, seconds: float = 2.0) -> None:
        """Writes what is left, for at most `seconds`; later events go to stderr."""
        _LOG.reset()
        logging.getLogger().removeHandler(_LIBRARIES)
        self._lines.put(None)
        self._thread.join(seconds)

    def _drain(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._write(line)
            except (OSError, ValueError):  # a closed pipe; ValueError is Python's word for a closed file
                self._dropped()


class _Libraries(logging.Handler):
    """Libraries log through the standard library: what they warn of becomes one event of ours.

    Only the first line of the unformatted message is taken: its arguments may hold anything.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        reason = str(record.msg).partition("\n")[0][:200]
        _LOG.warning("library.warning", logger=record.name, reason=reason, error=error)


_LOG = Log()
_LIBRARIES = _Libraries(logging.WARNING)


def get_log() -> Log:
    return _LOG


def configure(
    clock: Clock, settings: LoggingSettings, *, version: str, metrics: Metrics, stream: TextIO | None = None
) -> LogSink:
    """From now on events, and warnings of libraries, go to `stream` (stdout), until the sink is closed."""
    stream = stream or sys.stdout
    on_terminal = stream.isatty()
    console = settings.format == "console" or (settings.format is None and on_terminal)

    def stamp(_: object, level: str, event: EventDict) -> EventDict:
        metrics.log_events_total.labels(level).inc()
        return {"ts": _instant(clock.now()), **_level(_, level, event), "version": version}

    def mark(_: object, level: str, line: str) -> str:
        return f"<{JOURNAL_PRIORITY[level]}>{line}"

    human = structlog.dev.ConsoleRenderer(colors=on_terminal, timestamp_key="ts", sort_keys=False)
    marks = [mark] if settings.journal and not on_terminal else []
    sink = LogSink(_writer(stream), metrics.log_dropped_total.inc)
    _LOG.write_to(sink.put, [stamp, _masked, human if console else JSON, *marks], settings.level)
    logging.getLogger().addHandler(_LIBRARIES)
    return sink


def lead_ref(instance_key: bytes, lead: str) -> str:
    """A keyed hash of a lead's id or an address: 16 hex digits that tell nobody who it is, the same each time."""
    return hashlib.blake2b(lead.encode(), key=instance_key, digest_size=8).hexdigest()


def describe(error: BaseException) -> str:
    """The kind and the place of an exception. Its message stays out: it may quote what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    ours = [frame for frame in frames if "camd" in PurePath(frame.filename).parts]
    place = (ours or frames)[-1]
    file = "/".join(PurePath(place.filename).parts[-3:])
    return f"{type(error).__name__} at {file}:{place.lineno} in {place.name}"


def _plain(value: LogValue) -> str | int | float | None:
    match value:
        case datetime():
            return _instant(value)
        case BaseException():
            return describe(value)
        case _:
            return value


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _writer(stream: TextIO) -> Callable[[str], object]:
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):  # no file: io.StringIO, a notebook's output

        def write_text(line: str) -> None:
            stream.write(f"{line}\n")
            stream.flush()

        return write_text

    # Not through the stream's buffer: its lock, held by a blocked write, makes the interpreter abort at exit.
    def write(line: str) -> None:
        data = f"{line}\n".encode(errors="backslashreplace")
        while data:
            data = data[os.write(descriptor, data) :]

    return write
