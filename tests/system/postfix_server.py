"""A Postfix of the test's own: its settings, queue, users and mail stand in one temporary folder, on loopback alone.

A test waits for a line of its log, never for time to pass. The machine's own Postfix is neither used nor touched.
"""

import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camd.system import SystemClock

PATIENCE_SECONDS = 60
"""After which a Postfix that says nothing has failed the test."""
ADDRESS = "127.0.0.1"
USER, REALM, PASSWORD = "sales", "us.example", "correct horse"

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = mx.firm.example
inet_protocols = ipv4
inet_interfaces = {address}
mydestination =
mynetworks =
alias_maps =
alias_database =
virtual_minimum_uid = 1
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {folder}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {realm}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_error_sleep_time = 0
# A line that does not end in CRLF is refused.
smtpd_forbid_bare_newline = reject
"""
ONE_FOR_ALL = """\
virtual_mailbox_domains = firm.example
virtual_mailbox_base = {folder}
virtual_mailbox_maps = static:inbox/
"""
MASTER = """\
{address}:{port} inet n - n - - smtpd
{address}:{clear_port} inet n - n - - smtpd -o smtpd_tls_security_level=none
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
# Debian's Postfix looks for this file in the folder `sasl` beside main.cf.
SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/users
mech_list: PLAIN LOGIN
"""


@dataclass
class Postfix:
    """Port `port` asks for STARTTLS and a log-in; `clear_port` does not know STARTTLS. Mail to firm.example is kept."""

    folder: Path
    port: int
    clear_port: int
    certificate: Path
    trusted: ssl.SSLContext
    """What a client has that trusts this server's certificate alone."""
    process: subprocess.Popen[bytes]
    log: list[str] = field(default_factory=list)
    _rest: bytes = b""
    _sessions: int = 0

    def end_of_session(self) -> None:
        """Waits until the server has closed one connection more."""
        self._sessions += 1
        self.wait_for("disconnect from", self._sessions)

    def wait_for(self, words: str, times: int = 1) -> str:
        """The first line of the log with these words, or the one that makes them so many."""
        looked_at = found = 0
        while True:
            for line in self.log[looked_at:]:
                found += words in line
                if found == times:
                    return line
            looked_at = len(self.log)
            self._read_more(words)

    def received(self, message_id: str) -> bytes:
        """Waits until the message is in the Maildir; the file as it stands there."""
        queued = re.search(r"cleanup\[\d+\]: (\w+): ", self.wait_for(f"message-id=<{message_id}>"))
        assert queued
        delivered = self.wait_for(f"{queued[1]}: to=<")
        assert "status=sent" in delivered, delivered
        [found] = [raw for raw in self.inbox() if f"\nMessage-ID: <{message_id}>\n".encode() in raw]
        return found

    def inbox(self) -> list[bytes]:
        """Everything that was received."""
        return [file.read_bytes() for file in sorted((self.folder / "inbox" / "new").glob("*"))]

    def fileno(self) -> int:
        """Readable when `read` has something to answer."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def read(self) -> list[str]:
        """Waits for more of the log; its new lines."""
        piece = os.read(self.fileno(), 1 << 16)
        assert piece, "Postfix has ended:\n" + "\n".join(self.log)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        said = [line.decode(errors="replace") for line in lines]
        self.log += said
        return said

    def _read_more(self, wanted: str) -> None:
        readable, _, _ = select.select([self], [], [], PATIENCE_SECONDS)
        assert readable, f"no line with {wanted!r} in:\n" + "\n".join(self.log)
        self.read()


@contextmanager
def running_postfix(delivery: str = ONE_FOR_ALL, services: str = "", password: str = PASSWORD) -> Iterator[Postfix]:
    """`delivery` are settings that say where mail goes, `services` are lines of master.cf; {folder} stands for its
    own folder in both."""
    if os.geteuid() != 0 or not (shutil.which("postfix") and shutil.which("saslpasswd2")):
        pytest.skip("needs root, and Postfix and saslpasswd2 installed")
    with TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        _add_user(folder, password)
        with _running(folder, delivery, services) as running:
            yield running


@contextmanager
def _running(folder: Path, delivery: str, services: str) -> Iterator[Postfix]:
    certificate = _prepare(folder, port := free_port(), clear_port := free_port(), delivery, services)
    trusted = ssl.create_default_context(cafile=certificate)
    command = ["postfix", "-c", str(folder / "etc"), "start-fg"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        running = Postfix(folder, port, clear_port, certificate, trusted, process)
        try:
            running.wait_for("daemon started")
            yield running
        finally:
            master = folder / "queue" / "pid" / "master.pid"
            if master.exists():
                os.kill(int(master.read_text()), signal.SIGTERM)
            else:
                process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def _prepare(folder: Path, port: int, clear_port: int, delivery: str, services: str) -> Path:
    """Everything that Postfix reads. Answers the file with the certificate to trust."""
    key, text = self_signed("mx.firm.example")
    (folder / "server.pem").write_text(key + text)
    certificate = folder / "authority.pem"
    certificate.write_text(text)
    folder.chmod(0o755)  # Postfix's own users have to pass
    for made in ("etc/sasl", "queue", "data", "inbox"):
        (folder / made).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "inbox", "nobody")
    known = {"folder": folder, "address": ADDRESS, "port": port, "clear_port": clear_port, "realm": REALM}
    owner = (folder / "inbox").stat().st_uid
    (folder / "etc" / "main.cf").write_text((MAIN + delivery).format(**known, owner=owner))
    (folder / "etc" / "master.cf").write_text((MASTER + services).format(**known))
    (folder / "etc" / "sasl" / "smtpd.conf").write_text(SASL.format(**known))
    return certificate


def _add_user(folder: Path, password: str) -> None:
    users = folder / "users"
    subprocess.run(
        ["saslpasswd2", "-c", "-p", "-f", users, "-u", REALM, USER], input=password.encode(), check=True, timeout=30
    )
    shutil.chown(users, "postfix")


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind((ADDRESS, 0))
        port: int = opened.getsockname()[1]
        return port


def self_signed(host: str) -> tuple[str, str]:
    """Key and certificate of a server that is its own authority, as PEM. Of two with one name only one is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = SystemClock().now()
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ADDRESS))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
