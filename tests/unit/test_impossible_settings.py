"""Settings that a library would refuse later: one clear line at the start (CONTRACT.md)."""

from pathlib import Path

import pytest

from app.errors import StartupError
from app.settings import load_settings
from tests.support.peer import Authority


def refusal_of(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[str, ...]:
    for name, value in {"APP_ENV": "development", **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StartupError) as refused:
        load_settings(creates_secret=False)
    return refused.value.lines


def test_argon2_needs_memory_for_each_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9106 section 3.1"""
    lines = refusal_of(monkeypatch, ARGON2_MEMORY_KIB="127", ARGON2_PARALLELISM="16")

    assert len(lines) == 1
    assert lines[0].startswith("ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM")


@pytest.mark.parametrize("content", ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nAA\n"])
def test_a_ca_file_without_valid_certificates_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "authorities.pem"
    file.write_text(content)

    lines = refusal_of(monkeypatch, OUTBOUND_CA_FILE=str(file))

    assert lines == ("OUTBOUND_CA_FILE: must name a file with certificates in PEM format",)


def test_a_ca_file_with_a_certificate_is_accepted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("APP_ENV", "development")
    monkeypatch.setenv("OUTBOUND_CA_FILE", str(authority.ca_file))

    assert load_settings(creates_secret=False).outbound_ca_file == authority.ca_file
