"""A misspelt setting in `.env` would be ignored in silence."""

from pathlib import Path

import pytest

from app.errors import StartupError
from app.settings import Settings, load_settings, misspelt_settings


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
def test_a_name_that_is_almost_one_of_ours_is_told(tmp_path: Path, name: str, meant: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=a-value\n")

    assert misspelt_settings(file) == [f"{name} in .env is not a setting. Did you mean {meant}?"]


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "COMPOSE_PROJECT_NAME", "TOKEN", "TZ", "X"])
def test_a_name_that_is_somebody_elses_is_not(tmp_path: Path, name: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=a-value\n")

    assert misspelt_settings(file) == []


def test_no_setting_of_ours_is_taken_for_another(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    names = [name.upper() for name in Settings.model_fields]
    file.write_text("".join(f"{name}=a-value\n{name.lower()}=a-value\n" for name in names))

    assert misspelt_settings(file) == []


def test_without_a_file_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert misspelt_settings(tmp_path / ".env") == []


def test_a_start_that_is_refused_names_it_too(
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
