"""Identity assertions of others (draft-ietf-oauth-identity-assertion-authz-grant section 4.4).

The user whom an assertion is about: by issuer and subject, or by an address that the issuer owns.
"""

from typing import Any

import pytest_asyncio

from app.schemas.claims import StandardClaims
from tests.support.account import vouched_for
from tests.support.administration import (
    disable_provider,
    id_of,
    new_group,
    restrict_to,
    set_claims_of,
    set_user_disabled,
)
from tests.support.application import NO_LIMITS, Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of
from tests.support.received_identities import Employer, new_employer
from tests.support.refusals import recorded_refusals

APP_SETTINGS = NO_LIMITS


@pytest_asyncio.fixture
async def employer(app: Application, user: TestUser) -> Employer:
    employer = await new_employer(app)
    await employer.link(user)
    return employer


async def test_an_unknown_subject_is_refused(employer: Employer) -> None:
    """OpenID Connect Core section 5.7: by issuer and subject"""
    with recorded_refusals() as records:
        response = await employer.claiming(sub="someone-else")

    assert_oauth_error(response, "invalid_grant")
    reason = records.one(response.headers["x-request-id"]).reason
    assert "no user has linked the subject 'someone-else'" in reason


async def test_the_same_subject_of_another_issuer_is_someone_else(
    app: Application, employer: Employer
) -> None:
    other = await new_employer(app)

    assert_oauth_error(await other.present(), "invalid_grant")


async def test_a_disabled_user_or_provider_is_refused(
    app: Application, user: TestUser, employer: Employer
) -> None:
    services = services_of(app)
    await set_user_disabled(services, user.username, disabled=True)
    disabled = await employer.present()
    await set_user_disabled(services, user.username, disabled=False)
    enabled = await employer.present()
    await disable_provider(app, employer.row.name)

    assert_oauth_error(disabled, "invalid_grant")
    assert enabled.status_code == 200
    assert_oauth_error(await employer.present(), "invalid_grant")


async def test_a_user_who_may_not_use_the_client_is_refused(
    app: Application, user: TestUser, employer: Employer
) -> None:
    group = await new_group(app)
    await restrict_to(app, employer.client, group)

    assert_oauth_error(await employer.present(), "invalid_grant")


def addressed(user: TestUser, domain: str = "work.example") -> dict[str, Any]:
    """Return the claims of a verified address that the user has here."""
    return {"email": f"{user.username}@{domain}", "email_verified": True}


@pytest_asyncio.fixture
async def owner(app: Application) -> Employer:
    """An issuer that owns the addresses of a domain."""
    return await new_employer(app, identities={"email_domains": ["work.example"]})


async def test_a_verified_address_finds_its_user_where_the_issuer_owns_the_domain(
    app: Application, user: TestUser, owner: Employer
) -> None:
    claims = addressed(user)
    await set_claims_of(services_of(app), user.username, StandardClaims(email=claims["email"]))
    unverified_here = await owner.claiming(**claims)
    await vouched_for(app, user, "email_verified")
    assert_oauth_error(unverified_here, "invalid_grant")
    for stated in (
        {**claims, "email": claims["email"].upper()},
        {"email": claims["email"], "email_verified": None},  # it need not have this claim
    ):
        response = await owner.claiming(**stated)
        assert response.status_code == 200, response.text
        shown = await app.introspect(owner.client, response.json()["access_token"])
        assert shown["sub"] == await id_of(app, user)


async def test_an_address_finds_nobody_if_it_is_unverified_or_of_another_domain(
    app: Application, user: TestUser, owner: Employer
) -> None:
    """OpenID Connect Core section 5.7: an issuer could state any address"""
    claims = addressed(user)
    await set_claims_of(services_of(app), user.username, StandardClaims(email=claims["email"]))
    await vouched_for(app, user, "email_verified")
    employer = await owner.change(email_domains=["work.example", "other.example"])

    for changes in (
        {"email_verified": "true"},
        {"email_verified": False},
        {"email": None},
        {"email": ["x"]},
        {"email": "nobody@work.example"},
        {"email": f"{claims['email']}@other.example"},
        {"email": f"{user.username}@other.example"},
        {"email": f"{user.username}@sub.work.example"},
    ):
        assert_oauth_error(await employer.claiming(**{**claims, **changes}), "invalid_grant")
    for domains in ([], ["sub.work.example"], ["k.example"]):
        changed = await owner.change(email_domains=domains)
        assert_oauth_error(await changed.claiming(**claims), "invalid_grant")


async def test_an_address_that_two_users_verified_finds_neither(
    app: Application, user: TestUser, owner: Employer
) -> None:
    claims, twin = addressed(user), await app.enrolled_user()
    for each in (user, twin):
        await set_claims_of(services_of(app), each.username, StandardClaims(email=claims["email"]))
        await vouched_for(app, each, "email_verified")

    assert_oauth_error(await owner.claiming(**claims), "invalid_grant")


async def test_an_address_that_was_given_to_someone_else_does_not_find_its_last_owner(
    app: Application, user: TestUser, owner: Employer
) -> None:
    """OpenID Connect Core section 5.7: the subject stays, and an address may be reassigned"""
    claims = addressed(user)
    await set_claims_of(services_of(app), user.username, StandardClaims(email=claims["email"]))
    await vouched_for(app, user, "email_verified")
    await owner.link(user, subject="the-one-who-left")

    assert_oauth_error(await owner.claiming(**claims), "invalid_grant")
    assert (await owner.claiming(**claims, sub="the-one-who-left")).status_code == 200


async def test_the_linked_user_is_meant_whatever_address_the_assertion_has(
    app: Application, user: TestUser, owner: Employer
) -> None:
    other = await app.enrolled_user()
    claims = addressed(other)
    await set_claims_of(services_of(app), other.username, StandardClaims(email=claims["email"]))
    await vouched_for(app, other, "email_verified")
    await owner.link(user)

    response = await owner.claiming(**claims)

    shown = await app.introspect(owner.client, response.json()["access_token"])
    assert shown["sub"] == await id_of(app, user)
