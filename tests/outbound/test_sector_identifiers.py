"""Pairwise subjects (OpenID Connect Core section 8.1) and the documents that name a sector."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.jwt import claims_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.visitor import REDIRECT_URI, Visitor, visiting

ELSEWHERE = "https://other.example.com/callback"


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)


async def register(app: Application, **metadata: Any) -> httpx.Response:
    body = {"redirect_uris": [REDIRECT_URI], "subject_type": "pairwise", **metadata}
    return await app.http.post("/register", json=body)


async def sub_of(visitor: Visitor, client: TestClient, user: Any) -> str:
    tokens = await visitor.tokens_for(client, user)
    claims = await claims_of(visitor.app, tokens["id_token"], audience=client.client_id)
    userinfo = await visitor.app.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert userinfo.json()["sub"] == claims["sub"]
    return str(claims["sub"])


def client_in(answer: httpx.Response) -> TestClient:
    assert answer.status_code == 201, answer.text
    return TestClient(answer.json()["client_id"], answer.json()["client_secret"])


@pytest.mark.slow
async def test_clients_of_one_sector_share_a_subject_that_differs_from_the_public_one(
    own_app: Application, peer: Peer
) -> None:
    user = await own_app.enrolled_user()
    peer.answers["/sector"] = Answer(json.dumps([REDIRECT_URI, ELSEWHERE]))
    same_host = [client_in(await register(own_app)) for _ in range(2)]
    by_document = client_in(
        await register(
            own_app,
            redirect_uris=[REDIRECT_URI, ELSEWHERE],
            sector_identifier_uri=peer.url("/sector"),
        )
    )
    public = await own_app.create_client()
    async with visiting(own_app) as visitor:
        subjects = [
            await sub_of(visitor, client, user) for client in (*same_host, by_document, public)
        ]

    # the peer is on `localhost` too, so its sector is the one of the redirect URI
    assert subjects[0] == subjects[1] == subjects[2] != subjects[3]
    assert len(subjects[0]) == 43


@pytest.mark.slow
async def test_introspection_does_not_reveal_the_public_subject_or_the_username(
    own_app: Application,
) -> None:
    user = await own_app.enrolled_user()
    client = client_in(await register(own_app))
    async with visiting(own_app) as visitor:
        tokens = await visitor.tokens_for(client, user)

    claims = await claims_of(own_app, tokens["id_token"], audience=client.client_id)
    told = await own_app.introspect(client, tokens["access_token"])
    assert told["sub"] == claims["sub"]
    assert "username" not in told  # it would tell sectors that they know the same person


async def test_redirect_uris_on_several_hosts_require_a_sector_document(
    own_app: Application,
) -> None:
    answer = await register(own_app, redirect_uris=[REDIRECT_URI, ELSEWHERE])

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize(
    "document",
    [
        Answer(json.dumps([ELSEWHERE])),
        Answer("{}"),
        Answer("nothing"),
        Answer("[" * 20_000),
        Answer(json.dumps([REDIRECT_URI]), status=404),
        Answer(status=302, headers={"Location": "/sector-moved"}),
    ],
    ids=["another list", "no list", "no JSON", "deep", "missing", "moved"],
)
async def test_a_document_that_does_not_list_every_redirect_uri_is_refused(
    own_app: Application, peer: Peer, document: Answer
) -> None:
    """CONFORMANCE: oidcc-registration-sector-bad; SECURITY_BAR row 43"""
    peer.answers["/sector"] = document
    peer.answers["/sector-moved"] = Answer(json.dumps([REDIRECT_URI]))

    answer = await register(own_app, sector_identifier_uri=peer.url("/sector"))

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
JWKS_URI = "https://keys.example.com/jwks"
KEYED = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": JWKS_URI}


@pytest.mark.parametrize("door", ["/register", "/create_client"])
@pytest.mark.parametrize(
    ("listed", "metadata", "is_proven"),
    [
        ([REDIRECT_URI, JWKS_URI], KEYED, True),
        ([REDIRECT_URI], KEYED, False),
        ([JWKS_URI], KEYED, False),
        ([REDIRECT_URI, JWKS_URI], {"jwks_uri": JWKS_URI}, False),
        ([REDIRECT_URI, JWKS_URI], {**KEYED, "token_endpoint_auth_method": "none"}, False),
        ([REDIRECT_URI], {}, False),
        ([], {"redirect_uris": [], "grant_types": [DEVICE]}, False),
        ([JWKS_URI], {**KEYED, "redirect_uris": [], "grant_types": [DEVICE]}, False),
    ],
)
async def test_a_sector_must_be_proven_for_every_grant_that_issues_tokens(
    own_app: Application,
    peer: Peer,
    door: str,
    listed: list[str],
    metadata: dict[str, Any],
    *,
    is_proven: bool,
) -> None:
    """A device-grant client must not name the document of a victim; CIBA Core section 4"""
    peer.answers["/sector"] = Answer(json.dumps(listed))
    body = {
        "client_name": own_app.new_name(),
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", DEVICE],
        "subject_type": "pairwise",
        "sector_identifier_uri": peer.url("/sector"),
        **metadata,
    }

    answer = await own_app.http.post(door, json=body)

    if is_proven:
        assert answer.status_code == 201, answer.text
        assert answer.json()["subject_type"] == "pairwise"
    else:
        assert answer.status_code == (400 if door == "/register" else 422)
        assert answer.json()["error"] == "invalid_client_metadata"


async def test_the_default_grants_of_a_pairwise_client_need_no_further_sector_proof(
    own_app: Application,
) -> None:
    """Without grant_types `/create_client` gives it those that need no further proof"""
    body = {"client_name": own_app.new_name(), "redirect_uri": REDIRECT_URI}

    answer = await own_app.http.post("/create_client", json={**body, "subject_type": "pairwise"})

    assert answer.json()["grant_types"] == ["authorization_code", "refresh_token"]
