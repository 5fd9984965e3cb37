"""Refresh tokens that several processes of an agent share (MCP).

SECURITY_BAR row 9, as native public clients have it: a token that another process has rotated gets
the pair that is current, for half an hour.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.models.operations.audit_events import AuditEvent
from app.oauth.refresh_grace import GRACE
from tests.conftest import AppFactory
from tests.support.administration import events_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import Prover, prover
from tests.support.resources import make_default, new_resource
from tests.support.visitor import REDIRECT_URI, VERIFIER, answer_in, visiting

pytestmark = pytest.mark.both_databases

MINUTE = 60
DAY = 86_400
MAXIMUM_STEPS = 16
SCOPE = "profile offline_access"
WEBSITE = "https://app.example.com/callback"


async def new_agent(app: Application, **metadata: Any) -> TestClient:
    """Register a public client with a loopback redirect URI, which makes it native."""
    return await app.create_client(
        token_endpoint_auth_method="none",
        grant_types=["authorization_code", "refresh_token"],
        **metadata,
    )


async def first_pair(
    app: Application,
    agent: TestClient,
    user: TestUser,
    *,
    owner: Prover | None = None,
    redirect_uri: str = REDIRECT_URI,
    scope: str = SCOPE,
) -> Any:
    """Return the tokens of a code flow, bound to the key of `owner` if there is one."""
    async with visiting(app) as visitor:
        page = await visitor.authorize(agent, redirect_uri=redirect_uri, scope=scope)
        page = await visitor.allow(await visitor.sign_in(page, user))
    form = {
        "client_id": agent.client_id,
        "grant_type": "authorization_code",
        "code": answer_in(page, at=redirect_uri)["code"],
        "redirect_uri": redirect_uri,
        "code_verifier": VERIFIER,
    }
    answer = await (owner.token(None, **form) if owner else app.token(None, **form))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rotated(app: Application, agent: TestClient, pair: Any, *, times: int) -> Any:
    for _ in range(times):
        answer = await app.refresh(agent, pair["refresh_token"])
        assert answer.status_code == 200, answer.text
        pair = answer.json()
    return pair


async def is_accepted(app: Application, pair: Any) -> bool:
    return (await app.profile(pair["access_token"])).status_code == 200


async def events_of_agent(app: Application, agent: TestClient, action: str) -> list[AuditEvent]:
    return [each for each in await events_of(app, action) if each.client_id == agent.client_id]


async def test_a_lost_response_is_repeated(app: Application, user: TestUser) -> None:
    """SECURITY_BAR row 9"""
    agent = await new_agent(app)
    first = await first_pair(app, agent, user)
    lost = await rotated(app, agent, first, times=1)

    again = (await app.refresh(agent, first["refresh_token"])).json()

    assert again == lost


async def test_a_process_that_was_suspended_for_eight_minutes_gets_the_current_pair(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 9: with the seconds that remain, although the successor was used"""
    agent = await new_agent(app)
    first = await first_pair(app, agent, user)
    current = await rotated(app, agent, first, times=3)
    app.clock.advance(seconds=8 * MINUTE)

    late = (await app.refresh(agent, first["refresh_token"])).json()

    assert late == {**current, "expires_in": current["expires_in"] - 8 * MINUTE}
    assert await is_accepted(app, late)
    assert (await app.refresh(agent, current["refresh_token"])).status_code == 200


