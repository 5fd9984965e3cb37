"""Queries about access tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, or_, select, update

from app.database.database import Database
from app.models.accounts.users import users
from app.models.clients.clients import clients
from app.models.oauth.access_tokens import AccessToken, access_tokens
from app.models.oauth.token_families import token_families
from app.models.operations.replay_cache import SingleUse, replay_cache
from app.repositories.clients.in_force import CLIENT_IS_IN_FORCE, with_client
from app.repositories.inserts import insert_once, insert_once_where, value_of
from app.repositories.operations.replay_cache import (
    IS_SPENT_BY_CALLER,
    SPENT_BY,
    spending,
    values_of_use,
)

token, family, client, user = access_tokens.c, token_families.c, clients.c, users.c

LIVING = (
    select(
        token.family_id,
        token.client_id,
        token.user_id,
        token.scope,
        token.issued_at,
        token.expires_at,
        user.username,
        user.otp_confirmed_at,
        user.pairwise_salt,
        client.sector_identifier,
        client.policies,
        client.default_resource,
        token.audience,
        token.confirmation,
        token.authorization_details,
        family.auth_time,
        family.acr,
        family.actors,
        family.about_client_id,
        family.subject_client_id,
    )
    .select_from(
        with_client(access_tokens, token.client_id)
        .outerjoin(token_families, family.family_id == token.family_id)
        .outerjoin(users, user.user_id == token.user_id)
    )
    .where(
        token.revoked_at.is_(None),
        CLIENT_IS_IN_FORCE,
        or_(
            token.family_id.is_(None),
            and_(family.family_id.is_not(None), family.revoked_at.is_(None)),
        ),
        or_(
            token.user_id.is_(None),
            and_(
                user.disabled_at.is_(None),
                user.credentials_version == family.credentials_version,
            ),
        ),
    )
)

DETAILS = ("audience", "confirmation", "authorization_details")
"""The columns that the token of a client does not always have."""


class AccessTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._valid = database.lookup(LIVING, key=token.digest, value=AccessToken)
        self._insert = database.step(insert_once(database, access_tokens), only_for_caller=True)
        self._insert_for_resource = database.step(
            insert_once(
                database,
                access_tokens,
                **{name: name for name in DETAILS},
            ),
            only_for_caller=True,
        )
        self._insert_with_use = database.step(
            spending(database),
            _insert_if_spent(database),
            outcome=SPENT_BY,
            order="use_digest",
            only_for_caller=True,
        )

    async def store_for_client(
        self,
        digest: bytes,
        *,
        client_id: str,
        scope: str,
        issued_at: datetime,
        expires_at: datetime,
        audience: str | None,
        confirmation: str | None,
        authorization_details: str | None,
        use: SingleUse | None,
    ) -> bool:
        """Store a token issued to a client on its own behalf, without a user or a family.

        Return False, and store nothing, if another caller spent the `use` before.
        """
        values: dict[str, Any] = {
            "digest": digest,
            "client_id": client_id,
            "scope": scope,
            "issued_at": issued_at,
            "expires_at": expires_at,
        }
        details = (audience, confirmation, authorization_details)
        if use is None and details == (None, None, None):
            await self._insert(**values)
            return True
        values |= dict(zip(DETAILS, details, strict=True))
        if use is None:
            await self._insert_for_resource(**values)
            return True
        row = await self._insert_with_use(**values, **values_of_use(use))
        return row is not None and row[0] == use.spent_by

    async def find_valid(self, digest: bytes, *, now: datetime) -> AccessToken | None:
        """Return the token, or None if it is unknown, expired or revoked.

        None also if its family is revoked, or its client or user is disabled or unknown.
        """
        stored = await self._valid(digest)
        return stored if stored is not None and stored.expires_at > now else None

    async def revoke(self, digest: bytes, *, client_id: str, now: datetime) -> None:
        """Revoke a token if it was issued to this client."""
        await self._database.change(
            update(access_tokens)
            .where(token.digest == digest, token.client_id == client_id, token.revoked_at.is_(None))
            .values(revoked_at=now)
        )


def _insert_if_spent(database: Database) -> Insert:
    """Return an insert of a client's token, if the caller spent the use that comes with it."""
    columns: tuple[ColumnElement[Any], ...] = (
        *(token.digest, token.client_id, token.scope, token.issued_at, token.expires_at),
        *(token[name] for name in DETAILS),
    )
    values = {column: value_of(str(column.key), column) for column in columns}
    return insert_once_where(database, access_tokens, values, replay_cache, IS_SPENT_BY_CALLER)
