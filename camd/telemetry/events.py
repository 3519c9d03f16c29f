"""The catalogue of log events: every name the code may log, how loud it is, what it means and what to do.

A name never changes its meaning. `camd.telemetry.logs` refuses any other name.
"""

from dataclasses import dataclass
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: `meaning` and `what_to_do` are read by the person who was woken by it.

    `metric` counts it or shows what it did, without the prefix `camd_`; where none does, the lines of its level."""

    name: str
    level: Level
    meaning: str
    what_to_do: str
    metric: str = ""

    @property
    def series(self) -> str:
        """The metric as a selector of PromQL."""
        return f"camd_{self.metric}" if self.metric else f'camd_log_events_total{{level="{self.level}"}}'


NOTHING = "Nothing."

CATALOGUE = {
    event.name: event
    for event in (
        Event("daemon.started", "info", "The process began to start.", NOTHING, metric="start_time_seconds"),
        Event("daemon.ready", "info", "Migrations and the first supervision tick are done.", NOTHING, metric="ready"),
        Event(
            "daemon.stopping",
            "info",
            "A signal asked for the end; nothing new is begun.",
            "Nothing, unless nobody asked for it: then look who sent it.",
            metric="ready",
        ),
        Event(
            "daemon.stopped",
            "info",
            "Everything is settled and the store is closed.",
            "If nobody asked for it, read the errors before it: `journalctl -u camd -p err`.",
        ),
        Event(
            "daemon.lock_denied",
            "error",
            "Another process holds the database; `reason` names it.",
            "Use the running daemon, or stop it first.",
        ),
        Event(
            "daemon.watchdog_late",
            "warning",
            "The loop or the store answered too late, as `reason` says, so systemd got no sign of life this time.",
            "Look for a long import or a slow disk; if it repeats, systemd restarts the service.",
            metric="event_loop_lag_seconds",
        ),
        Event("config.loaded", "info", "The configuration is valid and in force.", NOTHING),
        Event(
            "config.rejected",
            "error",
            "The configuration that a reload found is not valid; the one before stays in force, all of it.",
            "Run `camd check-config`, mend what it names, then reload again.",
        ),
        Event(
            "config.reloaded",
            "info",
            "The configuration was read again; `changed` is in force, `waits_for_restart` is not yet.",
            "Where `waits_for_restart` names something restart camd: it drains first.",
        ),
        Event("actor.started", "debug", "An actor of the supervisor runs.", NOTHING),
        Event(
            "actor.crashed",
            "error",
            "A bug ended an actor; `error` names its place.",
            "Report it with the stored traceback; the actor is restarted by itself.",
            metric='actor_restarts_total{reason="crash"}',
        ),
        Event(
            "actor.restart_scheduled",
            "warning",
            "A crashed actor starts again after `delay_s`.",
            NOTHING,
            metric='actor_restarts_total{reason="crash"}',
        ),
        Event(
            "actor.parked",
            "error",
            "An actor crashed six times in ten minutes and stays down.",
            "Read the stored traceback, mend the cause, then resume the campaign.",
            metric="actors_parked",
        ),
        Event("actor.stopped", "debug", "An actor ended because it was asked to.", NOTHING),
        Event(
            "supervisor.common_cause",
            "error",
            "Many campaigns crashed within a minute; the send gate is closed.",
            "Look for what they share: the last upgrade, the database, the disk.",
            metric='send_gate_open{reason="common_cause"}',
        ),
        Event(
            "campaign.cycle_finished",
            "info",
            "One pass of a campaign's pipeline is done.",
            NOTHING,
            metric="cycles_total",
        ),
        Event(
            "campaign.status_changed",
            "info",
            "A campaign went from `previous` to `status`.",
            "For a pause by a rule read `reason`, then resume or archive.",
            metric="campaigns",
        ),
        Event(
            "send.gate_closed",
            "error",
            "Nothing is sent until the gate opens; `reason` says why.",
            "See `camd gate status`; mend the cause. `camd gate open` overrides a common cause.",
            metric="send_gate_open",
        ),
        Event("send.gate_opened", "info", "Sending is possible again.", NOTHING, metric="send_gate_open"),
        Event(
            "provider.degraded",
            "warning",
            "`provider` fails or asks to be left alone until `until`. Campaigns go on without it.",
            "`/healthz` says why: mend the key, the plan or the version that it names; else wait.",
            metric="provider_state",
        ),
        Event(
            "provider.response_invalid",
            "warning",
            "No answer of `provider` came that can be believed: `count` paid questions may have been charged.",
            "They are not asked again; `camd leads show` has their receipts, the provider's own account its charges.",
            metric='provider_requests_total{result="uncertain"}',
        ),
        Event(
            "provider.auth_failed",
            "error",
            "`provider` refused camd's key; it is asked again after an hour.",
            "Put a valid key in the place that `camd check-config` names for it, then restart camd.",
            metric='provider_requests_total{result="auth"}',
        ),
        Event("provider.recovered", "info", "`provider` answers again.", NOTHING, metric="provider_state"),
        Event(
            "smtp.tls_failed",
            "error",
            "The mail server of `mailbox` offers no encryption that can be trusted; nothing was sent through it.",
            "`camd mailboxes test NAME` says what is wrong. If nothing of yours changed, somebody may be listening.",
        ),
        Event(
            "imap.connected",
            "info",
            "The inbox of `mailbox` is open and is read.",
            NOTHING,
            metric="imap_last_success_timestamp_seconds",
        ),
        Event(
            "imap.lost",
            "warning",
            "The inbox of `mailbox` cannot be read. It is tried again by itself.",
            "Nothing, unless it lasts: `camd mailboxes list` says why.",
            metric="imap_last_success_timestamp_seconds",
        ),
        Event(
            "imap.stale",
            "error",
            "The inbox of `mailbox` was not read to its end for 15 minutes: its follow-ups wait.",
            "Run `camd mailboxes test NAME` and mend what it says; follow-ups go on by themselves.",
            metric="imap_last_success_timestamp_seconds",
        ),
        Event(
            "inbound.classified",
            "info",
            "A message came in; `kind` is what it was taken for.",
            NOTHING,
            metric="inbound_total",
        ),
        Event(
            "inbound.unmatched",
            "info",
            "An answer came in that belongs to no lead; it is on the review list.",
            "Look at `camd inbox list --waiting`.",
            metric="inbound_total",
        ),
        Event(
            "inbound.parse_failed",
            "warning",
            "A message could not be read; it is kept as it came, on the review list.",
            "Look at it in the mailbox, then classify it: `camd inbox list --waiting`.",
            metric="inbound_total",
        ),
        Event("notice.sent", "info", "The operator was told of `kind`, `count` at once.", NOTHING),
        Event(
            "notice.failed",
            "warning",
            "A notice to the operator could not be sent; it is tried again.",
            "Check `[notify]` in the configuration and the mailbox that it names.",
        ),
        Event(
            "send.resolved",
            "info",
            "A person or a proof said what became of an unknown mail: `result`.",
            NOTHING,
            metric="touches_unknown",
        ),
        Event("send.intent", "debug", "A mail passed the gate and took its quotas.", NOTHING, metric="sends_in_flight"),
        Event(
            "send.on_wire",
            "debug",
            "The mark before the message goes out is stored.",
            NOTHING,
            metric="sends_in_flight",
        ),
        Event("send.sent", "info", "The receiver's server took a mail.", NOTHING, metric='sends_total{result="sent"}'),
        Event(
            "send.rejected",
            "warning",
            "A server refused a mail for good; `reason` is its code.",
            "`camd touches show` and `camd leads why` tell what follows.",
            metric='sends_total{result="rejected"}',
        ),
        Event(
            "send.deferred",
            "info",
            "A server put a mail off; it is tried again by itself.",
            NOTHING,
            metric='sends_total{result="deferred"}',
        ),
        Event(
            "send.unknown",
            "warning",
            "Nobody knows whether a mail arrived; it is never sent again by itself.",
            "Look into the mailbox's Sent folder, then `camd touches resolve`.",
            metric='sends_total{result="unknown"}',
        ),
        Event(
            "send.released", "info", "An intent ended before anything was handed over; its quotas are back.", NOTHING
        ),
        Event(
            "send.blocked",
            "info",
            "Something changed between intent and handover, and won.",
            NOTHING,
            metric='sends_total{result="blocked"}',
        ),
        Event(
            "recovery.scanned",
            "info",
            "What an earlier process left in flight is settled; `count` touches were.",
            "See `camd touches list --status unknown`.",
            metric="touches_unknown",
        ),
        Event(
            "quota.rate_learned",
            "warning",
            "A server asked for fewer mails, or a provider for fewer calls; `limit` is the share of the pace used now.",
            "Nothing: it recovers while it is answered. If a mailbox's stays low, raise its min_gap_seconds.",
        ),
        Event(
            "quota.denied",
            "debug",
            "A quota said not before `until`.",
            "Nothing; raise the limit of `scope` if it binds too early.",
            metric="quota_denied_total",
        ),
        Event(
            "mailbox.degraded",
            "warning",
            "A mailbox sends nothing until `until`; without one until a person enables it. `reason` says why.",
            "`camd mailboxes list` says how to mend it; then `camd mailboxes enable`.",
            metric="mailbox_usable",
        ),
        Event(
            "mailbox.recovered",
            "info",
            "A person enabled a mailbox; a stop with an `until` ends in silence.",
            NOTHING,
            metric="mailbox_usable",
        ),
        Event(
            "suppression.added",
            "info",
            "An address or domain may not be written to any more.",
            NOTHING,
            metric="suppressions_total",
        ),
        Event(
            "suppression.blocked_send",
            "info",
            "A mail was about to go to somebody who may not be written to any more; it did not.",
            NOTHING,
            metric='sends_total{result="blocked"}',
        ),
        Event(
            "import.finished",
            "info",
            "A list was read to its end.",
            "If `rejected` is not 0, see the import's report for lines and reasons.",
            metric="leads",
        ),
        Event(
            "import.rejected_row",
            "info",
            "One line of a list cannot become a lead.",
            "Mend `line` in the list and import it again.",
        ),
        Event(
            "lead.held",
            "info",
            "A lead waits for a person, a date or a fact.",
            "`camd leads why` says what ends the hold.",
            metric="leads_on_hold",
        ),
        Event(
            "lead.erased",
            "info",
            "A lead was erased; only a keyed hash of the address is left.",
            NOTHING,
            metric="leads",
        ),
        Event(
            "db.busy",
            "warning",
            "The database was locked for longer than the busy time-out; the write is tried again.",
            "Look for a backup or a tool that holds the database for long.",
            metric='db_transactions_total{kind="write",result="busy"}',
        ),
        Event(
            "db.wal_large",
            "warning",
            "The write-ahead log is `used` bytes: a reader keeps it from being moved; `count` of ours were cut short.",
            "Look for a tool that reads the database for long; above `limit` bytes camd ends its own long queries.",
            metric="db_wal_bytes",
        ),
        Event(
            "recovery.hold_entered",
            "error",
            "The recovery hold stands: nothing is sent, because the database was restored or copied, or by a person.",
            "Look at `camd recover status`; when what it tells is right, `camd recover release`.",
            metric="recovery_hold",
        ),
        Event(
            "recovery.hold_released",
            "info",
            "A person released the recovery hold; mails go out again.",
            NOTHING,
            metric="recovery_hold",
        ),
        Event(
            "journal.mismatch",
            "error",
            "Journal, database and machine do not fit together; `reason` says how.",
            "Look at `camd recover status`. After a clone, stop one of the two before releasing the other.",
            metric="recovery_hold",
        ),
        Event(
            "db.commit_failed",
            "error",
            "A commit failed; nothing of it was stored. After an error of the disk camd ends, to begin anew.",
            "Check the free space and the health of the disk.",
            metric='db_transactions_total{kind="write",result="failed"}',
        ),
        Event(
            "db.integrity_failed",
            "error",
            "The database file is damaged; nothing is sent.",
            "Stop camd, run what `reason` names, start it again.",
            metric='send_gate_open{reason="damaged"}',
        ),
        Event(
            "db.integrity_unfinished",
            "warning",
            "The check of the database at the start was ended after `limit` seconds; the rest was not looked at.",
            "Run `camd backup`: it checks all of its copy.",
        ),
        Event(
            "mail.lenient_headers",
            "warning",
            "This Python's `email` package lets a line break into a header; camd refuses such values by itself.",
            "Upgrade Python when you can (CVE-2024-6923).",
        ),
        Event(
            "backup.finished",
            "info",
            "A checked copy of the database was made.",
            NOTHING,
            metric="backup_last_success_timestamp_seconds",
        ),
        Event(
            "backup.failed",
            "error",
            "No copy of the database was made; the one before stands.",
            "Mend what `reason` names and run `camd backup` again.",
            metric="backup_last_success_timestamp_seconds",
        ),
        Event("migration.applied", "info", "The schema is now at `revision`.", NOTHING),
        Event(
            "api.auth_failed",
            "warning",
            "So many requests (`count`) were refused because of their token since the last such line.",
            "Give a program of yours a token: `camd tokens create`. If it is none of yours, look who reaches the port.",
            metric='http_requests_total{code="401"}',
        ),
        Event(
            "webhook.delivered",
            "info",
            "An endpoint took an event.",
            NOTHING,
            metric='webhook_attempts_total{result="delivered"}',
        ),
        Event(
            "webhook.failed",
            "warning",
            "An endpoint did not take an event; it is tried again.",
            "If it repeats, look at the receiver of `endpoint`; `camd webhooks list` shows what waits for it.",
            metric='webhook_attempts_total{result="failed"}',
        ),
        Event(
            "webhook.dead",
            "error",
            "An event was given up, or an endpoint was paused; `reason` says which and why.",
            "Mend the receiver, run `camd webhooks test`, then `camd webhooks replay` what is dead.",
            metric="webhook_attempts_total",
        ),
        Event(
            "webhook.target_blocked",
            "error",
            "An endpoint's host is none that camd speaks to; nothing was sent.",
            "Correct its URL. For a receiver in your own network set allow_private = true.",
            metric='webhook_attempts_total{result="blocked"}',
        ),
        Event(
            "api.request", "debug", "A request to the control API was answered.", NOTHING, metric="http_requests_total"
        ),
        Event(
            "clock.jumped",
            "warning",
            "The machine's clock was set by `jump_s`; quotas got no credit for it.",
            "Check time synchronisation.",
            metric="clock_jumps_total",
        ),
        Event(
            "invariant.violated",
            "error",
            "A law that must always hold was broken; `invariant` names it. It is a bug.",
            "Turn the kill switch on (`camd kill-switch on`), keep the log and a backup, and report it.",
            metric="invariant_violations_total",
        ),
        Event(
            "library.warning",
            "warning",
            "A library complained; `logger` names it.",
            "Nothing, unless it repeats.",
        ),
    )
}
