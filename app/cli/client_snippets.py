"""`postern clients snippet`: code and configuration for an application, to copy."""

from typing import TYPE_CHECKING, Annotated

from app.cli.base import with_services
from app.cli.client_rows import ClientId
from app.cli.parameters import argument, one_of
from app.services.clients.presets.argocd import CLI_SUFFIX
from app.services.clients.snippets import SNIPPETS

if TYPE_CHECKING:
    from app.wiring import Services

NAMES = tuple(each.name for each in SNIPPETS)


def print_snippet(
    client_id: ClientId,
    application: Annotated[
        str,
        argument(**one_of(NAMES), help="The application, or the language of the code."),
    ],
) -> None:
    """Print how to set up an application for a client. The secret is never printed."""

    async def read(services: "Services") -> str:
        clients = services.clients.clients
        client = await clients.get(client_id)
        snippet = next(each for each in SNIPPETS if each.name == application)
        cli_client = await clients.find(f"{client_id}{CLI_SUFFIX}")
        return snippet.text(
            client,
            issuer=services.core.settings.issuer_url,
            cli_client_id=cli_client.client_id if cli_client is not None else None,
        )

    print(with_services(read), end="")