async def test_an_access_token_that_expires_soon_is_replaced(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 9: a copy 29 minutes late, where access tokens live for 600 seconds"""
    agent = await new_agent(app)
    resource = await new_resource(app, access_token_ttl=600)
    await make_default(app, agent, resource)
    first = await first_pair(app, agent, user)
    current = await rotated(app, agent, first, times=1)
    app.clock.advance(seconds=29 * MINUTE)

    late = (await app.refresh(agent, first["refresh_token"])).json()
    after = (await app.refresh(agent, current["refresh_token"])).json()

    assert late["expires_in"] == 600
    assert late["refresh_token"] != current["refresh_token"]
    assert after == late


@pytest.mark.parametrize(("remaining", "is_repeated"), [(60, True), (59, False)])
async def test_an_access_token_with_less_than_a_minute_left_is_replaced(
    app: Application, user: TestUser, remaining: int, is_repeated: bool
) -> None:
    """SECURITY_BAR row 9"""
    agent = await new_agent(app)
    resource = await new_resource(app, access_token_ttl=600)
    await make_default(app, agent, resource)
    first = await first_pair(app, agent, user)
    current = await rotated(app, agent, first, times=1)
    app.clock.advance(seconds=600 - remaining)

    late = (await app.refresh(agent, first["refresh_token"])).json()

    assert (late["access_token"] == current["access_token"]) is is_repeated
    assert late["expires_in"] == (remaining if is_repeated else 600)


async def test_sixteen_rotations_are_followed_and_seventeen_are_not(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 9: the family is left alone, so the current token still works"""
    agent = await new_agent(app)
    first = await first_pair(app, agent, user)
    sixteen = await rotated(app, agent, first, times=MAXIMUM_STEPS)

    inside = (await app.refresh(agent, first["refresh_token"])).json()
    seventeen = await rotated(app, agent, sixteen, times=1)
    beyond = await app.refresh(agent, first["refresh_token"])

    assert inside == sixteen
    assert_oauth_error(beyond, "invalid_grant")
    assert await is_accepted(app, seventeen)
    assert (await app.refresh(agent, seventeen["refresh_token"])).status_code == 200


async def test_a_copy_that_is_too_late_revokes_the_family(app: Application, user: TestUser) -> None:
    """SECURITY_BAR row 9: 31 minutes late, with one event in the audit log"""
    agent = await new_agent(app)
    first = await first_pair(app, agent, user)
    current = await rotated(app, agent, first, times=1)
    app.clock.advance(seconds=31 * MINUTE)

    late = await app.refresh(agent, first["refresh_token"])
    later = await app.refresh(agent, first["refresh_token"])

    assert_oauth_error(late, "invalid_grant")
    assert_oauth_error(later, "invalid_grant")
    assert not await is_accepted(app, current)
    assert_oauth_error(await app.refresh(agent, current["refresh_token"]), "invalid_grant")
    [event] = await events_of_agent(app, agent, "refresh_token.replayed")
    assert event.outcome == "refused"


async def test_the_stored_current_token_works_after_a_week(
    app: Application, user: TestUser
) -> None:
    agent = await new_agent(app)
    current = await rotated(app, agent, await first_pair(app, agent, user), times=2)
    app.clock.advance(seconds=7 * DAY)

    after = await app.refresh(agent, current["refresh_token"])

    assert after.status_code == 200
    assert await is_accepted(app, after.json())


async def test_the_first_use_of_an_old_token_is_in_the_audit_log(
    app: Application, user: TestUser
) -> None:
    agent = await new_agent(app)
    first = await first_pair(app, agent, user)
    await rotated(app, agent, first, times=2)

    for _ in range(3):
        await app.refresh(agent, first["refresh_token"])

    [event] = await events_of_agent(app, agent, "refresh_token.shared")
    assert event.outcome == "succeeded"


async def test_processes_that_refresh_an_old_token_at_once_get_one_pair(
    app: Application, user: TestUser
) -> None:
    """The current token is rotated once, although its access token expires soon for all of them."""
    agent = await new_agent(app)
    resource = await new_resource(app, access_token_ttl=600)
    await make_default(app, agent, resource)
    first = await first_pair(app, agent, user)
    await rotated(app, agent, first, times=2)
    app.clock.advance(seconds=20 * MINUTE)

    answers = await asyncio.gather(*(app.refresh(agent, first["refresh_token"]) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_another_scope_or_resource_gets_an_access_token_of_its_own(
    app: Application, user: TestUser
) -> None:
    """The scope is checked as at a first use: a narrower one gets a token with that scope alone."""
    agent = await new_agent(app, scope="profile email")
    first = await first_pair(app, agent, user, scope="profile email")
    current = await rotated(app, agent, first, times=1)

    narrower = (await app.refresh(agent, first["refresh_token"], scope="email")).json()
    wider = await app.refresh(agent, first["refresh_token"], scope="email openid")

    assert narrower["scope"] == "email"
    assert narrower["refresh_token"] != current["refresh_token"]
    assert_oauth_error(wider, "invalid_scope")


async def test_another_client_gets_nothing_for_an_old_token(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    agent, stranger = await new_agent(app), await new_agent(app)
    first = await first_pair(app, agent, user)
    current = await rotated(app, agent, first, times=1)

    stolen = await app.refresh(stranger, first["refresh_token"])

    assert_oauth_error(stolen, "invalid_grant")
    assert (await app.refresh(agent, current["refresh_token"])).status_code == 200


async def test_an_old_token_that_is_bound_to_a_key_needs_a_proof_by_that_key(
    app: Application, user: TestUser
) -> None:
    """RFC 9449 section 5; SECURITY_BAR rows 9 and 35"""
    agent, owner, thief = await new_agent(app), prover(app), prover(app, name="thief")
    form = {"client_id": agent.client_id, "grant_type": "refresh_token"}
    first = await first_pair(app, agent, user, owner=owner)
    old = {**form, "refresh_token": first["refresh_token"]}
    current = (await owner.token(None, **old)).json()

    without = await app.token(None, **old)
    by_thief = await thief.token(None, **old)
    proof = owner.proof()
    by_owner = await owner.token(None, proof=proof, **old)
    replayed = await owner.token(None, proof=proof, **old)

    assert_oauth_error(without, "invalid_grant")
    assert_oauth_error(by_thief, "invalid_grant")
    assert by_owner.json() == current
    assert_oauth_error(replayed, "invalid_dpop_proof")


async def test_a_proof_is_used_up_also_where_the_current_token_is_rotated(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 35"""
    agent, owner = await new_agent(app), prover(app)
    resource = await new_resource(app, access_token_ttl=600)
    await make_default(app, agent, resource)
    first = await first_pair(app, agent, user, owner=owner)
    old = {
        "client_id": agent.client_id,
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
    }
    await owner.token(None, **old)
    app.clock.advance(seconds=20 * MINUTE)

    proof = owner.proof()
    answers = await asyncio.gather(*(owner.token(None, proof=proof, **old) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_a_revoked_family_gets_nothing_for_an_old_token(
    app: Application, user: TestUser
) -> None:
    agent = await new_agent(app)
    first = await first_pair(app, agent, user)
    current = await rotated(app, agent, first, times=1)
    await app.http.post(
        "/revoke", data={"token": current["refresh_token"], "client_id": agent.client_id}
    )

    late = await app.refresh(agent, first["refresh_token"])

    assert_oauth_error(late, "invalid_grant")


@pytest.mark.parametrize(
    "metadata",
    [
        {"application_type": "web", "redirect_uri": WEBSITE},
        {"redirect_uri": WEBSITE},
    ],
)
async def test_the_public_client_of_a_website_keeps_the_window_of_thirty_seconds(
    app: Application, user: TestUser, metadata: dict[str, Any]
) -> None:
    """SECURITY_BAR row 9"""
    website = await new_agent(app, **metadata)
    first = await first_pair(app, website, user, redirect_uri=WEBSITE)
    current = await rotated(app, website, first, times=1)
    app.clock.advance(seconds=GRACE / timedelta(seconds=1) + 1)

    late = await app.refresh(website, first["refresh_token"])

    assert_oauth_error(late, "invalid_grant")
    assert not await is_accepted(app, current)


async def test_the_window_of_agents_is_a_setting(start_app: AppFactory) -> None:
    """Without a window, a second use revokes the family."""
    app = await start_app(refresh_grace_agents=0)
    user, agent = await app.enrolled_user(), await new_agent(app)
    first = await first_pair(app, agent, user)
    await rotated(app, agent, first, times=1)
    app.clock.advance(seconds=1)

    late = await app.refresh(agent, first["refresh_token"])

    assert_oauth_error(late, "invalid_grant")


@pytest.mark.parametrize("redirect_uri", [REDIRECT_URI, WEBSITE], ids=["native", "web"])
@pytest.mark.parametrize(("scope", "gets_one"), [(SCOPE, True), ("profile", False)])
async def test_a_public_client_gets_a_refresh_token_if_it_asks_for_offline_access(
    app: Application, user: TestUser, scope: str, redirect_uri: str, *, gets_one: bool
) -> None:
    """MCP, OpenID Connect Core section 11: it need not register the grant"""
    client = await app.create_client(
        token_endpoint_auth_method="none",
        grant_types=["authorization_code"],
        redirect_uri=redirect_uri,
    )

    tokens = await first_pair(app, client, user, redirect_uri=redirect_uri, scope=scope)

    assert ("refresh_token" in tokens) is gets_one
    if gets_one:
        refreshed = await app.refresh(client, tokens["refresh_token"])
        assert refreshed.status_code == 200
        assert await is_accepted(app, refreshed.json())


async def test_a_client_with_a_secret_must_register_the_grant(
    app: Application, user: TestUser
) -> None:
    website = await app.create_client(grant_types=["authorization_code"])

    async with visiting(app) as visitor:
        tokens = await visitor.tokens_for(website, user, scope=SCOPE)

    assert "refresh_token" not in tokens
    assert_oauth_error(await app.refresh(website, "postern_rt_any"), "unauthorized_client")
