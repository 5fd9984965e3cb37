"""Recovery codes: ten, shown once, each counts once, and only their digests are kept."""

import asyncio
import re
from contextlib import AsyncExitStack
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from app.models.factors.recovery_codes import recovery_codes
from app.wiring import build_services
from tests.conftest import AppFactory
from tests.security.factors import (
    audited,
    codes_on,
    enroll,
    is_signed_in,
    make_codes,
    sign_in,
    use_code,
)
from tests.support.administration import reset_otp
from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of
from tests.support.visitor import Form, Visitor, answer_in, redeem, text_of, visiting

pytestmark = pytest.mark.both_databases

FORM = re.compile(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}")


async def test_the_first_enrolment_shows_ten_recovery_codes(
    app: Application, visitor: Visitor
) -> None:
    _, page = await enroll(visitor, await app.register())

    codes = codes_on(page)

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert len(set(codes)) == 10
    assert all(FORM.fullmatch(code) and not set(code) & set("lo01") for code in codes)


async def test_the_download_contains_the_recovery_codes_and_the_username(
    app: Application, visitor: Visitor
) -> None:
    user, page = await enroll(visitor, await app.register())

    (link,) = re.findall(r'href="data:text/plain;charset=utf-8,([^"]+)" download', page.text)

    lines = unquote(link).split("\n")
    assert user.username in lines
    assert [line for line in lines if FORM.fullmatch(line)] == codes_on(page)


async def test_recovery_codes_are_shown_once(app: Application, visitor: Visitor) -> None:
    """Also not to who loads the page again, which sends its form again"""
    person, page = await enroll(visitor, await app.register())
    codes = codes_on(page)
    ((_, fields),) = Form(page.text).forms
    app.clock.advance(seconds=31)
    sent_again = {**fields, "code": app.code(person)}

    pages = [
        await visitor.follow(await visitor.http.post("/login/enroll", data=sent_again)),
        await visitor.submit(page, to="/recovery-codes/saved"),
        await visitor.get("/login/enroll"),
        await visitor.get("/account/recovery-codes"),
    ]

    assert codes
    for each in pages:
        assert not set(codes) & set(codes_on(each))
        assert not any(code in each.text for code in codes)


async def test_the_user_must_confirm_that_the_recovery_codes_are_saved(
    app: Application, visitor: Visitor
) -> None:
    _, page = await enroll(visitor, await app.register())

    answer = await visitor.submit(page, to="/recovery-codes/saved")

    assert answer.status_code == 400
    assert "Confirm that you've saved your codes. You won't see them again." in text_of(answer)
    assert is_signed_in(await visitor.submit(answer, to="/recovery-codes/saved", saved="1"))


