"""`form-action` is left out on exactly the pages whose post may end at a client.

Chromium checks it at every redirect after a form post (docs/decisions/0015-form-action.md).
"""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import AFTER, policy_of
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
ALL_ELSE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def may_end_at_the_client(page: httpx.Response) -> bool:
    """Whether a page lets its forms lead anywhere; the rest of the policy is the same on all."""
    assert page.status_code in (200, 400), page.text
    policy = dict(policy_of(page))
    forms = policy.pop("form-action", None)
    assert policy == ALL_ELSE
    assert forms in (None, "'self'")
    return forms is None


async def test_pages_of_an_authorization_allow_forms_to_redirect_to_the_client(
    visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    login = await visitor.authorize(client)
    wrong = await visitor.submit(login, to="/login", username=user.username, password="wrong")
    otp = await visitor.give_password(login, user)
    recovery = await visitor.get(f"/login/recovery?{otp.url.query.decode()}")
    consent = await visitor.sign_in(login, user)
    select_account = await visitor.authorize(client, prompt="select_account")

    for page in (login, wrong, otp, recovery, consent, select_account):
        assert may_end_at_the_client(page), page.url


async def test_enrolment_pages_of_an_authorization_allow_redirects_to_the_client(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    user = await app.register()
    enroll = await visitor.give_password(await visitor.authorize(client), user)
    enrolled = TestUser(user.username, user.password, secret_of(enroll))

    codes = await visitor.submit(enroll, to="/login/enroll", code=app.code(enrolled))

    assert may_end_at_the_client(enroll)
    assert may_end_at_the_client(codes)


async def test_the_form_post_page_allows_the_client_to_redirect_further(
    visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """OAuth 2.0 Form Post Response Mode"""
    page = await visitor.authorize(client, response_mode="form_post")

    assert may_end_at_the_client(await visitor.allow(await visitor.sign_in(page, user)))


async def test_the_sign_out_page_allows_redirects_only_to_a_requested_client_uri(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await app.create_client(post_logout_redirect_uris=[AFTER])
    await visitor.code_for(client, user)

    asks = {"client_id": client.client_id, "post_logout_redirect_uri": AFTER}
    assert may_end_at_the_client(await visitor.get("/logout", **asks))
    assert not may_end_at_the_client(await visitor.get("/logout"))


async def test_the_device_pages_allow_forms_to_redirect_to_a_client(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await app.create_client(grant_types=["urn:ietf:params:oauth:grant-type:device_code"])
    asked = await app.http.post("/device_authorization", auth=client.auth)
    await visitor.sign_in(await visitor.get("/login"), user)

    for page in ("/device", f"/device?user_code={asked.json()['user_code']}"):
        assert may_end_at_the_client(await visitor.get(page))


@pytest.mark.parametrize(
    "path",
    ["/login", "/create-account", "/account", "/account/profile", "/account/activity"],
)
async def test_every_other_page_restricts_its_forms_to_this_server(
    visitor: Visitor, user: TestUser, path: str
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)

    assert not may_end_at_the_client(await visitor.follow(await visitor.get(path)))


async def test_the_account_creation_page_restricts_its_form_to_this_server(
    visitor: Visitor, client: TestClient
) -> None:
    login = await visitor.authorize(client)

    page = await visitor.get(f"/create-account?{login.url.query.decode()}")

    assert not may_end_at_the_client(page)


async def test_an_error_page_restricts_its_forms_to_this_server(visitor: Visitor) -> None:
    assert not may_end_at_the_client(await visitor.get("/authorize", client_id="nobody"))


async def test_the_consent_form_is_answered_with_a_303_redirect(
    visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    page = await visitor.sign_in(await visitor.authorize(client), user)

    answer = await visitor.submit(page, to="/consent", decision="allow")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/authorize") or parse_qs(
        urlsplit(answer.headers["location"]).query
    ).keys() == {"code", "state", "iss"}


def secret_of(page: httpx.Response) -> str:
    """The key behind "Can't scan the code?"."""
    _, _, rest = page.text.partition('<code id="secret" dir="ltr">')
    return "".join(rest.partition("</code>")[0].split())
