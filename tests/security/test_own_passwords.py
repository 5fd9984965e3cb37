"""SECURITY_BAR row 25: nobody's password is his own name, wherever a password is set."""

import html

import pytest

from tests.conftest import AppFactory
from tests.support.account import person_with_mail, signed_in
from tests.support.administration import reset_password
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_problem
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

OWN_NAME = "Your password can't be your own name. Choose another one."


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("LadyLovelace", "LadyLovelace"),
        ("LadyLovelace", "ladylovelace"),
        ("LadyLovelace", "ＬａｄｙＬｏｖｅｌａｃｅ"),  # noqa: RUF001 - the same in another width
        ("LadyLovelace", "ladylovelace123"),
        ("LadyLovelace", "!LADYLOVELACE!!"),
        ("straße.12", "STRASSE.12"),
        ("anna", "annaanna"),
        ("anna", "1annaanna2"),
        ("countess@example.com", "countess@example.com1"),
    ],
)
async def test_registration_refuses_a_password_that_is_the_username_or_nearly_so(
    app: Application, username: str, password: str
) -> None:
    """SECURITY_BAR row 25: whatever its case and width"""
    answer = await app.http.post(
        "/register_user", json={"username": username, "password": password}
    )

    assert_problem(answer, 422, "password_is_username")
    assert username not in answer.json()["detail"]


@pytest.mark.parametrize("password", ["ada@example.org", "augusta.ada", "Augusta.Ada!1"])
async def test_registration_refuses_the_email_or_its_local_part_as_the_password(
    app: Application, password: str
) -> None:
    """SECURITY_BAR row 25"""
    email = "ada@example.org" if "@" in password else "augusta.ada@example.org"

    answer = await app.http.post(
        "/register_user",
        json={"username": app.new_name(), "password": password, "email": email},
    )

    assert_problem(answer, 422, "password_is_username")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("LadyLovelace", "ladylovelace-1815"),
        ("ada", "ada-long"),
        ("ada", "adaada-1"),
        ("anna", "a-nice-savannah"),
        ("x", "xxxxxxxxx"),
    ],
)
async def test_a_password_that_adds_enough_to_the_username_is_accepted(
    app: Application, username: str, password: str
) -> None:
    """SECURITY_BAR row 25: no rule of composition by the back door"""
    answer = await app.http.post(
        "/register_user",
        json={"username": f"{username}", "password": password},
    )

    assert answer.status_code in (201, 409), answer.text  # 409: an earlier case has the name


async def test_production_refuses_the_username_as_the_password(start_app: AppFactory) -> None:
    """SECURITY_BAR row 25"""
    app = await start_app(
        app_env="production",
        issuer="https://login.example.com",
        admin_token="an-administrators-Token-8c1f-Kd92hLs0",
    )

    answer = await app.http.post(
        "/register_user",
        json={"username": "a-rare-username", "password": "a-rare-username"},
        headers={"authorization": "Bearer an-administrators-Token-8c1f-Kd92hLs0"},
    )

    assert_problem(answer, 422, "password_is_username")


async def test_the_registration_page_shows_the_error_beside_the_password_field(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR row 25"""
    name = app.new_name("somebody")

    page = await visitor.submit(
        await visitor.get("/create-account"), to="/create-account", username=name, password=name
    )

    assert page.status_code == 400
    assert f'id="password-error">{OWN_NAME}' in html.unescape(page.text)


async def test_a_password_change_refuses_the_username_as_the_password(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 25"""
    await signed_in(visitor, user)

    page = await visitor.submit(
        await visitor.get("/account/password"),
        to="/account/password",
        current_password=user.password,
        password=user.username.upper(),
    )

    assert page.status_code == 400
    assert OWN_NAME in text_of(page)
    assert (await app.password_grant(client, user)).status_code == 200


@pytest.mark.parametrize("what", ["username", "address", "local part"])
async def test_a_password_reset_refuses_the_username_or_email_as_the_password(
    app: Application, client: TestClient, what: str
) -> None:
    """SECURITY_BAR row 25: by an operator's hand, and by a link"""
    email = f"{app.new_name('long-name')}@example.org"
    user = await person_with_mail(app, email)
    password = {
        "username": user.username,
        "address": email.upper(),
        "local part": email.partition("@")[0],
    }[what]

    with pytest.raises(Exception, match="own name"):
        await reset_password(services_of(app), user.username, password)

    assert (await app.password_grant(client, user)).status_code == 200


async def test_guessing_the_current_password_on_the_account_page_is_rate_limited(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 23: a guess there counts as one at the sign-in page"""
    await signed_in(visitor, user)
    page = await visitor.get("/account/password")
    guess = {"current_password": "a wrong guess", "password": "another long password"}

    for _ in range(app.settings.login_limit):
        answer = await visitor.submit(page, to="/account/password", **guess)
        assert answer.status_code == 400
    refused = await visitor.submit(page, to="/account/password", **guess)

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Too many attempts" in text_of(refused)
    right = {**guess, "current_password": user.password}
    assert (await visitor.submit(page, to="/account/password", **right)).status_code == 429
