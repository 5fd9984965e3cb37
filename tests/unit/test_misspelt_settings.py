"""A misspelt setting in `.env` would be ignored in silence."""

from pathlib import Path

import pytest

from app.settings import Settings, load_settings, misspelt_settings
from app.startup_errors import StartupError


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ACCES_TOKEN_TTL", "ACCESS_TOKEN_TTL"),
        ("ACCESS_TOKENS_TTL", "ACCESS_TOKEN_TTL"),
        ("SECERT_KEY", "SECRET_KEY"),
        ("TRUSTED_PROXYS", "TRUSTED_PROXIES"),
        ("secret_ky", "SECRET_KEY"),
        ("FLASK_ENVV", "FLASK_ENV"),
    ],
)
def test_a_name_close_to_a_setting_gets_a_suggestion(tmp_path: Path, name: str, meant: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=a-value\n")

    assert misspelt_settings(file) == [f"{name} in .env is not a setting. Did you mean {meant}?"]


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "COMPOSE_PROJECT_NAME", "TOKEN", "TZ", "X"])
def test_an_unrelated_name_gets_no_suggestion(tmp_path: Path, name: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=a-value\n")

    assert misspelt_settings(file) == []


def test_no_valid_setting_is_mistaken_for_another(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    names = [name.upper() for name in Settings.model_fields]
    file.write_text("".join(f"{name}=a-value\n{name.lower()}=a-value\n" for name in names))

    assert misspelt_settings(file) == []


def test_a_missing_env_file_yields_no_suggestions(tmp_path: Path) -> None:
    assert misspelt_settings(tmp_path / ".env") == []


def test_a_refused_start_includes_the_suggestion_without_the_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value, which is a secret, is not repeated"""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("ISSUER", "https://login.example.com")
    (tmp_path / ".env").write_text("APP_ENV=production\nSECRET_KYE=the-value-itself\n")

    with pytest.raises(StartupError) as refusal:
        load_settings()

    assert refusal.value.lines[0].startswith("SECRET_KEY is required")
    assert refusal.value.lines[1:] == (
        "SECRET_KYE in .env is not a setting. Did you mean SECRET_KEY?",
    )
    assert "the-value-itself" not in str(refusal.value.lines)
