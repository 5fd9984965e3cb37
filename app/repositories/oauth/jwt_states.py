"""Whether a JWT access token is still valid: not by a row of its own, but of its family, client and
user."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Select, and_, func, literal_column, or_, select

from app.database.database import Database
from app.models.accounts.users import users
from app.models.clients.clients import clients
from app.models.oauth.denied_tokens import denied_tokens
from app.models.oauth.token_families import token_families
from app.repositories.clients.in_force import CLIENT_IS_IN_FORCE, with_client
from app.repositories.inserts import insert_once

client, denied, family, user = clients.c, denied_tokens.c, token_families.c, users.c

DIGEST_LENGTH, FAMILY_LENGTH = 64, 32
NO_FAMILY = "-" * FAMILY_LENGTH


class JwtState(NamedTuple):
    """What a token does not say about its family, client and user, all of which are active."""

    user_id: str | None
    username: str | None
    otp_confirmed_at: datetime | None
    pairwise_salt: bytes | None
    sector_identifier: str | None
    policies: str | None
    default_resource: str | None
    auth_time: datetime | None
    acr: str | None
    actors: str | None
    about_client_id: str | None
    subject_client_id: str | None


def _part(key: ColumnElement[str], start: int, length: int | None = None) -> ColumnElement[str]:
    bounds = (start + 1,) if length is None else (start + 1, length)
    return func.substr(key, *(literal_column(str(each)) for each in bounds))


def _state(sought: CTE) -> Select[Any]:
    """Return the query for a digest, a family or none, and a client, one after the other."""
    key = sought.c.key
    family_id = _part(key, DIGEST_LENGTH, FAMILY_LENGTH)
    client_id = _part(key, DIGEST_LENGTH + FAMILY_LENGTH)
    source = (
        with_client(sought, client_id)
        .outerjoin(token_families, family.family_id == family_id)
        .outerjoin(users, user.user_id == family.user_id)
        .outerjoin(denied_tokens, denied.jti_digest == _part(key, 0, DIGEST_LENGTH))
    )
    return (
        select(
            family.user_id,
            user.username,
            user.otp_confirmed_at,
            user.pairwise_salt,
            client.sector_identifier,
            client.policies,
            client.default_resource,
            family.auth_time,
            family.acr,
            family.actors,
            family.about_client_id,
            family.subject_client_id,
        )
        .select_from(source)
        .where(
            CLIENT_IS_IN_FORCE,
            denied.jti_digest.is_(None),
            or_(
                family_id == literal_column(f"'{NO_FAMILY}'"),
                and_(
                    family.client_id == client_id,
                    family.revoked_at.is_(None),
                    or_(
                        family.about_client_id.is_not(None),
                        and_(
                            user.disabled_at.is_(None),
                            user.credentials_version == family.credentials_version,
                        ),
                    ),
                ),
            ),
        )
    )


class JwtStateRepository:
    def __init__(self, database: Database) -> None:
        self._state = database.joined_lookup(_state, value=JwtState)
        self._deny = database.step(insert_once(database, denied_tokens))

    async def find_valid(
        self, jti: str, *, family_id: str | None, client_id: str
    ) -> JwtState | None:
        """Return the state of a token, or None if it was revoked.

        None also if its family is revoked, or its client or user is disabled or unknown. A token
        without a family was issued to the client itself.
        """
        return await self._state(f"{digest_of_jti(jti)}{_fixed(family_id)}{client_id}")

    async def deny(self, jti: str, *, expires_at: datetime) -> None:
        """Revoke a token until it expires."""
        await self._deny(jti_digest=digest_of_jti(jti), expires_at=expires_at)


def digest_of_jti(jti: str) -> str:
    """Return what identifies a JWT in the database."""
    return hashlib.sha256(jti.encode()).hexdigest()


def _fixed(family_id: str | None) -> str:
    return NO_FAMILY if family_id is None else family_id.ljust(FAMILY_LENGTH)
