"""The documented quick start, walked literally and in order (CONTRACT.md)."""

import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tests.api.qr_reader import text_in
from tests.conftest import AppFactory
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_the_documented_quick_start_works_as_it_is_written(app: Application) -> None:
    http = app.http

    registered = await http.post(
        "/register_user", json={"username": "testuser", "password": "password123"}
    )
    assert registered.status_code == 201
    otp_uri = registered.json()["otp_uri"]
    assert registered.json()["message"] == "User registered"
    assert re.fullmatch(
        r"otpauth://totp/ThisOAuthServer:testuser\?secret=[A-Z2-7]{32}&issuer=ThisOAuthServer",
        otp_uri,
    )
    assert text_in(registered.json()["qr_code"]) == otp_uri

    secret = parse_qs(urlsplit(otp_uri).query)["secret"][0]
    code = pyotp.TOTP(secret).at(app.clock.now())
    wrong_code = "000000" if code != "000000" else "111111"
    refused = await http.post("/verify_otp", json={"username": "testuser", "code": wrong_code})
    assert (refused.status_code, refused.json()) == (401, {"valid": False})
    unknown = await http.post("/verify_otp", json={"username": "nobody", "code": wrong_code})
    assert (unknown.status_code, unknown.json()) == (401, {"valid": False})
    verified = await http.post("/verify_otp", json={"username": "testuser", "code": code})
    assert (verified.status_code, verified.json()) == (200, {"valid": True})

    created = await http.post(
        "/create_client",
        json={"client_name": "UserApp", "redirect_uri": "http://localhost:3000/callback"},
    )
    assert created.status_code == 201
    client = (created.json()["client_id"], created.json()["client_secret"])
    assert len(client[0]) == 24
    assert len(client[1]) >= 48

    person = await http.post(
        "/token",
        auth=client,
        headers=FORM,
        content="grant_type=password&username=testuser&password=password123",
    )
    assert person.status_code == 200
    assert person.json().keys() >= {"access_token", "expires_in", "refresh_token", "token_type"}
    assert person.json()["expires_in"] == 3600
    assert person.json()["token_type"] == "Bearer"
    assert person.json()["scope"] == "profile email"

    machine = await http.post(
        "/token",
        auth=client,
        headers=FORM,
        content="grant_type=client_credentials&scope=profile",
    )
    assert machine.status_code == 200
    assert machine.json().keys() == {"access_token", "expires_in", "scope", "token_type"}
    assert machine.json()["expires_in"] == 3600
    assert machine.json()["scope"] == "profile"
    assert machine.json()["token_type"] == "Bearer"

    fresh = await http.post(
        "/token",
        auth=client,
        headers=FORM,
        content=f"grant_type=refresh_token&refresh_token={person.json()['refresh_token']}",
    )
    assert fresh.status_code == 200
    assert fresh.json()["access_token"] != person.json()["access_token"]
    assert fresh.json()["refresh_token"] != person.json()["refresh_token"]

    whoever = await app.profile(fresh.json()["access_token"])
    assert whoever.status_code == 200
    assert whoever.json() == {"type": "user", "username": "testuser", "otp_verified": True}
    whatever = await app.profile(machine.json()["access_token"])
    assert whatever.status_code == 200
    assert whatever.json() == {
        "type": "client",
        "client_id": client[0],
        "message": "Machine token access",
    }


async def test_the_password_grant_requires_a_confirmed_enrolment(app: Application) -> None:
    client = await app.create_client()
    user = await app.register()

    before = await app.password_grant(client, user)
    await app.verify_otp(user.username, app.code(user))
    after = await app.password_grant(client, user)

    assert (before.status_code, before.json()["error"]) == (400, "invalid_grant")
    assert after.status_code == 200


@pytest.mark.parametrize("issuer", ["Example", "Example & Sons", "Müller"])
async def test_the_otp_issuer_label_is_configurable_and_its_qr_code_scans(
    start_app: AppFactory, issuer: str
) -> None:
    app = await start_app(otp_issuer=issuer)

    answer = await app.http.post(
        "/register_user", json={"username": "zoë", "password": "correct horse battery"}
    )

    otp_uri = answer.json()["otp_uri"]
    assert parse_qs(urlsplit(otp_uri).query)["issuer"] == [issuer]
    assert text_in(answer.json()["qr_code"]) == otp_uri
    assert pyotp.parse_uri(otp_uri).name == "zoë"
    assert pyotp.parse_uri(otp_uri).issuer == issuer


async def test_the_brand_name_is_the_default_otp_issuer_label(
    start_app: AppFactory,
) -> None:
    """CONTRACT: default BRAND_NAME where it is set"""
    app = await start_app(brand_name="Acme: Sign in")

    answer = await app.http.post(
        "/register_user", json={"username": "zoë", "password": "correct horse battery"}
    )

    assert pyotp.parse_uri(answer.json()["otp_uri"]).issuer == "Acme Sign in"
