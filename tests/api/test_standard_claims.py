"""What a person may say of himself at registration (OpenID Connect Core section 5.1)."""

from typing import Any

import httpx
import pytest

from app.schemas.claims import StandardClaims
from tests.api.test_hostile_text import HOSTILE, assert_clean, post
from tests.support.application import PASSWORD, Application, TestUser, otp_secret_in
from tests.support.assertions import assert_problem

GOOD: dict[str, Any] = {
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "middle_name": "Augusta",
    "nickname": "Countess",
    "profile": "https://example.com/ada",
    "picture": "https://example.com/ada.png",
    "website": "http://example.com",
    "gender": "female",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "email": "ada@example.com",
    "phone_number": "+44 20 7946 0000",
    "address": {
        "formatted": "12 St James's Square\nLondon",
        "street_address": "12 St James's Square",
        "locality": "London",
        "region": "Greater London",
        "postal_code": "SW1Y 4JH",
        "country": "United Kingdom",
    },
}
SCOPE = "openid profile email phone address"


async def register(app: Application, **claims: Any) -> httpx.Response:
    body = {"username": app.new_name(), "password": PASSWORD, **claims}
    return await app.http.post("/register_user", json=body)


async def told_of(app: Application, **claims: Any) -> dict[str, Any]:
    """Registers a person, and gives what a client with every scope is told."""
    name = claims.pop("username", None) or app.new_name()
    response = await register(app, username=name, **claims)
    assert response.status_code == 201, response.text
    user = TestUser(name, PASSWORD, otp_secret_in(response.json()["otp_uri"]))
    await app.verify_otp(name, app.code(user))
    client = await app.create_client(scope=SCOPE)
    token = (await app.password_grant(client, user, scope=SCOPE)).json()["access_token"]
    answer = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    told: dict[str, Any] = answer.json()
    return told


async def test_clients_receive_the_claims_given_at_registration(app: Application) -> None:
    told = await told_of(app, **GOOD)

    assert {name: told[name] for name in GOOD} == GOOD
    assert told["email_verified"] is False
    assert told["phone_number_verified"] is False
    verified = {"email_verified", "phone_number_verified"}
    assert set(told) == {*GOOD, *verified, "sub", "preferred_username", "updated_at"}


def test_every_standard_claim_is_covered_by_these_tests() -> None:
    assert {*GOOD, "preferred_username"} == set(StandardClaims.model_fields)


async def test_a_preferred_username_other_than_the_username_is_refused(app: Application) -> None:
    """OpenID Connect Core section 5.1: applications show and map it, so nobody chooses "admin"."""
    name = app.new_name()

    answer = await register(app, username=name, preferred_username="admin")

    assert_problem(answer, 422, "invalid_preferred_username")
    assert "admin" not in answer.text


async def test_the_username_itself_is_accepted_as_preferred_username(app: Application) -> None:
    name = app.new_name()

    told = await told_of(app, username=name, preferred_username=name)

    assert told["preferred_username"] == name


async def test_a_user_without_claims_has_only_a_preferred_username(app: Application) -> None:
    name = app.new_name()

    told = await told_of(app, username=name)

    assert told["preferred_username"] == name
    assert set(told) == {"sub", "preferred_username", "updated_at"}


@pytest.mark.parametrize("name", ["name", "email", "address", "birthdate"])
async def test_null_is_treated_as_absent(app: Application, name: str) -> None:
    assert name not in await told_of(app, **{name: None})


async def test_an_empty_postal_address_is_omitted(app: Application) -> None:
    assert "address" not in await told_of(app, address={})


async def test_a_birthdate_may_be_a_year_alone_or_omit_the_year(app: Application) -> None:
    """Section 5.1"""
    for birthdate in ("1815", "0000-02-29", "2000-02-29"):
        assert (await told_of(app, birthdate=birthdate))["birthdate"] == birthdate


