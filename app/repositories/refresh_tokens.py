"""Queries about refresh tokens and what they yield."""

from datetime import datetime

from sqlalchemy import Insert, Update, and_, or_, select, update

from app.database.database import Database
from app.database.steps import Outcome
from app.models.clients import clients
from app.models.refresh_tokens import RefreshToken, refresh_tokens
from app.models.token_families import token_families
from app.models.used_refresh_tokens import UsedRefreshToken, used_refresh_tokens
from app.models.users import users
from app.repositories.inserts import insert_once_where, value_of
from app.repositories.token_families import NewPair, new_access_token

client, family = clients.c, token_families.c
token, used, user = refresh_tokens.c, used_refresh_tokens.c, users.c
successor = refresh_tokens.alias("successor")
PRESENTED = value_of("presented", token.digest)
SUCCESSOR = value_of("successor", token.digest)
NOW = value_of("now", token.issued_at)
USED_BY_THIS_CALLER = (token.digest == PRESENTED, token.successor_digest == SUCCESSOR)

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
        user.pairwise_salt,
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
        or_(
            family.user_id.is_(None),
            and_(
                user.disabled_at.is_(None),
                user.credentials_version == family.credentials_version,
            ),
        ),
    )
)

USED = (
    select(family.family_id, family.client_id)
    .select_from(used_refresh_tokens.join(token_families, family.family_id == used.family_id))
    .where(family.revoked_at.is_(None))
)


class RefreshTokenRepository:
    def __init__(self, database: Database) -> None:
        self._living = database.lookup(LIVING, key=token.digest, value=RefreshToken)
        self._used = database.lookup(USED, key=used.digest, value=UsedRefreshToken)
        self._rotate = database.step(
            _use_token(),
            _new_refresh_token(database),
            new_access_token(
                database,
                refresh_tokens.join(token_families, family.family_id == token.family_id),
                *USED_BY_THIS_CALLER,
            ),
            outcome=Outcome(LIVING, token.digest, given_as="presented"),
            order="presented",
        )

    async def find_in_living_family(self, digest: bytes) -> RefreshToken | None:
        """The token, also a used or expired one; None where its family, client or user is gone."""
        return await self._living(digest)

    async def find_used(self, digest: bytes) -> UsedRefreshToken | None:
        """Return a used token whose grace window is over, or None where its family is too."""
        return await self._used(digest)

    async def rotate(
        self, digest: bytes, pair: NewPair, *, sealed: bytes, grace_ends_at: datetime
    ) -> RefreshToken | None:
        """Use a token and store its successors in one step, and return the token as it is now.

        Of several callers one wins: the token then names that caller's pair as its successor.
        `sealed` is repeated until `grace_ends_at`. None if the family was revoked meanwhile.
        """
        row = await self._rotate(
            presented=digest,
            successor=pair.refresh_digest,
            sealed=sealed,
            grace_ends_at=grace_ends_at,
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
            or_(
                and_(token.used_at.is_(None), token.expires_at > NOW),
                token.successor_digest == SUCCESSOR,
            ),
            living_family.exists(),
        )
        .values(
            used_at=NOW,
            expires_at=value_of("grace_ends_at", token.expires_at),
            successor_digest=SUCCESSOR,
            successor_sealed=value_of("sealed", token.digest),
        )
    )


def _new_refresh_token(database: Database) -> Insert:
    """The successor, where this caller is the one who used the token."""
    return insert_once_where(
        database,
        refresh_tokens,
        {
            token.digest: SUCCESSOR,
            token.family_id: token.family_id,
            token.issued_at: NOW,
            token.expires_at: value_of("refresh_expires_at", token.expires_at),
        },
        refresh_tokens,
        *USED_BY_THIS_CALLER,
    )
