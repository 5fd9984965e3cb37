"""`postern keys …`: the keys that sign ID tokens."""

import argparse
from typing import Any

from app.cli.base import Action, Command, add_json_option, show, with_services
from app.models.signing_keys import SigningKey
from app.security.jose import ALGORITHMS
from app.services.signing_keys import KeyState
from app.wiring import Services


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")

    def action(name: str, act: Action, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        add_json_option(made)
        made.set_defaults(act=act)
        return made

    action("list", _list_all, "List signing keys, the newest of each algorithm first.")
    rotate = action(
        "rotate",
        _rotate,
        "Make new keys. They are published now and sign after a minute; the old ones stay in the"
        " key set until nothing that they signed is valid.",
    )
    rotate.add_argument("--algorithm", choices=ALGORITHMS, help="only the key of this algorithm")
    rotate.add_argument(
        "--now",
        action="store_true",
        help="sign with the new keys at once, before every client can know them",
    )


def _run(arguments: argparse.Namespace) -> int:
    arguments.act(arguments)
    return 0


def _list_all(arguments: argparse.Namespace) -> None:
    show(with_services(_list), as_json=arguments.json)


def _rotate(arguments: argparse.Namespace) -> None:
    async def rotate(services: Services) -> list[dict[str, Any]]:
        made = await services.signing_keys.rotate(arguments.algorithm, at_once=arguments.now)
        return [row for row in await _list(services) if row["kid"] in made]

    show(with_services(rotate), as_json=arguments.json)


async def _list(services: Services) -> list[dict[str, Any]]:
    keys = await services.signing_keys.list_all()
    return [_row(key, services.signing_keys.state_of(key, keys)) for key in keys]


def _row(key: SigningKey, state: KeyState) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": state.value,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "signs_from": key.signs_from.isoformat(timespec="seconds"),
    }


COMMAND = Command("keys", "List and rotate the signing keys.", _add_arguments, _run)
