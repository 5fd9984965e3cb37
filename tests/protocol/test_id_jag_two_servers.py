"""Identity assertions between two servers of ours, whose ids for the client differ."""

from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from app.oauth.exchange.token_types import ID_JAG, ID_TOKEN, REFRESH_TOKEN
from app.oauth.grants.jwt_bearer import JWT_BEARER
from app.schemas.claims import StandardClaims
from app.services.federation.identity_provider_rules import ExternalIdentity
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import vouched_for
from tests.support.administration import (
    add_provider,
    disable_provider,
    events_of,
    id_of,
    set_claims_of,
    set_policies,
)
from tests.support.application import NO_LIMITS, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import prover
from tests.support.exchange import GRANTS, exchange_form, make_pairwise
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.trusted_issuers import issuer_body, workload_client
from tests.support.visitor import visiting

COMPANY = "https://company.example"
CHAT = "https://chat.example"
NAME = "company"


class Servers(NamedTuple):
    """A company with the accounts, and a chat service where its users sign in by it.

    `agent` is the client at the company, and `agent_there` the same program at the chat.
    """

    company: Application
    chat: Application
    agent: TestClient
    relying_party: TestClient
    agent_there: TestClient
    resource: Resource
    user: TestUser
    user_there: TestUser
    tokens: dict[str, Any]

    async def assertion(self, *, by_refresh_token: bool = False, **form: str) -> str:
        """Return an assertion that the company issues to the agent."""
        token = self.tokens["refresh_token" if by_refresh_token else "id_token"]
        sent = exchange_form(
            token,
            **{
                "subject_token_type": REFRESH_TOKEN if by_refresh_token else ID_TOKEN,
                "requested_token_type": ID_JAG,
                "audience": CHAT,
                "resource": self.resource.identifier,
                **form,
            },
        )
        response = await self.company.token(self.agent, **sent)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    async def present(self, assertion: str, client: TestClient | None = None) -> httpx.Response:
        return await self.chat.token(
            client or self.agent_there, grant_type=JWT_BEARER, assertion=assertion
        )

    async def link(self, subject: str) -> None:
        services = services_of(self.chat)
        row = await services.accounts.users.get(self.user_there.username)
        identity = ExternalIdentity(NAME, COMPANY, subject, "Ada")
        assert await services.federation.identity_providers.link(row, identity, label="Company")


@pytest_asyncio.fixture
async def servers(start_app: AppFactory) -> Servers:
    company = await start_app(**NO_LIMITS, issuer=COMPANY)
    company.http.base_url = httpx.URL(COMPANY)  # cookies of a browser are for https only
    chat = await start_app(**NO_LIMITS, issuer=CHAT)
    agent = await company.create_client(grant_types=GRANTS, scope="openid offline_access")
    relying_party = await company.create_client(scope="openid email")
    agent_there = await workload_client(chat, scope="profile")
    resource = await new_resource(chat, servers=[agent_there.client_id])
    policy = {
        "audience": CHAT,
        "relying_party": relying_party.client_id,
        "client_id": agent_there.client_id,
        "access": {"kind": "everyone"},
        "resources": [resource.identifier],
        "scopes": ["read", "write"],
        "release_email": True,
    }
    await set_policies(company, agent, identity_assertions=[policy])
    await _trust(chat, company, agent_there, resource)
    user, user_there = await company.enrolled_user(), await chat.enrolled_user()
    async with visiting(company) as visitor:
        tokens = await visitor.tokens_for(agent, user, scope="openid offline_access")
    chat.clock.advance(seconds=(company.clock.now() - chat.clock.now()).total_seconds())
    return Servers(
        company, chat, agent, relying_party, agent_there, resource, user, user_there, tokens
    )


async def _trust(
    chat: Application, company: Application, client: TestClient, resource: Resource
) -> None:
    services = services_of(chat)
    body = issuer_body(
        NAME,
        issuer=COMPANY,
        jwks=(await company.http.get("/jwks")).json(),
        algorithms=["RS256", "ES256"],
        audience=CHAT,
        subjects=["*"],
        client_id=None,
        presenters=[client.client_id],
        scopes=["read"],
        resources=[resource.name],
        identities={"email_domains": ["company.example"]},
    )
    await services.oauth.trusted_issuers.create(body, authority=FULL)
    await add_provider(services, NAME, secret="x", issuer=COMPANY, client_id="chat")


