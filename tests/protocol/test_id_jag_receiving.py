"""Identity assertions of others (draft-ietf-oauth-identity-assertion-authz-grant section 4.4).

The receiving side: a client presents one by the JWT bearer grant, and gets an access token.
"""

import json
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from app.models.oauth.trusted_issuers import trusted_issuers
from app.oauth.exchange.token_types import ID_JAG_PROFILE
from app.oauth.grants.jwt_bearer import JWT_BEARER
from tests.support.administration import (
    events_of,
    id_of,
    set_policies,
)
from tests.support.application import NO_LIMITS, Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import signing_key, unsigned
from tests.support.exchange import exchange_form
from tests.support.parts import services_of
from tests.support.received_identities import SUBJECT, Employer, new_employer
from tests.support.refusals import recorded_refusals
from tests.support.trusted_issuers import new_workload, workload_client

APP_SETTINGS = NO_LIMITS
TYPE = "oauth-id-jag+jwt"


@pytest_asyncio.fixture
async def employer(app: Application, user: TestUser) -> Employer:
    employer = await new_employer(app)
    await employer.link(user)
    return employer


@pytest.mark.both_databases
async def test_a_client_gets_a_token_for_the_user_who_linked_the_identity(
    app: Application, user: TestUser, employer: Employer
) -> None:
    claims = employer.claims(scope="write unknown", email="other@example.com")
    response = await employer.present(employer.key.sign(claims, typ=TYPE))

    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert "refresh_token" not in body
    assert "id_token" not in body
    assert (body["token_type"], body["resource"]) == ("Bearer", employer.resource.identifier)
    assert set(body["scope"].split()) == {"read", "write"}
    shown = await app.introspect(employer.client, body["access_token"])
    assert shown["sub"] == await id_of(app, user)
    assert shown["client_id"] == employer.client.client_id
    assert shown["aud"] == employer.resource.identifier
    event = (await events_of(app, "identity.accepted"))[-1]
    assert (event.user_id, event.client_id) == (shown["sub"], employer.client.client_id)
    assert json.loads(event.details) == {
        "issuer": employer.row.issuer,
        "jti": claims["jti"],
        "resource": employer.resource.identifier,
        "scope": body["scope"],
    }


async def test_the_metadata_names_the_profile(app: Application) -> None:
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        metadata = (await app.http.get(path)).json()
        assert metadata["authorization_grant_profiles_supported"] == [ID_JAG_PROFILE]
        assert JWT_BEARER in metadata["grant_types_supported"]


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "oauth-id-jag", "oauth-id-jag+jwt+x"])
async def test_another_type_is_not_an_identity_assertion(
    employer: Employer, typ: str | None
) -> None:
    """RFC 8725 section 3.11: an ID token of the issuer is not accepted instead"""
    token = employer.key.sign(employer.claims(), typ=typ)

    assert_oauth_error(await employer.present(token), "invalid_grant")


async def test_the_type_may_be_a_media_type(employer: Employer) -> None:
    token = employer.key.sign(employer.claims(), typ=f"application/{TYPE}")

    assert (await employer.present(token)).status_code == 200


async def test_the_audience_is_this_server_alone(app: Application, employer: Employer) -> None:
    """SECURITY_BAR row 37: any other server that is named could present the assertion here"""
    ours = app.settings.issuer_url
    assert (await employer.claiming(aud=[ours])).status_code == 200
    others: list[Any] = [
        None,
        "https://elsewhere.example",
        f"{ours}/",
        f"{ours}/token",
        [],
        [ours, ours],
        [ours, "https://elsewhere.example"],
        {"0": ours},
    ]
    for aud in others:
        assert_oauth_error(await employer.claiming(aud=aud), "invalid_grant")


async def test_only_the_client_that_it_names_can_present_it(
    app: Application, employer: Employer
) -> None:
    """Draft section 4.4.1: `client_id` is the authenticated client"""
    other = await workload_client(app)
    changed = await employer.change(presenters=[employer.client.client_id, other.client_id])

    assert_oauth_error(await changed.present(client=other), "invalid_grant")
    for client_id in (None, other.client_id, [employer.client.client_id]):
        assert_oauth_error(await changed.claiming(client_id=client_id), "invalid_grant")


async def test_a_client_that_the_issuer_is_not_trusted_for_is_refused(
    app: Application, employer: Employer
) -> None:
    other = await workload_client(app)
    assertion = employer.assertion(client_id=other.client_id)

    assert_oauth_error(await employer.present(assertion, client=other), "invalid_grant")


