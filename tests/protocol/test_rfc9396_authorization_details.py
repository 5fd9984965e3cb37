"""Authorization details from the request to the tokens (RFC 9396)."""

from copy import deepcopy
from typing import Any

import pytest
import pytest_asyncio

from app.errors import DatabaseUnavailableError
from app.models.oauth.authorization_types import AuthorizationType
from app.repositories.oauth.authorization_types import AuthorizationTypeRepository
from app.services.operations.authority import FULL
from tests.protocol.devices import DEVICE_CODE, decide, device_client, question, start_device
from tests.protocol.jwt_resources import Api, jwt_api, verified
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.authorization_types import (
    PAYMENT_SCHEMA,
    new_type,
    payment,
    sent,
    type_body,
)
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.visitor import Visitor, answer_in, query, redeem, text_of

SCOPE = "openid profile offline_access"


@pytest_asyncio.fixture
async def shop(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


@pytest_asyncio.fixture
async def kind(app: Application) -> AuthorizationType:
    return await new_type(app)


@pytest_asyncio.fixture
async def bank(app: Application) -> Api:
    return await jwt_api(app)


@pytest.mark.both_databases
async def test_a_payment_from_consent_to_response_refresh_jwt_and_introspection(
    app: Application, shop: TestClient, bank: Api, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9396 sections 5 to 9"""
    kind = await new_type(app, resources=[bank.resource.name])
    first, second = payment(kind), payment(kind, creditorName="Grace", remittanceInformation="7")
    narrowed = payment(kind, actions=["status"])

    page = await visitor.authorize(
        shop, resource=bank.identifier, authorization_details=sent(first, second)
    )
    consent = await visitor.sign_in(page, user)
    code = answer_in(await visitor.allow(consent))["code"]
    tokens = (await redeem(app, shop, code)).json()
    refreshed = await app.refresh(
        shop, tokens["refresh_token"], authorization_details=sent(narrowed)
    )
    later = await app.refresh(shop, refreshed.json()["refresh_token"])

    text = " ".join(text_of(consent).split())
    assert "Pay 123.50 EUR to Ada's Shop" in text
    assert "Pay 123.50 EUR to Grace" in text
    assert tokens["authorization_details"] == [first, second]
    assert refreshed.json()["authorization_details"] == [narrowed]
    assert later.json()["authorization_details"] == [first, second]
    for body, details in ((tokens, [first, second]), (refreshed.json(), [narrowed])):
        claims = await verified(app, body["access_token"], bank)
        introspected = await app.introspect(bank.server, body["access_token"])
        assert claims["authorization_details"] == details
        assert introspected["authorization_details"] == details
    of_refresh_token = await app.introspect(shop, later.json()["refresh_token"])
    assert of_refresh_token["authorization_details"] == [first, second]
    assert of_refresh_token["aud"] == [bank.identifier]


async def test_details_travel_in_opaque_tokens_without_a_resource(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(shop, user, authorization_details=sent(payment(kind)))
    refreshed = (await app.refresh(shop, tokens["refresh_token"])).json()

    for body in (tokens, refreshed):
        assert body["authorization_details"] == [payment(kind)]
        introspected = await app.introspect(shop, body["access_token"])
        assert introspected["authorization_details"] == [payment(kind)]


async def test_tokens_without_details_do_not_mention_them(
    app: Application, shop: TestClient, user: TestUser, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(shop, user)

    assert "authorization_details" not in tokens
    for name in ("access_token", "refresh_token"):
        assert "authorization_details" not in await app.introspect(shop, tokens[name])


async def test_a_pushed_request_has_details(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9396 section 4; RFC 9126 section 2.1"""
    form = {"content-type": "application/x-www-form-urlencoded"}
    content = query(shop, authorization_details=sent(payment(kind)))
    unknown = query(shop, authorization_details=sent({"type": "unknown"}))

    pushed = await app.http.post("/par", content=content, auth=shop.auth, headers=form)
    refused = await app.http.post("/par", content=unknown, auth=shop.auth, headers=form)
    only = {"client_id": shop.client_id, "request_uri": pushed.json()["request_uri"]}
    page = await visitor.follow(await visitor.get("/authorize", **only))
    answer = answer_in(await visitor.allow(await visitor.sign_in(page, user)))
    tokens = (await redeem(app, shop, answer["code"])).json()

    assert_oauth_error(refused, "invalid_authorization_details")
    assert tokens["authorization_details"] == [payment(kind)]


@pytest.mark.parametrize("is_text", [True, False])
async def test_a_request_object_has_details_as_an_array_or_a_text(
    app: Application, kind: AuthorizationType, user: TestUser, visitor: Visitor, is_text: bool
) -> None:
    """RFC 9101 section 4; what is outside of it does not count"""
    key = signing_key()
    client = await app.create_client(scope=SCOPE, jwks=jwks(key))
    details: Any = sent(payment(kind)) if is_text else [payment(kind)]
    request = key.sign({"authorization_details": details, "scope": "openid"}, kid=key.kid)

    tokens = await visitor.tokens_for(
        client, user, request=request, authorization_details=sent(payment(kind, copies=2))
    )

    assert tokens["authorization_details"] == [payment(kind)]


async def test_a_device_asks_for_details(
    app: Application, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    client = await device_client(app)
    device = await start_device(app, client, authorization_details=sent(payment(kind)))
    page = await question(visitor, device, user)
    await decide(visitor, device, user)
    form = {"grant_type": DEVICE_CODE, "device_code": device.answer["device_code"]}

    wider = await app.token(client, **form, authorization_details=sent(payment(kind, copies=2)))
    tokens = await app.token(
        client, **form, authorization_details=sent(payment(kind, actions=["status"]))
    )

    assert "Pay 123.50 EUR to Ada's Shop" in " ".join(text_of(page).split())
    assert_oauth_error(wider, "invalid_authorization_details")
    assert tokens.json()["authorization_details"] == [payment(kind, actions=["status"])]


async def test_a_device_cannot_ask_for_an_unknown_type(app: Application) -> None:
    client = await device_client(app)

    response = await app.http.post(
        "/device_authorization",
        data={"authorization_details": sent({"type": "unknown"})},
        auth=client.auth,
    )

    assert_oauth_error(response, "invalid_authorization_details")


async def test_a_client_gets_details_on_its_own_behalf(
    app: Application, shop: TestClient, kind: AuthorizationType, bank: Api
) -> None:
    for form in ({}, {"resource": bank.identifier}):
        response = await app.client_credentials(
            shop, authorization_details=sent(payment(kind)), **form
        )
        assert response.json()["authorization_details"] == [payment(kind)]
    claims = await verified(app, response.json()["access_token"], bank)
    refused = await app.client_credentials(shop, authorization_details=sent({"type": "unknown"}))

    assert claims["authorization_details"] == [payment(kind)]
    assert_oauth_error(refused, "invalid_authorization_details")


async def test_the_password_grant_accepts_no_details(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser
) -> None:
    """No page shows them to the user"""
    response = await app.token(
        shop,
        grant_type="password",
        username=user.username,
        password=user.password,
        authorization_details=sent(payment(kind)),
    )

    assert_oauth_error(response, "invalid_authorization_details")


@pytest.mark.parametrize(
    "change",
    [
        {"actions": ["initiate", "status", "status", "initiate", "more"]},
        {"actions": []},
        {"actions": None},
        {"creditorName": "Mallory"},
        {"instructedAmount": {"amount": "123.51", "currency": "EUR"}},
        {"remittanceInformation": "more"},
        {"type": "unknown"},
    ],
)
async def test_a_token_request_cannot_widen_what_was_granted(
    app: Application,
    shop: TestClient,
    kind: AuthorizationType,
    user: TestUser,
    visitor: Visitor,
    change: dict[str, Any],
) -> None:
    """RFC 9396 section 6.1; a refused request does not use up the code or the token"""
    code = await visitor.code_for(shop, user, authorization_details=sent(payment(kind)))
    wider = sent(payment(kind, **change))

    of_code = await redeem(app, shop, code, authorization_details=wider)
    tokens = (await redeem(app, shop, code)).json()
    of_refresh = await app.refresh(shop, tokens["refresh_token"], authorization_details=wider)
    refreshed = await app.refresh(shop, tokens["refresh_token"])

    assert_oauth_error(of_code, "invalid_authorization_details")
    assert_oauth_error(of_refresh, "invalid_authorization_details")
    assert refreshed.json()["authorization_details"] == [payment(kind)]


async def test_one_granted_payment_does_not_allow_two(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    once = payment(kind, actions=["initiate"])
    code = await visitor.code_for(shop, user, authorization_details=sent(payment(kind), once))

    three = await redeem(app, shop, code, authorization_details=sent(once, once, once))
    two = await redeem(app, shop, code, authorization_details=sent(once, payment(kind)))

    assert_oauth_error(three, "invalid_authorization_details")
    assert two.json()["authorization_details"] == [once, payment(kind)]


async def test_details_cannot_be_added_at_the_token_endpoint(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(shop, user)

    response = await redeem(app, shop, code, authorization_details=sent(payment(kind)))

    assert_oauth_error(response, "invalid_authorization_details")


async def test_a_repeated_refresh_has_the_details_of_the_first(
    app: Application, shop: TestClient, bank: Api, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 9: inside the grace window"""
    kind = await new_type(app)
    narrowed = payment(kind, actions=["status"])
    tokens = await visitor.tokens_for(
        shop, user, resource=bank.identifier, authorization_details=sent(payment(kind))
    )
    old = tokens["refresh_token"]

    first = await app.refresh(shop, old, authorization_details=sent(narrowed))
    again = await app.refresh(shop, old)

    assert again.json()["authorization_details"] == [narrowed]
    claims = [await verified(app, each.json()["access_token"], bank) for each in (first, again)]
    assert claims[0] == claims[1]
    assert claims[0]["authorization_details"] == [narrowed]


async def test_only_tokens_for_the_resources_of_a_type_have_its_details(
    app: Application, shop: TestClient, bank: Api, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9396 section 9.1: a service sees only what is meant for it"""
    other = await new_resource(app)
    kind, everywhere = await new_type(app, resources=[bank.resource.name]), await new_type(app)
    details = sent(payment(kind), payment(everywhere))
    both = [bank.identifier, other.identifier]
    code = await visitor.code_for(shop, user, resource=both, authorization_details=details)

    elsewhere = (await redeem(app, shop, code, resource=other.identifier)).json()
    at_bank = await app.refresh(shop, elsewhere["refresh_token"], resource=bank.identifier)
    asked = await app.refresh(
        shop,
        at_bank.json()["refresh_token"],
        resource=other.identifier,
        authorization_details=sent(payment(kind)),
    )

    assert elsewhere["authorization_details"] == [payment(everywhere)]
    assert at_bank.json()["authorization_details"] == [payment(kind), payment(everywhere)]
    assert_oauth_error(asked, "invalid_authorization_details")


async def test_a_request_names_a_resource_of_the_type(
    app: Application, shop: TestClient, bank: Api, visitor: Visitor
) -> None:
    other = await new_resource(app)
    details = sent(payment(await new_type(app, resources=[bank.resource.name])))

    for resource in (None, other.identifier):
        response = await visitor.authorize(shop, resource=resource, authorization_details=details)
        assert answer_in(response)["error"] == "invalid_authorization_details"


async def test_a_type_is_for_the_clients_that_it_lists(
    app: Application, shop: TestClient, user: TestUser, visitor: Visitor
) -> None:
    stranger = await app.create_client(scope=SCOPE)
    kind = await new_type(app, is_open_to_all_clients=False, clients=[shop.client_id])
    details = sent(payment(kind))

    refused = answer_in(await visitor.authorize(stranger, authorization_details=details))
    tokens = await visitor.tokens_for(shop, user, authorization_details=details)

    assert refused["error"] == "invalid_authorization_details"
    assert tokens["authorization_details"] == [payment(kind)]


async def test_a_client_uses_only_the_types_that_it_registered(
    app: Application, kind: AuthorizationType, visitor: Visitor
) -> None:
    """RFC 9396 section 10"""
    registered = await app.create_client(authorization_details_types=[kind.name])
    other = await app.create_client(authorization_details_types=["another"])
    details = sent(payment(kind))

    page = await visitor.authorize(registered, authorization_details=details)
    refused = answer_in(await visitor.authorize(other, authorization_details=details))

    assert page.status_code == 200
    assert refused["error"] == "invalid_authorization_details"


async def test_details_of_a_type_that_a_client_may_no_longer_request_are_left_out(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    other = await new_type(app)
    tokens = await visitor.tokens_for(
        shop, user, authorization_details=sent(payment(kind), payment(other))
    )
    types = services_of(app).oauth.authorization_types

    await types.change(
        kind.name, type_body(kind.name, is_open_to_all_clients=False), authority=FULL
    )
    first = (await app.refresh(shop, tokens["refresh_token"])).json()
    await types.delete(other.name, authority=FULL)
    second = (await app.refresh(shop, first["refresh_token"])).json()

    assert first["authorization_details"] == [payment(other)]
    assert "authorization_details" not in second


async def test_details_that_a_changed_schema_refuses_are_left_out(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9396 section 5: details that do not conform to the definition of their type; section 6:
    what a refresh that asks for none gets"""
    small = payment(kind, creditorName="Ada")
    details = sent(payment(kind), small)
    tokens = await visitor.tokens_for(shop, user, authorization_details=details)
    code = await visitor.code_for(shop, user, authorization_details=details)
    stricter = deepcopy(PAYMENT_SCHEMA)
    stricter["properties"]["creditorName"]["maxLength"] = 3

    await services_of(app).oauth.authorization_types.change(
        kind.name, type_body(kind.name, json_schema=stricter), authority=FULL
    )
    asked = await app.refresh(
        shop, tokens["refresh_token"], authorization_details=sent(payment(kind))
    )
    refreshed = (await app.refresh(shop, tokens["refresh_token"])).json()
    redeemed = (await redeem(app, shop, code)).json()

    assert_oauth_error(asked, "invalid_authorization_details")
    assert refreshed["authorization_details"] == [small]
    assert redeemed["authorization_details"] == [small]
    for body in (refreshed, redeemed):
        introspected = await app.introspect(shop, body["access_token"])
        assert introspected["authorization_details"] == [small]


async def test_the_metadata_names_the_types(app: Application, kind: AuthorizationType) -> None:
    """RFC 9396 section 10"""
    for path in ("oauth-authorization-server", "openid-configuration"):
        metadata = (await app.http.get(f"/.well-known/{path}")).json()
        assert kind.name in metadata["authorization_details_types_supported"]


async def test_discovery_does_not_depend_on_the_types_in_the_database(
    app: Application, shop: TestClient, kind: AuthorizationType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last types are listed; what a client may request is not answered from memory"""

    async def listed() -> list[str]:
        metadata = (await app.http.get("/.well-known/openid-configuration")).json()
        types: list[str] = metadata["authorization_details_types_supported"]
        return types

    async def fail(*_: object) -> None:
        raise DatabaseUnavailableError

    assert kind.name in await listed()
    app.clock.advance(seconds=11)
    with monkeypatch.context() as away:
        away.setattr(AuthorizationTypeRepository, "list_all", fail)
        assert kind.name in await listed()
        refused = await app.client_credentials(shop, authorization_details=sent(payment(kind)))
    other = await new_type(app)
    app.clock.advance(seconds=11)

    assert refused.status_code == 503
    assert other.name in await listed()
