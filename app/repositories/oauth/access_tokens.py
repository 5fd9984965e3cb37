"""Queries about access tokens."""

from datetime import datetime

from sqlalchemy import and_, or_, select, update

from app.database.database import Database
from app.models.accounts.users import users
from app.models.clients.clients import clients
from app.models.oauth.access_tokens import AccessToken, access_tokens
from app.models.oauth.token_families import token_families
from app.repositories.inserts import insert_once

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
    )
    .select_from(
        access_tokens.join(clients, client.client_id == token.client_id)
        .outerjoin(token_families, family.family_id == token.family_id)
        .outerjoin(users, user.user_id == token.user_id)
    )
    .where(
        token.revoked_at.is_(None),
        client.disabled_at.is_(None),
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


class AccessTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._valid = database.lookup(LIVING, key=token.digest, value=AccessToken)
        self._insert = database.step(insert_once(database, access_tokens), only_for_caller=True)
        self._insert_for_resource = database.step(
            insert_once(
                database,
                access_tokens,
                audience="audience",
                confirmation="confirmation",
                authorization_details="authorization_details",
            ),
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
        audience: str | None = None,
        confirmation: str | None = None,
        authorization_details: str | None = None,
    ) -> None:
        """Store a token issued to a client on its own behalf, without a user or a family."""
        values = {
            "digest": digest,
            "client_id": client_id,
            "scope": scope,
            "issued_at": issued_at,
            "expires_at": expires_at,
        }
        if audience is None and confirmation is None and authorization_details is None:
            await self._insert(**values)
            return
        await self._insert_for_resource(
            **values,
            audience=audience,
            confirmation=confirmation,
            authorization_details=authorization_details,
        )

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