async def test_the_assertion_does_not_prove_the_client(
    app: Application, employer: Employer
) -> None:
    """Only a client that authenticates may present it"""
    form = {"grant_type": JWT_BEARER, "assertion": employer.assertion()}
    named = {**form, "client_id": employer.client.client_id}

    for sent in (form, named, {**named, "client_secret": "wrong"}):
        assert_oauth_error(await app.token(None, **sent), "invalid_client", status=401)


async def test_a_public_client_cannot_present_it(app: Application, employer: Employer) -> None:
    public = await app.create_client(token_endpoint_auth_method="none")
    form = {"grant_type": JWT_BEARER, "client_id": public.client_id}
    assertion = employer.assertion(client_id=public.client_id)

    refused = await app.token(None, assertion=assertion, **form)

    assert_oauth_error(refused, "invalid_client", status=401)


async def test_a_signature_by_another_key_is_refused(employer: Employer) -> None:
    """RFC 8725 section 3.1; SECURITY_BAR row 37"""
    claims = employer.claims()
    forged = [
        signing_key(name="another").sign(claims, typ=TYPE),
        signing_key(name="another").sign(claims, typ=TYPE, kid=employer.key.kid),
        unsigned(claims, typ=TYPE),
        employer.key.sign(claims, typ=TYPE, alg="HS256"),
        employer.assertion()[:-4] + "AAAA",
        employer.assertion() + "a" * 20_000,
    ]
    for token in forged:
        assert_oauth_error(await employer.present(token), "invalid_grant")


async def test_an_assertion_of_this_server_is_refused(app: Application, employer: Employer) -> None:
    """Our own assertions are for other servers, even where the row says otherwise"""
    ours = app.settings.issuer_url
    is_row = trusted_issuers.c.name == employer.row.name
    changed = update(trusted_issuers).where(is_row).values(issuer=ours)
    await services_of(app).core.database.change(changed)

    with recorded_refusals() as records:
        response = await employer.claiming(iss=ours)

    assert_oauth_error(response, "invalid_grant")
    reason = records.one(response.headers["x-request-id"]).reason
    assert "is not trusted for identity assertions" in reason


async def test_an_issuer_of_workloads_gives_no_identities(
    app: Application, user: TestUser, employer: Employer
) -> None:
    """SECURITY_BAR row 37: each row trusts one kind of JWT"""
    row = await new_workload(
        app,
        user_id=await id_of(app, user),
        presenters=[employer.client.client_id],
        scopes=["profile"],
    )
    identity = row.key.sign(employer.claims(iss=row.row.issuer), typ=TYPE)
    workload = employer.key.sign(employer.claims())
    exchange = exchange_form(
        employer.assertion(), subject_token_type="urn:ietf:params:oauth:token-type:jwt"
    )

    assert_oauth_error(await employer.present(identity), "invalid_grant")
    assert_oauth_error(await employer.present(workload), "invalid_grant")
    exchanging = await app.create_client(
        grant_types=["urn:ietf:params:oauth:grant-type:token-exchange"]
    )
    name = employer.resource.name
    policy = {"targets": [name], "targets_without_actor": [name]}
    await set_policies(app, exchanging, token_exchange=policy)
    exchanged = await app.token(exchanging, resource=employer.resource.identifier, **exchange)
    assert_oauth_error(exchanged, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 256},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"iat": None},
        {"exp": None},
        {"iat": "now"},
        {"exp": True},
        {"resource": []},
        {"resource": ""},
        {"resource": {"0": "https://api.example"}},
        {"resource": "https://api.example https://other.example"},
        {"scope": ["read"]},
        {"cnf": {}},
        {"cnf": "key"},
        {"cnf": {"jkt": "short"}},
        {"cnf": {"x5t#S256": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
    ],
)
async def test_a_claim_that_is_missing_or_malformed_is_refused(
    employer: Employer, changes: dict[str, Any]
) -> None:
    assert_oauth_error(await employer.claiming(**changes), "invalid_grant")


async def test_a_row_can_require_claims_and_subjects(employer: Employer) -> None:
    tenant = await employer.change(claims={"tenant": "acme"}, subjects=[SUBJECT])

    assert (await tenant.claiming(tenant="acme")).status_code == 200
    assert_oauth_error(await tenant.claiming(), "invalid_grant")
    assert_oauth_error(await tenant.claiming(tenant="other"), "invalid_grant")
    narrowed = await employer.change(subjects=["grace-at-work"])
    assert_oauth_error(await narrowed.present(), "invalid_grant")


async def test_authorization_details_are_refused(employer: Employer) -> None:
    response = await employer.present(authorization_details='[{"type":"x"}]')

    assert response.status_code == 400
