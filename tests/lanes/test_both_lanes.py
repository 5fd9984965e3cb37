"""The fast lane answers as FastAPI's stack does, in every byte that a caller sees."""

from typing import Any

import pytest

from app.oauth.grants import GRANTS
from app.routers import hot_endpoints
from tests.lanes.conftest import Lanes, comparable
from tests.lanes.corpus import cases
from tests.lanes.requests import Case, Sent, authorized, form
from tests.support.locks import writes_blocked
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

CORPUS = list(cases())


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
async def test_both_lanes_return_the_same_response(lanes: Lanes, case: Case) -> None:
    fast, slow = [await lane.send(case.make(lane.tokens)) for lane in lanes]

    assert comparable(fast) == comparable(slow)
    assert fast.status_code < 500


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
@pytest.mark.slow
async def test_both_lanes_return_the_same_response_over_sockets(
    served_lanes: Lanes, case: Case
) -> None:
    fast, slow = [await lane.send(case.make(lane.tokens)) for lane in served_lanes]

    assert comparable(fast) == comparable(slow)
    assert fast.status_code < 500


async def test_only_one_of_the_compared_applications_has_a_fast_lane(lanes: Lanes) -> None:
    fast, slow = [lane.app.http._transport.app._fast_lane for lane in lanes]

    assert len(fast) == len(hot_endpoints(GRANTS))
    assert len(slow) == 0


async def test_the_corpus_covers_responses_of_every_kind(lanes: Lanes) -> None:
    statuses = {
        (await lanes.fast.send(case.make(lanes.fast.tokens))).status_code
        for case in CORPUS
        if "revoke" not in case.name  # the tokens are wanted again
    }

    assert statuses >= {200, 400, 401, 404, 405, 410, 413}


@pytest.mark.slow
async def test_both_lanes_return_the_same_response_while_the_database_is_locked(
    lanes: Lanes,
) -> None:
    url = lanes.fast.app.settings.database_url
    sent = form("/token", authorized(lanes.fast.tokens), grant_type="client_credentials")

    async with writes_blocked(url):
        fast, slow = [await lane.send(sent) for lane in lanes]

    assert comparable(fast) == comparable(slow)
    assert fast.status_code == 503
    assert fast.headers["retry-after"]


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/profile"])
async def test_both_lanes_return_the_same_response_for_a_bug_and_reveal_no_details(
    lanes: Lanes, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inner workings")

    for lane in lanes:
        services = services_of(lane.app)
        for part, name in (
            (services.oauth.dispatcher, "respond"),
            (services.oauth.introspection, "respond"),
            (services.oauth.revocation, "respond"),
            (services.oauth.bearer_tokens, "authenticate"),
        ):
            monkeypatch.setattr(part, name, broken)
    method = "GET" if path == "/profile" else "POST"

    fast, slow = [await lane.send(Sent(method, path)) for lane in lanes]

    assert comparable(fast) == comparable(slow)
    assert fast.status_code == 500
    assert fast.json()["error"] == "server_error"
    assert "workings" not in fast.text
