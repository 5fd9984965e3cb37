"""`python -m benchmarks.search`: searches among many users, and a flood of refusals.

The searches are requests to the admin API of a server with one worker, one after another. A page
far down is read with the cursors of the pages before it. Then a thousand requests a second are
refused beside client_credentials.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import httpx

from benchmarks import refusal_flood, report, servers
from benchmarks.databases import new_database
from benchmarks.load_generator import quantile
from benchmarks.search_rows import FAMILY, GIVEN, NOW, fill, group_id, names
from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.databases import KINDS

P95_MS = 100.0
FAR_PAGE, PAGE_SIZE = 500, 50
SLOWER_AT_MOST = 1.25
"""How much longer the far page may take than the first one, by the median."""
Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """Queries of one kind, which are sent in turn."""

    name: str
    queries: Sequence[Query]


def searches() -> Sequence[Search]:
    """Return the searches that administrators have."""
    given, family = names(GIVEN, 1), names(FAMILY, 2)
    some = [(given[number * 7 % GIVEN], family[number * 97 % FAMILY]) for number in range(25)]
    since = [(NOW - timedelta(days=days)).isoformat() for days in range(30, 680, 26)]
    return [
        Search("username", [{"search": f"{first[0]}{last}"} for first, last in some]),
        Search("username, one letter", [{"search": first[0]} for first, _ in some]),
        Search("email", [{"search": f"{first}.{last[:2]}"} for first, last in some]),
        Search("word of the name", [{"search": last[:4]} for _, last in some]),
        Search("two words", [{"search": f"{first} {last[:2]}"} for first, last in some]),
        Search("no match", [{"search": f"{last}zzz"} for _, last in some]),
        Search("group", [{"group": group_id(number)} for number in (2, 10, 1000)]),
        Search("group and word", [{"group": group_id(2), "search": last[:3]} for _, last in some]),
        Search("not signed in since", [{"not_signed_in_since": at} for at in since]),
        Search(
            "not signed in since, word",
            [
                {"not_signed_in_since": at, "search": last[:4]}
                for at, (_, last) in zip(since, some, strict=False)
            ],
        ),
    ]


def paged() -> Sequence[Search]:
    """Return lists that are long enough for a page far down."""
    return [
        Search("all users", [{}]),
        Search("users of a group", [{"group": group_id(2)}]),
        Search("not signed in since", [{"not_signed_in_since": NOW.isoformat()}]),
        Search("search", [{"search": "b"}, {"search": "s"}]),
    ]


class Console:
    """Requests to the admin API, with the times that they took."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, query: Query) -> tuple[float, str | None]:
        """Return the milliseconds that a page took, and the cursor of the next one."""
        started_at = time.perf_counter()
        response = self._http.get(f"{PREFIX}/users", params={"limit": str(PAGE_SIZE), **query})
        milliseconds = (time.perf_counter() - started_at) * 1000
        response.raise_for_status()
        cursor: str | None = response.json()["next_cursor"]
        return milliseconds, cursor

    def times(self, queries: Sequence[Query], how_many: int) -> list[float]:
        for query in queries[:3]:
            self.get(query)  # warms up caches
        return [self.get(queries[number % len(queries)])[0] for number in range(how_many)]

    def far_page(self, query: Query) -> tuple[int, Query]:
        """Return the number of the last page up to the far one, and the query that reads it."""
        page, following = 1, query
        while page < FAR_PAGE:
            _, cursor = self.get(following)
            if cursor is None:
                break
            page, following = page + 1, {**query, "cursor": cursor}
        return page, following


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200, help="of each search")
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--only", choices=("search", "refusals"), help="leave the other out")
    parser.add_argument("--rounds", type=int, default=8, help="with and without refusals")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of such a round")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a row is MISSED")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    print(report.machine_line(), flush=True)
    found: list[Sequence[str]] = []
    paging: list[Sequence[str]] = []
    floods: list[Sequence[str]] = []
    for kind in options.database:
        if options.only != "refusals":
            with tempfile.TemporaryDirectory(prefix="search-") as directory, ExitStack() as stack:
                console = Console(_filled(stack, Path(directory), kind, options.users))
                found += [_measure(kind, console, each, options.requests) for each in searches()]
                paging += [
                    _compare(kind, console, each, query, options.requests)
                    for each in paged()
                    for query in each.queries
                ]
        if options.only != "search":
            floods.append(refusal_flood.measure(kind, options.rounds, options.seconds))
    if found:
        print(f"\nSearches among {options.users:,} users, p95 at most {P95_MS:.0f} ms:\n")
        print(report.table(("database", "search", "p50 ms", "p95 ms", "verdict"), found))
        print("\nPages far down, by cursor:\n")
        head = ("database", "list", "page", "p50 ms of page 1", "p50 ms", "ratio", "verdict")
        print(report.table(head, paging))
    if floods:
        print(f"\n{refusal_flood.EXPLANATION}\n")
        print(report.table(refusal_flood.HEAD, floods))
    is_missed = any(row[-1] == "MISSED" for row in (*found, *paging, *floods))
    return 1 if options.check and is_missed else 0


def _filled(stack: ExitStack, directory: Path, kind: str, users: int) -> httpx.Client:
    """Fill a database, start a server on it, and return a client of its admin API."""
    url = stack.enter_context(new_database(directory, kind))
    with servers.postern(directory, url):
        pass  # creates the schema
    started_at = time.perf_counter()
    asyncio.run(fill(url, users))
    print(f"{kind}: {users:,} users in {time.perf_counter() - started_at:.0f} s", flush=True)
    variables = {"ADMIN_TOKEN": ADMIN_TOKEN, "ADMIN_API_LIMIT": "1000000"}
    server = stack.enter_context(servers.postern(directory, url, variables=variables))
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    return stack.enter_context(httpx.Client(base_url=server.url, headers=headers, timeout=60))


def _measure(kind: str, console: Console, search: Search, how_many: int) -> Sequence[str]:
    times = console.times(search.queries, how_many)
    p95 = quantile(times, 0.95)
    verdict = "within" if p95 <= P95_MS else "MISSED"
    print(f"{kind}: {search.name}: p95 {p95:.1f} ms", flush=True)
    return kind, search.name, f"{median(times):.1f}", f"{p95:.1f}", verdict


def _compare(
    kind: str, console: Console, search: Search, query: Query, how_many: int
) -> Sequence[str]:
    """Read the first page and the far one in turn."""
    page, far = console.far_page(query)
    near_times, far_times = [], []
    for _ in range(max(1, how_many // 2)):
        near_times.append(console.get(query)[0])
        far_times.append(console.get(far)[0])
    ratio = median(far_times) / median(near_times)
    name = f"{search.name} ({query.get('search', '')})" if "search" in query else search.name
    return (
        kind,
        name,
        str(page),
        f"{median(near_times):.1f}",
        f"{median(far_times):.1f}",
        f"{ratio:.2f}",
        "within" if ratio <= SLOWER_AT_MOST else "MISSED",
    )


if __name__ == "__main__":
    sys.exit(main())
