"""Verify DPoP proofs (RFC 9449 section 4.3)."""

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from joserfc.jwk import Key

from postern_kit.refusals import invalid_proof
from postern_kit.signatures import ALGORITHMS, SignatureError, Signatures, public_key
from postern_kit.tokens import Claims, is_time

LIFETIME_SECONDS = 300.0
MAXIMUM_PROOFS = 100_000
MAXIMUM_LENGTH = 8_192


class DpopVerifier:
    """Verify that a proof is new, fits the request and the token, and is signed by its key.

    Proofs that were used are remembered in this process. With several processes, a copied proof
    can be used once in each, within `lifetime_seconds`.
    """

    def __init__(
        self,
        *,
        algorithms: Sequence[str] = ALGORITHMS,
        lifetime_seconds: float = LIFETIME_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.algorithms = tuple(algorithms)
        self._signatures = Signatures(algorithms, maximum_length=MAXIMUM_LENGTH)
        self._lifetime = lifetime_seconds
        self._now = now
        self._used: OrderedDict[bytes, float] = OrderedDict()

    def verify(self, proof: str, *, method: str, url: str, token: str, thumbprint: str) -> None:
        """Raise `Refusal` unless the proof is for this request, this token and its key."""
        try:
            header = self._signatures.header_of(proof)
            key = self._key_in(header)
            claims = self._signatures.claims_of(proof, key)
        except SignatureError as error:
            raise invalid_proof(str(error)) from None
        if key.thumbprint() != thumbprint:
            raise invalid_proof("the token is bound to another key")
        self._check(claims, method=method, url=url, token=token)
        self._use(claims["jti"], thumbprint)

    def _key_in(self, header: Claims) -> Key:
        if header.get("typ") != "dpop+jwt":
            raise SignatureError("typ is not dpop+jwt")
        return public_key(header.get("jwk"))

    def _check(self, claims: Claims, *, method: str, url: str, token: str) -> None:
        if claims.get("htm") != method:
            raise invalid_proof("htm is another method")
        htu = claims.get("htu")
        target = _target(htu) if isinstance(htu, str) else None
        if target is None or target != _target(url):
            raise invalid_proof("htu is another address")
        issued_at = claims.get("iat")
        if not is_time(issued_at) or abs(self._now() - float(issued_at or 0)) > self._lifetime:
            raise invalid_proof("iat is too old, or in the future")
        digest = hashlib.sha256(token.encode()).digest()
        if claims.get("ath") != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            raise invalid_proof("ath is of another token")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise invalid_proof("jti is missing")

    def _use(self, jti: str, thumbprint: str) -> None:
        """Refuse a proof that was used before. The oldest are forgotten when they have expired."""
        now = self._now()
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        key = hashlib.sha256(f"{thumbprint} {jti}".encode()).digest()
        if key in self._used:
            raise invalid_proof("the proof was used before")
        if len(self._used) >= MAXIMUM_PROOFS:
            raise invalid_proof("too many proofs at once")
        self._used[key] = now + 2 * self._lifetime


def _target(url: str) -> tuple[str, str, int | None, str] | None:
    """Return what is compared of an address: no query and no fragment (RFC 9449 section 4.3).

    None if it is malformed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower())
    except ValueError:
        return None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, parts.path or "/"
