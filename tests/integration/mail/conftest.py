"""Certificates made for the run, and what every test of a handover needs."""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camd.system import SystemClock

NOW = SystemClock().now()
"""The machine's clock judges certificates."""


@dataclass(slots=True)
class Mark:
    """Counts the calls of `on_wire`; raises `error` where there is one."""

    error: Exception | None = None
    calls: int = 0

    async def __call__(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.calls += 1
        if self.error:
            raise self.error


@pytest.fixture
def mark() -> Mark:
    return Mark()


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates of servers; `trusted` is what a client has that trusts it alone."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())

    def server(self, host: str = "127.0.0.1", *, days: int = 1) -> ssl.SSLContext:
        """For a server at `host`, until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(self.key, key, host, days)
        file = self.folder / f"{host} {days}.pem"
        file.write_bytes(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(tmp_path_factory.mktemp("tls"), key, _certificate(key, key, None, 2))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    issuer_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, host: str | None, days: int
) -> x509.Certificate:
    """Of the server `host`, or without one of the authority itself."""
    is_authority = host is None
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_called(host or "authority"))
        .issuer_name(_called("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=3))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if host is not None:
        names = [x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
