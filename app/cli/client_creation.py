"""`postern clients create`: a client of one of a few kinds."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

from app.cli.base import read_secret, with_services
from app.cli.bodies import parse_body
from app.cli.client_rows import row_of_new_client
from app.cli.output import show_one
from app.cli.parameters import AsJson, SecretFromStdin, argument, one_of, option
from app.services.clients.kinds import KindName, metadata_of_kind
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.clients.clients import NewClient
    from app.wiring import Services


def create(
    name: Annotated[str, argument(help="The name that users see.")],
    *,
    kind: Annotated[
        Any,
        option(
            "--kind",
            **one_of(get_args(KindName)),
            help="web and service have a secret; spa, native and device have none.",
        ),
    ],
    redirect_uri: Annotated[
        list[str] | None,
        option("--redirect-uri", metavar="URL", help="Where users return to. Can be repeated."),
    ] = None,
    scope: Annotated[
        str | None, option("--scope", help="Names of scopes, instead of those of the kind.")
    ] = None,
    client_id: Annotated[
        str | None, option("--client-id", metavar="ID", help="Choose the ID.")
    ] = None,
    from_stdin: SecretFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Create a client and print its secret, which is shown only once."""
    secret = read_secret("Client secret: ", from_stdin=True) if from_stdin else None
    members = {**metadata_of_kind(kind), "client_name": name}
    if redirect_uri:
        members["redirect_uris"] = redirect_uri
    if scope is not None:
        members["scope"] = scope

    async def add(services: "Services") -> "NewClient":
        from app.schemas.clients import ClientCreate

        return await services.clients.administered.create(
            parse_body(ClientCreate, members), client_id=client_id, secret=secret, authority=FULL
        )

    show_one(row_of_new_client(with_services(add)), as_json=as_json)
