"""The settings as the engine and the edges receive them: plain values, every default already filled in.

`camd.config` reads and checks them once; nothing here reads a file or the environment. Secrets are
`SecretStr`: they print as stars, `get_secret_value()` is the only way to them.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, SecretStr

from camd.domain.webhooks import Flavour

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]
Security = Literal["starttls", "tls", "none"]
MailboxAuth = Literal["password", "xoauth2"]
CountryRule = Literal["allow", "consent", "block"]
CountrySettings = Mapping[str, CountryRule]
"""ISO 3166-1 alpha-2 in capitals, or `unknown`, to what may be done there."""


def is_loopback(host: str) -> bool:
    """Whether only this machine answers to it; a name other than `localhost` is taken as foreign."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """`path` is absolute with symbolic links resolved, `url` the SQLAlchemy URL of that path."""

    url: str
    path: Path
    journal: Path
    allow_network_filesystem: bool = False
    outside_checkpointer: bool = False


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The control listener; port 0 lets the system choose one. `require_token` counts once a token exists."""

    host: str
    port: int
    socket: Path
    require_token: bool = True

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class PublicSettings:
    """The listener for opt-out pages and hooks; `base_url` has no slash at its end."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 8001
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """`timezone` is an IANA name, `currency` an ISO 4217 code."""

    dry_run: bool = True
    grace_seconds: float = 60
    max_idle_seconds: float = 3600
    timezone: str = "UTC"
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """Who writes. `footers` are Jinja2 texts by language code."""

    name: str | None = None
    company: str | None = None
    postal_address: str | None = None
    reply_opt_out: bool = True
    footers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Caps over all campaigns; `instance_daily` 0 means none."""

    instance_daily: int = 0
    company_new_per_day: int = 1
    company_daily: int = 3
    person_gap_hours: float = 72


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Notices to the operator; `digest` is a local time of day in `timezone`."""

    email: tuple[str, ...] = ()
    mailbox: str | None = None
    digest: time = time(8)
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """One account that sends and receives. Without `username` there is no log-in, without `imap_host` and
    `maildir` no inbox; empty `folders` leave the choice to the reader."""

    name: str
    address: str
    from_name: str | None
    smtp_host: str
    smtp_port: int
    smtp_security: Security
    username: str | None
    auth: MailboxAuth
    password: SecretStr | None
    oauth_token_url: str | None
    oauth_client_id: str | None
    oauth_client_secret: SecretStr | None
    oauth_refresh_token: SecretStr | None
    oauth_scope: str | None
    imap_host: str | None
    imap_port: int
    imap_security: Security
    maildir: Path | None
    folders: tuple[str, ...]
    sent_folder_authoritative: bool
    daily_limit: int
    ramp: bool
    min_gap_seconds: float
    jitter_seconds: float
    max_connections: int
    timezone: str

    @property
    def has_inbox(self) -> bool:
        return self.imap_host is not None or self.maildir is not None


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """An endpoint for events. Its URL is a secret too; empty `events` mean the default of its flavour."""

    name: str
    url: SecretStr
    secret: SecretStr | None
    events: tuple[str, ...]
    flavour: Flavour
    allow_private: bool
    personal_data: bool


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """Days for which texts are kept."""

    body_days: int = 400
    inbound_days: int = 400


@dataclass(frozen=True, slots=True)
class LoggingSettings:
    """Without `format`: console on a terminal, else JSON. `journal`: stdout is read by journald."""

    format: LogFormat | None = None
    level: LogLevel = "info"
    journal: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can set. `file` is where it was read, None without a file; `origins` names for each
    key that was set, as `section.key`, the place that set it. `providers` holds each provider's own model."""

    database: DatabaseSettings
    server: ServerSettings
    public: PublicSettings
    engine: EngineSettings
    sender: SenderSettings
    limits: LimitSettings
    countries: CountrySettings
    notify: NotifySettings
    mailboxes: Mapping[str, MailboxSettings]
    providers: Mapping[str, BaseModel]
    webhooks: Mapping[str, WebhookSettings]
    retention: RetentionSettings
    logging: LoggingSettings
    file: Path | None
    origins: Mapping[str, str]
