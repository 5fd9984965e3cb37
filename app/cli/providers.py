"""`postern providers …`: manage the identity providers that users can sign in with."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret, with_services
from app.cli.output import show as show_rows
from app.cli.output import show_one
from app.cli.parameters import AsJson, flag, option
from app.cli.parsing import Commands
from app.cli.provider_changes import change, map_group, set_groups_claim, unmap_group
from app.cli.provider_rows import ProviderName, details_of_provider, row_of_provider
from app.errors import InvalidInputError
from app.schemas.identity_providers import DEFAULT_SCOPE, IdentityProviderBody
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

cli = Commands("providers", help="Manage the identity providers that users can sign in with.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List identity providers."""
    show_rows(with_services(_list), as_json=as_json)


@cli.command("show")
def show(name: ProviderName, *, as_json: AsJson = False) -> None:
    """Show an identity provider, and the groups that it gives."""
    show_one(with_services(lambda services: details_of_provider(services, name)), as_json=as_json)


@cli.command("add")
def add(
    name: ProviderName,
    *,
    issuer: Annotated[
        str,
        option("--issuer", metavar="URL", help="Issuer URL, exactly as the provider publishes it."),
    ],
    client_id: Annotated[
        str,
        option(
            "--client-id", metavar="ID", help="Client ID that the provider issued to this server."
        ),
    ],
    label: Annotated[
        str | None,
        option("--label", help="Label of the sign-in button.", show_default="NAME"),
    ] = None,
    scope: Annotated[str, option("--scope", help="Scope to request.")] = DEFAULT_SCOPE,
    from_stdin: Annotated[
        bool, flag("--stdin", help="Read the client secret from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an identity provider to the sign-in page."""
    secret = read_secret("Client secret (empty for a public client): ", from_stdin=from_stdin)

    async def create(services: "Services") -> dict[str, Any]:
        body = IdentityProviderBody(
            name=name, label=label, issuer=issuer, client_id=client_id, scope=scope
        )
        provider = await services.federation.administration.add(body, secret=secret, authority=FULL)
        return row_of_provider(services, provider, {})

    row = with_services(create)
    show_one(row, as_json=as_json)
    if not as_json:
        print(f"Register this redirect URI with the provider: {row['redirect_uri']}")


@cli.command("disable")
def disable(name: ProviderName, *, as_json: AsJson = False) -> None:
    """Block sign-in with a provider. Linked accounts stay linked."""
    _set_disabled(name, disabled=True, as_json=as_json)


@cli.command("enable")
def enable(name: ProviderName, *, as_json: AsJson = False) -> None:
    """Re-enable a disabled provider."""
    _set_disabled(name, disabled=False, as_json=as_json)


def _set_disabled(name: str, *, disabled: bool, as_json: bool) -> None:
    async def change(services: "Services") -> dict[str, Any]:
        provider = await services.federation.administration.set_disabled(
            name, disabled=disabled, authority=FULL
        )
        return row_of_provider(
            services, provider, await services.federation.identity_providers.count_linked()
        )

    show_one(with_services(change), as_json=as_json)


@cli.command("remove")
def remove(
    name: ProviderName,
    *,
    is_confirmed: Annotated[bool, flag("--yes", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a provider and unlink every account from it."""

    async def count(services: "Services") -> int:
        provider = await services.federation.identity_providers.get(name)
        return (await services.federation.identity_providers.count_linked()).get(provider.name, 0)

    linked = with_services(count)
    if not is_confirmed and not _agrees(linked):
        raise InvalidInputError("Nothing was removed. Use --yes to remove it without confirmation.")

    async def delete(services: "Services") -> int:
        return await services.federation.administration.remove(name, authority=FULL)

    removed = with_services(delete)
    show_one({"removed": name, "linked": removed}, as_json=as_json)


def _agrees(linked: int) -> bool:
    print(f"Linked users who will no longer be able to sign in with it: {linked}", file=sys.stderr)
    if not sys.stdin.isatty():
        return False
    return input("Remove it? [y/N] ").strip().lower() in ("y", "yes")


async def _list(services: "Services") -> list[dict[str, Any]]:
    linked = await services.federation.identity_providers.count_linked()
    return [
        row_of_provider(services, provider, linked)
        for provider in await services.federation.identity_providers.list_all()
    ]


for command_name, command in {
    "set": change,
    "map-group": map_group,
    "unmap-group": unmap_group,
    "groups-claim": set_groups_claim,
}.items():
    cli.command(command_name)(command)
