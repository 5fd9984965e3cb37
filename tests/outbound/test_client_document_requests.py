"""Which requests may use a document, and what users are told about its client."""

import base64
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.security.document_urls import stored_client_id
from app.security.shared_hosting import place_of
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_documents import (
    CALLBACK,
    PATH,
    answer_of,
    assertion_of,
    serve,
    tokens_for,
)
from tests.support.client_jwts import signing_key
from tests.support.jwt import verified
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.refusals import recorded_refusals
from tests.support.resources import new_resource
from tests.support.visitor import Visitor, query, redeem, text_of, visiting

FORM = {"content-type": "application/x-www-form-urlencoded"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def start(start_app: AppFactory, authority: Authority, **settings: Any) -> Application:
    return await start_app(
        outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file, **settings
    )


async def authorized(app: Application, client: TestClient, **parameters: Any) -> Any:
    async with visiting(app) as visitor:
        return await visitor.authorize(client, **{"redirect_uri": CALLBACK, **parameters})


async def pushed(app: Application, client: TestClient, **parameters: Any) -> Any:
    proof = parameters.pop("proof", {})
    content = query(client, **{"redirect_uri": CALLBACK, **parameters})
    return await app.http.post("/par", content=f"{content}&{urlencode(proof)}", headers=FORM)


async def metadata_of(app: Application) -> dict[str, Any]:
    body: dict[str, Any] = (await app.http.get("/.well-known/oauth-authorization-server")).json()
    return body


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({}, "all"),
        ({"client_documents": "agents"}, "agents"),
        ({"client_documents": "off"}, "off"),
    ],
)
async def test_the_setting_decides_and_the_metadata_says_so(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    settings: dict[str, Any],
    mode: str,
) -> None:
    """`agents`: only requests for a resource marked so, once there is one"""
    app = await start(start_app, authority, **settings)
    client = serve(peer)
    before = await metadata_of(app)
    other = await new_resource(app)
    marked = await new_resource(app, agents=True, is_open_to_all_clients=False)
    app.clock.advance(seconds=11)  # resources are cached
    after = await metadata_of(app)
    resources = (None, other.identifier, [marked.identifier, other.identifier], marked.identifier)
    pages = [await authorized(app, client, resource=each, scope="read") for each in resources]

    flag = "client_id_metadata_document_supported"
    assert (before[flag], after[flag]) == (mode == "all", mode != "off")
    assert "none" in after["token_endpoint_auth_methods_supported"]
    expected = {"all": [200] * 4, "agents": [400, 400, 400, 200], "off": [400] * 4}
    assert [page.status_code for page in pages] == expected[mode]
    assert peer.count(PATH) == (mode != "off")


async def test_production_accepts_documents_only_for_agents_unless_it_is_set(
    start_app: AppFactory,
) -> None:
    """An upgrade does not open an existing installation"""
    app = await start_app(app_env="production", issuer="https://our.example.com")

    assert app.settings.client_documents_mode == "agents"
    assert (await metadata_of(app))["client_id_metadata_document_supported"] is False


async def test_a_request_object_cannot_hide_the_resource(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """What the object asks for is checked once it has been read"""
    app = await start(start_app, authority, client_documents="agents")
    key = signing_key()
    client = serve(
        peer,
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.public]},
    )
    other = await new_resource(app)
    claims = {"iss": client.client_id, "aud": app.settings.issuer_url, "resource": other.identifier}
    page = await authorized(app, client, request=key.sign(claims, typ=None))

    assert page.status_code == 400
    assert "without being registered" in text_of(page)


