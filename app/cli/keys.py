"""`postern keys …`: manage the keys that sign ID tokens and the data sealed under SECRET_KEY."""

import argparse
import asyncio
import math
import sys
from asyncio import sleep
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from app.cli.base import (
    Action,
    Command,
    add_json_option,
    command_settings,
    read_secret,
    show,
    with_services,
)
from app.errors import InvalidInputError
from app.models.oauth.signing_keys import SigningKey
from app.security.jose import ALGORITHMS
from app.security.sealed_settings import seal_setting
from app.services.oauth.signing_keys import KNOWN_AFTER, PUBLISHED_BEFORE, KeyState
from app.services.operations.rewrapping import check_all_opened
from app.wiring import Services, settings_box

NO_TIME = timedelta(0)
SEAL_HELP = "Seal a secret setting, such as SMTP_PASSWORD, with SECRET_KEY."


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")

    def action(name: str, act: Action, text: str) -> argparse.ArgumentParser:
        command = actions.add_parser(name, help=text, description=text)
        add_json_option(command)
        command.set_defaults(act=act)
        return command

    action("list", _list_all, "List signing keys, the newest of each algorithm first.")
    rotate = action(
        "rotate",
        _rotate,
        "Create new signing keys. They are published now and start to sign after a minute; the "
        "old ones stay published until everything they signed has expired.",
    )
    rotate.add_argument(
        "--algorithm", choices=ALGORITHMS, help=("rotate only the key for this algorithm")
    )
    rotate.add_argument(
        "--now",
        action="store_true",
        help=f"wait until every server publishes the new keys ({_seconds(KNOWN_AFTER)} seconds)"
        " and they start to sign",
    )
    seal = actions.add_parser(
        "seal", help=SEAL_HELP, description=f"{SEAL_HELP} Reads the secret from standard input."
    )
    seal.set_defaults(act=_seal)
    rewrap = action(
        "rewrap",
        _rewrap,
        "Reseal with the current SECRET_KEY everything that is still sealed with one of "
        "SECRET_KEY_PREVIOUS, while servers keep running. Can be run again at any time.",
    )
    rewrap.add_argument("--dry-run", action="store_true", help="only count what would be resealed")


def _run(arguments: argparse.Namespace) -> int:
    arguments.act(arguments)
    return 0


def _list_all(arguments: argparse.Namespace) -> None:
    show(with_services(_list), as_json=arguments.json)


def _rotate(arguments: argparse.Namespace) -> None:
    async def rotate(services: Services) -> list[dict[str, Any]]:
        signs_after = KNOWN_AFTER if arguments.now else PUBLISHED_BEFORE
        kids = await services.signing_keys.rotate(arguments.algorithm, signs_after=signs_after)
        if arguments.now:
            await _wait_until_they_sign(services, kids)
        return [row for row in await _list(services) if row["kid"] in kids]

    show(with_services(rotate), as_json=arguments.json)


async def _wait_until_they_sign(services: Services, kids: list[str]) -> None:
    """Sleep until the keys sign; if interrupted, they stay published, as without `--now`."""
    keys = await services.signing_keys.list_all()
    signs_from = max(key.signs_from for key in keys if key.kid in kids)
    left = _seconds(signs_from - services.clock.now())
    _tell(
        f"The new keys are published. They start to sign in {left} seconds, at"
        f" {_moment(signs_from)}, when every server and every cache has them."
    )
    try:
        while (remaining := signs_from - services.clock.now()) > NO_TIME:  # noqa: ASYNC110 - the clock has no event to wait for
            await sleep(remaining.total_seconds())
    except asyncio.CancelledError:
        _tell(
            "Interrupted: the new keys are published but do not sign yet."
            f" They start to sign at {_moment(signs_from)}; no further action is required."
        )
        raise


def _tell(line: str) -> None:
    """Print progress to standard error."""
    print(line, file=sys.stderr, flush=True)


def _seconds(duration: timedelta) -> int:
    return math.ceil(duration.total_seconds())


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def _rewrap(arguments: argparse.Namespace) -> None:
    results = with_services(lambda services: services.rewrapping.run(only_looks=arguments.dry_run))
    rows = [{"kind": kind, **asdict(result)} for kind, result in results.items()]
    if not arguments.json:
        rows = [{**row, "unopenable": len(row["unopenable"])} for row in rows]
    show(rows, as_json=arguments.json)
    check_all_opened(results)


def _seal(_: argparse.Namespace) -> None:
    secret = read_secret("Secret: ")
    if not secret:
        raise InvalidInputError("Nothing to seal: pass the secret on standard input.")
    print(seal_setting(settings_box(command_settings()), secret))


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


COMMAND = Command("keys", "Manage signing keys and sealed secrets.", _add_arguments, _run)
