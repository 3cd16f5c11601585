"""Certificates for thousands of hosts, signed by an authority of the benchmark's own."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

HOSTS_EACH = 20
"""Hosts of one certificate, so that its size is usual."""


class Authority:
    """Signs certificates; `bundle` has its own one and those that the system trusts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Benchmark authority")
        certificate = self._signed(self._name, self._key, [], authority=True)
        own = certificate.public_bytes(Encoding.PEM).decode()
        system = ssl.get_default_verify_paths().cafile
        trusted = Path(system).read_text() if system and Path(system).exists() else ""
        self.bundle = folder / "authorities.pem"
        self.bundle.write_text(trusted + own)

    def contexts(self, hosts: Sequence[str]) -> dict[str, ssl.SSLContext]:
        """Return a server's TLS context for each host."""
        key = ec.generate_private_key(ec.SECP256R1())
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        found: dict[str, ssl.SSLContext] = {}
        for start in range(0, len(hosts), HOSTS_EACH):
            some = hosts[start : start + HOSTS_EACH]
            certificate = self._signed(_named(some[0][:60]), key, some, authority=False)
            path = self._folder / f"{start}.pem"
            path.write_bytes(plain + certificate.public_bytes(Encoding.PEM))
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(path)
            found |= dict.fromkeys(some, context)
        return found

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        hosts: Sequence[str],
        *,
        authority: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            made = made.add_extension(names, critical=False)
        return made.sign(self._key, SHA256())


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
