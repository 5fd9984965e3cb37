"""Passkeys in a real browser, with the authenticator that Chromium brings for tests."""

import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Page, Route, expect

from tests.browser.walk import Walk, walking
from tests.support.application import Application, TestUser
from tests.support.logout import decoded
from tests.support.server import Server, application_of, running_server
from tests.support.visitor import redeem

WITHOUT_HELPERS = """
delete PublicKeyCredential.parseCreationOptionsFromJSON;
delete PublicKeyCredential.parseRequestOptionsFromJSON;
"""
WITHOUT_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"
POST = """([action, form]) => fetch(action, {method: "POST", body: new URLSearchParams(form)})
    .then((answer) => answer.status)"""


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """At the address of its issuer: passkeys belong to a name."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    directory = tmp_path_factory.mktemp("server")
    async with running_server(directory, PORT=str(port)) as running:
        running.host = "localhost"
        yield running


@pytest_asyncio.fixture(scope="module")
async def app(server: Server) -> AsyncIterator[Application]:
    async with application_of(server) as made:
        yield made


@dataclass
class Device:
    """A browser with an authenticator in it, whose owner is recognised and agrees to everything."""

    walk: Walk
    session: CDPSession
    authenticator: str

    @property
    def page(self) -> Page:
        return self.walk.page

    async def recognises(self, is_recognised: bool) -> None:
        await self._say("setUserVerified", isUserVerified=is_recognised)

    async def credentials(self) -> list[dict[str, Any]]:
        found = await self._say("getCredentials")
        credentials: list[dict[str, Any]] = found["credentials"]
        return credentials

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.walk.server.url}{path}")

    async def sign_in(self, user: TestUser, *, steps: int = 1) -> None:
        await self.open("/login")
        await self.walk.sign_in(user, steps=steps)
        await self.page.wait_for_url("**/account")

    async def add(self, *, name: str | None = None) -> None:
        await self.open("/account/passkeys")
        if name is not None:
            await self.page.get_by_label("Name", exact=True).fill(name)
        await self.page.get_by_role("button", name="Add a passkey").click()

    async def forget_session(self) -> None:
        """As after signing out; the browser stays the same."""
        await self.walk.context.clear_cookies(name=re.compile("postern_sessions"))

    async def use(self, name: str = "Sign in with a passkey") -> None:
        await self.page.get_by_role("button", name=name).click()

    async def posted_by(self, path: str, press: str) -> dict[str, str]:
        """The form that is sent when a button is pressed; the server does not get it."""
        forms: list[dict[str, str]] = []

        async def keep(route: Route) -> None:
            fields = parse_qs(route.request.post_data or "")
            forms.append({name: values[0] for name, values in fields.items()})
            await route.fulfill(status=204)

        await self.page.route(f"**{path}", keep)
        async with self.page.expect_response(f"**{path}"):
            await self.use(press)
        await self.page.unroute(f"**{path}")
        return forms[-1]

    async def _say(self, what: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.session.send(
            f"WebAuthn.{what}", {"authenticatorId": self.authenticator, **parameters}
        )
        return answer


async def with_authenticator(walk: Walk) -> Device:
    session = await walk.context.new_cdp_session(walk.page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Device(walk, session, made["authenticatorId"])


@pytest_asyncio.fixture
async def device(browser: Browser, server: Server, app: Application) -> AsyncIterator[Device]:
    """Offers no passkey by itself, so that a test says when one is used."""
    async with walking(browser, server, app) as walk:
        await walk.context.add_init_script(WITHOUT_AUTOFILL)
        yield await with_authenticator(walk)


@pytest_asyncio.fixture
async def other(browser: Browser, server: Server, app: Application) -> AsyncIterator[Walk]:
    """Another browser."""
    async with walking(browser, server, app) as walk:
        yield walk


async def test_a_user_signs_in_to_a_client_with_a_passkey_and_without_a_password(
    device: Device,
) -> None:
    app, page = device.walk.app, device.page
    client = await app.create_client(redirect_uris=[device.walk.callback])
    await device.sign_in(await app.enrolled_user())
    await device.add()
    await expect(page.get_by_role("button", name="Remove Chrome, Linux")).to_be_visible()
    stored = await device.credentials()
    assert [(each["rpId"], each["isResidentCredential"]) for each in stored] == [
        ("localhost", True)
    ]
    await device.open("/logout")
    await page.get_by_role("button", name="Sign out").click()

    await device.walk.authorize(client)
    await device.use()
    await page.get_by_role("button", name="Allow").click()
    answer = await device.walk.answer()

    tokens = await redeem(app, client, answer["code"], redirect_uri=device.walk.callback)
    claims = decoded(tokens.json()["id_token"])[1]
    assert claims["amr"] == ["pop", "mfa"]
    assert claims["acr"] == "urn:postern:acr:mfa"
    await device.open("/account/passkeys")
    await expect(page.get_by_text("Last used on")).to_be_visible()


async def test_a_passkey_can_replace_the_code_as_the_second_factor(device: Device) -> None:
    app, page = device.walk.app, device.page
    client, user = await app.create_client(), await app.enrolled_user()
    await device.sign_in(user)
    await device.add()
    await page.get_by_role("button", name="Remove").wait_for()
    await device.forget_session()

    await device.walk.authorize(client)
    await device.walk.give_password(user)
    await device.use("Use a passkey instead")
    await page.get_by_role("button", name="Allow").click()
    answer = await device.walk.answer()

    tokens = await redeem(app, client, answer["code"], redirect_uri=device.walk.callback)
    assert decoded(tokens.json()["id_token"])[1]["amr"] == ["pwd", "pop", "mfa"]


async def test_a_passkey_can_be_named_renamed_and_removed(device: Device) -> None:
    page = device.page
    await device.sign_in(await device.walk.app.enrolled_user())
    await device.open("/account/passkeys")
    await expect(page.get_by_text("appear here after you add one.")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Chrome, Linux")
    await device.add(name="My laptop")
    await page.get_by_text("Rename", exact=True).click()
    await page.get_by_label("New name").fill("Work laptop")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Remove Work laptop").click()
    await expect(page.get_by_text("appear here after you add one.")).to_be_visible()
    await device.forget_session()

    await device.open("/login")
    await device.use()

    await expect(page.get_by_role("alert")).to_contain_text("That passkey didn't work.")
    assert (await page.title()).startswith("Error: ")


async def test_a_failed_or_cancelled_passkey_prompt_shows_an_error(device: Device) -> None:
    page = device.page
    await device.sign_in(await device.walk.app.enrolled_user())
    await device.recognises(False)
    await device.add()
    await expect(page.get_by_role("alert")).to_contain_text("No passkey was added")
    await expect(page.get_by_role("alert")).to_be_focused()
    await device.recognises(True)
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_role("button", name="Remove").wait_for()
    await device.forget_session()
    await device.open("/login")
    await device.recognises(False)

    await device.use()
    await expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    await device.recognises(True)
    await device.use()

    await page.wait_for_url("**/account")


async def test_an_authenticator_cannot_be_added_twice(device: Device) -> None:
    await device.sign_in(await device.walk.app.enrolled_user())
    await device.add()
    await device.page.get_by_role("button", name="Remove").wait_for()

    await device.add()

    await expect(device.page.get_by_role("alert")).to_contain_text(
        "already has a passkey for your account"
    )


async def test_a_passkey_form_is_valid_once_and_only_in_its_own_browser(
    device: Device, other: Walk
) -> None:
    page = device.page
    await device.sign_in(await device.walk.app.enrolled_user())
    await device.add()
    await page.get_by_role("button", name="Remove").wait_for()
    await device.forget_session()
    await device.open("/login")
    form = await device.posted_by("/login/passkey", "Sign in with a passkey")
    assert json.loads(form["credential"])["response"]["userHandle"]
    await other.page.goto(f"{other.server.url}/login")
    token = other.page.locator("form[action='/login'] input[name=csrf_token]")
    elsewhere = {**form, "csrf_token": await token.get_attribute("value")}

    assert await other.page.evaluate(POST, ["/login/passkey", elsewhere]) == 400
    assert await page.evaluate(POST, ["/login/passkey", form]) == 200
    await device.forget_session()
    assert await page.evaluate(POST, ["/login/passkey", form]) == 400


async def test_passkeys_work_in_browsers_without_the_json_helpers(device: Device) -> None:
    page = device.page
    await device.walk.context.add_init_script(WITHOUT_HELPERS)
    await device.sign_in(await device.walk.app.enrolled_user())
    await device.add()
    await page.get_by_role("button", name="Remove").wait_for()
    await device.forget_session()

    await device.open("/login")
    await device.use()

    await page.wait_for_url("**/account")


async def test_the_username_autofill_offers_passkeys(
    browser: Browser, server: Server, app: Application
) -> None:
    async with walking(browser, server, app) as walk:
        device = await with_authenticator(walk)
        await device.sign_in(await app.enrolled_user())
        await device.add()
        await walk.page.get_by_role("button", name="Remove").wait_for()
        await device.forget_session()

        await device.open("/login")

        await walk.page.wait_for_url("**/account")


async def test_without_javascript_passkeys_are_not_offered(
    browser: Browser, server: Server, app: Application
) -> None:
    """PAGES: a way that needs a script is shown by the script"""
    async with walking(browser, server, app, java_script_enabled=False) as walk:
        await walk.page.goto(f"{server.url}/login")

        button = walk.page.get_by_text("Sign in with a passkey")
        await expect(button).to_have_count(1)
        await expect(button).to_be_hidden()
        name = walk.page.get_by_label("Username")
        await expect(name).to_have_attribute("autocomplete", "username webauthn")


async def test_passkeys_are_not_offered_on_a_host_other_than_the_issuer(other: Walk) -> None:
    await other.page.goto(f"http://127.0.0.1:{other.server.port}/login")

    await expect(other.page.get_by_text("Sign in with a passkey")).to_be_hidden()
