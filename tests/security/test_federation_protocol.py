"""What is sent to an identity provider, and how its responses are read."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.administration import add_provider
from tests.support.application import Application
from tests.support.identity_provider import Asked, Provider, offered, sent_to
from tests.support.parts import services_of
from tests.support.peer import Answer, Peer, Seen
from tests.support.refusals import recorded_refusals
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

NEW_ACCOUNT = "/login/new-here"
JSON = {"Content-Type": "application/json"}
CLIENT_ID, CLIENT_SECRET = "cl i:é&+", "s e:c&%ré+/"


async def with_credentials(app: Application, peer: Peer, secret: str) -> Provider:
    """Add a provider at which our client has special characters in its credentials."""
    provider = Provider(app, peer, app.new_name("op"))
    await add_provider(
        services_of(app),
        provider.name,
        label="Company",
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        secret=secret,
        scope="openid",
    )
    return provider


async def token_request(visitor: Visitor, provider: Provider) -> tuple[Asked, Seen]:
    """Sign in; return the authentication request and the token request."""
    asked = await sent_to(visitor, provider)
    provider.knows(asked, aud=CLIENT_ID)
    page = await visitor.http.get(provider.callback(asked))
    assert page.headers["location"] == NEW_ACCOUNT
    (seen,) = [each for each in provider.peer.seen if each.target == "/token"]
    return asked, seen


def form_in(seen: Seen) -> dict[str, str]:
    return dict(parse_qsl(seen.body.decode(), keep_blank_values=True, strict_parsing=True))


async def test_credentials_are_form_encoded_in_the_basic_header(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    """RFC 6749 section 2.3.1"""
    provider = await with_credentials(app, peer, CLIENT_SECRET)

    asked, seen = await token_request(visitor, provider)

    pair = base64.b64decode(seen.headers["authorization"].removeprefix("Basic ")).decode("ascii")
    assert pair == "cl+i%3A%C3%A9%26%2B:s+e%3Ac%26%25r%C3%A9%2B%2F"
    assert asked.parameters["client_id"] == CLIENT_ID
    assert form_in(seen).keys() == {"grant_type", "redirect_uri", "code", "code_verifier"}
    assert seen.method == "POST"
    assert seen.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert "application/json" in seen.headers["accept"]


async def test_credentials_are_sent_in_the_body_if_the_provider_supports_it(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    provider = await with_credentials(app, peer, CLIENT_SECRET)
    methods = ["client_secret_basic", "client_secret_post"]
    provider.publish(token_endpoint_auth_methods_supported=methods)

    _, seen = await token_request(visitor, provider)

    assert "authorization" not in seen.headers
    assert form_in(seen)["client_id"] == CLIENT_ID
    assert form_in(seen)["client_secret"] == CLIENT_SECRET


async def test_a_public_client_sends_its_client_id_only(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    provider = await with_credentials(app, peer, "")
    provider.publish(token_endpoint_auth_methods_supported=["client_secret_post"])

    _, seen = await token_request(visitor, provider)

    assert "authorization" not in seen.headers
    assert form_in(seen)["client_id"] == CLIENT_ID
    assert "client_secret" not in form_in(seen)


async def test_the_query_of_the_authorization_endpoint_is_preserved(
    visitor: Visitor, provider: Provider
) -> None:
    """RFC 6749 section 3.1"""
    provider.publish(authorization_endpoint=f"{provider.issuer}/authorize?tenant=a%20b&empty=")

    asked = await sent_to(visitor, provider)

    parameters = parse_qsl(urlsplit(asked.url).query, keep_blank_values=True)
    assert parameters[:3] == [("tenant", "a b"), ("empty", ""), ("response_type", "code")]


@pytest.mark.parametrize("code", [None, ""])
async def test_a_callback_without_a_code_is_refused(
    visitor: Visitor, provider: Provider, code: str | None
) -> None:
    """RFC 6749 section 4.1.2"""
    asked = await sent_to(visitor, provider)

    with recorded_refusals() as records:
        page = await visitor.http.get(provider.callback(asked, code=code))

    assert page.status_code == 502
    assert records.one(page.headers["x-request-id"]).reason.endswith("the response has no code")
    assert provider.peer.count("/token") == 0


REASONS = {
    "an error": ('{"error": "invalid_grant"}', 400, "invalid_grant"),
    "an error with status 200": ('{"error": "invalid_grant"}', 200, "invalid_grant"),
    "an error without a name": ('{"error": null}', 400, "oauth_error"),
    "an error that is not a string": ('{"error": {"a": 1}}', 400, "OAuthError"),
    "an error with a line break": ('{"error": "a\\nb"}', 400, "OAuthError"),
    "a long error": (json.dumps({"error": "x" * 50}), 400, "OAuthError"),
    "a failure": ('{"error": "invalid_grant"}', 503, "HTTPStatusError"),
    "a page with an error status": ("<html>", 429, "HTTPStatusError"),
    "a list with an error status": ("[]", 400, "HTTPStatusError"),
    "a redirect": ("", 302, "HTTPStatusError"),
    "a page": ("<html>", 200, "ValueError"),
    "a list": ("[]", 200, "ValueError"),
    "bytes that are not text": (b"\xff\xfe\xfa{", 200, "ValueError"),
    "deep": ("[" * 50_000, 200, "RecursionError"),
    "no end": ("x" * 200_000, 200, "TooLargeError"),
    "a lifetime that is not a number": ('{"expires_in": "soon"}', 200, "ValueError"),
    "a lifetime that is a list": ('{"expires_in": [1]}', 200, "TypeError"),
    "an infinite lifetime": ('{"expires_in": Infinity}', 200, "OverflowError"),
}


@pytest.mark.parametrize(("body", "status", "reason"), REASONS.values(), ids=REASONS)
async def test_the_log_names_the_kind_of_an_invalid_token_response(
    visitor: Visitor, provider: Provider, body: str | bytes, status: int, reason: str
) -> None:
    asked = await sent_to(visitor, provider)
    provider.peer.answers["/token"] = Answer(body, status, JSON)

    with recorded_refusals() as records:
        page = await visitor.http.get(provider.callback(asked))

    record = records.one(page.headers["x-request-id"])
    assert page.status_code == 502
    assert record.error == "upstream_failed"
    assert record.reason == (
        f"the identity provider {provider.name}: its token endpoint failed: {reason}"
    )


async def test_claims_in_the_token_response_do_not_replace_the_id_token(
    visitor: Visitor, provider: Provider
) -> None:
    """SECURITY_BAR row 35: Authlib stores the verified claims under this name."""
    asked = await sent_to(visitor, provider)
    tokens = {"access_token": "x", "token_type": "Bearer", "userinfo": {"sub": "somebody"}}
    provider.answer("/token", tokens)
    provider.answer("/userinfo", {"sub": "somebody"})

    with recorded_refusals() as records:
        page = await visitor.http.get(provider.callback(asked))

    record = records.one(page.headers["x-request-id"])
    assert page.status_code == 502
    assert record.reason.endswith("the token response has no ID token")


@pytest.mark.parametrize(
    ("members", "is_used"),
    [
        ({}, True),
        ({"token_type": "BEARER"}, True),
        ({"expires_in": "3600"}, True),
        ({"expires_in": 30}, True),
        ({"token_type": "DPoP"}, False),
        ({"token_type": None}, False),
        ({"token_type": 5}, False),
        ({"access_token": None}, False),
        ({"access_token": 5}, False),
        ({"access_token": ""}, False),
        ({"access_token": "é"}, False),
        ({"access_token": "a\r\nX-Injected: b"}, False),
    ],
)
async def test_userinfo_is_requested_with_a_bearer_token_only(
    visitor: Visitor, provider: Provider, members: dict[str, Any], is_used: bool
) -> None:
    """RFC 6750 section 2.1"""
    asked = await sent_to(visitor, provider)
    provider.knows(asked, email="cleo@company.example")
    id_token = provider.signed(provider.claims(asked))
    tokens = {"access_token": "abc", "token_type": "Bearer", "id_token": id_token, **members}
    provider.answer("/token", tokens)

    page = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    requests = [each for each in provider.peer.seen if each.target == "/userinfo"]
    assert [each.headers["authorization"] for each in requests] == ["Bearer abc"] * is_used
    assert ("cleo@company.example" in page.text) is is_used
    assert page.url.path == NEW_ACCOUNT


async def test_redirects_of_a_provider_are_not_followed(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    provider = await offered(app, peer)
    asked = await sent_to(visitor, provider)
    provider.knows(asked)
    elsewhere = {"Location": f"{provider.issuer}/elsewhere", **JSON}
    provider.peer.answers["/userinfo"] = Answer('{"sub": "somebody"}', 302, elsewhere)

    page = await visitor.http.get(provider.callback(asked))

    assert page.headers["location"] == NEW_ACCOUNT
    assert provider.peer.count("/elsewhere") == 0
