"""The whole way in a real browser: account, authenticator, consent, code, tokens, logout."""

from typing import Any

from playwright.async_api import expect

from tests.browser.walk import Walk
from tests.support.visitor import query, redeem

PASSWORD = "a good long password"


async def test_a_new_user_registers_enrols_consents_and_signs_out(walk: Walk) -> None:
    """Register → enrol → consent → code → tokens → userinfo → logout"""
    app, page = walk.app, walk.page
    bye = f"{walk.origin}/bye"
    client = await app.create_client(post_logout_redirect_uris=[bye])
    name = app.new_name()
    await walk.authorize(client, scope="openid profile email")

    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Name", exact=False).nth(1).fill("Ada Lovelace")
    await page.get_by_label("Email address").fill("ada@example.com")
    await page.locator("#password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", name="Set up your authenticator app")).to_be_visible()
    await walk.type_code(walk.code_of(await walk.secret(), steps=-1))
    await walk.save_codes()
    await expect(page.get_by_text("Your name")).to_be_visible()
    await page.get_by_role("button", name="Allow").click()
    answer = await walk.answer()

    tokens = (await redeem(app, client, answer["code"], redirect_uri=walk.callback)).json()
    userinfo = await app.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert userinfo.json()["email"] == "ada@example.com"
    assert userinfo.json()["email_verified"] is False
    assert userinfo.json()["name"] == "Ada Lovelace"
    asked = f"id_token_hint={tokens['id_token']}&post_logout_redirect_uri={bye}"
    await page.goto(f"{walk.server.url}/logout?{asked}&state=s")
    assert page.url == f"{bye}?state=s"
    await walk.authorize(client, prompt="none")
    assert (await walk.answer())["error"] == "login_required"


