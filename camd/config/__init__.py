"""The only reader of the configuration: file, environment and systemd credentials, in rising rank.

`load_settings` gives checked settings with every default filled in, or raises `ConfigurationError` with all
problems at once, each with its key and how to mend it. No output of this module holds a secret.
"""

import difflib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import time
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from camd.config.sections import Document, Layer, Mailbox, Webhook, document_type
from camd.config.sources import Problem, Source, read_credentials, read_environment, read_file
from camd.domain.errors import CamdError
from camd.domain.events import EventType
from camd.domain.webhooks import EVERY_EVENT, is_signing_secret, signing_keys
from camd.ports.settings import (
    DatabaseSettings,
    EngineSettings,
    LimitSettings,
    LoggingSettings,
    MailboxSettings,
    NotifySettings,
    PublicSettings,
    RetentionSettings,
    SenderSettings,
    ServerSettings,
    Settings,
    WebhookSettings,
    is_loopback,
)

__all__ = ["ConfigurationError", "Problem", "Settings", "effective", "load_settings"]

MASK = "********"
_LONGEST_SECRET = 512
"""Of a webhook: what Make takes as its API key, and room for two secrets that sign."""
SOCKET_PATH_BYTES = 100
"""A little less than the 108 bytes of `sun_path` in unix(7), so that a suffix still fits."""

PRESETS: Mapping[str, Mapping[str, str]] = {
    "google": {
        "smtp_host": "smtp.gmail.com",
        "imap_host": "imap.gmail.com",
        "oauth_token_url": "https://oauth2.googleapis.com/token",
        "oauth_scope": "https://mail.google.com/",
    },
    "microsoft": {
        "smtp_host": "smtp.office365.com",
        "imap_host": "outlook.office365.com",
        "oauth_token_url": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "oauth_scope": "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All"
        " offline_access",
    },
}


class ConfigurationError(CamdError):
    """The configuration cannot be used; every problem is listed with its key and how to mend it."""

    def __init__(self, problems: list[Problem]) -> None:
        lines = [f"  {problem.key}: {problem.message}" for problem in problems]
        super().__init__("\n".join([f"{len(problems)} problem(s) in the configuration:", *lines]))
        self.problems = tuple(problems)


def load_settings(
    path: Path | str | None = None,
    *,
    provider_models: Mapping[str, type[BaseModel]],
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """Reads `path`, else `$CAMD_CONFIG`, else `./camd.toml`, else `/etc/camd/camd.toml`; no file at all is valid.

    May make the per-user directory of the control socket. Raises ConfigurationError.
    """
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    explicit = path or environ.get("CAMD_CONFIG")
    plain_names = _plain_names(provider_models)
    sources = [read_environment(environ, plain_names), read_file(Path(explicit) if explicit else None, cwd)]
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        sources.insert(0, read_credentials(Path(directory), plain_names))
    origins = {key: origin for source in reversed(sources) for key, origin in source.origins.items()}
    problems = [problem for source in reversed(sources) for problem in source.problems]
    document = _checked(provider_models, sources, origins, problems)
    settings = _Filler(document, environ, cwd, problems).settings(sources[-1].file, origins)
    if problems:
        raise ConfigurationError(problems)
    return settings


def effective(settings: Settings) -> dict[str, object]:
    """The settings in force as plain JSON values by section, secrets masked; for `camd check-config`."""
    shown = _shown(settings)
    assert isinstance(shown, dict)
    return {name: value for name, value in shown.items() if name not in {"file", "origins"}}


def _plain_names(provider_models: Mapping[str, type[BaseModel]]) -> dict[str, tuple[str, ...]]:
    """Names people already have in their environment, such as `HUNTER_API_KEY`, to the key each one sets."""
    names = {
        f"{provider.upper()}_API_KEY": ("providers", provider, "api_key")
        for provider, model in provider_models.items()
        if "api_key" in model.model_fields
    }
    return {**names, "MAKE_WEBHOOK_URL": ("webhooks", "make", "url")}


def _checked(
    provider_models: Mapping[str, type[BaseModel]],
    sources: list[Source],
    origins: Mapping[str, str],
    problems: list[Problem],
) -> Document:
    """The document without its broken keys, which go to `problems`: what depends on several keys can still be
    checked for the others. Each round removes at least one key, so it ends."""
    layers = [source.values for source in sources]
    document = document_type(provider_models, layers)
    while True:
        try:
            return document()
        except ValidationError as failed:
            removed = 0
            for error in failed.errors(include_url=False):
                location = tuple(str(part) for part in error["loc"] if part != "[key]")
                key = ".".join(location)
                message = _scrubbed(_message(error["type"], error["msg"], location, document), error["input"])
                if not (origin := origins.get(key, "file")).startswith("file"):
                    message += f" ({origin})"
                problems.append(Problem(key, message))
                broken = location[:-1] if error["type"] == "missing" else location
                removed += sum(_remove(layer, broken) for layer in layers)
            assert removed, "a setting that nobody set is broken"


def _message(kind: str, message: str, location: tuple[str, ...], document: type[BaseModel]) -> str:
    match kind:
        case "missing":
            return "is needed"
        case "extra_forbidden":
            known = _known_keys(document, location[:-1])
            close = difflib.get_close_matches(location[-1], known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known)) or 'none'}"
            return f"unknown key; {hint}"
        case "model_type" | "dict_type":
            return "must be a table of keys"
        case "tuple_type":
            return "must be a list"
        case _ if kind.endswith("_parsing"):
            return message.partition(",")[0].replace("Input should be", "must be")
        case _:
            return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _known_keys(model: type[BaseModel], location: tuple[str, ...]) -> list[str]:
    for part in location:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        # `mailboxes` is a mapping: its model is the last argument, and the name below it is no field.
        inner = (annotation, *get_args(annotation)) if field else (model,)
        model = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return list(model.model_fields)


