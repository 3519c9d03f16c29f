"""The metrics of the daemon in a registry of their own, served by `/metrics`.

Every label set is closed: a value outside it is a bug (`AssertionError`), so no address or campaign can become a
label. Series whose labels are known from the start begin at 0.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from camd.domain.inbound import InboundClass
from camd.domain.invariant import Invariant
from camd.domain.token_bucket import QuotaScope
from camd.domain.waterfall import Operation
from camd.domain.webhooks import Verdict

FAST = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
WORK = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60)
PROVIDER_RESULTS = (
    "ok",
    "suppressed_person",
    "pending",
    "no_match",
    "uncertain",
    "permanent",
    "transient",
    "rate_limited",
    "budget_exhausted",
    "auth",
    "plan_or_scope",
)
"""The words for every provider's answers; of several in one call the first counts."""
QUOTA_SUMS = (
    QuotaScope.MAILBOX_DAY,
    QuotaScope.MAILBOX_24H,
    QuotaScope.INSTANCE,
    QuotaScope.PROVIDER_CREDITS,
)
"""The quotas of which there are few: each campaign, company, person and pace has one of its own."""
LAG = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)

Instrument = TypeVar("Instrument", bound=MetricWrapperBase)


@dataclass(frozen=True, slots=True)
class Labels:
    """The closed sets that only the caller knows; `routes` are templates such as `/api/cam/campaigns/{id}`."""

    campaign_statuses: Sequence[str]
    lead_statuses: Sequence[str]
    hold_reasons: Sequence[str]
    gate_reasons: Sequence[str]
    suppression_reasons: Sequence[str]
    stages: Sequence[str]
    mailboxes: Sequence[str]
    routes: Sequence[str]
    providers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """What the catalogue says of one metric."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...]


class Family(Generic[Instrument]):
    """A metric with labels and the values each of them may have."""

    def __init__(self, metric: Instrument, *allowed: Collection[str], at_zero: bool = True) -> None:
        self._metric = metric
        self._allowed = allowed
        self._made: dict[tuple[str, ...], Instrument] = {}
        if at_zero:
            for values in product(*allowed):
                self.labels(*values)

    def labels(self, *values: str) -> Instrument:
        # A mail asks for a handful of them, and the library makes the words anew each time.
        if (made := self._made.get(values)) is not None:
            return made
        known = len(values) == len(self._allowed) and all(
            value in allowed for value, allowed in zip(values, self._allowed, strict=True)
        )
        assert known, f"{values} is no label set of this metric"
        return self._made.setdefault(values, self._metric.labels(*values))


class _Maker:
    """Makes metrics of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.made: list[Figure] = []

    def counter(self, name: str, text: str, *names: str) -> Counter:
        self.made.append(Figure(f"camd_{name}", "counter", text, names))
        return Counter(f"camd_{name}", text, names, registry=self._registry)

    def gauge(self, name: str, text: str, *names: str) -> Gauge:
        self.made.append(Figure(f"camd_{name}", "gauge", text, names))
        return Gauge(f"camd_{name}", text, names, registry=self._registry)

    def histogram(self, name: str, text: str, buckets: Sequence[float], *names: str) -> Histogram:
        self.made.append(Figure(f"camd_{name}", "histogram", text, names))
        return Histogram(f"camd_{name}", text, names, buckets=buckets, registry=self._registry)


