"""Token exchange (RFC 8693): what must be refused. SECURITY_BAR row 40"""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import TOKEN_EXCHANGE
from tests.protocol.exchanges import Fleet, new_fleet
from tests.support.administration import (
    new_group,
    restrict_to,
    set_policies,
)
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.exchange import GRANTS, exchange_form, new_service, token_of_user
from tests.support.refusals import recorded_refusals
from tests.support.resources import new_resource


@pytest_asyncio.fixture
async def fleet(app: Application, user: TestUser) -> Fleet:
    fleet = await new_fleet(app, user)
    await fleet.front.may_call_without_actor(fleet.middle)
    return fleet


async def exchanged(fleet: Fleet, subject: str, **form: Any) -> httpx.Response:
    return await fleet.front.exchange(subject, resource=fleet.middle.identifier, **form)


async def refused_subject(fleet: Fleet, subject: str, **form: Any) -> None:
    response = await exchanged(fleet, subject, **form)
    assert_oauth_error(response, "invalid_request")
    assert "subject_token" in response.json()["error_description"]


# Scope and audience


async def test_a_scope_that_the_subject_lacks_is_refused(fleet: Fleet) -> None:
    subject = await fleet.subject("profile read")

    response = await exchanged(fleet, subject, scope="read write")

    assert_oauth_error(response, "invalid_scope")


async def test_a_scope_of_this_server_that_the_subject_lacks_is_refused(fleet: Fleet) -> None:
    subject = await fleet.subject("read")

    response = await exchanged(fleet, subject, scope="read email")

    assert_oauth_error(response, "invalid_scope")


async def test_a_scope_is_not_widened_by_the_default_of_the_target(fleet: Fleet) -> None:
    """Without a scope, a request gets what the subject token has, and nothing by default"""
    subject = await fleet.subject("profile")

    response = await exchanged(fleet, subject)

    assert response.json()["scope"] == "profile"


async def test_a_scope_does_not_imply_others_at_the_target(app: Application, fleet: Fleet) -> None:
    """The same name at two resources is two scopes"""
    implying = {"name": "read", "description": "Read", "is_default": True, "implies": ["purge"]}
    purge = {"name": "purge", "description": "Delete everything"}
    target = await new_resource(app, scopes=[implying, purge])
    await set_policies(
        app,
        fleet.front.client,
        token_exchange={"targets": [target.name], "targets_without_actor": [target.name]},
    )

    response = await fleet.front.exchange(await fleet.subject("read"), resource=target.identifier)

    assert response.json()["scope"] == "read"


async def test_only_unknown_scope_names_are_refused(fleet: Fleet) -> None:
    response = await exchanged(fleet, await fleet.subject(), scope="reed")

    assert_oauth_error(response, "invalid_scope")


async def test_a_scope_that_the_policies_forbid_is_left_out(app: Application, fleet: Fleet) -> None:
    name = fleet.middle.resource.name
    await set_policies(
        app,
        fleet.front.client,
        allowed_scopes=["profile"],
        token_exchange={"targets": [name], "targets_without_actor": [name]},
    )

    response = await exchanged(fleet, await fleet.subject())

    assert response.json()["scope"] == "profile"


async def test_an_unknown_target_is_refused(fleet: Fleet) -> None:
    """RFC 8693 section 2.2.2"""
    response = await fleet.front.exchange(await fleet.subject(), resource="https://unknown.example")

    assert_oauth_error(response, "invalid_target")


async def test_a_target_that_the_policies_do_not_name_is_refused(
    fleet: Fleet,
) -> None:
    """The log names the command that would allow it"""
    with recorded_refusals() as records:
        response = await fleet.front.exchange(await fleet.subject(), audience=fleet.back.identifier)

    assert_oauth_error(response, "invalid_target")
    command = f"postern clients policy {fleet.front.client_id} --exchange-target"
    assert command in records.one(response.headers["x-request-id"]).reason


async def test_a_resource_that_belongs_to_other_clients_is_refused(
    app: Application, fleet: Fleet
) -> None:
    """The list of the resource counts as well as the policy of the client"""
    closed = await new_service(app, is_open_to_all_clients=False, requesters=[])
    await fleet.front.may_call_without_actor(closed)

    response = await fleet.front.exchange(await fleet.subject(), resource=closed.identifier)

    assert_oauth_error(response, "invalid_target")


async def test_targets_that_do_not_agree_are_refused(fleet: Fleet) -> None:
    await fleet.front.may_call_without_actor(fleet.middle, fleet.back)

    response = await exchanged(fleet, await fleet.subject(), audience=fleet.back.identifier)

    assert_oauth_error(response, "invalid_target")


async def test_two_resources_are_refused(fleet: Fleet) -> None:
    """RFC 8707: an access token has one audience"""
    await fleet.front.may_call_without_actor(fleet.middle, fleet.back)
    form = exchange_form(await fleet.subject())

    response = await fleet.app.http.post(
        "/token",
        data={**form, "resource": [fleet.middle.identifier, fleet.back.identifier]},
        auth=fleet.front.client.auth,
    )

    assert_oauth_error(response, "invalid_target")


