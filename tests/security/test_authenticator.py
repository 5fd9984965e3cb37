"""Another authenticator in the place of the old one: by its owner, and by an operator."""

import asyncio
import re

import pytest

from app.wiring import build_services
from tests.conftest import AppFactory
from tests.security.factors import (
    audited,
    codes_on,
    is_signed_in,
    make_codes,
    secret_on,
    sign_in,
    use_code,
)
from tests.support.administration import reset_otp
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import Form, Visitor, text_of, visiting

NEW = "/account/authenticator/new"


async def replace(visitor: Visitor, user: TestUser) -> tuple[TestUser, list[str]]:
    """The person with his new secret, and the recovery codes that were shown."""
    page = await visitor.get(NEW)
    person = TestUser(user.username, user.password, secret_on(page))
    answer = await visitor.submit(page, to=NEW, code=visitor.app.code(person))
    return person, codes_on(answer)


async def can_sign_in(app: Application, user: TestUser) -> bool:
    app.clock.advance(seconds=60)
    async with visiting(app) as elsewhere:
        await elsewhere.give_password(await elsewhere.get("/login"), user)
        page = await elsewhere.get("/login/otp")
        answer = await elsewhere.submit(page, to="/login/otp", code=app.code(user))
    return is_signed_in(answer)


async def test_a_replacement_authenticator_is_valid_and_the_old_one_is_not(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 20"""
    await sign_in(visitor, user)

    again, codes = await replace(visitor, user)

    assert len(codes) == 10
    assert again.otp_secret != user.otp_secret
    assert await can_sign_in(app, again)
    assert not await can_sign_in(app, user)


@pytest.mark.slow
async def test_replacing_the_authenticator_ends_other_sessions_and_revokes_tokens(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    async with visiting(app) as elsewhere:
        tokens = await elsewhere.tokens_for(client, user, scope="openid offline_access")
        here = await visitor.tokens_for(client, user)
        before = dict(visitor.http.cookies)

        await replace(visitor, user)

        assert (await elsewhere.get("/account")).headers["location"] == "/login"
    for each in (tokens, here):
        assert_oauth_error(await app.refresh(client, each["refresh_token"]), "invalid_grant")
        assert not await app.is_active(client, each["access_token"])
    assert (await visitor.get("/account")).status_code == 200
    async with visiting(app) as thief:
        thief.http.cookies.update(before)
        assert (await thief.get("/account")).headers["location"] == "/login"


async def test_only_one_of_five_concurrent_replacements_succeeds(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    page = await visitor.get(NEW)
    again = TestUser(user.username, user.password, secret_on(page))

    answers = await asyncio.gather(
        *(visitor.submit(page, to=NEW, code=app.code(again)) for _ in range(5))
    )

    assert sum(len(codes_on(answer)) == 10 for answer in answers) == 1
    assert [action for action, _ in await audited(app, user)].count("otp.changed") == 1
    assert await can_sign_in(app, again)


async def test_a_wrong_code_changes_nothing(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    page = await visitor.get(NEW)
    shown = secret_on(page)

    answer = await visitor.submit(page, to=NEW, code="000000")

    assert answer.status_code == 400
    assert secret_on(answer) == shown
    assert (await visitor.get("/account")).status_code == 200
    assert await can_sign_in(app, user)


async def test_a_replacement_requires_a_code_of_the_new_authenticator(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    app.clock.advance(seconds=60)
    page = await visitor.get(NEW)

    answer = await visitor.submit(page, to=NEW, code=app.code(user))

    assert answer.status_code == 400


async def test_the_code_that_confirmed_the_new_authenticator_cannot_be_reused(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 16"""
    await sign_in(visitor, user)

    again, _ = await replace(visitor, user)

    assert (await app.verify_otp(again.username, app.code(again))).status_code == 401


@pytest.mark.slow
async def test_a_sealed_secret_is_valid_only_once_and_only_for_its_browser_and_user(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    page = await visitor.get(NEW)
    person = TestUser(user.username, user.password, secret_on(page))
    sealed = next(values["sealed"] for action, values in Form(page.text).forms if action == NEW)

    async def is_taken(by: Visitor, given: str) -> bool:
        form = await by.get(NEW)
        answer = await by.submit(form, to=NEW, sealed=given, code=app.code(person))
        return bool(codes_on(answer))

    async with visiting(app) as elsewhere:
        await sign_in(elsewhere, user)
        assert not await is_taken(elsewhere, sealed)
    async with visiting(app) as elsewhere:
        await sign_in(elsewhere, await app.enrolled_user())
        assert not await is_taken(elsewhere, sealed)
    assert not await is_taken(visitor, sealed[:-2] + ("00" if sealed[-2:] != "00" else "11"))
    assert not await is_taken(visitor, "")
    assert await is_taken(visitor, sealed)
    app.clock.advance(seconds=60)
    assert not await is_taken(visitor, sealed)


async def test_replacing_the_authenticator_requires_a_fresh_sign_in(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    page = await visitor.get(NEW)
    app.clock.advance(seconds=601)

    for answer in (
        await visitor.get("/account/authenticator"),
        await visitor.get(NEW),
        await visitor.submit(page, to=NEW, code="000000"),
        await visitor.get("/account/recovery-codes"),
    ):
        assert answer.headers["location"].startswith("/login?next=")


async def test_signing_in_again_returns_to_the_authenticator_page(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    app.clock.advance(seconds=601)

    page = await sign_in(
        visitor, user, await visitor.follow(await visitor.get("/account/authenticator"))
    )

    assert page.url.path == "/account/authenticator"
    assert "Set up a different authenticator app" in text_of(page)


async def test_replacing_the_authenticator_invalidates_the_old_recovery_codes(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    old, *_ = await make_codes(visitor)

    _, (new, *_) = await replace(visitor, user)

    async with visiting(app) as elsewhere:
        assert not is_signed_in(await use_code(elsewhere, user, old))
        assert is_signed_in(await use_code(elsewhere, user, new))


async def test_the_audit_log_records_the_replacement_without_the_secrets(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    again, codes = await replace(visitor, user)
    services = build_services(app.settings, app.clock)
    await reset_otp(services, user.username)
    await services.close()

    log = await audited(app, user)

    actions = [action for action, _ in log]
    assert "otp.changed" in actions
    assert actions[-1] == "otp.reset"
    for secret in (user.otp_secret, again.otp_secret, *codes):
        assert secret not in str(log)


@pytest.mark.slow
async def test_wrong_codes_are_rate_limited(start_app: AppFactory) -> None:
    app = await start_app(code_limit=3)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        await sign_in(visitor, user)
        page = await visitor.get(NEW)

        tries = [await visitor.submit(page, to=NEW, code="000000") for _ in range(4)]

    assert [each.status_code for each in tries] == [400, 400, 400, 429]


async def test_the_secret_does_not_appear_in_a_url(user: TestUser, visitor: Visitor) -> None:
    await sign_in(visitor, user)

    page = await visitor.get(NEW)

    assert secret_on(page) not in str(page.url)
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r'href="/[^"]*secret', page.text)
