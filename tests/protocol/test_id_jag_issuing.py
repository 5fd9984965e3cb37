"""Identity Assertion JWT Authorization Grants (draft-ietf-oauth-identity-assertion-authz-grant).

The issuing side: a client takes the identity of a user to another authorization server.
"""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.models.accounts.groups import Group
from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_JAG, ID_TOKEN, JWT, REFRESH_TOKEN
from app.schemas.claims import StandardClaims
from app.services.operations.authority import FULL
from tests.protocol.jwt_resources import parts_of
from tests.support.account import vouched_for
from tests.support.administration import (
    events_of,
    id_of,
    join,
    leave,
    new_group,
    set_claims_of,
    set_policies,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import prover
from tests.support.exchange import GRANTS, exchange_form, make_pairwise
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.visitor import Visitor

OTHER = "https://chat.example"
RESOURCE = "https://api.chat.example/mcp"
THERE = "client-at-chat"


class Agent:
    """A client that may take identities to another server, and its tokens for a user."""

    def __init__(
        self,
        app: Application,
        client: TestClient,
        relying_party: TestClient,
        group: Group,
        tokens: dict[str, Any],
    ) -> None:
        self.app, self.client, self.relying_party = app, client, relying_party
        self.group, self.tokens = group, tokens

    async def allow(self, **changes: Any) -> None:
        policy = {
            "audience": OTHER,
            "relying_party": self.relying_party.client_id,
            "client_id": THERE,
            "access": {"kind": "groups", "groups": [self.group.group_id]},
            "resources": [RESOURCE],
            "scopes": ["chat.read", "chat.write"],
            "release_email": False,
            **changes,
        }
        await set_policies(self.app, self.client, identity_assertions=[policy])

    def form(self, **changes: Any) -> dict[str, str]:
        form = {
            "subject_token_type": ID_TOKEN,
            "requested_token_type": ID_JAG,
            "audience": OTHER,
            "resource": RESOURCE,
            **changes,
        }
        return exchange_form(form.pop("subject", self.tokens["id_token"]), **form)

    async def request(self, **changes: Any) -> httpx.Response:
        return await self.app.token(self.client, **self.form(**changes))

    async def by_refresh_token(self) -> httpx.Response:
        return await self.request(
            subject=self.tokens["refresh_token"], subject_token_type=REFRESH_TOKEN
        )

    async def claims(self, **changes: Any) -> dict[str, Any]:
        response = await self.request(**changes)
        assert response.status_code == 200, response.text
        return await claims_of(self.app, response.json()["access_token"], audience=OTHER)


@pytest_asyncio.fixture
async def agent(app: Application, user: TestUser, visitor: Visitor) -> Agent:
    client = await app.create_client(grant_types=GRANTS, scope="openid profile offline_access")
    relying_party = await app.create_client(scope="openid")
    group = await new_group(app, user)
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")
    agent = Agent(app, client, relying_party, group, tokens)
    await agent.allow()
    return agent


async def test_a_client_gets_an_assertion_for_an_id_token(
    agent: Agent, app: Application, user: TestUser
) -> None:
    now = int(app.clock.now().timestamp())

    response = await agent.request(scope="chat.read")

    body = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert body | {"access_token": ""} == {
        "access_token": "",
        "token_type": "N_A",
        "expires_in": 300,
        "scope": "chat.read",
        "issued_token_type": ID_JAG,
    }
    assert parts_of(body["access_token"])[0]["typ"] == "oauth-id-jag+jwt"
    claims = await claims_of(app, body["access_token"], audience=OTHER)
    sign_in = parts_of(agent.tokens["id_token"])[1]
    assert claims.pop("jti")
    assert claims == {
        "iss": app.settings.issuer_url,
        "sub": await id_of(app, user),
        "aud": OTHER,
        "client_id": THERE,
        "resource": RESOURCE,
        "scope": "chat.read",
        "iat": now,
        "exp": now + 300,
        **{name: sign_in[name] for name in ("auth_time", "acr", "amr")},
    }


async def test_a_refresh_token_is_neither_rotated_nor_used(agent: Agent, app: Application) -> None:
    first, second = await agent.by_refresh_token(), await agent.by_refresh_token()

    refreshed = await app.refresh(agent.client, agent.tokens["refresh_token"])

    assert first.status_code == second.status_code == refreshed.status_code == 200
    jtis = {parts_of(each.json()["access_token"])[1]["jti"] for each in (first, second)}
    assert len(jtis) == 2


async def test_the_subject_is_the_one_that_the_other_server_knows(
    agent: Agent, app: Application, user: TestUser
) -> None:
    """OpenID Connect Core section 8.1: not the subject that the calling client knows"""
    await make_pairwise(app, agent.relying_party, sector="chat.example")

    claims = await agent.claims()

    assert claims["sub"] != await id_of(app, user)


async def test_an_email_is_passed_on_only_if_it_is_verified_and_released(
    agent: Agent, app: Application, user: TestUser
) -> None:
    services = services_of(app)
    address = f"{user.username}@example.com"
    await set_claims_of(services, user.username, StandardClaims(email=address))
    await agent.allow(release_email=True)
    unverified = await agent.claims()
    await vouched_for(app, user, "email_verified")
    verified = await agent.claims()
    await agent.allow(release_email=False)

    assert "email" not in unverified
    assert (verified["email"], verified["email_verified"]) == (address, True)
    assert "email" not in await agent.claims()


async def test_without_a_scope_the_assertion_has_that_of_the_policy(agent: Agent) -> None:
    assert (await agent.claims())["scope"] == "chat.read chat.write"


async def test_a_proof_binds_the_assertion(agent: Agent, app: Application) -> None:
    key = prover(app)
    proof = key.proof()

    response = await key.token(agent.client, proof=proof, **agent.form())
    replayed = await key.token(agent.client, proof=proof, **agent.form())

    assert parts_of(response.json()["access_token"])[1]["cnf"] == {"jkt": key.jkt}
    assert_oauth_error(replayed, "invalid_dpop_proof")


async def test_each_assertion_is_audited(agent: Agent, app: Application, user: TestUser) -> None:
    claims = await agent.claims(scope="chat.read")

    user_id = await id_of(app, user)
    events = await events_of(app, "identity.asserted")
    (event,) = [each for each in events if each.user_id == user_id]
    assert event.client_id == agent.client.client_id
    assert json.loads(event.details) == {
        "audience": OTHER,
        "resource": RESOURCE,
        "scope": "chat.read",
        "jti": claims["jti"],
    }


async def test_the_metadata_announces_it(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/oauth-authorization-server")).json()

    assert metadata["identity_chaining_requested_token_types_supported"] == [ID_JAG]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"audience": "https://other.example"}, "invalid_target"),
        ({"audience": f"{OTHER}/"}, "invalid_target"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"audience": None}, "invalid_request"),
        ({"resource": None}, "invalid_request"),
        ({"scope": "chat.read chat.admin"}, "invalid_scope"),
        ({"subject_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"subject_token_type": JWT}, "invalid_request"),
        ({"subject_token_type": REFRESH_TOKEN}, "invalid_request"),
        ({"subject": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request"),
        ({"subject": "postern_rt_x", "subject_token_type": REFRESH_TOKEN}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
    ],
    ids=str,
)
async def test_what_the_policy_does_not_allow_is_refused(
    agent: Agent, changes: dict[str, Any], error: str
) -> None:
    assert_oauth_error(await agent.request(**changes), error)


async def test_nothing_is_allowed_by_default(agent: Agent, app: Application) -> None:
    await set_policies(app, agent.client)

    assert_oauth_error(await agent.request(), "invalid_target")


async def test_a_user_outside_the_groups_is_refused(
    agent: Agent, app: Application, user: TestUser
) -> None:
    await leave(app, agent.group, user)
    refused = await agent.request()
    await join(app, agent.group, user)
    allowed = await agent.request()

    assert_oauth_error(refused, "invalid_target")
    assert allowed.status_code == 200


async def test_an_expired_id_token_is_refused(agent: Agent, app: Application) -> None:
    claims = parts_of(agent.tokens["id_token"])[1]
    app.clock.advance(seconds=claims["exp"] - claims["iat"])

    assert_oauth_error(await agent.request(), "invalid_request")


async def test_a_revoked_sign_in_is_refused(agent: Agent, app: Application) -> None:
    await app.revoke(agent.client, agent.tokens["refresh_token"])

    assert_oauth_error(await agent.request(), "invalid_request")
    assert_oauth_error(await agent.by_refresh_token(), "invalid_request")


async def test_a_used_refresh_token_is_refused(agent: Agent, app: Application) -> None:
    """And its family is left alone: it was not presented for a refresh"""
    refreshed = (await app.refresh(agent.client, agent.tokens["refresh_token"])).json()

    assert_oauth_error(await agent.by_refresh_token(), "invalid_request")
    again = await app.refresh(agent.client, refreshed["refresh_token"])
    assert again.status_code == 200


async def test_tokens_of_another_client_are_refused(
    agent: Agent, app: Application, user: TestUser, visitor: Visitor
) -> None:
    other = await app.create_client(grant_types=GRANTS, scope="openid offline_access")
    tokens = await visitor.tokens_for(other, user, scope="openid offline_access")

    by_id_token = await agent.request(subject=tokens["id_token"])
    by_refresh_token = await agent.request(
        subject=tokens["refresh_token"], subject_token_type=REFRESH_TOKEN
    )

    assert_oauth_error(by_id_token, "invalid_request")
    assert_oauth_error(by_refresh_token, "invalid_request")


async def test_a_disabled_relying_party_gets_no_assertions(agent: Agent, app: Application) -> None:
    await services_of(app).clients.administration.set_disabled(
        agent.relying_party.client_id, disabled=True, authority=FULL
    )

    assert_oauth_error(await agent.request(), "invalid_target")


async def test_an_assertion_is_no_token_of_this_server(agent: Agent, app: Application) -> None:
    """SECURITY_BAR row 36"""
    assertion = (await agent.request()).json()["access_token"]

    assert not await app.is_active(agent.client, assertion)
    assert (await app.profile(assertion)).status_code == 401
    for token_type in (ACCESS_TOKEN, ID_TOKEN, JWT):
        response = await agent.request(subject=assertion, subject_token_type=token_type)
        assert_oauth_error(response, "invalid_request")


async def test_a_policy_states_whose_identities_and_whether_with_email(agent: Agent) -> None:
    """Neither has a default"""
    for name in ("access", "release_email", "relying_party"):
        with pytest.raises(ValueError, match=name):
            await agent.allow(**{name: None})
