"""The client of `postern demo --browser`, against servers that lie to it."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.cli.demo_client import DemoClient, DemoError
from app.cli.demo_steps import Authenticator
from app.oauth.pkce import is_verified
from app.security import jose

ISSUER, HOME = "http://localhost:5000", "http://127.0.0.1:4000/"
KEY = jose.new_private_jwk("ES256", "own")
FOREIGN_KEY = jose.new_private_jwk("ES256", "own")
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "jwks_uri": f"{ISSUER}/jwks",
    "end_session_endpoint": f"{ISSUER}/logout",
}


class LyingServer:
    """A server whose ID token has these claims and is signed by this key."""

    def __init__(self, *, key: Any = KEY, subject: str = "ada", **claims: Any) -> None:
        self._key, self._subject, self._claims = key, subject, claims
        self.nonce = ""
        self.forms: list[dict[str, list[str]]] = []
        self.failing = ""
        self.is_away = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.is_away:
            raise httpx.ConnectError("refused", request=request)
        if path == self.failing:
            return httpx.Response(500, json={"error": "server_error"})
        match path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=DOCUMENT)
            case "/jwks":
                return httpx.Response(200, json={"keys": [jose.public_part(KEY)]})
            case "/userinfo":
                assert request.headers["authorization"] == "Bearer a-token"
                return httpx.Response(200, json={"sub": self._subject, "name": "Ada"})
        self.forms.append(parse_qs(request.content.decode()))
        return httpx.Response(200, json={"access_token": "a-token", "id_token": self._id_token()})

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": "ada",
            "aud": "us",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 60,
            **self._claims,
        }
        key = jose.import_private_key(self._key)
        return jose.sign(claims, key, algorithm="ES256", kid="own", typ="JWT")


def client_of(server: LyingServer) -> DemoClient:
    http = httpx.Client(transport=httpx.MockTransport(server), base_url=ISSUER)
    return DemoClient(
        http,
        unavailable=httpx.TransportError,
        home_url=HOME,
        credentials=("us", "a-secret"),
    )


def sign_in(server: LyingServer, client: DemoClient, **response: str) -> Any:
    url, state = client.begin()
    server.nonce = parse_qs(urlsplit(url).query)["nonce"][0]
    return client.finish({"code": "c", "iss": ISSUER, "state": state, **response}, state=state)


def test_a_sign_in_redeems_the_code_with_the_verifier_of_its_challenge() -> None:
    """RFC 7636 section 4; OpenID Connect Core section 3.1"""
    server = LyingServer()
    client = client_of(server)

    signed_in = sign_in(server, client)

    asked = parse_qs(urlsplit(signed_in.authorization_url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert is_verified(asked["code_challenge"][0], server.forms[0]["code_verifier"][0])
    assert server.forms[0]["redirect_uri"] == asked["redirect_uri"] == [f"{HOME}callback"]
    assert (signed_in.claims["sub"], signed_in.userinfo["name"]) == ("ada", "Ada")
    assert client.sign_out_url(signed_in).startswith(f"{ISSUER}/logout?id_token_hint=")


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"key": FOREIGN_KEY}, "no key of the signer verifies the signature"),
        ({"iss": "https://evil.example"}, "iss is another issuer"),
        ({"aud": "them"}, "aud"),
        ({"nonce": "another"}, "nonce does not match"),
        ({"exp": 1}, "expired"),
        ({"subject": "bob"}, "UserInfo is about another user"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(lie: dict[str, Any], reason: str) -> None:
    """OpenID Connect Core sections 3.1.3.7 and 5.3.2"""
    server = LyingServer(**lie)

    with pytest.raises(DemoError, match=reason):
        sign_in(server, client_of(server))


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"iss": "https://evil.example"}, "names another issuer"),
        ({"error": "access_denied"}, "You cancelled"),
        ({"error": "server_error", "error_description": "Try later"}, "Try later"),
        ({"code": ""}, "has no code"),
        ({"state": "another"}, "another browser"),
    ],
)
def test_a_response_that_is_not_for_this_sign_in_is_refused(
    response: dict[str, str], reason: str
) -> None:
    """RFC 9207 section 2.4; RFC 6749 section 4.1.2.1"""
    server = LyingServer()

    with pytest.raises(DemoError, match=reason):
        sign_in(server, client_of(server), **response)

    assert server.forms == []


def test_a_response_is_accepted_once() -> None:
    server = LyingServer()
    client = client_of(server)
    url, state = client.begin()
    server.nonce = parse_qs(urlsplit(url).query)["nonce"][0]
    response = {"code": "c", "iss": ISSUER, "state": state}
    client.finish(response, state=state)

    with pytest.raises(DemoError, match="already over"):
        client.finish(response, state=state)


def test_a_server_that_fails_or_is_away_is_an_error_for_the_user() -> None:
    server = LyingServer()
    client = client_of(server)

    server.failing = "/token"
    with pytest.raises(DemoError, match="/token responded with 500"):
        sign_in(server, client)
    server.is_away = True
    with pytest.raises(DemoError, match="does not respond"):
        sign_in(server, client)


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the time, in steps of 30 seconds."""
    return lambda step: monkeypatch.setattr("app.cli.demo_steps._current_step", lambda: step)


def test_the_authenticator_returns_no_code_twice(at_step: Callable[[int], None]) -> None:
    """RFC 6238 section 5.2"""
    authenticator = Authenticator("otpauth://totp/x?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    at_step(1000)
    codes = [authenticator.use_code(), authenticator.use_code()]

    assert authenticator.code() is None
    authenticator.mark_used()
    assert authenticator.code() is None
    at_step(1001)
    codes.append(authenticator.code() or "")
    at_step(1005)
    codes.append(authenticator.code() or "")

    assert len(set(codes)) == 4
    assert all(code.isdigit() and len(code) == 6 for code in codes)
