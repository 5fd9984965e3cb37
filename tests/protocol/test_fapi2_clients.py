"""FAPI 2.0 Security Profile (Final): which clients fit, and how they authenticate."""

from typing import Any

import pytest
import pytest_asyncio

from app.errors import InvalidInputError
from tests.protocol.devices import DEVICE_CODE
from tests.protocol.fapi_clients import (
    GRANT_TYPES,
    FapiClient,
    client_with_certificate,
    client_with_keys,
)
from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.administration import set_policies
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import make
from tests.support.client_jwts import jwks, signing_key, unsigned
from tests.support.mutual_tls import behind_proxy
from tests.support.visitor import Visitor

APP_SETTINGS = {**behind_proxy(None), "admin_token": ADMIN_TOKEN}
FORM = {"grant_type": "client_credentials"}
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
FITTING: dict[str, Any] = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": jwks(signing_key()),
    "grant_types": GRANT_TYPES,
}


@pytest_asyncio.fixture
async def signer(app: Application) -> FapiClient:
    return await client_with_keys(app)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_endpoint_auth_method": None}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none", "grant_types": None}, "token_endpoint_auth_method"),
        ({"grant_types": ["password"]}, "grant types"),
        ({"grant_types": ["authorization_code", DEVICE_CODE]}, "grant types"),
        ({"id_token_signed_response_alg": "RS256"}, "PS256"),
        ({"userinfo_signed_response_alg": "RS256"}, "PS256"),
        ({"request_object_signing_alg": "RS256"}, "PS256"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "PS256"),
        ({"redirect_uri": "http://app.example.com/callback"}, "https"),
    ],
)
async def test_a_client_that_does_not_fit_cannot_have_the_profile(
    app: Application, changes: dict[str, Any], message: str
) -> None:
    """Sections 5.3.2.1-1 to -6, 5.3.2.2-8 and 5.4.1: the refusal says what to change"""
    stated = {name: value for name, value in {**FITTING, **changes}.items() if value is not None}
    client = await app.create_client(**stated)

    with pytest.raises(InvalidInputError, match=message) as refused:
        await set_policies(app, client, profile="fapi2")

    assert refused.value.field == "profile"
    assert refused.value.error_code == "fapi_profile"


async def test_the_profile_is_a_policy_in_the_admin_api(app: Application) -> None:
    fitting = await app.create_client(**FITTING)
    other = await app.create_client()

    answers = {}
    for client in (fitting, other):
        path = f"{PREFIX}/clients/{client.client_id}/policies"
        etag = (await app.http.get(path, headers=ADMIN)).headers["etag"]
        answers[client.client_id] = await app.http.patch(
            path,
            json={"profile": "fapi2"},
            headers={
                **ADMIN,
                "If-Match": etag,
                "Content-Type": "application/merge-patch+json",
            },
        )

    accepted, refused = answers.values()
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["profile"] == "fapi2"
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["pointer"] == "/profile"


@pytest.mark.parametrize("member", ["token_endpoint_auth_method", "grant_types"])
async def test_metadata_that_does_not_fit_is_refused_while_the_profile_holds(
    app: Application, signer: FapiClient, member: str
) -> None:
    """Section 5.3.2.1: by administrators and by the client itself"""
    path = f"{PREFIX}/clients/{signer.client_id}"
    etag = (await app.http.get(path, headers=ADMIN)).headers["etag"]
    patch = {
        "token_endpoint_auth_method": {"token_endpoint_auth_method": "client_secret_basic"},
        "grant_types": {"grant_types": ["password", "authorization_code"]},
    }[member]

    answer = await app.http.patch(
        path,
        json=patch,
        headers={**ADMIN, "If-Match": etag, "Content-Type": "application/merge-patch+json"},
    )

    assert answer.status_code == 409, answer.text
    assert "FAPI 2.0" in answer.json()["detail"]


