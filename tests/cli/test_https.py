"serve https with a self-signed certificate, generated once, or with one's own (CONTRACT.md)."

import socket
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.server.certificate import stored_certificate
from tests.cli.processes import serving

pytestmark = pytest.mark.slow


def trusting(certificate: Path) -> ssl.SSLContext:
    """As strict as Python is by default from 3.13 on."""
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.fixture(scope="module")
def https_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server with a self-made certificate."""
    with serving(tmp_path_factory.mktemp("https"), "--https") as server:
        yield int(server.url.rpartition(":")[2])


def test_the_certificate_is_valid_for_localhost_and_reused_after_a_restart(tmp_path: Path) -> None:
    """CONTRACT: `postern serve --https`: a self-made certificate that is kept"""
    file = tmp_path / "data" / "localhost-cert.pem"
    key = tmp_path / "data" / "localhost-key.pem"
    seen = []
    for arguments, variables in ((("--https",), {}), ((), {"FLASK_ENV": "development"})):
        with serving(tmp_path, *arguments, **variables) as server:
            port = server.url.rpartition(":")[2]
            for host in ("localhost", "127.0.0.1"):
                answer = httpx.get(f"https://{host}:{port}/health/ready", verify=trusting(file))
                assert answer.status_code == 200
            metadata = httpx.get(
                f"https://localhost:{port}/.well-known/oauth-authorization-server",
                verify=trusting(file),
            ).json()
            seen.append(file.read_bytes())

        assert server.url == f"https://127.0.0.1:{port}"
        assert metadata["issuer"] == f"https://localhost:{port}"
        assert "curl -k -X POST https://localhost" in server.banner()

    assert seen[0] == seen[1]
    assert key.stat().st_mode & 0o077 == 0


def test_a_configured_certificate_is_served(tmp_path: Path) -> None:
    """CONTRACT: TLS_CERT_FILE and TLS_KEY_FILE"""
    certificate, key = stored_certificate(tmp_path / "mine")

    with serving(tmp_path, TLS_CERT_FILE=str(certificate), TLS_KEY_FILE=str(key)) as server:
        port = server.url.rpartition(":")[2]
        answer = httpx.get(f"https://localhost:{port}/health/live", verify=trusting(certificate))

    assert answer.status_code == 200
    assert server.url.startswith("https://")


def test_an_invalid_certificate_file_is_replaced(tmp_path: Path) -> None:
    first, _ = stored_certificate(tmp_path)
    before = first.read_bytes()
    first.write_text("")

    second, _ = stored_certificate(tmp_path)

    assert second.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert second.read_bytes() != before


@pytest.mark.parametrize(
    ("suite", "is_accepted"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", True),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", False),
        ("ECDHE-ECDSA-AES128-SHA256", False),
        ("ECDHE-ECDSA-AES256-SHA384", False),
        ("ECDHE-ECDSA-AES128-SHA", False),
        ("ECDHE-ECDSA-AES256-SHA", False),
        ("ECDHE-ECDSA-AES128-CCM", False),
    ],
)
def test_tls_1_2_accepts_only_cipher_suites_with_authenticated_encryption(
    https_server: int, suite: str, *, is_accepted: bool
) -> None:
    """RFC 9325 section 4.2, FAPI 2.0 section 5.2.2: ECDHE with AES-GCM, and no CBC"""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{suite}:@SECLEVEL=0")

    with socket.create_connection(("127.0.0.1", https_server), timeout=10) as connection:
        if is_accepted:
            with context.wrap_socket(connection) as secured:
                assert secured.cipher()[0] == suite  # type: ignore[index]
        else:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection)


def test_tls_1_3_is_accepted_and_tls_1_1_is_refused(https_server: int) -> None:
    """RFC 8996"""
    versions = {}
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", https_server), timeout=10) as connection:
            try:
                with context.wrap_socket(connection):
                    versions[version.name] = True
            except ssl.SSLError:
                versions[version.name] = False

    assert versions == {"TLSv1_3": True, "TLSv1_1": False}
