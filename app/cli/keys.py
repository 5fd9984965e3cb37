"""`postern keys …`: manage the keys that sign ID tokens and the data sealed under SECRET_KEY."""

import asyncio
import math
import sys
from asyncio import sleep
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import command_settings, read_secret, with_services
from app.cli.output import show
from app.cli.parameters import AsJson, flag, one_of, option
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.security.jose import SIGNING_ALGORITHMS
from app.security.sealed_settings import seal_setting
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.signing_keys import SigningKey
    from app.services.oauth.signing_key_states import KeyState
    from app.wiring import Services

NO_TIME = timedelta(0)

cli = Commands("keys", help="Manage signing keys and sealed secrets.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List signing keys, the newest of each algorithm first."""
    show(with_services(_list), as_json=as_json)


@cli.command("rotate")
def rotate(
    *,
    algorithm: Annotated[
        str | None,
        option(
            "--algorithm",
            **one_of(SIGNING_ALGORITHMS),
            metavar="|".join(SIGNING_ALGORITHMS),
            help="Rotate only the key for this algorithm.",
        ),
    ] = None,
    waits: Annotated[
        bool,
        flag(
            "--now", help="Wait until every server publishes the new keys and they start to sign."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create new signing keys.

    They are published now and start to sign after a minute; the old ones stay published until
    everything they signed has expired.
    """

    async def create(services: "Services") -> list[dict[str, Any]]:
        from app.services.oauth.signing_keys import KNOWN_AFTER, PUBLISHED_BEFORE

        signs_after = KNOWN_AFTER if waits else PUBLISHED_BEFORE
        kids = await services.oauth.signing_keys.rotate(
            algorithm, signs_after=signs_after, authority=FULL
        )
        if waits:
            await _wait_until_they_sign(services, kids)
        return [row for row in await _list(services) if row["kid"] in kids]

    show(with_services(create), as_json=as_json)


async def _wait_until_they_sign(services: "Services", kids: list[str]) -> None:
    """Sleep until the keys sign; if interrupted, they stay published, as without `--now`."""
    keys = await services.oauth.signing_keys.list_all()
    signs_from = max(key.signs_from for key in keys if key.kid in kids)
    left = _seconds(signs_from - services.core.clock.now())
    _print_hint(
        f"The new keys are published. They start to sign in {left} seconds, at"
        f" {_moment(signs_from)}, when every server and every cache has them."
    )
    try:
        while (remaining := signs_from - services.core.clock.now()) > NO_TIME:  # noqa: ASYNC110 - the clock has no event to wait for
            await sleep(remaining.total_seconds())
    except asyncio.CancelledError:
        _print_hint(
            "Interrupted: the new keys are published but do not sign yet."
            f" They start to sign at {_moment(signs_from)}; no further action is required."
        )
        raise


def _print_hint(line: str) -> None:
    """Print progress to standard error."""
    print(line, file=sys.stderr, flush=True)


def _seconds(duration: timedelta) -> int:
    return math.ceil(duration.total_seconds())


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


@cli.command("seal")
def seal() -> None:
    """Seal a secret setting, such as SMTP_PASSWORD, with SECRET_KEY.

    Reads the secret from standard input.
    """
    secret = read_secret("Secret: ")
    if not secret:
        raise InvalidInputError("Nothing to seal: pass the secret on standard input.")
    settings = command_settings()
    from app.wiring import settings_box

    print(seal_setting(settings_box(settings), secret))


@cli.command("rewrap")
def rewrap(
    *,
    only_counts: Annotated[
        bool, flag("--dry-run", help="Only count what would be resealed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Reseal with the current SECRET_KEY what is still sealed with one of SECRET_KEY_PREVIOUS.

    Servers keep running meanwhile. Can be run again at any time.
    """
    results = with_services(
        lambda services: services.operations.rewrapping.run(only_looks=only_counts)
    )
    rows = [{"kind": kind, **asdict(result)} for kind, result in results.items()]
    if not as_json:
        rows = [{**row, "unopenable": len(row["unopenable"])} for row in rows]
    show(rows, as_json=as_json)
    from app.services.operations.rewrapping import check_all_opened

    check_all_opened(results)


async def _list(services: "Services") -> list[dict[str, Any]]:
    keys = await services.oauth.signing_keys.list_all()
    return [_row(key, services.oauth.signing_keys.state_of(key, keys)) for key in keys]


def _row(key: "SigningKey", state: "KeyState") -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": state.value,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "signs_from": key.signs_from.isoformat(timespec="seconds"),
    }
