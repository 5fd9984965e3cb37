"""`GET /resources/{name}/metadata`: the metadata of a resource (RFC 9728), where it is public."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.dependencies import CoreDep, OAuthDep
from app.details import Detail
from app.errors import NotFoundError
from app.middleware.cors import CorsPolicy, CrossOrigin
from app.oauth.protected_resources import resource_metadata
from app.routers.json_responses import json_response, starlette_response
from app.routers.openapi_errors import problem
from app.schemas.protected_resources import ProtectedResourceMetadata
from app.services.operations.links import RESOURCE_METADATA_PATH

PATH = RESOURCE_METADATA_PATH
CORS = CorsPolicy(CrossOrigin.ANY, ("GET",))
"""Apps in browsers look up resources, too."""
HEADERS = ((b"cache-control", b"public, max-age=300"),)
RESPONSES: dict[int | str, dict[str, Any]] = {
    404: problem(404, "There is no such resource, or its metadata is not public."),
}

router = APIRouter(tags=["Server"])


@router.get(
    PATH,
    response_model=ProtectedResourceMetadata,
    response_model_exclude_none=True,
    responses=RESPONSES,
)
async def protected_resource_metadata(
    name: Annotated[str, Path(description="The short name of the resource.")],
    oauth: OAuthDep,
    core: CoreDep,
) -> Response:
    """Return the metadata of a resource (RFC 9728), if the resource publishes it here."""
    resource = await oauth.resource_catalogue.find_by_name(name)
    if resource is None or not resource.shows_metadata:
        raise NotFoundError(Detail.RESOURCE_NOT_FOUND)
    types = (await oauth.authorization_type_catalogue.types()).values()
    document = resource_metadata(resource, issuer=core.settings.issuer_url, types=types)
    return starlette_response(json_response(document, headers=HEADERS))
