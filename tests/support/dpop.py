"""DPoP proofs (RFC 9449), both good and forged."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.application import Application, TestClient
from tests.support.client_jwts import SigningKey, signing_key

PROOF_TYPE = "dpop+jwt"


def hashed(token: str) -> str:
    """Return what `ath` says of a token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Prover:
    """A client's key and its proofs."""

    app: Application
    key: SigningKey

    @property
    def jkt(self) -> str:
        thumbprint: str = self.key.key.thumbprint()
        return thumbprint

    @property
    def jwk(self) -> dict[str, Any]:
        return dict(self.key.key.as_dict(private=False))

    def claims(self, method: str, path: str, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good proof, with changes; None removes a claim."""
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": f"{self.app.settings.issuer_url}{path}",
            "iat": int(self.app.clock.now().timestamp()),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: Any, **header: Any) -> str:
        """Sign any claims; `header` changes members of the header, and None removes one."""
        return self.key.sign(claims, **{"kid": None, "typ": PROOF_TYPE, "jwk": self.jwk, **header})

    def proof(self, method: str = "POST", path: str = "/token", **changes: Any) -> str:
        return self.sign(self.claims(method, path, **changes))

    async def token(
        self, client: TestClient | None, *, proof: str | None = None, **form: str
    ) -> httpx.Response:
        """POST /token with a good proof, or another one."""
        return await self.app.http.post(
            "/token",
            data=form,
            headers={"DPoP": proof or self.proof()},
            auth=client.auth if client is not None else httpx.USE_CLIENT_DEFAULT,
        )

    async def client_credentials(
        self, client: TestClient, *, proof: str | None = None, **form: str
    ) -> httpx.Response:
        return await self.token(client, proof=proof, grant_type="client_credentials", **form)

    async def bound_token(self, client: TestClient, **form: str) -> str:
        response = await self.client_credentials(client, **form)
        assert response.status_code == 200, response.text
        token: str = response.json()["access_token"]
        return token

    async def get(
        self,
        path: str,
        token: str,
        *,
        proof: str | None = None,
        scheme: str = "DPoP",
        method: str = "GET",
    ) -> httpx.Response:
        """Request a protected resource with a good proof for the token, or another one."""
        proof = proof or self.proof(method, path, ath=hashed(token))
        return await self.app.http.request(
            method, path, headers={"Authorization": f"{scheme} {token}", "DPoP": proof}
        )


def prover(app: Application, algorithm: str = "ES256", name: str = "proofs") -> Prover:
    """Return a key; the same one for the same arguments."""
    return Prover(app, signing_key(algorithm, name))
