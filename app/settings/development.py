"""Generate a SECRET_KEY in development and store it next to the database."""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from app.settings.files import make_private_directory
from app.settings.model import Settings
from app.startup_errors import StartupError


def with_development_secret(settings: Settings) -> Settings:
    """Return the settings with the stored key, generated if there is none.

    Raises `StartupError` if the file cannot be written.
    """
    if settings.secret_key is not None:
        return settings
    path = settings.data_directory / "secret_key"
    try:
        make_private_directory(path.parent)
        key = _read_or_create(path)
    except OSError as error:
        name = "DATABASE_URL" if settings.is_sqlite else "SECRET_KEY"
        raise StartupError(f"{name}: cannot write {path}: {error.strerror}") from None
    return settings.model_copy(update={"secret_key": SecretStr(key)})


def _read_or_create(path: Path) -> str:
    """Return the stored key; of several processes that start at once, the first creates it."""
    if not path.exists():
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text().strip()
