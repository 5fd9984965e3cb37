"""The login methods of a client: a sign-in by another one opens nothing for it."""

import httpx
import pytest

from app.errors import InvalidInputError
from tests.protocol.devices import device_client, question, start_device
from tests.support.administration import disable_provider, set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.identity_provider import Provider, asked_in, linked_by
from tests.support.passkeys import ALONE, enrol, sign_in_with
from tests.support.visitor import Visitor, answer_in, text_of, visiting

PASSWORD_FORM, PASSKEY_FORM = 'action="/login"', f'action="{ALONE}"'
WRONG_WAY = "This app doesn't accept that way to sign in."


async def only(app: Application, client: TestClient, *methods: str) -> None:
    await set_policies(app, client, login_methods=methods)


async def test_the_sign_in_page_offers_the_methods_of_the_client(
    app: Application, client: TestClient, provider: Provider, visitor: Visitor
) -> None:
    shown = {}
    for methods in (("password",), ("passkey",), (f"provider:{provider.name}",)):
        await only(app, client, *methods)
        page = await visitor.authorize(client)
        forms = (PASSWORD_FORM, PASSKEY_FORM, f'action="{provider.button}"')
        shown[methods[0]] = [form in page.text for form in forms]

    assert shown == {
        "password": [True, False, False],
        "passkey": [False, True, False],
        f"provider:{provider.name}": [False, False, True],
    }
    everything = await visitor.get("/login")
    assert PASSWORD_FORM in everything.text
    assert PASSKEY_FORM in everything.text


async def test_the_sign_up_page_of_a_client_without_passwords_asks_for_none(
    app: Application, client: TestClient, provider: Provider, visitor: Visitor
) -> None:
    await only(app, client, f"provider:{provider.name}")

    page = await visitor.authorize(client, prompt="create")

    assert 'action="/create-account"' not in page.text
    assert f'action="{provider.button}"' in page.text


async def test_forms_of_other_methods_are_refused(
    app: Application, client: TestClient, provider: Provider, user: TestUser, visitor: Visitor
) -> None:
    before = await visitor.authorize(client)  # shows all of them
    sign_up = await visitor.authorize(client, prompt="create")
    await only(app, client, "passkey")

    answers = [
        await visitor.give_password(before, user),
        await visitor.follow(await visitor.submit(before, to=provider.button)),
        await visitor.follow(
            await visitor.submit(
                sign_up, to="/create-account", username=app.new_name(), password=user.password
            )
        ),
    ]
    await only(app, client, "password")
    answers.append(await visitor.follow(await visitor.submit(before, to=ALONE, credential="{}")))

    assert [WRONG_WAY in text_of(page) for page in answers] == [True] * 4


async def test_a_session_of_another_method_must_sign_in_again(
    app: Application, client: TestClient, user: TestUser, owner: Visitor
) -> None:
    """OpenID Connect Core section 3.1.2.6"""
    passkey = await enrol(owner)
    await only(app, client, "passkey")

    silent = answer_in(await owner.authorize(client, prompt="none"))
    page = await owner.authorize(client)

    assert silent["error"] == "login_required"
    assert PASSWORD_FORM not in page.text
    consent = await sign_in_with(owner, passkey, page)
    assert "code" in answer_in(await owner.allow(consent))
    assert "code" in answer_in(await owner.authorize(client, prompt="none"))


async def test_a_passkey_as_second_factor_is_still_a_sign_in_by_password(
    app: Application, client: TestClient, user: TestUser, owner: Visitor
) -> None:
    await enrol(owner)
    await only(app, client, "password")
    assert "code" in answer_in(await owner.allow(await owner.authorize(client)))

    await only(app, client, "passkey")

    answer = answer_in(await owner.authorize(client, prompt="none"))
    assert answer["error"] == "login_required"


async def test_a_sign_in_by_password_does_not_count_for_a_client_of_passkeys(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """The sign-in began without the client, and ends at it"""
    await only(app, client, "passkey")
    page = await visitor.authorize(client)
    await visitor.sign_in(await visitor.get("/login"), user)

    resumed = await visitor.follow(
        await visitor.get("/authorize/resume", request_id=request_id_in(page))
    )

    assert PASSKEY_FORM in resumed.text


async def test_only_the_named_identity_provider_is_accepted(
    app: Application, client: TestClient, provider: Provider, user: TestUser, owner: Visitor
) -> None:
    """The provider is remembered while the second factor is given"""
    await linked_by(owner, provider, sub="zoe")
    await only(app, client, f"provider:{provider.name}")
    async with visiting(app) as visitor:
        page = await visitor.authorize(client)

        otp_page = await signed_in_from(visitor, page, provider)
        app.clock.advance(seconds=31)
        consent = await visitor.follow(await visitor.submit(otp_page, code=app.code(user)))

        assert 'action="/consent"' in consent.text
        assert "code" in answer_in(await visitor.allow(consent))
        await only(app, client, "passkey", "password")
        silent = answer_in(await visitor.authorize(client, prompt="none"))
        assert silent["error"] == "login_required"


async def signed_in_from(
    visitor: Visitor, page: httpx.Response, provider: Provider
) -> httpx.Response:
    """Sign in with the provider, and return the page after it."""
    asked = asked_in(await visitor.submit(page, to=provider.button))
    provider.knows(asked, sub="zoe")
    return await visitor.follow(await visitor.http.get(provider.callback(asked)))


async def test_the_password_grant_is_refused_before_the_password_is_looked_at(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 6749 section 5.2"""
    await only(app, client, "passkey")

    right = await app.password_grant(client, user)
    wrong = await app.password_grant(client, user, password="a wrong password")

    assert_oauth_error(right, "unauthorized_client")
    assert right.json() == wrong.json()
    await only(app, client, "password")
    assert (await app.password_grant(client, user)).status_code == 200


async def test_a_device_is_not_approved_in_a_session_of_another_method(
    app: Application, user: TestUser, owner: Visitor
) -> None:
    """RFC 8628 section 3.3; a form that was shown before is not accepted either"""
    passkey = await enrol(owner)
    client = await device_client(app)
    device = await start_device(app, client)
    page = await question(owner, device, user)
    await only(app, client, "passkey")

    forged = await owner.follow(await owner.submit(page, to="/device/decision", decision="allow"))
    assert_oauth_error(await device.ask(), "authorization_pending")
    shown = await owner.follow(await owner.get("/device", user_code=device.user_code))

    for each in (forged, shown):
        assert PASSWORD_FORM not in each.text
        assert PASSKEY_FORM in each.text
    page = await sign_in_with(owner, passkey, shown)
    await owner.submit(page, to="/device/decision", decision="allow")
    app.clock.advance(seconds=10)
    assert (await device.ask()).status_code == 200


async def test_a_client_without_any_available_method_says_so(
    app: Application, client: TestClient, provider: Provider, visitor: Visitor
) -> None:
    await only(app, client, f"provider:{provider.name}")
    await disable_provider(app, provider.name)

    page = await visitor.authorize(client)

    assert "You can't sign in to this app at the moment." in text_of(page)


async def test_an_identity_provider_that_does_not_exist_is_refused(
    app: Application, client: TestClient
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await only(app, client, "provider:none")

    assert refused.value.field == "login_methods"


def request_id_in(page: httpx.Response) -> str:
    return page.text.split('name="request_id" value="')[1].split('"')[0]
