"""`postern users set …`: the standard claims that are kept about a person."""

import asyncio
import json
from typing import Any

import pytest

from app.errors import ConflictError
from app.schemas.claims import StandardClaims
from app.wiring import build_services
from tests.cli.conftest import Postern, Result
from tests.support.administration import set_claims_of
from tests.support.application import Application, TestUser
from tests.support.people import ALL_SCOPES, access_token, person_with, told


@pytest.fixture
def set_claims(app: Application, postern: Postern) -> Postern:
    """`postern users set …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("users", "set", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def told_of(app: Application, user: TestUser) -> dict[str, Any]:
    client = await app.create_client(scope=ALL_SCOPES)
    return await told(app, await access_token(app, client, user, ALL_SCOPES))


async def test_set_prints_the_claims_and_releases_them_to_clients(
    app: Application, user: TestUser, set_claims: Postern
) -> None:
    result = await set_claims(
        "--json", user.username, "--email", "zoe@example.com", "--given-name", "Zoë"
    )

    kept = {"email": "zoe@example.com", "email_verified": False, "given_name": "Zoë"}
    assert result.code == 0
    assert json.loads(result.output)["claims"] == kept
    assert kept.items() <= (await told_of(app, user)).items()


async def test_a_preferred_username_other_than_the_username_is_refused(
    app: Application, user: TestUser, set_claims: Postern
) -> None:
    result = await set_claims(user.username, "--preferred-username", "admin")

    assert result.code == 1
    assert "preferred_username is always the username" in result.errors
    assert (await told_of(app, user))["preferred_username"] == user.username


async def test_claims_that_are_not_named_are_unchanged(
    app: Application, set_claims: Postern
) -> None:
    zoe = await person_with(app, name="Zoë", nickname="zo")

    await set_claims(zoe.username, "--nickname", "zozo")

    claims = await told_of(app, zoe)
    assert (claims["name"], claims["nickname"]) == ("Zoë", "zozo")


async def test_updated_at_is_the_time_of_the_last_change(
    app: Application, set_claims: Postern
) -> None:
    app.clock.advance(seconds=3600)  # a command has the clock of the machine
    zoe = await person_with(app)
    registered_at = (await told_of(app, zoe))["updated_at"]

    await set_claims(zoe.username, "--name", "Zoë")

    updated_at = (await told_of(app, zoe))["updated_at"]
    assert registered_at == int(app.clock.now().timestamp())
    assert 0 < registered_at - updated_at <= 3600


async def test_email_verified_marks_only_the_email_as_verified(
    app: Application, set_claims: Postern
) -> None:
    zoe = await person_with(app, email="zoe@example.com", phone_number="+43 1 234567")

    result = await set_claims(zoe.username, "--email-verified")

    claims = await told_of(app, zoe)
    assert result.code == 0
    assert (claims["email_verified"], claims["phone_number_verified"]) == (True, False)


async def test_a_new_email_must_be_verified_again(app: Application, set_claims: Postern) -> None:
    zoe = await person_with(app, email="zoe@example.com")
    await set_claims(zoe.username, "--email-verified")

    await set_claims(zoe.username, "--email", "new@example.com")
    unverified = await told_of(app, zoe)
    await set_claims(zoe.username, "--email", "newer@example.com", "--email-verified")
    verified = await told_of(app, zoe)

    assert unverified["email_verified"] is False
    assert (verified["email"], verified["email_verified"]) == ("newer@example.com", True)


async def test_unset_claims_are_removed(app: Application, set_claims: Postern) -> None:
    zoe = await person_with(app, email="zoe@example.com", name="Zoë", nickname="zo")

    result = await set_claims(zoe.username, "--unset", "email", "--unset", "name")

    claims = await told_of(app, zoe)
    assert result.code == 0
    assert not {"email", "email_verified", "name"} & claims.keys()
    assert claims["nickname"] == "zo"


async def test_a_postal_address_is_given_as_json(
    app: Application, user: TestUser, set_claims: Postern
) -> None:
    await set_claims(user.username, "--address", '{"country": "Austria", "locality": "Wien"}')

    assert (await told_of(app, user))["address"] == {"country": "Austria", "locality": "Wien"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--email", "nothing"], "--email: must be an e-mail address"),
        (["--given-name", ""], "--given-name: "),
        (["--phone-number", "call me"], "--phone-number: must be a phone number"),
        (["--name", "\udcff"], "--name: "),
        (["--address", "Vienna"], "--address: must be a JSON object"),
        (["--address", "[" * 50_000], "--address: must be a JSON object"),
        (["--address", "[]"], "--address: "),
        (["--address", '{"country": ""}'], "--address: "),
        (["--address", '{"planet": "Mars"}'], "--address: must have a member such as country."),
        (["--address", "null"], "--address: must have a member such as country."),
        (["--name", "Ada", "--unset", "name"], "--name: cannot be both set and unset."),
        (["--email-verified"], "Cannot set email_verified: the user has no such claim to verify."),
        ([], "Nothing to set or unset"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_invalid_value_is_a_one_line_error_and_changes_nothing(
    app: Application, set_claims: Postern, arguments: list[str], line: str
) -> None:
    zoe = await person_with(app, name="Zoë")
    before = await told_of(app, zoe)

    result = await set_claims(zoe.username, *arguments)

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")
    assert result.errors.count("\n") == 1
    assert await told_of(app, zoe) == before


@pytest.mark.parametrize("name", ["email_verified", "sub", "updated_at", "password", "colour"])
async def test_claims_that_cannot_be_set_cannot_be_unset(
    user: TestUser, set_claims: Postern, name: str
) -> None:
    result = await set_claims(user.username, "--unset", name)

    assert result.code == 2


async def test_changing_a_claim_does_not_revoke_tokens(
    app: Application, user: TestUser, set_claims: Postern
) -> None:
    """A name is no credential"""
    client = await app.create_client(scope=ALL_SCOPES)
    token = await access_token(app, client, user, ALL_SCOPES)

    await set_claims(user.username, "--name", "Zoë")

    assert (await told(app, token))["name"] == "Zoë"


async def test_an_unknown_user_is_a_one_line_error(set_claims: Postern) -> None:
    result = await set_claims("nobody", "--name", "Zoë")

    assert (result.code, result.errors) == (1, "postern: There is no user with that name.\n")


async def test_concurrent_changes_are_stored_or_refused_but_never_lost(
    app: Application, user: TestUser
) -> None:
    """Each is stored, or refused and said so."""
    services = build_services(app.settings, app.clock)
    names = ("name", "nickname", "given_name", "family_name", "middle_name")

    outcomes = await asyncio.gather(
        *(set_claims_of(services, user.username, StandardClaims(**{name: "x"})) for name in names),
        return_exceptions=True,
    )
    await services.close()

    stored = {name for name in names if name in await told_of(app, user)}
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert all(isinstance(each, ConflictError) for each in refused)
    assert len(stored) + len(refused) == len(names)
    assert stored
