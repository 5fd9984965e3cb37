"""Token exchange (RFC 8693): an exchanged token ends with its subject. SECURITY_BAR row 40"""

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.protocol.exchanges import Fleet, new_fleet
from tests.support.administration import reset_password, set_user_disabled
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases


@pytest_asyncio.fixture(params=["opaque", "jwt"])
async def fleet(app: Application, user: TestUser, request: pytest.FixtureRequest) -> Fleet:
    return await new_fleet(app, user, token_format=request.param)


class Chain:
    """Tokens of one chain, with the services that accept them."""

    def __init__(self, fleet: Fleet, subject: str, first: str, second: str) -> None:
        self.fleet = fleet
        self.subject, self.first, self.second = subject, first, second

    async def are_active(self) -> list[bool]:
        """Return whether the subject, the first and the second token are active."""
        pairs = (
            (self.fleet.front, self.subject),
            (self.fleet.middle, self.first),
            (self.fleet.back, self.second),
        )
        return [(await service.introspect(token))["active"] for service, token in pairs]


@pytest_asyncio.fixture
async def chain(fleet: Fleet) -> Chain:
    subject = await fleet.subject()
    first = await fleet.front.call(fleet.middle, subject)
    second = await fleet.middle.call(fleet.back, first)
    chain = Chain(fleet, subject, first, second)
    assert await chain.are_active() == [True, True, True]
    return chain


async def set_client_disabled(app: Application, client_id: str) -> None:
    await services_of(app).clients.administration.set_disabled(
        client_id, disabled=True, authority=FULL
    )


async def test_tokens_end_with_the_subject_token_that_its_client_revokes(chain: Chain) -> None:
    await chain.fleet.app.revoke(chain.fleet.client, chain.subject)

    assert await chain.are_active() == [False, False, False]


async def test_tokens_end_with_the_sign_in(chain: Chain) -> None:
    """The app that the user removes takes with it what services got for them"""
    services = services_of(chain.fleet.app)
    user = await services.accounts.users.get(chain.fleet.user.username)
    await services.clients.consents.revoke(user, chain.fleet.client.client_id)

    assert await chain.are_active() == [False, False, False]


async def test_tokens_end_with_a_service_between(chain: Chain) -> None:
    """The user can remove a service that acts for them, and all that follow"""
    services = services_of(chain.fleet.app)
    user = await services.accounts.users.get(chain.fleet.user.username)
    assert await services.clients.consents.revoke(user, chain.fleet.front.client_id)

    assert await chain.are_active() == [True, False, False]


async def test_tokens_end_with_the_one_that_a_service_revokes(chain: Chain) -> None:
    await chain.fleet.app.revoke(chain.fleet.front.client, chain.first)

    assert await chain.are_active() == [True, False, False]


async def test_the_last_token_alone_can_be_revoked(chain: Chain) -> None:
    """RFC 7009"""
    await chain.fleet.app.revoke(chain.fleet.middle.client, chain.second)

    assert await chain.are_active() == [True, True, False]


async def test_another_client_revokes_nothing(chain: Chain) -> None:
    """RFC 7009 section 2.1; SECURITY_BAR row 39"""
    await chain.fleet.app.revoke(chain.fleet.client, chain.second)
    await chain.fleet.app.revoke(chain.fleet.back.client, chain.second)

    assert await chain.are_active() == [True, True, True]


async def test_tokens_end_with_the_user(chain: Chain) -> None:
    await set_user_disabled(services_of(chain.fleet.app), chain.fleet.user.username, disabled=True)

    assert await chain.are_active() == [False, False, False]


async def test_tokens_end_with_the_password(chain: Chain) -> None:
    services = services_of(chain.fleet.app)
    await reset_password(services, chain.fleet.user.username, "another long password 12")

    assert await chain.are_active() == [False, False, False]


async def test_tokens_end_with_the_client_of_the_subject(chain: Chain) -> None:
    await set_client_disabled(chain.fleet.app, chain.fleet.client.client_id)

    assert await chain.are_active() == [False, False, False]


async def test_tokens_end_with_the_client_of_a_service_between(chain: Chain) -> None:
    await set_client_disabled(chain.fleet.app, chain.fleet.front.client_id)

    assert not (await chain.fleet.middle.introspect(chain.first))["active"]
    assert not (await chain.fleet.back.introspect(chain.second))["active"]


async def test_a_token_about_a_client_ends_with_it(fleet: Fleet) -> None:
    job = await fleet.app.create_client(scope="profile")
    response = await fleet.app.client_credentials(
        job, resource=fleet.front.identifier, scope="read"
    )
    first = await fleet.front.call(fleet.middle, response.json()["access_token"])
    second = await fleet.middle.call(fleet.back, first)
    assert (await fleet.back.introspect(second))["active"]

    await set_client_disabled(fleet.app, job.client_id)

    assert not (await fleet.back.introspect(second))["active"]


async def test_a_revoked_subject_cannot_be_exchanged(fleet: Fleet) -> None:
    subject = await fleet.subject()
    await fleet.app.revoke(fleet.client, subject)
    await fleet.front.may_call_without_actor(fleet.middle)

    response = await fleet.front.exchange(subject, resource=fleet.middle.identifier)

    assert_oauth_error(response, "invalid_request")


async def test_a_token_does_not_outlive_its_subject(fleet: Fleet) -> None:
    await fleet.front.may_call_without_actor(fleet.middle)
    subject = await fleet.subject()
    expires_at = (await fleet.front.introspect(subject))["exp"]
    left = 70
    fleet.app.clock.advance(seconds=expires_at - int(fleet.app.clock.now().timestamp()) - left)

    response = (await fleet.front.exchange(subject, resource=fleet.middle.identifier)).json()

    assert left - 1 <= response["expires_in"] <= left
    assert (await fleet.middle.introspect(response["access_token"]))["exp"] <= expires_at
    fleet.app.clock.advance(seconds=left)
    assert not (await fleet.middle.introspect(response["access_token"]))["active"]


async def test_an_expired_subject_cannot_be_exchanged(fleet: Fleet) -> None:
    await fleet.front.may_call_without_actor(fleet.middle)
    subject = await fleet.subject()
    fleet.app.clock.advance(seconds=3601)

    response = await fleet.front.exchange(subject, resource=fleet.middle.identifier)

    assert_oauth_error(response, "invalid_request")


async def test_a_token_can_be_exchanged_eight_times(fleet: Fleet) -> None:
    """Each look-up reads the whole chain; without actors, nothing else would end it"""
    await fleet.front.may_call_without_actor(fleet.front)
    token = await fleet.subject()
    for _ in range(8):
        response = await fleet.front.exchange(token, resource=fleet.front.identifier)
        assert response.status_code == 200, response.text
        token = response.json()["access_token"]
    assert (await fleet.front.introspect(token))["active"]

    response = await fleet.front.exchange(token, resource=fleet.front.identifier)

    assert_oauth_error(response, "invalid_request")
