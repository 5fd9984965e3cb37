"""Queries about tokens that were issued by token exchange (RFC 8693).

Such a token has a family of its own, which refers to its subject token: it is valid only while that
is. The subject token can be exchanged itself, so its subject is looked up as well.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Insert, and_, insert, literal, or_, select

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import users
from app.models.clients.client_documents import client_documents
from app.models.clients.clients import clients
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.denied_tokens import denied_tokens
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.replay_cache import SingleUse, replay_cache
from app.repositories.clients.in_force import CLIENT_IS_IN_FORCE, with_client
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import write_events
from app.security.document_urls import is_of_document

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


class ExchangedTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._subject = database.lookup(SUBJECT, key=family.family_id, value=SubjectState)
        self._sign_in = database.lookup(SIGN_IN, key=family.family_id, value=SubjectFamily)

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

    @retries_on_lock
    async def begin(self, new: NewExchange, *, use: SingleUse | None, event: NewEvent) -> bool:
        """Store an exchanged token with its family.

        Return False, and store nothing, if the subject token was revoked, its user was disabled or
        their credentials changed since it was read, or if another caller spent the `use` before.
        """
        async with self._database.transaction() as connection:
            if use is not None:
                spend = upsert(connection, replay_cache).values(values_in(replay_cache, use))
                spent = spend.on_conflict_do_nothing().returning(replay_cache.c.digest)
                if (await connection.execute(spent)).first() is None:
                    return False
            created = await connection.execute(_new_family(new).returning(family.family_id))
            if created.first() is None:
                return False
            if new.access_digest is not None:
                await connection.execute(insert(access_tokens).values(_access_row(new)))
            await write_events(connection, event)
        return True


def _new_family(new: NewExchange) -> Insert:
    """Return an insert that takes the sign-in of the subject, if the user is as before."""
    values: dict[ColumnElement[Any], Any] = {
        family.family_id: new.family_id,
        family.client_id: new.client_id,
        family.scope: new.scope_of_family,
        family.resources: new.resources,
        family.created_at: new.issued_at,
        family.expires_at: new.expires_at,
        family.actors: new.actors,
        family.about_client_id: new.about_client_id,
        family.subject_client_id: new.subject_client_id,
        family.subject_family_id: new.subject_family_id,
        family.subject_digest: new.subject_digest,
        family.subject_jti_digest: new.subject_jti_digest,
    }
    columns: dict[ColumnElement[Any], ColumnElement[Any]] = {
        column: literal(value, column.type) for column, value in values.items()
    }
    source, *conditions = _subject_client(new.subject_client_id)
    if new.user_id is not None:
        source = source.join(users, user.user_id == new.user_id)
        conditions.append(user.disabled_at.is_(None))
        columns |= {
            family.user_id: user.user_id,
            family.credentials_version: user.credentials_version,
        }
        if new.subject_family_id is not None:
            source = source.join(parents, parent.family_id == new.subject_family_id)
            conditions += [
                parent.revoked_at.is_(None),
                parent.user_id == user.user_id,
                parent.credentials_version == user.credentials_version,
            ]
            columns |= {
                family.auth_time: parent.auth_time,
                family.acr: parent.acr,
                family.amr: parent.amr,
            }
    rows = select(*columns.values()).select_from(source).where(*conditions)
    return insert(token_families).from_select([str(column.key) for column in columns], rows)


def _subject_client(client_id: str) -> tuple[FromClause, *tuple[ColumnElement[bool], ...]]:
    """Return where a client is stored, and the conditions by which it is there and in force."""
    if is_of_document(client_id):
        return client_documents, document.client_id == client_id
    return clients, client.client_id == client_id, client.disabled_at.is_(None)


def _access_row(new: NewExchange) -> dict[str, object]:
    return {
        "digest": new.access_digest,
        "family_id": new.family_id,
        "client_id": new.client_id,
        "user_id": new.user_id,
        "scope": new.scope,
        "issued_at": new.issued_at,
        "expires_at": new.expires_at,
        "audience": new.audience,
        "confirmation": new.confirmation,
    }
