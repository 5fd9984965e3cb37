"""How much code a sign-in runs: calls, files and look-ups of its four requests."""

from dataclasses import fields

import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.calls import Calls, SignInCalls, count_sign_in

DATABASES = ("sqlite",)
MOST_CALLS = {"wrong_password": 575, "password": 465, "wrong_code": 490, "code": 560}
MOST_FILES = {"wrong_password": 87, "password": 76, "wrong_code": 82, "code": 84}
"""What was reached, with some room in the calls, which depend on the batches of the database."""
ONCE = {
    "get_browser",
    "get_fields",
    "PendingRequests.find",
    "RequestParser.parse",
    "find_sign_in",
}


@pytest_asyncio.fixture
async def sign_in(start_app: AppFactory) -> dict[str, Calls]:
    calls: SignInCalls = await count_sign_in(await start_app())
    return {each.name: getattr(calls, each.name) for each in fields(calls)}


async def test_a_sign_in_runs_no_more_code_than_it_did(sign_in: dict[str, Calls]) -> None:
    exceeded = {
        name: (calls.total, len(calls.files))
        for name, calls in sign_in.items()
        if calls.total > MOST_CALLS[name] or len(calls.files) > MOST_FILES[name]
    }

    assert exceeded == {}


async def test_a_sign_in_looks_nothing_up_twice(sign_in: dict[str, Calls]) -> None:
    assert [calls.repeated for calls in sign_in.values()] == [[]] * len(sign_in)


async def test_what_a_page_needs_is_loaded_once(sign_in: dict[str, Calls]) -> None:
    for name, calls in sign_in.items():
        numbers = {
            function: number
            for (_, function), number in calls.functions.items()
            if function in ONCE
        }
        assert set(numbers.values()) == {1}, (name, numbers)
        assert {"get_browser", "get_fields", "RequestParser.parse"} <= numbers.keys()
