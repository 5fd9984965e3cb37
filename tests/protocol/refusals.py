"""A corpus of refused requests: what is sent, and what the log must say about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from tests.protocol.assertions_of_clients import SigningClient
from tests.protocol.wire import basic
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import signing_key
from tests.support.visitor import query

NOBODY = "nobody-at-all"
STRANGER = signing_key(name="a stranger's")


@dataclass(frozen=True)
class World:
    """The user and the client that send refused requests."""

    app: Application
    client: TestClient
    other: TestClient
    public: TestClient
    signer: SigningClient
    user: TestUser

    async def token(self, **form: str) -> httpx.Response:
        return await self.app.token(self.client, **form)

    async def named(self, client_id: str, secret: str) -> httpx.Response:
        form = {"grant_type": "client_credentials"}
        headers = {"Authorization": basic(client_id, secret)}
        return await self.app.http.post("/token", data=form, headers=headers)

    async def asserted(self, assertion: str) -> httpx.Response:
        return await self.signer.token(assertion)

    async def authorize(self, **parameters: Any) -> httpx.Response:
        return await self.app.http.get(
            f"/authorize?{query(self.client, **parameters)}", headers={"Accept": "text/html"}
        )

    async def form(self, path: str, **form: str) -> httpx.Response:
        return await self.app.http.post(path, data=form, auth=self.client.auth)

    async def bearer(self, method: str, path: str, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.app.http.request(method, path, headers=headers)

    async def json(self, path: str, **body: Any) -> httpx.Response:
        return await self.app.http.post(path, json=body)


class Refused(NamedTuple):
    """`reason` is a part of the private reason. `knows_client` says whether the log names one."""

    send: Callable[[World], Awaitable[httpx.Response]]
    error: str
    reason: str
    knows_client: bool = True


CREDENTIALS = "grant_type=client_credentials"
CORPUS: dict[str, Refused] = {
    # token: client authentication
    "unknown client": Refused(
        lambda w: w.named(NOBODY, "x"), "invalid_client", "client_id is unknown"
    ),
    "wrong secret": Refused(
        lambda w: w.named(w.client.client_id, "wrong"), "invalid_client", "secret is wrong"
    ),
    "empty secret": Refused(
        lambda w: w.named(w.client.client_id, ""), "invalid_client", "no credentials"
    ),
    "no secret registered": Refused(
        lambda w: w.named(w.public.client_id, "x"), "invalid_client", "the client has no secret"
    ),
    "no authentication": Refused(
        lambda w: w.app.token(None, grant_type="client_credentials"),
        "invalid_client",
        "the request has no client authentication",
        knows_client=False,
    ),
    "forged assertion": Refused(
        lambda w: w.asserted(STRANGER.sign(w.signer.claims(), kid=w.signer.key.kid)),
        "invalid_client",
        "no key of the signer verifies the signature",
    ),
    "assertion for another audience": Refused(
        lambda w: w.asserted(w.signer.assertion(aud="https://other.example")),
        "invalid_client",
        "aud is not this server only",
    ),
    "expired assertion": Refused(
        lambda w: w.asserted(w.signer.assertion(exp=w.signer.moment(-60))),
        "invalid_client",
        "it has expired",
    ),
    "long assertion": Refused(
        lambda w: w.asserted(w.signer.assertion(exp=w.signer.moment(7200))),
        "invalid_client",
        "its lifetime is too long",
    ),
    "assertion without jti": Refused(
        lambda w: w.asserted(w.signer.assertion(jti=None)),
        "invalid_client",
        "jti is missing or invalid",
    ),
    # token: grants
    "unknown grant": Refused(
        lambda w: w.token(grant_type="magic"),
        "unsupported_grant_type",
        "magic",
        knows_client=False,
    ),
    "grant not registered": Refused(
        lambda w: w.token(grant_type="urn:ietf:params:oauth:grant-type:device_code"),
        "unauthorized_client",
        "did not register the grant type urn:ietf",
    ),
    "scope not registered": Refused(
        lambda w: w.token(grant_type="client_credentials", scope="address"),
        "invalid_scope",
        "did not register the scope address",
    ),
    "unknown code": Refused(
        lambda w: w.token(grant_type="authorization_code", code="x"),
        "invalid_grant",
        "the code is unknown",
    ),
    "unknown refresh token": Refused(
        lambda w: w.token(grant_type="refresh_token", refresh_token="postern_rt_x"),
        "invalid_grant",
        "unknown or revoked",
    ),
    "another kind of token": Refused(
        lambda w: w.token(grant_type="refresh_token", refresh_token="x"),
        "invalid_grant",
        "not a refresh token",
    ),
    "wrong password": Refused(
        lambda w: w.token(grant_type="password", username=w.user.username, password="wrong pass"),
        "invalid_grant",
        "the password is wrong",
    ),
    "unknown user": Refused(
        lambda w: w.token(grant_type="password", username="nobody", password="wrong pass"),
        "invalid_grant",
        "the user is unknown",
    ),
    # authorize
    "redirect URI not registered": Refused(
        lambda w: w.authorize(redirect_uri="https://evil.example/cb?secret=1#x"),
        "invalid_redirect_uri",
        "https://evil.example/cb is not registered",
    ),
    "unknown client at authorize": Refused(
        lambda w: w.authorize(client_id=NOBODY), "invalid_client", "client_id is unknown"
    ),
    "no client at authorize": Refused(
        lambda w: w.authorize(client_id=None),
        "invalid_client",
        "the request has no client_id",
        knows_client=False,
    ),
    "response type": Refused(
        lambda w: w.authorize(response_type="token"), "unsupported_response_type", "is token"
    ),
    "prompt": Refused(
        lambda w: w.authorize(prompt="magic"), "invalid_request", "the prompt is magic"
    ),
    "scope at authorize": Refused(
        lambda w: w.authorize(scope="address"), "invalid_scope", "the scope address"
    ),
    "nobody is signed in": Refused(
        lambda w: w.authorize(prompt="none"), "login_required", "prompt=none"
    ),
    "unknown pushed request": Refused(
        lambda w: w.authorize(request_uri="urn:ietf:params:oauth:request_uri:x"),
        "invalid_request_uri",
        "unknown or has expired",
    ),
    "request URI not registered": Refused(
        lambda w: w.authorize(request_uri="https://c.example/request"),
        "invalid_request_uri",
        "https://c.example/request is not registered",
    ),
    "forged request object": Refused(
        lambda w: w.authorize(client_id=w.signer.client_id, request=STRANGER.sign({"state": "x"})),
        "invalid_request_object",
        "no key of the signer verifies the signature",
    ),
    # par
    "par": Refused(
        lambda w: w.form("/par", response_type="code", redirect_uri="https://evil.example/cb"),
        "invalid_request",
        "https://evil.example/cb is not registered",
    ),
    # introspect, revoke, device
    "introspect": Refused(lambda w: w.form("/introspect"), "invalid_request", "token parameter"),
    "introspect by a public client": Refused(
        lambda w: w.app.http.post(
            "/introspect", data={"token": "x", "client_id": w.public.client_id}
        ),
        "invalid_client",
        "a public client cannot introspect",
    ),
    "revoke": Refused(lambda w: w.form("/revoke"), "invalid_request", "token parameter"),
    "device": Refused(
        lambda w: w.form("/device_authorization"), "unauthorized_client", "device code grant"
    ),
    # userinfo, profile
    "userinfo without token": Refused(
        lambda w: w.app.http.get("/userinfo"),
        "invalid_token",
        "no bearer token",
        knows_client=False,
    ),
    "unknown token": Refused(
        lambda w: w.bearer("GET", "/profile", "x"),
        "invalid_token",
        "unknown, expired or revoked",
        knows_client=False,
    ),
    # register
    "redirect URI at register": Refused(
        lambda w: w.json("/register", redirect_uris=["javascript://x"]),
        "invalid_redirect_uri",
        "",
        knows_client=False,
    ),
    "grant at register": Refused(
        lambda w: w.json(
            "/register", redirect_uris=["https://a.example/cb"], grant_types=["password"]
        ),
        "invalid_client_metadata",
        "initial access token",
        knows_client=False,
    ),
    "registration access token": Refused(
        lambda w: w.bearer("GET", f"/register/{w.client.client_id}", "wrong"),
        "invalid_token",
        "the client is unknown or disabled, or the token belongs to another client",
    ),
    # logout
    "logout": Refused(
        lambda w: w.app.http.get(
            "/logout",
            params={
                "client_id": w.client.client_id,
                "post_logout_redirect_uri": "https://evil.example/out?x=secret",
            },
            headers={"Accept": "text/html"},
        ),
        "invalid_redirect_uri",
        "https://evil.example/out is not registered",
    ),
    # the product's own API
    "code": Refused(
        lambda w: w.json("/verify_otp", username="nobody", code="123456"),
        "invalid_code",
        "unknown",
        knows_client=False,
    ),
    "body": Refused(
        lambda w: w.json("/register_user", username="somebody"),
        "invalid_request",
        "body.password",
        knows_client=False,
    ),
    "taken name": Refused(
        lambda w: w.json("/register_user", username=w.user.username, password="blue umbrella 77"),
        "username_taken",
        "taken",
        knows_client=False,
    ),
    "no such path": Refused(
        lambda w: w.app.http.get("/nothing/here"), "not_found", "Not Found", knows_client=False
    ),
}
"""By what is wrong."""
