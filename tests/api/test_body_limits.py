"""Bodies that are too large are refused before they are read (SECURITY_BAR row 12)."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error, assert_problem

TEN_MEGABYTES = 10_000_000
LIMIT = 65_536
PROTOCOL = ["/token", "/introspect", "/revoke"]
PRODUCT = ["/register_user", "/verify_otp", "/enroll_otp", "/create_client"]


class Chunks:
    """A body without a Content-Length; counts how much of it was taken."""

    def __init__(self, *, size: int, count: int) -> None:
        self.taken = 0
        self._size = size
        self._count = count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            self.taken += self._size
            yield b"x" * self._size


@pytest.mark.parametrize("path", PROTOCOL)
async def test_a_ten_megabyte_body_is_refused_with_an_oauth_error(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 12"""
    client = await app.create_client()

    answer = await app.http.post(path, data={"token": "x" * TEN_MEGABYTES}, auth=client.auth)

    assert_oauth_error(answer, "invalid_request", status=413)


@pytest.mark.parametrize("path", PRODUCT)
async def test_a_ten_megabyte_body_is_refused_with_problem_details(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 12"""
    answer = await app.http.post(path, json={"username": "x" * TEN_MEGABYTES})

    assert_problem(answer, 413, "invalid_request")


@pytest.mark.parametrize("path", ["/profile", "/", "/docs", "/nothing"])
async def test_every_path_refuses_a_large_body(app: Application, path: str) -> None:
    """SECURITY_BAR row 12"""
    answer = await app.http.request("GET", path, content=b"x" * TEN_MEGABYTES)

    assert answer.status_code == 413


@pytest.mark.parametrize("path", PROTOCOL)
async def test_a_chunked_body_is_refused_at_the_limit_with_an_oauth_error(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 12: chunked without end, bounded memory"""
    body = Chunks(size=10_000, count=1000)

    answer = await app.http.post(
        path, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert_oauth_error(answer, "invalid_request", status=413)
    assert body.taken <= LIMIT + 2 * 10_000


@pytest.mark.parametrize("path", PRODUCT)
async def test_a_chunked_body_is_refused_at_the_limit_with_problem_details(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 12"""
    body = Chunks(size=10_000, count=1000)

    answer = await app.http.post(path, content=body, headers={"content-type": "application/json"})

    assert_problem(answer, 413, "invalid_request")
    assert body.taken <= LIMIT + 2 * 10_000


async def test_a_chunked_body_below_the_limit_is_read(app: Application) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for part in ('{"username":', '"nobody",', '"code":"123456"}'):
            yield part.encode()

    answer = await app.http.post(
        "/verify_otp", content=chunks(), headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()) == (401, {"valid": False})


async def test_the_limit_is_exactly_64_kib(app: Application) -> None:
    """SECURITY_BAR, the table of values"""
    at_the_limit = await app.http.post("/token", content=b"x" * LIMIT)
    above = await app.http.post("/token", content=b"x" * (LIMIT + 1))

    assert at_the_limit.status_code == 400
    assert above.status_code == 413


async def test_the_limit_is_configurable(start_app: AppFactory) -> None:
    app = await start_app(body_limit=2048)

    below = await app.http.post("/token", content=b"x" * 2048)
    above = await app.http.post("/token", content=b"x" * 2049)

    assert below.status_code == 400
    assert above.status_code == 413
