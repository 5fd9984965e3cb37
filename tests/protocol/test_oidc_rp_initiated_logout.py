"""OpenID Connect RP-Initiated Logout 1.0: what a client may ask for, and what it gets.

Docstrings name the module of the conformance suite that looks at the same.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.logout import (
    AFTER,
    is_error_page,
    is_question,
    is_signed_in,
    parameters_of,
    says_signed_out,
)
from tests.support.visitor import Visitor, text_of, visiting

WEEK = 604_800


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    return await app.create_client(post_logout_redirect_uris=[AFTER, f"{AFTER}?tab=1"])


@pytest_asyncio.fixture
async def hint(visitor: Visitor, client: TestClient, user: TestUser) -> str:
    """The ID token of a person who is signed in."""
    return str((await visitor.tokens_for(client, user))["id_token"])


@pytest_asyncio.fixture
async def stranger(app: Application) -> AsyncIterator[Visitor]:
    """A browser in which nobody is signed in."""
    async with visiting(app) as made:
        yield made


async def test_a_valid_hint_and_a_registered_uri_end_the_session_without_confirmation(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    """oidcc-rp-initiated-logout"""
    answer = await visitor.get(
        "/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER, state="a state & more"
    )

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{AFTER}?")
    assert parameters_of(answer.headers["location"]) == {"state": "a state & more"}
    assert answer.headers["cache-control"] == "no-store"
    assert not await is_signed_in(visitor, client)


async def test_no_state_is_returned_when_none_was_sent(visitor: Visitor, hint: str) -> None:
    """oidcc-rp-initiated-logout-no-state"""
    answer = await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert answer.status_code == 303
    assert answer.headers["location"] == AFTER


async def test_the_state_is_appended_to_the_registered_query(visitor: Visitor, hint: str) -> None:
    answer = await visitor.get(
        "/logout", id_token_hint=hint, post_logout_redirect_uri=f"{AFTER}?tab=1", state="s"
    )

    assert parameters_of(answer.headers["location"]) == {"tab": "1", "state": "s"}


async def test_a_session_ends_on_the_server_and_not_only_in_the_browser(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    """SECURITY_BAR row 30"""
    kept = {cookie.name: cookie.value or "" for cookie in visitor.http.cookies.jar}
    await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)
    assert "postern_sessions" not in visitor.http.cookies

    visitor.http.cookies.update(kept)

    assert not await is_signed_in(visitor, client)


async def test_all_tokens_of_the_session_except_offline_access_are_revoked(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9; Back-Channel Logout section 2.7: `offline_access` outlives a logout"""
    online = await visitor.tokens_for(client, user, scope="openid profile")
    offline = await visitor.tokens_for(client, user, scope="openid profile offline_access")

    await visitor.get("/logout", id_token_hint=online["id_token"], post_logout_redirect_uri=AFTER)

    assert_oauth_error(await app.refresh(client, online["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, online["access_token"])
    assert (await app.refresh(client, offline["refresh_token"])).status_code == 200


async def test_an_expired_hint_is_accepted(app: Application, visitor: Visitor, hint: str) -> None:
    """Section 2: "even when the exp time has passed"; the session of the day after"""
    app.clock.advance(seconds=11 * 3600)

    answer = await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert answer.headers["location"] == AFTER


async def test_the_hint_of_an_earlier_session_signs_the_same_user_out(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser, hint: str
) -> None:
    app.clock.advance(seconds=WEEK)
    await visitor.tokens_for(client, user)

    answer = await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert answer.headers["location"] == AFTER
    assert not await is_signed_in(visitor, client)


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example/other",
        "https://app.example/signed-out/",
        "https://app.example/signed-out/..",
        "https://app.example/signed-out?more=1",
        "https://app.example/signed-out?tab=1&more=1",
        "https://app.example/signed-out#here",
        "https://app.example:8443/signed-out",
        "https://APP.example/signed-out",
        "http://app.example/signed-out",
        "https://app.example@evil.example/signed-out",
        "https://app.example\\@evil.example/signed-out",
        "//evil.example/signed-out",
        "/account/password",
        "javascript:alert(1)",
    ],
)
async def test_an_unregistered_post_logout_redirect_uri_gets_an_error_page(
    visitor: Visitor, client: TestClient, hint: str, address: str
) -> None:
    """SECURITY_BAR row 32; oidcc-rp-initiated-logout-bad-post-logout-redirect-uri, -query-added"""
    answer = await visitor.get(
        "/logout", id_token_hint=hint, post_logout_redirect_uri=address, state="s"
    )

    assert is_error_page(answer)
    assert "The app asked to return to an address that isn't registered for it." in text_of(answer)
    assert address not in answer.text
    assert await is_signed_in(visitor, client)


async def test_a_sign_in_redirect_uri_is_not_a_post_logout_redirect_uri(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    """SECURITY_BAR row 32: section 3.1 has a list of its own"""
    answer = await visitor.get(
        "/logout",
        id_token_hint=hint,
        post_logout_redirect_uri="http://localhost:3000/callback",
    )

    assert is_error_page(answer)


async def test_the_hint_and_the_client_id_must_match(
    app: Application, visitor: Visitor, client: TestClient, hint: str
) -> None:
    """Section 2: "the OP MUST verify that the Client Identifier matches" """
    other = await app.create_client(post_logout_redirect_uris=[AFTER])

    answer = await visitor.get(
        "/logout",
        id_token_hint=hint,
        client_id=other.client_id,
        post_logout_redirect_uri=AFTER,
    )

    assert is_error_page(answer)
    assert "The ID token in the request was issued to a different app." in text_of(answer)
    assert await is_signed_in(visitor, client)


async def test_the_client_id_may_be_sent_with_its_hint(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    answer = await visitor.get(
        "/logout",
        id_token_hint=hint,
        client_id=client.client_id,
        post_logout_redirect_uri=AFTER,
    )

    assert answer.headers["location"] == AFTER


async def test_a_disabled_client_gets_an_error_page(
    visitor: Visitor, client: TestClient, hint: str, operator: Services
) -> None:
    await operator.clients.administration.set_disabled(
        client.client_id, disabled=True, authority=FULL
    )

    answer = await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert is_error_page(answer)


async def test_only_the_session_of_the_hint_ends(
    app: Application, visitor: Visitor, client: TestClient, hint: str
) -> None:
    """Two people in one browser"""
    second = await app.enrolled_user()
    page = await visitor.get("/login", other="1")
    await visitor.sign_in(page, second)

    answer = await visitor.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert answer.headers["location"] == AFTER
    account = await visitor.get("/account")
    assert account.status_code == 200
    assert second.username in account.text


async def test_a_hint_for_a_user_not_signed_in_here_requires_confirmation(
    app: Application, visitor: Visitor, stranger: Visitor, client: TestClient, hint: str
) -> None:
    """Section 2: "if … not currently logged in" to this browser, the OP asks"""
    other = await app.enrolled_user()
    await stranger.tokens_for(client, other)

    answer = await stranger.get("/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER)

    assert is_question(answer)
    assert other.username in text_of(answer)
    assert await is_signed_in(stranger, client)
    assert await is_signed_in(visitor, client)


async def test_a_valid_hint_redirects_when_no_user_is_signed_in(
    stranger: Visitor, hint: str
) -> None:
    answer = await stranger.get(
        "/logout", id_token_hint=hint, post_logout_redirect_uri=AFTER, state="s"
    )

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{AFTER}?state=s"


async def test_the_page_says_signed_out_when_no_user_is_signed_in(stranger: Visitor) -> None:
    answer = await stranger.get("/logout")

    assert says_signed_out(answer)


async def test_without_a_hint_or_a_session_the_page_has_a_link_and_no_redirect(
    stranger: Visitor, client: TestClient
) -> None:
    """SECURITY_BAR row 32; section 3: no redirect without a valid hint"""
    answer = await stranger.get(
        "/logout", client_id=client.client_id, post_logout_redirect_uri=AFTER, state="s"
    )

    assert says_signed_out(answer)
    assert f'href="{AFTER}?state=s"' in answer.text
    assert "refresh" not in answer.text


@pytest.mark.parametrize(
    "query", ["state=1&state=2", "state=%00", "state=%ff", "&".join("abc" * 30)]
)
async def test_a_malformed_request_gets_an_error_page(
    visitor: Visitor, client: TestClient, hint: str, query: str
) -> None:
    answer = await visitor.http.get(f"/logout?{query}")

    assert is_error_page(answer)
    assert await is_signed_in(visitor, client)
