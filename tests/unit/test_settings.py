"""Settings: typed, checked at start, one clear line for each mistake (CONTRACT.md)."""

import os
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings, load_settings
from app.startup_errors import StartupError

SECRET_KEY = "a-good-Key-Qm4x8sV1cN7pLz0eR5tYw2uB9"
PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": SECRET_KEY,
    "ISSUER": "https://login.example.com",
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.lower() in {*Settings.model_fields, "flask_env"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    def load_from(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load_from


def lines_of(load: Any, **variables: str) -> tuple[str, ...]:
    with pytest.raises(StartupError) as refusal:
        load(**variables)
    return refusal.value.lines


def test_the_defaults_match_the_documentation() -> None:
    """CONTRACT: settings"""
    made = load_settings(unset_environment="development")

    assert made.database_url == "sqlite:///./data/postern.db"
    assert made.port == 5000
    assert made.issuer_url == "http://localhost:5000"
    assert made.otp_label == "ThisOAuthServer"
    assert made.otp_policy == "enrolled"
    assert made.access_token_ttl == 3600
    assert made.refresh_token_ttl == 30 * 86_400
    assert made.refresh_token_max_ttl == 90 * 86_400
    assert made.body_limit == 64 * 1024
    assert made.registration_is_open
    assert made.worker_count == 1
    assert made.argon2_memory_kib == 19_456
    assert made.argon2_time_cost == 2
    assert made.argon2_parallelism == 1


def test_production_with_a_key_and_an_https_issuer_starts_with_registration_closed(
    load: Any,
) -> None:
    made = load(**PRODUCTION)

    assert made.is_production
    assert not made.registration_is_open
    assert made.issuer_url == "https://login.example.com"


@pytest.mark.parametrize(
    ("variables", "environment"),
    [
        ({"APP_ENV": "development"}, "development"),
        ({"APP_ENV": " Development "}, "development"),
        ({"FLASK_ENV": "development"}, "development"),
        ({**PRODUCTION, "FLASK_ENV": "development"}, "production"),
        ({"APP_ENV": "development", "FLASK_ENV": "production"}, "development"),
        ({"SECRET_KEY": SECRET_KEY, "ISSUER": "https://login.example.com"}, "production"),
        ({**PRODUCTION, "APP_ENV": "", "FLASK_ENV": "production"}, "production"),
    ],
)
def test_app_env_and_flask_env_determine_the_environment(
    load: Any, variables: dict[str, str], environment: str
) -> None:
    """CONTRACT: APP_ENV; FLASK_ENV is its older name; unset is production"""
    assert load(**variables).app_env == environment


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY"),
        ({"SECRET_KEY": "please-changeme-" + SECRET_KEY}, "SECRET_KEY"),
        ({"SECRET_KEY": "abababababababababababababababababab"}, "SECRET_KEY"),
        ({"ISSUER": ""}, "ISSUER"),
        ({"ISSUER": "http://login.example.com"}, "ISSUER"),
        ({"ISSUER": "login.internal"}, "ISSUER"),
        ({"ADMIN_TOKEN": "admin"}, "ADMIN_TOKEN"),
        ({"ADMIN_TOKEN": "password-password-password"}, "ADMIN_TOKEN"),
        ({"DATABASE_URL": "postgresql://postern:postern@db/postern"}, "DATABASE_URL"),
    ],
)
def test_production_refuses_weak_settings_with_a_one_line_error(
    load: Any, variables: dict[str, str], name: str
) -> None:
    """SECURITY_BAR row 48"""
    (line,) = lines_of(load, **{**PRODUCTION, **variables})

    assert name in line
    assert "\n" not in line
    assert all(value not in line for value in variables.values() if value)


def test_production_reports_all_invalid_settings_at_once(load: Any) -> None:
    """SECURITY_BAR row 48"""
    lines = lines_of(load, APP_ENV="production", ADMIN_TOKEN="admin")

    assert [line.split(" ")[0] for line in lines] == ["SECRET_KEY", "ADMIN_TOKEN", "ISSUER"]


