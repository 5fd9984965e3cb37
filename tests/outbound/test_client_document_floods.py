"""Many anonymous requests, each of which names a document at another host."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from app.oauth.client_documents.budgets import AT_ONCE, FOR_ALL, OF_ONE_HOST, OF_ONE_NETWORK
from app.outbound.http import OutboundHttp
from tests.conftest import AppFactory
from tests.outbound.conftest import Resolver
from tests.support.application import Application, TestClient
from tests.support.callers import calling_from
from tests.support.client_documents import CALLBACK
from tests.support.parts import services_of
from tests.support.visitor import query
from tests.support.waiting import eventually

NETWORK = "198.51.100.8"
OF_A_MINUTE = 30


class Target:
    """A port that all hosts have. It counts connections, and closes them once it is told to."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.closes = asyncio.Event()

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self.closes.wait()
        writer.close()

    def urls(self, hosts: Iterable[int]) -> list[str]:
        return [f"https://host-{each}.example:{self.port}/client.json" for each in hosts]

    def urls_of_one_host(self, documents: Iterable[int]) -> list[str]:
        return [f"https://host.example:{self.port}/{each}/client.json" for each in documents]


@pytest_asyncio.fixture
async def target(resolver: Resolver, world: Callable[[], OutboundHttp]) -> AsyncIterator[Target]:
    """All names in the world have the address of the target, which counts as public."""
    world()
    resolver.answers = [["127.0.0.1"]]
    made = Target()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.closes.set()
        server.close()


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    app = await start_app()
    assert services_of(app).oauth.client_documents is not None
    return app


async def authorize(caller: Application, url: str) -> httpx.Response:
    """Send a request without a session, as the first one of a browser."""
    return await caller.http.get(f"/authorize?{query(TestClient(url, ''), redirect_uri=CALLBACK)}")


async def test_a_thousand_hosts_get_as_many_connections_as_the_budget_of_a_network(
    app: Application, target: Target, resolver: Resolver
) -> None:
    """SECURITY_BAR row 43: the server is no tool for reaching other hosts"""
    target.closes.set()
    async with calling_from(app, NETWORK) as caller:
        statuses = [(await authorize(caller, url)).status_code for url in target.urls(range(1000))]
        before = target.connections
        app.clock.advance(seconds=121)  # the window slides
        again = await authorize(caller, *target.urls([1000]))

    assert statuses == [400] * OF_A_MINUTE + [503] * (1000 - OF_A_MINUTE)
    assert before == OF_A_MINUTE
    assert again.status_code == 400
    assert target.connections == OF_A_MINUTE + 1
    assert len(resolver.asked) == OF_A_MINUTE + 1


@pytest.mark.parametrize(
    ("networks", "most"),
    [
        (["198.51.100.8"], OF_ONE_NETWORK),
        ([f"198.51.100.{each}" for each in range(100)], FOR_ALL),
        ([f"2001:db8:1:{each}::1" for each in range(100)], FOR_ALL),
        ([f"198.51.{each}.8" for each in range(100)], AT_ONCE),
    ],
    ids=["one", "neighbours", "of_one_site", "hundred"],
)
async def test_few_connections_are_open_at_the_same_time_and_nothing_waits(
    app: Application, target: Target, networks: list[str], most: int
) -> None:
    """SECURITY_BAR row 43: whether the requests come from one network or from many"""
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(calling_from(app, each)) for each in networks]
        requests = await begin(callers, target.urls(range(300)), open_at_once=most)
        at_once = target.connections
        refusals = [each.result() for each in requests if each.done()]
        target.closes.set()
        answers = await asyncio.gather(*requests)

    assert at_once == most
    assert {each.status_code for each in refusals} == {503}
    assert all(int(each.headers["retry-after"]) > 0 for each in refusals)
    assert [each.status_code for each in answers].count(400) == most
    assert target.connections == most


async def test_four_networks_with_slow_hosts_leave_connections_to_others(
    app: Application, target: Target
) -> None:
    """Issue Agents: a network keeps no other network from signing in"""
    slow = [f"198.51.{each}.8" for each in range(4)]
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(calling_from(app, each)) for each in slow]
        others = [
            await stack.enter_async_context(calling_from(app, f"203.0.{each}.9"))
            for each in range(AT_ONCE - FOR_ALL)
        ]
        requests = await begin(callers, target.urls(range(100)), open_at_once=FOR_ALL)
        served = [
            asyncio.create_task(authorize(other, url))
            for other, url in zip(others, target.urls(range(200, 300)), strict=False)
        ]

        async def are_served() -> bool:
            return target.connections == AT_ONCE

        await eventually(are_served)
        target.closes.set()
        answers = await asyncio.gather(*served)
        await asyncio.gather(*requests)

    assert {each.status_code for each in answers} == {400}


async def test_one_slow_host_leaves_connections_to_others(app: Application, target: Target) -> None:
    async with AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(calling_from(app, f"198.51.{each}.8"))
            for each in range(100)
        ]
        requests = await begin(
            callers, target.urls_of_one_host(range(100)), open_at_once=OF_ONE_HOST
        )
        at_once = target.connections
        other = asyncio.create_task(authorize(callers[-1], *target.urls([1])))

        async def is_served() -> bool:
            return target.connections == OF_ONE_HOST + 1

        await eventually(is_served)
        target.closes.set()
        answer = await other
        await asyncio.gather(*requests)

    assert at_once == OF_ONE_HOST
    assert answer.status_code == 400


async def begin(
    callers: list[Application], urls: list[str], *, open_at_once: int
) -> list[asyncio.Task[httpx.Response]]:
    """Send requests by the callers in turn, and wait until so many are not answered."""
    requests = [
        asyncio.create_task(authorize(callers[number % len(callers)], url))
        for number, url in enumerate(urls)
    ]

    async def are_refused() -> bool:
        return sum(each.done() for each in requests) == len(requests) - open_at_once

    await eventually(are_refused)
    return requests
