"""Fixtures of the tests of token exchange (RFC 8693): an app, and three services behind it."""

from typing import NamedTuple

from tests.support.application import Application, TestClient, TestUser
from tests.support.exchange import Service, new_service, token_of_user


class Fleet(NamedTuple):
    """An app calls the front service, which calls the middle one, which calls the back one."""

    app: Application
    user: TestUser
    client: TestClient
    front: Service
    middle: Service
    back: Service

    async def subject(self, scope: str = "profile read write", **form: str) -> str:
        """Return a token of the user for the front service."""
        return await token_of_user(
            self.app, self.client, self.user, scope=scope, resource=self.front.identifier, **form
        )

    async def unbound_subject(self) -> str:
        """Return a token of the user without an audience."""
        return await token_of_user(self.app, self.client, self.user, scope="profile")


async def new_fleet(app: Application, user: TestUser, *, token_format: str = "opaque") -> Fleet:
    client = await app.create_client(scope="openid profile email offline_access")
    front, middle, back = [await new_service(app, token_format=token_format) for _ in range(3)]
    await front.may_call(middle)
    await middle.may_call(back)
    return Fleet(app, user, client, front, middle, back)
