"""Clients whose `client_id` is the URL of a document that describes them."""

import asyncio
import json
from typing import Any

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.client_documents import (
    CALLBACK,
    DOCUMENTS,
    JSON,
    PATH,
    assertion_of,
    redirect_uri_of,
    scope_for,
    serve,
    serve_known,
)
from tests.support.client_jwts import signing_key
from tests.support.machine import scaled
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.refusals import recorded_refusals
from tests.support.resources import new_resource
from tests.support.visitor import answer_in, query, redeem, text_of, visiting

METHOD = "token_endpoint_auth_method"


async def start(start_app: AppFactory, authority: Authority, **settings: Any) -> Application:
    return await start_app(
        outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file, **settings
    )


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_well_known_client_signs_a_user_in_and_refreshes(
    start_app: AppFactory, authority: Authority, peer: Peer, name: str
) -> None:
    """The documents of agents as they are: consent, code, tokens, refresh, introspection

    A client whose document does not have the grant `refresh_token` asks for `offline_access`.
    """
    app = await start(start_app, authority)
    client, members = serve_known(peer, name)
    key = signing_key("RS256")
    peer.answers["/oauth/c0ffee01/jwks.json"] = Answer(json.dumps({"keys": [key.public]}))

    def proof() -> dict[str, str]:
        return assertion_of(app, client, key) if "jwks_uri" in members else {}

    server = await app.create_client()
    resource = await new_resource(app, agents=True, servers=[server.client_id])
    redirect_uri, scope = redirect_uri_of(members), scope_for(members, "read")
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        page = await visitor.authorize(
            client, redirect_uri=redirect_uri, resource=resource.identifier, scope=scope
        )
        consent = await visitor.sign_in(page, user)
        answer = answer_in(await visitor.allow(consent), at=redirect_uri)
    form = {"redirect_uri": redirect_uri, "resource": resource.identifier}
    tokens = await redeem(app, client, answer["code"], **form, **proof())
    introspected = await app.introspect(server, tokens.json()["access_token"])

    assert members["client_name"] in consent.text
    assert tokens.status_code == 200, tokens.text
    assert introspected["client_id"] == client.client_id
    assert set(introspected["scope"].split()) - {"offline_access"} == {"read"}
    refreshed = await app.token(
        None,
        grant_type="refresh_token",
        refresh_token=tokens.json()["refresh_token"],
        client_id=client.client_id,
        **proof(),
    )
    assert refreshed.status_code == 200, refreshed.text


async def page_for(app: Application, url: str, **parameters: Any) -> Any:
    """Return the page that a browser gets for a request of a client with a document."""
    async with visiting(app) as visitor:
        parameters = {"redirect_uri": CALLBACK, "client_id": url, **parameters}
        return await visitor.follow(
            await visitor.http.get(f"/authorize?{query(NO_CLIENT, **parameters)}")
        )


NO_CLIENT = TestClient("", "")
SENT_ELSEWHERE = {"Location": "https://example.com/client.json"}


async def slow(reader: Any, writer: Any) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(60)


async def endless(reader: Any, writer: Any) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        writer.write(b" " * 4096)
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "message", "reason"),
    [
        (Answer(status=404), "doesn't have the details", "has status 404"),
        (Answer(status=500), "doesn't have the details", "has status 500"),
        (Answer(status=302, headers=SENT_ELSEWHERE), "moved to another", "has status 302"),
        (
            Answer("<p>Hello</p>", headers={"Content-Type": "text/html"}),
            "wrong format",
            "text/html",
        ),
        (Answer("{}", headers={"Content-Type": "application/jsonp"}), "wrong format", "jsonp"),
        (Answer("{}", headers={}), "wrong format", "(none)"),
        (Answer("[1]", headers=JSON), "incomplete", "not a JSON object"),
        (Answer("{", headers=JSON), "incomplete", "not JSON"),
        (Answer(b'{"a":"\xff"}', headers=JSON), "incomplete", "not JSON"),
        (Answer("[" * 9000, headers=JSON), "incomplete", "not JSON"),
        (Answer(" " * 40_000, headers=JSON), "too large", "larger than 32768"),
        (endless, "too large", "larger than 32768"),
        (slow, "couldn't get", "no response in time"),
    ],
    ids=[
        *("missing", "broken", "redirect", "html", "jsonp", "no_type", "list", "cut", "not_utf8"),
        *("deep", "large", "endless", "slow"),
    ],
)
async def test_a_response_that_is_not_a_document_is_an_error_page_and_a_line_in_the_log(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
    message: str,
    reason: str,
) -> None:
    """SECURITY_BAR row 43: no redirect, a bounded body, a bounded time, JSON only"""
    app = await start(start_app, authority)
    monkeypatch.setattr(services_of(app).core.outbound, "_timeout", scaled(0.5))
    peer.answers[PATH] = answer

    with recorded_refusals() as records:
        page = await page_for(app, peer.url(PATH))

    assert page.status_code == 400
    assert message in text_of(page)
    assert reason in records.one(page.headers["x-request-id"]).reason
    assert peer.connections == 1


