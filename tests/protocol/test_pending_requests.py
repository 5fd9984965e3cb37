"""Requests that wait for a person: what was shown is what is allowed, and time goes on meanwhile.

A client, or a program on the person's computer, can begin one beforehand and come back to it.
"""

import json
from typing import Any

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import (
    REDIRECT_URI,
    Visitor,
    answer_in,
    query,
    redeem,
    text_of,
    visiting,
)

pytestmark = pytest.mark.both_databases

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def registered(app: Application, **metadata: Any) -> dict[str, Any]:
    body = {"redirect_uris": [REDIRECT_URI], "client_name": "App", **metadata}
    found: dict[str, Any] = (await app.http.post("/register", json=body)).json()
    return found


async def change(app: Application, made: dict[str, Any], **metadata: Any) -> None:
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    own = {"client_id": made["client_id"], "client_name": made["client_name"]}
    body = {**own, "redirect_uris": [REDIRECT_URI], **metadata}
    answer = await app.http.put(f"/register/{made['client_id']}", headers=headers, json=body)
    assert answer.status_code == 200, answer.text


def client_of(made: dict[str, Any]) -> TestClient:
    return TestClient(made["client_id"], made["client_secret"])


async def kept(visitor: Visitor, client: TestClient, **asked: Any) -> str:
    """A request that a program makes, with no browser; gives where a browser goes on."""
    content = query(client, **asked)
    answer = await visitor.app.http.post("/authorize", content=content, headers=FORM)
    assert answer.status_code == 303
    return str(answer.headers["location"])


@pytest.mark.parametrize(
    "asked", [{"scope": None}, {"scope": "openid", "claims": '{"userinfo": {"email": null}}'}]
)
async def test_scopes_registered_while_consent_is_pending_are_not_granted(
    app: Application, user: TestUser, visitor: Visitor, asked: dict[str, Any]
) -> None:
    """SECURITY_BAR row 34"""
    made = await registered(app, scope="openid profile")
    client = client_of(made)
    question = await visitor.sign_in(await visitor.authorize(client, **asked), user)
    assert "email" not in text_of(question)

    await change(app, made, scope="openid profile email phone")
    code = answer_in(await visitor.allow(question))["code"]

    tokens = (await redeem(app, client, code)).json()
    assert not {"email", "phone"} & set(tokens["scope"].split())
    more = answer_in(await visitor.authorize(client, scope="openid email", prompt="none"))
    assert more["error"] == "consent_required"


async def test_a_refresh_does_not_exceed_a_reduced_registered_scope(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 6: a refresh gives no more than the client is registered for"""
    made = await registered(
        app, scope="openid email", grant_types=["authorization_code", "refresh_token"]
    )
    client = client_of(made)
    tokens = await visitor.tokens_for(client, user, scope="openid email")

    await change(app, made, scope="openid", grant_types=["authorization_code", "refresh_token"])
    refreshed = await app.refresh(client, tokens["refresh_token"])

    assert refreshed.json()["scope"] == "openid"


async def test_consent_to_one_request_does_not_apply_to_a_pending_one(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34; RFC 8252 section 8.6: another program poses as the native application"""
    native = await app.create_client(token_endpoint_auth_method="none")
    waiting = await kept(visitor, native, redirect_uri="http://localhost:6666/callback")
    app.clock.advance(seconds=5)
    await visitor.tokens_for(native, user)

    answer = await visitor.follow(await visitor.http.get(waiting))

    assert 'action="/consent"' in answer.text


async def test_max_age_is_checked_when_a_pending_request_is_answered(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 29: max_age"""
    await visitor.tokens_for(client, user)
    waiting = await kept(visitor, client, max_age="60")
    app.clock.advance(seconds=3000)

    answer = await visitor.follow(await visitor.http.get(waiting))

    assert 'action="/login"' in answer.text


async def test_a_redirect_uri_omitted_from_the_request_may_be_omitted_at_redemption(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 4.1.3: required only if it was in the authorization request"""
    asked = {"redirect_uri": None, "code_challenge": None, "code_challenge_method": None}
    code = await visitor.code_for(client, user, **asked)
    other = await visitor.code_for(client, user, **asked)

    without = await redeem(app, client, code, redirect_uri=None, code_verifier=None)
    wrong = await redeem(
        app, client, other, redirect_uri="https://evil.example/", code_verifier=None
    )

    assert without.status_code == 200
    assert wrong.status_code == 400


async def test_a_long_claims_parameter_is_preserved_until_redemption(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    claims = json.dumps({"userinfo": {"name": {"value": "é" * 4000}}}, ensure_ascii=False)

    code = await visitor.code_for(client, user, claims=claims)

    assert (await redeem(app, client, code)).status_code == 200


async def test_signing_in_as_a_user_other_than_the_hinted_one_is_login_required(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 3.1.2.1: an answer, and no sign-in page without end"""
    async with visiting(app) as other:
        hint = (await other.tokens_for(client, await app.enrolled_user()))["id_token"]
    page = await visitor.authorize(client, id_token_hint=hint)

    answer = await visitor.sign_in(page, user)

    assert answer_in(answer)["error"] == "login_required"


async def test_account_creation_is_not_advertised_where_registration_is_closed(
    start_app: AppFactory,
) -> None:
    """Initiating User Registration 1.0 section 4.1"""
    app = await start_app(registration="closed")
    client = await app.create_client()
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()
    async with visiting(app) as visitor:
        answer = answer_in(await visitor.authorize(client, prompt="create"))

    assert "create" not in metadata["prompt_values_supported"]
    assert answer["error"] == "invalid_request"


async def test_a_device_client_cannot_use_pairwise_subjects_of_another_host(
    app: Application,
) -> None:
    """OpenID Connect Core section 8.1: a device never comes back to its redirect URI"""
    device = "urn:ietf:params:oauth:grant-type:device_code"

    answer = await app.http.post(
        "/register",
        json={
            "redirect_uris": ["https://victim.example/callback"],
            "grant_types": [device, "authorization_code"],
            "subject_type": "pairwise",
        },
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"
