"""Subject tokens other than access tokens, and what clients see of users (RFC 8693).

SECURITY_BAR row 40
"""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_TOKEN, JWT
from tests.protocol.exchanges import Fleet, new_fleet
from tests.protocol.jwt_resources import parts_of, signed_by_us
from tests.support.administration import id_of, set_user_disabled
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.exchange import Service, make_pairwise, new_service, token_of_user
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.resources import make_default
from tests.support.trusted_issuers import new_workload
from tests.support.visitor import Visitor


@pytest_asyncio.fixture
async def fleet(app: Application, user: TestUser) -> Fleet:
    return await new_fleet(app, user)


@pytest_asyncio.fixture
async def portal(app: Application, fleet: Fleet) -> Service:
    """A confidential app that signs users in, and calls the middle service for them."""
    portal = await new_service(app, scope="openid profile email offline_access")
    await portal.may_call_without_actor(fleet.middle)
    return portal


async def exchanged(
    service: Service, target: Service, token: str, token_type: str, **form: Any
) -> httpx.Response:
    return await service.exchange(
        token, subject_token_type=token_type, resource=target.identifier, **form
    )


# ID tokens


async def test_an_id_token_is_exchanged_by_its_client(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    """It stands for what the user granted by that sign-in, at the target too"""
    tokens = await visitor.tokens_for(
        portal.client, fleet.user, scope="openid profile write", resource=fleet.middle.identifier
    )

    response = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN)

    body = await fleet.middle.introspect(response.json()["access_token"])
    assert set(body["scope"].split()) == {"openid", "profile", "read", "write"}
    assert body["sub"] == await id_of(fleet.app, fleet.user)


async def test_an_id_token_gives_nothing_that_was_not_granted(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(portal.client, fleet.user, scope="openid profile")

    response = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN)
    wider = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN, scope="read")

    assert response.json()["scope"] == "openid profile"
    assert_oauth_error(wider, "invalid_scope")