@pytest.mark.parametrize(
    ("members", "message", "reason"),
    [
        ({"client_id": "https://localhost/other"}, "a different app", "is not its URL"),
        ({"client_id": None}, "a different app", "is not its URL"),
        ({"client_name": None}, "incomplete", "client_name is missing"),
        ({"client_name": "  "}, "incomplete", "client_name is missing"),
        ({"client_name": 7}, "incomplete", "client_name is missing"),
        ({"redirect_uris": None}, "incomplete", "redirect_uris are missing"),
        ({"redirect_uris": []}, "incomplete", "redirect_uris are missing"),
        ({"redirect_uris": ["http://app.example.com/"]}, "incomplete", "is not accepted"),
        ({"redirect_uris": ["https://*.example.com/"]}, "incomplete", "redirect_uris"),
        ({"redirect_uris": ["https://app.example.com:*/"]}, "incomplete", "redirect_uris"),
        ({"redirect_uris": ["http://localhost:*8/"]}, "incomplete", "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "incomplete", "redirect_uris"),
        ({"client_secret": "a secret"}, "incomplete", "client_secret"),
        ({METHOD: "client_secret_basic"}, "incomplete", "shared secret"),
        ({METHOD: None, f"{METHOD}s_supported": ["client_secret_post"]}, "incomplete", "no auth"),
        ({METHOD: "private_key_jwt"}, "incomplete", "requires jwks"),
        ({METHOD: "tls_client_auth"}, "incomplete", "no authentication method"),
        ({"jwks_uri": "https://10.0.0.1/k", METHOD: "private_key_jwt"}, "incomplete", "jwks_uri"),
        ({"jwks": {"keys": [{"kty": "EC", "d": "x"}]}}, "incomplete", "public keys only"),
        ({"grant_types": ["client_credentials"]}, "incomplete", "authorization_code"),
        ({"scope": 'a"b'}, "incomplete", "scope"),
    ],
)
async def test_a_document_that_is_not_valid_is_refused(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    members: dict[str, Any],
    message: str,
    reason: str,
) -> None:
    """Draft section 4; SECURITY_BAR row 42: no shared secret, no wildcard, its own URL"""
    app = await start(start_app, authority)
    client = serve(peer, **members)

    with recorded_refusals() as records:
        page = await page_for(app, client.client_id)

    assert page.status_code == 400
    assert message in text_of(page)
    assert reason in records.one(page.headers["x-request-id"]).reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://app.example.com", "no path"),
        ("https://app.example.com/", "no path"),
        ("https://app.example.com/?a=b", "no path"),
        ("https://app.example.com/a/../b", "dot segments"),
        ("https://app.example.com/a/%2e%2E/b", "dot segments"),
        ("https://app.example.com/./b", "dot segments"),
        ("https://app.example.com/a#b", "fragment"),
        ("https://user@app.example.com/a", "user information"),
        ("https://127.0.0.1/a", "IP address"),
        ("https://[::1]/a", "IP address"),
        ("https://2130706433/a", "IP address"),
        ("https://0x7f.1/a", "IP address"),
        ("https://10.0.0.1./a", "IP address"),
        ("https://app.example.com/a b", "characters"),
        ("https://app.example.com/a\\b", "characters"),
        ("https://ä.example.com/a", "characters"),
        ("https://app.example.com:0/a", "no host"),
        ("https://app.example.com:99999/a", "cannot be parsed"),
        ("https:sha256:AAAA", "not https"),
        ("https://our.example.com/a", "of this server"),
        ("https://OUR.example.com:443/a", "of this server"),
        ("https://our.example.com./a", "of this server"),
        ("https://our.example.com.:443/a", "of this server"),
        (f"https://app.example.com/{'a' * 2030}", "longer than"),
    ],
)
async def test_a_url_that_cannot_identify_a_client_is_refused_without_a_request(
    start_app: AppFactory, url: str, reason: str
) -> None:
    """Draft section 3; SECURITY_BAR row 43"""
    app = await start_app(issuer="https://our.example.com")

    with recorded_refusals() as records:
        page = await page_for(app, url)

    assert page.status_code == 400
    assert "isn't a web address that we accept" in text_of(page)
    assert reason in records.one(page.headers["x-request-id"]).reason


async def test_a_document_on_a_private_address_is_not_fetched(
    start_app: AppFactory, peer: Peer
) -> None:
    """SECURITY_BAR row 43: the name resolves to a loopback address"""
    app = await start_app()
    client = serve(peer)

    page = await page_for(app, client.client_id)

    assert page.status_code == 400
    assert "couldn't get" in text_of(page)
    assert peer.connections == 0
