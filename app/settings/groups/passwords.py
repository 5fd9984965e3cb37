"""Which passwords are accepted, and how they are hashed."""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from app.settings.groups.base import Default, ReadableFile, SettingsGroup
from app.settings.values import is_text_file


class PasswordSettings(SettingsGroup):
    """Rules for new passwords, the cost of a hash, and how many are computed at once."""

    title: ClassVar[str] = "Passwords"
    introduction: ClassVar[str] = (
        "Passwords are hashed with Argon2id. Hashes with other parameters stay valid and are"
        " renewed when their user signs in. Passwords do not expire."
    )

    password_min_length: int = Field(
        8,
        ge=8,
        le=64,
        description="How many characters a new password must have. Passwords that are in use stay"
        " valid.",
    )
    password_blocklist_file: ReadableFile | None = Field(
        None,
        description="A file with passwords to refuse, one a line, in any case: the names of your"
        " organisation and products, for example. They are refused in addition to the built-in"
        " list of common passwords. Read at startup.",
        examples=["/etc/postern/blocked-passwords.txt"],
    )

    argon2_memory_kib: int = Field(
        19_456, ge=8, le=1_048_576, description="Memory of one hash, in KiB."
    )
    argon2_time_cost: int = Field(2, ge=1, le=100, description="Passes over that memory.")
    argon2_parallelism: int = Field(1, ge=1, le=16, description="Lanes of one hash.")
    password_threads: Annotated[
        int | None,
        Default("cores divided by workers; with one worker, one core is left for everything else"),
    ] = Field(None, ge=1, le=64, description="Hashing threads per process.")
    password_queue: int = Field(
        100,
        ge=1,
        le=10_000,
        description="How many passwords may wait for a thread. Further ones are answered 503 with"
        " `Retry-After`.",
    )

    @field_validator("password_blocklist_file")
    @classmethod
    def _text(cls, value: ReadableFile | None) -> ReadableFile | None:
        if value is not None and not is_text_file(value):
            raise ValueError("must name a text file in UTF-8")
        return value
