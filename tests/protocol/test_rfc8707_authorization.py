"""Resource indicators in authorization, pushed and device requests (RFC 8707 section 2.1)."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from app.services.operations.authority import FULL
from tests.protocol.assertions_of_clients import signing_client
from tests.protocol.devices import DEVICE_CODE, decide, device_client, question, start_device
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import services_of
from tests.support.resources import READ, make_default, new_resource, resource_body
from tests.support.visitor import Visitor, answer_in, query, redeem, text_of

FORM = {"content-type": "application/x-www-form-urlencoded"}
SCOPE = "openid profile offline_access"


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


@pytest_asyncio.fixture
async def server(app: Application) -> TestClient:
    return await app.create_client()


@pytest_asyncio.fixture
async def resource(app: Application, server: TestClient) -> Resource:
    return await new_resource(app, servers=[server.client_id])


@pytest_asyncio.fixture
async def other(app: Application, server: TestClient) -> Resource:
    scopes = [READ, {"name": "pay", "description": "Pay your invoices"}]
    return await new_resource(app, servers=[server.client_id], scopes=scopes)


async def audience(app: Application, server: TestClient, tokens: dict[str, Any]) -> str | None:
    body = await app.introspect(server, tokens["access_token"])
    assert body["active"]
    return body.get("aud")


@pytest.mark.both_databases
async def test_two_resources_in_one_authorization_and_each_token_by_name(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """RFC 8707 section 2.2, figure 4; the refresh token keeps all"""
    both = [resource.identifier, f"{other.identifier}/"]
    code = await visitor.code_for(service, user, scope="openid write pay", resource=both)

    first = (await redeem(app, service, code, resource=other.identifier)).json()
    second = await app.refresh(service, first["refresh_token"], resource=resource.identifier)
    third = await app.refresh(service, second.json()["refresh_token"], resource=other.identifier)

    assert first["scope"] == third.json()["scope"] == "openid pay"
    assert second.json()["scope"] == "openid read write"
    assert await audience(app, server, first) == other.identifier
    assert await audience(app, server, second.json()) == resource.identifier
    assert await audience(app, server, third.json()) == other.identifier
    assert first["id_token"]
    assert second.json()["id_token"]


async def test_of_several_resources_a_token_request_names_one(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """A refused request does not consume the code"""
    both = [resource.identifier, other.identifier]
    code = await visitor.code_for(service, user, resource=both)

    unnamed = await redeem(app, service, code)
    two = await redeem(app, service, code, resource=both)
    stranger = await redeem(app, service, code, resource=(await new_resource(app)).identifier)
    await make_default(app, service, other)
    default = await redeem(app, service, code)

    for refused in (unnamed, two, stranger):
        assert_oauth_error(refused, "invalid_target")
    assert "name one resource" in unnamed.json()["error_description"]
    assert await audience(app, server, default.json()) == other.identifier
    refreshed = await app.refresh(service, default.json()["refresh_token"])
    assert await audience(app, server, refreshed.json()) == other.identifier


async def test_the_only_granted_resource_need_not_be_named(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """Also where another one is the default of the client"""
    await make_default(app, service, other)

    tokens = await visitor.tokens_for(service, user, resource=resource.identifier)
    refreshed = await app.refresh(service, tokens["refresh_token"])

    assert await audience(app, server, tokens) == resource.identifier
    assert await audience(app, server, refreshed.json()) == resource.identifier


async def test_a_code_without_a_resource_gives_no_audience(
    app: Application, service: TestClient, resource: Resource, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(service, user)

    refused = await redeem(app, service, code, resource=resource.identifier)
    tokens = (await redeem(app, service, code)).json()

    assert_oauth_error(refused, "invalid_target")
    assert await audience(app, service, tokens) is None


@pytest.mark.parametrize("prompt", ["none", None])
async def test_an_unknown_resource_is_refused_at_the_redirect_uri(
    app: Application, service: TestClient, resource: Resource, visitor: Visitor, prompt: str | None
) -> None:
    """RFC 8707 section 2"""
    unknown = [resource.identifier, "https://unknown.example"]

    answer = answer_in(await visitor.authorize(service, resource=unknown, prompt=prompt))

    assert answer["error"] == "invalid_target"
    assert answer["state"] == "a-state"
    assert "code" not in answer


async def test_no_other_parameter_may_be_repeated(
    app: Application, service: TestClient, resource: Resource, visitor: Visitor
) -> None:
    """SECURITY_BAR row 1"""
    request = query(service, resource=[resource.identifier] * 2)

    page = await visitor.get(f"/authorize?{request}&scope=profile")
    accepted = await visitor.get(f"/authorize?{request}")

    assert page.status_code == 400
    assert accepted.status_code == 303


async def test_pushed_requests_name_resources_too(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """RFC 9126 section 2.1"""
    content = query(service, resource=[resource.identifier, other.identifier])
    unknown = query(service, resource="https://unknown.example")

    pushed = await app.http.post("/par", content=content, auth=service.auth, headers=FORM)
    refused = await app.http.post("/par", content=unknown, auth=service.auth, headers=FORM)
    only = {"client_id": service.client_id, "request_uri": pushed.json()["request_uri"]}
    page = await visitor.follow(await visitor.get("/authorize", **only))
    answer = answer_in(await visitor.allow(await visitor.sign_in(page, user)))
    tokens = await redeem(app, service, answer["code"], resource=other.identifier)

    assert_oauth_error(refused, "invalid_target")
    assert await audience(app, server, tokens.json()) == other.identifier


@pytest.mark.parametrize("is_list", [True, False])
async def test_request_objects_name_resources_as_a_string_or_a_list(
    app: Application,
    server: TestClient,
    resource: Resource,
    user: TestUser,
    visitor: Visitor,
    is_list: bool,
) -> None:
    """RFC 9101 section 4"""
    key = signing_key()
    client = await app.create_client(scope=SCOPE, jwks=jwks(key))
    sent: Any = [resource.identifier] if is_list else resource.identifier
    request = key.sign({"resource": sent, "scope": "openid write"}, kid=key.kid)

    tokens = await visitor.tokens_for(
        client, user, request=request, resource="https://outside.example"
    )

    assert tokens["scope"] == "openid read write"
    assert await audience(app, server, tokens) == resource.identifier


@pytest.mark.parametrize("sent", [1, [1], {"a": "b"}, ["https://a.example", None]])
async def test_any_other_resource_in_a_request_object_is_refused(
    app: Application, visitor: Visitor, sent: Any
) -> None:
    signer = await signing_client(app, scope=SCOPE)
    client = TestClient(signer.client_id, "")
    request = signer.key.sign({"resource": sent}, kid=signer.key.kid)

    answer = answer_in(await visitor.authorize(client, request=request))

    assert answer["error"] == "invalid_request_object"


async def test_a_device_names_resources_and_gets_tokens_for_them(
    app: Application,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """RFC 8707 section 2; RFC 8628 section 3.1"""
    client = await device_client(app)
    both: Any = [resource.identifier, other.identifier]
    device = await start_device(app, client, scope="openid write", resource=both)
    page = await question(visitor, device, user)
    await decide(visitor, device, user)
    form = {"grant_type": DEVICE_CODE, "device_code": device.answer["device_code"]}

    unnamed = await app.token(client, **form)
    tokens = await app.token(client, **form, resource=resource.identifier)

    assert "Change your reports" in text_of(page)
    assert other.title in text_of(page)
    assert_oauth_error(unnamed, "invalid_target")
    assert tokens.json()["scope"] == "openid read write"
    assert await audience(app, server, tokens.json()) == resource.identifier


async def test_a_device_cannot_name_an_unknown_resource(app: Application) -> None:
    client = await device_client(app)

    response = await app.http.post(
        "/device_authorization",
        data={"resource": "https://unknown.example"},
        auth=client.auth,
    )

    assert_oauth_error(response, "invalid_target")


async def test_a_repeated_refresh_is_for_the_resource_of_the_first(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """SECURITY_BAR row 9: inside the grace window; the family goes on"""
    both = [resource.identifier, other.identifier]
    code = await visitor.code_for(service, user, resource=both)
    old = (await redeem(app, service, code, resource=resource.identifier)).json()["refresh_token"]

    first = await app.refresh(service, old, resource=resource.identifier)
    again = await app.refresh(service, old, resource=resource.identifier)
    elsewhere = await app.refresh(service, old, resource=other.identifier)
    later = await app.refresh(service, first.json()["refresh_token"], resource=other.identifier)

    assert again.json()["access_token"] == first.json()["access_token"]
    assert again.json()["scope"] == first.json()["scope"]
    assert_oauth_error(elsewhere, "invalid_target")
    assert await audience(app, server, later.json()) == other.identifier


@pytest.mark.both_databases
async def test_concurrent_refreshes_for_two_resources_are_answered_for_one(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """SECURITY_BAR row 9: one family, one successor, and nobody is signed out"""
    both = [resource.identifier, other.identifier]
    code = await visitor.code_for(service, user, resource=both)
    old = (await redeem(app, service, code, resource=resource.identifier)).json()["refresh_token"]

    responses = await asyncio.gather(
        *(app.refresh(service, old, resource=both[number % 2]) for number in range(30))
    )

    accepted = [each.json() for each in responses if each.status_code == 200]
    refused = [each for each in responses if each.status_code != 200]
    assert len(accepted) == len(refused) == 15
    assert len({each["access_token"] for each in accepted}) == 1
    for response in refused:
        assert_oauth_error(response, "invalid_target")
    assert await audience(app, server, accepted[0]) in both
    assert (
        await app.refresh(service, accepted[0]["refresh_token"], resource=both[0])
    ).status_code == 200


async def test_the_consent_page_groups_scopes_by_resource(
    app: Application,
    service: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    both = [resource.identifier, other.identifier]
    page = await visitor.authorize(service, scope="openid read pay", resource=both)

    text = " ".join(text_of(await visitor.sign_in(page, user)).split())

    first, second = sorted((resource, other), key=lambda each: each.title)
    at = [text.index(part) for part in ("Your identity", first.title, second.title)]
    assert at == sorted(at)
    assert text.count("Read your reports") == 2  # the same name at two resources
    assert text.index("Pay your invoices") > text.index(other.title)
    assert resource.identifier in text


async def test_titles_and_sentences_of_resources_are_escaped(
    app: Application, service: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 31"""
    made = await new_resource(
        app,
        title="<b>Reports</b>",
        scopes=[{"name": "read", "description": "<i>Read</i>", "is_default": True}],
    )
    page = await visitor.authorize(service, scope="read", resource=made.identifier)

    shown = await visitor.sign_in(page, user)

    assert "&lt;b&gt;Reports" in shown.text
    assert "<b>Reports" not in shown.text
    assert "<i>Read" not in shown.text


