"""`python -m tests.procedures`: run the long fault procedures and print their ledger."""

import argparse
import asyncio
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.procedures import database_faults, process_faults, secret_rotation
from tests.procedures.ledger import Entry, table
from tests.procedures.servers import Place

PROCEDURES: tuple[Callable[[Place], Awaitable[list[Entry]]], ...] = (
    process_faults.killed,
    database_faults.postgresql_restarted,
    database_faults.network_stalls,
    database_faults.table_locked,
    database_faults.disk_full,
    database_faults.standby_promoted,
    process_faults.log_not_read,
    process_faults.drained_behind_nginx,
    process_faults.replaced_by_sighup,
    secret_rotation.secrets_rotated,
)

LIMIT_SECONDS = 600
KILL_SECONDS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    names = [procedure.__name__ for procedure in PROCEDURES]
    parser = argparse.ArgumentParser(prog="python -m tests.procedures", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--kills", type=int, default=60, help="how often a server is killed")
    options = parser.parse_args(arguments)
    entries: list[Entry] = []
    with tempfile.TemporaryDirectory(prefix="postern-faults-") as directory:
        place = Place(Path(directory), kills=options.kills)
        for procedure in PROCEDURES:
            if procedure.__name__ in options.only:
                entries += _run(procedure, place)
    print(table(entries))
    failed = [entry for entry in entries if entry.failures]
    for entry in failed:
        print(f"FAILED: {entry.procedure} on {entry.database}: {'; '.join(entry.failures)}")
    print("All passed." if not failed else f"{len(failed)} of {len(entries)} failed.")
    return 1 if failed else 0


def _run(procedure: Callable[[Place], Awaitable[list[Entry]]], place: Place) -> list[Entry]:
    started_at = time.monotonic()
    try:
        entries = asyncio.run(_bounded(procedure, place))
    except Exception as error:  # noqa: BLE001 - the other procedures still run
        failed = Entry(procedure.__name__, "-")
        failed.failures.append(f"{type(error).__name__}: {error}".replace("\n", " ")[:300])
        traceback.print_exception(error)
        return [failed]
    for entry in entries:
        entry.judge()
    print(f"{procedure.__name__}: {time.monotonic() - started_at:.0f} s", file=sys.stderr)
    print(table(entries), file=sys.stderr, flush=True)
    return entries


async def _bounded(
    procedure: Callable[[Place], Awaitable[list[Entry]]], place: Place
) -> list[Entry]:
    async with asyncio.timeout(LIMIT_SECONDS + 2 * place.kills * KILL_SECONDS):
        return await procedure(place)


if __name__ == "__main__":
    sys.exit(main())
