"""Signing in by a verified e-mail address, where a username works."""

import json
import secrets

import httpx
import pytest

from app.schemas.claims import StandardClaims
from tests.support.account import person_with_mail
from tests.support.administration import set_claims_of
from tests.support.application import PASSWORD, Application, TestClient, TestUser, otp_secret_in
from tests.support.assertions import assert_problem
from tests.support.callers import calling_from
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import Visitor, text_of

WRONG = "not the password of anybody"
FREE = 10


def new_address() -> str:
    return f"zoe.{secrets.token_hex(4)}@example.com"


async def grant(
    app: Application, client: TestClient, name: str, password: str = PASSWORD
) -> httpx.Response:
    return await app.token(client, grant_type="password", username=name, password=password)


async def username_of(app: Application, answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    profile = await app.profile(answer.json()["access_token"])
    return str(profile.json()["username"])


async def register(app: Application, username: str) -> httpx.Response:
    return await app.http.post("/register_user", json={"username": username, "password": PASSWORD})


async def test_the_password_grant_accepts_a_verified_email(
    app: Application, client: TestClient
) -> None:
    address = new_address()
    zoe = await person_with_mail(app, address)

    answer = await grant(app, client, f" {address.upper()} ")

    assert await username_of(app, answer) == zoe.username


async def test_the_sign_in_page_accepts_a_verified_email(
    app: Application, visitor: Visitor
) -> None:
    address = new_address()
    zoe = await person_with_mail(app, address)
    page = await visitor.get("/login")

    account = await visitor.sign_in(page, TestUser(address, zoe.password, zoe.otp_secret))

    assert "Username or email" in text_of(page)
    assert zoe.username in text_of(account)


async def test_verify_otp_and_enroll_otp_accept_a_verified_email(app: Application) -> None:
    address, name = new_address(), app.new_name()
    body = {"username": name, "password": PASSWORD, "email": address}
    assert (await app.http.post("/register_user", json=body)).status_code == 201
    await verify(app, name)

    enrolled = await app.http.post("/enroll_otp", json={"username": address, "password": PASSWORD})
    user = TestUser(name, PASSWORD, otp_secret_in(enrolled.json()["otp_uri"]))
    verified = await app.verify_otp(address, app.code(user))

    assert f":{name}?" in enrolled.json()["otp_uri"]
    assert verified.json() == {"valid": True}


async def test_an_unverified_email_cannot_be_used_to_sign_in(
    app: Application, client: TestClient
) -> None:
    """Anybody can say that an address is theirs."""
    address = new_address()
    await person_with(app, email=address)

    answer = await grant(app, client, address)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_an_email_verified_by_two_accounts_cannot_be_used_to_sign_in(
    app: Application, client: TestClient
) -> None:
    address = new_address()
    await person_with_mail(app, address)
    wrong = await grant(app, client, address, WRONG)
    await person_with_mail(app, address.replace("zoe", "Zoe"))

    answer = await grant(app, client, address)

    assert answer.status_code == 400
    assert answer.json() == wrong.json()


async def test_a_username_takes_precedence_over_an_email(
    app: Application, client: TestClient
) -> None:
    """Verifying an address that is somebody's username makes it no sign-in name."""
    address = new_address()
    owner = await app.enrolled_user(address)
    await person_with_mail(app, address)

    answer = await grant(app, client, address)

    assert await username_of(app, answer) == owner.username


@pytest.mark.parametrize("is_wide", [False, True])
async def test_a_new_username_equal_to_a_verified_email_is_refused_as_taken(
    app: Application, *, is_wide: bool
) -> None:
    address = new_address()
    zoe = await person_with_mail(app, address)
    typed = address.replace("z", "\uff3a") if is_wide else address.title()

    taken = await register(app, zoe.username)
    answer = await register(app, typed)

    assert_problem(answer, 409, "username_taken")
    assert answer.json() == taken.json()


async def test_an_unverified_email_of_another_account_is_available_as_a_username(
    app: Application,
) -> None:
    """SECURITY_BAR row 22: nobody keeps a name from its owner by typing it into a profile"""
    address = new_address()
    await person_with(app, email=address)

    assert (await register(app, address)).status_code == 201


async def test_a_username_and_its_email_have_separate_free_attempts(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 23"""
    address = new_address()
    zoe = await person_with_mail(app, address)
    async with calling_from(app, app.new_address()) as stranger:
        guesses = [await grant(stranger, client, address, WRONG) for _ in range(FREE + 1)]
        by_username = await grant(stranger, client, zoe.username, WRONG)

    assert [each.status_code for each in guesses] == [400] * FREE + [429]
    assert by_username.status_code == 400


async def test_different_spellings_of_an_email_share_their_attempts(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 23: UTS 46 maps countless spellings of a host to one"""
    address = new_address()
    await person_with_mail(app, address)
    spellings = [
        address.replace("example", "ex" + "\u00ad" * count + "ample") for count in range(11)
    ]
    async with calling_from(app, app.new_address()) as stranger:
        guesses = [await grant(stranger, client, each, WRONG) for each in spellings]

    assert [each.status_code for each in guesses] == [400] * FREE + [429]


async def test_known_and_unknown_emails_get_the_same_response(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR rows 10 and 19"""
    address = new_address()
    await person_with_mail(app, address)

    known, unknown = [await grant(app, client, each, WRONG) for each in (address, new_address())]
    codes = [await app.verify_otp(each, "000000") for each in (address, new_address())]

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert [(each.status_code, each.json()) for each in codes] == [(401, {"valid": False})] * 2


@pytest.mark.parametrize(
    "name", ["@", "a@", "@b", "a@\x00", "a@\ud800", "a@" + "b" * 5000, "a@b@c", "\u00ad@\u00ad"]
)
async def test_a_malformed_email_is_refused_like_a_wrong_username(
    app: Application, name: str
) -> None:
    """SECURITY_BAR row 44"""
    body = json.dumps({"username": name, "code": "000000"})
    answer = await app.http.post(
        "/verify_otp", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (401, 422), answer.text


async def verify(app: Application, username: str) -> None:
    """An operator made sure of the address."""
    await set_claims_of(
        services_of(app), username, StandardClaims(), vouched_for=["email_verified"]
    )
