"""Dynamic client registration (RFC 7591, RFC 7592, OpenID Connect Registration 1.0)."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.visitor import REDIRECT_URI, Visitor

PRODUCTION = {
    "app_env": "production",
    "issuer": "https://login.example.com",
    "admin_token": "an-operators-own-word-Tg5Wq8Zr1",
}
WEB = "https://app.example.com/callback"


async def register(app: Application, *, token: str | None = None, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    given = {"redirect_uris": [REDIRECT_URI], **body}
    return await app.http.post("/register", json=given, headers=headers)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_answer_says_what_is_in_force(app: Application) -> None:
    """RFC 7591 section 3.2.1"""
    answer = await register(app, client_name="App", contacts=["ops@example.com"])

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert body["redirect_uris"] == [REDIRECT_URI]
    assert body["grant_types"] == ["authorization_code"]
    assert body["response_types"] == ["code"]
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert body["id_token_signed_response_alg"] == "RS256"
    assert body["application_type"] == "web"
    assert body["subject_type"] == "public"
    assert body["scope"] == "openid profile email address phone offline_access"
    assert body["contacts"] == ["ops@example.com"]
    assert body["client_secret_expires_at"] == 0
    issuer = app.settings.issuer_url
    assert body["registration_client_uri"] == f"{issuer}/register/{body['client_id']}"
    assert body["registration_access_token"]


async def test_names_are_not_unique_here(app: Application) -> None:
    """CONTRACT"""
    answers = [await register(app, client_name="The same") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]


async def test_who_registered_can_use_it_at_once(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    body = (await register(app)).json()
    client = TestClient(body["client_id"], body["client_secret"])

    assert "id_token" in await visitor.tokens_for(client, user, scope="openid phone")


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("redirect_uris", [], "invalid_redirect_uri"),
        ("redirect_uris", ["https://app.example.com/#fragment"], "invalid_redirect_uri"),
        ("redirect_uris", ["javascript:alert(1)"], "invalid_redirect_uri"),
        ("redirect_uris", ["/relative"], "invalid_redirect_uri"),
        ("redirect_uris", ["https://user@app.example.com/"], "invalid_redirect_uri"),
        ("redirect_uris", "https://app.example.com/", "invalid_redirect_uri"),
        ("grant_types", ["implicit"], "invalid_client_metadata"),
        ("grant_types", ["password"], "invalid_client_metadata"),
        ("grant_types", ["client_credentials"], "invalid_client_metadata"),
        ("response_types", ["token"], "invalid_client_metadata"),
        ("response_types", ["code id_token"], "invalid_client_metadata"),
        ("token_endpoint_auth_method", "client_secret_jwt", "invalid_client_metadata"),
        ("token_endpoint_auth_method", "private_key_jwt", "invalid_client_metadata"),
        ("id_token_signed_response_alg", "none", "invalid_client_metadata"),
        ("id_token_signed_response_alg", "HS256", "invalid_client_metadata"),
        ("userinfo_signed_response_alg", "none", "invalid_client_metadata"),
        ("request_object_signing_alg", "none", "invalid_client_metadata"),
        ("id_token_encrypted_response_alg", "RSA-OAEP", "invalid_client_metadata"),
        ("logo_uri", "javascript:alert(1)", "invalid_client_metadata"),
        ("policy_uri", "data:text/html,x", "invalid_client_metadata"),
        ("initiate_login_uri", "http://app.example.com/", "invalid_client_metadata"),
        ("sector_identifier_uri", "http://app.example.com/", "invalid_client_metadata"),
        ("subject_type", "secret", "invalid_client_metadata"),
        ("application_type", "desktop", "invalid_client_metadata"),
        ("default_max_age", -1, "invalid_client_metadata"),
        ("jwks", {"keys": [{"kty": "RSA", "d": "secret"}]}, "invalid_client_metadata"),
        ("jwks", {"keys": [{"kty": "oct", "k": "secret"}]}, "invalid_client_metadata"),
        ("client_name", "a\u0000b", "invalid_client_metadata"),
        ("client_name#de", "\ud800", "invalid_client_metadata"),
        ("client_uri#de", "javascript:alert(1)", "invalid_client_metadata"),
        ("scope", 'openid "quoted"', "invalid_client_metadata"),
        ("post_logout_redirect_uris", ["javascript:alert(1)"], "invalid_client_metadata"),
    ],
    ids=lambda value: str(value)[:50].encode("unicode_escape").decode(),
)
async def test_metadata_that_cannot_be_is_refused(
    app: Application, member: str, value: Any, error: str
) -> None:
    """SECURITY_BAR row 42; RFC 7591 section 3.2.2"""
    body = json.dumps({"redirect_uris": [WEB], member: value})
    answer = await app.http.post(
        "/register", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == error
    assert answer.json()["error_description"].isascii()
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("body", [b"", b"nothing", b"[]", b'"x"', b"{", b"[" * 30_000, b"\xff"])
async def test_what_is_no_metadata_is_refused(app: Application, body: bytes) -> None:
    """SECURITY_BAR rows 42 and 44"""
    answer = await app.http.post(
        "/register", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")


async def test_a_megabyte_of_metadata_is_too_much(app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(app, client_name="x" * 1_000_000)

    assert answer.status_code == 413


async def test_both_kinds_of_keys_are_one_too_many(app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(app, jwks={"keys": []}, jwks_uri="https://app.example.com/jwks")

    assert answer.json()["error"] == "invalid_client_metadata"


async def test_nobody_chooses_his_own_standing(app: Application) -> None:
    """SECURITY_BAR row 41: mass assignment"""
    answer = await register(
        app, client_id="admin", client_secret="mine", trust="first_party", disabled_at=None,
        unique_name="x", registration_access_token="mine", is_admin=True,
    )  # fmt: skip

    body = answer.json()
    assert len(body["client_id"]) == 24
    assert body["client_secret"] != "mine"
    assert body["registration_access_token"] != "mine"
    assert not body.keys() & {"trust", "disabled_at", "unique_name", "is_admin"}


async def test_names_in_other_languages_are_kept(app: Application) -> None:
    """RFC 7591 section 2.2"""
    answer = await register(app, **{"client_name": "App", "client_name#de": "Anwendung"})

    assert answer.json()["client_name#de"] == "Anwendung"


async def test_a_client_reads_changes_and_deletes_itself(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 7592 sections 2.1 to 2.3"""
    made = (await register(app, client_name="Before", policy_uri="https://a.example/")).json()
    client = TestClient(made["client_id"], made["client_secret"])
    tokens = await visitor.tokens_for(client, user)
    path, headers = f"/register/{made['client_id']}", bearer(made["registration_access_token"])

    read = await app.http.get(path, headers=headers)
    changed = await app.http.put(
        path,
        headers=headers,
        json={
            "client_id": made["client_id"],
            "client_name": "After",
            "redirect_uris": [REDIRECT_URI, WEB],
        },
    )
    reread = await app.http.get(path, headers=headers)

    assert read.json()["client_name"] == "Before"
    assert read.json()["registration_access_token"] == made["registration_access_token"]
    assert changed.status_code == 200
    assert reread.json()["client_name"] == "After"
    assert reread.json()["redirect_uris"] == [REDIRECT_URI, WEB]
    assert "policy_uri" not in reread.json()  # what is not said again is forgotten
    assert await app.is_active(client, tokens["access_token"])

    deleted = await app.http.delete(path, headers=headers)

    assert deleted.status_code == 204
    assert (await app.http.get(path, headers=headers)).status_code == 401
    observer = await app.create_client()
    assert not await app.is_active(observer, tokens["access_token"])
    assert (await app.client_credentials(client)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("which", ["none", "wrong", "another's", "a client of the administrator"])
async def test_only_its_own_token_opens_a_client(app: Application, method: str, which: str) -> None:
    """RFC 7592 section 3; SECURITY_BAR row 41"""
    made, other = (await register(app)).json(), (await register(app)).json()
    path, headers = f"/register/{made['client_id']}", bearer(other["registration_access_token"])
    if which == "none":
        headers = {}
    elif which == "wrong":
        headers = bearer("postern_rg_nothing")
    elif which != "another's":
        path = f"/register/{(await app.create_client()).client_id}"

    answer = await app.http.request(method, path, headers=headers, json=made)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    mine = bearer(made["registration_access_token"])
    still_there = await app.http.get(f"/register/{made['client_id']}", headers=mine)
    assert still_there.status_code == 200


async def test_production_registers_nobody_unless_it_says_so(start_app: AppFactory) -> None:
    """SECURITY_BAR row 41"""
    app = await start_app(**PRODUCTION)

    answer = await register(app, redirect_uris=[WEB])
    metadata = await app.http.get("/.well-known/openid-configuration")

    assert answer.status_code == 404
    assert "registration_endpoint" not in metadata.json()


async def test_by_invitation(start_app: AppFactory, operator_of: Any) -> None:
    """RFC 7591 section 3: an initial access token, or the administrator's"""
    app = await start_app(**PRODUCTION, dynamic_registration="token")
    services = operator_of(app)
    invitation = await services.clients.invite("a team", lasts=timedelta(days=1))

    without = await register(app, redirect_uris=[WEB])
    wrong = await register(app, token="postern_ia_nothing", redirect_uris=[WEB])
    invited = await register(
        app, token=invitation, redirect_uris=[WEB], grant_types=["client_credentials"]
    )
    admin = await register(app, token=PRODUCTION["admin_token"], redirect_uris=[WEB])
    app.clock.advance(seconds=86_400)
    late = await register(app, token=invitation, redirect_uris=[WEB])
    await services.close()

    assert [answer.status_code for answer in (without, wrong, invited, admin, late)] == [
        401,
        401,
        201,
        201,
        401,
    ]


@pytest.mark.parametrize(
    ("application_type", "uri", "status"),
    [
        ("web", "https://app.example.com/cb", 201),
        ("web", "http://app.example.com/cb", 400),
        ("web", "https://localhost/cb", 400),
        ("web", "com.example.app:/cb", 400),
        ("native", "com.example.app:/cb", 201),
        ("native", "http://127.0.0.1/cb", 201),
        ("native", "http://localhost:8080/cb", 201),
        ("native", "http://app.example.com/cb", 400),
    ],
)
async def test_the_type_of_an_application_says_where_it_may_live(
    start_app: AppFactory, application_type: str, uri: str, status: int
) -> None:
    """OpenID Connect Dynamic Client Registration section 2; SECURITY_BAR row 42"""
    app = await start_app(**PRODUCTION, dynamic_registration="open")

    answer = await register(app, application_type=application_type, redirect_uris=[uri])

    assert answer.status_code == status, answer.text


async def test_a_client_that_nobody_uses_is_forgotten(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    used, unused = (await register(app)).json(), (await register(app)).json()
    await visitor.tokens_for(TestClient(used["client_id"], used["client_secret"]), user)
    app.clock.advance(seconds=31 * 86_400)

    await services_of(app).housekeeping.run_once()

    for body, status in ((used, 200), (unused, 401)):
        headers = bearer(body["registration_access_token"])
        answer = await app.http.get(f"/register/{body['client_id']}", headers=headers)
        assert answer.status_code == status
