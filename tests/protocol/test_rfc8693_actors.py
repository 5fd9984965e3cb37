"""Actors of exchanged tokens (RFC 8693 sections 4.1 and 4.4). SECURITY_BAR row 40"""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_TOKEN, JWT
from tests.protocol.exchanges import Fleet, new_fleet
from tests.protocol.jwt_resources import parts_of
from tests.support.administration import id_of, set_policies
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.exchange import Service, named_service, token_of_user
from tests.support.trusted_issuers import Workload, new_workload


@pytest_asyncio.fixture
async def fleet(app: Application, user: TestUser) -> Fleet:
    return await new_fleet(app, user)


async def acted(
    service: Service, target: Service, subject: str, actor: str, **form: Any
) -> httpx.Response:
    form = {"actor_token_type": ACCESS_TOKEN, **form}
    return await service.exchange(subject, resource=target.identifier, actor_token=actor, **form)


async def test_the_chain_has_four_actors_at_most(fleet: Fleet) -> None:
    await fleet.front.may_call(fleet.front)
    token = await fleet.subject()
    for _ in range(4):
        token = await fleet.front.call(fleet.front, token)

    response = await acted(fleet.front, fleet.front, token, await fleet.front.own_token())

    assert_oauth_error(response, "invalid_request")
    assert "actors" in response.json()["error_description"]
    act, depth = (await fleet.front.introspect(token))["act"], 0
    while act is not None:
        act, depth = act.get("act"), depth + 1
    assert depth == 4


async def test_actors_stay_when_a_service_needs_none(fleet: Fleet) -> None:
    """An exchange without an actor token removes nobody from the chain"""
    first = await fleet.front.call(fleet.middle, await fleet.subject())
    await fleet.middle.may_call_without_actor(fleet.back)

    response = await fleet.middle.exchange(first, resource=fleet.back.identifier)

    body = await fleet.back.introspect(response.json()["access_token"])
    assert body["act"]["sub"] == fleet.front.client_id
    assert "act" not in body["act"]


async def test_a_user_can_act_for_another(fleet: Fleet, app: Application) -> None:
    """Such as support staff, by the token that the service has for them"""
    staff = await app.enrolled_user()
    actor = await token_of_user(app, fleet.front.client, staff, scope="profile")

    response = await acted(fleet.front, fleet.middle, await fleet.subject(), actor)

    body = await fleet.middle.introspect(response.json()["access_token"])
    assert body["act"] == {"sub": await id_of(app, staff)}
    assert body["sub"] == await id_of(app, fleet.user)


async def test_the_actor_token_of_another_client_is_refused(fleet: Fleet) -> None:
    actor = await fleet.back.own_token()

    response = await acted(fleet.front, fleet.middle, await fleet.subject(), actor)

    assert_oauth_error(response, "invalid_request")
    assert "actor_token" in response.json()["error_description"]


async def test_a_caller_can_be_the_actor(fleet: Fleet) -> None:
    """By its token for the service, which the service may exchange"""
    response = await fleet.app.client_credentials(
        fleet.back.client, resource=fleet.front.identifier, scope="read"
    )

    exchanged = await acted(
        fleet.front, fleet.middle, await fleet.subject(), response.json()["access_token"]
    )

    body = await fleet.middle.introspect(exchanged.json()["access_token"])
    assert body["act"]["client_id"] == fleet.back.client_id
    assert body["client_id"] == fleet.front.client_id


async def test_a_revoked_actor_token_is_refused(fleet: Fleet) -> None:
    actor = await fleet.front.own_token()
    await fleet.app.revoke(fleet.front.client, actor)

    response = await acted(fleet.front, fleet.middle, await fleet.subject(), actor)

    assert_oauth_error(response, "invalid_request")


async def test_a_delegated_token_cannot_be_the_actor(fleet: Fleet) -> None:
    """Its own actors would not be in the chain"""
    await fleet.front.may_call(fleet.middle, fleet.front)
    delegated = await fleet.front.call(fleet.front, await fleet.subject())

    response = await acted(fleet.front, fleet.middle, await fleet.subject(), delegated)

    assert_oauth_error(response, "invalid_request")


async def test_only_the_named_client_may_act(fleet: Fleet) -> None:
    """RFC 8693 section 4.4: `may_act` is shown, and enforced"""
    await set_policies(fleet.app, fleet.client, token_exchange={"may_act": fleet.middle.client_id})
    subject = await fleet.subject()
    shown = await fleet.front.introspect(subject)

    refused = await acted(fleet.front, fleet.middle, subject, await fleet.front.own_token())
    await fleet.front.may_call_without_actor(fleet.middle)
    without = await fleet.front.exchange(subject, resource=fleet.middle.identifier)
    await set_policies(fleet.app, fleet.client, token_exchange={"may_act": fleet.front.client_id})
    allowed = await acted(fleet.front, fleet.middle, subject, await fleet.front.own_token())

    middle = fleet.middle.client_id
    assert shown["may_act"] == {"sub": middle, "client_id": middle}
    assert_oauth_error(refused, "invalid_request")
    assert_oauth_error(without, "invalid_request")
    assert allowed.status_code == 200, allowed.text


async def test_a_jwt_states_who_may_act(app: Application, user: TestUser) -> None:
    fleet = await new_fleet(app, user, token_format="jwt")
    await set_policies(app, fleet.client, token_exchange={"may_act": fleet.front.client_id})

    claims = parts_of(await fleet.subject())[1]

    assert claims["may_act"] == {"sub": fleet.front.client_id, "client_id": fleet.front.client_id}


