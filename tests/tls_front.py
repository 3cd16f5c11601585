"""A TLS front of a host, as a load balancer is: it hides paths and pipes everything else."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HIDDEN = (b"/@", b"/metrics", b"/health/ready")
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CHUNK = 65_536


@dataclass(frozen=True)
class Certificate:
    """A certificate for `localhost` and 127.0.0.1 that signs itself, and its key."""

    certificate: Path
    key: Path


def certificate(folder: Path, days: int = 90) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / "certificate.pem", folder / "key.pem")
    found.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return found


def context_of(given: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate, given.key)
    return context


@contextmanager
def tls_front(
    context: ssl.SSLContext, target: int = 0, hidden: tuple[bytes, ...] = HIDDEN
) -> Iterator[int]:
    """The port of a front; without a target it shakes hands only. Sees one request a connection."""

    class Connection(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as client:
                first = client.recv(CHUNK)
                if not target or first.split(b" ", 2)[1:2][0].startswith(hidden):
                    client.sendall(NOT_FOUND)
                    return
                with socket.create_connection(("127.0.0.1", target)) as host:
                    host.sendall(first)
                    back = threading.Thread(target=_pipe, args=(host, client), daemon=True)
                    back.start()
                    _pipe(client, host)
                    back.join()

        def finish(self) -> None:
            with suppress(OSError):
                self.request.close()

    server = ThreadingTCPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(CHUNK):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