class Metrics:
    """One attribute for each metric, named as in the catalogue without the prefix `camd_`."""

    def __init__(self, *, version: str, started_at: datetime, labels: Labels) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        self._gate_reasons = labels.gate_reasons
        make = _Maker(self._registry)
        make.gauge("build_info", "Always 1; the label is the version.", "version").labels(version).set(1)
        make.gauge("start_time_seconds", "Start of the process, Unix time.").set(started_at.timestamp())
        self._make_work(make, labels)
        self._make_limits(make, labels)
        self._make_machine(make, labels)
        self._figures = tuple(make.made)

    def _make_work(self, make: _Maker, labels: Labels) -> None:
        counter, gauge, histogram = make.counter, make.gauge, make.histogram
        self.ready = gauge("ready", "1 while /readyz answers 200.")
        self.recovery_hold = gauge("recovery_hold", "1 while the hold after a restore or a clone stops all sending.")
        self._send_gate_open = Family(
            gauge("send_gate_open", "0 while this reason keeps the send gate closed, else 1.", "reason"),
            labels.gate_reasons,
        )
        self.campaigns = Family(gauge("campaigns", "Campaigns by status.", "status"), labels.campaign_statuses)
        self.leads = Family(gauge("leads", "Leads by status.", "status"), labels.lead_statuses)
        self.leads_on_hold = Family(gauge("leads_on_hold", "Holds of leads by reason.", "reason"), labels.hold_reasons)
        self.touches_unknown = gauge("touches_unknown", "Touches that may or may not have arrived.")
        self.touches_unknown_oldest_timestamp_seconds = gauge(
            "touches_unknown_oldest_timestamp_seconds",
            "When the oldest touch that is unknown went on the wire, Unix time; 0 for none.",
        )
        self.touches_due = gauge(
            "touches_due", "Mails of active campaigns that are due and not yet taken by an outbox."
        )
        self.cycles_total = Family(
            counter("cycles_total", "Cycles by how they ended.", "result"), ("live", "dry", "failed")
        )
        self.cycle_duration_seconds = histogram("cycle_duration_seconds", "Length of a cycle.", WORK)
        self.schedule_lag_seconds = histogram("schedule_lag_seconds", "From due to started.", LAG)
        self.stage_duration_seconds = Family(
            histogram("stage_duration_seconds", "Length of one stage of a cycle.", WORK, "stage"),
            labels.stages,
        )
        self.stage_items_total = Family(
            counter("stage_items_total", "Items a stage decided on.", "stage", "result"),
            labels.stages,
            ("advanced", "snoozed"),
        )

    def _make_limits(self, make: _Maker, labels: Labels) -> None:
        self.quota_denied_total = Family(
            make.counter("quota_denied_total", "Times a quota said not yet.", "scope"), tuple(QuotaScope)
        )
        self.quota_limit = Family(
            make.gauge(
                "quota_limit", "What today's quotas of this scope allow together; 0 where none is set.", "scope"
            ),
            QUOTA_SUMS,
        )
        self.quota_used = Family(
            make.gauge("quota_used", "What was taken of them, refunds left out.", "scope"), QUOTA_SUMS
        )
        self.quota_overrun_total = make.counter(
            "quota_overrun_total", "Debits after which a quota held more than its limit; must stay 0."
        )
        self.invariant_violations_total = Family(
            make.counter(
                "invariant_violations_total", "Times a law that must always hold was broken; must stay 0.", "invariant"
            ),
            tuple(Invariant),
        )
        self.mailbox_usable = Family(
            make.gauge("mailbox_usable", "1 while the mailbox may send, 0 while it is stopped or disabled.", "mailbox"),
            labels.mailboxes,
        )
        self.sends_total = Family(
            make.counter("sends_total", "Handovers by how they ended.", "mailbox", "result"),
            labels.mailboxes,
            ("sent", "rejected", "deferred", "unknown", "blocked"),
        )
        self.send_duration_seconds = Family(
            make.histogram("send_duration_seconds", "Length of a part of sending.", WORK, "stage"),
            ("claim", "hand_over", "settle"),
        )
        self.sends_in_flight = make.gauge("sends_in_flight", "Handovers between intent and outcome.")
        self.suppressions_total = Family(
            make.counter("suppressions_total", "Suppressions added.", "reason"), labels.suppression_reasons
        )
        self.provider_state = Family(
            make.gauge("provider_state", "1 while the provider may be asked, 0 while it rests.", "provider"),
            labels.providers,
        )
        for provider in labels.providers:
            self.provider_state.labels(provider).set(1)
        self.provider_requests_total = Family(
            make.counter("provider_requests_total", "Calls by what came back.", "provider", "operation", "result"),
            labels.providers,
            tuple(Operation),
            PROVIDER_RESULTS,
            at_zero=False,
        )
        self.provider_request_duration_seconds = Family(
            make.histogram("provider_request_duration_seconds", "Length of a call.", WORK, "provider"),
            labels.providers,
        )
        self.provider_credits_total = Family(
            make.counter("provider_credits_total", "Credits that answers cost.", "provider"), labels.providers
        )
        self.inbound_total = Family(
            make.counter("inbound_total", "Messages that came in, by what they were taken for.", "class"),
            tuple(InboundClass),
        )
        self.imap_last_success_timestamp_seconds = Family(
            make.gauge(
                "imap_last_success_timestamp_seconds",
                "When the mailbox's inbox was last read to its end, Unix time; 0 for not yet.",
                "mailbox",
            ),
            labels.mailboxes,
        )
        self.webhook_attempts_total = Family(
            make.counter("webhook_attempts_total", "Attempts to deliver an event by what came of them.", "result"),
            (*Verdict, "blocked"),
        )
        self.webhook_backlog = make.gauge("webhook_backlog", "Events that endpoints are still to get.")
        self.webhook_oldest_timestamp_seconds = make.gauge(
            "webhook_oldest_timestamp_seconds", "Since when the oldest of them waits, Unix time; 0 for none."
        )
        self.opt_out_requests_total = Family(
            make.counter("opt_out_requests_total", "Requests to opt-out pages.", "method", "result"),
            ("GET", "POST"),
            ("shown", "stored", "known", "forged", "limited", "refused", "failed"),
        )

    def _make_machine(self, make: _Maker, labels: Labels) -> None:
        counter, gauge, histogram = make.counter, make.gauge, make.histogram
        self.actor_restarts_total = Family(counter("actor_restarts_total", "Restarts of actors.", "reason"), ("crash",))
        self.actors_parked = gauge("actors_parked", "Actors that stay down until a person resumes them.")
        self.db_transactions_total = Family(
            counter("db_transactions_total", "Transactions.", "kind", "result"),
            ("read", "write"),
            ("ok", "busy", "failed"),
        )
        self.db_transaction_duration_seconds = histogram(
            "db_transaction_duration_seconds", "Length of a transaction.", FAST
        )
        self.db_size_bytes = gauge("db_size_bytes", "Size of the database file.")
        self.db_wal_bytes = gauge("db_wal_bytes", "Size of the write-ahead log.")
        self.disk_free_bytes = gauge("disk_free_bytes", "Free space beside the database.")
        self.backup_last_success_timestamp_seconds = gauge(
            "backup_last_success_timestamp_seconds", "End of the last backup that succeeded, Unix time; 0 for none."
        )
        self.event_loop_lag_seconds = gauge("event_loop_lag_seconds", "How late the loop last woke.")
        self.clock_jumps_total = Family(
            counter("clock_jumps_total", "Times the machine's clock was set.", "direction"),
            ("forward", "backward"),
        )
        self.http_requests_total = Family(
            counter("http_requests_total", "Requests answered.", "route", "method", "code"),
            labels.routes,
            ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"),
            frozenset(str(code) for code in range(100, 600)),
            at_zero=False,
        )
        self.http_request_duration_seconds = histogram(
            "http_request_duration_seconds", "Length of a request to the API.", FAST
        )
        self.log_events_total = Family(
            counter("log_events_total", "Lines logged.", "level"), ("debug", "info", "warning", "error")
        )
        self.log_dropped_total = counter("log_dropped_total", "Lines that the log's sink did not take.")

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The catalogue of all that is served."""
        return self._figures

    def gate_closed_by(self, reasons: Collection[str]) -> None:
        """Tells all reasons that keep the send gate closed now; none of them means that it is open."""
        assert set(reasons) <= set(self._gate_reasons), f"{set(reasons)} holds an unknown reason"
        for reason in self._gate_reasons:
            self._send_gate_open.labels(reason).set(reason not in reasons)

    def render(self) -> bytes:
        """Prometheus' text format 0.0.4."""
        return generate_latest(_WithoutCreated(self._registry))

    def render_ready(self) -> bytes:
        """As `render`, of `ready` alone: nothing that describes the instance."""
        return generate_latest(self.ready)


class _WithoutCreated(Collector):
    """The client adds a `_created` series to each counter, which doubles a scrape and tells nothing here."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
