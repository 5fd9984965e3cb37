"""`postern audit …`: list, verify and archive the audit log."""

import re
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import with_services
from app.cli.listing import first_rows, print_pages
from app.cli.moments import parse_moment
from app.cli.parameters import AsJson, Limit, argument, option
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.security.document_urls import is_document_url, stored_client_id

if TYPE_CHECKING:
    from app.models.operations.audit_events import AuditEvent
    from app.services.clients.agents import Naming
    from app.services.operations.audit_archive import Archived
    from app.services.operations.audit_verification import Verdict
    from app.wiring import Services

HEAD = re.compile(r"(\d{1,18}):([0-9a-fA-F]{64})")
BROKEN = 1

cli = Commands("audit", help="Read, verify and archive the audit log.")


@cli.command("list")
def list_all(
    *,
    user: Annotated[
        str | None, option("--user", metavar="NAME", help="Only events about this user.")
    ] = None,
    user_id: Annotated[
        str | None,
        option(
            "--user-id",
            metavar="ID",
            help="Only events about the user with this ID, who may have been deleted.",
        ),
    ] = None,
    client: Annotated[
        str | None,
        option("--client", metavar="ID", help="Only events about or by this client."),
    ] = None,
    since: Annotated[
        str | None,
        option(
            "--since",
            metavar="ISO",
            help="Only events from this time on, such as 2026-11-25 or 2026-11-25T09:00:00Z.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        option("--until", metavar="ISO", help="Only events before this time."),
    ] = None,
    action: Annotated[
        str | None,
        option(
            "--action",
            metavar="PREFIX",
            help="Only actions with this prefix, such as password or otp.refused.",
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List events, the newest first. With --json they have all members, such as the hashes."""
    if user is not None and user_id is not None:
        raise typer.BadParameter("not allowed with --user", param_hint="--user-id")
    earliest = parse_moment(since, "--since") if since is not None else None
    end = parse_moment(until, "--until") if until is not None else None
    client_id = stored_client_id(client) if client is not None else None
    row_of = _row if as_json else _short_row

    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        from app.repositories.operations.audit_events import Wanted
        from app.services.operations.audit_naming import naming_of

        about = user_id if user is None else (await services.accounts.users.get(user)).user_id
        wanted = Wanted(
            user_id=about, client_id=client_id, since=earliest, until=end, action=action
        )
        async for page in services.core.audit.read_newest(wanted):
            naming = await naming_of(services.clients.agents, page)
            yield [row_of(event, naming) for event in page]

    print_pages(first_rows(pages, limit), as_json=as_json)


@cli.command("verify")
def verify(
    *,
    head: Annotated[
        str | None,
        option(
            "--head",
            metavar="SEQUENCE:HASH",
            help="A head stored earlier; shows whether the whole chain has been rewritten since.",
        ),
    ] = None,
    archives: Annotated[
        list[str] | None,
        option(
            "--archive",
            metavar="FILE",
            help="Verify this archive, too, before the events in the database; repeat for several,"
            " in order.",
        ),
    ] = None,
) -> int:
    """Verify the whole hash chain and print its head; store the head elsewhere.

    The exit code is 1 if an event was changed, removed or inserted.
    """
    known = _head(head) if head is not None else None

    async def check(services: "Services") -> "Verdict":
        from app.repositories.operations.audit_events import Head

        return await services.core.audit.verify(
            known=Head(*known) if known is not None else None,
            archives=[Path(archive) for archive in archives or []],
        )

    return _report(with_services(check))


def _report(verdict: "Verdict") -> int:
    """Print a verdict and return the exit code."""
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


def _beginning(verdict: "Verdict") -> str:
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


@cli.command("archive")
def archive(
    file: Annotated[str, argument(metavar="FILE", help="A new file, or an existing archive.")],
    *,
    before: Annotated[
        str | None,
        option(
            "--before", metavar="DATE", help="Keep events from this date on, such as 2026-11-25."
        ),
    ] = None,
) -> None:
    """Move events to a file.

    Append them as JSON lines, cut the chain at a signed checkpoint, and delete them from the
    database. Can be run again with the same file at any time.
    """
    end = parse_moment(before, "--before") if before is not None else None

    async def move(services: "Services") -> "Archived":
        return await services.operations.audit_archive.run(Path(file), before=end)

    result = with_services(move)
    head = f"{result.head.sequence}:{result.head.hash.hex()}"
    print(f"archived {result.count} events, deleted {result.deleted}, {file} ends at {head}")


def _short_row(event: "AuditEvent", naming: "Naming") -> dict[str, Any]:
    """Return an event to read: agents are named by their URLs."""
    from app.services.operations.audit_naming import parsed_details

    return {
        "sequence": event.sequence or None,
        "at": event.at.astimezone(UTC).isoformat(timespec="seconds"),
        "action": event.action,
        "outcome": event.outcome,
        "actor": naming(event.actor),
        "user_id": event.user_id,
        "client_id": naming(event.client_id) if event.client_id is not None else None,
        "address": event.address or None,
        "details": parsed_details(event.details, naming),
    }


def _row(event: "AuditEvent", naming: "Naming") -> dict[str, Any]:
    """Return an event as it is stored, with the URL of a client that has one."""
    from app.services.operations.audit_naming import parsed_details

    url = naming(event.client_id or "")
    return {
        "sequence": event.sequence or None,  # None until the event is numbered
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": event.action,
        "outcome": event.outcome,
        "actor": event.actor,
        "user_id": event.user_id,
        "client_id": event.client_id,
        "client_url": url if is_document_url(url) else None,
        "address": event.address,
        "request_id": event.request_id,
        "details": parsed_details(event.details, str),
        "previous_hash": event.previous_hash.hex(),
        "hash": event.hash.hex(),
    }


def _head(text: str) -> tuple[int, bytes]:
    """Parse the number of an event and its hash."""
    match = HEAD.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError("--head: must be a number, a colon and 64 hexadecimal digits.")
    return int(match.group(1)), bytes.fromhex(match.group(2))
