"""Clients whose callback sends the browser on: Chromium checks `form-action` at every hop."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.browser.walk import Walk
from tests.support.application import TestClient
from tests.support.waiting import eventually

MODES = ("query", "form_post")
APP_SCHEME = "com.example.app:/done"


async def to_the_consent_page(walk: Walk, mode: str) -> TestClient:
    client, user = await walk.app.create_client(), await walk.app.enrolled_user()
    await walk.authorize(client, response_mode=mode)
    await walk.sign_in(user, steps=1)
    await expect(walk.page.get_by_role("button", name="Allow")).to_be_visible()
    return client


async def allow(walk: Walk, mode: str) -> None:
    await walk.page.get_by_role("button", name="Allow").click()
    if mode == "form_post" and not walk.has_scripts:
        await walk.page.get_by_role("button", name="Continue").click()


async def navigations(walk: Walk) -> Callable[[str], bool]:
    """Whether the browser has asked for an address from now on, private-use schemes included."""
    addresses: list[str] = []
    session = await walk.context.new_cdp_session(walk.page)
    session.on("Network.requestWillBeSent", lambda sent: addresses.append(sent["request"]["url"]))
    await session.send("Network.enable")
    return addresses.__contains__


def elsewhere(walk: Walk) -> str:
    """An address of another origin, to which the client's callback leads from now on."""
    address = walk.origin.replace("localhost", "127.0.0.1") + "/landed"
    walk.onwards.append(address)
    return address


@pytest.mark.parametrize("mode", MODES)
async def test_a_callback_may_redirect_to_another_origin(walk: Walk, mode: str) -> None:
    """TRAPS: `form-action` is checked at every hop after a form post"""
    address = elsewhere(walk)
    await to_the_consent_page(walk, mode)

    await allow(walk, mode)

    await walk.page.wait_for_url(address)
    await expect(walk.page.get_by_role("heading")).to_have_text("Back in the app")


@pytest.mark.parametrize("mode", MODES)
async def test_a_callback_may_redirect_to_a_private_use_scheme(walk: Walk, mode: str) -> None:
    """RFC 8252 section 7.1"""
    walk.onwards.append(APP_SCHEME)
    await to_the_consent_page(walk, mode)
    was_asked = await navigations(walk)

    await allow(walk, mode)

    await eventually(lambda: was_asked(APP_SCHEME))


async def test_every_other_redirect_to_the_client_may_redirect_again_too(walk: Walk) -> None:
    """Cancelling, choosing an account, and signing out"""
    bye = f"{walk.origin}/callback/bye"
    client = await walk.app.create_client(post_logout_redirect_uris=[bye])
    user = await walk.app.enrolled_user()
    address = elsewhere(walk)
    await walk.authorize(client)
    await walk.page.get_by_role("button", name="Back to").click()
    await walk.page.wait_for_url(address)

    await walk.authorize(client)
    await walk.sign_in(user, steps=1)
    await allow(walk, "query")
    await walk.page.wait_for_url(address)
    await walk.authorize(client, prompt="select_account")
    await walk.page.get_by_role("button", name=user.username).click()
    await walk.page.wait_for_url(address)

    asked = f"client_id={client.client_id}&post_logout_redirect_uri={bye}"
    await walk.page.goto(f"{walk.server.url}/logout?{asked}")
    await walk.page.get_by_role("button", name="Sign out").click()
    await walk.page.wait_for_url(address)
