"""What people type and paste: white space around names and codes, hyphens, full-width digits."""

from collections.abc import Callable

import pytest

from tests.conftest import AppFactory
from tests.protocol.devices import start_device
from tests.support.account import signed_in, stored
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Visitor

FULLWIDTH = 0xFEE0
Spelling = Callable[[str], str]


def widened(text: str) -> str:
    return "".join(chr(ord(char) + FULLWIDTH) for char in text)


SPELLINGS: dict[str, Spelling] = {
    "spaces": lambda code: f" {code[:3]} {code[3:]} ",
    "a hyphen": lambda code: f"{code[:3]}-{code[3:]}",
    "a dash": lambda code: f"{code[:3]}\u2013{code[3:]}",
    "a no-break space": lambda code: f"{code[:3]}\u00a0{code[3:]}",
    "full-width": widened,
    "a line break": lambda code: f"{code}\n",
    "a tab": lambda code: f"\t{code}",
}
spelled = pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)


@spelled
async def test_the_api_normalises_a_typed_username_and_code(
    app: Application, spell: Spelling
) -> None:
    """SECURITY_BAR row 18"""
    user = await app.register()

    answer = await app.verify_otp(f" {user.username}\u00a0", spell(app.code(user)))

    assert (answer.status_code, answer.json()) == (200, {"valid": True})


@spelled
async def test_the_sign_in_page_normalises_a_typed_username_and_code(
    app: Application, visitor: Visitor, user: TestUser, spell: Spelling
) -> None:
    """SECURITY_BAR row 18"""
    app.clock.advance(seconds=31)
    given = {"username": f" {user.username} ", "password": user.password}
    otp = await visitor.follow(
        await visitor.submit(await visitor.get("/login"), to="/login", **given)
    )

    answer = await visitor.submit(otp, code=spell(app.code(user)))

    assert answer.headers["location"] == "/account"


@spelled
async def test_the_password_grant_normalises_a_typed_username_and_code(
    start_app: AppFactory, spell: Spelling
) -> None:
    """SECURITY_BAR rows 10 and 18"""
    app = await start_app(otp_policy="every_login")
    client, user = await app.create_client(), await app.enrolled_user()
    app.clock.advance(seconds=31)

    answer = await app.token(
        client,
        grant_type="password",
        username=f" {user.username}\r\n",
        password=PASSWORD,
        otp=spell(app.code(user)),
    )

    assert answer.status_code == 200, answer.text


async def test_a_control_character_inside_a_parameter_is_still_refused(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 44"""
    answer = await app.token(
        client, grant_type="password", username=f"{user.username}\n\x00x", password=PASSWORD
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: f" {code.upper()}\n",
        lambda code: code.replace("-", "\u00a0"),
        lambda code: code.replace("-", "\u2011"),
        lambda code: widened(code.replace("-", "")),
    ],
)
async def test_a_typed_recovery_code_is_normalised(
    app: Application, visitor: Visitor, user: TestUser, spell: Spelling
) -> None:
    codes = await services_of(app).factors.recovery_codes.make(await stored(app, user))
    assert codes is not None
    otp = await visitor.give_password(await visitor.get("/login"), user)
    page = await visitor.get("/login/recovery")

    answer = await visitor.submit(page, to="/login/recovery", recovery_code=spell(codes[0]))

    assert "/login/otp" in str(otp.url)
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: f" {code.lower()}\t",
        lambda code: code.replace("-", "\u2013"),
        lambda code: widened(code.replace("-", "")),
    ],
)
async def test_a_typed_device_code_is_normalised(
    app: Application, visitor: Visitor, user: TestUser, spell: Spelling
) -> None:
    """RFC 8628 section 6.1"""
    await signed_in(visitor, user)
    user_code = (await start_device(app)).user_code

    answer = await visitor.submit(
        await visitor.get("/device"), to="/device", user_code=spell(user_code)
    )

    assert answer.status_code == 303
    assert 'action="/device/decision"' in (await visitor.follow(answer)).text


async def test_white_space_around_an_email_is_ignored(app: Application) -> None:
    body = {"username": app.new_name(), "password": PASSWORD, "email": " zoe@example.com\n"}

    answer = await app.http.post("/register_user", json=body)

    assert answer.status_code == 201, answer.text
