"""Authorization codes in the measured database, each of a sign-in of its own."""

import asyncio
import itertools
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert

from app.database.database import Database
from app.models.accounts.sessions import sessions
from app.models.accounts.users import users
from app.models.oauth.authorization_codes import authorization_codes
from app.oauth.pkce import code_challenge_of
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token
from app.services.accounts.sessions import ACR_MFA
from app.settings import Settings
from app.wiring import make_backend

CODE_VERIFIER = "v" * 43
SCOPE = "openid profile email"
USERS = 256
"""Sign-ins in each batch of codes: no two codes of requests at the same moment share one."""
LIFETIME = timedelta(days=1)
"""Longer than a run, so that a code can be inserted long before its request."""


def insert_codes(
    database_url: str, client_ids: Sequence[str], *, redirect_uri: str, count: int
) -> list[str]:
    """Insert codes and return them. They are for the clients in turn, with PKCE."""
    now, codes = datetime.now(UTC), [new_token(TokenKind.AUTHORIZATION_CODE) for _ in range(count)]
    people, sign_ins = _signed_in_users(now)
    owners = zip(itertools.cycle(client_ids), itertools.cycle(sign_ins), codes, strict=False)
    rows = [
        {
            "digest": digest_of(code),
            "family_id": new_identifier(),
            "client_id": client_id,
            "user_id": sign_in["user_id"],
            "credentials_version": sign_in["credentials_version"],
            "session_id": sign_in["session_id"],
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": code_challenge_of(CODE_VERIFIER),
            "auth_time": now,
            "acr": sign_in["acr"],
            "amr": sign_in["amr"],
            "issued_at": now,
            "expires_at": now + LIFETIME,
        }
        for client_id, sign_in, code in owners
    ]
    tables = {users: people, sessions: sign_ins, authorization_codes: rows}
    asyncio.run(_insert(database_url, tables))
    return codes


def _signed_in_users(now: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of new users, who have no password, and of one session each."""
    people: list[dict[str, Any]] = [
        {
            "user_id": user_id,
            "username": user_id,
            "username_key": user_id,
            "password_hash": "!",
            "credentials_version": "v",
            "created_at": now,
            "pairwise_salt": secrets.token_bytes(32),
        }
        for user_id in (new_identifier() for _ in range(USERS))
    ]
    return people, [
        {
            "session_id": new_identifier(),
            "digest": secrets.token_bytes(32),
            "user_id": user["user_id"],
            "credentials_version": user["credentials_version"],
            "auth_time": now,
            "acr": ACR_MFA,
            "amr": "pwd otp",
            "user_agent": "",
            "address": "",
            "created_at": now,
            "last_seen_at": now,
            "expires_at": now + LIFETIME,
        }
        for user in people
    ]


async def _insert(database_url: str, rows: dict[Table, list[dict[str, Any]]]) -> None:
    settings = Settings(database_url=database_url, app_env="development", secret_key="x" * 32)
    database = Database(make_backend(settings))
    try:
        async with database.transaction() as connection:
            for table, of_table in rows.items():
                await connection.execute(insert(table), of_table)
    finally:
        await database.close()
