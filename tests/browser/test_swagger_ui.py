"""Swagger UI in a real browser: it needs no other host, and Authorize works for both flows."""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx
import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.application import PASSWORD, otp_secret_in
from tests.support.server import Server

PUSHED = {
    "response_type",
    "redirect_uri",
    "scope",
    "code_challenge",
    "code_challenge_method",
}


@dataclass(frozen=True)
class Registered:
    username: str
    otp_secret: str
    client_id: str
    client_secret: str

    def next_code(self) -> str:
        """The code of the next half minute: that of this one was used to confirm the enrolment."""
        return pyotp.TOTP(self.otp_secret).at(datetime.now(UTC), counter_offset=1)


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
    return Registered(name, otp_secret_in(uri), client["client_id"], client["client_secret"])


async def test_a_client_authorizes_and_sees_its_profile(
    server: Server, page: Page, registered: Registered
) -> None:
    flow = await open_authorization(page, server, "clientCredentials")
    await fill_client(flow, registered)
    await authorize(flow)

    body = await try_profile(page)

    assert '"type": "client"' in body
    assert registered.client_id in body


async def test_a_user_authorizes_and_sees_their_profile(
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


async def test_a_user_can_be_registered_with_try_it_out(server: Server, page: Page) -> None:
    await page.goto(f"{server.url}/docs")
    call = page.locator("#operations-Users-register_user")
    await call.locator(".opblock-summary").click()
    body = f'{{"username": "person-{secrets.token_hex(4)}", "password": "{PASSWORD}"}}'
    await call.locator("textarea").fill(body)

    await call.get_by_role("button", name="Execute").click()

    await expect(call.locator(".live-responses-table td.response-col_status").last).to_have_text(
        "201"
    )


async def test_the_token_call_offers_an_example_for_each_grant(server: Server, page: Page) -> None:
    await page.goto(f"{server.url}/docs")
    call = page.locator("#operations-Tokens-token")
    await call.locator(".opblock-summary").click()

    options = await call.locator(".examples-select select option").all_inner_texts()

    assert [option.strip() for option in options if "Modified" not in option] == [
        "Exchange a code for tokens",
        "Get a token for the client itself",
        "Sign a user in",
        "Refresh the tokens",
        "Poll from a device",
        "Get a token for a workload",
        "Exchange a token for another service",
    ]


@pytest.mark.parametrize(
    ("operation", "path", "sent"),
    [
        ("Tokens-introspect", "/introspect", {"token"}),
        ("Tokens-revoke", "/revoke", {"token"}),
        ("Authorization-pushed_authorization", "/par", PUSHED),
        ("Authorization-device_authorization", "/device_authorization", {"scope"}),
    ],
)
async def test_try_it_out_sends_the_values_of_its_example_and_no_null(
    server: Server, browser: Browser, operation: str, path: str, sent: set[str]
) -> None:
    page = await browser.new_page()
    await page.goto(f"{server.url}/docs")
    call = page.locator(f"#operations-{operation}")
    await call.locator(".opblock-summary").click()
    async with page.expect_request(f"**{path}") as asked:
        await call.get_by_role("button", name="Execute").click()

    request = await asked.value
    await page.close()
    form = dict(parse_qsl(request.post_data or "", keep_blank_values=True))
    assert {name for name, value in form.items() if value} == sent
    assert not {"null", "string"} & set(form.values())


async def test_requests_omit_credentials_so_that_the_browser_shows_no_password_dialog(
    server: Server, page: Page
) -> None:
    """Fetch: an answer with `WWW-Authenticate` opens a dialogue only where credentials go along."""
    await page.goto(f"{server.url}/docs")
    await expect(page.locator("#operations-Tokens-introspect")).to_be_visible()

    mode = await page.evaluate(
        "() => window.ui.getConfigs().requestInterceptor({url: '/introspect'}).credentials"
    )

    assert mode == "omit"


async def test_all_scopes_can_be_selected_for_the_client_of_the_quick_start(
    server: Server, page: Page, registered: Registered
) -> None:
    """SECURITY_BAR row 6: the dialogue lists what such a client registered"""
    flow = await open_authorization(page, server, "clientCredentials")
    await fill_client(flow, registered)
    await flow.get_by_text("select all", exact=True).click()

    await authorize(flow)


async def test_a_user_authorizes_with_the_code_flow_and_pkce(
    server: Server, page: Page, registered: Registered
) -> None:
    """RFC 7636; the client registers the address of the page that Swagger UI comes back to"""
    redirect_uri = f"{server.url}/docs/oauth2-redirect.html"
    async with httpx.AsyncClient(base_url=server.url) as http:
        metadata = {"client_name": f"code-{secrets.token_hex(4)}", "redirect_uri": redirect_uri}
        client = (await http.post("/create_client", json=metadata)).json()
    flow = await open_authorization(page, server, "authorizationCode with PKCE")
    await fill_client(
        flow,
        replace(registered, client_id=client["client_id"], client_secret=client["client_secret"]),
    )
    await flow.get_by_text("select all", exact=True).click()

    async with page.expect_popup() as opened:
        await flow.locator("button.authorize").click()
    popup = await opened.value
    await popup.get_by_label("Username").fill(registered.username)
    await popup.get_by_label("Password", exact=True).fill(PASSWORD)
    await popup.get_by_role("button", name="Sign in", exact=True).click()
    await popup.get_by_label("Security code").fill(registered.next_code())
    await popup.get_by_role("button", name="Allow").click()

    await expect(flow.get_by_text("Authorized", exact=True)).to_be_visible()
    assert '"type": "user"' in await try_profile(page)


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
    call = page.locator("#operations-Profile-profile")
    await call.locator(".opblock-summary").click()
    await call.get_by_role("button", name="Execute").click()
    shown = call.locator(".live-responses-table .highlight-code").first
    await expect(shown).to_be_visible()
    return await shown.inner_text()
