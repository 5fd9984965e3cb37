"""Queries about refresh tokens and what they yield."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, bindparam, cast, null, or_, select, update
from sqlalchemy.types import TypeEngine

from app.database.database import Database
from app.models.access_tokens import access_tokens
from app.models.clients import clients
from app.models.refresh_tokens import RefreshToken, refresh_tokens
from app.models.token_families import token_families
from app.models.users import users
from app.repositories.inserts import insert_once, insert_once_from

token, family, client, user = refresh_tokens.c, token_families.c, clients.c, users.c
successor = refresh_tokens.alias("successor")
bytes_, instant = token.digest.type, token.issued_at.type


def _value(name: str, column_type: TypeEngine[Any]) -> ColumnElement[Any]:
    return bindparam(name, type_=column_type)


PRESENTED, SUCCESSOR, NOW = (
    _value("presented", bytes_),
    _value("successor", bytes_),
    _value("now", instant),
)

LIVING = (
    select(
        token.family_id,
        family.client_id,
        family.user_id,
        family.scope,
        token.issued_at,
        token.expires_at,
        family.expires_at,
        token.used_at,
        token.successor_digest,
        token.successor_sealed,
        successor.c.used_at,
        user.username,
    )
    .select_from(
        refresh_tokens.join(token_families, family.family_id == token.family_id)
        .join(clients, client.client_id == family.client_id)
        .outerjoin(users, user.user_id == family.user_id)
        .outerjoin(successor, successor.c.digest == token.successor_digest)
    )
    .where(
        family.revoked_at.is_(None),
        client.disabled_at.is_(None),
        or_(family.user_id.is_(None), user.disabled_at.is_(None)),
    )
)


@dataclass(frozen=True, slots=True)
class NewPair:
    """The digests of an access token and a refresh token, and how long each lives."""

    access_digest: bytes
    access_expires_at: datetime
    refresh_digest: bytes
    refresh_expires_at: datetime
    issued_at: datetime
    scope: str


class RefreshTokenRepository:
    def __init__(self, database: Database) -> None:
        self._living = database.lookup(LIVING, key=token.digest, value=RefreshToken)
        new_family = insert_once(
            database, token_families, user_id="user_id", expires_at="family_expires_at"
        )
        new_access_token = insert_once(
            database,
            access_tokens,
            digest="access_digest",
            family_id="family_id",
            user_id="user_id",
            issued_at="created_at",
            expires_at="access_expires_at",
        )
        new_refresh_token = insert_once(
            database,
            refresh_tokens,
            digest="refresh_digest",
            issued_at="created_at",
            expires_at="refresh_expires_at",
        )
        self._begin = database.step(new_family, new_refresh_token, new_access_token)
        self._begin_without_refresh = database.step(new_family, new_access_token)
        self._rotate = database.step(
            _use_token(),
            insert_once_from(database, refresh_tokens, _new_refresh_token()),
            insert_once_from(database, access_tokens, _new_access_token()),
            outcome=(LIVING, token.digest, "presented"),
            order="presented",
        )

    async def begin_family(
        self,
        family_id: str,
        pair: NewPair,
        *,
        client_id: str,
        user_id: str | None,
        family_expires_at: datetime,
        with_refresh_token: bool,
    ) -> None:
        """Stores a family with its first pair, or with the access token alone."""
        step = self._begin if with_refresh_token else self._begin_without_refresh
        await step(
            family_id=family_id,
            client_id=client_id,
            user_id=user_id,
            scope=pair.scope,
            created_at=pair.issued_at,
            family_expires_at=family_expires_at,
            refresh_digest=pair.refresh_digest,
            refresh_expires_at=pair.refresh_expires_at,
            access_digest=pair.access_digest,
            access_expires_at=pair.access_expires_at,
        )

    async def find_living(self, digest: bytes) -> RefreshToken | None:
        """The token, used or not; None if unknown, or if its family, client or user is gone."""
        return await self._living(digest)

    async def rotate(self, digest: bytes, pair: NewPair, *, sealed: bytes) -> RefreshToken | None:
        """Uses a token and stores what it yields, in one step; gives the token as it is now.

        Of several callers one wins: the token then names his pair as its successor. None where
        the family was revoked meanwhile.
        """
        row = await self._rotate(
            presented=digest,
            successor=pair.refresh_digest,
            sealed=sealed,
            now=pair.issued_at,
            refresh_expires_at=pair.refresh_expires_at,
            access_digest=pair.access_digest,
            access_expires_at=pair.access_expires_at,
            scope=pair.scope,
        )
        return RefreshToken(*row) if row is not None else None


def _use_token() -> Update:
    """Takes a token out of use; meets its condition also when the same caller does it again."""
    living_family = select(family.family_id).where(
        family.family_id == token.family_id, family.revoked_at.is_(None)
    )
    return (
        update(refresh_tokens)
        .where(
            token.digest == PRESENTED,
            or_(token.used_at.is_(None), token.successor_digest == SUCCESSOR),
            token.expires_at > NOW,
            living_family.exists(),
        )
        .values(used_at=NOW, successor_digest=SUCCESSOR, successor_sealed=_value("sealed", bytes_))
    )


def _new_refresh_token() -> Select[Any]:
    """The successor, where this caller is the one who used the token."""
    return select(
        SUCCESSOR,
        token.family_id,
        NOW,
        _value("refresh_expires_at", instant),
        cast(null(), instant),
        cast(null(), bytes_),
        cast(null(), bytes_),
    ).where(token.digest == PRESENTED, token.successor_digest == SUCCESSOR)


def _new_access_token() -> Select[Any]:
    return (
        select(
            _value("access_digest", bytes_),
            token.family_id,
            family.client_id,
            family.user_id,
            _value("scope", access_tokens.c.scope.type),
            NOW,
            _value("access_expires_at", instant),
            cast(null(), instant),
        )
        .select_from(refresh_tokens.join(token_families, family.family_id == token.family_id))
        .where(token.digest == PRESENTED, token.successor_digest == SUCCESSOR)
    )