async def test_the_authorization_request_continues_after_the_recovery_codes(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    user = await app.register()
    page = await visitor.give_password(await visitor.authorize(client), user)
    secret = re.search(r'id="secret"[^>]*>([^<]+)<', page.text)
    assert secret is not None
    person = TestUser(user.username, user.password, "".join(secret[1].split()))

    consent = await visitor.enroll(page, app.code(person))

    assert "code" in answer_in(await visitor.allow(consent))


async def test_a_recovery_code_replaces_the_authenticator_and_satisfies_mfa(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    code, *_ = await make_codes(visitor)

    async with visiting(app) as elsewhere:
        page = await elsewhere.give_password(await elsewhere.authorize(client), user)
        (link,) = re.findall(r'href="(/login/recovery\?[^"]+)"', page.text)
        page = await elsewhere.get(link.replace("&amp;", "&"))
        page = await elsewhere.follow(
            await elsewhere.submit(page, to="/login/recovery", recovery_code=code)
        )
        answer = answer_in(await elsewhere.allow(page))

    tokens = (await redeem(app, client, answer["code"])).json()
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert claims["acr"] == "urn:postern:acr:mfa"
    assert set(claims["amr"]) == {"pwd", "mfa"}


@pytest.mark.parametrize(
    "written",
    [str.upper, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' ')} "],
)
async def test_a_recovery_code_is_accepted_in_any_case_and_spacing(
    app: Application, user: TestUser, visitor: Visitor, written: object
) -> None:
    await sign_in(visitor, user)
    code, *_ = await make_codes(visitor)
    assert callable(written)

    async with visiting(app) as elsewhere:
        assert is_signed_in(await use_code(elsewhere, user, written(code)))


async def test_wrong_used_and_foreign_recovery_codes_get_the_same_error(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    other = await app.enrolled_user()
    await sign_in(visitor, user)
    used, *_ = await make_codes(visitor)
    async with visiting(app) as elsewhere:
        await sign_in(elsewhere, other)
        others, *_ = await make_codes(elsewhere)
        assert is_signed_in(await use_code(elsewhere, user, used))
    said = set()

    for code in (used, others, "aaaa-bbbb-cccc-dddd", "a"):
        async with visiting(app) as elsewhere:
            answer = await use_code(elsewhere, user, code)
            assert answer.status_code == 400
            said.add(re.search(r'id="recovery_code-error">([^<]+)<', answer.text)[1])  # type: ignore[index]  # it is there

    assert len(said) == 1


async def test_only_one_of_twenty_concurrent_uses_of_a_recovery_code_signs_in(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 16: what counts once counts once, also as a recovery code"""
    await sign_in(visitor, user)
    code, *_ = await make_codes(visitor)

    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(visiting(app)) for _ in range(20)]
        pages = []
        for browser in browsers:
            await browser.give_password(await browser.get("/login"), user)
            pages.append(await browser.get("/login/recovery"))
        answers = await asyncio.gather(
            *(
                browser.submit(page, to="/login/recovery", recovery_code=code)
                for browser, page in zip(browsers, pages, strict=True)
            )
        )

    assert sum(is_signed_in(answer) for answer in answers) == 1
    actions = [action for action, _ in await audited(app, user)]
    assert actions.count("recovery_code.used") == 1


async def test_creating_recovery_codes_concurrently_leaves_ten(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    page = await visitor.get("/account/recovery-codes")

    shown = await asyncio.gather(
        *(visitor.submit(page, to="/account/recovery-codes") for _ in range(4))
    )

    assert all(len(codes_on(each)) == 10 for each in shown)
    assert "You have 10 codes left" in text_of(await visitor.get("/account/recovery-codes"))


async def test_new_recovery_codes_invalidate_the_old_ones(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    old, *_ = await make_codes(visitor)
    new, *_ = await make_codes(visitor)

    async with visiting(app) as elsewhere:
        assert not is_signed_in(await use_code(elsewhere, user, old))
        assert is_signed_in(await use_code(elsewhere, user, new))


async def test_resetting_the_second_factor_invalidates_the_recovery_codes(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    code, *_ = await make_codes(visitor)
    services = build_services(app.settings, app.clock)
    await reset_otp(services, user.username)
    await services.close()

    async with visiting(app) as elsewhere:
        answer = await use_code(elsewhere, user, code)

    assert answer.status_code == 400


async def test_recovery_codes_do_not_replace_the_password(
    app: Application, visitor: Visitor
) -> None:
    for method in (visitor.get("/login/recovery"), visitor.http.post("/login/recovery")):
        answer = await method

        assert answer.status_code in (303, 403)
        assert answer.headers.get("location", "/login") == "/login"


async def test_the_account_page_warns_if_few_recovery_codes_are_left(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    codes = await make_codes(visitor)
    assert "10 of 10 left" in text_of(await visitor.get("/account"))

    for code in codes[:8]:
        async with visiting(app) as elsewhere:
            assert is_signed_in(await use_code(elsewhere, user, code))

    assert "Only 2 of 10 left" in text_of(await visitor.get("/account"))
    assert "You have 2 codes left" in text_of(await visitor.get("/account/recovery-codes"))


async def test_only_digests_are_stored_and_the_audit_log_contains_no_code(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    codes = await make_codes(visitor)
    async with visiting(app) as elsewhere:
        await use_code(elsewhere, user, codes[0])
        await use_code(elsewhere, user, "aaaa-bbbb-cccc-dddd")

    services = build_services(app.settings, app.clock)
    person = await services.accounts.users.get(user.username)
    rows = await services.core.database.fetch_all(
        select(recovery_codes.c.digest).where(recovery_codes.c.user_id == person.user_id)
    )
    await services.close()
    log = await audited(app, user)
    assert len(rows) == 10
    stored = b" ".join(bytes(row.digest) for row in rows)
    for code in codes:
        assert code.replace("-", "").encode() not in stored
        assert code not in str(log)
        assert code.replace("-", "") not in str(log)
    assert ("recovery_code.used", {"left": 9}) in log
    assert "recovery_codes.made" in [action for action, _ in log]
    assert "recovery_code.refused" in [action for action, _ in log]


async def test_recovery_codes_and_one_time_codes_share_one_limit(start_app: AppFactory) -> None:
    app = await start_app(code_limit=3)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        await visitor.give_password(await visitor.get("/login"), user)
        page = await visitor.get("/login/recovery")

        tries = [
            await visitor.submit(page, to="/login/recovery", recovery_code="aaaa-bbbb-cccc-dddd")
            for _ in range(4)
        ]
        by_app = await visitor.submit(
            await visitor.get("/login/otp"), to="/login/otp", code="000000"
        )

    assert [each.status_code for each in tries] == [400, 400, 400, 429]
    assert by_app.status_code == 429
