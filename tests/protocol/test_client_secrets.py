"""Two secrets at once while one replaces the other, and secrets that expire."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.errors import ConflictError, InvalidInputError
from app.services.operations.authority import FULL
from tests.protocol.registering import body_of, client_of, manage, registered
from tests.support.administration import rotate_secret
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)


async def replaced(
    app: Application, client: TestClient, *, overlap: timedelta = HOUR, secret: str | None = None
) -> TestClient:
    """Replace the secret of a client, and return the client with the new one."""
    new = await services_of(app).clients.secrets.replace(
        client.client_id, overlap=overlap, secret=secret, authority=FULL
    )
    return replace(client, client_secret=new)


async def works(app: Application, client: TestClient) -> bool:
    response = await app.client_credentials(client)
    if response.status_code != 200:
        assert_oauth_error(response, "invalid_client", status=401)
    return response.status_code == 200


async def test_both_secrets_are_valid_until_the_overlap_ends(
    app: Application, client: TestClient
) -> None:
    new = await replaced(app, client)

    answers = await asyncio.gather(*(works(app, each) for each in [client, new] * 10))
    app.clock.advance(seconds=HOUR.total_seconds() - 1)
    before = await works(app, client)
    app.clock.advance(seconds=1)
    after = await works(app, client)

    assert all(answers)
    assert (before, after) == (True, False)
    assert await works(app, new)


async def test_a_secret_in_the_form_is_checked_alike(app: Application, client: TestClient) -> None:
    new = await replaced(app, client)

    for each in (client, new):
        form = {"client_id": each.client_id, "client_secret": each.client_secret}
        assert (await app.token(None, grant_type="client_credentials", **form)).status_code == 200


async def test_without_an_overlap_the_old_secret_is_invalid_at_once(
    app: Application, client: TestClient
) -> None:
    new = await replaced(app, client, overlap=timedelta(0))

    assert not await works(app, client)
    assert await works(app, new)


async def test_a_third_secret_waits_until_the_first_is_revoked(
    app: Application, client: TestClient
) -> None:
    secrets = services_of(app).clients.secrets
    second = await replaced(app, client)

    with pytest.raises(ConflictError):
        await replaced(app, client)
    assert await secrets.revoke_previous(client.client_id, authority=FULL)
    assert not await works(app, client)
    third = await replaced(app, client)

    assert await works(app, second)
    assert await works(app, third)
    assert await secrets.revoke_previous(client.client_id, authority=FULL)
    assert not await secrets.revoke_previous(client.client_id, authority=FULL)


async def test_an_expired_secret_is_invalid(app: Application, client: TestClient) -> None:
    secrets, now = services_of(app).clients.secrets, app.clock.now()

    await secrets.set_expiry(client.client_id, now + HOUR, authority=FULL)
    before = await works(app, client)
    app.clock.advance(seconds=HOUR.total_seconds())
    after = await works(app, client)
    await secrets.set_expiry(client.client_id, None, authority=FULL)

    assert (before, after) == (True, False)
    assert await works(app, client)


async def test_the_overlap_does_not_prolong_a_secret_that_expires_earlier(
    app: Application, client: TestClient
) -> None:
    soon = app.clock.now() + timedelta(minutes=1)
    await services_of(app).clients.secrets.set_expiry(client.client_id, soon, authority=FULL)
    new = await replaced(app, client)

    app.clock.advance(seconds=61)

    assert not await works(app, client)
    assert await works(app, new)


async def test_rotating_a_secret_revokes_every_other_one(
    app: Application, client: TestClient
) -> None:
    second = await replaced(app, client)

    third = await rotate_secret(services_of(app), client.client_id)

    assert not await works(app, client)
    assert not await works(app, second)
    assert await works(app, replace(client, client_secret=third))


async def test_a_chosen_secret_is_accepted_if_it_is_long_enough(
    app: Application, client: TestClient
) -> None:
    chosen = "pa%41ss+" * 4 + "%zz/="

    assert await works(app, await replaced(app, client, secret=chosen))
    for wrong in ("x" * 31, "x" * 201, "ä" * 32, "x x" * 20):
        with pytest.raises(InvalidInputError):
            await replaced(app, client, overlap=timedelta(0), secret=wrong)


async def test_the_registration_shows_when_the_secret_expires(
    app: Application, client: TestClient
) -> None:
    """RFC 7591 section 3.2.1"""
    services = services_of(app)
    expires_at = app.clock.now() + HOUR
    await services.clients.secrets.set_expiry(client.client_id, expires_at, authority=FULL)

    stored = await services.clients.clients.get(client.client_id)

    shown = services.clients.clients.information(stored)
    assert shown["client_secret_expires_at"] == int(expires_at.timestamp())


@pytest.mark.parametrize("secret", ["100%ff-of-a-long-secret-" + "x" * 20, "%e9%e8+" + "y" * 40])
async def test_a_chosen_secret_whose_decoded_form_is_not_text_is_accepted_by_basic(
    app: Application, client: TestClient, secret: str
) -> None:
    """RFC 6749 section 2.3.1: sent as it is, as most clients do"""
    assert await works(app, await replaced(app, client, secret=secret))


async def test_a_registered_client_updates_itself_with_either_secret_during_an_overlap(
    app: Application,
) -> None:
    """RFC 7592 section 2.2"""
    made = await registered(app, client_name="App")
    new = await replaced(app, client_of(made))
    secrets = [made["client_secret"], new.client_secret, "wrong-" * 8]

    async def statuses() -> list[int]:
        bodies = [body_of(made, client_name="App", client_secret=secret) for secret in secrets]
        return [(await manage(app, "PUT", made, body)).status_code for body in bodies]

    during = await statuses()
    app.clock.advance(seconds=HOUR.total_seconds())

    assert during == [200, 200, 400]
    assert await statuses() == [400, 200, 400]