def _scrubbed(message: str, given: object) -> str:
    """A provider's own check may quote what it was given."""
    match given:
        case str() if len(given) > 3:
            return message.replace(given, MASK)
        case Mapping():
            for value in given.values():
                message = _scrubbed(message, value)
    return message


def _remove(layer: Layer, location: tuple[str, ...]) -> bool:
    """Whether the key, or the value that stands in its way, was there to be removed."""
    here: object = layer
    for depth, part in enumerate(location, start=1):
        if not isinstance(here, dict):
            return False
        name = next((key for key in here if key == part), None)
        if name is None:
            return False
        if depth == len(location) or not isinstance(here[name], dict):
            del here[name]
            return True
        here = here[name]
    return False


class _Filler:
    """Fills in what depends on several keys, on the machine or on the environment."""

    def __init__(self, document: Document, environ: Mapping[str, str], cwd: Path, problems: list[Problem]) -> None:
        self._document = document
        self._environ = environ
        self._cwd = cwd
        self._problems = problems
        self._broken = {problem.key for problem in problems}

    def settings(self, file: Path | None, origins: Mapping[str, str]) -> Settings:
        document = self._document
        database = self._database()
        return Settings(
            database=database,
            server=ServerSettings(
                host=document.server.host,
                port=document.server.port,
                socket=self._socket(database.path),
                require_token=document.server.require_token,
            ),
            public=PublicSettings(**dict(document.public)),
            engine=EngineSettings(**dict(document.engine)),
            sender=SenderSettings(**dict(document.sender)),
            limits=LimitSettings(**dict(document.limits)),
            countries=document.countries,
            notify=self._notify(),
            mailboxes={name: self._mailbox(name, box) for name, box in document.mailboxes.items()},
            providers={name: getattr(document.providers, name) for name in type(document.providers).model_fields},
            webhooks={name: self._webhook(name, hook) for name, hook in document.webhooks.items()},
            retention=RetentionSettings(**dict(document.retention)),
            logging=LoggingSettings(**dict(document.logging), journal=bool(self._environ.get("JOURNAL_STREAM"))),
            file=file,
            origins=origins,
        )

    def _problem(self, key: str, message: str) -> None:
        """What was said of a key is not said again of what is missing because of it."""
        if key not in self._broken:
            self._problems.append(Problem(key, message))

    def _database(self) -> DatabaseSettings:
        section = self._document.database
        path = self._database_path(section.url)
        return DatabaseSettings(
            url=f"sqlite:///{path}",
            path=path,
            journal=self._cwd / section.journal if section.journal else path.with_suffix(".journal"),
            allow_network_filesystem=section.allow_network_filesystem,
            outside_checkpointer=section.outside_checkpointer,
        )

    def _database_path(self, url: str) -> Path:
        scheme, separator, name = url.partition(":///")
        if scheme != "sqlite" or not separator or not name or name == ":memory:" or "?" in name:
            self._problem(
                "database.url", "only SQLite is supported: sqlite:///FILE, or sqlite:////DIR/FILE from the root"
            )
            return self._cwd / "camd.db"
        # `sqlite:///var/lib/camd/camd.db` is a relative path by SQLAlchemy's rule and an absolute one in many
        # people's minds; where only the latter has a directory, that one is meant.
        path, from_root = self._cwd / name, Path("/") / name
        if not path.parent.is_dir() and from_root.parent.is_dir():
            path = from_root
        return path.resolve()

    def _socket(self, database: Path) -> Path:
        configured = self._document.server.socket
        socket = self._cwd / configured if configured else self._default_socket(database)
        if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
            self._problem("server.socket", f"{socket} is longer than {SOCKET_PATH_BYTES} bytes; set a shorter path")
        return socket

    def _default_socket(self, database: Path) -> Path:
        # systemd lists several directories with colons; the unit asks for one.
        if runtime := self._environ.get("RUNTIME_DIRECTORY"):
            return Path(runtime.split(":")[0]) / "api.sock"
        name = f"camd-{hashlib.sha256(os.fsencode(database)).hexdigest()[:16]}.sock"
        if session := self._environ.get("XDG_RUNTIME_DIR"):
            return Path(session) / name
        return self._own_directory() / name

    def _own_directory(self) -> Path:
        """A directory that only this user can enter: whoever opens the socket may operate."""
        directory = Path(self._environ.get("TMPDIR") or tempfile.gettempdir()) / f"camd-{os.getuid()}"
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            found = directory.lstat()
        except OSError as error:
            self._problem("server.socket", f"{directory} cannot be made ({error.strerror}); set server.socket")
            return directory
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            self._problem(
                "server.socket", f"{directory} must be a directory of your own with mode 0700; mend or remove it"
            )
        return directory

    def _notify(self) -> NotifySettings:
        section = self._document.notify
        known = self._document.mailboxes.keys() | {key.removeprefix("mailboxes.") for key in self._broken}
        if section.mailbox is not None and section.mailbox not in known:
            names = ", ".join(sorted(self._document.mailboxes)) or "none"
            self._problem("notify.mailbox", f"names no mailbox; configured: {names}")
        return NotifySettings(
            section.email, section.mailbox, section.digest, section.timezone or self._document.engine.timezone
        )

    def _mailbox(self, name: str, box: Mailbox) -> MailboxSettings:
        filled = dict(box)
        preset = filled.pop("preset")
        for key, value in PRESETS.get(preset or "", {}).items():
            filled[key] = filled[key] or value
        has_secret = box.password or box.auth == "xoauth2"
        filled["username"] = box.username or (box.address if has_secret else None)
        filled["from_name"] = box.from_name or self._document.sender.name
        filled["timezone"] = box.timezone or self._document.engine.timezone
        for key, message in _mailbox_gaps(filled):
            self._problem(f"mailboxes.{name}.{key}", message)
        return MailboxSettings(name=name, **filled)

    def _webhook(self, name: str, hook: Webhook) -> WebhookSettings:
        if not hook.url:
            self._problem(f"webhooks.{name}.url", "is needed")
        flavour = hook.flavour or (name if name in {"make", "slack"} else "standard")
        filled = WebhookSettings(name=name, **{**dict(hook), "flavour": flavour})
        for key, message in _webhook_faults(filled):
            self._problem(f"webhooks.{name}.{key}", message)
        return filled


