"""Which sign-ins need a second factor: by the general policy, the groups, the client, the roles."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.models.accounts.roles import ADMINISTRATOR, AUDITOR
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.devices import device_client, start_device
from tests.security.factors import codes_on, secret_on
from tests.support.account import stored
from tests.support.administration import id_of, join, new_group, set_policies
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.identity_provider import Provider, account_made_by, asked_in, signed_in_by
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.passkeys import (
    ALONE,
    SECOND,
    Lie,
    Passkey,
    ask_options,
    enrol,
    give,
    options_from,
    sign_in_with,
)
from tests.support.visitor import Form, Visitor, answer_in, redeem, text_of, visiting

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"second_factor": "optional"}
ENROLL, ENROLL_PASSKEY, NOT_NOW = "/login/enroll", "/login/enroll/passkey", "/login/enroll/not-now"
OTP, ACCOUNT = "/login/otp", "/account"
MFA, PASSWORD_ONLY = "urn:postern:acr:mfa", "urn:postern:acr:password"
TRUST_DAYS = 30


@pytest_asyncio.fixture
async def person(app: Application) -> TestUser:
    """Somebody with a password and no second factor."""
    return await app.register()


async def password_given(visitor: Visitor, user: TestUser) -> httpx.Response:
    return await visitor.give_password(await visitor.get("/login"), user)


async def enrolled_on(visitor: Visitor, page: httpx.Response, user: TestUser) -> httpx.Response:
    """Confirm the authenticator app that the enrolment page shows."""
    person = TestUser(user.username, user.password, secret_on(page))
    return await visitor.enroll(page, visitor.app.code(person))


async def claims_for(
    app: Application, client: TestClient, page: httpx.Response, visitor: Visitor
) -> dict[str, Any]:
    """Return the ID token's claims, with the consent if it is asked."""
    answer = await visitor.allow(page) if 'action="/consent"' in page.text else page
    tokens = (await redeem(app, client, answer_in(answer)["code"])).json()
    return await claims_of(app, tokens["id_token"], audience=client.client_id)


async def with_role(app: Application, user: TestUser, role: str) -> None:
    await services_of(app).accounts.role_grants.grant_to_user(
        role, await id_of(app, user), authority=FULL
    )


def actions_on(page: httpx.Response) -> list[str]:
    return [action for action, _ in Form(page.text).forms]


