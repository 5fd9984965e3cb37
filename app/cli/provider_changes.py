"""`postern providers set`, and the commands for the groups that an identity provider gives."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret, with_services
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument, flag, option
from app.cli.provider_rows import ProviderName, details_of_provider
from app.cli.subjects import group_named
from app.errors import InvalidInputError, NotFoundError
from app.schemas.identity_providers import IdentityProviderBody
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.federation.identity_providers import IdentityProvider
    from app.wiring import Services

USUAL_CLAIM = "groups"
Value = Annotated[str, argument(metavar="VALUE", help="The value of the claim.")]
GroupName = Annotated[str, argument(metavar="GROUP", help="The name of the group here.")]
Mappings = dict[str, list[str]]
"""The ids of groups by the values of a claim."""


def change(
    name: ProviderName,
    *,
    label: Annotated[str | None, option("--label", help="Label of the sign-in button.")] = None,
    client_id: Annotated[
        str | None,
        option("--client-id", metavar="ID", help="Client ID that the provider issued."),
    ] = None,
    scope: Annotated[str | None, option("--scope", help="Scope to request.")] = None,
    from_stdin: Annotated[
        bool,
        flag("--stdin", help="Read a new client secret from standard input; empty for none."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change an identity provider. It keeps its name and its issuer."""
    changes = {"label": label, "client_id": client_id, "scope": scope}
    stated = {member: value for member, value in changes.items() if value is not None}
    if not stated and not from_stdin:
        raise InvalidInputError("Nothing to set. See postern providers set --help.")
    secret = read_secret("Client secret: ", from_stdin=True) if from_stdin else None

    async def store(services: "Services") -> dict[str, Any]:
        before = await services.federation.identity_providers.get(name)
        members = {member: getattr(before, member) for member in IdentityProviderBody.model_fields}
        await services.federation.administration.change(
            IdentityProviderBody(**{**members, **stated}),
            secret=secret,
            version=before.version,
            authority=FULL,
        )
        return await details_of_provider(services, name)

    show_one(with_services(store), as_json=as_json)


def map_group(
    name: ProviderName,
    value: Value,
    group: GroupName,
    *,
    claim: Annotated[
        str | None,
        option("--claim", help="Claim that lists the groups; by default the current one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a group to users whose groups claim has a value, from their next sign-in on."""

    def add(mappings: Mappings, group_id: str) -> None:
        mappings.setdefault(value, []).append(group_id)

    _change_mappings(name, group, add, claim=claim, as_json=as_json)


def unmap_group(
    name: ProviderName, value: Value, group: GroupName, *, as_json: AsJson = False
) -> None:
    """Stop giving a group for a value. Memberships by no other value end at once."""

    def remove(mappings: Mappings, group_id: str) -> None:
        if group_id not in mappings.get(value, ()):
            raise NotFoundError("There is no such mapping.")
        mappings[value].remove(group_id)

    _change_mappings(name, group, remove, claim=None, as_json=as_json)


def set_groups_claim(
    name: ProviderName,
    claim: Annotated[str | None, argument(metavar="CLAIM")] = None,
    *,
    is_off: Annotated[
        bool, flag("--off", help="Turn the mapping off. Memberships from this provider end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set the claim that lists the groups of a user, or turn it off."""
    if (claim is None) != is_off:
        raise InvalidInputError("Use either CLAIM or --off.")

    async def store(services: "Services") -> dict[str, Any]:
        provider = await services.federation.identity_providers.get(name)
        mappings = await _mappings_of(services, name)
        return await _set(services, provider, groups_claim=claim, mappings=mappings)

    show_one(with_services(store), as_json=as_json)


def _change_mappings(
    name: str,
    group: str,
    apply: Callable[[Mappings, str], None],
    *,
    claim: str | None,
    as_json: bool,
) -> None:
    async def store(services: "Services") -> dict[str, Any]:
        provider = await services.federation.identity_providers.get(name)
        mappings = await _mappings_of(services, name)
        apply(mappings, (await group_named(services, group)).group_id)
        groups_claim = claim or provider.groups_claim or USUAL_CLAIM
        return await _set(services, provider, groups_claim=groups_claim, mappings=mappings)

    show_one(with_services(store), as_json=as_json)


async def _set(
    services: "Services",
    provider: "IdentityProvider",
    *,
    groups_claim: str | None,
    mappings: Mappings,
) -> dict[str, Any]:
    """Store what gives groups, and return the provider to show."""
    await services.federation.group_mappings.set(
        provider.name,
        groups_claim=groups_claim,
        mappings=mappings,
        version=provider.version,
        authority=FULL,
    )
    return await details_of_provider(services, provider.name)


async def _mappings_of(services: "Services", name: str) -> Mappings:
    mappings: Mappings = {}
    for each in await services.federation.group_mappings.list_of(name):
        mappings.setdefault(each.claim_value, []).append(each.group_id)
    return mappings