def _mailbox_gaps(filled: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not filled["address"]:
        yield "address", "is needed"
    if not filled["smtp_host"]:
        yield "smtp_host", "is needed; or set preset to google or microsoft"
    elif filled["username"] and filled["smtp_security"] == "none" and not is_loopback(filled["smtp_host"]):
        yield "smtp_security", "must be starttls or tls to log in at another machine"
    if filled["auth"] == "xoauth2":
        for key in ("oauth_token_url", "oauth_client_id"):
            if not filled[key]:
                yield key, "is needed with auth = xoauth2"
        if not (filled["oauth_refresh_token"] or filled["oauth_client_secret"]):
            yield "oauth_refresh_token", "is needed with auth = xoauth2, or oauth_client_secret without it"
    elif filled["username"] and not filled["password"]:
        yield "password", "is needed to log in; leave out username where the server asks for no log-in"


def _webhook_faults(hook: WebhookSettings) -> Iterator[tuple[str, str]]:
    for name in hook.events:
        if name != EVERY_EVENT and name not in list(EventType):
            close = difflib.get_close_matches(name, list(EventType), n=1)
            yield "events", f"there is no such event; did you mean {close[0]}?" if close else "there is no such event"
    secret = hook.secret.get_secret_value() if hook.secret else ""
    if not secret.isascii() or len(secret) > _LONGEST_SECRET:
        yield "secret", f"must be at most {_LONGEST_SECRET} characters of ASCII"
    elif secret and (hook.flavour != "make" or is_signing_secret(secret)):
        try:
            signing_keys(secret)
        except ValueError as error:
            yield "secret", str(error)


def _shown(value: object) -> object:
    match value:
        case SecretStr():
            return MASK
        case BaseModel():
            return {name: _shown(item) for name, item in value}
        case Mapping():
            return {str(name): _shown(item) for name, item in value.items()}
        case tuple() | list():
            return [_shown(item) for item in value]
        case time():
            return value.isoformat("minutes")
        case None | bool() | int() | float():
            return value
        case _ if is_dataclass(value):
            return {field.name: _shown(getattr(value, field.name)) for field in fields(value)}
        case _:
            return str(value)