async def test_only_listed_hosts_are_accepted_if_some_are_listed(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """CLIENT_DOCUMENT_HOSTS"""
    app = await start(start_app, authority, client_document_hosts="claude.ai,chatgpt.com")

    page = await authorized(app, serve(peer))

    assert page.status_code == 400
    assert "Apps from this website aren't allowed here" in text_of(page)
    assert peer.connections == 0


async def test_the_largest_document_is_a_setting(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    app = await start(start_app, authority, client_document_max_bytes=1024)

    page = await authorized(app, serve(peer, software_id="x" * 2000))

    assert "too large" in text_of(page)


@pytest.mark.both_databases
@pytest.mark.parametrize("length", [255, 256, 2048])
async def test_a_long_url_is_the_same_client_everywhere(
    start_app: AppFactory, authority: Authority, peer: Peer, length: int
) -> None:
    """Columns hold 255 characters: a longer URL is stored as a digest, and shown in full"""
    app = await start(start_app, authority)
    path = "/" + "a" * (length - len(peer.url("/")))
    client = serve(peer, path)
    assert len(client.client_id) == length
    server = await app.create_client()
    opaque = await new_resource(app, servers=[server.client_id])
    jwt = await new_resource(app, token_format="jwt", servers=[server.client_id])
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        tokens = [
            await tokens_for(
                visitor, client, user, resource=each.identifier, scope="openid read offline_access"
            )
            for each in (opaque, jwt)
        ]
    shown = [await app.introspect(server, each["access_token"]) for each in tokens]
    refreshed = await app.token(
        None,
        grant_type="refresh_token",
        refresh_token=tokens[1]["refresh_token"],
        client_id=client.client_id,
    )
    await app.http.post(
        "/revoke", data={"token": tokens[0]["refresh_token"], "client_id": client.client_id}
    )

    assert [each["client_id"] for each in shown] == [client.client_id] * 2
    assert (await verified(app, tokens[1]["access_token"]))["client_id"] == client.client_id
    assert (await verified(app, tokens[1]["id_token"]))["aud"] == client.client_id
    assert refreshed.status_code == 200, refreshed.text
    assert not await app.is_active(server, tokens[0]["access_token"])


async def test_a_client_with_a_document_can_push_its_request(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """RFC 9126: `/par` fetches the document too, and the client authenticates by its keys"""
    app = await start(start_app, authority)
    key = signing_key()
    client = serve(peer, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.public]})
    user = await app.enrolled_user()
    unproven = await pushed(app, client)
    response = await pushed(app, client, proof=assertion_of(app, client, key))
    services_of(app).oauth.client_documents._recent.clear()  # another process goes on
    peer.answers.clear()
    async with visiting(app) as visitor:
        only = {"client_id": client.client_id, "request_uri": response.json()["request_uri"]}
        page = await visitor.follow(await visitor.get("/authorize", **only))
        answer = answer_of(await visitor.allow(await visitor.sign_in(page, user)))
    form = {"redirect_uri": CALLBACK, **assertion_of(app, client, key)}
    tokens = await redeem(app, client, answer["code"], **form)

    assert unproven.json()["error"] == "invalid_client"
    assert response.status_code == 201, response.text
    assert tokens.status_code == 200, tokens.text


async def test_errors_of_documents_are_json_at_par(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """`invalid_client` says what is wrong, 503 when to try again, `invalid_target` for agents"""
    app = await start(start_app, authority)
    agents = await start(start_app, authority, client_documents="agents")
    client = serve(peer, client_name=None)
    with recorded_refusals() as records:
        wrong = await pushed(app, client)
    throttled = await pushed(app, client)
    refused = await pushed(agents, client)

    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    assert "incomplete" in wrong.json()["error_description"]
    assert "client_name" in records.one(wrong.headers["x-request-id"]).reason
    assert throttled.status_code == 503
    assert throttled.json()["error"] == "temporarily_unavailable"
    assert int(throttled.headers["retry-after"]) > 0
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")


@pytest.mark.parametrize(
    ("stated", "single", "held_to"),
    [
        (["none", "private_key_jwt"], "private_key_jwt", "private_key_jwt"),
        (["none", "client_secret_post"], None, "none"),
        (["none"], "private_key_jwt", "none"),
        (None, "private_key_jwt", "private_key_jwt"),
        (None, None, "none"),
    ],
)
async def test_the_strongest_common_method_is_required(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    stated: list[str] | None,
    single: str | None,
    held_to: str,
) -> None:
    """OpenID Connect RP Metadata Choices: intersected, and the client is held to one"""
    app = await start(start_app, authority)
    key = signing_key()
    client = serve(
        peer,
        token_endpoint_auth_methods_supported=stated,
        token_endpoint_auth_method=single,
        jwks={"keys": [key.public]},
    )
    proofs = {"none": {}, "private_key_jwt": assertion_of(app, client, key)}

    answers = {name: await pushed(app, client, proof=proof) for name, proof in proofs.items()}

    accepted = [name for name, answer in answers.items() if answer.status_code == 201]
    assert accepted == [held_to]


async def test_the_scope_of_a_document_is_an_upper_bound(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """Of this server and at resources; other grants than code and refresh are ignored"""
    app = await start(start_app, authority)
    client = serve(
        peer, scope="openid read", grant_types=["authorization_code", "client_credentials"]
    )
    resource = await new_resource(app)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        page = await visitor.authorize(
            client, redirect_uri=CALLBACK, resource=resource.identifier, scope="openid write"
        )
        tokens = await tokens_for(
            visitor, client, user, resource=resource.identifier, scope="openid read"
        )
    own = await app.token(
        None, grant_type="client_credentials", client_id=client.client_id, scope="read"
    )

    assert "invalid_scope" in text_of(page)
    assert tokens["scope"] == "openid read"
    assert "refresh_token" not in tokens
    assert own.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("registered", "asked", "is_accepted"),
    [
        ("http://localhost:*/callback", "http://localhost:4711/callback", True),
        ("http://127.0.0.1/callback", "http://127.0.0.1:4711/callback", True),
        ("http://127.0.0.1:8976/", "http://127.0.0.1:4711/", True),
        ("http://localhost:*/callback", "http://localhost:4711/callback/", False),
        ("http://localhost:*/callback", "http://127.0.0.1:4711/callback", False),
        ("cursor://app/callback", "cursor://app/callback", True),
        (CALLBACK, f"{CALLBACK}/", False),
        (CALLBACK, "https://app.example.com:444/callback", False),
    ],
)
async def test_redirect_uris_of_documents_match_as_registered_ones(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    registered: str,
    asked: str,
    is_accepted: bool,
) -> None:
    """SECURITY_BAR rows 26 and 27: exactly, except for the port of a loopback URI"""
    app = await start(start_app, authority)

    page = await authorized(app, serve(peer, redirect_uris=[registered]), redirect_uri=asked)

    assert (page.status_code == 200) == is_accepted


async def test_the_consent_page_names_the_host_and_says_that_the_name_is_not_verified(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """The host asks; the name is only what the app says; where the user returns; the scopes"""
    app = await start(start_app, authority)
    name = "<b>Your bank</b>"
    client = serve(peer, client_name=name, redirect_uris=["http://localhost/callback"])
    resource = await new_resource(app, agents=True)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        page = await visitor.authorize(
            client,
            redirect_uri="http://localhost:4711/callback",
            resource=resource.identifier,
            scope="read",
        )
        page = await visitor.sign_in(page, user)

    text = " ".join(text_of(page).split())
    assert "Allow access for localhost?" in text
    assert f"localhost:{peer.port}" in text
    assert f"This app says it is {name} — we haven't verified it." in text
    assert name not in page.text
    assert "comes from an app on this computer" in text
    assert "You'll return to localhost:4711" in text
    assert resource.title in text
    assert "Read your reports" in text


async def test_scopes_that_are_new_are_marked_and_the_earlier_ones_are_not(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    app = await start(start_app, authority)
    client, user = serve(peer), await app.enrolled_user()
    resource = await new_resource(app, agents=True)
    async with visiting(app) as visitor:
        await tokens_for(visitor, client, user, resource=resource.identifier, scope="read")
        page = await visitor.authorize(
            client, redirect_uri=CALLBACK, resource=resource.identifier, scope="read write"
        )

    items = {item.split("</li>")[0] for item in page.text.split("<li>")[1:]}
    marked = {item for item in items if 'class="new"' in item}
    assert len(items) == 2
    assert len(marked) == 1
    assert "Change your reports" in marked.pop()


async def test_a_logo_is_served_from_our_origin_once_the_document_is_stored(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR values: logos are fetched by us; an anonymous request fetches none"""
    app = await start(start_app, authority)
    peer.answers["/logo.png"] = Answer(PNG)
    client = serve(peer, logo_uri=peer.url("/logo.png"))
    user = await app.enrolled_user()
    url = f"/clients/logo?{urlencode({'client_id': client.client_id})}"
    async with visiting(app) as visitor:
        page = await visitor.authorize(client, redirect_uri=CALLBACK)
        before = await app.http.get(url)
        page = await visitor.sign_in(page, user)
    after = await app.http.get(url)

    assert before.status_code == 404
    assert peer.url("/logo.png") not in page.text
    assert url in page.text.replace("&amp;", "&")
    assert (after.status_code, after.headers["content-type"]) == (200, "image/png")


async def test_a_client_of_a_document_is_listed_with_the_users_applications(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """The user can revoke it there, which ends its tokens"""
    app = await start(start_app, authority)
    server, user = await app.create_client(), await app.enrolled_user()
    client = serve(peer, client_name="An agent of mine")
    async with visiting(app) as visitor:
        tokens = await tokens_for(visitor, client, user)
        page = await visitor.get("/account")
        await visitor.submit(page, to="/account/applications/revoke", client_id=client.client_id)

    assert "An agent of mine" in page.text
    assert not await app.is_active(server, tokens["access_token"])


async def test_the_origin_of_a_client_may_call_the_token_endpoint(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 46: once a user has signed in, and not after its host was blocked"""
    app = await start(start_app, authority)
    client, user = serve(peer), await app.enrolled_user()
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}

    async def is_allowed() -> bool:
        app.clock.advance(seconds=61)  # known origins are cached
        answer = await app.http.options("/token", headers=headers)
        return "access-control-allow-origin" in answer.headers

    before = await is_allowed()
    async with visiting(app) as visitor:
        await tokens_for(visitor, client, user)
    after = await is_allowed()
    await services_of(app).clients.blocked_hosts.block(HOST, authority=FULL)

    assert (before, after, await is_allowed()) == (False, True, False)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://claude.ai/oauth/client", "claude.ai"),
        ("https://claude.ai:8443/oauth/client", "claude.ai:8443"),
        ("https://raw.githubusercontent.com/me/repo/client.json", None),
        ("https://me.github.io/repo/client.json", None),
        ("https://fastly.jsdelivr.net/gh/me/repo/client.json", None),
        ("https://bucket.ams3.digitaloceanspaces.com/me/client.json", None),
        ("https://drive.google.com/uc?id=mine", None),
        ("https://claude.ai/oauth/client?id=1", "claude.ai"),
        ("https://github.io.example.com/client.json", "github.io.example.com"),
    ],
)
def test_on_shared_hosting_the_path_says_who_published_a_document(
    url: str, place: str | None
) -> None:
    """The host alone would show a stranger as GitHub"""
    assert place_of(url) == (place or url.removeprefix("https://"))


async def test_the_stored_form_of_a_long_url_names_no_client(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """Otherwise a pushed request would use a document that was never fetched again"""
    app = await start(start_app, authority)
    user, client = await app.enrolled_user(), serve(peer, f"/{'long' * 100}/client.json")
    async with visiting(app) as visitor:
        await tokens_for(visitor, client, user)

    answer = await pushed(app, TestClient(stored_client_id(client.client_id), ""))

    assert_oauth_error(answer, "invalid_client")


@pytest.mark.parametrize(
    ("asked", "way"),
    [
        ({"prompt": "none"}, "link"),
        ({"prompt": "none"}, "pushed"),
        ({"prompt": "none"}, "form"),
        ({"max_age": "-1"}, "link"),
        ({"max_age": "-1"}, "form"),
    ],
)
async def test_nobody_is_sent_to_a_website_that_no_user_allowed(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    asked: dict[str, str],
    way: str,
) -> None:
    """RFC 9700 section 4.11.2: anyone can publish a document, and links to us would lead anywhere

    Whether a user is signed in or not; one who has allowed the client is sent back with the error.
    """
    app = await start(start_app, authority)
    user, client, allowed = await app.enrolled_user(), serve(peer), serve(peer, "/allowed.json")
    async with visiting(app) as visitor:
        strange = await sent(visitor, client, asked, way=way)
        await tokens_for(visitor, allowed, user, scope="profile")
        unknown = await sent(visitor, client, asked, way=way)
        known = await visitor.authorize(allowed, redirect_uri=CALLBACK, max_age="-1")

    for page in (strange, unknown):
        assert page.status_code == 400
        assert "location" not in page.headers
        assert "Close this page" in text_of(page)
    assert answer_of(known)["error"] == "invalid_request"


async def test_an_app_on_the_device_gets_its_errors(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """A redirect to loopback leads to no website"""
    app = await start(start_app, authority)
    local = "http://127.0.0.1:4711/callback"
    client = serve(peer, redirect_uris=[local])

    page = await authorized(app, client, redirect_uri=local, prompt="none")

    assert "error=login_required" in page.headers["location"]


async def sent(
    visitor: Visitor, client: TestClient, asked: dict[str, str], *, way: str
) -> httpx.Response:
    """Send a request by a link, by the name of a pushed one, or by a form of another site."""
    if way == "link":
        return await visitor.authorize(client, redirect_uri=CALLBACK, **asked)
    if way == "form":
        content = query(client, redirect_uri=CALLBACK, **asked)
        posted = await visitor.http.post("/authorize", content=content, headers=FORM)
        return await visitor.follow(posted)
    name = (await pushed(visitor.app, client, **asked)).json()["request_uri"]
    parameters = urlencode({"client_id": client.client_id, "request_uri": name})
    return await visitor.get(f"/authorize?{parameters}")
