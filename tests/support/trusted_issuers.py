"""Trusted issuers for tests, and the JWTs that they sign."""

from dataclasses import dataclass
from typing import Any

import httpx

from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.grants.jwt_bearer import JWT_BEARER
from app.schemas.trusted_issuers import TrustedIssuerBody
from app.services.operations.authority import FULL
from tests.support.application import Application, TestClient
from tests.support.client_jwts import SigningKey, jwks, signing_key
from tests.support.parts import services_of

SUBJECT = "repo:octo/app:ref:refs/heads/main"
PATTERN = "repo:octo/app:ref:refs/heads/*"


def issuer_body(name: str, *, key: SigningKey | None = None, **values: Any) -> TrustedIssuerBody:
    key = key or signing_key()
    defaults: dict[str, Any] = {
        "name": name,
        "issuer": f"https://{name}.example",
        "jwks": jwks(key) if "jwks_uri" not in values else None,
        "algorithms": [key.algorithm],
        "audience": "http://localhost:8000",
        "subjects": [PATTERN],
        "client_id": "c" if "user_id" not in values else None,
        "scopes": [],
        "resources": [],
    }
    return TrustedIssuerBody.model_validate({**defaults, **values})


@dataclass(frozen=True)
class Workload:
    """A workload with the key of its issuer."""

    app: Application
    row: TrustedIssuer
    key: SigningKey

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a token that is trusted, with changes; None removes a claim."""
        now = int(self.app.clock.now().timestamp())
        claims = {
            "iss": self.row.issuer,
            "sub": SUBJECT,
            "aud": self.row.audience,
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, **changes: Any) -> str:
        return self.key.sign(self.claims(**changes))

    async def token(
        self, assertion: str | None = None, *, client: TestClient | None = None, **form: str
    ) -> httpx.Response:
        """POST /token with a trusted token unless there is another one."""
        presented = assertion if assertion is not None else self.assertion()
        return await self.app.token(client, grant_type=JWT_BEARER, assertion=presented, **form)


async def new_workload(
    app: Application, *, key: SigningKey | None = None, **values: Any
) -> Workload:
    """Trust an issuer with a name of its own."""
    key = key or signing_key()
    name = values.pop("name", None) or app.new_name("issuer")
    body = issuer_body(name, key=key, **{"audience": app.settings.issuer_url, **values})
    row = await services_of(app).oauth.trusted_issuers.create(body, authority=FULL)
    return Workload(app, row, key)


async def workload_client(app: Application, **metadata: Any) -> TestClient:
    return await app.create_client(
        grant_types=[JWT_BEARER], **{"scope": "profile email", **metadata}
    )
