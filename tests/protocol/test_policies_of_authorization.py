"""Policies of clients about authorization requests: PKCE and consent."""

import pytest

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.protocol.registering import WEB, body_of, manage, registered
from tests.support.administration import set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import REDIRECT_URI, Visitor, answer_in

NO_PKCE = {"code_challenge": None, "code_challenge_method": None}


async def test_a_policy_requires_pkce_of_a_confidential_client(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 7636 section 4.4.1"""
    await set_policies(app, client, require_pkce=True)

    refused = answer_in(await visitor.authorize(client, **NO_PKCE))
    pushed = await app.http.post(
        "/par",
        data={"response_type": "code", "redirect_uri": REDIRECT_URI, "scope": "openid"},
        auth=client.auth,
    )

    assert refused["error"] == "invalid_request"
    assert pushed.json()["error"] == "invalid_request"
    assert (await visitor.tokens_for(client, user))["access_token"]


async def test_a_policy_does_not_relax_the_pkce_of_a_public_client(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client(token_endpoint_auth_method="none")
    await set_policies(app, client, require_pkce=False)

    assert answer_in(await visitor.authorize(client, **NO_PKCE))["error"] == "invalid_request"


async def test_a_client_that_always_asks_asks_in_each_request(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    """Also the operator's own client"""
    await operator.clients.administration.set_trust(client.client_id, "first_party", authority=FULL)
    await set_policies(app, client, consent="always")
    await visitor.tokens_for(client, user)

    page = await visitor.authorize(client)
    silent = answer_in(await visitor.authorize(client, prompt="none"))

    assert 'action="/consent"' in page.text
    assert silent["error"] == "consent_required"
    assert "code" in answer_in(await visitor.allow(page))


async def test_a_client_that_never_asks_needs_no_consent_page(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await set_policies(app, client, consent="never")

    answer = answer_in(await visitor.sign_in(await visitor.authorize(client), user))

    assert "code" in answer
    assert 'action="/consent"' in (await visitor.authorize(client, prompt="consent")).text


@pytest.mark.parametrize("consent", ["never", "remembered"])
async def test_a_client_that_any_program_can_pose_as_asks_whatever_its_policy(
    app: Application, user: TestUser, visitor: Visitor, consent: str
) -> None:
    """RFC 8252 section 8.6"""
    client = await app.create_client(token_endpoint_auth_method="none")
    await set_policies(app, client, consent=consent)
    await visitor.tokens_for(client, user)

    assert 'action="/consent"' in (await visitor.authorize(client)).text


async def test_a_client_of_the_operator_asks_once_if_its_policy_says_so(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    await operator.clients.administration.set_trust(client.client_id, "first_party", authority=FULL)
    await set_policies(app, client, consent="remembered")

    page = await visitor.sign_in(await visitor.authorize(client), user)
    await visitor.allow(page)

    assert 'action="/consent"' in page.text
    assert "code" in answer_in(await visitor.authorize(client))


async def test_a_client_that_changes_itself_asks_for_consent_again(
    app: Application, operator: Services
) -> None:
    """Like the trust of an administrator; other policies remain"""
    made = await registered(app, client_name="App")
    client = TestClient(made["client_id"], made["client_secret"])
    await set_policies(app, client, consent="never", access_token_ttl=60)
    same = body_of(made, client_name="App", contacts=["ops@example.com"])

    await manage(app, "PUT", made, same)
    before = (await operator.clients.clients.get(client.client_id)).policies_in_force
    await manage(app, "PUT", made, {**same, "redirect_uris": [REDIRECT_URI, WEB]})
    after = (await operator.clients.clients.get(client.client_id)).policies_in_force

    assert before is not None
    assert before.consent == "never"
    assert after is not None
    assert (after.consent, after.access_token_ttl) == (None, 60)
