"""Clients whose keys are fetched from their `jwks_uri` (OpenID Connect Registration section 2)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.peer import HOST, Answer, Authority, Peer, running_peer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as made:
        yield made


@pytest_asyncio.fixture
async def open_app(start_app: AppFactory, authority: Authority) -> Application:
    """It may reach the peer."""
    ca_file: Path = authority.ca_file
    return await start_app(outbound_allowed_hosts=(HOST,), outbound_ca_file=ca_file)


async def test_the_keys_are_fetched_over_tls_and_cached(open_app: Application, peer: Peer) -> None:
    key = signing_key("RS256")
    peer.answers["/jwks"] = Answer(json.dumps(jwks(key)))
    signer = await signing_client(open_app, key, jwks_uri=peer.url("/jwks"))

    answers = [await signer.token() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert peer.count("/jwks") == 1


async def test_after_a_key_rotation_the_new_key_is_accepted_and_the_old_one_is_refused(
    open_app: Application, peer: Peer
) -> None:
    """OpenID Connect Core section 10.1.1: rotation of keys"""
    old, new = signing_key(name="old"), signing_key(name="new")
    peer.answers["/jwks"] = Answer(json.dumps(jwks(old)))
    signer = await signing_client(open_app, old, jwks_uri=peer.url("/jwks"))
    assert (await signer.token()).status_code == 200
    peer.answers["/jwks"] = Answer(json.dumps(jwks(new)))
    open_app.clock.advance(seconds=5)

    by_the_new_key = await signer.token(new.sign(signer.claims()))
    by_the_old_key = await signer.token(old.sign(signer.claims()))

    assert by_the_new_key.status_code == 200
    assert_oauth_error(by_the_old_key, "invalid_client", status=401)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer("no json"),
        Answer('{"keys": []}'),
        Answer("x" * 70_000),
    ],
)
async def test_a_jwks_uri_without_usable_keys_is_an_invalid_client(
    open_app: Application, peer: Peer, answer: Answer
) -> None:
    """SECURITY_BAR row 43"""
    peer.answers["/jwks"] = answer
    signer = await signing_client(open_app, jwks_uri=peer.url("/jwks"))

    assert_oauth_error(await signer.token(), "invalid_client", status=401)


async def test_a_redirect_to_the_keys_is_not_followed(open_app: Application, peer: Peer) -> None:
    """SECURITY_BAR row 43"""
    key = signing_key()
    peer.answers["/elsewhere"] = Answer(json.dumps(jwks(key)))
    peer.answers["/jwks"] = Answer(status=302, headers={"Location": peer.url("/elsewhere")})
    signer = await signing_client(open_app, key, jwks_uri=peer.url("/jwks"))

    assert_oauth_error(await signer.token(), "invalid_client", status=401)
    assert peer.count("/elsewhere") == 0


async def test_a_jwks_uri_in_a_private_network_is_not_fetched_unless_allowed(
    app: Application, peer: Peer
) -> None:
    """SECURITY_BAR row 43: loopback"""
    key = signing_key()
    peer.answers["/jwks"] = Answer(json.dumps(jwks(key)))
    signer = await signing_client(app, key, jwks_uri=peer.url("/jwks"))

    assert_oauth_error(await signer.token(), "invalid_client", status=401)
    assert peer.connections == 0
