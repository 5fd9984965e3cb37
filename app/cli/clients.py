"""`postern clients …`: what an operator may do to clients."""

import argparse
from typing import Any

from app.cli.base import Command, add_json_option, show, show_one, with_services
from app.models.clients import Client
from app.wiring import Services


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    for name, text in (
        ("list", "List clients."),
        ("show", "Show one client."),
        ("rotate", "Give a client a new secret; the old one is worth nothing from now on."),
        ("disable", "The client cannot authenticate, and its tokens are worth nothing."),
        ("enable", "Undo disable."),
    ):
        action = actions.add_parser(name, help=text, description=text)
        add_json_option(action)
        if name != "list":
            action.add_argument("client_id")


def _run(arguments: argparse.Namespace) -> int:
    client_id = getattr(arguments, "client_id", "")
    match arguments.action:
        case "list":
            show(with_services(_list), as_json=arguments.json)
        case "show":
            client = with_services(lambda services: services.clients.get(client_id))
            show_one(_row(client), as_json=arguments.json)
        case "rotate":
            secret = with_services(lambda services: services.clients.rotate_secret(client_id))
            show_one({"client_id": client_id, "client_secret": secret}, as_json=arguments.json)
        case action:
            client = with_services(
                lambda services: services.clients.set_disabled(
                    client_id, disabled=action == "disable"
                )
            )
            show_one(_row(client), as_json=arguments.json)
    return 0


async def _list(services: Services) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = ""
    while page := await services.clients.list_page(after=after):
        rows.extend(_row(client) for client in page)
        after = page[-1].client_id
    return rows


def _row(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "client_name": client.client_name,
        "grant_types": client.grant_types.split(),
        "scope": client.scope,
        "redirect_uris": client.redirect_uri_list,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "disabled": client.is_disabled,
        "created_at": client.created_at.isoformat(timespec="seconds"),
    }


COMMAND = Command("clients", "List, show, rotate and disable clients.", _add_arguments, _run)
