"""`python -m benchmarks.pages`: what a page of a sign-in costs the event loop.

Browsers go through a sign-in in step: all open the same page at once, and the CPU time of the
event loop's thread is divided by their number. Password hashes have their own threads and are
not included, and neither is PostgreSQL. A request to the ceiling is shown for comparison.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp

from benchmarks import ceiling, report, servers
from benchmarks.databases import new_database
from benchmarks.registered import DOCUMENTED_CLIENT, PASSWORD
from benchmarks.servers import Server
from tests.support.application import TestClient
from tests.support.databases import KINDS
from tests.support.visitor import VERIFIER, Form, query

CEILING = "bare ASGI"
SETTLE_SECONDS = 0.005
PAGE_MS = 3.0
"""What a page of a sign-in may cost."""
ACCOUNT = "GET /account"
STEP_OF_A_CODE = 30

Costs = dict[str, list[float]]


class Browser:
    """A browser with its own cookies, and its user."""

    def __init__(self, http: httpx.AsyncClient, client: TestClient) -> None:
        self._http = http
        self._client = client
        self._username = f"bench-{secrets.token_hex(8)}"
        self._totp: pyotp.TOTP
        self._page: httpx.Response

    async def register(self) -> None:
        user = {"username": self._username, "password": PASSWORD}
        response = (await self._http.post("/register_user", json=user)).raise_for_status()
        secret = parse_qs(urlsplit(response.json()["otp_uri"]).query)["secret"][0]
        self._totp = pyotp.TOTP(secret)
        confirmation = {"username": self._username, "code": self._totp.now()}
        (await self._http.post("/verify_otp", json=confirmation)).raise_for_status()

    async def ask_for_code(self) -> None:
        await self._get(f"/authorize?{query(self._client, prompt='consent')}")

    async def follow(self) -> None:
        await self._get(self._page.headers["location"])

    async def give_password(self) -> None:
        await self._submit("/login", username=self._username, password=PASSWORD)

    async def give_code(self) -> None:
        next_step = int(time.time()) + STEP_OF_A_CODE  # the previous code confirmed the enrolment
        await self._submit("/login/otp", code=self._totp.at(next_step))

    async def allow(self) -> None:
        await self._submit("/consent", decision="allow")

    async def redeem(self) -> None:
        code = parse_qs(urlsplit(self._page.headers["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": DOCUMENTED_CLIENT["redirect_uri"],
            "code_verifier": VERIFIER,
        }
        response = await self._http.post("/token", data=form, auth=self._client.auth)
        response.raise_for_status()

    async def open_account(self) -> None:
        await self._get("/account")

    async def _get(self, path: str) -> None:
        self._keep(await self._http.get(path))

    async def _submit(self, action: str, **fields: str) -> None:
        values = next(values for target, values in Form(self._page.text).forms if target == action)
        self._keep(await self._http.post(action, data={**values, **fields}))

    def _keep(self, page: httpx.Response) -> None:
        if page.is_error:
            raise RuntimeError(f"{page.request.method} {page.url.path}: {page.status_code}")
        self._page = page


PAGES: tuple[tuple[str, Callable[[Browser], Awaitable[None]]], ...] = (
    ("GET /authorize", Browser.ask_for_code),
    ("GET /login", Browser.follow),
    ("POST /login", Browser.give_password),
    ("GET /login/otp", Browser.follow),
    ("POST /login/otp", Browser.give_code),
    ("GET /authorize/resume", Browser.follow),
    ("GET /consent", Browser.follow),
    ("POST /consent", Browser.allow),
    ("POST /token", Browser.redeem),
    (ACCOUNT, Browser.open_account),
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="sign-ins of each browser")
    parser.add_argument("--browsers", type=int, default=4, help="that walk in step")
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    print(report.machine_line(), flush=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        bare = stack.enter_context(
            servers.uvicorn(directory, "benchmarks.ceiling:app", first_request=ceiling.REQUEST)
        )
        for database in options.database:
            url = stack.enter_context(new_database(directory, database))
            with servers.postern(directory, url) as server:
                costs = asyncio.run(_measure(server, bare, options.rounds, options.browsers))
            print(f"\n{database}\n\n{table(costs)}", flush=True)
    return 0


async def _measure(server: Server, bare: Server, rounds: int, browsers: int) -> Costs:
    """Return the CPU milliseconds of each page in each round, without the warm-up round."""
    costs: Costs = defaultdict(list)
    client = await _registered_client(server)
    async with httpx.AsyncClient(base_url=bare.url) as http:
        for _ in range(rounds + 1):
            costs[CEILING].append(await _cost(bare, [http.get("/") for _ in range(browsers)]))
            async with _opened(server, client, browsers) as group:
                for name, step in PAGES:
                    costs[name].append(await _cost(server, [step(browser) for browser in group]))
    return {name: values[1:] for name, values in costs.items()}


async def _registered_client(server: Server) -> TestClient:
    async with httpx.AsyncClient(base_url=server.url) as http:
        body = {"client_name": f"bench-{secrets.token_hex(4)}", **DOCUMENTED_CLIENT}
        client = (await http.post("/create_client", json=body)).raise_for_status().json()
    return TestClient(client["client_id"], client["client_secret"])


@asynccontextmanager
async def _opened(
    server: Server, client: TestClient, number: int
) -> AsyncIterator[Sequence[Browser]]:
    """Open browsers with a new user each: a user's next code is valid half a minute later."""
    headers = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with AsyncExitStack() as stack:
        browsers = []
        for _ in range(number):
            http = httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60)
            browsers.append(Browser(await stack.enter_async_context(http), client))
        for browser in browsers:
            await browser.register()
        yield browsers


async def _cost(server: Server, requests: Sequence[Awaitable[object]]) -> float:
    """Return the CPU milliseconds of the event loop's thread for each request."""
    before = await _worked(server)
    await asyncio.gather(*requests)
    return (await _worked(server) - before) / len(requests)


async def _worked(server: Server) -> float:
    """Read the CPU milliseconds of the main thread once it is idle."""
    current, previous = _nanoseconds(server), -1
    while current != previous:
        await asyncio.sleep(SETTLE_SECONDS)
        current, previous = _nanoseconds(server), current
    return current / 1e6


def _nanoseconds(server: Server) -> int:
    schedstat = Path(f"/proc/{server.pid}/task/{server.pid}/schedstat")
    return int(schedstat.read_text().split()[0])


def table(costs: Costs) -> str:
    """Return the median of each page, relative to the ceiling, and the range of the rounds.

    The account page follows the sign-in and has no limit.
    """
    bare = median(costs[CEILING])
    rows = [
        (
            name,
            f"{median(values):.2f}",
            f"{median(values) / bare:.1f}",
            f"{min(values):.2f}",
            f"{max(values):.2f}",
            "-" if name in (CEILING, ACCOUNT) else report.verdict(is_met=median(values) <= PAGE_MS),
        )
        for name, values in costs.items()
    ]
    head = ("page", "loop CPU ms", "x bare ASGI", "lowest", "highest", f"at most {PAGE_MS:g} ms")
    return report.table(head, rows)


if __name__ == "__main__":
    sys.exit(main())
