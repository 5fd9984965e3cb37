"""Token exchange (RFC 8693): what a service gets for the token of a caller."""

import json

import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_TOKEN, JWT, TOKEN_EXCHANGE
from app.services.accounts.sessions import ACR_MFA
from tests.protocol.exchanges import Fleet, new_fleet
from tests.protocol.jwt_resources import parts_of
from tests.support.administration import events_of, id_of
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.exchange import exchange_form, new_service
from tests.support.jwt import claims_of
from tests.support.resources import make_default
from tests.support.visitor import Visitor


@pytest_asyncio.fixture
async def fleet(app: Application, user: TestUser) -> Fleet:
    return await new_fleet(app, user)


async def test_a_chain_of_two_actors_is_shown_by_introspection(fleet: Fleet) -> None:
    """RFC 8693 sections 2.2.1 and 4.1: from the app over two services to a third one"""
    subject = await fleet.subject()

    first = await fleet.front.exchange(
        subject,
        resource=fleet.middle.identifier,
        actor_token=await fleet.front.own_token(),
        actor_token_type=ACCESS_TOKEN,
    )
    second = await fleet.middle.call(fleet.back, first.json()["access_token"])

    assert first.json() | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "profile read write",
        "issued_token_type": ACCESS_TOKEN,
    }
    body = await fleet.back.introspect(second)
    front, middle = fleet.front.client_id, fleet.middle.client_id
    assert body["act"] == {
        "sub": middle,
        "client_id": middle,
        "act": {"sub": front, "client_id": front},
    }
    assert body["sub"] == await id_of(fleet.app, fleet.user)
    assert (body["aud"], body["client_id"]) == (fleet.back.identifier, middle)
    assert body["scope"] == "profile read write"


async def test_a_jwt_names_its_actors(app: Application, user: TestUser) -> None:
    """RFC 8693 section 4.1: for services that verify tokens by themselves"""
    fleet = await new_fleet(app, user, token_format="jwt")
    first = await fleet.front.call(fleet.middle, await fleet.subject())

    second = await fleet.middle.call(fleet.back, first)

    claims = await claims_of(app, second, audience=fleet.back.identifier)
    front, middle = fleet.front.client_id, fleet.middle.client_id
    act = {"sub": middle, "client_id": middle, "act": {"sub": front, "client_id": front}}
    assert (claims["act"], claims["client_id"]) == (act, middle)
    assert claims["sub"] == await id_of(app, user)
    assert (await fleet.back.introspect(second))["act"] == act


async def test_a_token_that_was_not_exchanged_has_no_actor(fleet: Fleet) -> None:
    body = await fleet.front.introspect(await fleet.subject())

    assert "act" not in body
    assert "may_act" not in body


async def test_the_target_can_be_named_as_the_audience(fleet: Fleet) -> None:
    """RFC 8693 section 2.1"""
    await fleet.front.may_call_without_actor(fleet.middle)
    subject = await fleet.subject()

    by_audience = await fleet.front.exchange(subject, audience=fleet.middle.identifier)
    by_both = await fleet.front.exchange(
        subject, audience=fleet.middle.identifier, resource=f"{fleet.middle.identifier}/"
    )

    for response in (by_audience, by_both):
        body = await fleet.middle.introspect(response.json()["access_token"])
        assert body["aud"] == fleet.middle.identifier


async def test_a_request_without_a_target_is_for_the_default_resource(fleet: Fleet) -> None:
    await fleet.front.may_call_without_actor(fleet.middle)
    await make_default(fleet.app, fleet.front.client, fleet.middle.resource)

    response = await fleet.front.exchange(await fleet.subject())

    body = await fleet.middle.introspect(response.json()["access_token"])
    assert body["aud"] == fleet.middle.identifier


async def test_the_scope_can_be_narrowed(fleet: Fleet) -> None:
    response = await fleet.front.call(fleet.middle, await fleet.subject(), scope="read")

    assert (await fleet.middle.introspect(response))["scope"] == "read"


async def test_there_is_no_refresh_token(fleet: Fleet) -> None:
    await fleet.front.may_call_without_actor(fleet.middle)

    response = await fleet.front.exchange(
        await fleet.subject("offline_access read"), resource=fleet.middle.identifier
    )

    assert "refresh_token" not in response.json()
    assert response.json()["scope"] == "read"


async def test_a_service_passes_on_what_it_may_do_itself(fleet: Fleet) -> None:
    """A token of a client stays about that client, also when it is exchanged again"""
    job = await fleet.app.create_client(scope="profile")
    response = await fleet.app.client_credentials(
        job, resource=fleet.front.identifier, scope="write"
    )
    first = await fleet.front.call(fleet.middle, response.json()["access_token"])

    second = await fleet.middle.call(fleet.back, first)

    body = await fleet.back.introspect(second)
    assert (body["sub"], body["client_id"]) == (job.client_id, fleet.middle.client_id)
    assert body["act"]["sub"] == fleet.middle.client_id
    assert "username" not in body
    event = (await events_of(fleet.app, "client.token_exchanged"))[-1]
    assert json.loads(event.details)["subject"] == job.client_id


