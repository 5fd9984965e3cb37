"""Queries about tokens that were issued by token exchange (RFC 8693).

Such a token has a family of its own, which refers to its subject token: it is valid only while that
is. The subject token can be exchanged itself, so its subject is looked up as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, and_, exists, or_, select

from app.database.claims import Creation, Guard, Values
from app.database.database import Database
from app.models.accounts.users import users
from app.models.clients.client_documents import client_documents
from app.models.clients.clients import clients
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.denied_tokens import denied_tokens
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.replay_cache import SingleUse
from app.repositories.clients.in_force import CLIENT_IS_IN_FORCE, with_client
from app.repositories.oauth.token_rows import NEW_ACCESS
from app.repositories.operations.audit_outbox import NEW_EVENT, TYPES_OF_EVENT, values_of_event
from app.repositories.operations.replay_cache import SPENDING, values_of_use

access, client, denied, family, user = (
    access_tokens.c,
    clients.c,
    denied_tokens.c,
    token_families.c,
    users.c,
)
document = client_documents.c
parents = token_families.alias("subject_families")
parent = parents.c

MAXIMUM_EXCHANGES = 8
"""How many times a token can be exchanged: each look-up of it reads them all."""

SUBJECT = (
    select(family.subject_family_id, parent.subject_client_id)
    .select_from(
        with_client(token_families, family.subject_client_id)
        .outerjoin(parents, parent.family_id == family.subject_family_id)
        .outerjoin(access_tokens, access.digest == family.subject_digest)
        .outerjoin(denied_tokens, denied.jti_digest == family.subject_jti_digest)
    )
    .where(
        family.subject_client_id.is_not(None),
        CLIENT_IS_IN_FORCE,
        or_(
            family.subject_family_id.is_(None),
            and_(parent.family_id.is_not(None), parent.revoked_at.is_(None)),
        ),
        or_(
            family.subject_digest.is_(None),
            and_(access.digest.is_not(None), access.revoked_at.is_(None)),
        ),
        denied.jti_digest.is_(None),
    )
)
SIGN_IN = (
    select(
        family.client_id,
        family.user_id,
        family.scope,
        family.resources,
        family.expires_at,
        family.created_at,
    )
    .select_from(token_families.join(users, user.user_id == family.user_id))
    .where(
        family.revoked_at.is_(None),
        user.disabled_at.is_(None),
        user.credentials_version == family.credentials_version,
    )
)


class SubjectState(NamedTuple):
    """A subject token that is valid: its family, and the client of its own subject if it was
    exchanged itself."""

    family_id: str | None
    subject_client_id: str | None


class SubjectFamily(NamedTuple):
    """The family of a sign-in that is still valid, and what the user granted by it."""

    client_id: str
    user_id: str
    scope: str
    resources: str | None
    family_expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExchange:
    """An exchanged token with its family.

    It is about the user of `user_id` or the client of `about_client_id`. `access_digest` is None
    for a JWT, which has no row. The `subject_` members are those of the family.
    """

    family_id: str
    client_id: str
    user_id: str | None
    about_client_id: str | None
    actors: str | None
    subject_client_id: str
    subject_family_id: str | None
    subject_digest: bytes | None
    subject_jti_digest: str | None
    scope: str
    scope_of_family: str
    resources: str | None
    audience: str | None
    confirmation: str | None
    issued_at: datetime
    expires_at: datetime
    access_digest: bytes | None


class About(Enum):
    """What an exchanged token is about, as far as it decides how its family is stored.

    A token about a user takes over the sign-in of its subject token, if that has one.
    """

    CLIENT = auto()
    USER = auto()
    SIGN_IN = auto()


COLUMNS: Mapping[Column[Any], str] = {
    family.family_id: "family_id",
    family.client_id: "client_id",
    family.scope: "family_scope",
    family.resources: "resources",
    family.created_at: "now",
    family.expires_at: "access_expires_at",
    family.actors: "actors",
    family.about_client_id: "about_client_id",
    family.subject_client_id: "subject_client_id",
    family.subject_family_id: "subject_family_id",
    family.subject_digest: "subject_digest",
    family.subject_jti_digest: "subject_jti_digest",
}
COLUMNS_OF_USER = (user.user_id, user.credentials_version)
COLUMNS_OF_SIGN_IN = (parent.auth_time, parent.acr, parent.amr)
TYPES = {
    **{name: column for column, name in COLUMNS.items()},
    "user_id": family.user_id,
    "access_digest": access.digest,
    "scope": access.scope,
    "audience": access.audience,
    "confirmation": access.confirmation,
    "authorization_details": access.authorization_details,
    **TYPES_OF_EVENT,
}


def _beginning(about: About, *, has_access_row: bool, guard: Guard | None) -> Creation:
    copied = (
        *(COLUMNS_OF_USER if about is not About.CLIENT else ()),
        *(COLUMNS_OF_SIGN_IN if about is About.SIGN_IN else ()),
    )

    def new_family(values: Values) -> Select[Any]:
        """Return the family, if the subject token's client, user and sign-in are as before."""
        client_id = values["subject_client_id"]
        conditions: list[ColumnElement[bool]] = [
            or_(
                exists().where(client.client_id == client_id, client.disabled_at.is_(None)),
                exists().where(document.client_id == client_id),
            )
        ]
        if about is not About.CLIENT:
            conditions += [user.user_id == values["user_id"], user.disabled_at.is_(None)]
        if about is About.SIGN_IN:
            conditions += [
                parent.family_id == values["subject_family_id"],
                parent.revoked_at.is_(None),
                parent.user_id == user.user_id,
                parent.credentials_version == user.credentials_version,
            ]
        return select(*(values[name] for name in COLUMNS.values()), *copied).where(*conditions)

    return Creation(
        key=(family.family_id, "family_id"),
        columns=(*COLUMNS, *(family[column.name] for column in copied)),
        select=new_family,
        inserts=(NEW_ACCESS, NEW_EVENT) if has_access_row else (NEW_EVENT,),
        types=TYPES,
        guard=guard,
    )


class ExchangedTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._subject = database.lookup(SUBJECT, key=family.family_id, value=SubjectState)
        self._sign_in = database.lookup(SIGN_IN, key=family.family_id, value=SubjectFamily)
        self._beginnings = {
            (about, has_access_row, guard is not None): database.creation(
                _beginning(about, has_access_row=has_access_row, guard=guard)
            )
            for about in About
            for has_access_row in (True, False)
            for guard in (None, SPENDING)
        }

    async def has_valid_subject(self, family_id: str) -> bool:
        """Return whether the subject token of an exchanged token is valid, and so on to the first.

        The user is the same for all of them, and was looked up with the token.
        """
        return await self.count_exchanges(family_id) is not None

    async def count_exchanges(self, family_id: str) -> int | None:
        """Return how many exchanges led to a token, or None if a subject is not valid any more."""
        current: str | None = family_id
        for count in range(1, MAXIMUM_EXCHANGES + 1):
            state = await self._subject(current or "")
            if state is None:
                return None
            if state.subject_client_id is None:
                return count
            current = state.family_id
        return None

    async def find_sign_in(self, family_id: str, *, now: datetime) -> SubjectFamily | None:
        """Return the family of a sign-in, or None if it or its user is not valid any more."""
        stored = await self._sign_in(family_id)
        return stored if stored is not None and stored.family_expires_at > now else None

    async def begin(self, new: NewExchange, *, use: SingleUse | None, event: NewEvent) -> bool:
        """Store an exchanged token with its family and its audit event.

        Return False, and store nothing, if the subject token was revoked, its user was disabled or
        their credentials changed since it was read. A `use` is spent in any case; the result is
        also False if another caller spent it before.
        """
        has_row, has_use = new.access_digest is not None, use is not None
        return await self._beginnings[_about(new), has_row, has_use](
            family_id=new.family_id,
            client_id=new.client_id,
            user_id=new.user_id,
            about_client_id=new.about_client_id,
            actors=new.actors,
            subject_client_id=new.subject_client_id,
            subject_family_id=new.subject_family_id,
            subject_digest=new.subject_digest,
            subject_jti_digest=new.subject_jti_digest,
            family_scope=new.scope_of_family,
            resources=new.resources,
            now=new.issued_at,
            access_digest=new.access_digest,
            access_expires_at=new.expires_at,
            scope=new.scope,
            audience=new.audience,
            confirmation=new.confirmation,
            authorization_details=None,
            **values_of_event(event),
            **(values_of_use(use) if use is not None else {}),
        )


def _about(new: NewExchange) -> About:
    if new.user_id is None:
        return About.CLIENT
    return About.USER if new.subject_family_id is None else About.SIGN_IN
