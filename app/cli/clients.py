"""`postern clients …`: manage clients."""

import argparse
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, get_args

from app.cli.base import Action, Command, add_json_option, show_one, with_services
from app.cli.listing import pages_of, print_pages
from app.errors import InvalidInputError
from app.models.clients.clients import Client
from app.services.clients.clients import Trust
from app.wiring import Services

MAXIMUM_DAYS = 3650


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    descriptions: tuple[tuple[str, Action, str], ...] = (
        ("list", _list_all, "List clients."),
        ("show", _show, "Show one client."),
        (
            "rotate",
            _rotate,
            (
                "Rotate the client's secret and print the new one. The old one stops working "
                "immediately."
            ),
        ),
        ("disable", _disable, "Block authentication and invalidate all tokens until re-enabled."),
        ("enable", _enable, "Re-enable a disabled client."),
        ("trust", _trust, "Set the client's trust level."),
        (
            "invite",
            _invite,
            ("Create an initial access token. Anyone who holds it can register clients."),
        ),
    )
    for name, act, text in descriptions:
        action = actions.add_parser(name, help=text, description=text)
        add_json_option(action)
        action.set_defaults(act=act)
        if act not in (_list_all, _invite):
            action.add_argument("client_id")
        if act is _trust:
            action.add_argument(
                "trust",
                choices=get_args(Trust),
                help="verified is shown on the consent page; first_party requires no consent",
            )
        if act is _invite:
            action.add_argument("--label", default="", help="a note, such as who the token is for")
            action.add_argument(
                "--days",
                type=int,
                default=7,
                help=("number of days until the token expires (default: 7)"),
            )


def _run(arguments: argparse.Namespace) -> int:
    arguments.act(arguments)
    return 0


def _list_all(arguments: argparse.Namespace) -> None:
    print_pages(_pages, as_json=arguments.json)


def _show(arguments: argparse.Namespace) -> None:
    client = with_services(lambda services: services.clients.get(arguments.client_id))
    show_one(_row(client), as_json=arguments.json)


def _rotate(arguments: argparse.Namespace) -> None:
    client_id = arguments.client_id
    secret = with_services(lambda services: services.clients.rotate_secret(client_id))
    show_one({"client_id": client_id, "client_secret": secret}, as_json=arguments.json)


def _disable(arguments: argparse.Namespace) -> None:
    _set_disabled(arguments, disabled=True)


def _enable(arguments: argparse.Namespace) -> None:
    _set_disabled(arguments, disabled=False)


def _trust(arguments: argparse.Namespace) -> None:
    client = with_services(
        lambda services: services.clients.set_trust(arguments.client_id, arguments.trust)
    )
    show_one(_row(client), as_json=arguments.json)


def _invite(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.days <= MAXIMUM_DAYS:
        raise InvalidInputError(f"--days must be between 1 and {MAXIMUM_DAYS}.")
    lifetime = timedelta(days=arguments.days)
    token = with_services(lambda services: services.clients.invite(arguments.label, lasts=lifetime))
    row = {"initial_access_token": token, "expires_in": int(lifetime.total_seconds())}
    show_one(row, as_json=arguments.json)


def _set_disabled(arguments: argparse.Namespace, *, disabled: bool) -> None:
    client = with_services(
        lambda services: services.clients.set_disabled(arguments.client_id, disabled=disabled)
    )
    show_one(_row(client), as_json=arguments.json)


async def _pages(services: Services) -> AsyncIterator[list[dict[str, Any]]]:
    clients = services.clients
    async for page in pages_of(
        lambda after: clients.list_page(after=after), lambda client: client.client_id
    ):
        yield [_row(client) for client in page]


def _row(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "client_name": client.client_name,
        "grant_types": client.grant_types.split(),
        "scope": client.scope,
        "redirect_uris": client.redirect_uri_list,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "trust": client.trust,
        "disabled": client.is_disabled,
        "created_at": client.created_at.isoformat(timespec="seconds"),
    }


COMMAND = Command("clients", "Manage clients.", _add_arguments, _run)
