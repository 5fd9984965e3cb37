"""Every member of the metadata is compared with what the server does (OpenID Connect Discovery)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.oauth.claims import CLAIMS_BY_SCOPE
from app.oauth.exchange.token_types import ID_JAG_PROFILE
from app.oauth.grants import GRANTS
from tests.support.application import Application, TestClient
from tests.support.dpop import prover
from tests.support.exchange import GRANTS as EXCHANGING
from tests.support.exchange import exchange_form
from tests.support.jwt import header_of
from tests.support.received_identities import new_employer
from tests.support.visitor import answer_in, visiting

Check = Callable[[Application, Any], Awaitable[None]]
CHECKS: dict[str, Check] = {}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def checks(*names: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        for name in names:
            CHECKS[name] = check
        return check

    return register


async def metadata_of(app: Application) -> dict[str, Any]:
    found: dict[str, Any] = (await app.http.get("/.well-known/openid-configuration")).json()
    return found


async def registered(app: Application, **metadata: Any) -> int:
    body = {"redirect_uris": ["http://localhost:3000/callback"], **metadata}
    return (await app.http.post("/register", json=body)).status_code


async def error_of(app: Application, client: TestClient, **asked: Any) -> str:
    async with visiting(app) as visitor:
        response = await visitor.authorize(client, prompt="none", **asked)
        return answer_in(response)["error"]


def path_of(app: Application, url: str) -> str:
    assert url.startswith(app.settings.issuer_url + "/")
    return url.removeprefix(app.settings.issuer_url)


@checks("issuer")
async def is_in_tokens(app: Application, value: str) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    async with visiting(app) as visitor:
        answer = await visitor.answer_for(client, user)
    assert answer["iss"] == value


@checks(
    "authorization_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint",
    "service_documentation",
)  # fmt: skip
async def answers_a_get(app: Application, url: str) -> None:
    assert (await app.http.get(path_of(app, url))).status_code in (200, 400, 401)


@checks(
    "token_endpoint", "introspection_endpoint", "revocation_endpoint", "registration_endpoint",
    "pushed_authorization_request_endpoint", "device_authorization_endpoint",
)  # fmt: skip
async def answers_a_post(app: Application, url: str) -> None:
    answer = await app.http.post(path_of(app, url), data={})
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in (
        "invalid_request",
        "invalid_client",
        "invalid_client_metadata",
    )


@checks("dpop_signing_alg_values_supported")
async def proofs_may_use_these_and_no_others(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    accepted = [
        algorithm
        for algorithm in ("RS256", "PS256", "ES256", "EdDSA", "ES384")
        if (await prover(app, algorithm).client_credentials(client)).status_code == 200
    ]
    assert {*accepted, "Ed25519"} == set(value)  # another name of EdDSA


@checks("grant_types_supported")
async def grants_exist_and_no_others(app: Application, value: list[str]) -> None:
    assert value == [grant.grant_type for grant in GRANTS]
    client = await app.create_client(grant_types=value)
    for grant_type in (*value, "implicit"):
        error = (await app.token(client, grant_type=grant_type)).json().get("error")
        assert (error == "unsupported_grant_type") == (grant_type not in value)


@checks("response_types_supported")
async def response_types_work(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    for response_type in (*value, "token", "id_token", "code id_token"):
        error = await error_of(app, client, response_type=response_type)
        assert (error == "unsupported_response_type") == (response_type not in value)


@checks("response_modes_supported")
async def response_modes_work(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    async with visiting(app) as visitor:
        for mode in value:
            answer = await visitor.authorize(client, response_mode=mode, prompt="none")
            assert "login_required" in (answer.headers.get("location") or answer.text)
    assert await error_of(app, client, response_mode="jwt") == "invalid_request"


@checks("scopes_supported")
async def scopes_are_granted(app: Application, value: list[str]) -> None:
    client = await app.create_client(scope=" ".join(value))
    answer = await app.client_credentials(client, scope=" ".join(value))
    assert answer.json()["scope"] == " ".join(value)


@checks("claims_supported")
async def claims_belong_to_scopes(app: Application, value: list[str]) -> None:
    by_scope = {name for names in CLAIMS_BY_SCOPE.values() for name in names}
    assert set(value) == by_scope | {"sub", "auth_time", "acr", "amr"}


@checks("claim_types_supported")
async def claims_are_plain(app: Application, value: list[str]) -> None:
    assert value == ["normal"]


@checks("subject_types_supported")
async def subject_types_register(app: Application, value: list[str]) -> None:
    for subject_type in (*value, "another"):
        status = await registered(app, subject_type=subject_type)
        assert (status == 201) == (subject_type in value)


@checks("acr_values_supported")
async def classes_come_back(app: Application, value: list[str]) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    async with visiting(app) as visitor:
        for acr in value:
            tokens = await visitor.tokens_for(client, user, acr_values=acr)
            userinfo = await app.introspect(client, tokens["access_token"])
            assert userinfo["active"]


@checks("prompt_values_supported")
async def prompts_are_understood(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    async with visiting(app) as visitor:
        for prompt in (*value, "another"):
            answer = await visitor.authorize(client, prompt=prompt)
            is_refused = answer.is_redirect and answer_in(answer)["error"] == "invalid_request"
            assert is_refused == (prompt not in value)


@checks("display_values_supported")
async def displays_are_accepted(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    for display in value:
        assert await error_of(app, client, display=display) == "login_required"


@checks("ui_locales_supported")
async def languages_are_spoken(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    async with visiting(app) as visitor:
        for language in value:
            page = await visitor.authorize(client, ui_locales=language)
            assert f'<html lang="{language}"' in page.text


@checks("code_challenge_methods_supported")
async def challenges_are_taken(app: Application, value: list[str]) -> None:
    client = await app.create_client()
    for method in (*value, "plain"):
        error = await error_of(app, client, code_challenge_method=method)
        assert (error == "login_required") == (method in value)


@checks("id_token_signing_alg_values_supported")
async def id_tokens_are_signed_so(app: Application, value: list[str]) -> None:
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        for algorithm in value:
            client = await app.create_client(id_token_signed_response_alg=algorithm)
            tokens = await visitor.tokens_for(client, user)
            assert header_of(tokens["id_token"])["alg"] == algorithm
    assert await registered(app, id_token_signed_response_alg="none") == 400


@checks("userinfo_signing_alg_values_supported")
async def userinfo_is_signed_so(app: Application, value: list[str]) -> None:
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        for algorithm in value:
            client = await app.create_client(userinfo_signed_response_alg=algorithm)
            token = (await visitor.tokens_for(client, user))["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            answer = await app.http.get("/userinfo", headers=headers)
            assert answer.headers["content-type"] == "application/jwt"
            assert header_of(answer.text)["alg"] == algorithm


@checks(
    "request_object_signing_alg_values_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
)
async def clients_may_sign_so(app: Application, value: list[str]) -> None:
    for algorithm in (*value, "none", "HS256"):
        for member in ("request_object_signing_alg", "token_endpoint_auth_signing_alg"):
            status = await registered(app, **{member: algorithm})
            assert (status == 201) == (algorithm in value)


@checks("token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported")
async def methods_register(app: Application, value: list[str]) -> None:
    for method in (*value, "client_secret_jwt", "tls_client_auth"):
        status = await registered(app, token_endpoint_auth_method=method, jwks={"keys": []})
        assert (status == 201) == (method in value)


@checks("introspection_endpoint_auth_methods_supported")
async def who_may_introspect(app: Application, value: list[str]) -> None:
    public = await app.create_client(token_endpoint_auth_method="none")
    form = {"token": "postern_at_x", "client_id": public.client_id}
    answer = await app.http.post("/introspect", data=form)
    assert answer.status_code == 401
    assert "none" not in value


@checks("identity_chaining_requested_token_types_supported")
async def identities_are_passed_on(app: Application, value: list[str]) -> None:
    client = await app.create_client(grant_types=EXCHANGING)
    for requested in (*value, "urn:ietf:params:oauth:token-type:saml2"):
        form = exchange_form("x", requested_token_type=requested)
        text = (await app.token(client, **form)).json()["error_description"]
        assert ("not supported" not in text) == (requested in value)


@checks("authorization_grant_profiles_supported")
async def identity_assertions_are_accepted(app: Application, value: list[str]) -> None:
    employer, user = await new_employer(app), await app.enrolled_user()
    await employer.link(user)
    assert ((await employer.present()).status_code == 200) == (ID_JAG_PROFILE in value)


@checks("authorization_response_iss_parameter_supported")
async def errors_name_the_issuer(app: Application, value: bool) -> None:
    client = await app.create_client()
    async with visiting(app) as visitor:
        answer = answer_in(await visitor.authorize(client, prompt="none"))
    assert value is True
    assert answer["iss"] == app.settings.issuer_url


@checks("claims_parameter_supported")
async def claims_are_asked_for(app: Application, value: bool) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    async with visiting(app) as visitor:
        claims = '{"userinfo": {"preferred_username": {"essential": true}}}'
        token = (await visitor.tokens_for(client, user, claims=claims))["access_token"]
    userinfo = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert value is True
    assert userinfo.json()["preferred_username"] == user.username


@checks("request_parameter_supported", "request_uri_parameter_supported")
async def request_objects_are_read(app: Application, value: bool) -> None:
    client = await app.create_client()
    assert value is True
    assert await error_of(app, client, request="a.b.c") == "invalid_request_object"


@checks("require_request_uri_registration")
async def an_unknown_request_uri_is_refused(app: Application, value: bool) -> None:
    client = await app.create_client()
    asked = {"request_uri": "https://app.example.com/request"}
    assert value is True
    assert await error_of(app, client, **asked) == "invalid_request_uri"


@checks("require_pushed_authorization_requests", "require_signed_request_object")
async def plain_requests_are_taken(app: Application, value: bool) -> None:
    client = await app.create_client()
    assert value is False
    assert await error_of(app, client) == "login_required"


@checks("client_id_metadata_document_supported")
async def documents_are_fetched(app: Application, value: bool) -> None:
    parameters = {"client_id": "https://app.invalid/client.json", "response_type": "code"}
    answer = await app.http.get("/authorize", params=parameters)
    assert value is True
    assert "couldn't get the app's details" in answer.json()["detail"]


@checks(
    "backchannel_logout_supported", "backchannel_logout_session_supported",
    "frontchannel_logout_supported", "frontchannel_logout_session_supported",
)  # fmt: skip
async def logout_addresses_register(app: Application, value: bool) -> None:
    assert value is True
    addresses = {
        "backchannel": "https://app.example.com/logout",  # called by the server
        "frontchannel": "http://localhost:3000/logout",  # loaded by the browser
    }
    for channel, uri in addresses.items():
        members = {
            f"{channel}_logout_uri": uri,
            f"{channel}_logout_session_required": True,
        }
        assert await registered(app, **members) == 201


async def test_every_metadata_member_has_a_check(app: Application) -> None:
    assert set(await metadata_of(app)) == set(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
async def test_the_metadata_member_matches_the_server(app: Application, name: str) -> None:
    await CHECKS[name](app, (await metadata_of(app))[name])


async def test_both_metadata_documents_are_identical(app: Application) -> None:
    other = await app.http.get("/.well-known/oauth-authorization-server")

    assert other.json() == await metadata_of(app)
