"""JWTs of trusted issuers (RFC 7523 sections 2.1 and 3), such as tokens of workloads.

A JWT is verified with the keys of the row that it is matched with, never with those of another one.
Its subject alone says for whom it stands: an email address identifies nobody. It may be presented
again until it expires, so `jti` is not read.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.concurrency.late_imports import imported
from app.errors import OverloadedError
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.certificate_binding import THUMBPRINT as CERTIFICATE
from app.oauth.dpop.confirmation import JKT, THUMBPRINT
from app.outbound.http import BusyError, FetchError
from app.repositories.oauth.trusted_issuers import TrustedIssuerRepository
from app.security import jose
from app.security.client_jwt import (
    PLAIN_TYPE,
    kid_of,
    require_lifetime,
    require_only_audience,
    require_type,
)
from app.security.jose import SignatureError, header_of
from app.security.subject_patterns import ANY_SEGMENT, is_covered
from app.security.text import is_storable
from app.services.clients.client_keys import ClientKeys, public_keys

MAXIMUM_ISSUER = 300
PROVABLE = (JKT, CERTIFICATE)
"""Members of `cnf` whose key or certificate a request can prove."""
Condition = Callable[[TrustedIssuer], bool]
Check = Callable[[Mapping[str, Any], TrustedIssuer], datetime]
"""Checks the claims of a JWT by its row, and returns when it expires; raises `SignatureError`."""


class UntrustedAssertionError(Exception):
    """No row trusts the JWT; the message is for the log."""


class VerifiedAssertion(NamedTuple):
    """A JWT with the row that trusts it."""

    row: TrustedIssuer
    subject: str
    claims: Mapping[str, Any]
    expires_at: datetime


class TrustedAssertions:
    def __init__(
        self,
        *,
        trusted_issuer_repository: TrustedIssuerRepository,
        client_keys: ClientKeys,
        clock: Clock,
    ) -> None:
        self._trusted_issuer_repository = trusted_issuer_repository
        self._client_keys = client_keys
        self._clock = clock

    async def verify(self, token: str) -> Sequence[VerifiedAssertion]:
        """Return the JWT with each row for a client or a user that trusts it, at least one.

        Raises `UntrustedAssertionError`.
        """
        try:
            require_type(token, PLAIN_TYPE)
        except SignatureError as error:
            raise UntrustedAssertionError(str(error)) from None
        return await self.verify_by(
            token, where=lambda row: row.identities is None, check=self._check
        )

    async def verify_by(
        self, token: str, *, where: Condition, check: Check, purpose: str = ""
    ) -> Sequence[VerifiedAssertion]:
        """Return a JWT, whose type the caller has checked, with each row that trusts it.

        `where` says which rows are for such a JWT, and `purpose` is for the log. Raises
        `UntrustedAssertionError`.
        """
        try:
            issuer, subject = _unverified(token)
        except SignatureError as error:
            raise UntrustedAssertionError(str(error)) from None
        rows = [row for row in await self._trusted_issuer_repository.list_of(issuer) if where(row)]
        if not rows:
            raise UntrustedAssertionError(f"the issuer {issuer!a} is not trusted{purpose}")
        verified, problems = [], []
        for row in rows:
            if not _covers(row, subject):
                continue
            try:
                claims = await self._signed_claims(token, row)
                expires_at = check(claims, row)
                verified.append(VerifiedAssertion(row, claims["sub"], claims, expires_at))
            except BusyError:
                raise OverloadedError from None
            except (SignatureError, FetchError) as error:
                problems.append(f"{row.name}: {error}")
        if not verified:
            reason = "; ".join(problems) or f"no row covers the subject {subject!a}"
            raise UntrustedAssertionError(reason)
        return verified

    async def _signed_claims(self, token: str, row: TrustedIssuer) -> Mapping[str, Any]:
        """Return the claims that a key of a row has signed, with the values that it requires."""
        if row.jwks_uri is not None:
            keys = await self._client_keys.keys_at(row.jwks_uri, kid=kid_of(token))
        else:
            keys = public_keys(row.keys or {"keys": []})
        await imported(*jose.MODULES)
        claims = jose.verify(token, keys, algorithms=row.algorithms.split())
        for name, value in row.claims.items():
            if claim_at(claims, name) != value:
                raise SignatureError(f"the claim {name} does not have the required value")
        return claims

    def _check(self, claims: Mapping[str, Any], row: TrustedIssuer) -> datetime:
        require_only_audience(claims, {row.audience})
        confirmation_in(claims, members=PROVABLE)
        return require_lifetime(
            claims, self._clock.now(), maximum=timedelta(seconds=row.maximum_age)
        )


def _covers(row: TrustedIssuer, subject: str) -> bool:
    """Return whether a row is for a subject; `*` alone is every one, of an identity provider."""
    patterns = row.subjects.split()
    if row.identities is not None and ANY_SEGMENT in patterns:
        return True
    return is_covered(subject, patterns)


def only_one(verified: Sequence[VerifiedAssertion], *, where: Condition) -> VerifiedAssertion:
    """Return the assertion with the only row for which a condition holds.

    Raises `UntrustedAssertionError`: with several rows, nothing says which of them is meant.
    """
    chosen = [each for each in verified if where(each.row)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(each.row.name for each in chosen or verified)
    problem = "several rows match" if chosen else "the rows that match are not for this client"
    raise UntrustedAssertionError(f"{problem}: {names}")


def claim_at(claims: Mapping[str, Any], name: str) -> object:
    """Return a claim by its name or else by a path of names between slashes, or None."""
    if name in claims:
        return claims[name]
    first = next((each for each in claims if name.startswith(f"{each}/")), None)
    if first is None:
        return None
    value: object = claims[first]
    for member in name.removeprefix(f"{first}/").split("/"):
        value = value.get(member) if isinstance(value, dict) else None
    return value


def confirmation_in(claims: Mapping[str, Any], *, members: Sequence[str]) -> str | None:
    """Return the keys that a JWT is bound to (RFC 7800 section 3), as they are stored.

    Raises `SignatureError` for a confirmation that could not be verified, because it has others
    than these members.
    """
    cnf = claims.get("cnf")
    if cnf is None:
        return None
    if not isinstance(cnf, dict) or not cnf or not cnf.keys() <= set(members):
        raise SignatureError(
            f"cnf is malformed, or has another member than {' and '.join(members)}"
        )
    if not all(isinstance(each, str) and THUMBPRINT.fullmatch(each) for each in cnf.values()):
        raise SignatureError("cnf has a member that is not a thumbprint")
    return json.dumps(cnf)


def _unverified(token: str) -> tuple[str, str]:
    """Return `iss` and `sub` before the signature is verified; raises `SignatureError`."""
    header_of(token)
    payload = token.split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        raise SignatureError("the claims cannot be read") from None
    issuer, subject = (
        (claims.get("iss"), claims.get("sub")) if isinstance(claims, dict) else (None, None)
    )
    if not isinstance(issuer, str) or not 0 < len(issuer) <= MAXIMUM_ISSUER:
        raise SignatureError("iss is missing or invalid")
    if not isinstance(subject, str) or not subject or not is_storable(issuer + subject):
        raise SignatureError("sub is missing or invalid")
    return issuer, subject
