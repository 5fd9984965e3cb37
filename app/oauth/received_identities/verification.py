"""Verification of identity assertions: what one says, once a trusted issuer has signed it.

It names the client that presents it, by the id that the client has here, and this server alone. An
assertion of this server is never accepted: it is for others.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.trusted_issuers import IdentityRules, TrustedIssuer
from app.oauth.dpop.confirmation import JKT, bound_key
from app.oauth.id_tokens import IDENTITY_ASSERTION_TYPE
from app.oauth.trusted_assertions import (
    TrustedAssertions,
    UntrustedAssertionError,
    VerifiedAssertion,
    confirmation_in,
    only_one,
)
from app.security.client_jwt import SKEW, require_now
from app.security.jose import SignatureError, header_of
from app.security.text import is_storable

MAXIMUM_TEXT = 255
MAXIMUM_LENGTH = 16_384
NAME = re.compile(r"[^\s\x00-\x1f]+")


class ReceivedIdentity(NamedTuple):
    """What an identity assertion says. `resources` and `scope` are None if it names none.

    `jkt` is the thumbprint of the key that it is bound to. `expires_at` is the end of the time in
    which the row accepts it.
    """

    row: TrustedIssuer
    rules: IdentityRules
    subject: str
    jti: str
    claims: Mapping[str, Any]
    resources: tuple[str, ...] | None
    scope: str | None
    jkt: str | None
    expires_at: datetime


class IdentityVerification:
    def __init__(self, *, trusted_assertions: TrustedAssertions, clock: Clock, issuer: str) -> None:
        self._trusted_assertions = trusted_assertions
        self._clock = clock
        self._issuer = issuer

    async def verify(self, assertion: str, client: Client) -> ReceivedIdentity:
        """Return what an assertion says that this client presents.

        Raises `UntrustedAssertionError`.
        """
        if len(assertion) > MAXIMUM_LENGTH:
            raise UntrustedAssertionError("it is too long")

        def check(claims: Mapping[str, Any], row: TrustedIssuer) -> datetime:
            if claims.get("client_id") != client.client_id:
                raise SignatureError("client_id is not the client that presents it")
            return self._check(claims, row)

        verified = await self._trusted_assertions.verify_by(
            assertion,
            where=lambda row: row.identities is not None and row.issuer.rstrip("/") != self._issuer,
            check=check,
            purpose=" for identity assertions",
        )
        proven = only_one(verified, where=lambda row: row.may_be_presented_by(client.client_id))
        try:
            return _parsed(proven)
        except SignatureError as error:
            raise UntrustedAssertionError(f"{proven.row.name}: {error}") from None

    def _check(self, claims: Mapping[str, Any], row: TrustedIssuer) -> datetime:
        """Return the end of the time in which a row accepts an assertion.

        An assertion whose `exp` is later is accepted until then. Raises `SignatureError`.
        """
        if claims.get("aud") not in (self._issuer, [self._issuer]):
            raise SignatureError("aud is not this server alone")
        for name in ("iat", "exp"):
            if name not in claims:
                raise SignatureError(f"{name} is missing")
        now = self._clock.now()
        expires_at = require_now(claims, now)
        if expires_at is None or row.identities is None:
            raise SignatureError("exp is missing")
        issued_at = datetime.fromtimestamp(claims["iat"], UTC)  # `require_now` has checked it
        accepted_until = issued_at + timedelta(seconds=row.identities.accepted_for)
        if accepted_until <= now - SKEW:
            raise SignatureError(
                f"iat is more than {row.identities.accepted_for} seconds ago: the client has to get"
                " a new assertion"
            )
        return min(expires_at, accepted_until)


def is_identity_assertion(token: str) -> bool:
    """Return whether a JWT says that it is an identity assertion."""
    try:
        typ = header_of(token).get("typ")
    except SignatureError:
        return False
    return (
        isinstance(typ, str) and typ.lower().removeprefix("application/") == IDENTITY_ASSERTION_TYPE
    )


def _parsed(proven: VerifiedAssertion) -> ReceivedIdentity:
    claims, rules = proven.claims, proven.row.identities
    if rules is None:
        raise SignatureError("the row is not for identity assertions")
    if len(proven.subject) > MAXIMUM_TEXT:
        raise SignatureError("sub is too long")
    return ReceivedIdentity(
        row=proven.row,
        rules=rules,
        subject=proven.subject,
        jti=_text(claims.get("jti"), "jti"),
        claims=claims,
        resources=_resources(claims.get("resource")),
        scope=_scope(claims.get("scope")),
        jkt=bound_key(confirmation_in(claims, members=(JKT,))),
        expires_at=proven.expires_at,
    )


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAXIMUM_TEXT or not is_storable(value):
        raise SignatureError(f"{name} is missing or malformed")
    return value


def _resources(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(each, str) and NAME.fullmatch(each) for each in names):
        raise SignatureError("resource is malformed")
    return tuple(names)


def _scope(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise SignatureError("scope is malformed")
    return value
