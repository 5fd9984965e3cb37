"""Base class of the groups, and the types that they share."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SettingsGroup(BaseSettings):
    """Settings of one subject: a section of `docs/settings.md` and of `.env.example`.

    The validator is built once, for all groups together (`app.settings.model.Settings`).
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, defer_build=True
    )

    title: ClassVar[str]
    introduction: ClassVar[str] = ""
    """What applies to the whole group, in Markdown; links are relative to `docs`."""


@dataclass(frozen=True)
class Default:
    """What the documentation says about a default value.

    It is added to the value, or stands for it if the value depends on other settings (None).
    """

    text: str


def _split(value: object) -> object:
    """Split a list that is separated by commas or spaces, as in the environment."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _in_lower_case(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _readable(value: Path) -> Path:
    if not os.access(value, os.R_OK):
        raise ValueError("must name a readable file")
    return value


def _directory(value: Path) -> Path:
    if not (value.is_dir() and os.access(value, os.R_OK | os.X_OK)):
        raise ValueError("must name a readable directory")
    return value


def _writable(value: Path) -> Path:
    if not (value.is_dir() and os.access(value, os.W_OK | os.X_OK)):
        raise ValueError("must name a directory that the server may write to")
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
SecretWords = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
ReadableFile = Annotated[Path, AfterValidator(_readable)]
ReadableDirectory = Annotated[Path, AfterValidator(_directory)]
WritableDirectory = Annotated[Path, AfterValidator(_writable)]
InLowerCase = BeforeValidator(_in_lower_case)
