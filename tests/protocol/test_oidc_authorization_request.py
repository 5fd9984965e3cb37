"""Authorization requests (OpenID Connect Core section 3.1.2.1): what is asked, and what comes."""

import re
from typing import Any

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of
from tests.support.visitor import Form, Visitor, answer_in, query, redeem, visiting


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": "openid address"}, "invalid_scope"),
        ({"scope": "unknown address"}, "invalid_scope"),
        ({"scope": 'openid "x"'}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 42 + "="}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "sometimes"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "9" * 5000}, "invalid_request"),
        ({"max_age": "١٢"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": {"name": 1}}'}, "invalid_request"),
        ({"claims": "[" * 10_000}, "invalid_request"),
        ({"id_token_hint": "nothing"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request": "nothing"}, "invalid_request_object"),
        ({"request_uri": "https://127.0.0.1/request"}, "invalid_request_uri"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_errors_are_returned_to_the_client_with_state_and_issuer(
    client: TestClient, visitor: Visitor, parameters: dict[str, Any], error: str
) -> None:
    """SECURITY_BAR rows 8 and 28: with state and iss, and no page"""
    answer = answer_in(await visitor.authorize(client, **parameters))

    assert answer["error"] == error
    assert answer["state"] == "a-state"
    assert answer["iss"] == visitor.app.settings.issuer_url
    assert "code" not in answer


async def test_success_carries_state_and_issuer(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 28; RFC 9207"""
    answer = await visitor.answer_for(client, user, state="s p a c e&=ü")

    assert answer.keys() == {"code", "state", "iss"}
    assert answer["state"] == "s p a c e&=ü"
    assert answer["iss"] == visitor.app.settings.issuer_url


async def test_a_repeated_parameter_gets_an_error_page(
    client: TestClient, visitor: Visitor
) -> None:
    answer = await visitor.get(f"/authorize?{query(client)}&state=again")

    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "parameters",
    [
        {"nonce": None},
        {"state": None},
        {"something": "else"},
        {"display": "popup", "ui_locales": "de en", "claims_locales": "de"},
        {"login_hint": "somebody"},
        {"scope": "profile openid unknown"},
        {"scope": "unknown"},
        {"acr_values": "urn:somebody:elses"},
    ],
    ids=str,
)
async def test_missing_optional_and_unknown_parameters_are_accepted(
    client: TestClient, user: TestUser, visitor: Visitor, parameters: dict[str, Any]
) -> None:
    assert "code" in await visitor.answer_for(client, user, **parameters)


async def test_public_clients_need_pkce(app: Application, visitor: Visitor) -> None:
    """SECURITY_BAR row 8"""
    client = await app.create_client(token_endpoint_auth_method="none")

    answer = await visitor.authorize(client, code_challenge=None, code_challenge_method=None)

    assert answer_in(answer)["error"] == "invalid_request"


async def test_a_setting_requires_pkce_of_all_clients(start_app: AppFactory) -> None:
    app = await start_app(pkce="all")
    client = await app.create_client()

    async with visiting(app) as visitor:
        answer = await visitor.authorize(client, code_challenge=None, code_challenge_method=None)

    assert answer_in(answer)["error"] == "invalid_request"


async def test_the_response_is_in_the_fragment_when_requested(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    response = await visitor.authorize(client, response_mode="fragment", prompt="none")

    assert "#" in response.headers["location"]
    assert answer_in(response)["error"] == "login_required"


@pytest.mark.parametrize("prompt", [None, "none"])
async def test_the_response_is_sent_by_form_post_when_requested(
    client: TestClient, user: TestUser, visitor: Visitor, prompt: str | None
) -> None:
    """SECURITY_BAR row 31: escaped; the receiver may redirect on"""
    state = '"><script>alert(1)</script>'
    asked: dict[str, Any] = {"response_mode": "form_post", "state": state}
    page = await visitor.authorize(client, prompt=prompt, **asked)
    if prompt is None:
        page = await visitor.allow(await visitor.sign_in(page, user))

    ((action, fields),) = Form(page.text).forms
    assert action == "http://localhost:3000/callback"
    assert fields["state"] == state
    assert fields["iss"] == visitor.app.settings.issuer_url
    assert ("code" in fields) == (prompt is None)
    assert "<script>alert" not in page.text
    assert "form-action" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_a_request_by_post_is_accepted(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    kept = await visitor.http.post(
        "/authorize",
        content=query(client),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    page = await visitor.follow(kept)
    answer = answer_in(await visitor.allow(await visitor.sign_in(page, user)))

    assert kept.status_code == 303
    assert "code" in answer


async def test_the_response_sends_no_referrer_and_is_not_cached(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR rows 13 and 31"""
    response = await visitor.authorize(client, prompt="none")

    assert response.status_code == 303
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_the_id_token_contains_subject_session_time_and_methods(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(client, user, nonce="n-1")

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert claims["nonce"] == "n-1"
    assert claims["acr"] == "urn:postern:acr:mfa"
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    assert re.fullmatch("[0-9a-f]{32}", claims["sub"])
    assert claims["sid"]
    assert user.username not in str(claims)


async def test_a_requested_acr_is_returned(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    asked = "urn:postern:acr:password urn:postern:acr:mfa"

    tokens = await visitor.tokens_for(client, user, acr_values=asked)

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert claims["acr"] == "urn:postern:acr:password"


async def test_an_unsupported_essential_acr_is_refused(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    claims = '{"id_token": {"acr": {"essential": true, "values": ["urn:gold"]}}}'

    answer = await visitor.answer_for(client, user, claims=claims)

    assert answer["error"] == "unmet_authentication_requirements"


async def test_a_refreshed_id_token_describes_the_same_sign_in(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 12.2"""
    first = await visitor.tokens_for(client, user, scope="openid offline_access")
    app.clock.advance(seconds=1800)

    second = (await app.refresh(client, first["refresh_token"])).json()

    before = await claims_of(app, first["id_token"], audience=client.client_id)
    after = await claims_of(app, second["id_token"], audience=client.client_id)
    kept = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["iat"] == before["iat"] + 1800
    assert "nonce" not in after


async def test_a_code_without_openid_yields_no_id_token(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(client, user, scope="profile")

    assert "id_token" not in (await redeem(app, client, code)).json()
