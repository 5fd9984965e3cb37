"""OpenID Connect Front-Channel Logout 1.0: the browser tells other applications in frames."""

from typing import Any

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.logout import (
    AFTER,
    decoded,
    frames_in,
    is_signed_in,
    parameters_of,
    policy_of,
    says_signed_out,
    sid_of,
)
from tests.support.visitor import REDIRECT_URI, Visitor, visiting

FRONT = "https://app.example/front?kept=1"


async def framed_client(app: Application, uri: str = FRONT, **metadata: Any) -> TestClient:
    """Its page to load in a frame is where its redirect URIs are (section 2)."""
    origin = "/".join(uri.split("/")[:3])
    return await app.create_client(
        redirect_uris=[REDIRECT_URI, f"{origin}/callback"],
        frontchannel_logout_uri=uri,
        **metadata,
    )


@pytest.mark.slow
async def test_the_page_loads_the_logout_frame_and_then_redirects_to_the_client(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """oidcc-frontchannel-rp-initiated-logout"""
    client = await framed_client(
        app, frontchannel_logout_session_required=True, post_logout_redirect_uris=[AFTER]
    )
    id_token = (await visitor.tokens_for(client, user))["id_token"]

    page = await visitor.get(
        "/logout", id_token_hint=id_token, post_logout_redirect_uri=AFTER, state="s"
    )

    assert says_signed_out(page)
    (frame,) = frames_in(page)
    assert frame.startswith("https://app.example/front?")
    issuer = decoded(id_token)[1]["iss"]
    assert parameters_of(frame) == {"kept": "1", "iss": issuer, "sid": sid_of(id_token)}
    assert policy_of(page)["frame-src"] == "https://app.example"
    assert f'content="3;url={AFTER}?state=s"' in page.text
    assert f'href="{AFTER}?state=s"' in page.text
    assert not await is_signed_in(visitor, client)


async def test_a_frame_has_issuer_and_sid_only_if_the_client_requires_them(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """Section 2: frontchannel_logout_session_required"""
    client = await framed_client(app)
    await visitor.tokens_for(client, user)

    page = await visitor.submit(await visitor.get("/logout"))

    assert frames_in(page) == [FRONT]


async def test_only_the_clients_of_the_session_have_a_frame(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    first = await framed_client(app, "https://one.example/front")
    second = await framed_client(app, "https://two.example:8443/front")
    third = await framed_client(app, "https://two.example:8443/another")
    elsewhere = await framed_client(app, "https://elsewhere.example/front")
    await framed_client(app, "https://never.example/front")
    for client in (first, second, third, await app.create_client()):
        await visitor.tokens_for(client, user)
    async with visiting(app) as other:
        await other.tokens_for(elsewhere, user)

    page = await visitor.submit(await visitor.get("/logout"))

    assert sorted(frames_in(page)) == [
        "https://one.example/front",
        "https://two.example:8443/another",
        "https://two.example:8443/front",
    ]
    assert sorted(policy_of(page)["frame-src"].split()) == [
        "https://one.example",
        "https://two.example:8443",
    ]


async def test_without_frames_the_page_allows_no_frame_and_does_not_refresh(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 31: `frame-src` only where there are frames"""
    await visitor.tokens_for(client, user)

    question = await visitor.get("/logout")
    page = await visitor.submit(question)

    assert frames_in(page) == []
    for each in (question, page):
        assert "frame-src" not in policy_of(each)
        assert policy_of(each)["default-src"] == "'none'"
    assert "refresh" not in page.text


async def test_signing_out_on_the_account_page_loads_the_frames_too(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await framed_client(app)
    await visitor.tokens_for(client, user)

    page = await visitor.submit(await visitor.get("/account"), to="/account/sessions/end")

    assert says_signed_out(page)
    assert frames_in(page) == [FRONT]


async def test_reloading_the_page_does_not_load_the_frames_again(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await framed_client(app, post_logout_redirect_uris=[AFTER])
    id_token = (await visitor.tokens_for(client, user))["id_token"]
    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": AFTER}
    assert frames_in(await visitor.get("/logout", **asked)) == [FRONT]

    again = await visitor.get("/logout", **asked)

    assert again.headers["location"] == AFTER


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example/#fragment",
        "https://app.example/a b",
        "https://app.example;script-src/*",
        "https://app.example,x/",
        "https://'self'/",
        "https://*/",
    ],
)
async def test_an_unsafe_front_channel_logout_uri_is_refused(app: Application, uri: str) -> None:
    """SECURITY_BAR rows 31 and 42: it would stand in a frame, and its host in a header"""
    body = {
        "client_name": app.new_name("client"),
        "redirect_uri": REDIRECT_URI,
        "frontchannel_logout_uri": uri,
    }

    answer = await app.http.post("/create_client", json=body)

    assert answer.status_code == 422, answer.text


async def test_a_registered_front_channel_logout_uri_must_share_a_redirect_uri_origin(
    app: Application,
) -> None:
    """Section 2: "the domain, port, and scheme … MUST be the same" """
    body = {"redirect_uris": ["https://app.example/callback"]}

    elsewhere = [
        await app.http.post("/register", json={**body, "frontchannel_logout_uri": uri})
        for uri in ("https://app.example:8443/", "https://other.example/", "http://app.example/")
    ]
    there = await app.http.post("/register", json={**body, "frontchannel_logout_uri": FRONT})

    for answer in elsewhere:
        assert_oauth_error(answer, "invalid_client_metadata")
    assert there.status_code == 201
    assert there.json()["frontchannel_logout_uri"] == FRONT
