"""Load settings from the environment and `.env`, with one line for each mistake."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from app.settings.development import with_development_secret
from app.settings.misspelt import misspelt_settings
from app.settings.model import Environment, Settings, SettingsProblemsError
from app.startup_errors import StartupError

OLDER_NAMES = {"FLASK_ENV": "APP_ENV"}
"""Earlier names of settings, and the present ones."""


def load_settings(
    *,
    unset_environment: Environment = "production",
    creates_secret: bool = True,
    **overrides: Any,
) -> Settings:
    """Load the environment and `.env`; raises `StartupError` with one line per mistake.

    `unset_environment` applies if neither APP_ENV nor its older name FLASK_ENV is set. Without
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
    """Return whether to use https because of FLASK_ENV=development, as the original server did.

    The certificate is self-signed. An APP_ENV takes precedence.
    """
    has_no_app_env = environment_value("APP_ENV") is None
    return has_no_app_env and environment_value("FLASK_ENV") == "development"


def environment_value(name: str) -> str | None:
    """Return a variable of the environment or of `.env`, or None if it is empty or not set."""
    value = os.environ.get(name) or _from_file(name)
    return value.strip() if value and value.strip() else None


def setting_sources() -> dict[str, str]:
    """Return where each setting that is set comes from: `environment` or `.env`."""
    return {
        OLDER_NAMES.get(name.upper(), name.upper()): source
        for source, variables in ((".env", _file()), ("environment", os.environ))
        for name, value in variables.items()
        if value
    }


def _from_file(name: str) -> str | None:
    return _file().get(name)


def _file() -> Mapping[str, str | None]:
    return dotenv_values(".env") if Path(".env").is_file() else {}


def _lines(error: ValidationError) -> list[str]:
    """Return one line per mistake, without the value, which may be a secret."""
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
