"""Budgets of fetches: whose they are, and what is left of them for other callers."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.callers import calling_from
from tests.support.client_documents import CALLBACK, PATH, answer_of, serve, tokens_for
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.visitor import query, visiting

OF_A_HOST = 10
HOUR = 3600
ATTACKER, OTHER = "198.51.100.7", "203.0.113.9"


@pytest_asyncio.fixture
async def app(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(
        outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file, session_ttl=30 * 86_400
    )


async def authorize(caller: Application, client: TestClient) -> httpx.Response:
    """Send a request without a session, as the first one of a browser."""
    return await caller.http.get(f"/authorize?{query(client, redirect_uri=CALLBACK)}")


async def spend_budget(caller: Application, peer: Peer, *, count: int = OF_A_HOST) -> list[int]:
    """Request documents that do not exist at the host of the peer."""
    missing = [TestClient(peer.url(f"/missing/{number}"), "") for number in range(count)]
    return [(await authorize(caller, client)).status_code for client in missing]


async def test_requests_for_one_document_at_once_share_one_fetch(
    app: Application, peer: Peer
) -> None:
    """Draft section 6: of a URL, one fetch at a time, whoever asks for it"""
    client = serve(peer)
    async with calling_from(app, ATTACKER) as one, calling_from(app, OTHER) as other:
        answers = await asyncio.gather(
            *(authorize(caller, client) for caller in (one, other) for _ in range(15))
        )

    assert {answer.status_code for answer in answers} == {303}
    assert peer.count(PATH) == 1


async def test_a_network_without_a_budget_does_not_have_the_requests_of_others_refused(
    app: Application, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 43: even if both ask for the same document at the same time"""
    client = serve(peer)
    services = services_of(app)
    limits, documents = services.core.limits, services.oauth.client_documents
    count, ask = limits.count_document, documents._ask
    counting, joined = asyncio.Event(), asyncio.Event()

    async def count_slowly(host: str, *, is_known: bool) -> None:
        counting.set()
        await joined.wait()
        await count(host, is_known=is_known)

    async def ask_after_another(url: str) -> Any:
        if counting.is_set():
            joined.set()
        return await ask(url)

    async with calling_from(app, ATTACKER) as attacker, calling_from(app, OTHER) as other:
        await spend_budget(attacker, peer)
        monkeypatch.setattr(limits, "count_document", count_slowly)
        monkeypatch.setattr(documents, "_ask", ask_after_another)
        first = asyncio.create_task(authorize(attacker, client))
        await counting.wait()
        second = await authorize(other, client)

    assert ((await first).status_code, second.status_code) == (503, 303)
    assert peer.count(PATH) == 1


async def test_known_documents_have_a_budget_of_their_own(app: Application, peer: Peer) -> None:
    """The first fetches of a network do not keep its users from known clients"""
    client, user = serve(peer), await app.enrolled_user()
    async with visiting(app) as visitor:
        await tokens_for(visitor, client, user)
        app.clock.advance(seconds=2 * HOUR)
        spent = await spend_budget(app, peer, count=OF_A_HOST + 1)
        page = await visitor.authorize(client, redirect_uri=CALLBACK)

    assert spent == [400] * OF_A_HOST + [503]
    assert answer_of(page)["code"]
    assert peer.count(PATH) == 2


async def test_a_stale_copy_is_used_while_fetches_are_throttled(
    app: Application,
    peer: Peer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host is asked once a minute, and the log says so"""
    monkeypatch.setattr(logging.getLogger("postern"), "propagate", True)
    client, user = serve(peer), await app.enrolled_user()
    async with visiting(app) as visitor:
        await tokens_for(visitor, client, user)
        peer.answers[PATH] = Answer(status=503)
        app.clock.advance(seconds=2 * HOUR)
        answers: list[Any] = []
        for _ in range(3):
            app.clock.advance(seconds=10)
            answers.append(answer_of(await visitor.authorize(client, redirect_uri=CALLBACK)))

    assert all(answer["code"] for answer in answers)
    assert peer.count(PATH) == 2
    assert "is stale" in caplog.text
    assert "less than a minute ago" in caplog.text
