"""The configuration of the demonstration: live, but with mailboxes that know no other mail server than its own.

It is written into the demonstration's folder, so that every command works on it with `--config`, and read from there
alone: what this machine is configured for stays out of it.
"""

from pathlib import Path

from camd.config import SOCKET_PATH_BYTES, load_settings
from camd.daemon.vendors import PROVIDER_MODELS
from camd.domain.errors import Invalid
from camd.ports.settings import Settings, is_loopback
from camd.sandbox.smtp_door import HOST

CONFIG = "camd.toml"
MAIL = "mail"
OPERATOR = "you@studio.example"
LINKS = "https://mail.studio.example"
"""What the opt-out links of mails begin with."""
MAILBOXES = {"ada": "ada@studio.example", "hello": "hello@studio.example", "office": "office@studio.example"}

# For invented people the countries are decided so that each decision can be seen.
_TEMPLATE = """\
# Made by `camd demo` anew at each start. Nothing here reaches another machine.
[database]
url = {database}
{socket}
[engine]
dry_run = false
timezone = "Europe/Berlin"
grace_seconds = 5

[sender]
name = "Ada Example"
company = "Example Studio"
postal_address = "1 Example Street, Berlin"

[public]                              # its invented people open it as a TLS proxy would, and nobody else does
enabled = true
port = {public_port}
base_url = "{origin}"

[notify]
email = ["{operator}"]

[limits]
company_new_per_day = 100
company_daily = 300
person_gap_hours = 0

[countries]
AT = "allow"
CA = "allow"
DE = "allow"
DK = "consent"
ES = "allow"
IT = "allow"
PL = "block"

[logging]
level = "error"
"""

_MAILBOX = """
[mailboxes.{name}]
address = "{address}"
smtp_host = "{host}"
smtp_port = {port}
smtp_security = "none"
maildir = {maildir}
daily_limit = 400
ramp = false
min_gap_seconds = 1
jitter_seconds = 1
"""


def demo_settings(folder: Path, *, port: int, public_port: int, mail_port: int) -> Settings:
    """`port` is the API's, `public_port` that of the opt-out page, `mail_port` the mail world's. Raises `Invalid` for
    a mailbox of another machine."""
    socket = str(folder / "api.sock")
    fits = len(socket.encode()) <= SOCKET_PATH_BYTES
    parts = [
        _TEMPLATE.format(
            database=_quoted(f"sqlite:///{folder}/camd.db"),
            socket=f"\n[server]\nport = {port}\n" + (f"socket = {_quoted(socket)}\n" if fits else ""),
            operator=OPERATOR,
            public_port=public_port,
            origin=LINKS,
        )
    ]
    parts += [
        _MAILBOX.format(
            name=name, address=address, host=HOST, port=mail_port, maildir=_quoted(str(inbox_of(folder, name)))
        )
        for name, address in MAILBOXES.items()
    ]
    file = folder / CONFIG
    file.write_text("".join(parts), encoding="utf-8")
    settings = load_settings(file, provider_models=PROVIDER_MODELS, environ={}, cwd=folder)
    require_this_machine(settings)
    return settings


def arrivals_of(folder: Path) -> Path:
    """The maildir of everything that the invented people's servers accepted."""
    return folder / MAIL / "arrived"


def inbox_of(folder: Path, mailbox: str) -> Path:
    return folder / MAIL / f"inbox-{mailbox}"


def notices_of(folder: Path) -> Path:
    """The maildir of what the operator is told."""
    return folder / MAIL / "notices"


def require_this_machine(settings: Settings) -> None:
    """Raises `Invalid` where a mailbox would hand its mail to another machine."""
    for box in settings.mailboxes.values():
        if not is_loopback(box.smtp_host):
            raise Invalid(
                f"The demonstration sends to this machine alone, not to {box.smtp_host}",
                field=f"mailboxes.{box.name}.smtp_host",
            )


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