async def test_a_client_cannot_leave_the_profile_by_an_update_of_its_own(app: Application) -> None:
    """RFC 7592 section 2.2"""
    members = {
        "redirect_uris": ["https://app.example.com/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": jwks(signing_key()),
    }
    made = (await app.http.post("/register", json=members)).json()
    await set_policies(
        app, FapiClient(app, made["client_id"], None, None, None).public, profile="fapi2"
    )
    path, token = f"/register/{made['client_id']}", made["registration_access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    own = {**members, "client_id": made["client_id"]}

    shown = (await app.http.get(path, headers=bearer)).json()
    kept = await app.http.put(path, json=own, headers=bearer)
    left = await app.http.put(
        path, json={**own, "token_endpoint_auth_method": "client_secret_basic"}, headers=bearer
    )

    assert shown["id_token_signed_response_alg"] == "PS256"
    assert shown["require_pushed_authorization_requests"] is True
    assert shown["dpop_bound_access_tokens"] is True
    assert shown["require_pkce"] is True
    assert kept.status_code == 200, kept.text
    assert_oauth_error(left, "invalid_client_metadata")


async def test_a_secret_from_before_is_of_no_use(app: Application) -> None:
    """Section 5.3.2.1-6: what is stored counts less than the profile"""
    client = await app.create_client(**FITTING)
    await set_policies(app, client, profile="fapi2")
    services_client = await app.create_client()

    assert_oauth_error(await app.client_credentials(client), "invalid_client", status=401)
    assert (await app.client_credentials(services_client)).status_code == 200


async def test_the_grants_of_the_profile_are_few(
    app: Application, signer: FapiClient, user: TestUser
) -> None:
    """Section 5.3.2.1-2: neither registered nor allowed"""
    form = {"username": user.username, "password": user.password}

    refused = await signer.token({"grant_type": "password", **form})
    device = await signer.post("/device_authorization", {"scope": "openid"})

    assert_oauth_error(refused, "unauthorized_client")
    assert_oauth_error(device, "unauthorized_client")


@pytest.mark.parametrize("path", ["/par", "/token"])
@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["ISSUER"]},
        {"aud": "ISSUER/token"},
        {"aud": "ISSUER/par"},
        {"aud": ["ISSUER", "ISSUER/token"]},
        {"aud": "ISSUER/"},
        {"aud": "https://other.example.com"},
        {"aud": None},
        {"sub": None},
        {"sub": "another"},
        {"iss": "another"},
        {"exp": -300},
        {"exp": None},
        {"jti": None},
        {"iat": 61},
        {"nbf": 61},
    ],
    ids=str,
)
async def test_an_assertion_is_for_the_issuer_alone_and_for_now(
    signer: FapiClient, path: str, changes: dict[str, Any]
) -> None:
    """par-endpoint-as-audience-fails, par-token-endpoint-as-audience-fails,
    par-endpoint-as-array-audience-fails, ensure-client-assertion-with-wrong-aud-fails,
    ensure-client-assertion-with-no-sub-fails,
    ensure-client-assertion-with-exp-is-5-minutes-in-past-fails,
    par-ensure-jwt-client-assertion-nbf-is-over-60-seconds-in-the-future-fails;
    sections 5.3.2.1-7 and -13; SECURITY_BAR rows 35 and 37"""
    assertion = signer.assertion(**{name: said(signer, each) for name, each in changes.items()})

    if path == "/par":
        refused = await signer.push(assertion=assertion)
    else:
        refused = await signer.token(FORM, assertion=assertion)

    assert_oauth_error(refused, "invalid_client", status=401)


def said(client: FapiClient, value: Any) -> Any:
    """Return a claim: a text with the issuer in it, or a number of seconds from now."""
    if isinstance(value, list):
        return [said(client, each) for each in value]
    if isinstance(value, int):
        return client.moment(value)
    return value and value.replace("ISSUER", client.app.settings.issuer_url)


@pytest.mark.parametrize("seconds", [0, 8, 10])
async def test_an_assertion_may_be_a_little_ahead(signer: FapiClient, seconds: int) -> None:
    """par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted"""
    assertion = signer.assertion(iat=signer.moment(seconds), nbf=signer.moment(seconds))

    assert (await signer.push(assertion=assertion)).status_code == 201


async def test_other_clients_may_still_name_the_endpoint(app: Application) -> None:
    """RFC 9126 section 2: the rule is the profile's"""
    client = await client_with_keys(app)
    await set_policies(app, client.public)
    token_endpoint = f"{app.settings.issuer_url}/token"

    assert (await client.token(FORM, assertion=client.assertion(aud=token_endpoint))).is_success


@pytest.mark.parametrize(
    ("algorithm", "is_accepted"),
    [("PS256", True), ("ES256", True), ("Ed25519", True), ("RS256", False)],
)
async def test_assertions_are_signed_by_an_allowed_algorithm(
    app: Application, algorithm: str, is_accepted: bool
) -> None:
    """ensure-signed-client-assertion-with-RS256-fails; section 5.4.1"""
    client = await client_with_keys(app, algorithm=algorithm)

    response = await client.token(FORM)

    if is_accepted:
        assert response.status_code == 200, response.text
    else:
        assert_oauth_error(response, "invalid_client", status=401)


async def test_an_assertion_is_required_and_counts_once(
    signer: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """ensure-client-assertion-in-token-endpoint; SECURITY_BAR rows 35 and 37"""
    app, once = signer.app, signer.assertion()
    first = await signer.token(FORM, assertion=once)
    claims = {"iss": signer.client_id, "sub": signer.client_id, "aud": app.settings.issuer_url}
    forms = {
        "none at all": {"client_id": signer.client_id},
        "alg none": signer.credentials(unsigned(claims)),
        "replayed": signer.credentials(once),
        "another key": signer.credentials(signing_key("ES256", "x").sign(claims)),
    }

    assert first.status_code == 200
    for name, credentials in forms.items():
        refused = await app.http.post(
            "/token", data={**FORM, **credentials}, headers={"DPoP": signer.proof()}
        )
        assert refused.status_code == 401, name


async def test_an_rsa_key_has_2048_bits(app: Application) -> None:
    """Section 5.4.1-2"""
    short = signing_key("PS256", "short", bits=1024)
    client = await client_with_keys(app, jwks=jwks(short))
    claims = {"iss": client.client_id, "sub": client.client_id, "aud": app.settings.issuer_url}
    times = {"exp": client.moment(60), "jti": "a"}

    refused = await client.token(FORM, assertion=short.sign({**claims, **times}))

    assert_oauth_error(refused, "invalid_client", status=401)


async def test_another_certificate_is_refused(app: Application) -> None:
    """Section 5.3.2.1-6, RFC 8705 section 2.2"""
    client = await client_with_certificate(app)

    for identity in (None, make("CN=stranger")):
        refused = await client.with_identity(identity).token(FORM)
        assert_oauth_error(refused, "invalid_client", status=401)
    assert (await client.token(FORM)).status_code == 200
