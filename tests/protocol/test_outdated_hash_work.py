"""How much hashing a refused sign-in costs while the user's hash is imported or outdated.

Nothing is timed here; what is counted is the work that takes the time.
"""

import tomllib
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.security.passwords import PasswordScheme
from tests.conftest import AppFactory
from tests.support.account import stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.imports import import_user
from tests.support.parts import services_of

RECORDED = tomllib.loads(
    (Path(__file__).parents[1] / "unit/foreign_hashes.toml").read_text("utf-8")
)
PASSWORD = RECORDED["password"]
HASHES = {
    "imported": RECORDED["hashes"]["django pbkdf2_sha256"],
    "with other parameters": RECORDED["hashes"]["argon2id"],
}
FORMS = ("NFC", "NFD")
Cost = Callable[[Awaitable[object]], Awaitable[int]]


@pytest.fixture
def cost_of(monkeypatch: pytest.MonkeyPatch) -> Cost:
    """Returns how many password hashes are computed meanwhile, of whatever kind."""
    count = 0

    def count_calls(name: str) -> None:
        original = getattr(PasswordScheme, name)

        def counting(*arguments: object) -> object:
            nonlocal count
            count += 1
            return original(*arguments)

        monkeypatch.setattr(PasswordScheme, name, counting)

    count_calls("_matches")
    count_calls("hash")

    async def cost(request: Awaitable[object]) -> int:
        before = count
        await request
        return count - before

    return cost


async def sign_in_refused(
    app: Application, client: TestClient, user: TestUser, password: str, **form: str
) -> None:
    refused = await app.password_grant(client, user, password=password, **form)
    assert_oauth_error(refused, "invalid_grant")


@pytest.mark.parametrize("refusal", ["no enrolment", "disabled", "no code", "wrong code"])
@pytest.mark.parametrize("password_hash", HASHES.values(), ids=HASHES)
@pytest.mark.parametrize("form", FORMS)
async def test_a_refused_sign_in_costs_as_much_with_the_right_password(
    start_app: AppFactory, cost_of: Cost, refusal: str, password_hash: str, form: str
) -> None:
    """SECURITY_BAR row 10: nor does a right password make the next attempt cheaper"""
    app = await start_app(otp_policy="every_login")
    client = await app.create_client()
    user = await import_user(
        app,
        password=PASSWORD,
        password_hash=password_hash,
        otp_confirmed=refusal != "no enrolment",
        disabled=refusal == "disabled",
    )
    right, wrong = (unicodedata.normalize(form, text) for text in (PASSWORD, "Zoë is wrong"))
    code = {"no code": {}, "wrong code": {"otp": "000000"}}.get(refusal, {"otp": app.code(user)})
    await sign_in_refused(app, client, user, "the first one creates the dummy hash", **code)

    costs = [
        await cost_of(sign_in_refused(app, client, user, password, **code))
        for password in (wrong, right, wrong, right)
    ]

    assert costs == [costs[0]] * 4
    assert costs[0] == (2 if form == "NFC" else 3)


@pytest.mark.parametrize("password_hash", HASHES.values(), ids=HASHES)
async def test_a_password_check_of_a_disabled_user_costs_as_much_with_the_right_password(
    app: Application, cost_of: Cost, password_hash: str
) -> None:
    """SECURITY_BAR row 10, on the pages and at `/enroll_otp`"""
    user = await import_user(app, password=PASSWORD, password_hash=password_hash, disabled=True)
    check = services_of(app).accounts.authentication.check_password
    before = await stored(app, user)
    assert await check(user.username, "the first one creates the dummy hash") is None

    costs = [
        await cost_of(check(user.username, password))
        for password in ("wrong password", PASSWORD, "wrong password")
    ]

    assert costs == [2, 2, 2]
    assert (await stored(app, user)).password_hash == before.password_hash


@pytest.mark.parametrize("form", FORMS)
async def test_any_spelling_costs_one_hash_for_a_current_hash_and_for_an_unknown_user(
    app: Application, client: TestClient, cost_of: Cost, form: str
) -> None:
    """SECURITY_BAR row 11: an unusual spelling does not double the work of a flood"""
    right, wrong = (unicodedata.normalize(form, text) for text in (PASSWORD, "Zoë is wrong"))
    user = await app.register(password=PASSWORD)
    unknown = TestUser(app.new_name("nobody"), "", "")
    await sign_in_refused(app, client, unknown, "the first one creates the dummy hash")

    costs = [
        await cost_of(sign_in_refused(app, client, each, password))
        for each in (user, unknown)
        for password in (right, wrong)
    ]

    assert costs == [1, 1, 1, 1]
