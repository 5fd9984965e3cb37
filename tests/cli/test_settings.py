"""`postern settings list`: what is in force, where it comes from, and nothing secret."""

import json
from pathlib import Path
from typing import Any

from app.settings import Settings
from tests.cli.conftest import Postern, Result

SECRET = "fJ2kQ-s3cret-of-the-tests"


def files_below(directory: Path) -> list[Path]:
    return list(directory.rglob("*"))


def settings_of(result: Result) -> dict[str, dict[str, Any]]:
    assert result.code == 0, result.errors
    return {each["name"]: each for each in json.loads(result.output)}


async def test_every_setting_is_listed_with_its_value_and_source(
    postern: Postern, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("ACCESS_TOKEN_TTL=601\nPORT=5001\nsession_ttl=602\nWORKERS=\n")

    settings = settings_of(await postern("settings", "list", "--json", PORT="5002"))

    assert set(settings) == {name.upper() for name in Settings.model_fields}
    named = ("PORT", "ACCESS_TOKEN_TTL", "SESSION_TTL", "WORKERS", "ISSUER")
    assert [(settings[name]["value"], settings[name]["source"]) for name in named] == [
        ("5002", "environment"),
        ("601", ".env"),
        ("602", ".env"),
        ("1", "default"),
        ("http://localhost:5002", "default"),
    ]


async def test_an_empty_variable_leaves_the_value_of_the_file(
    postern: Postern, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=5001\n")

    settings = settings_of(await postern("settings", "list", "--json", PORT=""))

    assert (settings["PORT"]["value"], settings["PORT"]["source"]) == ("5001", ".env")


async def test_the_older_name_of_app_env_is_its_source(postern: Postern) -> None:
    settings = settings_of(await postern("settings", "list", "--json", FLASK_ENV="development"))

    assert settings["APP_ENV"]["value"] == "development"
    assert settings["APP_ENV"]["source"] == "environment"


async def test_secrets_are_only_said_to_be_set_or_not_set(postern: Postern) -> None:
    variables = {
        "ADMIN_TOKEN": SECRET,
        "DATABASE_URL": f"postgresql://ada:{SECRET}@db.example.com/postern",
    }

    as_json = await postern("settings", "list", "--json", **variables)
    as_text = await postern("settings", "list", **variables)

    settings, lines = settings_of(as_json), [line.split() for line in as_text.output.splitlines()]
    assert SECRET not in as_json.output + as_json.errors + as_text.output + as_text.errors
    assert settings["ADMIN_TOKEN"] == {
        "name": "ADMIN_TOKEN",
        "value": None,
        "source": "environment",
        "is_secret": True,
        "is_set": True,
    }
    assert settings["SMTP_PASSWORD"]["is_set"] is False
    assert settings["DATABASE_URL"]["value"] == "postgresql://ada:***@db.example.com/postern"
    assert lines[0] == ["name", "value", "source"]
    assert ["ADMIN_TOKEN", "set", "environment"] in lines
    assert ["SMTP_PASSWORD", "not", "set", "default"] in lines


async def test_no_database_is_needed_or_created(postern: Postern, tmp_path: Path) -> None:
    result = await postern("settings", "list", SECRET_KEY="")

    assert result.code == 0
    assert files_below(tmp_path) == []


async def test_a_misspelt_setting_is_named(postern: Postern, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"ACCES_TOKEN_TTL={SECRET}\n")

    result = await postern("settings", "list")

    assert "Did you mean ACCESS_TOKEN_TTL?" in result.errors
    assert SECRET not in result.errors


async def test_settings_that_are_invalid_are_named_with_exit_code_2(postern: Postern) -> None:
    result = await postern("settings", "list", PORT="soon")

    assert (result.code, result.output) == (2, "")
    assert "PORT" in result.errors