@pytest.mark.both_databases
@pytest.mark.parametrize("by_refresh_token", [False, True])
async def test_an_identity_of_one_server_gives_access_at_the_other(
    servers: Servers, *, by_refresh_token: bool
) -> None:
    await servers.link(await id_of(servers.company, servers.user))
    assertion = await servers.assertion(by_refresh_token=by_refresh_token)

    first, again = await servers.present(assertion), await servers.present(assertion)

    assert again.status_code == 200
    body = first.json()
    assert servers.agent.client_id != servers.agent_there.client_id
    assert (body["scope"], body["resource"]) == ("read", servers.resource.identifier)
    shown = await servers.chat.introspect(servers.agent_there, body["access_token"])
    assert shown["sub"] == await id_of(servers.chat, servers.user_there)
    [issued] = await events_of(servers.company, "identity.asserted")
    accepted = await events_of(servers.chat, "identity.accepted")
    assert len(accepted) == 2
    assert all(_jti_of(each.details) == _jti_of(issued.details) for each in accepted)


async def test_the_user_is_known_by_the_subject_of_the_relying_party(servers: Servers) -> None:
    """OpenID Connect Core section 8.1: pairwise, as in the ID tokens of a sign-in there"""
    await servers.link(await id_of(servers.company, servers.user))
    await make_pairwise(servers.company, servers.relying_party, sector="chat.example")

    assert_oauth_error(await servers.present(await servers.assertion()), "invalid_grant")


async def test_an_address_that_both_servers_verified_finds_the_user(servers: Servers) -> None:
    address = "ada@company.example"
    for app, user in ((servers.company, servers.user), (servers.chat, servers.user_there)):
        await set_claims_of(services_of(app), user.username, StandardClaims(email=address))
    before = await servers.present(await servers.assertion())
    await vouched_for(servers.chat, servers.user_there, "email_verified")
    verified_here_only = await servers.present(await servers.assertion())
    await vouched_for(servers.company, servers.user, "email_verified")
    after = await servers.present(await servers.assertion())

    assert_oauth_error(before, "invalid_grant")
    assert_oauth_error(verified_here_only, "invalid_grant")
    assert after.status_code == 200, after.text


async def test_a_bound_assertion_needs_the_key_of_the_agent(servers: Servers) -> None:
    await servers.link(await id_of(servers.company, servers.user))
    form = exchange_form(
        servers.tokens["id_token"],
        subject_token_type=ID_TOKEN,
        requested_token_type=ID_JAG,
        audience=CHAT,
        resource=servers.resource.identifier,
    )
    issued = await prover(servers.company).token(servers.agent, **form)
    bound = issued.json()["access_token"]

    assert_oauth_error(await servers.present(bound), "invalid_grant")
    sent = {"grant_type": JWT_BEARER, "assertion": bound}
    with_key = await prover(servers.chat).token(servers.agent_there, **sent)
    assert with_key.json()["token_type"] == "DPoP"


async def test_an_assertion_is_good_at_its_audience_by_its_client_only(servers: Servers) -> None:
    """SECURITY_BAR row 37"""
    await servers.link(await id_of(servers.company, servers.user))
    assertion = await servers.assertion()
    other = await workload_client(servers.chat)
    at_home = await workload_client(servers.company)

    assert_oauth_error(await servers.present(assertion, other), "invalid_grant")
    own = await servers.company.token(at_home, grant_type=JWT_BEARER, assertion=assertion)
    assert_oauth_error(own, "invalid_grant")
    assert_oauth_error(await servers.present(servers.tokens["id_token"]), "invalid_grant")
    await disable_provider(servers.chat, NAME)
    assert_oauth_error(await servers.present(assertion), "invalid_grant")


def _jti_of(details: str) -> str:
    return details.partition('"jti"')[2].split('"')[1]
