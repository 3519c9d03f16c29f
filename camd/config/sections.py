"""The sections of the configuration as a person writes them: names, ranges and defaults of every key.

A key left out whose value depends on something else is None here; `camd.config` fills it in. Errors of these
models never repeat the value that was given.
"""

import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints
from pydantic import create_model as create_model_type
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from camd.domain.webhooks import Flavour
from camd.ports.settings import CountryRule, LogFormat, LogLevel, MailboxAuth, Security

Layer = dict[str, Any]
"""Nested keys of one place that settings come from; Any because nothing is checked yet."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Berlin") from None
    return name


def _matching(pattern: str, meaning: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {meaning}")
        return value

    return AfterValidator(check)


def _footer(text: str) -> str:
    for variable in ("opt_out", "sender.postal_address"):
        if not re.search(r"\{\{\s*" + re.escape(variable) + r"\s*\}\}", text):
            raise ValueError(f"must contain {{{{ {variable} }}}}")
    return text


def _list(value: object) -> object:
    """One variable can hold a list: `CAMD_NOTIFY__EMAIL=a@example.com,b@example.com`."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _country(code: str) -> str:
    return "unknown" if code.lower() == "unknown" else code.upper()


Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, _matching(r"[^\s@<>,;]+@[^\s@<>,;]+", "one e-mail address such as sales@example.com")]
BaseUrl = Annotated[
    str,
    _matching(r"https?://[^\s/?#]+(/[^\s?#]*)?", "an address such as https://mail.example.com, without a query"),
    AfterValidator(lambda url: url.rstrip("/")),
]
Country = Annotated[
    str,
    _matching(
        r"(?i)[A-Z]{2}|unknown",
        "a country code of two letters such as DE, or unknown",
    ),
    AfterValidator(_country),
]
Currency = Annotated[str, _matching(r"[A-Z]{3}", "a currency code of three capitals such as EUR")]
Footer = Annotated[str, AfterValidator(_footer)]
Language = Annotated[str, _matching(r"[a-z]{2}(-[a-z]{2})?", "a language code such as en or pt-br")]
Name = Annotated[
    str,
    _matching(
        r"[a-z0-9]([a-z0-9-]|_(?!_)){0,39}",
        "a name of small letters, digits, - and single _, at most 40 characters",
    ),
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    _matching(r"[^\r\n\x00]*", "one line"),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Host = Annotated[str, _matching(r"[^\s/@]{1,253}", "a host name or an IP address")]
Port = Annotated[int, Field(ge=0, le=65535)]
RemotePort = Annotated[int, Field(ge=1, le=65535)]
Days = Annotated[int, Field(ge=1, le=36_500)]


class Section(BaseModel):
    """Unknown keys are errors, and no error shows its input."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Database(Section):
    url: str = "sqlite:///camd.db"
    journal: Path | None = None
    allow_network_filesystem: bool = False
    outside_checkpointer: bool = False


class Server(Section):
    host: Host = "127.0.0.1"
    port: Port = 8000
    socket: Path | None = None
    require_token: bool = True


class Public(Section):
    enabled: bool = False
    host: Host = "127.0.0.1"
    port: Port = 8001
    base_url: BaseUrl | None = None


class Engine(Section):
    dry_run: bool = True
    grace_seconds: float = Field(default=60, ge=0, le=3600)
    max_idle_seconds: float = Field(default=3600, ge=1, le=86_400)
    timezone: Zone = "UTC"
    currency: Currency = "EUR"


class Sender(Section):
    name: Line | None = None
    company: Line | None = None
    postal_address: Text | None = None
    reply_opt_out: bool = True
    footers: dict[Language, Footer] = {}


class Limits(Section):
    instance_daily: int = Field(default=0, ge=0, le=1_000_000)
    company_new_per_day: int = Field(default=1, ge=1, le=1000)
    company_daily: int = Field(default=3, ge=1, le=1000)
    person_gap_hours: float = Field(default=72, ge=0, le=8760)


class Notify(Section):
    email: Annotated[tuple[Address, ...], BeforeValidator(_list)] = ()
    mailbox: str | None = None
    digest: time = time(8)
    timezone: Zone | None = None


class Mailbox(Section):
    address: Address | None = None
    from_name: Line | None = None
    preset: Literal["google", "microsoft"] | None = None
    smtp_host: Host | None = None
    smtp_port: RemotePort = 587
    smtp_security: Security = "starttls"
    username: Line | None = None
    auth: MailboxAuth = "password"
    password: SecretStr | None = None
    oauth_token_url: BaseUrl | None = None
    oauth_client_id: Line | None = None
    oauth_client_secret: SecretStr | None = None
    oauth_refresh_token: SecretStr | None = None
    oauth_scope: Line | None = None
    imap_host: Host | None = None
    imap_port: RemotePort = 993
    imap_security: Security = "tls"
    maildir: Path | None = None
    folders: Annotated[tuple[Line, ...], BeforeValidator(_list)] = ()
    sent_folder_authoritative: bool = False
    daily_limit: int = Field(default=30, ge=1, le=10_000)
    ramp: bool = True
    min_gap_seconds: float = Field(default=600, ge=0, le=86_400)
    jitter_seconds: float = Field(default=300, ge=0, le=86_400)
    max_connections: int = Field(default=2, ge=1, le=20)
    timezone: Zone | None = None


class Webhook(Section):
    url: SecretStr | None = None
    secret: SecretStr | None = None
    events: Annotated[tuple[Line, ...], BeforeValidator(_list)] = ()
    flavour: Flavour | None = None
    allow_private: bool = False
    personal_data: bool = True


class Retention(Section):
    body_days: Days = 400
    inbound_days: Days = 400


class Logging(Section):
    format: LogFormat | None = None
    level: LogLevel = "info"


class Document(BaseSettings):
    """The whole configuration; `document_type` adds the providers and the places it is read from."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database: Database = Database()
    server: Server = Server()
    public: Public = Public()
    engine: Engine = Engine()
    sender: Sender = Sender()
    limits: Limits = Limits()
    countries: dict[Country, CountryRule] = {}
    notify: Notify = Notify()
    mailboxes: dict[Name, Mailbox] = {}
    providers: Section = Section()
    webhooks: dict[Name, Webhook] = {}
    retention: Retention = Retention()
    logging: Logging = Logging()


def document_type(provider_models: Mapping[str, type[BaseModel]], layers: list[Layer]) -> type[Document]:
    """The document of these providers, read from these layers; an earlier layer outranks a later one.

    A provider's model must have a default for every field: each section may be left out.
    """
    strict = ConfigDict(extra="forbid", hide_input_in_errors=True)
    models = {
        name: type(model.__name__, (model,), {"model_config": strict, "__module__": model.__module__})
        for name, model in provider_models.items()
    }
    fields: dict[str, Any] = {name: (model, Field(default_factory=model)) for name, model in models.items()}
    providers = create_model_type("Providers", __base__=Section, **fields)

    class Layered(Document):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(InitSettingsSource(settings_cls, layer) for layer in layers)

    return create_model_type("Document", __base__=Layered, providers=(providers, Field(default_factory=providers)))
