"""Rows of access and refresh tokens: their values, and the inserts that belong to other steps."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Insert

from app.database.database import Database
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.refresh_tokens import refresh_tokens
from app.models.oauth.token_families import token_families
from app.repositories.inserts import insert_once_where, value_of

access, family, refresh = access_tokens.c, token_families.c, refresh_tokens.c


class NewPair(NamedTuple):
    """A new access token and a new refresh token, by their digests.

    `scope`, `audience`, `confirmation` and `authorization_details` are those of the access token.
    `has_access_row` is False if that is a JWT, which has no row; `access_digest` only identifies
    the caller then.
    """

    access_digest: bytes
    access_expires_at: datetime
    refresh_digest: bytes
    refresh_expires_at: datetime
    issued_at: datetime
    scope: str
    audience: str | None
    confirmation: str | None
    authorization_details: str | None
    has_access_row: bool


NEW_ACCESS = (
    access_tokens,
    {
        access.digest: "access_digest",
        access.family_id: "family_id",
        access.client_id: "client_id",
        access.user_id: "user_id",
        access.scope: "scope",
        access.issued_at: "now",
        access.expires_at: "access_expires_at",
        access.audience: "audience",
        access.confirmation: "confirmation",
        access.authorization_details: "authorization_details",
    },
)
NEW_REFRESH = (
    refresh_tokens,
    {
        refresh.digest: "refresh_digest",
        refresh.family_id: "family_id",
        refresh.issued_at: "now",
        refresh.expires_at: "refresh_expires_at",
    },
)


def values_of_access_token(pair: NewPair) -> dict[str, Any]:
    """Return values of a step, by their names."""
    return {
        "access_digest": pair.access_digest,
        "access_expires_at": pair.access_expires_at,
        "scope": pair.scope,
        "audience": pair.audience,
        "confirmation": pair.confirmation,
        "authorization_details": pair.authorization_details,
    }


def new_access_token(
    database: Database, source: FromClause, *conditions: ColumnElement[bool]
) -> Insert:
    """Return an insert of the access token of a pair, for the family the conditions select."""
    return insert_once_where(
        database,
        access_tokens,
        {
            access.digest: value_of("access_digest", access.digest),
            access.family_id: family.family_id,
            access.client_id: family.client_id,
            access.user_id: family.user_id,
            access.scope: value_of("scope", access.scope),
            access.issued_at: value_of("now", access.issued_at),
            access.expires_at: value_of("access_expires_at", access.expires_at),
            access.audience: value_of("audience", access.audience),
            access.confirmation: value_of("confirmation", access.confirmation),
            access.authorization_details: value_of(
                "authorization_details", access.authorization_details
            ),
        },
        source,
        *conditions,
    )


def new_refresh_token(
    database: Database, source: FromClause, *conditions: ColumnElement[bool]
) -> Insert:
    """Return an insert of the refresh token of a pair, for the family the conditions select."""
    return insert_once_where(
        database,
        refresh_tokens,
        {
            refresh.digest: value_of("refresh_digest", refresh.digest),
            refresh.family_id: family.family_id,
            refresh.issued_at: value_of("now", refresh.issued_at),
            refresh.expires_at: value_of("refresh_expires_at", refresh.expires_at),
        },
        source,
        *conditions,
    )
