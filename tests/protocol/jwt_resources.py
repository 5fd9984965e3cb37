"""Resources whose access tokens are JWTs, with a client that serves them."""

import base64
import hashlib
import hmac
import json
from typing import Any, NamedTuple

from app.models.oauth.resources import Resource
from tests.support.application import Application, TestClient
from tests.support.client_jwts import encoded
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.resources import new_resource

AT_JWT = "at+jwt"
SCOPE = "openid profile groups offline_access"


class Api(NamedTuple):
    """A resource, and the client that acts as its server."""

    resource: Resource
    server: TestClient

    @property
    def identifier(self) -> str:
        return self.resource.identifier


async def jwt_api(app: Application, **values: Any) -> Api:
    server = await app.create_client()
    resource = await new_resource(app, token_format="jwt", servers=[server.client_id], **values)
    return Api(resource, server)


async def own_token(app: Application, client: TestClient, api: Api, **form: str) -> str:
    """Return a token of a client on its own behalf."""
    response = await app.client_credentials(client, resource=api.identifier, **form)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def verified(app: Application, token: str, api: Api) -> dict[str, Any]:
    """Return the claims that a service verifies by the published keys alone."""
    return await claims_of(app, token, audience=api.identifier)


async def signed_by_us(
    app: Application, claims: dict[str, Any], *, typ: str = AT_JWT, algorithm: str = "ES256"
) -> str:
    """Return any claims, signed by a key of the server."""
    return await services_of(app).oauth.signing_keys.sign(claims, algorithm=algorithm, typ=typ)


def unsigned(token: str) -> str:
    header, claims, _ = parts_of(token)
    return f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}."


def signed_with_public_key(token: str, secret: bytes) -> str:
    """Return a token whose signature is an HMAC with what everybody can read."""
    header, claims, _ = parts_of(token)
    signing_input = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
    raw = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
    return f"{signing_input}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return json.loads(_decoded(header)), json.loads(_decoded(claims)), signature


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
