"""Reads settings from the environment and `.env`; a mistake is one line for the operator."""

import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.errors import StartupError
from app.settings.development import with_development_secret
from app.settings.misspelt import misspelt_settings
from app.settings.model import Environment, Settings, SettingsProblemsError


def load_settings(
    *,
    unset_environment: Environment = "production",
    creates_secret: bool = True,
    **overrides: Any,
) -> Settings:
    """Reads the environment and `.env`; raises `StartupError` with one line per mistake.

    `unset_environment` counts where neither APP_ENV nor its older name FLASK_ENV is set. Without
    `creates_secret` no key is written in development.
    """
    values = {name: value for name, value in overrides.items() if value is not None}
    values.setdefault(
        "app_env",
        environment_value("APP_ENV") or environment_value("FLASK_ENV") or unset_environment,
    )
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise StartupError(*_lines(error), *misspelt_settings()) from None
    if settings.is_production or not creates_secret:
        return settings
    return with_development_secret(settings)


def flask_env_asks_for_https() -> bool:
    """The original server spoke https with a self-made certificate under FLASK_ENV=development."""
    is_older = environment_value("APP_ENV") is None
    return is_older and environment_value("FLASK_ENV") == "development"


def environment_value(name: str) -> str | None:
    """A variable of the environment or of `.env`; an empty one counts as not set."""
    value = os.environ.get(name) or _from_file(name)
    return value.strip() if value and value.strip() else None


def _from_file(name: str) -> str | None:
    from dotenv import dotenv_values  # late: most servers have no such file

    return dotenv_values(".env").get(name) if Path(".env").is_file() else None


def _lines(error: ValidationError) -> list[str]:
    """One line per mistake; never the value, which may be a secret."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, SettingsProblemsError):
            lines.extend(cause.problems)
            continue
        name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        message = str(cause) if cause is not None else problem["msg"]
        lines.append(f"{name}: {message[:1].lower()}{message[1:]}")
    return lines
