"""Introspection (RFC 7662) and its short cache."""

import asyncio
import gc
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from kit_issuer import ISSUER, RESOURCE, START, FakeIssuer

from postern_kit import IntrospectionVerifier, Refusal
from postern_kit.issuers import IssuerError


class Ticks:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def verifier(issuer: FakeIssuer, ticks: Ticks) -> IntrospectionVerifier:
    issuer.introspection = {"active": True, **issuer.claims()}
    return IntrospectionVerifier(
        issuer=ISSUER, audience=RESOURCE, client_id="a b", client_secret="s:ö",
        http=issuer.http, now=issuer.now, monotonic=ticks,
    )  # fmt: skip


async def test_an_active_token_is_cached_for_ten_seconds(
    issuer: FakeIssuer, verifier: IntrospectionVerifier, ticks: Ticks
) -> None:
    await verifier.verify("one")
    ticks.seconds = 9
    await verifier.verify("one")
    assert issuer.count("/introspect") == 1
    ticks.seconds = 10
    issuer.introspection = {"active": False}

    with pytest.raises(Refusal, match="not active"):
        await verifier.verify("one")


async def test_each_token_is_asked_for_with_the_encoded_credentials(
    issuer: FakeIssuer, verifier: IntrospectionVerifier
) -> None:
    """RFC 6749 section 2.3.1: both parts are form-encoded before Basic."""
    await verifier.verify("one")
    await verifier.verify("two")

    request = issuer.requests[-1]
    assert issuer.count("/introspect") == 2
    assert b"token=two" in request.content
    assert request.headers["authorization"] == "Basic YStiOnMlM0ElQzMlQjY="


async def test_a_cached_token_that_has_expired_is_refused(
    issuer: FakeIssuer, verifier: IntrospectionVerifier
) -> None:
    await verifier.verify("one")
    issuer.time = START + 600

    with pytest.raises(Refusal, match="expired"):
        await verifier.verify("one")


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"active": "true"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**400},
        {"sub": None},
    ],
)
async def test_what_is_not_active_or_for_another_resource_is_refused_and_not_cached(
    issuer: FakeIssuer, verifier: IntrospectionVerifier, changes: dict[str, Any]
) -> None:
    good = issuer.introspection
    issuer.introspection = {**good, **changes}
    with pytest.raises(Refusal) as refused:
        await verifier.verify("one")
    issuer.introspection = good

    assert refused.value.error == "invalid_token"
    assert (await verifier.verify("one")).subject == "user-1"


async def test_an_issuer_that_is_down_does_not_make_a_token_invalid(
    issuer: FakeIssuer, verifier: IntrospectionVerifier
) -> None:
    await verifier.verify("one")
    issuer.is_down = True

    assert (await verifier.verify("one")).subject == "user-1"
    with pytest.raises(IssuerError):
        await verifier.verify("two")


async def test_requests_at_once_wait_for_one_attempt_while_the_issuer_is_down(
    issuer: FakeIssuer, verifier: IntrospectionVerifier, ticks: Ticks
) -> None:
    """Each attempt can take seconds, which must not add up."""
    issuer.is_down = True

    answers = await asyncio.gather(
        *(verifier.verify(f"token-{number}") for number in range(10)), return_exceptions=True
    )
    attempts = len(issuer.requests)
    issuer.is_down, ticks.seconds = False, 1

    assert {type(each) for each in answers} == {IssuerError}
    assert attempts == 1
    assert (await verifier.verify("one")).subject == "user-1"


class Endpoint(BaseHTTPRequestHandler):
    """An introspection endpoint that keeps connections open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        claims = {"active": True, "aud": RESOURCE, "sub": "user-1", "exp": int(START) + 60}
        content = json.dumps(claims).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/introspect"
        server.shutdown()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_verifier_works_in_one_event_loop_after_another(endpoint: str) -> None:
    """Starlette's TestClient begins one for each request."""
    verifier = IntrospectionVerifier(
        issuer=ISSUER, audience=RESOURCE, client_id="reports", client_secret="secret",
        introspection_endpoint=endpoint, cache_seconds=0, now=lambda: START,
    )  # fmt: skip

    subjects = [asyncio.run(verifier.verify(token)).subject for token in ("one", "two")]
    del verifier
    gc.collect()  # nobody can close the connections of a loop that has ended

    assert subjects == ["user-1", "user-1"]
