"""`postern refusals …`: look up why requests were refused, and how to fix them."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from app.cli.base import with_services
from app.cli.listing import first_rows, pages_of, print_pages
from app.cli.moments import parse_moment
from app.cli.output import show_one
from app.cli.parameters import AsJson, Limit, argument, option
from app.cli.parsing import Commands
from app.cli.rows import Row

if TYPE_CHECKING:
    from app.services.operations.refusals import ExplainedRefusal
    from app.wiring import Services

cli = Commands("refusals", help="Look up why requests were refused.")


@cli.command("show")
def show(
    request_id: Annotated[
        str,
        argument(
            metavar="REQUEST_ID",
            help="The ID on the error page, or in the header x-request-id of the response.",
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Say which rule refused a request, and how to fix it."""

    async def read(services: "Services") -> Row:
        return _details(await services.operations.activity.refusals.get(request_id))

    show_one(with_services(read), as_json=as_json)


@cli.command("list")
def list_all(
    *,
    client: Annotated[
        str | None, option("--client", metavar="CLIENT_ID", help="Only refusals of this client.")
    ] = None,
    error: Annotated[
        str | None,
        option("--error", metavar="CODE", help="Only this error, such as invalid_grant."),
    ] = None,
    since: Annotated[
        str | None,
        option("--since", metavar="ISO", help="Only refusals from this time on."),
    ] = None,
    until: Annotated[
        str | None, option("--until", metavar="ISO", help="Only refusals before this time.")
    ] = None,
    network: Annotated[
        str | None,
        option("--network", metavar="CIDR", help="Only this network, as `show` prints it."),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List refused requests, newest first."""
    earliest = parse_moment(since, "--since") if since is not None else None
    latest = parse_moment(until, "--until") if until is not None else None

    async def pages(services: "Services") -> AsyncIterator[list[Row]]:
        refusals = services.operations.activity.refusals
        async for page in pages_of(
            lambda before: refusals.list_page(
                client_id=client,
                network=network,
                error=error,
                since=earliest,
                until=latest,
                before=before,
            ),
            lambda explained: explained.refusal.refusal_id,
        ):
            yield [_row(explained) for explained in page]

    print_pages(first_rows(pages, limit), as_json=as_json)


def _row(explained: "ExplainedRefusal") -> Row:
    refusal = explained.refusal
    return {
        "request_id": refusal.request_id,
        "at": refusal.at.isoformat(timespec="seconds"),
        "error": refusal.error,
        "rule": refusal.rule,
        "client_id": refusal.client_id,
        "count": refusal.count,
        "reason": refusal.reason,
    }


def _details(explained: "ExplainedRefusal") -> Row:
    refusal = explained.refusal
    return {
        "request_id": refusal.request_id,
        "at": refusal.at.isoformat(timespec="seconds"),
        "request": f"{refusal.method} {refusal.path}",
        "status": refusal.status,
        "error": refusal.error,
        "reason": refusal.reason,
        "client_id": refusal.client_id,
        "user_id": refusal.user_id,
        "network": refusal.network,
        "count": refusal.count,
        "rule": refusal.rule,
        "explanation": explained.explanation,
        "advice": explained.advice,
    }
