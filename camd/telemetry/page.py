"""The page for those who watch camd: every event and figure, what to do and how to ask for it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby

from camd.telemetry.events import CATALOGUE, Event
from camd.telemetry.metrics import Figure, Labels, Metrics

_HEAD = """\
# What camd tells

This page is printed by `python -m camd.telemetry`; a test compares the two. It is for people who watch camd: what it
logs, what it counts, what to do.

## The log

One event is one line of JSON on stdout; under systemd journald keeps it with its priority (`-p err`: error and worse).

    journalctl -u camd -p warning
    journalctl -u camd -o cat --since -1h | jq -c 'select(.event == "send.unknown")'

`event` is a name of the tables below and never changes its meaning. Every line has `ts` (UTC), `level`, `event` and
`version`; where they say something also `campaign_id`, `lead_ref`, `touch_id`, `provider`, `mailbox`, `reason`,
`duration_s`, `error`, and figures of the event's own. `lead_ref` is a keyed hash: the same lead has the same one in all
lines of an instance, and it tells nobody who that is. No line holds an address, a text or a secret.

A sink that takes no lines never stops camd: what it does not take is dropped and counted by `camd_log_dropped_total`.
Every line is counted by `camd_log_events_total`; the column *Shown by* names what else counts it or shows what it did.
"""
_MIDDLE = """\
## The figures

`GET /metrics` in Prometheus' text format, by a caller who may read. No label holds a campaign, a lead or an address.
Let the job be called `camd`: an alert says when it cannot be asked.

    scrape_configs:
      - job_name: camd
        authorization: {credentials_file: /etc/prometheus/camd.token}
        static_configs: [{targets: ["127.0.0.1:8000"]}]

`camd.rules.yml` beside the units holds the alerts: `severity: page` wakes somebody, `severity: ticket` waits for the
morning. Each carries what to do.
"""
_NO_LABELS = Labels((), (), (), (), (), (), (), ())


def page() -> str:
    figures = Metrics(version="", started_at=datetime.fromtimestamp(0, UTC), labels=_NO_LABELS).figures
    return "\n".join([_HEAD, *_events(figures), _MIDDLE, *_table_of(figures)])


def example(figure: Figure, selector: str | None = None) -> str:
    """A query of PromQL for it, or for the series of it that are selected."""
    series = selector or figure.name
    match figure.kind:
        case "counter":
            asked = f"increase({series}[1h])"
            return f"sum by ({', '.join(figure.labels)}) ({asked})" if figure.labels and not selector else asked
        case "histogram":
            return f"histogram_quantile(0.99, sum by (le) (rate({series}_bucket[5m])))"
        case "gauge":
            return f"time() - {series}" if figure.name.endswith("_timestamp_seconds") else series


def figure_of(event: Event, figures: Iterable[Figure]) -> Figure:
    """The metric that counts the event or shows what it did."""
    name = event.series.partition("{")[0]
    return next(figure for figure in figures if figure.name == name)


def _events(figures: Iterable[Figure]) -> Iterator[str]:
    for group, events in groupby(sorted(CATALOGUE.values(), key=lambda event: event.name), key=_group):
        yield f"### {group}\n"
        yield f'    journalctl -u camd -o cat --grep \'"event": "{group}[.]\'\n'
        yield "| Event | Level | It means | What to do | Shown by |"
        yield "|---|---|---|---|---|"
        for event in events:
            query = example(figure_of(event, figures), event.series)
            yield f"| `{event.name}` | {event.level} | {event.meaning} | {event.what_to_do} | `{query}` |"
        yield ""


def _group(event: Event) -> str:
    return event.name.partition(".")[0]


def _table_of(figures: Iterable[Figure]) -> Iterator[str]:
    yield "| Figure | Kind | Labels | It is | A query |"
    yield "|---|---|---|---|---|"
    for figure in sorted(figures, key=lambda figure: figure.name):
        labels = ", ".join(f"`{label}`" for label in figure.labels)
        yield f"| `{figure.name}` | {figure.kind} | {labels} | {figure.text} | `{example(figure)}` |"
    yield ""
