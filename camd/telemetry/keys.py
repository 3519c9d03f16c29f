"""What a log event may carry. `camd.telemetry.logs` refuses any other key."""

ENVELOPE = frozenset({"campaign_id", "lead_ref", "touch_id", "provider", "mailbox", "reason", "duration_s", "error"})
"""What a caller may say with any event; `ts`, `level`, `event` and `version` come by themselves."""

FIGURES = frozenset(
    {
        "actor",
        "added",
        "attempt",
        "changed",
        "code",
        "count",
        "delay_s",
        "direction",
        "dry_run",
        "due",
        "duplicates",
        "endpoint",
        "event_id",
        "host",
        "import_id",
        "invariant",
        "jump_s",
        "key",
        "kind",
        "lag_s",
        "limit",
        "line",
        "listener",
        "logger",
        "method",
        "pid",
        "port",
        "previous",
        "rejected",
        "restarts",
        "result",
        "revision",
        "route",
        "rows",
        "scope",
        "signal",
        "stage",
        "status",
        "suppressed",
        "until",
        "updated",
        "used",
        "waits_for_restart",
    }
)
"""Further figures an event may carry: never an address, a name or a text of a person."""
