"""Queries about refresh tokens and their rotation."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Update, and_, or_, select, update

from app.database.claims import Claim, Creation, Values
from app.database.database import Database
from app.models.accounts.users import users
from app.models.clients.clients import clients
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.refresh_tokens import RefreshToken, refresh_tokens
from app.models.oauth.token_families import token_families
from app.models.oauth.used_refresh_tokens import UsedRefreshToken, used_refresh_tokens
from app.models.operations.replay_cache import SingleUse
from app.repositories.clients.in_force import CLIENT_IS_IN_FORCE, with_client
from app.repositories.oauth.token_rows import NEW_ACCESS, NewPair, values_of_access_token
from app.repositories.operations.replay_cache import (
    SPENDING,
    ReplayCacheRepository,
    values_of_use,
)

access, client, family = access_tokens.c, clients.c, token_families.c
token, used, user = refresh_tokens.c, used_refresh_tokens.c, users.c
successor = refresh_tokens.alias("successor")

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
        family.resources,
        family.confirmation,
        family.authorization_details,
        family.created_at.label("family_created_at"),
    )
    .select_from(
        with_client(
            refresh_tokens.join(token_families, family.family_id == token.family_id),
            family.client_id,
        )
        .outerjoin(users, user.user_id == family.user_id)
        .outerjoin(successor, successor.c.digest == token.successor_digest)
    )
    .where(
        family.revoked_at.is_(None),
        CLIENT_IS_IN_FORCE,
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
    select(family.family_id, family.client_id, family.user_id)
    .select_from(used_refresh_tokens.join(token_families, family.family_id == used.family_id))
    .where(family.revoked_at.is_(None))
)


def _use(values: Values) -> Update:
    """Return an update that consumes a token; it also holds when the same caller repeats it."""
    active_family = select(family.family_id).where(
        family.family_id == token.family_id, family.revoked_at.is_(None)
    )
    return (
        update(refresh_tokens)
        .where(
            token.digest == values["presented"],
            or_(
                and_(token.used_at.is_(None), token.expires_at > values["now"]),
                token.successor_digest == values["successor"],
            ),
            active_family.exists(),
        )
        .values(
            used_at=values["now"],
            expires_at=values["grace_ends_at"],
            successor_digest=values["successor"],
            successor_sealed=values["sealed"],
        )
    )


ROTATION = Claim(
    key=(token.digest, "presented"),
    use=_use,
    winner="successor",
    inserts=(
        (
            refresh_tokens,
            {
                token.digest: "successor",
                token.family_id: "family_id",
                token.issued_at: "now",
                token.expires_at: "refresh_expires_at",
            },
        ),
        NEW_ACCESS,
    ),
    types={
        "presented": token.digest,
        "successor": token.digest,
        "sealed": token.digest,
        "now": token.issued_at,
        "grace_ends_at": token.expires_at,
        "refresh_expires_at": token.expires_at,
        "access_digest": access.digest,
        "access_expires_at": access.expires_at,
        "scope": access.scope,
        "audience": access.audience,
        "confirmation": access.confirmation,
        "authorization_details": access.authorization_details,
        "family_id": token.family_id,
        "client_id": access.client_id,
        "user_id": access.user_id,
    },
)


PROLONGED_BY = timedelta(minutes=1)
"""Least time by which a token is prolonged, so that busy clients do not write at each refresh."""


def _new_access_token(values: Values) -> Select[Any]:
    """Return the access token of a caller, if its refresh token is valid and not used."""
    return (
        select(
            values["access_digest"],
            family.family_id,
            values["client_id"],
            values["user_id"],
            values["scope"],
            values["now"],
            values["access_expires_at"],
            values["audience"],
            values["confirmation"],
            values["authorization_details"],
        )
        .select_from(refresh_tokens.join(token_families, family.family_id == token.family_id))
        .where(
            token.digest == values["presented"],
            token.used_at.is_(None),
            token.expires_at > values["now"],
            family.revoked_at.is_(None),
        )
    )


RENEWAL = Creation(
    key=(access.digest, "access_digest"),
    columns=(
        access.digest,
        access.family_id,
        access.client_id,
        access.user_id,
        access.scope,
        access.issued_at,
        access.expires_at,
        access.audience,
        access.confirmation,
        access.authorization_details,
    ),
    select=_new_access_token,
    inserts=(),
    types={
        "presented": token.digest,
        "now": token.issued_at,
        "access_digest": access.digest,
        "access_expires_at": access.expires_at,
        "scope": access.scope,
        "audience": access.audience,
        "confirmation": access.confirmation,
        "authorization_details": access.authorization_details,
        "client_id": access.client_id,
        "user_id": access.user_id,
    },
)
"""An access token for a refresh token that is not rotated."""


class RefreshTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._valid = database.lookup(LIVING, key=token.digest, value=RefreshToken)
        self._used = database.lookup(USED, key=used.digest, value=UsedRefreshToken)
        without_access = [rows for rows in ROTATION.inserts if rows is not NEW_ACCESS]
        self._rotations = {
            (has_access_row, guard is not None): database.claim(
                replace(ROTATION, inserts=inserts, guard=guard)
            )
            for has_access_row, inserts in ((True, ROTATION.inserts), (False, without_access))
            for guard in (None, SPENDING)
        }
        self._replay_cache = ReplayCacheRepository(database)
        self._renewals = {
            guard is not None: database.creation(replace(RENEWAL, guard=guard))
            for guard in (None, SPENDING)
        }

    async def find_in_active_family(self, digest: bytes) -> RefreshToken | None:
        """Return the token, even if it is used or expired.

        None if it is unknown, its family is revoked, or its client or user is not active.
        """
        return await self._valid(digest)

    async def find_used(self, digest: bytes) -> UsedRefreshToken | None:
        """Return a used token whose grace window has ended, or None if its family has ended too."""
        return await self._used(digest)

    async def rotate(
        self,
        digest: bytes,
        refresh_token: RefreshToken,
        pair: NewPair,
        *,
        sealed: bytes,
        grace_ends_at: datetime,
        use: SingleUse | None,
    ) -> RefreshToken | None:
        """Consume a token and store its successors in one step; return None on success.

        Otherwise return the token as another caller left it, or `refresh_token` if it was revoked
        or has expired meanwhile. `sealed` is the encrypted response, repeated until
        `grace_ends_at`. A `use` is spent in any case, and nothing else happens if another caller
        spent it before.
        """
        rotate = self._rotations[pair.has_access_row, use is not None]
        is_ours = await rotate(
            presented=digest,
            successor=pair.refresh_digest,
            sealed=sealed,
            now=pair.issued_at,
            grace_ends_at=grace_ends_at,
            refresh_expires_at=pair.refresh_expires_at,
            **values_of_access_token(pair),
            family_id=refresh_token.family_id,
            client_id=refresh_token.client_id,
            user_id=refresh_token.user_id,
            **(values_of_use(use) if use is not None else {}),
        )
        if is_ours:
            return None
        return await self.find_in_active_family(digest) or refresh_token

    async def renew(
        self, digest: bytes, refresh_token: RefreshToken, pair: NewPair, *, use: SingleUse | None
    ) -> RefreshToken | None:
        """Store another access token for a refresh token, which stays valid; return None on
        success.

        The refresh token is then valid for as long as a new one. Otherwise return it as another
        caller left it, or `refresh_token` if it was revoked or has expired meanwhile. A `use` is
        spent in any case, and nothing else happens if another caller spent it before.
        """
        if not await self._add_access_token(digest, refresh_token, pair, use):
            return await self.find_in_active_family(digest) or refresh_token
        if pair.issued_at - refresh_token.issued_at >= PROLONGED_BY:
            await self._database.change(
                update(refresh_tokens)
                .where(token.digest == digest, token.used_at.is_(None))
                .values(issued_at=pair.issued_at, expires_at=pair.refresh_expires_at)
            )
        return None

    async def _add_access_token(
        self, digest: bytes, refresh_token: RefreshToken, pair: NewPair, use: SingleUse | None
    ) -> bool:
        if pair.has_access_row:
            return await self._renewals[use is not None](
                presented=digest,
                now=pair.issued_at,
                **values_of_access_token(pair),
                client_id=refresh_token.client_id,
                user_id=refresh_token.user_id,
                **(values_of_use(use) if use is not None else {}),
            )
        return use is None or await self._replay_cache.spend_use(use)
