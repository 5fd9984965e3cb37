"""Swagger UI in a real browser: it needs no other host, and Authorize works for both flows."""

import re
import secrets
from dataclasses import dataclass

import httpx
import pyotp
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.support.application import PASSWORD, otp_secret_in
from tests.support.server import Server


@dataclass(frozen=True)
class Registered:
    username: str
    client_id: str
    client_secret: str


@pytest_asyncio.fixture(scope="module")
async def registered(server: Server) -> Registered:
    """A person who can sign in, and a client."""
    name = f"person-{secrets.token_hex(4)}"
    async with httpx.AsyncClient(base_url=server.url) as http:
        body = {"username": name, "password": PASSWORD}
        uri = (await http.post("/register_user", json=body)).json()["otp_uri"]
        code = pyotp.TOTP(otp_secret_in(uri)).now()
        confirmed = await http.post("/verify_otp", json={"username": name, "code": code})
        assert confirmed.status_code == 200
        metadata = {"client_name": f"{name}-app", "redirect_uri": "http://localhost:3000/callback"}
        client = (await http.post("/create_client", json=metadata)).json()
    return Registered(name, client["client_id"], client["client_secret"])


async def test_a_machine_authorizes_and_sees_its_profile(
    server: Server, page: Page, registered: Registered
) -> None:
    flow = await open_authorization(page, server, "clientCredentials")
    await fill_client(flow, registered)
    await authorize(flow)

    body = await try_profile(page)

    assert '"type": "client"' in body
    assert registered.client_id in body


async def test_a_person_authorizes_and_sees_his_profile(
    server: Server, page: Page, registered: Registered
) -> None:
    flow = await open_authorization(page, server, "password")
    await flow.locator("#oauth_username").fill(registered.username)
    await flow.locator("#oauth_password").fill(PASSWORD)
    await fill_client(flow, registered)
    await authorize(flow)

    body = await try_profile(page)

    assert '"type": "user"' in body
    assert registered.username in body


async def test_a_person_is_registered_by_try_it_out(server: Server, page: Page) -> None:
    await page.goto(f"{server.url}/docs")
    call = page.locator("#operations-People-register_user_register_user_post")
    await call.locator(".opblock-summary").click()
    body = f'{{"username": "person-{secrets.token_hex(4)}", "password": "{PASSWORD}"}}'
    await call.locator("textarea").fill(body)

    await call.get_by_role("button", name="Execute").click()

    await expect(call.locator(".live-responses-table td.response-col_status").last).to_have_text(
        "201"
    )


async def test_the_token_call_offers_an_example_for_each_grant(server: Server, page: Page) -> None:
    await page.goto(f"{server.url}/docs")
    call = page.locator("#operations-Tokens-token_token_post")
    await call.locator(".opblock-summary").click()

    options = await call.locator(".examples-select select option").all_inner_texts()

    assert [option.strip() for option in options if "Modified" not in option] == [
        "A code for tokens",
        "A machine asks for itself",
        "A person signs in",
        "A new pair for a refresh token",
        "A device asks",
    ]


async def open_authorization(page: Page, server: Server, flow: str) -> Locator:
    """Opens the dialogue and gives the part for one flow."""
    await page.goto(f"{server.url}/docs")
    await page.locator("button.authorize").first.click()
    return page.locator(".auth-container", has_text=re.compile(rf"OAuth2 \(OAuth2, {flow}\)"))


async def fill_client(flow: Locator, registered: Registered) -> None:
    await flow.get_by_label("client_id:").fill(registered.client_id)
    await flow.get_by_label("client_secret:").fill(registered.client_secret)


async def authorize(flow: Locator) -> None:
    await flow.locator("button.authorize").click()
    await expect(flow.get_by_text("Authorized", exact=True)).to_be_visible()


async def try_profile(page: Page) -> str:
    """Closes the dialogue, calls `/profile` and gives the body that Swagger UI shows."""
    await page.locator(".modal-ux .close-modal").click()
    call = page.locator("#operations-Profile-profile_profile_get")
    await call.locator(".opblock-summary").click()
    await call.get_by_role("button", name="Execute").click()
    shown = call.locator(".live-responses-table .highlight-code").first
    await expect(shown).to_be_visible()
    return await shown.inner_text()
