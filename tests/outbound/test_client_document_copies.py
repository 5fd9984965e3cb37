"""How long a document of a client is used, and what happens when its host changes or fails."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.callers import calling_from
from tests.support.client_documents import CALLBACK, PATH, answer_of, serve, tokens_for
from tests.support.parts import services_of
from tests.support.peer import HOST, OTHER_HOST, Answer, Authority, Peer
from tests.support.refusals import recorded_refusals
from tests.support.visitor import Visitor, query, redeem, text_of, visiting

MINUTE, HOUR, DAY = 60, 3600, 86_400
NEVER = {"Cache-Control": "no-store"}


@dataclass
class World:
    """An application that may fetch from the peer, and a user in a browser."""

    app: Application
    peer: Peer
    visitor: Visitor
    user: TestUser

    async def tokens(self, client: TestClient, **parameters: Any) -> dict[str, Any]:
        return await tokens_for(self.visitor, client, self.user, **parameters)

    async def page(self, client: TestClient, **parameters: Any) -> Any:
        """Return the answer to a request, at its first page or as a redirect to the client."""
        return await self.visitor.authorize(client, redirect_uri=CALLBACK, **parameters)

    async def refresh(self, client: TestClient, token: str) -> Any:
        return await self.app.token(
            None, grant_type="refresh_token", refresh_token=token, client_id=client.client_id
        )


@pytest_asyncio.fixture
async def world(start_app: AppFactory, authority: Authority, peer: Peer) -> AsyncIterator[World]:
    app = await start_app(
        outbound_allowed_hosts=f"{HOST},{OTHER_HOST}",
        outbound_ca_file=authority.ca_file,
        session_ttl=30 * DAY,
    )
    async with visiting(app) as visitor:
        yield World(app, peer, visitor, await app.enrolled_user())


async def test_a_fresh_document_is_not_fetched_again(world: World) -> None:
    """RFC 9111: max-age, within our bounds of a minute and a day"""
    client = serve(world.peer, headers={"Cache-Control": "max-age=7200"})
    await world.tokens(client)
    world.app.clock.advance(seconds=7100)
    await world.page(client)

    assert world.peer.count(PATH) == 1
    world.app.clock.advance(seconds=101)
    await world.page(client)
    assert world.peer.count(PATH) == 2


@pytest.mark.parametrize(
    ("headers", "fresh", "stale"),
    [
        (NEVER, 50, 61),
        ({"Cache-Control": "max-age=0"}, 50, 61),
        ({"Cache-Control": "max-age=99999999999"}, DAY - 60, DAY + 1),
        ({"Cache-Control": "max-age=7200", "Age": "3600"}, HOUR - 60, HOUR + 1),
        ({"Expires": "not a date"}, 50, 61),
        ({}, HOUR - 60, HOUR + 1),
    ],
)
async def test_headers_decide_between_a_minute_and_a_day(
    world: World, headers: dict[str, str], fresh: int, stale: int
) -> None:
    client = serve(world.peer, headers=headers)
    await world.tokens(client)
    world.app.clock.advance(seconds=fresh - 31)  # the sign-in took 31 seconds
    await world.page(client)
    counted = world.peer.count(PATH)
    world.app.clock.advance(seconds=stale - fresh)
    await world.page(client)

    assert (counted, world.peer.count(PATH)) == (1, 2)


async def test_a_stale_document_is_validated_by_its_etag(world: World) -> None:
    """RFC 9110 section 13.1.2: 304 renews the copy"""
    client = serve(world.peer, headers={"ETag": '"one"', "Cache-Control": "max-age=60"})
    await world.tokens(client)
    world.app.clock.advance(seconds=2 * MINUTE)
    world.peer.answers[PATH] = Answer(status=304, headers={"Cache-Control": "max-age=7200"})
    first = await world.page(client)
    world.app.clock.advance(seconds=HOUR)
    second = await world.page(client)

    assert answer_of(first)["code"]
    assert answer_of(second)["code"]
    assert world.peer.count(PATH) == 2
    assert world.peer.seen[-1].headers["if-none-match"] == '"one"'


async def test_a_host_that_is_down_logs_nobody_out(world: World) -> None:
    """The stored copy: a day for new sign-ins, without end for tokens"""
    client = serve(world.peer)
    tokens = await world.tokens(client)
    world.peer.answers[PATH] = Answer(status=503)
    world.app.clock.advance(seconds=HOUR + DAY - 2 * MINUTE)
    signed_in = await world.page(client)
    world.app.clock.advance(seconds=5 * MINUTE)
    too_old = await world.page(client)
    refreshed = await world.refresh(client, tokens["refresh_token"])

    assert answer_of(signed_in)["code"]
    assert too_old.status_code == 400
    assert refreshed.status_code == 200


async def test_use_of_a_stale_copy_is_logged(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(world.peer)
    await world.tokens(client)
    world.peer.answers[PATH] = Answer(status=503)
    world.app.clock.advance(seconds=2 * HOUR)
    monkeypatch.setattr(logging.getLogger("postern"), "propagate", True)
    await world.page(client)

    assert "is stale" in caplog.text
    assert "status 503" in caplog.text


async def test_a_failure_is_not_cached_but_throttled(world: World) -> None:
    """Draft section 6: at most one fetch a minute, and then a valid document is used"""
    client = serve(world.peer, status=500)
    failed = await world.page(client)
    serve(world.peer)
    throttled = await world.page(client)
    world.app.clock.advance(seconds=61)
    works = await world.page(client)

    assert (failed.status_code, throttled.status_code) == (400, 503)
    assert 0 < int(throttled.headers["retry-after"]) <= 60
    assert "Try again in a minute" in text_of(throttled)
    assert "location" not in throttled.headers
    assert works.status_code == 200
    assert world.peer.count(PATH) == 2


async def test_a_network_that_spent_its_budget_for_a_host_keeps_no_other_from_signing_in(
    world: World,
) -> None:
    """SECURITY_BAR row 43: the budget is of a network and a host together"""
    app, peer = world.app, world.peer

    async def attempts(address: str, *, count: int) -> list[int]:
        async with calling_from(app, address) as caller:
            answers = []
            for number in range(count):
                client = serve(peer, f"/{address}/{number}", status=404)
                parameters = query(client, redirect_uri=CALLBACK)
                answers.append(await caller.http.get(f"/authorize?{parameters}"))
        return [answer.status_code for answer in answers]

    attacker = await attempts("198.51.100.7", count=12)
    other = await attempts("203.0.113.9", count=1)

    assert attacker == [400] * 10 + [503] * 2
    assert other == [400]


@pytest.mark.parametrize(
    ("members", "asks"),
    [
        ({}, False),
        ({"client_uri": "https://localhost/about"}, False),
        ({"client_name": "Another name"}, True),
        ({"logo_uri": "https://localhost/logo.png"}, True),
        ({"application_type": "native", "redirect_uris": [CALLBACK]}, True),
        ({"redirect_uris": [CALLBACK, "https://app.example.com/other"]}, True),
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks_uri": "https://localhost/keys.json",
            },
            True,
        ),
    ],
)
async def test_a_changed_document_asks_the_user_again(
    world: World, members: dict[str, Any], asks: bool
) -> None:
    """What a user recognises the client by; not where its page is"""
    client = serve(world.peer)
    await world.tokens(client)
    serve(world.peer, **members)
    world.app.clock.advance(seconds=2 * HOUR)

    page = await world.page(client)

    assert ('action="/consent"' in page.text) == asks


async def test_a_redirect_uri_that_is_left_out_does_not_ask_again(world: World) -> None:
    other = "https://app.example.com/other"
    client = serve(world.peer, redirect_uris=[CALLBACK, other])
    await world.tokens(client)
    serve(world.peer)
    world.app.clock.advance(seconds=2 * HOUR)

    assert answer_of(await world.page(client))["code"]


async def test_a_grant_ends_once_its_redirect_uri_is_missing_twice_an_hour_apart(
    world: World,
) -> None:
    """One incomplete document ends nothing; other redirect URIs keep their grants"""
    other = "https://app.example.com/other"
    client = serve(world.peer, redirect_uris=[CALLBACK, other], headers=NEVER)
    ends = await world.tokens(client)
    code = answer_of(await world.visitor.authorize(client, redirect_uri=other))["code"]
    stays = (await redeem(world.app, client, code, redirect_uri=other)).json()
    serve(world.peer, redirect_uris=[other], headers=NEVER)

    statuses = []
    for seconds in (2 * MINUTE, 50 * MINUTE, 15 * MINUTE):
        world.app.clock.advance(seconds=seconds)
        await world.visitor.authorize(client, redirect_uri=other)
        refreshed = await world.refresh(client, ends["refresh_token"])
        statuses.append(refreshed.status_code)
        ends = refreshed.json() if refreshed.status_code == 200 else ends

    assert statuses == [200, 200, 400]
    assert (await world.refresh(client, stays["refresh_token"])).status_code == 200


async def test_a_redirect_uri_that_is_missing_once_ends_nothing(world: World) -> None:
    other = "https://app.example.com/other"
    client = serve(world.peer, redirect_uris=[CALLBACK, other], headers=NEVER)
    tokens = await world.tokens(client)
    serve(world.peer, redirect_uris=[other], headers=NEVER)
    world.app.clock.advance(seconds=2 * MINUTE)
    await world.visitor.authorize(client, redirect_uri=other)
    serve(world.peer, redirect_uris=[CALLBACK, other], headers=NEVER)
    for _ in range(2):
        world.app.clock.advance(seconds=2 * HOUR)
        await world.visitor.authorize(client, redirect_uri=other)

    assert (await world.refresh(client, tokens["refresh_token"])).status_code == 200


async def test_blocking_a_host_ends_its_grants_at_once_and_refuses_its_clients(
    world: World,
) -> None:
    """`clients block-host`: access tokens too, and they stay ended after it is unblocked"""
    server = await world.app.create_client()
    client = serve(world.peer)
    tokens = await world.tokens(client)
    hosts = services_of(world.app).clients.blocked_hosts
    was_active = await world.app.is_active(server, tokens["access_token"])
    await hosts.block(HOST.upper(), authority=FULL)
    is_active = await world.app.is_active(server, tokens["access_token"])
    with recorded_refusals() as records:
        refused = await world.page(client)
    refreshed = await world.refresh(client, tokens["refresh_token"])
    await hosts.unblock(HOST, authority=FULL)
    world.app.clock.advance(seconds=61)
    again = await world.page(client)

    assert (was_active, is_active) == (True, False)
    assert "blocked apps from this website" in text_of(refused)
    assert records.one(refused.headers["x-request-id"]).reason.endswith("localhost is blocked")
    assert refreshed.json()["error"] == "invalid_client"
    assert 'action="/consent"' in again.text
    assert not await world.app.is_active(server, tokens["access_token"])


async def test_a_code_from_before_the_block_is_not_redeemed_after_it(world: World) -> None:
    """Not even if the host is unblocked, and used again, before the code expires"""
    client = serve(world.peer)
    consent = await world.visitor.sign_in(await world.page(client), world.user)
    code = answer_of(await world.visitor.allow(consent))["code"]
    hosts = services_of(world.app).clients.blocked_hosts
    await hosts.block(HOST, authority=FULL)
    await hosts.unblock(HOST, authority=FULL)
    asked_again = await world.page(client)

    redeemed = await redeem(world.app, client, code, redirect_uri=CALLBACK)

    assert 'action="/consent"' in asked_again.text
    assert_oauth_error(redeemed, "invalid_grant")


async def test_a_pending_request_of_a_host_that_is_blocked_meanwhile_ends(world: World) -> None:
    client = serve(world.peer)
    page = await world.page(client)
    hosts = services_of(world.app).clients.blocked_hosts
    await hosts.block(HOST, authority=FULL)

    answer = await world.visitor.give_password(page, world.user)

    assert answer.status_code == 400


async def test_a_request_goes_on_in_a_process_that_never_fetched_the_document(
    world: World,
) -> None:
    """Workers share only the database: the pending request carries the document"""
    client = serve(world.peer)
    page = await world.page(client)
    services_of(world.app).oauth.client_documents._recent.clear()
    world.peer.answers.clear()

    answer = await world.visitor.allow(await world.visitor.sign_in(page, world.user))

    assert (
        await redeem(world.app, client, answer_of(answer)["code"], redirect_uri=CALLBACK)
    ).status_code == 200


async def test_a_document_is_stored_only_once_a_user_has_signed_in(world: World) -> None:
    client = serve(world.peer)
    repository = services_of(world.app).core.client_repository
    page = await world.page(client)
    before = await repository.find_document(client.client_id)
    await world.visitor.sign_in(page, world.user)
    after = await repository.find_document(client.client_id)

    assert before is None
    assert after is not None


async def test_documents_without_a_grant_or_a_consent_are_evicted(world: World) -> None:
    used, unused = serve(world.peer, "/used"), serve(world.peer, "/unused")
    await world.tokens(used)
    await world.page(unused)  # signed in, and not allowed
    services = services_of(world.app)
    world.app.clock.advance(seconds=3 * DAY)
    documents = services.clients.client_document_repository

    examined = await documents.evict(before=world.app.clock.now(), limit=10)
    again = await documents.evict(before=world.app.clock.now(), limit=10)

    repository = services.core.client_repository
    assert (examined, again) == (2, 0)
    assert await repository.find_document(used.client_id) is not None
    assert await repository.find_document(unused.client_id) is None