async def test_errors_appear_beside_their_field_and_the_input_is_preserved(walk: Walk) -> None:
    """PAGES: kept input, a summary, an error beside its field"""
    app, page = walk.app, walk.page
    client, user = await app.create_client(), await app.enrolled_user()
    await walk.authorize(client)

    await walk.give_password(user, password="not the password")
    await expect(page.get_by_role("alert")).to_contain_text("Wrong username or password.")
    await expect(page.get_by_label("Username")).to_have_value(user.username)
    assert (await page.title()).startswith("Error: ")
    if walk.has_scripts:
        await expect(page.get_by_role("alert")).to_be_focused()
    await walk.give_password(user)
    await page.wait_for_url("**/login/otp*")
    await walk.type_code("000000")
    await expect(page.locator("#code")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#code-error")).to_contain_text("wrong or has expired")
    await walk.type_code(app.code(user, steps=1))

    await expect(page.get_by_role("button", name="Allow")).to_be_visible()


async def test_a_signed_in_user_is_asked_to_sign_in_again_only_if_the_client_requires_it(
    walk: Walk,
) -> None:
    app, page = walk.app, walk.page
    client, user = await app.create_client(), await app.enrolled_user()
    await walk.authorize(client)
    await walk.sign_in(user, steps=1)
    await page.get_by_role("button", name="Allow").click()
    assert "code" in await walk.answer()

    await walk.authorize(client)
    assert "code" in await walk.answer()
    for asked in ({"prompt": "login"}, {"max_age": "0"}):
        await walk.authorize(client, **asked)
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_cross_site_authorization_form_uses_the_existing_session(
    scripted: Walk,
) -> None:
    """CONFORMANCE: the POST comes without Lax cookies, the redirect after it brings them"""
    app, page = scripted.app, scripted.page
    client, user = await app.create_client(), await app.enrolled_user()
    await scripted.authorize(client)
    await scripted.sign_in(user, steps=1)
    await page.get_by_role("button", name="Allow").click()
    await scripted.answer()

    fields = "".join(
        f'<input name="{name}" value="{value}">'
        for name, value in (pair.split("=") for pair in query(client, scope="openid").split("&"))
        if "%" not in value
    )
    form = (
        f'<form id="f" method="post" action="{scripted.server.url}/authorize">{fields}'
        f'<input name="redirect_uri" value="{scripted.callback}"></form>'
    )
    await page.evaluate("html => { document.body.innerHTML = html; }", form)
    await page.evaluate("document.getElementById('f').submit()")

    await page.wait_for_url("**/callback?code=*")


async def test_a_form_post_response_is_submitted_automatically_or_by_a_button(walk: Walk) -> None:
    app, page = walk.app, walk.page
    client, user = await app.create_client(), await app.enrolled_user()
    await walk.authorize(client, response_mode="form_post", state='"<&>')
    await walk.sign_in(user, steps=1)

    await page.get_by_role("button", name="Allow").click()
    if not walk.has_scripts:
        await page.get_by_role("button", name="Continue").click()
    answer = await walk.answer()

    assert answer["state"] == '"<&>'
    assert answer["code"]


async def test_two_tabs_do_not_interfere_with_each_other(scripted: Walk) -> None:
    app = scripted.app
    first, second = await app.create_client(), await app.create_client()
    user = await app.enrolled_user()
    other_tab = await scripted.context.new_page()
    await scripted.authorize(first, state="first")
    await scripted.authorize(second, other_tab, state="second")

    await scripted.sign_in(user, steps=1)
    await scripted.page.get_by_role("button", name="Allow").click()
    assert (await scripted.answer())["state"] == "first"
    await other_tab.reload()
    await scripted.authorize(second, other_tab, state="second")
    await other_tab.get_by_role("button", name="Allow").click()

    assert (await scripted.answer(other_tab))["state"] == "second"


async def test_two_tabs_opened_at_once_in_a_fresh_browser_both_work(walk: Walk) -> None:
    """Each answer sets the cookie, and the later one replaces the earlier."""
    app, client = walk.app, await walk.app.create_client()
    users = [await app.enrolled_user(), await app.enrolled_user()]
    other_tab = await walk.context.new_page()
    await walk.authorize(client, state="first")
    await walk.context.clear_cookies()
    await walk.authorize(client, other_tab, state="second")

    await walk.sign_in(users[0], steps=1)
    await walk.page.get_by_role("button", name="Allow").click()
    assert (await walk.answer())["state"] == "first"
    walk.page = other_tab
    await walk.sign_in(users[1], steps=1)
    await walk.page.get_by_role("button", name="Allow").click()

    assert (await walk.answer())["state"] == "second"


async def test_going_back_after_consent_shows_an_explanation(scripted: Walk) -> None:
    app, page = scripted.app, scripted.page
    client, user = await app.create_client(), await app.enrolled_user()
    await scripted.authorize(client)
    await scripted.sign_in(user, steps=1)
    await page.get_by_role("button", name="Allow").click()
    await scripted.answer()

    await page.go_back()
    await expect(
        page.get_by_text("This sign-in is already complete. Go back to the app.")
    ).to_be_visible()
    await expect(page.get_by_text("postern_")).to_have_count(0)


async def test_a_user_can_sign_in_with_the_keyboard_alone(scripted: Walk) -> None:
    app, page = scripted.app, scripted.page
    client, user = await app.create_client(), await app.enrolled_user()
    await scripted.authorize(client)

    await expect(page.locator("#username")).to_be_focused()
    await page.keyboard.type(user.username)
    await page.keyboard.press("Tab")
    await page.keyboard.type(user.password)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/login/otp*")
    await expect(page.locator("#code")).to_be_focused()
    await page.keyboard.type(app.code(user, steps=1))
    await page.wait_for_url("**/consent*")
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.value") == "allow":
            break
    await page.keyboard.press("Enter")

    assert "code" in await scripted.answer()


async def test_password_managers_find_the_expected_autocomplete_attributes(scripted: Walk) -> None:
    page: Any = scripted.page
    await page.goto(f"{scripted.server.url}/login")
    await expect(page.locator("#username")).to_have_attribute("autocomplete", "username webauthn")
    await expect(page.locator("#password")).to_have_attribute("autocomplete", "current-password")
    await page.goto(f"{scripted.server.url}/create-account")
    await expect(page.locator("#password")).to_have_attribute("autocomplete", "new-password")


async def test_a_cross_site_form_cannot_grant_consent(scripted: Walk) -> None:
    """SECURITY_BAR rows 30 and 34: the browser is signed in, and the site knows the open request"""
    app, page = scripted.app, scripted.page
    client, user = await app.create_client(), await app.enrolled_user()
    await scripted.authorize(client)
    await scripted.sign_in(user, steps=1)
    await page.get_by_role("button", name="Allow").wait_for()
    names = ("request_id", "session_id", "csrf_token")
    known = {
        name: await page.locator(f"input[name={name}]").get_attribute("value") for name in names
    }
    other_site = await scripted.context.new_page()
    await other_site.goto(f"{scripted.origin}/elsewhere")

    fields = "".join(f'<input name="{name}" value="{value}">' for name, value in known.items())
    form = (
        f'<form id="f" method="post" action="{scripted.server.url}/consent">{fields}'
        '<input name="decision" value="allow"></form>'
    )
    await other_site.evaluate("html => { document.body.innerHTML = html; }", form)
    await other_site.evaluate("document.getElementById('f').submit()")
    await expect(other_site.get_by_role("heading", name="This page has expired")).to_be_visible()

    await scripted.authorize(client, other_site, prompt="none")
    assert (await scripted.answer(other_site))["error"] == "consent_required"
