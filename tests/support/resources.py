"""Resources for tests, with short names and identifiers of their own."""

from typing import Any

from app.models.oauth.resources import Resource
from app.schemas.resources import ResourceBody
from app.services.operations.authority import FULL
from tests.support.application import Application, TestClient
from tests.support.parts import services_of

READ = {"name": "read", "description": "Read your reports", "is_default": True}
WRITE = {"name": "write", "description": "Change your reports", "implies": ["read"]}


def resource_body(name: str, **values: Any) -> ResourceBody:
    return ResourceBody.model_validate(
        {
            "name": name,
            "identifier": f"https://{name}.example",
            "title": f"The {name}",
            "is_open_to_all_clients": True,
            "scopes": [READ, WRITE],
            **values,
        }
    )


async def new_resource(app: Application, **values: Any) -> Resource:
    """Create a resource with the scopes `read`, by default, and `write`, which implies it."""
    name = values.pop("name", None) or app.new_name("api")
    return await services_of(app).oauth.resources.create(
        resource_body(name, **values), authority=FULL
    )


async def make_default(app: Application, client: TestClient, resource: Resource | None) -> None:
    await services_of(app).oauth.default_resources.set(
        client.client_id, resource.name if resource is not None else None, authority=FULL
    )
