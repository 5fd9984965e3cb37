"""OpenID Connect Back-Channel Logout 1.0: who is told what of the end of a session."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio

from app.wiring import Services
from tests.protocol.logout_peers import OK, deliver, is_done, sign_out, told_client
from tests.security.factors import secret_on
from tests.support.administration import reset_otp, reset_password, set_user_disabled
from tests.support.application import Application, TestUser, running_application
from tests.support.databases import Databases
from tests.support.jwt import claims_of, header_of
from tests.support.logout import AFTER, decoded, sid_of
from tests.support.peer import HOST, Answer, Authority, Peer, running_peer
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import eventually

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def app(
    databases: Databases, database_kind: str, authority: Authority
) -> AsyncIterator[Application]:
    """It may reach the peer."""
    async with running_application(
        await databases.migrated(database_kind),
        outbound_allowed_hosts=(HOST,),
        outbound_ca_file=authority.ca_file,
    ) as made:
        yield made


@pytest.mark.slow
async def test_a_client_is_notified_with_a_logout_token(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """oidcc-backchannel-rp-initiated-logout; section 2.4"""
    told = await told_client(app, peer, post_logout_redirect_uris=[AFTER])
    id_token = (await visitor.tokens_for(told.client, user))["id_token"]
    of_id_token = decoded(id_token)[1]

    await visitor.get("/logout", id_token_hint=id_token, post_logout_redirect_uri=AFTER)

    await eventually(lambda: told.count > 0)
    (token,) = told.logout_tokens
    assert header_of(token)["typ"] == "logout+jwt"
    claims = await claims_of(app, token, audience=told.client.client_id)
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"}
    assert claims["events"] == {EVENT: {}}
    assert claims["sub"] == of_id_token["sub"]
    assert claims["sid"] == of_id_token["sid"]
    assert claims["exp"] - claims["iat"] <= 120
    (seen,) = peer.seen
    assert seen.method == "POST"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert [name for name, _ in parse_qsl(seen.body.decode())] == ["logout_token"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_logout_token_uses_the_signing_algorithm_of_the_id_tokens(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser, algorithm: str
) -> None:
    """Section 2.4"""
    told = await told_client(app, peer, id_token_signed_response_alg=algorithm)
    await visitor.tokens_for(told.client, user)

    await sign_out(visitor)

    await eventually(lambda: told.count > 0)
    assert header_of(told.logout_tokens[0])["alg"] == algorithm
    await claims_of(app, told.logout_tokens[0], audience=told.client.client_id)


async def test_a_logout_token_has_the_pairwise_subject_of_the_client(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """OpenID Connect Core section 8.1: pairwise"""
    told = await told_client(app, peer, subject_type="pairwise")
    id_token = (await visitor.tokens_for(told.client, user))["id_token"]

    await sign_out(visitor)

    await eventually(lambda: told.count > 0)
    assert decoded(told.logout_tokens[0])[1]["sub"] == decoded(id_token)[1]["sub"]


@pytest.mark.slow
async def test_only_the_clients_of_the_session_are_notified(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    first = await told_client(app, peer, "/first")
    second = await told_client(app, peer, "/second")
    elsewhere = await told_client(app, peer, "/elsewhere")
    never = await told_client(app, peer, "/never")
    silent = await app.create_client()
    for client in (first.client, second.client, silent):
        await visitor.tokens_for(client, user)
    async with visiting(app) as other:
        await other.tokens_for(elsewhere.client, user)

    await sign_out(visitor)

    await eventually(lambda: is_done(app, first.client, second.client))
    assert (first.count, second.count, elsewhere.count, never.count) == (1, 1, 0, 0)


async def test_a_client_with_offline_access_is_notified_too(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """Section 2.7: its refresh token lives on, its session does not"""
    told = await told_client(app, peer)
    tokens = await visitor.tokens_for(told.client, user, scope="openid offline_access")

    await sign_out(visitor)

    await eventually(lambda: told.count > 0)
    assert (await app.refresh(told.client, tokens["refresh_token"])).status_code == 200


@pytest.mark.slow
async def test_ending_a_session_on_the_account_page_notifies_the_client(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    told = await told_client(app, peer)
    async with visiting(app) as other:
        id_token = (await other.tokens_for(told.client, user))["id_token"]
    sid = decoded(id_token)[1]["sid"]
    await visitor.sign_in(await visitor.get("/login"), user)
    account = await visitor.get("/account")

    await visitor.submit(account, to="/account/sessions/end", session_id=sid)

    await eventually(lambda: told.count > 0)
    assert decoded(told.logout_tokens[0])[1]["sid"] == sid
    assert (await visitor.get("/account")).status_code == 200  # he is still here


@pytest.mark.parametrize("change", ["password", "otp", "disabled"])
async def test_a_session_ended_by_the_operator_notifies_the_client(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser, operator: Services, change: str
) -> None:
    """By `postern users`, in another process: found by the next look"""
    told = await told_client(app, peer)
    tokens = await visitor.tokens_for(told.client, user, scope="openid offline_access")

    if change == "password":
        await reset_password(operator, user.username, "another password of mine")
    elif change == "otp":
        await reset_otp(operator, user.username)
    else:
        await set_user_disabled(operator, user.username, disabled=True)
    await deliver(app)

    assert decoded(told.logout_tokens[0])[1]["sid"] == sid_of(tokens["id_token"])
    assert not await app.is_active(told.client, tokens["access_token"])


async def test_replacing_the_authenticator_notifies_clients_of_other_sessions(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    told = await told_client(app, peer)
    async with visiting(app) as other:
        elsewhere = sid_of((await other.tokens_for(told.client, user))["id_token"])
    await visitor.sign_in(await visitor.get("/login"), user)
    page = await visitor.get("/account/authenticator/new")
    again = TestUser(user.username, user.password, secret_on(page))

    await visitor.submit(page, to="/account/authenticator/new", code=app.code(again))

    await eventually(lambda: told.count > 0)
    assert decoded(told.logout_tokens[0])[1]["sid"] == elsewhere


async def test_signing_out_does_not_wait_for_a_slow_client(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    go_on = asyncio.Event()

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(b"HTTP/1.1 204 Done\r\n\r\n")

    told = await told_client(app, peer, answer=slow)
    await visitor.tokens_for(told.client, user)

    await sign_out(visitor)

    await eventually(lambda: told.count > 0)
    go_on.set()


async def test_a_client_is_notified_once_per_session(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    told = await told_client(app, peer)
    await visitor.tokens_for(told.client, user)
    page = await visitor.get("/logout")

    await asyncio.gather(*(visitor.submit(page) for _ in range(5)))

    await eventually(lambda: is_done(app, told.client))
    assert told.count == 1


@pytest.mark.parametrize("answer", [OK, Answer(status=204), Answer("{}", status=400)], ids=str)
async def test_a_final_response_is_not_retried(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser, answer: Any
) -> None:
    """Section 2.8: 200 is done; 400 says that it would be refused again"""
    told = await told_client(app, peer, answer=answer)
    await visitor.tokens_for(told.client, user)

    await sign_out(visitor)

    await eventually(lambda: is_done(app, told.client))
    assert told.count == 1


async def test_the_metadata_declares_the_supported_logout_methods(app: Application) -> None:
    """oidcc-discovery-endpoint-verification"""
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    assert metadata["end_session_endpoint"] == f"{metadata['issuer']}/logout"
    for channel in ("backchannel", "frontchannel"):
        assert metadata[f"{channel}_logout_supported"] is True
        assert metadata[f"{channel}_logout_session_supported"] is True
    assert "check_session_iframe" not in metadata
