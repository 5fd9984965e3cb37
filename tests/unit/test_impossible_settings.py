"""Settings that a library would refuse later: one clear line at the start (CONTRACT.md)."""

from pathlib import Path

import pytest

from app.settings import load_settings
from app.startup_errors import StartupError
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


@pytest.mark.parametrize("name", ["HELP_URL", "PRIVACY_URL", "TERMS_URL"])
@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", "www.example.com", "https://", "https://a.example/b c"]
)
def test_a_link_of_the_operator_must_be_a_url(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    lines = refusal_of(monkeypatch, **{name: value})

    assert lines == (f"{name}: must be a URL such as https://www.example.com/help",)


def test_a_logo_for_dark_mode_requires_a_logo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logo = tmp_path / "dark.png"
    logo.touch()

    lines = refusal_of(monkeypatch, BRAND_LOGO_DARK=str(logo))

    assert lines == ("BRAND_LOGO_DARK requires BRAND_LOGO: set both",)


def test_the_mail_templates_must_be_in_a_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = refusal_of(monkeypatch, MAIL_TEMPLATES_DIR=str(tmp_path / "missing"))

    assert lines == ("MAIL_TEMPLATES_DIR: must name a readable directory",)


@pytest.mark.parametrize("value", ["ada@example.com", "https://example.com", "a_b.example", "-.x"])
def test_the_domains_of_webfinger_must_be_domains(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    lines = refusal_of(monkeypatch, WEBFINGER_DOMAINS=f"example.com,{value}")

    assert lines == ("WEBFINGER_DOMAINS: must be domains such as example.com, in ASCII (xn--…)",)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"DYNAMIC_REGISTRATION": "open"},
            "PROFILE=fapi2 excludes DYNAMIC_REGISTRATION=open: use token or off",
        ),
        (
            {"AUTHORIZATION_CODE_TTL": "61"},
            "PROFILE=fapi2 requires AUTHORIZATION_CODE_TTL to be at most 60",
        ),
    ],
)
def test_the_profile_excludes_other_settings(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], line: str
) -> None:
    """FAPI 2.0 section 5.3.2.1"""
    assert refusal_of(monkeypatch, PROFILE="fapi2", **variables) == (line,)


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    return str(Authority(tmp_path).ca_file)


def test_the_settings_of_client_certificates_belong_together(
    monkeypatch: pytest.MonkeyPatch, ca_file: str
) -> None:
    """RFC 8705: a start that serves certificates only in part is refused"""
    cases: tuple[tuple[dict[str, str], str], ...] = (
        ({"MTLS_HEADER_FORMAT": "nginx"}, "MTLS_HEADER_FORMAT requires TRUSTED_PROXIES"),
        ({"MTLS_PORT": "5443"}, "MTLS_PORT requires TLS_CERT_FILE"),
        ({"MTLS_PORT": "5443", "MTLS_CA_FILE": ca_file}, "MTLS_PORT requires TLS_CERT_FILE"),
        ({"MTLS_CA_FILE": ca_file}, "MTLS_CA_FILE requires MTLS_HEADER_FORMAT or MTLS_PORT"),
        ({"MTLS_URL": "https://m.example.com"}, "MTLS_URL requires MTLS_HEADER_FORMAT"),
        (
            {
                "MTLS_PORT": "5443",
                "PORT": "5443",
                "MTLS_CA_FILE": ca_file,
                "TLS_CERT_FILE": ca_file,
                "TLS_KEY_FILE": ca_file,
            },
            "MTLS_PORT must not be PORT",
        ),
    )
    for variables, beginning in cases:
        with monkeypatch.context() as patch:
            lines = refusal_of(patch, **variables)
        assert len(lines) == 1
        assert lines[0].startswith(beginning)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MTLS_HEADER_FORMAT", "envoy"),
        ("MTLS_HEADER", "client cert"),
        ("MTLS_HEADER", "Authorization"),
        ("MTLS_HEADER", "x-forwarded-for"),
        ("MTLS_PORT", "0"),
        ("MTLS_URL", "http://mtls.example.com"),
        ("MTLS_URL", "https://mtls.example.com/path"),
        ("MTLS_URL", "https://mtls.example.com?a"),
    ],
)
def test_an_invalid_setting_of_client_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    variables = {"MTLS_HEADER_FORMAT": "nginx", "TRUSTED_PROXIES": "127.0.0.1", name: value}

    lines = refusal_of(monkeypatch, **variables)

    assert len(lines) == 1
    assert lines[0].startswith(f"{name}: ")


def test_a_file_without_authorities_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "authorities.pem"
    file.write_text("nothing")

    lines = refusal_of(monkeypatch, MTLS_CA_FILE=str(file))

    assert lines == ("MTLS_CA_FILE: must be a file with certificates in PEM format",)
