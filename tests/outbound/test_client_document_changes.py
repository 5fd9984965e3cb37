"""What a newer version of a document changes, and which documents are kept."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from app.models.clients.client_documents import ClientDocument, DocumentGrant, document_grants
from app.security.document_urls import host_in
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_documents import (
    CALLBACK,
    PATH,
    answer_of,
    assertion_of,
    serve,
    tokens_for,
)
from tests.support.client_jwts import SigningKey, signing_key
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.visitor import Visitor, answer_in, redeem, visiting

HOUR, DAY = 3600, 86_400
NEVER = {"Cache-Control": "no-store"}
SCOPE = "profile offline_access"
METHOD = "token_endpoint_auth_method"
ONE, TWO = signing_key(name="one"), signing_key(name="two")
KEYS, OTHER_KEYS = "https://localhost/keys.json", "https://localhost/other.json"


async def start(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(
        outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file, session_ttl=30 * DAY
    )


@pytest.mark.parametrize(
    ("before", "after", "asks"),
    [
        ({"jwks_uri": KEYS}, {"jwks_uri": OTHER_KEYS}, True),
        ({"jwks_uri": KEYS}, {"jwks_uri": KEYS, METHOD: "private_key_jwt"}, True),
        ({"jwks_uri": KEYS}, {"jwks": {"keys": [ONE.public]}}, True),
        ({"jwks": {"keys": [ONE.public]}}, {"jwks": {"keys": [TWO.public]}}, True),
        ({"jwks_uri": KEYS}, {"jwks_uri": KEYS, "tos_uri": "https://localhost/terms"}, False),
        ({"jwks_uri": KEYS}, {"jwks_uri": KEYS, "scope": "openid profile email"}, False),
    ],
    ids=["jwks_uri", "method", "jwks_instead", "jwks", "terms", "scope"],
)
async def test_a_change_of_one_member_asks_the_user_again(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    before: dict[str, Any],
    after: dict[str, Any],
    asks: bool,
) -> None:
    """What a client authenticates by, each member for itself"""
    app = await start(start_app, authority)
    client, user = serve(peer, **before), await app.enrolled_user()
    async with visiting(app) as visitor:
        await tokens_for(visitor, client, user)
        serve(peer, **after)
        app.clock.advance(seconds=2 * HOUR)
        page = await visitor.authorize(client, redirect_uri=CALLBACK)

    assert peer.count(PATH) == 2
    assert ('action="/consent"' in page.text) == asks


async def test_a_new_key_at_the_same_address_does_not_ask_the_user_again(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """Keys are rotated; the client then authenticates by the new one, and not by the old one"""
    app = await start(start_app, authority)
    client = serve(peer, jwks_uri=peer.url("/keys"), **{METHOD: "private_key_jwt"})
    user = await app.enrolled_user()

    async def redeemed(visitor: Visitor, page: Any, key: SigningKey) -> int:
        form = assertion_of(app, client, key)
        code = answer_of(page)["code"]
        return (await redeem(app, client, code, redirect_uri=CALLBACK, **form)).status_code

    async with visiting(app) as visitor:
        peer.answers["/keys"] = Answer(json.dumps({"keys": [ONE.public]}))
        page = await visitor.authorize(client, redirect_uri=CALLBACK)
        first = await redeemed(visitor, await visitor.allow(await visitor.sign_in(page, user)), ONE)
        peer.answers["/keys"] = Answer(json.dumps({"keys": [TWO.public]}))
        app.clock.advance(seconds=2 * HOUR)
        later = [
            await redeemed(visitor, await visitor.authorize(client, redirect_uri=CALLBACK), key)
            for key in (TWO, ONE)
        ]

    assert peer.count(PATH) == 2
    assert [first, *later] == [200, 200, 401]


async def local_tokens(
    visitor: Visitor, client: TestClient, user: TestUser, redirect_uri: str
) -> dict[str, Any]:
    page = await visitor.authorize(client, redirect_uri=redirect_uri, scope=SCOPE)
    page = await visitor.allow(await visitor.sign_in(page, user))
    code = answer_in(page, at=redirect_uri)["code"]
    response = await redeem(visitor.app, client, code, redirect_uri=redirect_uri)
    tokens: dict[str, Any] = response.json()
    return tokens


@pytest.mark.parametrize(
    ("after", "is_kept"),
    [
        ("http://localhost:*/callback", True),
        ("http://localhost:8976/callback", True),
        ("http://127.0.0.1:3118/callback", False),
        ("http://localhost:3118/other", False),
    ],
)
async def test_the_port_of_a_loopback_uri_does_not_end_a_grant(
    start_app: AppFactory, authority: Authority, peer: Peer, after: str, *, is_kept: bool
) -> None:
    """RFC 8252 section 7.3: the URI is the same with every port; host and path are compared"""
    app = await start(start_app, authority)
    client = serve(peer, redirect_uris=["http://localhost:3118/callback"], headers=NEVER)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        tokens = await local_tokens(visitor, client, user, "http://localhost:51234/callback")
        serve(peer, redirect_uris=[after], headers=NEVER)
        for seconds in (2 * 60, 2 * HOUR):
            app.clock.advance(seconds=seconds)
            await visitor.authorize(client, redirect_uri=after.replace("*", "4711"))
    refreshed = await app.token(
        None,
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        client_id=client.client_id,
    )

    assert peer.count(PATH) == 3
    assert (refreshed.status_code == 200) == is_kept


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "Application/JSON", "application/oauth-client+json"],
)
async def test_json_has_several_types(
    start_app: AppFactory, authority: Authority, peer: Peer, content_type: str
) -> None:
    """RFC 6839 section 3.1, RFC 9110 section 8.3.1"""
    app = await start(start_app, authority)
    client = serve(peer, headers={"Content-Type": content_type})

    async with visiting(app) as visitor:
        page = await visitor.authorize(client, redirect_uri=CALLBACK)

    assert page.status_code == 200


async def test_tokens_are_revoked_and_introspected_while_the_host_is_down(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """Only `/authorize` and `/par` fetch a document, however old the stored one is"""
    app = await start(start_app, authority)
    server, client, user = await app.create_client(), serve(peer), await app.enrolled_user()
    async with visiting(app) as visitor:
        tokens = await tokens_for(visitor, client, user, scope=SCOPE)
    peer.answers[PATH] = Answer(status=503)
    app.clock.advance(seconds=5 * DAY)
    form = {"client_id": client.client_id}
    refreshed = await app.token(
        None, grant_type="refresh_token", refresh_token=tokens["refresh_token"], **form
    )
    token = refreshed.json()["access_token"]
    shown = await app.introspect(server, token)
    await app.http.post("/revoke", data={"token": refreshed.json()["refresh_token"], **form})

    assert (shown["active"], shown["client_id"]) == (True, client.client_id)
    assert not await app.is_active(server, token)
    assert peer.count(PATH) == 1


async def stored(app: Application, *, hours_ago: int) -> str:
    """Store a document that was used some hours ago, and return its client."""
    url = f"https://{app.new_name('agent')}.example/client.json"
    members = {
        "client_name": "An agent",
        "redirect_uris": CALLBACK,
        "grant_types": "authorization_code",
        "scope": "openid",
        "policies": None,
        METHOD: "none",
        "metadata": {},
    }
    used_at = app.clock.now() - timedelta(hours=hours_ago)
    document = ClientDocument(
        client_id=url,
        url=url,
        host=host_in(url),
        members=json.dumps(members),
        additions=0,
        missing=None,
        etag=None,
        last_modified=None,
        fetched_at=used_at,
        fresh_until=used_at,
        created_at=used_at,
        used_at=used_at,
    )
    documents = services_of(app).clients.client_document_repository
    await documents.store(document, ended=(), now=used_at, event=None)
    return url


async def evict(app: Application, client_ids: list[str], *, limit: int) -> list[bool]:
    """Evict documents, and return which clients are left."""
    services = services_of(app)
    documents = services.clients.client_document_repository
    await documents.evict(before=app.clock.now(), limit=limit)
    find = services.core.client_repository.find_document
    return [await find(each) is not None for each in client_ids]


@pytest.mark.both_databases
async def test_the_least_recently_used_documents_are_evicted_first(
    start_app: AppFactory,
) -> None:
    """And none that was used in the last day"""
    app = await start_app()
    clients = [await stored(app, hours_ago=each) for each in (30, 50, 40, 20)]

    assert await evict(app, clients, limit=1) == [True, False, True, True]
    assert await evict(app, clients, limit=1) == [True, False, False, True]
    assert await evict(app, clients, limit=9) == [False, False, False, True]


@pytest.mark.both_databases
@pytest.mark.parametrize("has", ["grant", "consent"])
async def test_a_grant_or_a_consent_alone_keeps_a_document(
    start_app: AppFactory, authority: Authority, peer: Peer, has: str
) -> None:
    """Its users must be able to go on, and need not be asked again"""
    app = await start(start_app, authority)
    unused = await stored(app, hours_ago=90)
    if has == "grant":
        kept = await stored(app, hours_ago=80)
        grant = DocumentGrant("family", kept, CALLBACK, app.clock.now() + timedelta(days=1))
        await services_of(app).clients.client_document_repository.note_grant(grant)
    else:
        client, user = serve(peer), await app.enrolled_user()
        kept = client.client_id
        async with visiting(app) as visitor:
            await tokens_for(visitor, client, user)
        of_client = document_grants.c.client_id == kept
        await services_of(app).core.database.change(delete(document_grants).where(of_client))
        app.clock.advance(seconds=3 * DAY)

    assert await evict(app, [unused, kept], limit=9) == [False, True]
