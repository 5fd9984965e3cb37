"""References in files of desired state to secrets, which are never in a file."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator


class SecretReference(BaseModel):
    """Where a secret is: in an environment variable or in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")] | None = None
    file: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _never_a_secret(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("write {env: NAME} or {file: PATH}, and not the secret itself")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("state either env or file")
        return self

    def __str__(self) -> str:
        if self.env is not None:
            return f"the environment variable {self.env}"
        return f"the file {self.file}"
