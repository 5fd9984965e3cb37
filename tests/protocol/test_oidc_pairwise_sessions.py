"""Clients with pairwise subjects cannot tell that they know the same user (OpenID Connect Core
section 8.1): not by `sid`, and not by `/profile`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.protocol.logout_peers import deliver, told_client
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.databases import Databases
from tests.support.events import new_event
from tests.support.jwt import claims_of
from tests.support.logout import AFTER, decoded, frames_in, is_question, parameters_of, sid_of
from tests.support.parts import services_of
from tests.support.peer import HOST, Authority, Peer, running_peer
from tests.support.visitor import REDIRECT_URI, Visitor

FRONT = "http://localhost:3000/front"
PAIRWISE = {
    "subject_type": "pairwise",
    "grant_types": ["authorization_code", "refresh_token"],
    "post_logout_redirect_uris": [AFTER],
}


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


@pytest_asyncio.fixture
async def pairwise(app: Application) -> TestClient:
    return await app.create_client(**PAIRWISE)


async def session_of(app: Application, user: TestUser) -> str:
    """The identifier of the only session of a user."""
    person = await services_of(app).accounts.users.get(user.username)
    (session,) = await services_of(app).accounts.sessions.list_of(person.user_id)
    return session.session_id


async def test_each_pairwise_client_has_its_own_sid(
    app: Application, pairwise: TestClient, visitor: Visitor, user: TestUser
) -> None:
    """Back-Channel Logout 1.0 section 2.1: `sid` identifies the session at one client"""
    same_sector, public = await app.create_client(**PAIRWISE), await app.create_client()
    clients = (pairwise, same_sector, public)
    sids = [sid_of((await visitor.tokens_for(each, user))["id_token"]) for each in clients]

    again = await visitor.tokens_for(pairwise, user)
    refreshed = (await app.refresh(pairwise, again["refresh_token"])).json()

    assert len(set(sids)) == 3
    assert sids[2] == await session_of(app, user)
    assert sid_of(again["id_token"]) == sid_of(refreshed["id_token"]) == sids[0]


async def test_the_logout_token_has_the_sid_of_the_id_token(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """Back-Channel Logout 1.0 section 2.4"""
    told = await told_client(app, peer, **PAIRWISE)
    id_token = (await visitor.tokens_for(told.client, user))["id_token"]

    await services_of(app).accounts.sessions.end(
        await session_of(app, user), is_full=True, event=new_event()
    )
    await deliver(app)

    said = await claims_of(app, told.logout_tokens[0], audience=told.client.client_id)
    assert said["sid"] == sid_of(id_token)
    assert said["sub"] == decoded(id_token)[1]["sub"]


async def test_the_logout_token_of_a_deleted_user_has_the_sid_too(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """The user is gone when the notice is delivered, and `sid` alone is enough"""
    told = await told_client(app, peer, **PAIRWISE)
    id_token = (await visitor.tokens_for(told.client, user))["id_token"]
    person = await services_of(app).accounts.users.get(user.username)
    await services_of(app).accounts.sessions.end(
        await session_of(app, user), is_full=True, event=new_event()
    )
    from sqlalchemy import delete

    from app.models.accounts.users import users

    await services_of(app).core.database.change(
        delete(users).where(users.c.user_id == person.user_id).returning(users.c.user_id)
    )

    await deliver(app)

    said = await claims_of(app, told.logout_tokens[0], audience=told.client.client_id)
    assert said["sid"] == sid_of(id_token)
    assert "sub" not in said


async def test_the_logout_frame_has_the_sid_of_the_id_token(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """Front-Channel Logout 1.0 section 2"""
    client = await app.create_client(
        **{
            **PAIRWISE,
            "frontchannel_logout_uri": FRONT,
            "frontchannel_logout_session_required": True,
        }
    )
    tokens = await visitor.tokens_for(client, user)

    page = await visitor.get(
        "/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER
    )

    (frame,) = frames_in(page)
    assert parameters_of(frame)["sid"] == sid_of(tokens["id_token"])


@pytest.mark.parametrize("which", ["of today", "of an earlier release"])
async def test_an_id_token_hint_identifies_the_session_by_its_sid(
    app: Application, pairwise: TestClient, visitor: Visitor, user: TestUser, which: str
) -> None:
    """RP-Initiated Logout 1.0: ID tokens that earlier releases issued are still understood"""
    hint = (await visitor.tokens_for(pairwise, user))["id_token"]
    if which == "of an earlier release":
        claims = {**decoded(hint)[1], "sid": await session_of(app, user), "sub": "unknown"}
        hint = await services_of(app).oauth.signing_keys.sign(claims, algorithm="RS256")

    answer = await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert answer.status_code == 303
    assert answer.headers["location"] == AFTER


async def test_the_sid_of_another_client_does_not_identify_a_session(
    app: Application, pairwise: TestClient, visitor: Visitor, user: TestUser
) -> None:
    other = await app.create_client(**PAIRWISE)
    hint = (await visitor.tokens_for(pairwise, user))["id_token"]
    foreign = sid_of((await visitor.tokens_for(other, user))["id_token"])
    claims = {**decoded(hint)[1], "sid": foreign, "sub": "unknown"}
    forged = await services_of(app).oauth.signing_keys.sign(claims, algorithm="RS256")

    answer = await visitor.get("/logout", id_token_hint=forged, post_logout_redirect_uri=AFTER)

    assert is_question(answer)


async def test_the_profile_returns_only_the_subject_to_a_pairwise_client(
    app: Application, pairwise: TestClient, visitor: Visitor, user: TestUser
) -> None:
    """CONTRACT: `/profile` of a client with pairwise subjects"""
    tokens = await visitor.tokens_for(pairwise, user)

    answer = await app.profile(tokens["access_token"])

    sub = decoded(tokens["id_token"])[1]["sub"]
    assert answer.json() == {"type": "user", "sub": sub}


@pytest.mark.parametrize("door", ["/register", "/create_client"])
@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]},
        {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]},
        {"grant_types": ["refresh_token"], "redirect_uris": []},
        {"redirect_uris": ["com.example.app://victim.example/cb"]},
    ],
)
async def test_pairwise_subjects_require_a_verified_sector(
    app: Application, door: str, metadata: dict[str, Any]
) -> None:
    """OpenID Connect Core section 8.1, CIBA Core section 4"""
    body = {"client_name": app.new_name(), "redirect_uris": [REDIRECT_URI], **metadata}

    answer = await app.http.post(door, json={**body, "subject_type": "pairwise"})

    assert answer.status_code == (400 if door == "/register" else 422), answer.text
    assert answer.json()["error"] == "invalid_client_metadata"
