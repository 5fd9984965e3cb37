"""`ui_locales` (OpenID Connect Core section 3.1.2.1) from the first page to the last."""

import html
import re

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import REDIRECT_URI, Form, Visitor, query, text_of

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def reader(visitor: Visitor) -> Visitor:
    """A visitor whose browser likes English."""
    visitor.http.headers.update(ENGLISH)
    return visitor


def is_german(page: httpx.Response) -> bool:
    language: str = page.headers["content-language"]
    assert (f'<html lang="{language}"' in page.text) is True
    return language == "de"


def links_of(page: httpx.Response) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'<a[^>]* href="(/[^"]*)"', page.text)]


@pytest.mark.parametrize("asked", ["de", "fr de-AT en", "de_DE", "DE_de"])
async def test_every_page_of_the_interaction_uses_the_requested_language(
    client: TestClient, user: TestUser, reader: Visitor, asked: str
) -> None:
    login = await reader.authorize(client, ui_locales=asked)
    wrong = await reader.submit(login, to="/login", username=user.username, password="wrong")
    otp = await reader.give_password(wrong, user)
    wrong_code = await reader.submit(otp, code="000000")
    consent = await reader.sign_in(wrong, user)

    for page in (login, wrong, otp, wrong_code, consent):
        assert is_german(page), page.url


async def test_linked_pages_use_the_requested_language(
    client: TestClient, user: TestUser, reader: Visitor
) -> None:
    login = await reader.authorize(client, ui_locales="de")
    otp = await reader.give_password(login, user)
    pages = [await reader.get(path) for page in (login, otp) for path in links_of(page)]
    select = await reader.authorize(client, ui_locales="de", prompt="select_account")

    assert len(pages) >= 3
    for page in (*pages, select):
        assert is_german(page), page.url


async def test_enrolment_pages_use_the_requested_language_up_to_the_recovery_codes(
    app: Application, client: TestClient, reader: Visitor
) -> None:
    user = await app.register()
    enroll = await reader.give_password(await reader.authorize(client, ui_locales="de"), user)
    secret = enroll.text.partition('<code id="secret" dir="ltr">')[2].partition("</code>")[0]
    code = app.code(TestUser(user.username, user.password, "".join(secret.split())))

    codes = await reader.submit(enroll, to="/login/enroll", code=code)
    consent = await reader.follow(await reader.submit(codes, to="/recovery-codes/saved", saved="1"))

    for page in (enroll, codes, consent):
        assert is_german(page)


@pytest.mark.parametrize("asked", ["fr", None])
async def test_an_unsupported_language_falls_back_to_that_of_the_browser(
    client: TestClient, user: TestUser, reader: Visitor, asked: str | None
) -> None:
    login = await reader.authorize(client, ui_locales=asked)

    assert not is_german(login)
    assert not is_german(await reader.give_password(login, user))


async def test_a_pushed_or_posted_request_uses_the_requested_language(
    app: Application, client: TestClient, user: TestUser, reader: Visitor
) -> None:
    """RFC 9126; OpenID Connect Core section 3.1.2.1: by POST"""
    fields = dict(pair for pair in httpx.QueryParams(query(client, ui_locales="de")).items())
    pushed = await app.http.post("/par", data=fields, auth=client.auth)
    uri = pushed.json()["request_uri"]
    by_push = await reader.follow(
        await reader.get("/authorize", client_id=client.client_id, request_uri=uri)
    )
    by_post = await reader.follow(await reader.http.post("/authorize", data=fields))

    for page in (by_push, by_post):
        assert is_german(page)
        assert is_german(await reader.give_password(page, user))


async def test_error_pages_use_the_requested_language(
    client: TestClient, user: TestUser, reader: Visitor
) -> None:
    asked = {"ui_locales": "de_DE"}
    unknown = await reader.get("/authorize", client_id="nobody", **asked)
    posted = await reader.http.post("/authorize", data={"client_id": "nobody", **asked})
    repeated = await reader.http.get("/authorize?client_id=a&client_id=b&ui_locales=de")
    login = await reader.authorize(client, **asked)
    fields = Form(login.text).forms[0][1]
    foreign = await reader.http.post("/login", data={**fields, "csrf_token": "x"})
    await reader.allow(await reader.sign_in(login, user))
    used = await reader.http.post("/login", data={**fields, "username": "a", "password": "b"})
    not_allowed = await reader.http.request("PATCH", "/login?ui_locales=de")

    for page in (unknown, posted, repeated, foreign, used, not_allowed):
        assert page.status_code >= 400
        assert is_german(page), text_of(page)
    assert "mehrfach" in text_of(repeated)
    assert "Methode nicht erlaubt" in text_of(not_allowed)


async def test_pages_before_and_after_signing_out_use_the_requested_language(
    client: TestClient, user: TestUser, reader: Visitor
) -> None:
    """RP-Initiated Logout section 2"""
    await reader.code_for(client, user)
    page = await reader.get("/logout", ui_locales="de_AT")
    refused = await reader.get(
        "/logout", client_id="nobody", post_logout_redirect_uri=REDIRECT_URI, ui_locales="de"
    )

    for each in (page, refused, await reader.submit(page)):
        assert is_german(each)
