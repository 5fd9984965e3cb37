"""How pages name the client that asks: never by a host that nobody answers at."""

import pytest

from tests.support.application import Application, TestUser
from tests.support.application import TestClient as Client
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import Visitor, text_of

IMPOSTOR = "com.evil.app://accounts.google.com/cb"


async def register(app: Application, **metadata: object) -> Client:
    body = {"redirect_uris": [IMPOSTOR], "application_type": "native", **metadata}
    response = await app.http.post("/register", json=body)
    assert response.status_code == 201, response.text
    return Client(response.json()["client_id"], response.json().get("client_secret", ""))


async def test_the_host_part_of_a_private_use_scheme_is_not_shown(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8252 section 7.1: any app may claim any scheme, and its URI names no host"""
    client = await register(app, client_name="Phone App")

    page = await visitor.sign_in(await visitor.authorize(client, redirect_uri=IMPOSTOR), user)

    assert 'action="/consent"' in page.text
    assert "google" not in page.text
    text = " ".join(text_of(page).split())
    assert "This request comes from an app on this device." in text
    assert "You'll return to an app on this device ( com.evil.app: )." in text


async def test_a_form_post_to_a_private_use_scheme_names_the_scheme(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """OAuth 2.0 Form Post Response Mode"""
    client = await register(app, client_name="Phone App")
    asked = {"redirect_uri": IMPOSTOR, "response_mode": "form_post"}
    consent = await visitor.sign_in(await visitor.authorize(client, **asked), user)

    page = await visitor.allow(consent)

    text = " ".join(text_of(page).split())
    assert "an app on this device ( com.evil.app: )" in text
    assert "google" not in text


@pytest.mark.parametrize("uri", [IMPOSTOR, "https://accounts.google.com/cb"])
async def test_a_client_without_a_name_is_shown_by_its_id(
    app: Application, user: TestUser, visitor: Visitor, uri: str
) -> None:
    """Never under a host that it chose"""
    client = await register(app, redirect_uris=[uri])
    sign_in = await visitor.authorize(client, redirect_uri=uri)

    consent = await visitor.sign_in(sign_in, user)

    name = f"Unnamed app ({client.client_id})"
    assert f"Sign in to {name}" in text_of(sign_in)
    assert f"Allow access for {name}?" in text_of(consent)
    assert "Allow access for accounts.google.com" not in text_of(consent)


async def test_device_and_account_pages_show_an_unnamed_client_by_its_id(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8628 section 5.4"""
    device_code = "urn:ietf:params:oauth:grant-type:device_code"
    client = await register(app, redirect_uris=[], response_types=[], grant_types=[device_code])
    form = {"scope": "profile"}
    answer = await app.http.post("/device_authorization", data=form, auth=client.auth)
    code = answer.json()["user_code"]

    page = await visitor.follow(await visitor.get("/device", user_code=code))
    question = await visitor.sign_in(page, user)
    await visitor.submit(question, to="/device/decision", decision="allow")

    name = f"Unnamed app ({client.client_id})"
    assert f"Connect {name}?" in text_of(question)
    assert name in text_of(await visitor.get("/account"))


async def test_a_private_use_scheme_is_not_a_pairwise_sector(app: Application) -> None:
    """OpenID Connect Core section 8.1: the host component of a redirect_uri that is a web host"""
    body = {
        "redirect_uris": [IMPOSTOR],
        "application_type": "native",
        "subject_type": "pairwise",
        "grant_types": ["authorization_code"],
    }

    refused = await app.http.post("/register", json=body)

    assert_oauth_error(refused, "invalid_client_metadata")
