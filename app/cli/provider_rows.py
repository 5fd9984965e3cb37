"""Rows that the commands about identity providers print."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.parameters import argument

if TYPE_CHECKING:
    from app.models.federation.identity_providers import IdentityProvider
    from app.wiring import Services

ProviderName = Annotated[str, argument(metavar="NAME")]


def row_of_provider(
    services: "Services", provider: "IdentityProvider", linked: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "name": provider.name,
        "label": provider.label,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "has_secret": provider.sealed_secret is not None,
        "scope": provider.scope,
        "linked": linked.get(provider.name, 0),
        "disabled": provider.is_disabled,
        "owner": provider.owner,
        "redirect_uri": services.core.links.provider_callback(provider.name),
    }


async def details_of_provider(services: "Services", name: str) -> dict[str, Any]:
    """Return a provider with the groups that it gives, by the values of its claim."""
    federation, mappings = services.federation, dict[str, list[str]]()
    provider = await federation.identity_providers.get(name)
    for each in await federation.group_mappings.list_of(name):
        group = await services.accounts.groups.get(each.group_id)
        mappings.setdefault(each.claim_value, []).append(group.name)
    return {
        **row_of_provider(services, provider, await federation.identity_providers.count_linked()),
        "groups_claim": provider.groups_claim,
        "group_mappings": mappings,
    }
