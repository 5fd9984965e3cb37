"""https with a self-made certificate that is kept, or with one's own (CONTRACT.md)."""

import ssl
from pathlib import Path

import httpx

from app.server.certificate import kept_certificate
from tests.cli.processes import serving


def trusting(certificate: Path) -> ssl.SSLContext:
    """As strict as Python is by default from 3.13 on."""
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_the_certificate_is_good_for_localhost_and_kept_between_starts(tmp_path: Path) -> None:
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


def test_ones_own_certificate_is_served(tmp_path: Path) -> None:
    """CONTRACT: TLS_CERT_FILE and TLS_KEY_FILE"""
    certificate, key = kept_certificate(tmp_path / "mine")

    with serving(tmp_path, TLS_CERT_FILE=str(certificate), TLS_KEY_FILE=str(key)) as server:
        port = server.url.rpartition(":")[2]
        answer = httpx.get(f"https://localhost:{port}/health/live", verify=trusting(certificate))

    assert answer.status_code == 200
    assert server.url.startswith("https://")


def test_a_certificate_that_is_no_certificate_is_made_anew(tmp_path: Path) -> None:
    first, _ = kept_certificate(tmp_path)
    before = first.read_bytes()
    first.write_text("")

    second, _ = kept_certificate(tmp_path)

    assert second.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert second.read_bytes() != before
