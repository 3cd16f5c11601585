"""Check the TLS versions and the certificate of a deployment."""

import socket
import ssl
import time
import warnings
from datetime import UTC, datetime

from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside.address import TIMEOUT_SECONDS, Address

HTTPS_PORT = 443
DAYS_LEFT = 14
SECONDS_A_DAY = 86_400
OLD_SUITES = "DEFAULT:@SECLEVEL=0"
"""OpenSSL ciphers with which this client can offer TLS 1.0 and 1.1."""


def check(address: Address) -> list[Finding]:
    """Check scheme, certificate and protocol versions."""
    if address.parts.scheme != "https":
        return [_plain(address)]
    port = address.parts.port or HTTPS_PORT
    found = [_certificate(address.host, port)]
    if found[0].state is not State.BLOCKS:
        found.append(_old_versions(address.host, port))
    return found


def _plain(address: Address) -> Finding:
    if address.stage == "local" or address.is_loopback:
        seen = f"not encrypted; {address.host} is on this machine"
        state = State.GOOD if address.stage == "local" else State.WARNING
        return Finding("encryption", state, seen, "" if state is State.GOOD else _USE_HTTPS)
    seen = "not encrypted: passwords and tokens can be read on the way"
    return Finding("encryption", State.BLOCKS, seen, _USE_HTTPS)


_USE_HTTPS = "Put a load balancer with a certificate in front and give its https URL."


def _certificate(host: str, port: int) -> Finding:
    context = ssl.create_default_context()
    try:
        with _connected(context, host, port) as connection:
            version = connection.version() or "unknown"
            until = ssl.cert_time_to_seconds(str((connection.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        do = "Install a certificate for this name with its chain (SSL_CERT_FILE: CAs of your own)."
        return Finding("encryption", State.BLOCKS, error.verify_message, do)
    except OSError as error:
        do = "Check the name, the port and that the load balancer listens for TLS 1.2 or newer."
        return Finding("encryption", State.BLOCKS, f"no TLS connection: {error}", do)
    days = int((until - time.time()) / SECONDS_A_DAY)
    day = datetime.fromtimestamp(until, UTC).date().isoformat()
    seen = f"{version}, certificate valid until {day}"
    if days < DAYS_LEFT:
        do = "Renew the certificate, and find out why it was not renewed by itself."
        return Finding("encryption", State.WARNING, f"{seen}, {days} days", do)
    return Finding("encryption", State.GOOD, seen)


def _old_versions(host: str, port: int) -> Finding:
    """Try a connection with TLS 1.1 or older."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old on purpose
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers(OLD_SUITES)
    try:
        with _connected(context, host, port) as connection:
            seen = f"{connection.version()} is accepted"
    except OSError:
        return Finding("old protocols", State.GOOD, "TLS 1.1 and older are refused")
    do = "Choose a TLS policy of the load balancer that begins with TLS 1.2."
    return Finding("old protocols", State.BLOCKS, seen, do)


def _connected(context: ssl.SSLContext, host: str, port: int) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), timeout=TIMEOUT_SECONDS)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise
