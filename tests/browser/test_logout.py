"""Signing out as a browser does it: frames that load, and the form of another site."""

from playwright.async_api import expect

from tests.browser.walk import Walk
from tests.support.application import TestClient
from tests.support.visitor import redeem


async def signed_in(walk: Walk, **metadata: object) -> tuple[TestClient, str]:
    """A client where somebody is signed in, and his ID token."""
    client = await walk.app.create_client(
        redirect_uris=[walk.callback], post_logout_redirect_uris=[f"{walk.origin}/bye"], **metadata
    )
    user = await walk.app.enrolled_user()
    await walk.authorize(client)
    await walk.sign_in(user, steps=1)
    await walk.page.get_by_role("button", name="Allow").click()
    code = (await walk.answer())["code"]
    tokens = await redeem(walk.app, client, code, redirect_uri=walk.callback)
    return client, tokens.json()["id_token"]


async def test_front_channel_frames_load_before_the_browser_is_redirected(walk: Walk) -> None:
    """oidcc-frontchannel-rp-initiated-logout; the policy lets exactly these frames in"""
    front = f"{walk.origin}/front"
    _, id_token = await signed_in(walk, frontchannel_logout_uri=front)
    asked = f"id_token_hint={id_token}&post_logout_redirect_uri={walk.origin}/bye&state=s"

    async with walk.page.expect_response(front) as loaded:
        await walk.page.goto(f"{walk.server.url}/logout?{asked}")
        await expect(walk.page.get_by_role("heading")).to_have_text("You're signed out")

    assert (await loaded.value).status == 200
    await walk.page.wait_for_url(f"{walk.origin}/bye?state=s")


async def test_a_cross_site_form_signs_the_user_out_without_cookies(walk: Walk) -> None:
    """RP-Initiated Logout section 2: by POST; our cookies are SameSite=Lax"""
    client, id_token = await signed_in(walk)
    fields = {
        "id_token_hint": id_token,
        "post_logout_redirect_uri": f"{walk.origin}/bye",
        "state": "s",
    }
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    await walk.page.goto(walk.origin)
    await walk.page.set_content(
        f'<form method="post" action="{walk.server.url}/logout">{inputs}<button>Go</button></form>'
    )

    await walk.page.get_by_role("button", name="Go").click()

    await walk.page.wait_for_url(f"{walk.origin}/bye?state=s")
    await walk.authorize(client, prompt="none")
    assert (await walk.answer())["error"] == "login_required"


async def test_confirming_the_sign_out_redirects_to_the_client(walk: Walk) -> None:
    """docs/decisions/0015-form-action.md"""
    client, _ = await signed_in(walk)
    asked = f"client_id={client.client_id}&post_logout_redirect_uri={walk.origin}/bye&state=s"
    await walk.page.goto(f"{walk.server.url}/logout?{asked}")

    await walk.page.get_by_role("button", name="Sign out").click()

    await walk.page.wait_for_url(f"{walk.origin}/bye?state=s")


async def test_the_account_page_removes_listed_apps_and_signs_the_user_out(walk: Walk) -> None:
    client, _ = await signed_in(walk)
    page = walk.page
    await page.goto(f"{walk.server.url}/account")
    await expect(page.get_by_text("this browser")).to_be_visible()

    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("Apps appear here after you sign in to them.")).to_be_visible()
    await page.get_by_role("button", name="Sign out", exact=True).click()

    await expect(page.get_by_role("heading")).to_have_text("You're signed out")
    await walk.authorize(client, prompt="none")
    assert (await walk.answer())["error"] == "login_required"
