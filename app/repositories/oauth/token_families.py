"""Queries about token families: created at a sign-in; revoking one revokes all its tokens."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select, union_all, update

from app.database.claims import Creation, Values
from app.database.database import Database
from app.models.accounts.users import User, users
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.refresh_tokens import refresh_tokens
from app.models.oauth.token_families import token_families
from app.models.oauth.used_refresh_tokens import used_refresh_tokens
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.replay_cache import SingleUse
from app.repositories.oauth.token_rows import (
    NEW_ACCESS,
    NEW_REFRESH,
    NewPair,
    values_of_access_token,
)
from app.repositories.operations.audit_outbox import change_with_event
from app.repositories.operations.replay_cache import SPENDING, values_of_use

access, family, refresh, user = access_tokens.c, token_families.c, refresh_tokens.c, users.c
used = used_refresh_tokens.c


@dataclass(frozen=True, slots=True)
class NewFamily:
    """What a family of tokens keeps of what was granted: beside resources, and at each of them.

    `confirmation` is the key that its refresh tokens are bound to.
    """

    scope: str
    resources: str | None
    confirmation: str | None
    authorization_details: str | None
    expires_at: datetime


class SignIn(NamedTuple):
    """The sign-in of a token family; `auth_time` is None if it was not in a browser.

    `created_at` is when the family was created, which its refreshed tokens keep.
    """

    user_id: str | None
    session_id: str | None
    auth_time: datetime | None
    acr: str | None
    amr: str | None
    claims: str | None
    created_at: datetime


SIGN_IN = select(
    family.user_id,
    family.session_id,
    family.auth_time,
    family.acr,
    family.amr,
    family.claims,
    family.created_at,
)


def _new_family(values: Values) -> Select[Any]:
    return select(
        values["family_id"],
        values["client_id"],
        user.user_id,
        user.credentials_version,
        values["family_scope"],
        values["now"],
        values["family_expires_at"],
        values["resources"],
        values["family_confirmation"],
        values["family_details"],
    ).where(
        user.user_id == values["user_id"],
        user.credentials_version == values["credentials_version"],
        user.disabled_at.is_(None),
    )


BEGINNING = Creation(
    key=(family.family_id, "family_id"),
    columns=(
        family.family_id,
        family.client_id,
        family.user_id,
        family.credentials_version,
        family.scope,
        family.created_at,
        family.expires_at,
        family.resources,
        family.confirmation,
        family.authorization_details,
    ),
    select=_new_family,
    inserts=(NEW_REFRESH, NEW_ACCESS),
    types={
        "family_id": family.family_id,
        "client_id": family.client_id,
        "user_id": user.user_id,
        "credentials_version": user.credentials_version,
        "family_scope": family.scope,
        "resources": family.resources,
        "family_confirmation": family.confirmation,
        "family_details": family.authorization_details,
        "scope": access.scope,
        "audience": access.audience,
        "confirmation": access.confirmation,
        "authorization_details": access.authorization_details,
        "now": family.created_at,
        "family_expires_at": family.expires_at,
        "refresh_digest": refresh.digest,
        "refresh_expires_at": refresh.expires_at,
        "access_digest": access.digest,
        "access_expires_at": access.expires_at,
    },
)
ROWS_OF_PAIR = {
    (True, True): (NEW_REFRESH, NEW_ACCESS),
    (True, False): (NEW_REFRESH,),
    (False, True): (NEW_ACCESS,),
    (False, False): (),
}
"""Rows to store, by whether there is a refresh token, and a row for the access token."""


class TokenFamilyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._sign_in = database.lookup(SIGN_IN, key=family.family_id, value=SignIn)
        self._beginnings = {
            (*kind, guard is not None): database.creation(
                replace(BEGINNING, inserts=rows, guard=guard)
            )
            for kind, rows in ROWS_OF_PAIR.items()
            for guard in (None, SPENDING)
        }

    async def begin(
        self,
        family_id: str,
        pair: NewPair,
        new: NewFamily,
        *,
        client_id: str,
        user: User,
        with_refresh_token: bool,
        use: SingleUse | None,
    ) -> bool:
        """Store a family with its first pair of tokens, or with the access token alone.

        Return False, and store nothing, if the user was disabled or their credentials changed since
        `user` was read: the sign-in of this family is not valid any more. A `use` is spent in any
        case; the result is also False if another caller spent it before.
        """
        return await self._beginnings[with_refresh_token, pair.has_access_row, use is not None](
            family_id=family_id,
            client_id=client_id,
            user_id=user.user_id,
            credentials_version=user.credentials_version,
            now=pair.issued_at,
            **values_of_family(new),
            **values_of_access_token(pair),
            refresh_digest=pair.refresh_digest,
            refresh_expires_at=pair.refresh_expires_at,
            **(values_of_use(use) if use is not None else {}),
        )

    async def find_sign_in(self, family_id: str) -> SignIn | None:
        return await self._sign_in(family_id)

    async def revoke(self, family_id: str, *, now: datetime, event: NewEvent) -> None:
        """Revoke a family; the event is only written if it was not revoked before."""
        statement = (
            update(token_families)
            .where(family.family_id == family_id, family.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(family.family_id)
        )
        await change_with_event(self._database, statement, event)

    async def note_shared(self, family_id: str, *, now: datetime, event: NewEvent) -> None:
        """Store that an old refresh token got the current pair, with an event the first time."""
        is_first = select(family.family_id).where(
            family.family_id == family_id, family.shared_at.is_(None)
        )
        if await self._database.fetch_one(is_first) is None:
            return
        statement = (
            update(token_families)
            .where(family.family_id == family_id, family.shared_at.is_(None))
            .values(shared_at=now)
            .returning(family.family_id)
        )
        await change_with_event(self._database, statement, event)

    async def revoke_by_refresh_token(
        self, digest: bytes, *, client_id: str, now: datetime
    ) -> None:
        """Revoke the family of a client's refresh token, whatever the state of token and user."""
        of_token = union_all(
            select(refresh.family_id).where(refresh.digest == digest),
            select(used.family_id).where(used.digest == digest),
        )
        await self._database.change(
            update(token_families)
            .where(
                family.family_id.in_(of_token),
                family.client_id == client_id,
                family.revoked_at.is_(None),
            )
            .values(revoked_at=now)
        )


def values_of_family(new: NewFamily) -> dict[str, Any]:
    """Return values of a step, by their names."""
    return {
        "family_scope": new.scope,
        "resources": new.resources,
        "family_confirmation": new.confirmation,
        "family_details": new.authorization_details,
        "family_expires_at": new.expires_at,
    }
