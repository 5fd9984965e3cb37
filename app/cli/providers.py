"""`postern providers …`: manage the identity providers that users can sign in with."""

import argparse
import getpass
import sys
from collections.abc import Mapping
from typing import Any

from app.cli.base import Action, Command, add_json_option, show, show_one, with_services
from app.errors import InvalidInputError
from app.models.federation.identity_providers import IdentityProvider
from app.wiring import Services

SCOPE = "openid profile email"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")

    def action(name: str, act: Action, text: str) -> argparse.ArgumentParser:
        command = actions.add_parser(name, help=text, description=text)
        add_json_option(command)
        command.set_defaults(act=act)
        if act is not _list_all:
            command.add_argument("name")
        return command

    action("list", _list_all, "List identity providers.")
    add = action("add", _add, "Add an identity provider to the sign-in page.")
    add.add_argument(
        "--issuer",
        required=True,
        metavar="URL",
        help=("issuer URL, exactly as the provider publishes it"),
    )
    add.add_argument(
        "--client-id",
        required=True,
        metavar="ID",
        help=("client ID that the provider issued to this server"),
    )
    add.add_argument("--label", metavar="TEXT", help="label of the sign-in button (default: NAME)")
    add.add_argument("--scope", default=SCOPE, help=f"scope to request (default: {SCOPE!r})")
    add.add_argument(
        "--stdin", action="store_true", help=("read the client secret from standard input")
    )
    action("disable", _disable, "Block sign-in with a provider. Linked accounts stay linked.")
    action("enable", _enable, "Re-enable a disabled provider.")
    remove = action("remove", _remove, "Remove a provider and unlink every account from it.")
    remove.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def _run(arguments: argparse.Namespace) -> int:
    arguments.act(arguments)
    return 0


def _list_all(arguments: argparse.Namespace) -> None:
    show(with_services(_list), as_json=arguments.json)


def _add(arguments: argparse.Namespace) -> None:
    secret = _secret(from_stdin=arguments.stdin)

    async def add(services: Services) -> dict[str, Any]:
        provider = await services.identity_providers.add(
            arguments.name,
            label=arguments.label if arguments.label is not None else arguments.name,
            issuer=arguments.issuer,
            client_id=arguments.client_id,
            secret=secret,
            scope=arguments.scope,
        )
        return _row(services, provider, {})

    row = with_services(add)
    show_one(row, as_json=arguments.json)
    if not arguments.json:
        print(f"Register this redirect URI with the provider: {row['redirect_uri']}")


def _disable(arguments: argparse.Namespace) -> None:
    _set_disabled(arguments, disabled=True)


def _enable(arguments: argparse.Namespace) -> None:
    _set_disabled(arguments, disabled=False)


def _remove(arguments: argparse.Namespace) -> None:
    async def count(services: Services) -> int:
        provider = await services.identity_providers.get(arguments.name)
        return (await services.identity_providers.count_linked()).get(provider.name, 0)

    linked = with_services(count)
    if not arguments.yes and not _agrees(linked):
        raise InvalidInputError("Nothing was removed. Use --yes to remove it without confirmation.")
    removed = with_services(lambda services: services.identity_providers.remove(arguments.name))
    show_one({"removed": arguments.name, "linked": removed}, as_json=arguments.json)


def _agrees(linked: int) -> bool:
    print(f"Linked users who will no longer be able to sign in with it: {linked}", file=sys.stderr)
    if not sys.stdin.isatty():
        return False
    return input("Remove it? [y/N] ").strip().lower() in ("y", "yes")


def _set_disabled(arguments: argparse.Namespace, *, disabled: bool) -> None:
    async def change(services: Services) -> dict[str, Any]:
        provider = await services.identity_providers.set_disabled(arguments.name, disabled=disabled)
        return _row(services, provider, await services.identity_providers.count_linked())

    show_one(with_services(change), as_json=arguments.json)


def _secret(*, from_stdin: bool) -> str:
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("Client secret (empty for a public client): ")


async def _list(services: Services) -> list[dict[str, Any]]:
    linked = await services.identity_providers.count_linked()
    return [
        _row(services, provider, linked)
        for provider in await services.identity_providers.list_all()
    ]


def _row(
    services: Services, provider: IdentityProvider, linked: Mapping[str, int]
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
        "redirect_uri": f"{services.settings.issuer_url}/login/with/{provider.name}/callback",
    }


COMMAND = Command(
    "providers", "Manage the identity providers that users can sign in with.", _add_arguments, _run
)
