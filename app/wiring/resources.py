"""Resources, which of them clients have by default, and authorization details."""

from dataclasses import dataclass

from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.resource_indicators import ResourceIndicators
from app.oauth.scopes import SCOPES
from app.repositories.accounts.groups import GroupRepository
from app.repositories.oauth.authorization_types import AuthorizationTypeRepository
from app.repositories.oauth.resources import ResourceRepository
from app.schemas.admin_scopes import AdminScope
from app.services.oauth.authorization_type_catalogue import AuthorizationTypeCatalogue
from app.services.oauth.authorization_types import AuthorizationTypeService
from app.services.oauth.default_resources import DefaultResourceService
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.oauth.resources import ResourceService
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    resources: ResourceService
    resource_catalogue: ResourceCatalogue
    default_resources: DefaultResourceService
    resource_indicators: ResourceIndicators
    authorization_types: AuthorizationTypeService
    authorization_type_catalogue: AuthorizationTypeCatalogue
    authorization_details: AuthorizationDetails


def build_resources(core: Core) -> Resources:
    resource_repository = ResourceRepository(core.database)
    resource_catalogue = ResourceCatalogue(resource_repository, core.clock)
    resources = ResourceService(
        resource_repository=resource_repository,
        client_repository=core.client_repository,
        group_repository=GroupRepository(core.database),
        resource_catalogue=resource_catalogue,
        reserved=(*SCOPES, *AdminScope),
        audit=core.audit,
        clock=core.clock,
        issuer=core.settings.issuer_url,
    )
    authorization_type_repository = AuthorizationTypeRepository(core.database)
    authorization_type_catalogue = AuthorizationTypeCatalogue(
        authorization_type_repository, core.clock
    )
    return Resources(
        resources=resources,
        resource_catalogue=resource_catalogue,
        resource_indicators=ResourceIndicators(resource_catalogue),
        default_resources=DefaultResourceService(
            client_repository=core.client_repository,
            resources=resources,
            audit=core.audit,
            clock=core.clock,
        ),
        authorization_types=AuthorizationTypeService(
            authorization_type_repository=authorization_type_repository,
            authorization_type_catalogue=authorization_type_catalogue,
            client_repository=core.client_repository,
            resources=resources,
            audit=core.audit,
            clock=core.clock,
        ),
        authorization_type_catalogue=authorization_type_catalogue,
        authorization_details=AuthorizationDetails(authorization_type_catalogue),
    )