# `may_act` and `act` in JWTs of trusted issuers


@pytest_asyncio.fixture
async def workload(app: Application, fleet: Fleet) -> Workload:
    """An issuer whose JWTs are about a user, and may be presented by the front service."""
    return await new_workload(
        app,
        user_id=await id_of(app, fleet.user),
        presenters=[fleet.front.client_id],
        scopes=["read"],
        resources=[fleet.middle.resource.name],
    )


async def from_workload(fleet: Fleet, workload: Workload, **claims: Any) -> httpx.Response:
    return await acted(
        fleet.front,
        fleet.middle,
        workload.assertion(**claims),
        await fleet.front.own_token(),
        subject_token_type=JWT,
    )


@pytest.mark.parametrize("names", [("sub",), ("client_id",), ("sub", "client_id", "iss")])
async def test_a_trusted_issuer_names_the_actor(
    fleet: Fleet, workload: Workload, names: tuple[str, ...]
) -> None:
    stated = {
        "sub": fleet.front.client_id,
        "client_id": fleet.front.client_id,
        "iss": fleet.app.settings.issuer_url,
    }

    response = await from_workload(fleet, workload, may_act={name: stated[name] for name in names})

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "may_act",
    [
        {"sub": "another"},
        {"iss": "http://localhost:8000"},
        {},
        [],
        "front",
        {"sub": ["front"]},
        {"sub": "SELF", "iss": "https://other.example"},
        {"sub": "SELF", "email": "x@example.com"},
        {"sub": "SELF", "client_id": "another"},
    ],
    ids=str,
)
async def test_any_other_may_act_is_refused(fleet: Fleet, workload: Workload, may_act: Any) -> None:
    if isinstance(may_act, dict) and may_act.get("sub") == "SELF":
        may_act = {**may_act, "sub": fleet.front.client_id}

    response = await from_workload(fleet, workload, may_act=may_act)

    assert_oauth_error(response, "invalid_request")


async def test_a_client_named_like_a_user_is_not_that_user(
    app: Application, fleet: Fleet, workload: Workload
) -> None:
    """`may_act` means the user; a client that chose this name does not act instead"""
    staff = await app.enrolled_user()
    staff_id = await id_of(app, staff)
    impostor = await named_service(app, staff_id)
    await impostor.may_call(fleet.middle)
    of_impostor = await new_workload(
        app,
        user_id=await id_of(app, fleet.user),
        presenters=[staff_id],
        scopes=["read"],
        resources=[fleet.middle.resource.name],
    )
    assertion = of_impostor.assertion(may_act={"sub": staff_id})

    response = await acted(
        impostor, fleet.middle, assertion, await impostor.own_token(), subject_token_type=JWT
    )

    assert_oauth_error(response, "invalid_request")


async def test_a_token_about_a_client_named_like_a_user_is_not_about_the_user(
    app: Application, fleet: Fleet
) -> None:
    """It is exchanged as what it is: introspection names no user, and no claims are released"""
    user_id = await id_of(app, fleet.user)
    impostor = await named_service(app, user_id)
    await impostor.may_call_without_actor(fleet.middle)
    own = await impostor.own_token(scope="profile")

    response = await impostor.exchange(own, resource=fleet.middle.identifier)

    token = response.json()["access_token"]
    body = await fleet.middle.introspect(token)
    assert "username" not in body
    userinfo = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert userinfo.status_code == 401


async def test_actors_of_a_trusted_issuer_stay_in_the_chain(
    fleet: Fleet, workload: Workload
) -> None:
    response = await from_workload(fleet, workload, act={"sub": "gateway"})

    body = await fleet.middle.introspect(response.json()["access_token"])
    front = fleet.front.client_id
    gateway = {"iss": workload.row.issuer, "sub": "gateway"}
    assert body["act"] == {"sub": front, "client_id": front, "act": gateway}


@pytest.mark.parametrize("act", [{}, [], "gateway", {"sub": 1}, {"sub": "x" * 300}, {"sub": "\0"}])
async def test_a_malformed_act_is_refused(fleet: Fleet, workload: Workload, act: Any) -> None:
    assert_oauth_error(await from_workload(fleet, workload, act=act), "invalid_request")


async def test_a_long_chain_of_a_trusted_issuer_is_refused(
    fleet: Fleet, workload: Workload
) -> None:
    act: dict[str, Any] = {"sub": "one"}
    for _ in range(3):
        act = {"sub": "more", "act": act}

    assert_oauth_error(await from_workload(fleet, workload, act=act), "invalid_request")
    endless = act
    for _ in range(500):
        endless = {"sub": "more", "act": endless}
    assert_oauth_error(await from_workload(fleet, workload, act=endless), "invalid_request")


async def test_an_id_token_can_be_the_actor_token(
    app: Application, fleet: Fleet, visitor: Any
) -> None:
    staff = await app.enrolled_user()
    tokens = await visitor.tokens_for(fleet.front.client, staff, scope="openid")

    response = await acted(
        fleet.front,
        fleet.middle,
        await fleet.subject(),
        tokens["id_token"],
        actor_token_type=ID_TOKEN,
    )

    body = await fleet.middle.introspect(response.json()["access_token"])
    assert body["act"] == {"sub": await id_of(app, staff)}
