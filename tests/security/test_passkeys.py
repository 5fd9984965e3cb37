"""Passkeys over HTTP: signing in by one, alone or after a password, and where none is offered."""

import pytest

from tests.conftest import AppFactory
from tests.support.account import stored
from tests.support.administration import reset_otp, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.identity_provider import fields_in
from tests.support.logout import decoded
from tests.support.parts import services_of
from tests.support.passkeys import (
    ALONE,
    MINE,
    SECOND,
    Lie,
    ask_options,
    enrol,
    give,
    is_refused,
    options_from,
    password_given,
    sign_in_with,
    unbase64,
)
from tests.support.visitor import Visitor, answer_in, redeem, text_of, visiting


async def test_a_passkey_signs_in_without_username_password_or_code(
    app: Application, owner: Visitor, stranger: Visitor, client: TestClient
) -> None:
    """RFC 8176: `pop` and `mfa`, since the device recognised the person too"""
    passkey = await enrol(owner)

    page = await stranger.authorize(client)
    consent = await sign_in_with(stranger, passkey, page)
    answer = answer_in(await stranger.allow(consent))

    tokens = (await redeem(app, client, answer["code"])).json()
    claims = decoded(tokens["id_token"])[1]
    assert claims["amr"] == ["pop", "mfa"]
    assert claims["acr"] == "urn:postern:acr:mfa"


async def test_a_passkey_is_a_second_factor(
    app: Application, owner: Visitor, stranger: Visitor, client: TestClient, user: TestUser
) -> None:
    passkey = await enrol(owner)
    page = await stranger.give_password(await stranger.authorize(client), user)
    options = await options_from(stranger, page, SECOND)

    consent = await stranger.follow(await give(stranger, page, SECOND, passkey.get(options)))
    answer = answer_in(await stranger.allow(consent))

    assert [unbase64(each["id"]) for each in options["allowCredentials"]] == [passkey.credential_id]
    tokens = (await redeem(app, client, answer["code"])).json()
    assert decoded(tokens["id_token"])[1]["amr"] == ["pwd", "pop", "mfa"]


async def test_the_options_require_user_verification_and_discoverable_passkeys(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    known = await enrol(owner)

    creating = await options_from(owner, await owner.get(MINE), MINE)
    getting = await options_from(stranger, await stranger.get("/login"), ALONE)

    assert creating["rp"]["id"] == getting["rpId"] == "localhost"
    assert unbase64(creating["user"]["id"]).decode() == (await stored(app, user)).user_id
    assert creating["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert creating["attestation"] == "none"
    assert sorted(each["alg"] for each in creating["pubKeyCredParams"]) == [-257, -8, -7]
    assert [unbase64(each["id"]) for each in creating["excludeCredentials"]] == [
        known.credential_id
    ]
    assert getting["userVerification"] == "required"
    assert getting["allowCredentials"] == []
    assert creating["timeout"] == getting["timeout"] == 300_000


async def test_a_passkey_as_second_factor_does_not_require_a_user_handle(
    owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    """Section 7.2 step 6: who he is, is known by then"""
    passkey = await enrol(owner)
    page = await password_given(stranger, user)
    options = await options_from(stranger, page, SECOND)

    answer = passkey.get(options, Lie(has_user_handle=False))

    assert (await give(stranger, page, SECOND, answer)).is_redirect


async def test_a_disabled_user_cannot_sign_in_with_a_passkey(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    passkey = await enrol(owner)
    await set_user_disabled(services_of(app), user.username, disabled=True)

    assert is_refused(await sign_in_with(stranger, passkey))
    await set_user_disabled(services_of(app), user.username, disabled=False)
    assert (await sign_in_with(stranger, passkey)).url.path == "/account"


async def test_a_password_alone_cannot_enrol_a_totp_if_the_user_has_a_passkey(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    """Without a TOTP, the passkey is the second factor that is asked for"""
    passkey = await enrol(owner)
    await reset_otp(services_of(app), user.username)

    page = await password_given(stranger, user)

    assert page.url.path == "/login/otp"
    assert 'name="code"' not in page.text
    assert "protected by a passkey" in text_of(page)
    options = await options_from(stranger, page, SECOND)
    assert (await give(stranger, page, SECOND, passkey.get(options))).is_redirect


async def test_without_a_totp_the_passkey_alone_signs_in(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    passkey = await enrol(owner)
    await reset_otp(services_of(app), user.username)

    assert (await sign_in_with(stranger, passkey)).url.path == "/account"


async def test_a_passkey_as_second_factor_requires_a_recent_password_in_this_browser(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    await enrol(owner)
    page = await password_given(stranger, user)
    app.clock.advance(seconds=601)

    assert (await ask_options(stranger, page, SECOND)).status_code == 403
    answer = await stranger.submit(page, to=SECOND)
    assert answer.headers["location"] == "/login"


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:5000", "http://[::1]:5000"])
async def test_passkeys_are_not_offered_if_the_issuer_host_is_an_ip(
    start_app: AppFactory, issuer: str
) -> None:
    """Browsers know no passkeys there"""
    app = await start_app(issuer=issuer)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        login = await visitor.get("/login")
        await visitor.sign_in(login, user)
        account, page = await visitor.get("/account"), await visitor.get(MINE)
        token = fields_in(account)

        assert "passkey" not in login.text
        assert "webauthn" not in login.text
        assert "passkey" not in account.text
        assert page.status_code == 404
        for path in (f"{ALONE}/options", ALONE, f"{MINE}/options", MINE):
            assert (await visitor.http.post(path, data=token)).status_code == 404


async def test_the_sign_in_page_offers_passkey_autofill(visitor: Visitor) -> None:
    page = await visitor.get("/login")

    assert 'autocomplete="username webauthn"' in page.text
    assert 'data-passkeys="http://localhost:5000"' in page.text
