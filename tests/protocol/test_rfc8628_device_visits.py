"""Ways to and through `/device` (RFC 8628 section 3.3): sign-in, accounts, pictures, mischief."""

import re

import pytest

from tests.protocol.devices import decide, device_client, question, start_device
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import Form, Visitor, text_of, visiting

UNKNOWN = "We don't recognise that code."
HOSTILE = '"><script>alert(1)</script>'


async def test_a_new_user_creates_an_account_and_returns_to_the_device_page(
    app: Application, visitor: Visitor
) -> None:
    device, name = await start_device(app), app.new_name()
    sent = await visitor.get("/device", user_code=device.user_code)
    page = await visitor.follow(sent)
    page = await visitor.get(link_on(page.text, "/create-account"))
    page = await visitor.follow(
        await visitor.submit(page, username=name, password="correct horse battery")
    )
    secret = "".join(re.findall(r"[A-Z2-7]{4}", re.search(r'id="secret".*?</', page.text)[0]))  # type: ignore[index]
    code = app.code(TestUser(name, "", secret))

    page = await visitor.enroll(page, code)

    assert 'action="/device/decision"' in page.text
    assert device.user_code in text_of(page)


async def test_a_different_user_signs_in_and_returns_to_the_device_page(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device, other = await start_device(app), await app.enrolled_user()
    page = await question(visitor, device, user)

    page = await visitor.sign_in(await visitor.get(link_on(page.text, "/login")), other)
    await visitor.submit(page, to="/device/decision", decision="allow")

    token = (await device.ask()).json()["access_token"]
    assert (await app.profile(token)).json()["username"] == other.username


async def test_the_user_code_is_preserved_through_a_wrong_password_and_a_wrong_otp(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)
    page = await visitor.follow(await visitor.get("/device", user_code=device.user_code))
    page = await visitor.submit(page, username=user.username, password="wrong wrong wrong")
    page = await visitor.give_password(page, user)
    page = await visitor.submit(page, code="000000")
    app.clock.advance(seconds=31)

    page = await visitor.follow(await visitor.submit(page, code=app.code(user)))

    assert 'action="/device/decision"' in page.text
    assert device.user_code in text_of(page)


@pytest.mark.parametrize(
    "code", ["//evil.example", "&next=https://evil.example", "../../evil", HOSTILE]
)
async def test_a_user_code_cannot_redirect_to_another_site(
    app: Application, user: TestUser, visitor: Visitor, code: str
) -> None:
    """SECURITY_BAR rows 31 and 32"""
    page = await visitor.get("/login", next="device", user_code=code)
    assert "<script>alert" not in page.text

    answer = await visitor.sign_in(page, user)

    assert answer.url.host == app.http.base_url.host
    assert answer.url.path == "/device"
    assert "<script>alert" not in answer.text
    assert UNKNOWN in text_of(answer)


@pytest.mark.parametrize("wanted", ["Device", "device ", "/device", "//device", "account", ""])
async def test_only_the_exact_next_value_leads_to_the_device_page(
    app: Application, user: TestUser, visitor: Visitor, wanted: str
) -> None:
    """SECURITY_BAR row 32"""
    device = await start_device(app)

    answer = await visitor.sign_in(
        await visitor.get("/login", next=wanted, user_code=device.user_code), user
    )

    assert answer.url.path == "/account"


async def test_a_forged_next_value_does_not_redirect_to_another_site(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 32"""
    otp = await visitor.give_password(await visitor.get("/login"), user)
    app.clock.advance(seconds=31)

    answer = await visitor.submit(otp, code=app.code(user), next="//evil.example", user_code="//x")

    assert answer.headers["location"] == "/account"


async def test_unknown_expired_and_decided_codes_get_the_same_response(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.1: a guess teaches nothing about codes that were"""
    expired = await start_device(app)
    app.clock.advance(seconds=600)
    allowed, denied = await start_device(app), await start_device(app)
    await decide(visitor, allowed, user)
    await decide(visitor, denied, user, "deny")
    codes = [*(each.user_code for each in (expired, allowed, denied)), "BBBB-BBBB"]

    pages = [await visitor.get("/device", user_code=code) for code in codes]
    pictures = [await visitor.get("/device/qr", user_code=code) for code in codes]

    texts = {page.text.replace(code, "…") for page, code in zip(pages, codes, strict=True)}
    assert len(texts) == 1
    assert {page.status_code for page in pages} == {400}
    assert {picture.status_code for picture in pictures} == {404}


@pytest.mark.parametrize("typed", ["bcdfghjk", " bcdf ghjk ", "BCDF-GHJK", "bcdf.ghjk"])
async def test_an_unknown_code_is_shown_again_in_the_format_of_devices(
    visitor: Visitor, typed: str
) -> None:
    """Section 6.1: it is to be compared"""
    page = await visitor.submit(await visitor.get("/device"), to="/device", user_code=typed)

    assert Form(page.text).forms[0][1]["user_code"] == "BCDF-GHJK"


async def test_a_typed_code_is_html_escaped(visitor: Visitor) -> None:
    """SECURITY_BAR row 31"""
    page = await visitor.submit(await visitor.get("/device"), to="/device", user_code=HOSTILE)

    assert Form(page.text).forms[0][1]["user_code"] == HOSTILE
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["/device", "/device/decision"])
async def test_a_form_from_another_browser_or_site_is_refused(
    app: Application, user: TestUser, visitor: Visitor, path: str
) -> None:
    """SECURITY_BAR row 30"""
    device = await start_device(app)
    page = await question(visitor, device, user)
    fields = {**Form(page.text).forms[0][1], "decision": "allow"}
    async with visiting(app) as attacker:
        stolen = Form((await attacker.get("/device")).text).forms[0][1]["csrf_token"]

    answers = [
        await visitor.http.post(path, data={**fields, "csrf_token": stolen}),
        await visitor.http.post(path, data=fields, headers={"sec-fetch-site": "cross-site"}),
        await visitor.http.post(path, json=fields),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert_oauth_error(await device.ask(), "authorization_pending")


async def test_a_decision_requires_a_post(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: no link and no picture on another page allows anything"""
    device = await start_device(app)
    page = await question(visitor, device, user)
    fields = {**Form(page.text).forms[0][1], "decision": "allow"}

    answers = [
        await visitor.get("/device/decision", **fields),
        await visitor.get("/device", **fields),
    ]

    assert answers[0].status_code == 405
    assert 'action="/device/decision"' in answers[1].text
    assert_oauth_error(await device.ask(), "authorization_pending")


async def test_a_form_cannot_widen_the_requested_scope(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: what the device asked for is what was shown and is granted"""
    client = await device_client(app, scope="openid profile email")
    device = await start_device(app, client, scope="openid")
    page = await question(visitor, device, user)

    await visitor.submit(
        page, to="/device/decision", decision="allow", scope="openid profile email", user_id="x"
    )

    assert (await device.ask()).json()["scope"] == "openid"


async def test_a_decision_for_one_device_does_not_affect_another(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Two tabs, two televisions"""
    first, second = await start_device(app), await start_device(app)
    pages = [await question(visitor, device, user) for device in (first, second)]

    await visitor.submit(pages[0], to="/device/decision", decision="deny")
    await visitor.submit(pages[1], to="/device/decision", decision="allow")

    assert_oauth_error(await first.ask(), "access_denied")
    assert (await second.ask()).status_code == 200


async def test_new_scopes_are_marked_when_the_others_were_granted_before(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await device_client(app)
    await decide(visitor, await start_device(app, client, scope="openid"), user)

    page = await question(visitor, await start_device(app, client, scope="openid email"), user)

    asked = [text.split() for text in items_of(page.text)]
    assert len(asked) == 2
    assert [words for words in asked if "new" in words] == [["Your", "email", "address", "new"]]


@pytest.mark.parametrize("path", ["/device", "/device/decision", "/device/qr"])
async def test_the_pages_send_no_cors_headers(
    app: Application, visitor: Visitor, path: str
) -> None:
    """SECURITY_BAR row 46"""
    await device_client(app)  # registers the origin of its redirect URI

    answer = await visitor.http.get(path, headers={"origin": "http://localhost:3000"})

    assert "access-control-allow-origin" not in answer.headers


async def test_the_pages_are_translated_into_german(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    visitor.http.headers["accept-language"] = "de"
    device = await start_device(app)
    asked = await question(visitor, device, user)
    wrong = await visitor.get("/device", user_code="BBBB-BBBB")

    done = await visitor.submit(asked, to="/device/decision", decision="allow")

    for page in (asked, wrong, done):
        assert page.headers["content-language"] == "de"
        assert 'lang="de"' in page.text
    assert UNKNOWN not in text_of(wrong)


def link_on(page: str, path: str) -> str:
    """Where a link of a page leads that begins so."""
    found = next(each for each in re.findall(r'href="([^"]+)"', page) if each.startswith(path))
    return found.replace("&amp;", "&")


def items_of(page: str) -> list[str]:
    """The items of lists on a page, as a reader sees them."""
    found = re.findall(r"<li\b.*?</li>", page, re.DOTALL)
    return [re.sub(r"<[^>]+>", " ", each) for each in found]