async def test_a_user_cannot_set_verified_flags_or_internal_claims(app: Application) -> None:
    """SECURITY_BAR row 41: nor does he give himself anything else"""
    told = await told_of(
        app,
        email="ada@example.com",
        phone_number="+44 20 7946 0000",
        email_verified=True,
        phone_number_verified=True,
        sub="somebody-else",
        user_id="somebody-else",
        updated_at=1,
        claims={"email_verified": True},
        trust="first_party",
        is_admin=True,
    )

    assert told["email_verified"] is False
    assert told["phone_number_verified"] is False
    assert told["sub"] != "somebody-else"
    assert told["updated_at"] != 1
    assert not {"trust", "is_admin", "claims", "user_id"} & set(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("name", 7),
        ("name", ["Ada"]),
        ("email", "ada"),
        ("email", "ada@"),
        ("email", "@example.com"),
        ("email", "ada @example.com"),
        ("email", "ada@example.com\r\nBcc: x@example.com"),
        ("email", "a@b@c"),
        ("email", "Ada <ada@example.com>"),
        ("email", "x" * 65 + "@example.com"),
        ("email", "ada@" + "x" * 260),
        ("birthdate", "10.12.1815"),
        ("birthdate", "1815-13-01"),
        ("birthdate", "1815-02-30"),
        ("birthdate", "2001-02-29"),
        ("birthdate", "1815-12"),
        ("birthdate", "\u0661\u0668\u0661\u0665"),
        ("zoneinfo", "Europe/Atlantis"),
        ("zoneinfo", "../../etc/passwd"),
        ("locale", "english!"),
        ("locale", "e"),
        ("phone_number", "call me"),
        ("phone_number", "+"),
        ("phone_number", "1" * 60),
        ("profile", "javascript:alert(1)"),
        ("picture", "data:image/png;base64,AA"),
        ("website", "example.com"),
        ("website", "https://"),
        ("website", "https://[::"),
        ("website", "https://example.com/" + "x" * 2000),
        ("address", "Ring 1, Wien"),
        ("address", {"country": ""}),
        ("address", {"country": "a\nb"}),
        ("address", {"formatted": "\n\n"}),
        ("address", {"formatted": "x" * 1001}),
    ],
)
async def test_invalid_claims_are_refused(app: Application, name: str, value: Any) -> None:
    """With a message that says which, and does not repeat what was sent"""
    answer = await register(app, **{name: value})

    assert_problem(answer, 422, "invalid_request")
    places = [error["location"] for error in answer.json()["errors"]]
    assert {tuple(place[:2]) for place in places} == {("body", name)}
    assert "example.com" not in answer.text


async def test_a_user_with_an_invalid_claim_is_not_registered(app: Application) -> None:
    name = app.new_name()

    answer = await register(app, username=name, email="nobody")

    assert_problem(answer, 422, "invalid_request")
    assert PASSWORD not in answer.text
    await app.register(name)  # it is still free


async def test_two_users_may_have_the_same_email(app: Application) -> None:
    """SECURITY_BAR row 19: nobody learns here which addresses are known"""
    first, second = [await told_of(app, email="ada@example.com") for _ in range(2)]

    assert first["email"] == second["email"]
    assert first["sub"] != second["sub"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_stored_or_refused_cleanly(app: Application, text: str) -> None:
    """SECURITY_BAR row 44"""
    for name in StandardClaims.model_fields:
        value = {"formatted": text, "country": text} if name == "address" else text
        body = {"username": app.new_name(), "password": PASSWORD, name: value}

        assert_clean(await post(app, "/register_user", body), name)


@pytest.mark.parametrize("kind", ["sql", "right to left", "emoji", "markup", "template", "format"])
async def test_stored_text_is_returned_unchanged(app: Application, kind: str) -> None:
    """SECURITY_BAR row 44"""
    told = await told_of(app, name=HOSTILE[kind], address={"country": HOSTILE[kind]})

    assert told["name"] == HOSTILE[kind]
    assert told["address"] == {"country": HOSTILE[kind]}