async def test_consent_is_remembered_by_client_resource_and_scope(
    app: Application,
    service: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """SECURITY_BAR row 34"""

    async def is_asked(**parameters: Any) -> bool:
        response = await visitor.authorize(service, **parameters)
        return not response.is_redirect and 'action="/consent"' in response.text

    both = [resource.identifier, other.identifier]
    await visitor.code_for(service, user, scope="openid read", resource=resource.identifier)

    assert not await is_asked(scope="openid read", resource=resource.identifier)
    assert not await is_asked(scope="openid", resource=resource.identifier)
    assert await is_asked(scope="openid write", resource=resource.identifier)
    assert await is_asked(scope="openid read", resource=other.identifier)
    assert await is_asked(scope="openid read", resource=both)
    await visitor.allow(await visitor.authorize(service, scope="read", resource=other.identifier))
    assert not await is_asked(scope="openid read", resource=both)
    assert not await is_asked(scope="openid")
    assert await is_asked(scope="openid profile")


async def test_consent_to_a_scope_of_ours_is_no_consent_at_a_resource(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await app.create_client(scope="openid invoices")
    made = await new_resource(app, scopes=[{"name": "invoices", "description": "Yours"}])
    await visitor.code_for(client, user, scope="openid invoices")

    page = await visitor.authorize(client, scope="openid invoices", resource=made.identifier)

    assert 'action="/consent"' in page.text


async def test_the_account_page_shows_the_scopes_at_resources_and_revokes_them(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    tokens = await visitor.tokens_for(
        service, user, scope="openid read", resource=resource.identifier
    )

    page = await visitor.get("/account")
    await visitor.submit(page, to="/account/applications/revoke")

    assert str(READ["description"]) in text_of(page)
    assert not await app.is_active(server, tokens["access_token"])


async def test_a_default_that_changes_while_the_user_decides_ends_the_request(
    app: Application,
    service: TestClient,
    resource: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """SECURITY_BAR row 34: nothing else is granted than the page showed"""
    await make_default(app, service, resource)
    page = await visitor.sign_in(await visitor.authorize(service), user)
    await make_default(app, service, None)

    answer = await visitor.submit(page, to="/consent", decision="allow")

    assert answer.status_code == 400


async def test_a_scope_that_the_resource_gets_while_the_user_decides_is_not_granted(
    app: Application, service: TestClient, resource: Resource, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34"""
    page = await visitor.authorize(service, scope=None, resource=resource.identifier)
    page = await visitor.sign_in(page, user)
    write = {"name": "write", "description": "Write", "is_default": True}
    more = resource_body(resource.name, scopes=[READ, write], servers=list(resource.servers))
    await services_of(app).oauth.resources.change(resource.name, more, authority=FULL)

    code = answer_in(await visitor.allow(page))["code"]

    assert (await redeem(app, service, code)).json()["scope"] == "read"


async def test_a_default_resource_that_was_closed_is_not_chosen_among_several(
    app: Application,
    service: TestClient,
    resource: Resource,
    other: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    await make_default(app, service, resource)
    both = [resource.identifier, other.identifier]
    code = await visitor.code_for(service, user, resource=both)
    closed = resource_body(resource.name, is_open_to_all_clients=False)
    await services_of(app).oauth.resources.change(resource.name, closed, authority=FULL)

    assert_oauth_error(await redeem(app, service, code), "invalid_target")
    named = await redeem(app, service, code, resource=other.identifier)
    assert named.status_code == 200


async def test_a_code_for_a_resource_that_was_closed_meanwhile_is_refused(
    app: Application, service: TestClient, resource: Resource, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(service, user, resource=resource.identifier)
    closed = resource_body(resource.name, is_open_to_all_clients=False)
    await services_of(app).oauth.resources.change(resource.name, closed, authority=FULL)

    assert_oauth_error(await redeem(app, service, code), "invalid_target")
