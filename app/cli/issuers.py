"""`postern issuers …`: trust the JWTs of other issuers, such as workloads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.issuer_options import (
    DEFAULTS,
    ISSUER,
    REMOVED,
    STATED,
    SUBJECT,
    changed_members,
    is_stated,
)
from app.cli.named_objects import NamedObjects, ObjectName
from app.cli.output import show_one
from app.cli.parameters import AsJson, option, with_parameters
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.trusted_issuers import TrustedIssuer
    from app.schemas.trusted_issuers import TrustedIssuerBody
    from app.wiring import Services

cli = Commands("issuers", help="Manage trusted issuers: clusters, build services, cloud workloads.")


@cli.command("create")
@with_parameters(STATED)
def create(
    name: ObjectName,
    *,
    issuer: Annotated[str, option("--issuer", metavar="URL", help=ISSUER)],
    subject: Annotated[list[str], option("--subject", metavar="PATTERN", help=SUBJECT)],
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Trust an issuer: its tokens stand for one client, for one user, or for users of its own."""
    stated = {**options, "issuer": issuer, "subject": subject}

    async def add(services: "Services") -> "TrustedIssuer":
        members = {**DEFAULTS, "name": name, "audience": services.core.settings.issuer_url}
        body = await _changed(services, members, stated)
        return await services.oauth.trusted_issuers.create(body, authority=FULL)

    show_one(_row(with_services(add)), as_json=as_json)


@cli.command("set")
@with_parameters((*STATED, *REMOVED))
def change(
    name: ObjectName,
    *,
    issuer: Annotated[str | None, option("--issuer", metavar="URL", help=ISSUER)] = None,
    subject: Annotated[
        list[str] | None, option("--subject", metavar="PATTERN", help=SUBJECT)
    ] = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Change a trusted issuer. What is not stated stays as it is, and a stated list is replaced."""
    stated = {**options, "issuer": issuer, "subject": subject}
    if not any(map(is_stated, stated.values())):
        raise InvalidInputError("Nothing to set. See postern issuers set --help.")

    async def store(services: "Services") -> "TrustedIssuer":
        from app.services.oauth.trusted_issuers import stated_issuer

        row = await services.oauth.trusted_issuers.get(name)
        body = await _changed(services, stated_issuer(row), stated)
        return await services.oauth.trusted_issuers.change(
            name, body, version=row.version, authority=FULL
        )

    show_one(_row(with_services(store)), as_json=as_json)


async def _changed(
    services: "Services", members: Mapping[str, Any], options: Mapping[str, Any]
) -> "TrustedIssuerBody":
    """Return the members with the changes that options state, and with the user by their id."""
    from app.schemas.trusted_issuers import TrustedIssuerBody

    values = changed_members(members, options)
    if options["user"] is not None:
        values["user_id"] = (await services.accounts.users.get(options["user"])).user_id
    return parse_body(TrustedIssuerBody, values)


def _row(row: "TrustedIssuer") -> dict[str, Any]:
    from app.services.oauth.trusted_issuers import shown_issuer

    created_at = row.created_at.isoformat(timespec="seconds")
    return {"name": row.name, **shown_issuer(row), "created_at": created_at}


NamedObjects(
    service=lambda services: services.oauth.trusted_issuers,
    row=_row,
    what="a trusted issuer",
    list_help="List trusted issuers.",
    show_help="Show a trusted issuer.",
    delete_help="Refuse the tokens of an issuer from now on. Tokens of ours remain until they"
    " expire.",
).add_to(cli)