async def test_a_jwt_about_a_client_names_it(app: Application, user: TestUser) -> None:
    fleet = await new_fleet(app, user, token_format="jwt")
    job = await app.create_client(scope="profile")
    response = await app.client_credentials(job, resource=fleet.front.identifier, scope="write")

    token = await fleet.front.call(fleet.middle, response.json()["access_token"])

    claims = await claims_of(app, token, audience=fleet.middle.identifier)
    assert (claims["sub"], claims["client_id"]) == (job.client_id, fleet.front.client_id)
    body = await fleet.middle.introspect(token)
    assert (body["sub"], body["act"]["sub"]) == (job.client_id, fleet.front.client_id)


async def test_a_client_exchanges_its_own_token_without_an_audience(fleet: Fleet) -> None:
    caller = await new_service(fleet.app)
    await caller.may_call_without_actor(fleet.front)
    response = await fleet.app.password_grant(caller.client, fleet.user, scope="profile")

    exchanged = await caller.exchange(
        response.json()["access_token"], resource=fleet.front.identifier
    )

    body = await fleet.front.introspect(exchanged.json()["access_token"])
    assert (body["scope"], body["client_id"]) == ("profile", caller.client_id)
    assert "act" not in body


async def test_an_exchanger_exchanges_the_tokens_of_the_named_client(fleet: Fleet) -> None:
    await fleet.front.may_call_without_actor(fleet.middle, exchanger_of=[fleet.client.client_id])

    response = await fleet.front.exchange(
        await fleet.unbound_subject(), resource=fleet.middle.identifier
    )

    assert response.status_code == 200, response.text


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_the_sign_in_of_the_user_is_passed_on(
    app: Application, user: TestUser, visitor: Visitor, token_format: str
) -> None:
    """RFC 9470: the last service can demand a step-up"""
    fleet = await new_fleet(app, user, token_format=token_format)
    signed_in_at = int(app.clock.now().timestamp())
    tokens = await visitor.tokens_for(
        fleet.client, user, resource=fleet.front.identifier, scope="openid read"
    )
    app.clock.advance(seconds=30)

    first = await fleet.front.call(fleet.middle, tokens["access_token"])
    second = await fleet.middle.call(fleet.back, first)

    body = await fleet.back.introspect(second)
    assert (body["auth_time"], body["acr"]) == (signed_in_at, ACR_MFA)
    if token_format == "jwt":
        claims = parts_of(second)[1]
        assert (claims["auth_time"], claims["acr"]) == (signed_in_at, ACR_MFA)


async def test_the_exchange_of_a_users_token_is_audited(fleet: Fleet) -> None:
    """The event names the actor, the client and the target, and no token"""
    subject = await fleet.subject()
    token = await fleet.front.call(fleet.middle, subject, scope="read")

    user_id = await id_of(fleet.app, fleet.user)
    events = await events_of(fleet.app, "token.exchanged")
    (event,) = [each for each in events if each.user_id == user_id]
    assert (event.client_id, event.actor) == (
        fleet.front.client_id,
        f"client:{fleet.front.client_id}",
    )
    assert json.loads(event.details) == {
        "actors": [f"client:{fleet.front.client_id}"],
        "resource": fleet.middle.resource.name,
        "scope": "read",
        "subject_client": fleet.client.client_id,
    }
    assert subject not in str(event)
    assert token not in str(event)


async def test_the_metadata_lists_the_grant(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/oauth-authorization-server")).json()

    assert TOKEN_EXCHANGE in metadata["grant_types_supported"]


async def test_a_stranger_cannot_register_the_grant(app: Application) -> None:
    body = {"grant_types": [TOKEN_EXCHANGE], "response_types": []}

    response = await app.http.post("/register", json=body)

    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("token_type", [ID_TOKEN, JWT, "urn:example:cookie"])
async def test_only_access_tokens_can_be_requested(fleet: Fleet, token_type: str) -> None:
    """RFC 8693 section 2.2.2"""
    await fleet.front.may_call_without_actor(fleet.middle)

    response = await fleet.front.exchange(
        await fleet.subject(), resource=fleet.middle.identifier, requested_token_type=token_type
    )

    assert_oauth_error(response, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token": None},
        {"subject_token_type": None},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"actor_token": "postern_at_x"},
        {"actor_token_type": ACCESS_TOKEN},
        {"actor_token": "postern_at_x", "actor_token_type": "urn:example:cookie"},
    ],
    ids=lambda changes: " ".join(changes),
)
async def test_a_malformed_request_is_refused(fleet: Fleet, changes: dict[str, str]) -> None:
    """RFC 8693 section 2.1"""
    await fleet.front.may_call_without_actor(fleet.middle)
    form = exchange_form(await fleet.subject(), resource=fleet.middle.identifier)
    form = {name: value for name, value in {**form, **changes}.items() if value is not None}

    response = await fleet.app.token(fleet.front.client, **form)

    assert_oauth_error(response, "invalid_request")


async def test_authorization_details_are_refused_and_not_ignored(fleet: Fleet) -> None:
    """RFC 9396 section 5: a client that asks for less must not get more"""
    await fleet.front.may_call_without_actor(fleet.middle)

    answer = await fleet.front.exchange(
        await fleet.subject("read"),
        resource=fleet.middle.identifier,
        authorization_details='[{"type": "payment"}]',
    )

    assert_oauth_error(answer, "invalid_authorization_details")