async def test_a_user_without_a_factor_signs_in_by_password_where_it_is_optional(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    """OpenID Connect Core section 2: acr and amr say that it was the password alone"""
    page = await visitor.give_password(await visitor.authorize(client), person)

    claims = await claims_for(app, client, page, visitor)

    assert (claims["acr"], claims["amr"]) == (PASSWORD_ONLY, ["pwd"])


async def test_a_user_who_has_a_factor_is_asked_for_it_where_it_is_optional(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    page = await password_given(visitor, user)

    assert page.url.path == OTP
    assert (await visitor.get(ACCOUNT)).headers["location"] == "/login"
    assert (await visitor.http.post(NOT_NOW, data={})).status_code == 403


async def test_a_user_who_has_only_a_passkey_is_asked_for_it_where_it_is_optional(
    visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    await password_given(visitor, person)
    await enrol(visitor)

    page = await password_given(stranger, person)

    assert page.url.path == OTP
    assert f'action="{SECOND}"' in page.text


async def test_a_new_user_may_put_the_second_factor_off_where_it_is_optional(
    app: Application, visitor: Visitor
) -> None:
    page = await visitor.submit(
        await visitor.get("/create-account"), username=app.new_name(), password=PASSWORD
    )
    page = await visitor.follow(page)
    assert page.url.path == ENROLL
    assert "Not now" in text_of(page)

    after = await visitor.follow(await visitor.submit(page, to=NOT_NOW))

    assert after.url.path == ACCOUNT


async def test_putting_it_off_is_refused_once_the_user_has_a_factor(
    app: Application, visitor: Visitor
) -> None:
    """The page waited while its owner set up an app elsewhere."""
    name = app.new_name()
    page = await visitor.follow(
        await visitor.submit(await visitor.get("/create-account"), username=name, password=PASSWORD)
    )
    person = TestUser(name, PASSWORD, secret_on(page))
    assert (await app.verify_otp(name, app.code(person))).status_code == 200

    answer = await visitor.submit(page, to=NOT_NOW)

    assert answer.headers["location"] == "/login"
    assert (await visitor.get(ACCOUNT)).headers["location"] == "/login"


@pytest.mark.parametrize(
    ("policies", "asked"),
    [
        (("required",), True),
        (("passkey_first",), True),
        (("optional",), False),
        (("optional", "required"), True),
        (("optional", "optional"), False),
    ],
)
async def test_of_several_groups_the_strictest_policy_holds(
    app: Application, visitor: Visitor, person: TestUser, policies: tuple[str, ...], *, asked: bool
) -> None:
    for policy in policies:
        await new_group(app, person, second_factor=policy)

    page = await password_given(visitor, person)

    assert page.url.path == (ENROLL if asked else ACCOUNT)
    assert NOT_NOW not in actions_on(page)


async def test_a_group_makes_the_factor_optional_for_its_members_only(
    start_app: AppFactory,
) -> None:
    app = await start_app(second_factor="required")
    member, other = await app.register(), await app.register()
    async with visiting(app) as visitor:
        assert (await password_given(visitor, member)).url.path == ENROLL
    await new_group(app, member, second_factor="optional")

    async with visiting(app) as visitor, visiting(app) as elsewhere:
        assert (await password_given(visitor, member)).url.path == ACCOUNT
        assert (await password_given(elsewhere, other)).url.path == ENROLL


async def test_the_policy_of_a_group_reaches_other_workers_within_seconds(
    start_app: AppFactory,
) -> None:
    here = await start_app(second_factor="required")
    there = await start_app(second_factor="required", database_url=here.settings.database_url)
    person = await here.register()
    async with visiting(there) as visitor:
        assert (await password_given(visitor, person)).url.path == ENROLL
    await new_group(here, person, second_factor="optional")

    there.clock.advance(seconds=6)

    async with visiting(there) as visitor:
        assert (await password_given(visitor, person)).url.path == ACCOUNT


@pytest.mark.parametrize("role", [ADMINISTRATOR, AUDITOR])
async def test_administrators_and_auditors_always_need_a_second_factor(
    app: Application, visitor: Visitor, person: TestUser, role: str
) -> None:
    await new_group(app, person, second_factor="optional")
    await with_role(app, person, role)

    page = await password_given(visitor, person)

    assert page.url.path == ENROLL
    assert NOT_NOW not in actions_on(page)
    forged = await visitor.submit(page, to=ENROLL)
    data = {name: value for _, form in Form(forged.text).forms for name, value in form.items()}
    assert (await visitor.http.post(NOT_NOW, data=data)).headers["location"] == "/login"
    assert (await visitor.get(ACCOUNT)).headers["location"] == "/login"


async def test_a_client_may_require_what_is_optional_elsewhere(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    await set_policies(app, client, second_factor="required")

    page = await visitor.give_password(await visitor.authorize(client), person)
    assert page.url.path == ENROLL
    assert NOT_NOW not in actions_on(page)
    claims = await claims_for(app, client, await enrolled_on(visitor, page, person), visitor)

    assert claims["acr"] == MFA
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}


async def test_a_client_cannot_make_optional_what_is_required(start_app: AppFactory) -> None:
    app = await start_app(second_factor="required")
    client, person = await app.create_client(), await app.register()
    await set_policies(app, client, second_factor="optional")

    async with visiting(app) as visitor:
        page = await visitor.give_password(await visitor.authorize(client), person)

        assert page.url.path == ENROLL
        assert NOT_NOW not in actions_on(page)


async def test_an_existing_session_is_asked_for_the_missing_factor_only(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    await password_given(visitor, person)
    await set_policies(app, client, second_factor="required")

    page = await visitor.authorize(client)
    assert page.url.path == ENROLL
    assert NOT_NOW not in actions_on(page)
    claims = await claims_for(app, client, await enrolled_on(visitor, page, person), visitor)

    assert claims["acr"] == MFA


async def test_a_session_from_before_the_policy_of_a_group_is_asked_too(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    page = await visitor.give_password(await visitor.authorize(client), person)
    await claims_for(app, client, page, visitor)
    await new_group(app, person, second_factor="required")

    page = await visitor.authorize(client)

    assert page.url.path == ENROLL


async def test_a_session_from_before_a_stricter_general_policy_is_asked_too(
    app: Application, start_app: AppFactory, client: TestClient, person: TestUser
) -> None:
    strict = await start_app(
        second_factor="required", database_url=app.settings.database_url, clock=app.clock
    )
    async with visiting(app) as before, visiting(strict) as after:
        await password_given(before, person)
        after.http.cookies.update(before.http.cookies)

        page = await after.authorize(client)

        assert page.url.path == ENROLL


async def test_prompt_none_answers_login_required_where_a_factor_is_missing(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    """OpenID Connect Core section 3.1.2.6; SECURITY_BAR row 29"""
    page = await visitor.give_password(await visitor.authorize(client), person)
    await claims_for(app, client, page, visitor)
    assert "code" in answer_in(await visitor.authorize(client, prompt="none"))
    await set_policies(app, client, second_factor="required")

    answer = answer_in(await visitor.authorize(client, prompt="none"))

    assert (answer["error"], answer["state"]) == ("login_required", "a-state")


async def test_the_consent_page_does_not_bypass_a_policy_set_meanwhile(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    page = await visitor.give_password(await visitor.authorize(client), person)
    assert page.url.path == "/consent"
    await set_policies(app, client, second_factor="required")

    assert (await visitor.allow(page)).url.path == ENROLL


async def test_a_stale_session_signs_in_again_before_it_enrols_a_factor(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    """SECURITY_BAR row 20: a session that somebody left open gets no factor of a stranger's"""
    await password_given(visitor, person)
    await set_policies(app, client, second_factor="required")
    app.clock.advance(seconds=3600)

    page = await visitor.authorize(client)

    assert page.url.path == "/login"
    assert (await visitor.give_password(page, person)).url.path == ENROLL


async def test_a_device_is_approved_with_the_factors_that_its_client_requires(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    """RFC 8628 section 3.3; a forged form is not accepted either"""
    client = await device_client(app)
    device = await start_device(app, client)
    await password_given(visitor, person)
    shown = await visitor.get("/device", user_code=device.user_code)
    await set_policies(app, client, second_factor="required")

    forged = await visitor.submit(shown, to="/device/decision", decision="allow")
    assert forged.headers["location"].startswith("/login/step-up?next=device")
    assert_oauth_error(await device.ask(), "authorization_pending")
    page = await visitor.follow(forged)
    assert page.url.path == ENROLL
    question = await enrolled_on(visitor, page, person)
    await visitor.submit(question, to="/device/decision", decision="allow")

    app.clock.advance(seconds=10)
    assert (await device.ask()).status_code == 200


async def test_a_sign_in_for_a_device_asks_what_its_client_requires_at_once(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    client = await device_client(app)
    await set_policies(app, client, second_factor="required")
    device = await start_device(app, client)

    page = await visitor.follow(await visitor.get("/device", user_code=device.user_code))

    assert (await visitor.give_password(page, person)).url.path == ENROLL


@pytest.mark.parametrize("policy", ["group", "client", "role"])
async def test_an_identity_provider_does_not_replace_a_factor_that_is_required_of_the_user(
    app: Application, client: TestClient, visitor: Visitor, provider: Provider, policy: str
) -> None:
    username = await account_made_by(visitor, provider, sub=policy)
    person = TestUser(username, PASSWORD, "")
    if policy == "group":
        await new_group(app, person, second_factor="required")
    elif policy == "client":
        await set_policies(app, client, second_factor="required")
    else:
        await with_role(app, person, ADMINISTRATOR)

    async with visiting(app) as elsewhere:
        page = await signed_in_by(elsewhere, provider, sub=policy)
        if policy == "client":
            assert page.url.path == ACCOUNT
            page = await elsewhere.authorize(client)
            assert page.url.path == "/login"  # no proof of a fresh sign-in at the provider
            asked = asked_in(await elsewhere.submit(page, to=provider.button))
            provider.knows(asked, sub=policy)
            page = await elsewhere.follow(await elsewhere.http.get(provider.callback(asked)))
        assert page.url.path == ENROLL


async def test_the_general_policy_accepts_the_sign_in_at_an_identity_provider(
    start_app: AppFactory, client: TestClient, visitor: Visitor, provider: Provider
) -> None:
    """As in releases before: the provider asked for its own factors."""
    await account_made_by(visitor, provider, sub="somebody")
    strict = await start_app(
        second_factor="required",
        database_url=visitor.app.settings.database_url,
        clock=visitor.app.clock,
    )

    async with visiting(strict) as elsewhere:
        page = await signed_in_by(elsewhere, provider, sub="somebody")

        assert page.url.path == ACCOUNT
        assert (await elsewhere.authorize(client)).url.path == "/consent"


@pytest_asyncio.fixture
async def trusting(start_app: AppFactory) -> AsyncIterator[tuple[Application, Visitor, TestUser]]:
    """A required factor, and a user in a browser that they have trusted, who signed out."""
    app = await start_app(second_factor="required", remember_browser_days=TRUST_DAYS)
    user = await app.enrolled_user()
    app.clock.advance(seconds=60)
    async with visiting(app) as visitor:
        page = await password_given(visitor, user)
        await visitor.submit(page, to=OTP, code=app.code(user), remember_browser="1")
        visitor.http.cookies.delete("postern_sessions")
        yield app, visitor, user


async def test_a_trusted_browser_replaces_the_factor_of_the_general_policy(
    trusting: tuple[Application, Visitor, TestUser],
) -> None:
    app, visitor, user = trusting
    client = await app.create_client()

    page = await visitor.give_password(await visitor.authorize(client), user)

    assert page.url.path == "/consent"


@pytest.mark.parametrize("policy", ["group", "client", "role"])
async def test_a_trusted_browser_does_not_replace_a_factor_that_is_required_of_the_user(
    trusting: tuple[Application, Visitor, TestUser], policy: str
) -> None:
    app, visitor, user = trusting
    client = await app.create_client()
    if policy == "group":
        await join(app, await new_group(app, second_factor="required"), user)
    elif policy == "client":
        await set_policies(app, client, second_factor="required")
    else:
        await with_role(app, user, AUDITOR)

    page = await visitor.give_password(await visitor.authorize(client), user)

    assert page.url.path == OTP


@pytest.mark.parametrize("role", [ADMINISTRATOR, AUDITOR])
async def test_a_session_of_a_trusted_browser_is_asked_once_its_user_has_a_role(
    trusting: tuple[Application, Visitor, TestUser], role: str
) -> None:
    """The role is granted after the sign-in, which the general policy accepted."""
    app, visitor, user = trusting
    client = await app.create_client()
    await claims_for(
        app, client, await visitor.give_password(await visitor.authorize(client), user), visitor
    )
    await with_role(app, user, role)

    silent = answer_in(await visitor.authorize(client, prompt="none"))
    page = await visitor.authorize(client)
    app.clock.advance(seconds=31)
    answer = await visitor.submit(page, to=OTP, code=app.code(user))
    claims = await claims_for(app, client, await visitor.follow(answer), visitor)

    assert (silent["error"], silent["state"]) == ("login_required", "a-state")
    assert page.url.path == OTP
    assert claims["acr"] == MFA


async def test_a_session_of_a_trusted_browser_is_asked_once_a_group_has_a_role(
    trusting: tuple[Application, Visitor, TestUser],
) -> None:
    app, visitor, user = trusting
    client, group = await app.create_client(), await new_group(app, user)
    await visitor.give_password(await visitor.authorize(client), user)
    await services_of(app).accounts.role_grants.grant_to_group(
        AUDITOR, group.group_id, authority=FULL
    )

    assert (await visitor.authorize(client)).url.path == OTP


async def test_a_session_of_an_identity_provider_is_asked_once_its_user_has_a_role(
    start_app: AppFactory, client: TestClient, visitor: Visitor, provider: Provider
) -> None:
    username = await account_made_by(visitor, provider, sub="somebody")
    strict = await start_app(
        second_factor="required",
        database_url=visitor.app.settings.database_url,
        clock=visitor.app.clock,
    )
    async with visiting(strict) as elsewhere:
        await signed_in_by(elsewhere, provider, sub="somebody")
        assert (await elsewhere.authorize(client)).url.path == "/consent"
        await with_role(strict, TestUser(username, PASSWORD, ""), AUDITOR)

        assert (await elsewhere.authorize(client)).url.path != "/consent"


async def test_a_trusted_browser_does_not_approve_a_device_for_an_administrator(
    trusting: tuple[Application, Visitor, TestUser],
) -> None:
    """RFC 8628 section 3.3"""
    app, visitor, user = trusting
    client = await device_client(app)
    device = await start_device(app, client)
    await password_given(visitor, user)
    shown = await visitor.get("/device", user_code=device.user_code)
    await with_role(app, user, ADMINISTRATOR)

    forged = await visitor.submit(shown, to="/device/decision", decision="allow")

    assert forged.headers["location"].startswith("/login/step-up?next=device")
    assert_oauth_error(await device.ask(), "authorization_pending")


async def test_the_password_grant_needs_a_confirmed_totp_whatever_the_policy(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    await new_group(app, person, second_factor="optional")
    assert (await password_given(visitor, person)).url.path == ACCOUNT

    refused = await app.password_grant(client, person)

    assert_oauth_error(refused, "invalid_grant")
    assert (await app.verify_otp(person.username, app.code(person))).status_code == 200
    assert (await app.password_grant(client, person)).status_code == 200


async def test_the_enrolment_page_adds_a_passkey_as_the_second_factor(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    await set_policies(app, client, second_factor="required")
    page = await visitor.give_password(await visitor.authorize(client), person)
    passkey = Passkey()
    options = await options_from(visitor, page, ENROLL_PASSKEY)

    codes_page = await give(visitor, page, ENROLL_PASSKEY, passkey.create(options))
    assert len(codes_on(codes_page)) == 10
    after = await visitor.follow(
        await visitor.submit(codes_page, to="/recovery-codes/saved", saved="1")
    )
    claims = await claims_for(app, client, after, visitor)

    assert (claims["acr"], set(claims["amr"])) == (MFA, {"pwd", "pop", "mfa"})
    assert (await stored(app, person)).otp_secret is None
    async with visiting(app) as elsewhere:
        assert (await sign_in_with(elsewhere, passkey)).url.path == ACCOUNT


async def test_a_passkey_without_user_verification_is_not_enrolled(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    """WebAuthn section 7.1"""
    await new_group(app, person, second_factor="required")
    page = await password_given(visitor, person)
    options = await options_from(visitor, page, ENROLL_PASSKEY)

    answer = await give(visitor, page, ENROLL_PASSKEY, Passkey().create(options, Lie(flags=0x01)))

    assert answer.status_code == 400
    assert "The passkey couldn't be added." in text_of(answer)
    assert await services_of(app).factors.passkeys.count_of(await stored(app, person)) == 0


@pytest.mark.parametrize("factor", ["app", "passkey"])
async def test_the_password_alone_adds_no_passkey_once_there_is_a_factor(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser, factor: str
) -> None:
    """SECURITY_BAR row 20: the page of a stranger who knows the password waited for it"""
    group = await new_group(app, second_factor="required")
    await password_given(visitor, person)
    await join(app, group, person)
    page = await password_given(stranger, person)
    created = Passkey().create(await options_from(stranger, page, ENROLL_PASSKEY))
    if factor == "app":
        owner = TestUser(person.username, PASSWORD, secret_on(page))
        assert (await app.verify_otp(owner.username, app.code(owner))).status_code == 200
    else:
        await enrol(visitor)

    answer = await give(stranger, page, ENROLL_PASSKEY, created)

    assert answer.headers["location"] == "/login"
    expected = 0 if factor == "app" else 1
    assert await services_of(app).factors.passkeys.count_of(await stored(app, person)) == expected
    assert (await stranger.get(ACCOUNT)).headers["location"] == "/login"


async def test_options_for_a_passkey_are_only_given_while_one_is_being_enrolled(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    page = await password_given(visitor, user)
    assert page.url.path == OTP
    form = next(fields for action, fields in Form(page.text).forms if action == OTP)

    options = await visitor.http.post(f"{ENROLL_PASSKEY}/options", data=form)
    added = await visitor.http.post(ENROLL_PASSKEY, data={**form, "credential": "{}"})

    assert options.status_code == 403
    assert added.headers["location"] == "/login"


async def test_a_passkey_with_user_verification_is_enough(
    app: Application, client: TestClient, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    await password_given(visitor, person)
    passkey = await enrol(visitor)
    await set_policies(app, client, second_factor="passkey_first")

    page = await sign_in_with(stranger, passkey, await stranger.authorize(client))

    assert page.url.path == "/consent"


async def test_the_sign_in_page_offers_the_passkey_first_where_the_client_wants_it(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    before = actions_on(await visitor.authorize(client))
    await set_policies(app, client, second_factor="passkey_first")
    after = actions_on(await visitor.authorize(client))

    assert before.index("/login") < before.index(ALONE)
    assert after.index(ALONE) < after.index("/login")


async def test_enrolment_and_second_factor_offer_the_passkey_first_to_members_of_a_group(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser, user: TestUser
) -> None:
    await stranger.sign_in(await stranger.get("/login"), user)
    await enrol(stranger)
    stranger.http.cookies.clear()
    ordinary = [actions_on(await password_given(each, one)) for each, one in [(stranger, user)]]
    await new_group(app, person, user, second_factor="passkey_first")
    stranger.http.cookies.clear()

    enroll = actions_on(await password_given(visitor, person))
    second = actions_on(await password_given(stranger, user))

    assert ordinary[0].index(OTP) < ordinary[0].index(SECOND)
    assert enroll.index(ENROLL_PASSKEY) < enroll.index(ENROLL)
    assert second.index(SECOND) < second.index(OTP)


async def test_a_user_removes_the_authenticator_app_where_it_is_optional(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)
    page = await visitor.get("/account/authenticator")

    answer = await visitor.submit(page, to="/account/authenticator/remove")

    assert answer.headers["location"] == "/account/authenticator"
    assert (await visitor.get("/account")).status_code == 200
    assert (await stored(app, user)).otp_secret is None
    async with visiting(app) as elsewhere:
        assert (await password_given(elsewhere, user)).url.path == ACCOUNT


async def test_a_user_keeps_the_last_factor_where_it_is_required(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)
    page = await visitor.get("/account/authenticator")
    await new_group(app, user, second_factor="required")

    answer = await visitor.submit(page, to="/account/authenticator/remove")
    shown = await visitor.get("/account/authenticator")

    assert answer.status_code == 400
    assert "Your account needs a second factor." in text_of(answer)
    assert "/account/authenticator/remove" not in shown.text
    assert (await stored(app, user)).has_confirmed_otp


async def test_the_app_may_go_where_a_passkey_remains_and_then_the_passkey_stays(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await new_group(app, user, second_factor="required")
    await visitor.sign_in(await visitor.get("/login"), user)
    await enrol(visitor)

    removed = await visitor.submit(
        await visitor.get("/account/authenticator"), to="/account/authenticator/remove"
    )
    kept = await visitor.submit(
        await visitor.get("/account/passkeys"), to="/account/passkeys/remove"
    )

    assert removed.status_code == 303
    assert kept.status_code == 400
    assert "Your account needs a second factor." in text_of(kept)
    assert await services_of(app).factors.passkeys.count_of(await stored(app, user)) == 1


async def test_options_of_an_enrolment_belong_to_its_browser(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    await new_group(app, person, second_factor="required")
    page = await password_given(visitor, person)

    assert (await ask_options(stranger, page, ENROLL_PASSKEY)).status_code == 403
