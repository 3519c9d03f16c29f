import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta, timezone
from typing import TextIO

import pytest

from camd.ports.settings import LoggingSettings
from camd.telemetry.logs import JSON, QUEUE_LINES, Log, LogSink, configure, describe, get_log, lead_ref
from camd.telemetry.metrics import Labels, Metrics

NOW = datetime(2026, 11, 3, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
log = get_log()


class FixedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fresh_metrics() -> Metrics:
    labels = Labels((), (), (), (), (), (), (), ())
    return Metrics(version="1.2.3", started_at=datetime(2026, 11, 3, tzinfo=UTC), labels=labels)


@contextmanager
def logging_to(
    stream: TextIO, metrics: Metrics | None = None, settings: LoggingSettings | None = None
) -> Iterator[LogSink]:
    metrics = metrics or fresh_metrics()
    settings = settings or LoggingSettings(level="debug")
    sink = configure(FixedClock(), settings, version="1.2.3", metrics=metrics, stream=stream)
    try:
        yield sink
    finally:
        sink.close()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_the_envelope() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log.info("campaign.cycle_finished", campaign_id=7, duration_s=0.5, dry_run=True)
    assert lines(stream) == [
        {
            "ts": "2026-11-03T08:30:00.123Z",
            "level": "info",
            "event": "campaign.cycle_finished",
            "campaign_id": 7,
            "duration_s": 0.5,
            "dry_run": True,
            "version": "1.2.3",
        }
    ]


def test_an_unknown_event_is_a_bug() -> None:
    with pytest.raises(AssertionError, match=r"daemon\.exploded"):
        log.info("daemon.exploded")


def test_a_key_outside_the_envelope_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="email"):
        log.info("daemon.ready", email="x")


def test_events_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    with logging_to(stream, settings=LoggingSettings(level="warning")):
        log.info("daemon.ready")
        log.warning("clock.jumped", jump_s=3600)
    assert [line["event"] for line in lines(stream)] == ["clock.jumped"]


def test_no_address_reaches_a_line() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log.warning("library.warning", reason='550 <jane.doe+x@example.com> "küche@bücher.example" gone')
    assert "example" not in stream.getvalue()
    assert lines(stream)[0]["reason"] == '550 <<address>> "<address>" gone'


def test_an_exception_is_logged_by_its_kind_and_place_without_its_message() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        with pytest.raises(ValueError, match="secret") as caught:
            int("secret body")
        log.error("actor.crashed", error=caught.value)
    assert "secret" not in stream.getvalue()
    assert str(lines(stream)[0]["error"]).startswith("ValueError at ")


def test_an_exception_without_a_place_is_named_by_its_kind() -> None:
    assert describe(KeyError("x")) == "KeyError"


def test_under_journald_each_line_begins_with_its_priority() -> None:
    stream = io.StringIO()
    with logging_to(stream, settings=LoggingSettings(level="debug", journal=True)):
        log.debug("api.request")
        log.info("daemon.ready")
        log.warning("clock.jumped")
        log.error("db.commit_failed")
    assert [line[:4] for line in stream.getvalue().splitlines()] == ["<7>{", "<6>{", "<4>{", "<3>{"]


def test_a_terminal_gets_colours_and_no_priority() -> None:
    stream = Terminal()
    with logging_to(stream, settings=LoggingSettings(journal=True)):
        log.info("daemon.ready", reason="two\nlines")
    assert "\x1b[" in stream.getvalue()
    assert not stream.getvalue().startswith("<")
    assert stream.getvalue().count("\n") == 1


def test_the_format_of_the_settings_outranks_the_terminal() -> None:
    terminal, file = Terminal(), io.StringIO()
    with logging_to(terminal, settings=LoggingSettings(format="json")):
        log.info("daemon.ready")
    with logging_to(file, settings=LoggingSettings(format="console")):
        log.info("daemon.ready")
    assert lines(terminal)[0]["event"] == "daemon.ready"
    assert file.getvalue().startswith("2026-11-03T08:30:00.123Z [info")


def test_warnings_of_libraries_become_one_event_without_their_arguments() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        logging.getLogger("aiohttp.server").info("below")
        logging.getLogger("aiohttp.server").error("Error handling request of %s\nmore", "Jane")
    assert lines(stream)[0] | {"ts": 0} == {
        "ts": 0,
        "level": "warning",
        "event": "library.warning",
        "logger": "aiohttp.server",
        "reason": "Error handling request of %s",
        "error": None,
        "version": "1.2.3",
    }
    assert len(lines(stream)) == 1


def test_without_a_configuration_only_warnings_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    log.info("daemon.ready")
    log.warning("clock.jumped", jump_s=1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err) == {"level": "warning", "event": "clock.jumped", "jump_s": 1}


def test_closing_writes_what_is_left_and_later_events_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with logging_to(stream) as sink:
        for _ in range(100):
            log.info("daemon.ready")
        sink.close()
        assert len(lines(stream)) == 100
        log.warning("clock.jumped")
    assert len(lines(stream)) == 100
    assert "clock.jumped" in capsys.readouterr().err


def test_fault_92_a_blocked_sink_drops_and_counts_and_never_blocks() -> None:
    metrics = fresh_metrics()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as blocked:
        sink = configure(FixedClock(), LoggingSettings(), version="1.2.3", metrics=metrics, stream=blocked)
        count = QUEUE_LINES + 5_000
        for _ in range(count):
            log.info("daemon.ready")
        sink.close(seconds=0.01)
        dropped = sample(metrics, "camd_log_dropped_total")
        assert 0 < dropped < count
        assert sample(metrics, 'camd_log_events_total{level="info"}') == count
        # The writing thread still sits in its write: read until it has nothing left.
        written = sum(1 for _ in zip(range(count - int(dropped)), reader, strict=False))
        sink.close()
    assert written == count - dropped


def test_a_closed_pipe_counts_its_lines_as_dropped() -> None:
    metrics = fresh_metrics()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed, logging_to(closed, metrics):
        log.info("daemon.ready")
    assert sample(metrics, "camd_log_dropped_total") == 1


def test_the_caller_goes_on_while_a_line_is_being_written() -> None:
    entered, release = threading.Event(), threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            entered.set()
            release.wait()
            return super().write(text)

    stream = Stuck()
    with logging_to(stream):
        log.info("daemon.ready")
        entered.wait()
        log.info("daemon.stopping")
        release.set()
    assert [line["event"] for line in lines(stream)] == ["daemon.ready", "daemon.stopping"]


def test_a_lead_ref_is_stable_keyed_and_short() -> None:
    ref = lead_ref(b"k" * 32, "jane@example.com")
    assert ref == lead_ref(b"k" * 32, "jane@example.com")
    assert ref != lead_ref(b"l" * 32, "jane@example.com")
    assert len(ref) == 16
    assert int(ref, 16) >= 0


def test_a_lead_is_named_by_its_hash_alone_and_not_at_all_without_a_key() -> None:
    stream = io.StringIO()
    fresh = Log()
    fresh.write_to(lambda line: stream.write(f"{line}\n"), [JSON], "info")
    fresh.info("lead.held", lead="ld_1")
    fresh.hash_leads_with(b"k" * 32)
    fresh.info("lead.held", lead="ld_1")
    assert [line["lead_ref"] for line in lines(stream)] == [None, lead_ref(b"k" * 32, "ld_1")]
    assert "ld_1" not in stream.getvalue()


def sample(metrics: Metrics, series: str) -> float:
    found = [line for line in metrics.render().decode().splitlines() if line.startswith(f"{series} ")]
    return float(found[0].split()[-1])
