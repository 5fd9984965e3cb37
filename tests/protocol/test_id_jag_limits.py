"""Identity assertions of others (draft-ietf-oauth-identity-assertion-authz-grant section 4.4).

How long an assertion is accepted, by which key, and for which resource and scopes.
"""

import pytest
import pytest_asyncio

from app.oauth.grants.jwt_bearer import JWT_BEARER
from tests.protocol.jwt_resources import parts_of
from tests.support.application import NO_LIMITS, Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import prover
from tests.support.received_identities import SUBJECT, Employer, new_employer
from tests.support.resources import new_resource

APP_SETTINGS = NO_LIMITS


@pytest_asyncio.fixture
async def employer(app: Application, user: TestUser) -> Employer:
    employer = await new_employer(app)
    await employer.link(user)
    return employer


async def test_an_assertion_is_accepted_again_until_it_expires(
    app: Application, employer: Employer
) -> None:
    """There is no refresh token, the client presents the same assertion again"""
    assertion = employer.assertion()
    tokens = {(await employer.present(assertion)).json()["access_token"] for _ in range(2)}
    app.clock.advance(seconds=300)
    late = await employer.present(assertion)
    app.clock.advance(seconds=11)

    assert len(tokens) == 2
    assert late.status_code == 200  # within the difference of clocks that is allowed
    assert_oauth_error(await employer.present(assertion), "invalid_grant")


async def test_a_longer_lifetime_is_cut_at_ten_minutes(
    app: Application, employer: Employer
) -> None:
    now = int(app.clock.now().timestamp())
    assertion = employer.assertion(exp=now + 86_400)
    first = await employer.present(assertion)
    app.clock.advance(seconds=595)
    second = await employer.present(assertion)
    app.clock.advance(seconds=16)
    third = await employer.present(assertion)
    longer = await employer.change(accepted_for=3600)
    fourth = await longer.present(assertion)

    assert first.status_code == second.status_code == fourth.status_code == 200
    assert_oauth_error(third, "invalid_grant")


async def test_an_assertion_of_the_future_is_refused(app: Application, employer: Employer) -> None:
    now = int(app.clock.now().timestamp())

    assert (await employer.claiming(iat=now + 5, exp=now + 60)).status_code == 200
    assert_oauth_error(await employer.claiming(iat=now + 60, exp=now + 90), "invalid_grant")
    assert_oauth_error(await employer.claiming(nbf=now + 60), "invalid_grant")


@pytest.mark.both_databases
async def test_an_issuer_can_have_its_assertions_accepted_once(
    app: Application, employer: Employer
) -> None:
    once = await employer.change(single_use=True)
    assertion = once.assertion()
    refused = await once.present(assertion, scope="write")
    first, second = await once.present(assertion), await once.present(assertion)

    assert_oauth_error(refused, "invalid_scope")  # a request that is refused uses nothing
    assert first.status_code == 200
    assert_oauth_error(second, "invalid_grant")
    assert (await once.present()).status_code == 200


async def test_a_bound_assertion_needs_a_proof_by_its_key(
    app: Application, employer: Employer
) -> None:
    """With `cnf` a DPoP proof by the same key, and the token is bound to it"""
    mine, other = prover(app), prover(app, name="other")
    form = {"grant_type": JWT_BEARER, "assertion": employer.assertion(cnf={"jkt": mine.jkt})}

    without = await app.token(employer.client, **form)
    by_other = await other.token(employer.client, **form)
    good = await mine.token(employer.client, **form)

    assert_oauth_error(without, "invalid_grant")
    assert "DPoP" in without.json()["error_description"]
    assert_oauth_error(by_other, "invalid_grant")
    assert good.json()["token_type"] == "DPoP"
    shown = await app.introspect(employer.client, good.json()["access_token"])
    assert shown["cnf"] == {"jkt": mine.jkt}


async def test_a_proof_binds_the_token_of_an_unbound_assertion(
    app: Application, employer: Employer
) -> None:
    mine = prover(app)
    form = {"grant_type": JWT_BEARER, "assertion": employer.assertion()}
    proof = mine.proof()

    first = await mine.token(employer.client, proof=proof, **form)
    replayed = await mine.token(employer.client, proof=proof, **form)

    assert first.json()["token_type"] == "DPoP"
    assert_oauth_error(replayed, "invalid_dpop_proof")


async def test_the_scope_is_narrowed_to_what_everyone_allows(employer: Employer) -> None:
    """Draft section 4.4.1: the scope is at most that of the assertion"""
    narrowed = await employer.present(employer.assertion(scope="write"), scope="read")
    wider = await employer.present(scope="write")
    none_left = await employer.claiming(scope="unknown")
    all_allowed = await employer.claiming(scope=None)
    reader = await employer.change(scopes=["read"])
    by_row = await reader.claiming(scope="read write")

    assert narrowed.json()["scope"] == "read"
    assert_oauth_error(wider, "invalid_scope")
    assert_oauth_error(none_left, "invalid_scope")
    assert set(all_allowed.json()["scope"].split()) == {"profile", "read", "write"}
    assert by_row.json()["scope"] == "read"


async def test_the_resource_is_one_that_the_assertion_names(
    app: Application, employer: Employer
) -> None:
    """RFC 8707: neither the request nor the row of the issuer widens it"""
    second, foreign = await new_resource(app), await new_resource(app)
    both = await employer.change(resources=[employer.resource.name, second.name])
    first, other = employer.resource.identifier, second.identifier
    two = both.assertion(resource=[first, other])

    assert_oauth_error(await both.present(resource=other), "invalid_target")
    assert_oauth_error(await both.claiming(resource=foreign.identifier), "invalid_target")
    assert_oauth_error(await both.claiming(resource="https://unknown.example"), "invalid_target")
    assert_oauth_error(await both.present(two), "invalid_target")
    chosen = await both.present(two, resource=other)
    assert chosen.json()["resource"] == other
    known = await both.claiming(resource=["https://unknown.example", first])
    assert known.json()["resource"] == first


async def test_without_a_resource_the_token_has_no_audience(
    app: Application, employer: Employer
) -> None:
    response = await employer.claiming(resource=None, scope="profile read")

    body = response.json()
    assert body["scope"] == "profile"
    assert "resource" not in body
    assert "aud" not in await app.introspect(employer.client, body["access_token"])


async def test_a_resource_with_jwts_gets_one(app: Application, employer: Employer) -> None:
    """RFC 9068: the user is the subject, and the client the one that presented the assertion"""
    resource = await new_resource(app, token_format="jwt")
    changed = await employer.change(resources=[resource.name])

    response = await changed.claiming(resource=resource.identifier)

    claims = parts_of(response.json()["access_token"])[1]
    assert (claims["aud"], claims["scope"]) == (resource.identifier, "read")
    assert claims["client_id"] == employer.client.client_id
    assert claims["sub"] not in (SUBJECT, employer.client.client_id)
