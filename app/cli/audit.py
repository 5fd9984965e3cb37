"""`postern audit …`: print, verify and archive the audit log."""

import argparse
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.cli.base import Command, with_services
from app.errors import InvalidInputError
from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import Head, Wanted
from app.services.operations.audit_archive import Archived
from app.services.operations.audit_verification import Verdict
from app.wiring import Services

HEAD = re.compile(r"(\d{1,18}):([0-9a-fA-F]{64})")
BROKEN = 1


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action_name", required=True, metavar="action")

    def action(
        name: str, act: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        command = actions.add_parser(name, help=text, description=text)
        command.set_defaults(act=act)
        return command

    listing = action("list", _list_all, "Print events as JSON lines, oldest first.")
    user_options = listing.add_mutually_exclusive_group()
    user_options.add_argument("--user", metavar="NAME", help="only events about this user")
    user_options.add_argument(
        "--user-id",
        metavar="ID",
        help=("only events about the user with this ID, who may have been deleted"),
    )
    listing.add_argument(
        "--since",
        metavar="ISO",
        help=("only events from this time on, such as 2026-11-25 or 2026-11-25T09:00:00Z"),
    )
    listing.add_argument(
        "--action",
        metavar="PREFIX",
        help=("only actions with this prefix, such as password or otp.refused"),
    )
    verify = action(
        "verify",
        _verify,
        "Verify the whole hash chain and print its head; store the head elsewhere. The exit "
        "code is 1 if an event was changed, removed or inserted.",
    )
    verify.add_argument(
        "--head",
        metavar="SEQUENCE:HASH",
        help="a head stored earlier; shows whether the whole chain has been rewritten since",
    )
    verify.add_argument(
        "--archive",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help=(
            "verify this archive, too, before the events in the database; repeat for several, "
            "in order"
        ),
    )
    archive = action(
        "archive",
        _archive,
        "Move events to a file: append them as JSON lines, cut the chain at a signed "
        "checkpoint, and delete them from the database. Can be run again with the same file at "
        "any time.",
    )
    archive.add_argument(
        "file", metavar="FILE", type=Path, help="a new file, or an existing archive"
    )
    archive.add_argument(
        "--before", metavar="DATE", help="keep events from this date on, such as 2026-11-25"
    )


def _run(arguments: argparse.Namespace) -> int:
    code: int = arguments.act(arguments)
    return code


def _list_all(arguments: argparse.Namespace) -> int:
    since = _moment(arguments.since, "--since") if arguments.since is not None else None

    async def print_all(services: Services) -> None:
        user_id = arguments.user_id
        if arguments.user is not None:
            user_id = (await services.users.get(arguments.user)).user_id
        wanted = Wanted(user_id=user_id, since=since, action=arguments.action)
        async for event in services.audit.read_all(wanted):
            print(json.dumps(_row(event)))

    with_services(print_all)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    known = _head(arguments.head) if arguments.head is not None else None

    async def verify(services: Services) -> Verdict:
        return await services.audit.verify(known=known, archives=arguments.archive)

    verdict = with_services(verify)
    head = f"{verdict.head.sequence}:{verdict.head.hash.hex()}"
    beginning = _beginning(verdict)
    if verdict.checkpoint is not None and not verdict.checkpoint.is_signed:
        print(f"broken: the checkpoint at event {verdict.broken_at} is not signed with SECRET_KEY")
        return BROKEN
    if verdict.broken_at is not None:
        print(f"broken at event {verdict.broken_at}, unbroken until {head}{beginning}")
        return BROKEN
    print(f"unbroken, head {head}{beginning}")
    if verdict.waiting:
        print(f"Not numbered yet because another session has locked the log: {verdict.waiting}.")
    if verdict.is_known_deleted:
        status = "deleted" if verdict.deletion is not None else "archived"
        print(f"Cannot compare --head: its event has been {status}.")
        return BROKEN
    return 0


def _beginning(verdict: Verdict) -> str:
    """Return a clause about the events before the first one: deleted, archived or missing."""
    if verdict.deletion is not None:
        count, at, verb = verdict.deletion.sequence, verdict.deletion.deleted_at, "deleted"
    elif verdict.checkpoint is not None:
        count, at, verb = (
            verdict.checkpoint.head.sequence,
            verdict.checkpoint.archived_at,
            "archived",
        )
    elif verdict.missing:
        return f", begins after {_number(verdict.missing, 'is', 'are')} not in any of these files"
    else:
        return ""
    return f", begins after {_number(count, 'was', 'were')} {verb} on {at:%Y-%m-%d %H:%M} UTC"


def _number(events: int, verb: str, plural: str) -> str:
    return f"1 event that {verb}" if events == 1 else f"{events} events that {plural}"


def _archive(arguments: argparse.Namespace) -> int:
    before = _moment(arguments.before, "--before") if arguments.before is not None else None

    async def archive(services: Services) -> Archived:
        return await services.audit_archive.run(arguments.file, before=before)

    result = with_services(archive)
    head = f"{result.head.sequence}:{result.head.hash.hex()}"
    print(
        f"archived {result.count} events, deleted {result.deleted}, {arguments.file} ends at {head}"
    )
    return 0


def _row(event: AuditEvent) -> dict[str, Any]:
    return {
        "sequence": event.sequence or None,  # None until the event is numbered
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": event.action,
        "outcome": event.outcome,
        "actor": event.actor,
        "user_id": event.user_id,
        "client_id": event.client_id,
        "address": event.address,
        "request_id": event.request_id,
        "details": _details(event.details),
        "previous_hash": event.previous_hash.hex(),
        "hash": event.hash.hex(),
    }


def _details(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # the event was tampered with; `verify` reports it
        return text


def _moment(text: str, option: str) -> datetime:
    """Parse an ISO 8601 date or time; without an offset it is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"{option}: must be a date or time such as 2026-11-25T09:00:00Z."
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _head(text: str) -> Head:
    match = HEAD.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError("--head: must be a number, a colon and 64 hexadecimal digits.")
    return Head(int(match.group(1)), bytes.fromhex(match.group(2)))


COMMAND = Command("audit", "Read, verify and archive the audit log.", _add_arguments, _run)