async def test_a_token_without_an_audience_cannot_be_got(fleet: Fleet) -> None:
    """It would be accepted at the endpoints of this server"""
    response = await fleet.front.exchange(await fleet.subject())

    assert_oauth_error(response, "invalid_target")


# Who may exchange


async def test_only_the_server_of_its_resource_may_exchange_a_token(fleet: Fleet) -> None:
    await fleet.back.may_call_without_actor(fleet.middle)

    response = await fleet.back.exchange(await fleet.subject(), resource=fleet.middle.identifier)

    assert_oauth_error(response, "invalid_request")


async def test_the_client_of_a_token_with_an_audience_may_not_exchange_it(fleet: Fleet) -> None:
    """The token is for the resource, not for the client that requested it"""
    caller = await new_service(fleet.app)
    await caller.may_call_without_actor(fleet.middle)
    subject = await token_of_user(
        fleet.app, caller.client, fleet.user, scope="read", resource=fleet.front.identifier
    )

    response = await caller.exchange(subject, resource=fleet.middle.identifier)

    assert_oauth_error(response, "invalid_request")


async def test_a_token_of_another_client_without_an_audience_is_refused(fleet: Fleet) -> None:
    await refused_subject(fleet, await fleet.unbound_subject())


async def test_an_exchanger_of_one_client_is_not_that_of_others(fleet: Fleet) -> None:
    other = await fleet.app.create_client(scope="profile")
    await fleet.front.may_call_without_actor(fleet.middle, exchanger_of=[other.client_id])

    await refused_subject(fleet, await fleet.unbound_subject())


async def test_an_exchanger_is_not_the_server_of_a_resource(fleet: Fleet) -> None:
    """`exchanger_of` is for tokens without an audience only"""
    await fleet.back.may_call_without_actor(fleet.middle, exchanger_of=[fleet.client.client_id])

    response = await fleet.back.exchange(await fleet.subject(), resource=fleet.middle.identifier)

    assert_oauth_error(response, "invalid_request")


async def test_a_public_client_cannot_exchange(app: Application, fleet: Fleet) -> None:
    public = await app.create_client(
        token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token"]
    )

    response = await app.http.post(
        "/token",
        data={
            **exchange_form(await fleet.subject(), resource=fleet.middle.identifier),
            "client_id": public.client_id,
        },
    )

    assert_oauth_error(response, "unauthorized_client")


async def test_a_public_client_cannot_register_the_grant(app: Application) -> None:
    response = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name("client"),
            "redirect_uri": "http://localhost:3000/callback",
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", TOKEN_EXCHANGE],
        },
    )

    assert response.status_code == 422


async def test_a_client_without_the_grant_is_refused(fleet: Fleet) -> None:
    response = await fleet.app.token(
        fleet.client, **exchange_form(await fleet.subject(), resource=fleet.middle.identifier)
    )

    assert_oauth_error(response, "unauthorized_client")


async def test_a_client_without_policies_may_exchange_nothing(
    app: Application, fleet: Fleet
) -> None:
    client = await app.create_client(grant_types=GRANTS, scope="profile")
    subject = await token_of_user(app, client, fleet.user, scope="profile")

    response = await app.token(client, **exchange_form(subject, resource=fleet.middle.identifier))

    assert_oauth_error(response, "invalid_target")


async def test_an_actor_token_is_required_unless_the_target_is_named(fleet: Fleet) -> None:
    await fleet.front.may_call(
        fleet.middle, fleet.back, targets_without_actor=[fleet.back.resource.name]
    )

    response = await exchanged(fleet, await fleet.subject())

    assert_oauth_error(response, "invalid_request")
    assert "actor_token" in response.json()["error_description"]


async def test_a_user_outside_the_access_policy_of_the_service_is_refused(fleet: Fleet) -> None:
    subject = await fleet.subject()
    name = fleet.middle.resource.name
    group = await new_group(fleet.app)
    await restrict_to(fleet.app, fleet.front.client, group)
    await set_policies(
        fleet.app,
        fleet.front.client,
        access={"kind": "groups", "groups": [group.group_id]},
        token_exchange={"targets": [name], "targets_without_actor": [name]},
    )

    await refused_subject(fleet, subject)


async def test_policies_can_only_name_what_exists(app: Application, fleet: Fleet) -> None:
    for policy in (
        {"targets": ["no-such-resource"]},
        {"targets": [fleet.middle.resource.name], "exchanger_of": ["no-such-client"]},
        {"may_act": "no-such-client"},
    ):
        with pytest.raises(Exception, match="There is no"):
            await set_policies(app, fleet.front.client, token_exchange=policy)


async def test_without_actor_is_only_for_targets(app: Application, fleet: Fleet) -> None:
    with pytest.raises(ValueError, match="targets_without_actor"):
        await set_policies(
            app,
            fleet.front.client,
            token_exchange={"targets_without_actor": [fleet.middle.resource.name]},
        )
