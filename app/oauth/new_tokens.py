"""New pairs of tokens, in clear and as they are stored, and the family that they begin."""

from datetime import datetime, timedelta

from app.oauth.lifetimes import Lifetimes
from app.oauth.token_grants import TokenGrant
from app.oauth.token_pairs import TokenPair
from app.repositories.oauth.token_families import NewFamily
from app.repositories.oauth.token_rows import NewPair
from app.security.tokens import ACCESS_TOKEN, REFRESH_TOKEN, digest_of, new_token


def family_lifetime(lifetimes: Lifetimes, *, with_refresh_token: bool) -> timedelta:
    """Return the lifetime of a family.

    Without a refresh token, a family ends with its only access token.
    """
    return lifetimes.family if with_refresh_token else lifetimes.access


def new_family(grant: TokenGrant, *, expires_at: datetime) -> NewFamily:
    return NewFamily(
        scope=grant.kept_scope,
        resources=grant.resources,
        confirmation=grant.confirmation_of_family,
        authorization_details=grant.details_of_family,
        expires_at=expires_at,
    )


def new_pair(
    grant: TokenGrant, *, lifetimes: Lifetimes, family_expires_at: datetime, now: datetime
) -> tuple[TokenPair, NewPair]:
    tokens = new_token(ACCESS_TOKEN), new_token(REFRESH_TOKEN)
    return pair_of(tokens, grant, lifetimes=lifetimes, family_expires_at=family_expires_at, now=now)


def pair_of(
    tokens: tuple[str, str],
    grant: TokenGrant,
    *,
    lifetimes: Lifetimes,
    family_expires_at: datetime,
    now: datetime,
) -> tuple[TokenPair, NewPair]:
    access_token, refresh_token = tokens
    access_expires_at = min(now + lifetimes.access, family_expires_at)
    stored = NewPair(
        access_digest=digest_of(access_token),
        access_expires_at=access_expires_at,
        refresh_digest=digest_of(refresh_token),
        refresh_expires_at=min(now + lifetimes.refresh, family_expires_at),
        issued_at=now,
        scope=grant.scope,
        audience=grant.audience,
        confirmation=grant.confirmation,
        authorization_details=grant.authorization_details,
        has_access_row=not grant.is_for_jwt,
    )
    pair = TokenPair(
        access_token,
        refresh_token,
        grant.scope,
        access_expires_at,
        grant.audience,
        grant.confirmation,
        grant.authorization_details,
    )
    return pair, stored
