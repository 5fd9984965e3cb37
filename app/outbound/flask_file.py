"""The SQLite file of the original Flask server, which is only read."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import InvalidInputError

USERS = "SELECT id, username, password, otp_secret, otp_verified FROM user ORDER BY id"
CLIENTS = (
    "SELECT client_id, client_secret, client_name, client_id_issued_at, client_secret_expires_at,"
    " client_metadata FROM o_auth2_client ORDER BY client_id"
)


@dataclass(frozen=True, slots=True)
class FlaskUser:
    """A row of `user`. SQLite does not enforce types, so a value may have any."""

    row_id: Any
    username: Any
    password: Any
    otp_secret: Any
    otp_verified: Any


@dataclass(frozen=True, slots=True)
class FlaskClient:
    """A row of `o_auth2_client`; `metadata` is None if it is not a JSON object."""

    client_id: Any
    client_secret: Any
    client_name: Any
    issued_at: Any
    expires_at: Any
    metadata: dict[str, Any] | None


class FlaskFile:
    """The users and clients in a file. Raises `InvalidInputError` if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def users(self) -> Iterator[FlaskUser]:
        yield from (FlaskUser(*row) for row in self._rows(USERS))

    def clients(self) -> Iterator[FlaskClient]:
        for client_id, secret, name, issued_at, expires_at, metadata in self._rows(CLIENTS):
            yield FlaskClient(
                client_id, secret, name, issued_at, expires_at, metadata=_object_in(metadata)
            )

    def _rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        if not self._path.is_file():
            raise InvalidInputError(f"{self._path}: there is no such file.")
        try:
            with closing(self._open()) as connection:
                yield from connection.execute(statement)
        except sqlite3.Error as error:
            raise InvalidInputError(
                f"{self._path}: not a database of the Flask server ({error})."
            ) from None

    def _open(self) -> sqlite3.Connection:
        """Open the file; batches of its rows are read in different threads, one after another."""
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        return connection


def _object_in(text: Any) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