def test_an_admin_token_must_have_at_least_32_characters_in_production(load: Any) -> None:
    """CONTRACT: ADMIN_TOKEN; SECURITY_BAR row 48"""
    token = "Vr3kq9ZtW8yLm2Xb5Nc7Hs4Dp6Gf1Jk"

    lines = lines_of(load, **PRODUCTION, ADMIN_TOKEN=token)

    assert [line.split(" ")[0] for line in lines] == ["ADMIN_TOKEN"]
    assert load(**PRODUCTION, ADMIN_TOKEN=f"{token}q").admin_token is not None


def test_development_accepts_settings_that_production_refuses(load: Any) -> None:
    made = load(
        APP_ENV="development",
        SECRET_KEY="dev",
        ADMIN_TOKEN="admin",
        ISSUER="http://localhost:5000",
        DATABASE_URL="postgresql://postern:postern@db/postern",
    )

    assert made.secret_key is not None
    assert made.secret_key.get_secret_value() == "dev"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "staging"),
        ("DATABASE_URL", "mysql://db/postern"),
        ("DATABASE_URL", "postern.db"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "postgresql://db:port/postern"),
        ("PORT", "http"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("ISSUER", "https://"),
        ("ISSUER", "ftp://login.example.com"),
        ("ISSUER", "https://login.example.com?tenant=1"),
        ("ISSUER", "https://login.example.com?"),
        ("ISSUER", "https://login.example.com#top"),
        ("ISSUER", "https://login.example.com#"),
        ("ISSUER", "https://user@login.example.com"),
        ("ISSUER", "https://login.example.com:port"),
        ("ISSUER", "https://login example.com"),
        ("ISSUER", "https://[::1"),
        ("REGISTRATION", "maybe"),
        ("OTP_POLICY", "never"),
        ("OTP_ISSUER", "x" * 65),
        ("ACCESS_TOKEN_TTL", "1h"),
        ("ACCESS_TOKEN_TTL", "0"),
        ("REFRESH_TOKEN_TTL", "-5"),
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("TRUSTED_PROXIES", "proxy.example.com"),
        ("TLS_CERT_FILE", "/nowhere/cert.pem"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
        ("SQLITE_SYNCHRONOUS", "OFF"),
        ("BODY_LIMIT", "1"),
        ("DOCS", "perhaps"),
    ],
)
def test_an_invalid_value_is_a_one_line_error_that_names_the_setting(
    load: Any, name: str, value: str
) -> None:
    """CONTRACT: a wrong setting is one line that names it"""
    (line,) = lines_of(load, **{"APP_ENV": "development", name: value})

    assert line.startswith(f"{name}: ")
    assert "\n" not in line


@pytest.mark.parametrize("name", ["SECRET_KEY", "ADMIN_TOKEN", "SECRET_KEY_PREVIOUS"])
def test_representations_of_the_settings_do_not_contain_secrets(load: Any, name: str) -> None:
    """SECURITY_BAR row 13"""
    made = load(APP_ENV="development", **{name: "hunter2-hunter2"})

    assert "hunter2" not in repr(made)
    assert "hunter2" not in str(made.model_dump())


def test_the_error_for_an_invalid_database_url_does_not_contain_the_password(load: Any) -> None:
    """SECURITY_BAR row 13"""
    (line,) = lines_of(load, APP_ENV="development", DATABASE_URL="mysql://root:hunter2@db/x")

    assert "hunter2" not in line


