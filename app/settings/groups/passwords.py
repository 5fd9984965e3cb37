"""Password hashing."""

from typing import Annotated, ClassVar

from pydantic import Field

from app.settings.groups.base import Default, SettingsGroup


class PasswordSettings(SettingsGroup):
    """The cost of a hash, and how many are computed at once."""

    title: ClassVar[str] = "Password hashing"
    introduction: ClassVar[str] = (
        "Passwords are hashed with Argon2id. Hashes with other parameters stay valid and are"
        " renewed when their user signs in."
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
