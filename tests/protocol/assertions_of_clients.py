"""Clients that sign, and what they send."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.application import Application
from tests.support.client_jwts import (
    ASSERTION_TYPE,
    SigningKey,
    assertion_claims,
    jwks,
    signing_key,
)


@dataclass(frozen=True)
class SigningClient:
    """A client that registered `private_key_jwt`, with its key."""

    app: Application
    client_id: str
    key: SigningKey

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good assertion says, with changes; None takes a claim out."""
        issuer = self.app.settings.issuer_url
        return assertion_claims(self.client_id, issuer, self.app.clock.now(), **changes)

    def moment(self, seconds: float) -> int:
        """So many seconds from now, as claims say it."""
        return int(self.app.clock.now().timestamp() + seconds)

    def assertion(self, **changes: Any) -> str:
        return self.key.sign(self.claims(**changes))

    async def token(self, assertion: str | None = None, **form: str) -> httpx.Response:
        """POST /token for client_credentials, with a good assertion unless there is another."""
        return await self.post("/token", assertion, grant_type="client_credentials", **form)

    async def post(self, path: str, assertion: str | None = None, **form: str) -> httpx.Response:
        said = assertion if assertion is not None else self.assertion()
        return await self.app.http.post(
            path,
            data={"client_assertion_type": ASSERTION_TYPE, "client_assertion": said, **form},
        )


async def signing_client(
    app: Application, key: SigningKey | None = None, **metadata: Any
) -> SigningClient:
    key = key or signing_key()
    metadata = {"jwks": jwks(key), **metadata} if "jwks_uri" not in metadata else metadata
    made = await app.create_client(token_endpoint_auth_method="private_key_jwt", **metadata)
    assert made.client_secret == ""
    return SigningClient(app, made.client_id, key)
