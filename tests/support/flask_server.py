"""Files of the original Flask server, with its schema."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE user (
    id INTEGER NOT NULL PRIMARY KEY,
    username VARCHAR(40) UNIQUE,
    password VARCHAR(128),
    otp_secret VARCHAR(32),
    otp_verified BOOLEAN
);
CREATE TABLE o_auth2_client (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER,
    client_id VARCHAR(48),
    client_secret VARCHAR(120),
    client_name VARCHAR(100),
    client_id_issued_at INTEGER NOT NULL,
    client_secret_expires_at INTEGER NOT NULL,
    client_metadata TEXT
);
CREATE TABLE o_auth2_token (id INTEGER NOT NULL PRIMARY KEY, access_token VARCHAR(255));
INSERT INTO o_auth2_token VALUES (1, 'a token that is left out');
"""


class FlaskServerFile:
    """A file to which tests add rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._execute(SCHEMA)

    def add_user(
        self,
        username: Any,
        password: Any,
        *,
        otp_secret: Any = None,
        otp_verified: Any = False,
    ) -> None:
        self._insert(
            "user",
            username=username,
            password=password,
            otp_secret=otp_secret,
            otp_verified=otp_verified,
        )

    def add_client(
        self, client_id: Any, client_secret: Any, *, name: Any = None, **changed: Any
    ) -> None:
        """Add a client; `changed` are members of its metadata, or `metadata` for all of it."""
        expires_at = changed.pop("expires_at", 0)
        uri = "https://app.example/callback"
        metadata = {
            "client_name": name,
            "client_uri": uri,
            "grant_types": ["authorization_code", "password", "refresh_token"],
            "redirect_uris": [uri],
            "response_types": ["code"],
            "scope": "profile",
            **changed,
        }
        self._insert(
            "o_auth2_client",
            client_id=client_id,
            client_secret=client_secret,
            client_name=name,
            client_id_issued_at=1_700_000_000,
            client_secret_expires_at=expires_at,
            client_metadata=changed.get("metadata", json.dumps(metadata)),
        )

    def _insert(self, table: str, **values: Any) -> None:
        marks = ", ".join("?" for _ in values)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()]
            )
            connection.commit()

    def _execute(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)
