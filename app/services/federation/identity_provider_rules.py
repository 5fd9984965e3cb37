"""Rules for the settings of identity providers, and for the claims that are stored from them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from app.details import Detail
from app.errors import InvalidInputError
from app.models.federation.identity_providers import IdentityProvider, LinkedIdentity
from app.schemas.claims import StandardClaims
from app.schemas.identity_providers import IdentityProviderBody
from app.security import usernames
from app.security.text import is_scope, is_storable

NAME = re.compile(r"[a-z0-9-]{1,40}")
MAXIMUM_LABEL = 100
MAXIMUM_LENGTH = 300
MAXIMUM_TEXTS = {"email": 254, "name": 200, "preferred_username": 64}
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """External identity that a user proved at an identity provider.

    It is identified by issuer and subject; the other fields are unverified claims of the provider.
    """

    provider: str
    issuer: str
    subject: str
    label: str
    username: str = ""
    name: str = ""
    email: str = ""


def check_provider(body: IdentityProviderBody, *, is_production: bool) -> None:
    """Check the settings of an identity provider; raise `InvalidInputError`."""
    client_id, label, scope = body.client_id, body.shown_label, body.scope
    if not NAME.fullmatch(body.name):
        raise InvalidInputError(Detail.PROVIDER_NAME_INVALID, field="name")
    if not _may_be_issuer(body.issuer, is_production=is_production):
        raise InvalidInputError(Detail.PROVIDER_ISSUER_INVALID, field="issuer")
    if not 0 < len(client_id) <= MAXIMUM_LENGTH or not is_storable(client_id):
        raise InvalidInputError(Detail.PROVIDER_CLIENT_ID_INVALID, field="client_id")
    if not 0 < len(label) <= MAXIMUM_LABEL or not is_storable(label):
        raise InvalidInputError(Detail.PROVIDER_LABEL_INVALID, field="label")
    if "openid" not in scope.split() or len(scope) > MAXIMUM_LENGTH or not is_scope(scope):
        raise InvalidInputError(Detail.PROVIDER_SCOPE_INVALID, field="scope")


def external_identity_of(provider: IdentityProvider, claims: Mapping[str, Any]) -> ExternalIdentity:
    """Return the external identity: the `sub`, which was verified, and short texts to display.

    A text that is too long or cannot be stored becomes "", and so does an invalid username.
    """
    texts = {name: _text(claims.get(name), limit) for name, limit in MAXIMUM_TEXTS.items()}
    subject = str(claims["sub"])
    username = texts["preferred_username"]
    return ExternalIdentity(
        provider=provider.name,
        issuer=provider.issuer,
        subject=subject,
        label=texts["email"] or username or texts["name"] or subject,
        username=username if is_unlike_address(username) else "",
        name=texts["name"],
        email=texts["email"],
    )


def is_unlike_address(username: str) -> bool:
    """Return whether a new account can have a username that is not written like an address."""
    key = usernames.key_or_none(username)
    return key is not None and "@" not in key and usernames.problem_with(username) is None


def claims_of(elsewhere: ExternalIdentity) -> dict[str, object]:
    """Return those claims of an identity provider that may be stored.

    The email address is stored as unverified, since only this server verifies addresses: otherwise
    anyone who controls a provider could receive the emails of an account.
    """
    claims: dict[str, object] = {}
    for name in ("name", "email"):
        try:
            parsed = StandardClaims.model_validate({name: getattr(elsewhere, name)})
        except ValidationError:
            continue
        claims.update(parsed.stated_claims())
    return claims


def linked_identity(
    user_id: str,
    elsewhere: ExternalIdentity,
    *,
    linked_at: datetime,
    used_at: datetime | None = None,
) -> LinkedIdentity:
    """Return the link of a user to an external identity, to be stored."""
    return LinkedIdentity(
        issuer=elsewhere.issuer,
        subject=elsewhere.subject,
        provider=elsewhere.provider,
        user_id=user_id,
        label=elsewhere.label,
        linked_at=linked_at,
        last_used_at=used_at,
    )


def _text(value: object, limit: int) -> str:
    is_text = isinstance(value, str) and len(value) <= limit and is_storable(value)
    return str(value).strip() if is_text else ""


def _may_be_issuer(issuer: str, *, is_production: bool) -> bool:
    """Return whether this is a valid issuer (OpenID Connect Discovery section 3).

    Plain http is allowed only for this machine, in development.
    """
    try:
        parts = urlsplit(issuer)
        is_plain = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS and not is_production
    )
    return (
        is_plain
        and is_safe
        and len(issuer) <= MAXIMUM_LENGTH
        and issuer.isascii()
        and issuer.isprintable()
        and not {" ", "\\", "?", "#"} & set(issuer)
    )
