"""The doctor's checks of TLS, against servers of this test."""

import ssl
import warnings
from pathlib import Path

import pytest
from tests.tls_front import Certificate, certificate, context_of, tls_front

from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside import encryption
from groundwork_command.outside.address import Stage, address_of


def seen(port: int, host: str = "localhost") -> dict[str, Finding]:
    found = encryption.check(address_of(f"https://{host}:{port}", "prod"))
    return {one.check: one for one in found}


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    return made


def test_the_doctor_accepts_a_trusted_certificate_with_new_protocols(trusted: Certificate) -> None:
    with tls_front(context_of(trusted)) as port:
        found = seen(port)
    assert {one.state for one in found.values()} == {State.GOOD}
    assert found["encryption"].seen.startswith("TLSv1.3, certificate valid until 20")


def test_a_self_signed_certificate_is_a_blocking_finding(tmp_path: Path) -> None:
    with tls_front(context_of(certificate(tmp_path))) as port:
        found = seen(port)
    assert found["encryption"].state is State.BLOCKS
    assert "self-signed" in found["encryption"].seen.replace(" ", "-")


def test_a_certificate_that_ends_soon_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, days=5)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    with tls_front(context_of(made)) as port:
        found = seen(port)["encryption"]
    assert found.state is State.WARNING
    assert "Renew" in found.do


def test_an_old_tls_protocol_is_a_blocking_finding(trusted: Certificate) -> None:
    context = context_of(trusted)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    with tls_front(context) as port:
        found = seen(port)["old protocols"]
    assert found.state is State.BLOCKS
    assert "TLSv1.1" in found.seen


def test_a_port_without_tls_is_a_blocking_finding() -> None:
    found = seen(1, "127.0.0.1")["encryption"]
    assert found.state is State.BLOCKS
    assert "no TLS connection" in found.seen


@pytest.mark.parametrize(
    ("url", "stage", "expected"),
    [
        ("http://api.example.org", "prod", State.BLOCKS),
        ("http://api.example.org", "dev", State.BLOCKS),
        ("http://127.0.0.1:8000", "prod", State.WARNING),
        ("http://127.0.0.1:8000", "local", State.GOOD),
    ],
)
def test_plain_http_is_for_this_machine_only(url: str, stage: Stage, expected: State) -> None:
    (found,) = encryption.check(address_of(url, stage))
    assert found.state is expected