async def test_an_id_token_of_another_client_is_refused(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    """Also by a client that may exchange the other's access tokens"""
    tokens = await visitor.tokens_for(portal.client, fleet.user)
    await fleet.front.may_call_without_actor(fleet.middle, exchanger_of=[portal.client_id])

    response = await exchanged(fleet.front, fleet.middle, tokens["id_token"], ID_TOKEN)

    assert_oauth_error(response, "invalid_request")


async def test_an_id_token_with_the_audience_of_another_client_is_refused(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    """Its sign-in is sealed for one client, whatever else a token says"""
    tokens = await visitor.tokens_for(portal.client, fleet.user)
    await fleet.front.may_call_without_actor(fleet.middle)
    claims = {**parts_of(tokens["id_token"])[1], "aud": fleet.front.client_id}
    token = await signed_by_us(fleet.app, claims, typ="JWT")

    response = await exchanged(fleet.front, fleet.middle, token, ID_TOKEN)

    assert_oauth_error(response, "invalid_request")


async def test_an_expired_id_token_is_refused(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(portal.client, fleet.user)
    claims = parts_of(tokens["id_token"])[1]
    fleet.app.clock.advance(seconds=claims["exp"] - claims["iat"])

    response = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN)

    assert_oauth_error(response, "invalid_request")


async def test_an_id_token_of_a_revoked_sign_in_is_refused(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    """And what was issued for it before ends"""
    tokens = await visitor.tokens_for(portal.client, fleet.user, scope="openid offline_access")
    before = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN)
    await fleet.app.revoke(portal.client, tokens["refresh_token"])

    response = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN)

    assert_oauth_error(response, "invalid_request")
    assert not (await fleet.middle.introspect(before.json()["access_token"]))["active"]


async def test_the_id_token_of_a_refresh_is_exchanged(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(portal.client, fleet.user, scope="openid offline_access")
    refreshed = (await fleet.app.refresh(portal.client, tokens["refresh_token"])).json()

    response = await exchanged(portal, fleet.middle, refreshed["id_token"], ID_TOKEN)

    assert response.status_code == 200, response.text


async def test_id_tokens_of_other_clients_do_not_name_their_sign_in(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    own = await visitor.tokens_for(portal.client, fleet.user)
    other = await visitor.tokens_for(fleet.client, fleet.user)

    assert "jti" in parts_of(own["id_token"])[1]
    assert "jti" not in parts_of(other["id_token"])[1]


async def test_an_access_token_is_not_an_id_token_nor_the_reverse(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    """SECURITY_BAR row 36"""
    tokens = await visitor.tokens_for(portal.client, fleet.user)

    for token, token_type in (
        (tokens["access_token"], ID_TOKEN),
        (tokens["id_token"], ACCESS_TOKEN),
        (tokens["id_token"], JWT),
    ):
        response = await exchanged(portal, fleet.middle, token, token_type)
        assert_oauth_error(response, "invalid_request")


# JWTs of trusted issuers


async def test_a_workload_calls_a_service(fleet: Fleet) -> None:
    """The JWT stands for the client itself, within what its row allows"""
    workload = await new_workload(
        fleet.app,
        client_id=fleet.front.client_id,
        scopes=["read"],
        resources=[fleet.middle.resource.name],
    )
    await fleet.front.may_call_without_actor(fleet.middle, fleet.back)

    response = await exchanged(fleet.front, fleet.middle, workload.assertion(), JWT)
    elsewhere = await exchanged(fleet.front, fleet.back, workload.assertion(), JWT)
    wider = await exchanged(fleet.front, fleet.middle, workload.assertion(), JWT, scope="write")

    body = await fleet.middle.introspect(response.json()["access_token"])
    assert (body["sub"], body["scope"]) == (fleet.front.client_id, "read")
    assert_oauth_error(elsewhere, "invalid_target")
    assert_oauth_error(wider, "invalid_scope")
    assert response.json()["expires_in"] <= 600


async def test_only_a_presenter_exchanges_a_jwt_about_a_user(fleet: Fleet) -> None:
    workload = await new_workload(
        fleet.app,
        user_id=await id_of(fleet.app, fleet.user),
        presenters=[fleet.front.client_id],
        scopes=["read"],
        resources=[fleet.middle.resource.name],
    )
    await fleet.front.may_call_without_actor(fleet.middle)
    await fleet.back.may_call_without_actor(fleet.middle)

    by_presenter = await exchanged(fleet.front, fleet.middle, workload.assertion(), JWT)
    by_another = await exchanged(fleet.back, fleet.middle, workload.assertion(), JWT)

    token = by_presenter.json()["access_token"]
    assert (await fleet.middle.introspect(token))["sub"] == await id_of(fleet.app, fleet.user)
    assert_oauth_error(by_another, "invalid_request")
    await set_user_disabled(services_of(fleet.app), fleet.user.username, disabled=True)
    assert not (await fleet.middle.introspect(token))["active"]
    again = await exchanged(fleet.front, fleet.middle, workload.assertion(), JWT)
    assert_oauth_error(again, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://stranger.example"},
        {"aud": "https://other.example"},
        {"sub": "repo:other/app:ref:refs/heads/main"},
        {"exp": 1},
        {"iat": None},
    ],
    ids=str,
)
async def test_an_untrusted_jwt_is_refused(fleet: Fleet, changes: dict[str, Any]) -> None:
    """SECURITY_BAR row 35"""
    workload = await new_workload(
        fleet.app,
        client_id=fleet.front.client_id,
        scopes=["read"],
        resources=[fleet.middle.resource.name],
    )
    await fleet.front.may_call_without_actor(fleet.middle)

    response = await exchanged(fleet.front, fleet.middle, workload.assertion(**changes), JWT)

    assert_oauth_error(response, "invalid_request")


# What clients see of users


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_each_client_of_a_chain_shows_the_user_by_its_own_subject(
    app: Application, user: TestUser, token_format: str
) -> None:
    """OpenID Connect Core section 8.1: no service learns the subject of another's client"""
    fleet = await new_fleet(app, user, token_format=token_format)
    staff = await app.enrolled_user()
    await make_pairwise(app, fleet.front.client, sector="front.example")
    await make_pairwise(app, fleet.middle.client, sector="middle.example")
    actor = await token_of_user(app, fleet.front.client, staff, scope="profile")
    first = await fleet.front.exchange(
        await fleet.subject(),
        resource=fleet.middle.identifier,
        actor_token=actor,
        actor_token_type=ACCESS_TOKEN,
    )
    second = await fleet.middle.call(fleet.back, first.json()["access_token"])

    bodies = [
        await fleet.middle.introspect(first.json()["access_token"]),
        await fleet.back.introspect(second),
    ]

    actors = [bodies[0]["act"], bodies[1]["act"]["act"]]
    ids = {await id_of(app, user), await id_of(app, staff)}
    subjects = {bodies[0]["sub"], bodies[1]["sub"], actors[0]["sub"], actors[1]["sub"]}
    assert len(subjects) == 4
    assert not subjects & ids
    assert not any("username" in body for body in bodies)
    if token_format == "jwt":
        claims = await claims_of(app, second, audience=fleet.back.identifier)
        assert (claims["sub"], claims["act"]) == (bodies[1]["sub"], bodies[1]["act"])


async def test_an_exchanged_token_names_no_pseudonym_of_the_first_client(
    app: Application, fleet: Fleet
) -> None:
    await make_pairwise(app, fleet.client, sector="app.example")
    subject = await fleet.subject()
    pseudonym = (await fleet.front.introspect(subject))["sub"]

    token = await fleet.front.call(fleet.middle, subject)

    body = await fleet.middle.introspect(token)
    assert body["sub"] == await id_of(app, fleet.user)
    assert pseudonym not in str(body)


async def test_an_exchanged_token_with_openid_opens_userinfo_only_for_the_default_resource(
    fleet: Fleet, portal: Service, visitor: Visitor
) -> None:
    """As every token with an audience"""
    tokens = await visitor.tokens_for(portal.client, fleet.user, scope="openid profile")
    response = await exchanged(portal, fleet.middle, tokens["id_token"], ID_TOKEN)
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}

    before = await fleet.app.http.get("/userinfo", headers=headers)
    await make_default(fleet.app, portal.client, fleet.middle.resource)
    after = await fleet.app.http.get("/userinfo", headers=headers)

    assert before.status_code == 401
    assert after.json()["sub"] == await id_of(fleet.app, fleet.user)