def test_tls_certificate_and_key_must_be_set_together(load: Any, tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("certificate")

    (line,) = lines_of(load, APP_ENV="development", TLS_CERT_FILE=str(file))

    assert "TLS_CERT_FILE" in line
    assert "TLS_KEY_FILE" in line


def test_the_idle_lifetime_of_a_refresh_token_cannot_exceed_its_total_lifetime(load: Any) -> None:
    (line,) = lines_of(load, APP_ENV="development", REFRESH_TOKEN_MAX_TTL="60")

    assert "REFRESH_TOKEN_MAX_TTL" in line


def test_environment_variables_override_the_dotenv_file(load: Any, tmp_path: Path) -> None:
    """CONTRACT: environment or `.env`"""
    (tmp_path / ".env").write_text("APP_ENV=development\nPORT=5001\nOTP_ISSUER=From the file\n")

    made = load(PORT="5002")

    assert made.app_env == "development"
    assert made.port == 5002
    assert made.otp_issuer == "From the file"


def test_lists_are_separated_by_commas_or_spaces(load: Any) -> None:
    made = load(
        APP_ENV="development",
        TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1 ::1",
        SECRET_KEY_PREVIOUS="one,two",
    )

    assert made.trusted_proxies == ("10.0.0.0/8", "127.0.0.1", "::1")
    assert [key.get_secret_value() for key in made.secret_key_previous] == ["one", "two"]


def test_an_empty_value_is_treated_as_unset(load: Any) -> None:
    """Platforms and compose files set variables to nothing."""
    made = load(APP_ENV="development", PORT="", ADMIN_TOKEN="", DATABASE_URL="", REGISTRATION="")

    assert made.port == 5000
    assert made.admin_token is None
    assert made.is_sqlite


def test_in_development_a_generated_key_is_stored_beside_the_database(
    load: Any, tmp_path: Path
) -> None:
    """CONTRACT: a generated secret is kept beside the database"""
    first = load(APP_ENV="development", DATABASE_URL=f"sqlite:///{tmp_path}/here/postern.db")
    second = load()

    file = tmp_path / "here" / "secret_key"
    assert first.secret_key is not None
    assert first.secret_key == second.secret_key
    assert len(first.secret_key.get_secret_value()) >= 43
    assert file.read_text().strip() == first.secret_key.get_secret_value()
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in file.parent.iterdir()] == ["secret_key"]


def test_an_unwritable_directory_is_a_one_line_error(load: Any) -> None:
    """CONTRACT: an unwritable directory is one line that names the setting"""
    (line,) = lines_of(load, APP_ENV="development", DATABASE_URL="sqlite:////dev/null/x.db")

    assert line.startswith("DATABASE_URL: ")
    assert "/dev/null" in line


def test_a_trailing_slash_of_the_issuer_is_removed(load: Any) -> None:
    """RFC 8414 section 3: the issuer and the path of the metadata are put together"""
    made = load(**{**PRODUCTION, "ISSUER": "https://login.example.com/"})

    assert made.issuer_url == "https://login.example.com"


def test_the_default_is_one_worker_on_sqlite_and_one_per_core_on_postgresql(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)

    assert load(APP_ENV="development").worker_count == 1
    assert load(DATABASE_URL="postgres://db/postern").worker_count == 3
    assert load(WORKERS="5").worker_count == 5


@pytest.mark.parametrize(
    ("variables", "label"),
    [
        ({}, "ThisOAuthServer"),
        ({"BRAND_NAME": "Acme"}, "Acme"),
        ({"BRAND_NAME": "Acme: Sign in"}, "Acme Sign in"),
        ({"BRAND_NAME": "::"}, "ThisOAuthServer"),
        ({"BRAND_NAME": ""}, "ThisOAuthServer"),
        ({"BRAND_NAME": "Acme", "OTP_ISSUER": "Acme Staff"}, "Acme Staff"),
    ],
)
def test_the_otp_label_defaults_to_the_brand_name(
    load: Any, variables: dict[str, str], label: str
) -> None:
    """CONTRACT: `otp_uri`'s issuer label is OTP_ISSUER, else BRAND_NAME, else ThisOAuthServer"""
    assert load(APP_ENV="development", **variables).otp_label == label
