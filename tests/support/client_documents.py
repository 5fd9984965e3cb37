"""Metadata documents of clients, as well-known clients publish them, served by a test's peer."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.models.clients.client_documents import ClientDocument
from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources
from app.security.document_urls import host_in, stored_client_id
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import ASSERTION_TYPE, SigningKey
from tests.support.peer import HOST, Answer, Peer
from tests.support.visitor import Visitor, answer_in, redeem

FOLDER = Path(__file__).parent / "mcp_clients"
DOCUMENTS = sorted(path.stem for path in (FOLDER / "documents").glob("*.json"))
REGISTRATIONS = sorted(path.stem for path in (FOLDER / "registrations").glob("*.json"))
ORIGIN = "https://app.example.com/"
CALLBACK = f"{ORIGIN}callback"
PATH = "/oauth/client.json"
JSON = {"Content-Type": "application/json"}


def document(url: str, **members: Any) -> dict[str, Any]:
    """Return a document with an https callback; members that are None are left out."""
    values = {
        "client_id": url,
        "client_name": "An agent",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        **members,
    }
    return {name: value for name, value in values.items() if value is not None}


def serve(
    peer: Peer,
    path: str = PATH,
    *,
    host: str = HOST,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
    **members: Any,
) -> TestClient:
    """Serve a document at a path, and return its client."""
    url = peer.url(path, host=host)
    body = json.dumps(document(url, **members))
    peer.answers[path] = Answer(body, status, {**JSON, **(headers or {})})
    return TestClient(url, "")


def serve_known(peer: Peer, name: str) -> tuple[TestClient, dict[str, Any]]:
    """Serve the document of a well-known client under the host of the peer, with its members."""
    members: dict[str, Any] = json.loads((FOLDER / "documents" / f"{name}.json").read_bytes())
    parts = urlsplit(members["client_id"])
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    members["client_id"] = peer.url(path)
    if "jwks_uri" in members:
        members["jwks_uri"] = peer.url(urlsplit(members["jwks_uri"]).path)
    peer.answers[path] = Answer(json.dumps(members), headers=JSON)
    return TestClient(members["client_id"], ""), members


def assertion_of(
    app: Application, client: TestClient, key: SigningKey, *, issuer: str | None = None
) -> dict[str, str]:
    """Return the parameters of a client assertion whose audience is the issuer."""
    now = int(app.clock.now().timestamp())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": issuer or app.settings.issuer_url,
        "jti": app.new_name("jti"),
        "iat": now,
        "exp": now + 60,
    }
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": key.sign(claims)}


def redirect_uri_of(members: Mapping[str, Any]) -> str:
    """Return the redirect URI that the client would send: a loopback one with a port of its own."""
    uri = str(members["redirect_uris"][0]).replace(":*", "")
    parts = urlsplit(uri)
    if parts.scheme != "http":
        return uri
    return parts._replace(netloc=f"{parts.hostname}:51234").geturl()


def scope_for(members: Mapping[str, Any], scope: str) -> str:
    """Return the scope that the client would send in order to get a refresh token."""
    may_refresh = "refresh_token" in members.get("grant_types", ())
    return scope if may_refresh else f"{scope} offline_access"


def answer_of(response: httpx.Response) -> dict[str, str]:
    """Return the parameters of a redirect to the https callback."""
    return answer_in(response, at=ORIGIN)


async def tokens_for(
    visitor: Visitor, client: TestClient, user: TestUser, **parameters: Any
) -> dict[str, Any]:
    """Return the tokens of a public client with a document, completing all required pages."""
    page = await visitor.authorize(client, **{"redirect_uri": CALLBACK, **parameters})
    if 'action="/login"' in page.text:
        page = await visitor.sign_in(page, user)
    if 'action="/consent"' in page.text:
        page = await visitor.allow(page)
    code, resource = answer_of(page)["code"], parameters.get("resource")
    response = await redeem(visitor.app, client, code, redirect_uri=CALLBACK, resource=resource)
    assert response.status_code == 200, response.text
    tokens: dict[str, Any] = response.json()
    return tokens


async def stored_document(
    services: Services, url: str, *users: TestUser, scope: str = "openid", **members: Any
) -> Client:
    """Store the document of a client without a peer that serves it; `users` have allowed it."""
    now = services.core.clock.now()
    document = document_at(url, now, **members)
    repository = services.clients.client_document_repository
    assert await repository.store(document, ended=(), now=now, event=None)
    for user in users:
        assert await services.clients.consents.grant(
            await services.accounts.users.get(user.username),
            document.client,
            frozenset(scope.split()),
            resources=GrantedResources(),
            detail_types=(),
        )
    return document.client


def document_at(url: str, now: datetime, **members: Any) -> ClientDocument:
    """Return a document as it is stored."""
    stated = {
        "client_name": "An agent",
        "redirect_uris": CALLBACK,
        "grant_types": "authorization_code refresh_token",
        "scope": "openid profile offline_access",
        "policies": None,
        "token_endpoint_auth_method": "none",
        "metadata": {},
        **members,
    }
    return ClientDocument(
        client_id=stored_client_id(url),
        url=url,
        host=host_in(url),
        members=json.dumps(stated),
        additions=0,
        missing=None,
        etag=None,
        last_modified=None,
        fetched_at=now,
        fresh_until=now,
        created_at=now,
        used_at=now,
    )
