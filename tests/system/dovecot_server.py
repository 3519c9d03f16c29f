"""A Dovecot of the test's own: its settings, user and mail stand in one temporary folder, on loopback alone.

What a person does to the mail is done by `doveadm`. The machine's own Dovecot is neither used nor touched.
"""

import imaplib
import os
import select
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.system.postfix_server import ADDRESS, PATIENCE_SECONDS, free_port, self_signed

PASSWORD = "correct-horse"

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap
listen = {address}
mail_location = {format}:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
# Whoever gave a wrong password waits for the next log-in.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
namespace {{
  inbox = yes
  separator = /
  mailbox Ablage {{
    special_use = \\Archive
    auto = create
  }}
  mailbox Müll {{
    special_use = \\Trash
    auto = create
  }}
  mailbox Spam {{
    special_use = \\Junk
    auto = create
  }}
  mailbox "Sent Items" {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Clients {{
    auto = create
  }}
}}
"""


@dataclass
class Dovecot:
    """`port` is TLS from the first byte, `starttls_port` takes no log-in without it. Every name has `PASSWORD`."""

    folder: Path
    port: int
    starttls_port: int
    certificate: Path
    log: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def trusted(self) -> ssl.SSLContext:
        """What a client has that trusts this server's certificate alone."""
        return ssl.create_default_context(cafile=self.certificate)

    def start(self) -> None:
        self.log.clear()
        command = ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        self._wait_for("starting up")

    def stop(self) -> None:
        """At once, with all its processes: asked kindly, it waits 10 s for those whose client idles."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate(timeout=PATIENCE_SECONDS)
            self._process = None

    def _wait_for(self, words: str) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        rest = b""
        while not any(words in line for line in self.log):
            readable, _, _ = select.select([self._process.stderr], [], [], PATIENCE_SECONDS)
            piece = os.read(self._process.stderr.fileno(), 1 << 16) if readable else b""
            assert piece, f"no line with {words!r} in:\n" + "\n".join(self.log)
            *lines, rest = (rest + piece).split(b"\n")
            self.log += [line.decode(errors="replace") for line in lines]


@dataclass(frozen=True)
class Account:
    """One person's mail."""

    server: Dovecot
    name: str

    def admin(self, command: str, *words: str, given: bytes | None = None) -> str:
        """Runs `doveadm` for this person; what it prints."""
        done = subprocess.run(
            ["doveadm", "-c", str(self.server.folder / "dovecot.conf"), *command.split(), "-u", self.name, *words],
            input=given,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def deliver(self, message: bytes, folder: str = "INBOX") -> None:
        self.admin("save", "-m", folder, given=message)

    def bring_in(self, message: bytes, arrived_at: datetime) -> None:
        """Puts a message of that time into INBOX, as a program does that moves an account."""
        with imaplib.IMAP4_SSL(ADDRESS, self.server.port, ssl_context=self.server.trusted) as imap:
            imap.login(self.name, PASSWORD)
            imap.append("INBOX", "", imaplib.Time2Internaldate(arrived_at), message)


@contextmanager
def running_dovecot(form: str = "sdbox") -> Iterator[Dovecot]:
    """`form` is how it keeps mail: `sdbox` or `maildir`."""
    with TemporaryDirectory(prefix="dovecot-") as name:
        server = _prepared(Path(name), form)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _prepared(folder: Path, form: str) -> Dovecot:
    key, text = self_signed("imap.firm.example")
    (folder / "server.pem").write_text(key + text)
    certificate = folder / "authority.pem"
    certificate.write_text(text)
    folder.chmod(0o755)  # Dovecot's own users have to pass
    for made in ("run", "state", "mail"):
        (folder / made).mkdir()
    shutil.chown(folder / "mail", "nobody")
    server = Dovecot(folder, free_port(), free_port(), certificate)
    settings = SETTINGS.format(
        folder=folder,
        address=ADDRESS,
        password=PASSWORD,
        port=server.port,
        starttls_port=server.starttls_port,
        format=form,
    )
    (folder / "dovecot.conf").write_text(settings)
    return server
