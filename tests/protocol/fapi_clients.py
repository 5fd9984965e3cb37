"""Clients under the FAPI 2.0 Security Profile: with keys and DPoP, or with a certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.support.administration import set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.certificates import Identity, make
from tests.support.client_jwts import (
    ASSERTION_TYPE,
    SigningKey,
    assertion_claims,
    jwks,
    signing_key,
)
from tests.support.dpop import Prover, hashed, prover
from tests.support.visitor import REDIRECT_URI, VERIFIER, Visitor, answer_in, query

SCOPE = "openid profile offline_access"
GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"]
WITHOUT = ""
"""In place of a proof: the request has none."""


@dataclass(frozen=True)
class FapiClient:
    """A client, with what it signs and proves with."""

    app: Application
    client_id: str
    key: SigningKey | None
    prover: Prover | None
    identity: Identity | None

    @property
    def public(self) -> TestClient:
        """What the browser knows of the client."""
        return TestClient(self.client_id, "")

    @property
    def with_prover(self) -> Prover:
        assert self.prover is not None
        return self.prover

    def with_identity(self, identity: Identity | None) -> "FapiClient":
        """Return the client as it presents another certificate, or none."""
        return replace(self, identity=identity)

    def moment(self, seconds: float) -> int:
        return int(self.app.clock.now().timestamp() + seconds)

    def assertion(self, *, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return a good client assertion, with changes; None removes a claim."""
        assert self.key is not None
        issuer = self.app.settings.issuer_url
        claims = assertion_claims(
            self.client_id, changes.pop("aud", issuer), self.app.clock.now(), **changes
        )
        return self.key.sign(claims, **(header or {}))

    def credentials(self, assertion: str | None = None) -> dict[str, str]:
        if self.key is None:
            return {"client_id": self.client_id}
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }

    async def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        assertion: str | None = None,
        proof: str = WITHOUT,
    ) -> httpx.Response:
        headers = {"DPoP": proof} if proof else {}
        if self.identity is not None:
            headers["client-cert"] = self.identity.rfc9440
        return await self.app.http.post(
            path, data={**self.credentials(assertion), **form}, headers=headers
        )

    async def push(
        self, *, assertion: str | None = None, proof: str = WITHOUT, **changes: Any
    ) -> httpx.Response:
        """POST /par with a good request, with changes; None removes a parameter."""
        changes = {"scope": SCOPE, **changes}
        parameters = dict(parse_qsl(query(self.public, **changes)))
        if self.key is not None and "client_id" not in changes:
            del parameters["client_id"]
        return await self.post("/par", parameters, assertion=assertion, proof=proof)

    async def pushed(self, **changes: Any) -> dict[str, str]:
        """Return the parameters for `/authorize` of a pushed request."""
        response = await self.push(**changes)
        assert response.status_code == 201, response.text
        return {"client_id": self.client_id, "request_uri": response.json()["request_uri"]}

    async def answer(self, visitor: Visitor, user: TestUser, **changes: Any) -> dict[str, str]:
        return await complete(visitor, user, await self.pushed(**changes))

    async def code(self, visitor: Visitor, user: TestUser, **changes: Any) -> str:
        return (await self.answer(visitor, user, **changes))["code"]

    def proof(self, method: str = "POST", path: str = "/token", **changes: Any) -> str:
        return self.prover.proof(method, path, **changes) if self.prover else WITHOUT

    async def token(
        self, form: Mapping[str, str], *, assertion: str | None = None, proof: str | None = None
    ) -> httpx.Response:
        """POST /token with a good proof if the client uses them, or with another one."""
        proof = self.proof() if proof is None else proof
        return await self.post("/token", form, assertion=assertion, proof=proof)

    async def redeem(self, code: str, **options: Any) -> httpx.Response:
        return await self.token(code_form(code), **options)

    async def refresh(self, refresh_token: str, **options: Any) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.token(form, **options)

    async def tokens(self, visitor: Visitor, user: TestUser, **changes: Any) -> dict[str, Any]:
        response = await self.redeem(await self.code(visitor, user, **changes))
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def get(
        self, path: str, token: str, *, proof: str | None = None, scheme: str | None = None
    ) -> httpx.Response:
        """Request a resource of ours as the client should, or with another proof or scheme."""
        headers = {"Authorization": f"{scheme or ('DPoP' if self.prover else 'Bearer')} {token}"}
        proof = self.proof("GET", path, ath=hashed(token)) if proof is None else proof
        if proof:
            headers["DPoP"] = proof
        if self.identity is not None:
            headers["client-cert"] = self.identity.rfc9440
        return await self.app.http.get(path, headers=headers)


def code_form(code: str, **changes: Any) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


async def complete(
    visitor: Visitor, user: TestUser, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return the authorization response, completing all required pages."""
    page = await visitor.follow(await visitor.get("/authorize", **parameters))
    if 'action="/login"' in page.text:
        page = await visitor.sign_in(page, user)
    if 'action="/consent"' in page.text:
        page = await visitor.allow(page)
    return answer_in(page)


async def client_with_keys(
    app: Application, *, algorithm: str = "ES256", name: str = "fapi", **metadata: Any
) -> FapiClient:
    """Return a client with `private_key_jwt`, whose tokens are bound to the key of its proofs."""
    key = signing_key(algorithm, name)
    made = await app.create_client(
        **{
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": jwks(key),
            "grant_types": GRANT_TYPES,
            "scope": SCOPE,
            **metadata,
        }
    )
    await set_policies(app, made, profile="fapi2")
    return FapiClient(app, made.client_id, key, prover(app, name=f"proofs of {name}"), None)


async def client_with_certificate(
    app: Application, *, name: str = "fapi", **metadata: Any
) -> FapiClient:
    """Return a client that authenticates with a certificate, which its tokens are bound to."""
    identity = make(f"CN={name}")
    made = await app.create_client(
        **{
            "token_endpoint_auth_method": "self_signed_tls_client_auth",
            "tls_client_certificate_bound_access_tokens": True,
            "jwks": {"keys": [identity.jwk_with_certificate]},
            "grant_types": GRANT_TYPES,
            "scope": SCOPE,
            **metadata,
        }
    )
    await set_policies(app, made, profile="fapi2")
    return FapiClient(app, made.client_id, None, None, identity)
