"""Checks of DPoP proofs (RFC 9449 section 4.3), and their single use on all workers."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.concurrency.batched_calls import BatchedCalls
from app.concurrency.late_imports import imported
from app.models.operations.replay_cache import SingleUse
from app.oauth.descriptions import Description
from app.oauth.dpop.errors import InvalidDpopProofError, UseDpopNonceError
from app.oauth.dpop.nonces import DpopNonces
from app.oauth.dpop.target_uris import TargetUris
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.security import jose
from app.security.jose import SignatureError
from app.security.key_proofs import PROOF_ALGORITHMS, encoded, verify_key_proof
from app.services.clients.fapi import FAPI_ALGORITHM_NAMES, FAPI_ALGORITHMS

PROOF_TYPE = "dpop+jwt"
MAXIMUM_BYTES = 4096
MAXIMUM_JTI = 256
MAXIMUM_AGE = timedelta(seconds=60)
"""How far `iat` may be from now, in both directions; a good nonce allows it to be older."""


class PresentedProof(NamedTuple):
    """The DPoP header of a request, if there is one, and the method and path that it must name."""

    header: bytes | None
    method: str
    path: str


class DpopProof(NamedTuple):
    """A verified proof: the thumbprint of its key, and what makes it usable only once."""

    jkt: str
    use: SingleUse


class DpopProofs:
    """Proofs. With `requires_nonce`, every proof needs a nonce; without, those of some clients."""

    def __init__(
        self,
        *,
        replay_cache_repository: ReplayCacheRepository,
        nonces: DpopNonces,
        target_uris: TargetUris,
        clock: Clock,
        requires_nonce: bool,
    ) -> None:
        self._replay_cache_repository = replay_cache_repository
        self._nonces = nonces
        self._target_uris = target_uris
        self._clock = clock
        self._requires_nonce = requires_nonce
        self._verify_together = BatchedCalls(verify_key_proof)

    async def verify(
        self,
        presented: PresentedProof,
        *,
        access_token: str | None,
        needs_nonce: bool,
        is_fapi: bool,
    ) -> DpopProof:
        """Return the proof of a request; raises a `DpopError`.

        `access_token` is the token of a request to a protected resource. `is_fapi` is whether the
        FAPI 2.0 profile holds for the client, which restricts the algorithms. The proof is not
        used yet: store its `use` in the step that stores what the client gets, or call `spend`.
        """
        accepted = FAPI_ALGORITHMS if is_fapi else PROOF_ALGORITHMS
        algorithms = accepted if access_token is not None else None
        header = presented.header
        if header is None:
            raise InvalidDpopProofError(
                Description.DPOP_PROOF_REQUIRED,
                algorithms=algorithms,
                reason="the request has no DPoP header",
            )
        try:
            if len(header) > MAXIMUM_BYTES or not header.isascii():
                raise SignatureError("it is too long or not ASCII")
            await imported(*jose.MODULES)
            proof = await self._verify_together(header.decode("ascii"), typ=PROOF_TYPE)
            if is_fapi and proof.algorithm not in FAPI_ALGORITHM_NAMES:
                raise SignatureError(f"the FAPI 2.0 profile does not allow {proof.algorithm}")
            self._check_target(proof.claims, presented, access_token)
            self._check_not_ahead(proof.claims)
            jti = proof.claims.get("jti")
            if not isinstance(jti, str) or not 0 < len(jti) <= MAXIMUM_JTI:
                raise SignatureError("jti is missing or invalid")
            expires_at = self._expiry_by_nonce(
                proof.claims, algorithms=algorithms, needs_nonce=needs_nonce
            ) or self._expiry_by_age(proof.claims)
        except SignatureError as error:
            raise InvalidDpopProofError(
                algorithms=algorithms, reason=f"the DPoP proof cannot be verified: {error}"
            ) from None
        use = SingleUse(_digest_of(proof.thumbprint, jti), secrets.token_bytes(16), expires_at)
        return DpopProof(proof.thumbprint, use)

    async def spend(self, proof: DpopProof, *, algorithms: Sequence[str] | None) -> None:
        """Use a proof; raises `InvalidDpopProofError` if another request used it.

        `algorithms` are those of the challenge, as in the errors.
        """
        if not await self._replay_cache_repository.spend_use(proof.use):
            raise InvalidDpopProofError(
                algorithms=algorithms, reason="the DPoP proof was used before (same jti)"
            )

    def nonce_for_next(self) -> str | None:
        """Return the nonce for the next proof of a client, if each needs one (section 8.2)."""
        return self._nonces.current(self._clock.now()) if self._requires_nonce else None

    def _check_target(
        self, claims: dict[str, Any], presented: PresentedProof, access_token: str | None
    ) -> None:
        if claims.get("htm") != presented.method:
            raise SignatureError("htm is not the method of the request")
        htu = claims.get("htu")
        if not isinstance(htu, str) or not self._target_uris.matches(htu, presented.path):
            raise SignatureError("htu is not the URL of this endpoint below ISSUER")
        if access_token is not None and claims.get("ath") != ath_of(access_token):
            raise SignatureError("ath is not the hash of the access token")

    def _check_not_ahead(self, claims: dict[str, Any]) -> None:
        """Refuse a proof that is not valid yet, also with a nonce (FAPI 2.0 section 5.3.2.1)."""
        latest = self._clock.now() + MAXIMUM_AGE
        if _instant(claims.get("iat"), "iat") > latest:
            raise SignatureError("iat is more than a minute ahead")
        if "nbf" in claims and _instant(claims["nbf"], "nbf") > latest:
            raise SignatureError("nbf is more than a minute ahead")

    def _expiry_by_nonce(
        self, claims: dict[str, Any], *, algorithms: Sequence[str] | None, needs_nonce: bool
    ) -> datetime | None:
        """Return when the nonce of a proof expires, or None if it has none and needs none."""
        nonce, now = claims.get("nonce"), self._clock.now()
        if nonce is None and not needs_nonce and not self._requires_nonce:
            return None
        expires_at = self._nonces.expiry_of(nonce, now) if isinstance(nonce, str) else None
        if expires_at is None:
            raise UseDpopNonceError(
                self._nonces.current(now),
                algorithms=algorithms,
                reason="the DPoP proof has no nonce, or an old one",
            )
        return expires_at

    def _expiry_by_age(self, claims: dict[str, Any]) -> datetime:
        issued_at = _instant(claims.get("iat"), "iat")
        if self._clock.now() - issued_at > MAXIMUM_AGE:
            raise SignatureError("iat is more than a minute ago")
        return issued_at + MAXIMUM_AGE


def ath_of(access_token: str) -> str:
    """Return the hash by which a proof names an access token."""
    return encoded(hashlib.sha256(access_token.encode("ascii")).digest())


def _instant(value: Any, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignatureError(f"{name} is missing or not a time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureError(f"{name} is not a time") from None


def _digest_of(thumbprint: str, jti: str) -> bytes:
    """Return the name of a use: two keys may use the same `jti`."""
    return hashlib.sha256(f"dpop\0{thumbprint} {jti}".encode("utf-8", "surrogatepass")).digest()
