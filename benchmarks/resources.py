"""A resource with JWT access tokens in the measured database."""

import asyncio
from collections.abc import Sequence

from app.clock import Clock
from app.errors import ConflictError
from app.schemas.resources import ResourceBody
from app.services.operations.authority import FULL
from app.settings import Settings
from app.wiring import build_services

IDENTIFIER = "https://bench.example"


def create_resource(database_url: str, *, servers: Sequence[str]) -> str:
    """Create the resource if it does not exist, and return its identifier.

    The clients `servers` may introspect its tokens. Call it before the server reads any resource.
    """
    asyncio.run(_create(database_url, servers))
    return IDENTIFIER


async def _create(database_url: str, servers: Sequence[str]) -> None:
    settings = Settings(database_url=database_url, app_env="development", secret_key="x" * 32)
    services = build_services(settings, Clock())
    body = ResourceBody.model_validate(
        {
            "name": "bench",
            "identifier": IDENTIFIER,
            "title": "The benchmark",
            "is_open_to_all_clients": True,
            "servers": list(servers),
            "scopes": [{"name": "read", "description": "Read", "is_default": True}],
            "token_format": "jwt",
        }
    )
    try:
        await services.oauth.resources.create(body, authority=FULL)
    except ConflictError:
        pass
    finally:
        await services.close()
