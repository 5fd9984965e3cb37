"""Secrets that files of desired state refer to."""

from collections.abc import Mapping
from pathlib import Path

from app.errors import InvalidInputError
from app.schemas.desired_state.references import SecretReference

MAXIMUM_BYTES = 64 * 1024


class Secrets:
    """Values of references. Paths of files are relative to the directory of the file of desired
    state."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def find(self, reference: SecretReference, *, directory: Path) -> str | None:
        """Return the secret, or None if the variable or file does not exist or is empty.

        Raise `InvalidInputError` for a file that cannot be read.
        """
        if reference.env is not None:
            return self._environment.get(reference.env) or None
        try:
            with (directory / (reference.file or "")).open("rb") as file:
                content = file.read(MAXIMUM_BYTES + 1)
            text = content.decode()
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise InvalidInputError(
                f"{reference} cannot be read as text", field="client_secret"
            ) from None
        if len(content) > MAXIMUM_BYTES:
            raise InvalidInputError(f"{reference} is too large", field="client_secret")
        return text.rstrip("\r\n") or None
