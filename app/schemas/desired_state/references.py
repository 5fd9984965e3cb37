"""References in files of desired state: to secrets, which are never in a file, and to roles."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from app.schemas.groups import RoleName

OWN_MEMBERS = ConfigDict(frozen=True, extra="forbid")


class SecretReference(BaseModel):
    """Where a secret is: in an environment variable or in a file."""

    model_config = OWN_MEMBERS

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


class RoleReference(BaseModel):
    """A role: `NAME` if it is global, `CLIENT:NAME` if it is of a client."""

    model_config = OWN_MEMBERS

    name: RoleName
    client_id: Annotated[str, StringConstraints(max_length=255)] = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        client_id, colon, name = value.partition(":")
        return {"name": name, "client_id": client_id} if colon else {"name": value}

    @property
    def stated(self) -> str | dict[str, str]:
        """The role as a file states it; a global role with a colon in its name is an object."""
        if self.client_id:
            return f"{self.client_id}:{self.name}"
        return {"name": self.name} if ":" in self.name else self.name

    @property
    def label(self) -> str:
        return f"{self.client_id}:{self.name}" if self.client_id else self.name
