"""Token exchange between services for tests: each service is a client that serves a resource."""

from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import update

from app.models.clients.clients import clients
from app.models.oauth.resources import Resource
from app.oauth.exchange.token_types import ACCESS_TOKEN, TOKEN_EXCHANGE
from tests.support.administration import set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.resources import new_resource

GRANTS = ["client_credentials", "password", "authorization_code", "refresh_token", TOKEN_EXCHANGE]


@dataclass(frozen=True)
class Service:
    """A client that may exchange tokens, and the resource that it serves."""

    app: Application
    client: TestClient
    resource: Resource

    @property
    def client_id(self) -> str:
        return self.client.client_id

    @property
    def identifier(self) -> str:
        return self.resource.identifier

    async def may_call(self, *targets: "Service", **policy: Any) -> None:
        """Let the service exchange tokens for these targets, with an actor token."""
        names = [target.resource.name for target in targets]
        await set_policies(self.app, self.client, token_exchange={"targets": names, **policy})

    async def may_call_without_actor(self, *targets: "Service", **policy: Any) -> None:
        names = [target.resource.name for target in targets]
        await self.may_call(*targets, targets_without_actor=names, **policy)

    async def own_token(self, **form: str) -> str:
        """Return an access token of the client itself, which makes it the actor."""
        response = await self.app.client_credentials(self.client, **form)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    async def exchange(self, subject: str, **form: Any) -> httpx.Response:
        """POST /token with an access token as the subject; None removes a parameter."""
        return await self.app.token(self.client, **exchange_form(subject, **form))

    async def call(self, target: "Service", subject: str, **form: Any) -> str:
        """Return a token for a target, got as an actor."""
        response = await self.exchange(
            subject,
            resource=target.identifier,
            actor_token=await self.own_token(),
            actor_token_type=ACCESS_TOKEN,
            **form,
        )
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    async def introspect(self, token: str) -> dict[str, Any]:
        return await self.app.introspect(self.client, token)


def exchange_form(subject: str, **changes: Any) -> dict[str, str]:
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject,
        "subject_token_type": ACCESS_TOKEN,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


async def new_service(
    app: Application, *, scope: str = "openid profile email", **values: Any
) -> Service:
    client = await app.create_client(grant_types=GRANTS, scope=scope)
    resource = await new_resource(app, servers=[client.client_id], **values)
    return Service(app, client, resource)


async def named_service(app: Application, client_id: str) -> Service:
    """Return a service whose client has any id, also one that could not be chosen."""
    client = await app.create_client(grant_types=GRANTS, scope="openid profile email")
    await services_of(app).core.database.change(
        update(clients).where(clients.c.client_id == client.client_id).values(client_id=client_id)
    )
    resource = await new_resource(app, servers=[client_id])
    return Service(app, TestClient(client_id, client.client_secret), resource)


async def make_pairwise(app: Application, client: TestClient, *, sector: str) -> None:
    """Give a client pairwise subjects, without the keys and documents that it would need."""
    await services_of(app).core.database.change(
        update(clients)
        .where(clients.c.client_id == client.client_id)
        .values(sector_identifier=sector)
    )


async def token_of_user(app: Application, client: TestClient, user: TestUser, **form: str) -> str:
    """Return an access token that a client got for a user."""
    response = await app.password_grant(client, user, **form)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])
