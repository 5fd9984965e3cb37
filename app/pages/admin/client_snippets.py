"""`/admin/clients/{client_id}/snippets`: code and configuration for an app, to copy."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.errors import NotFoundError
from app.pages.admin.base import console_router
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.views import Cell, Link, Part, Table
from app.services.clients.presets import PRESETS
from app.services.clients.presets.argocd import CLI_SUFFIX
from app.services.clients.presets.preset import Preset
from app.services.clients.snippets import SNIPPETS
from app.services.clients.snippets.snippet import Snippet

router = console_router()
routers = (router,)

PRESETS_BY_NAME: Mapping[str, Preset] = {preset.name: preset for preset in PRESETS}


def part_of_snippets(request: ClientRequest) -> Part:
    text = request.text
    return Part(
        text("Set up the app"),
        Table(
            columns=[text("Configuration or code for")],
            rows=[
                [Cell(each.name, url=f"{request.client_url}/snippets/{each.name}")]
                for each in _offered(request)
            ],
            empty=text(
                "There are examples for apps that users sign in to. This client has no redirect"
                " URI, or one that can't be part of an example."
            ),
        ),
    )


@router.get(f"{PATH}/{{client_id}}/snippets/{{application}}")
async def show_snippet(request: ClientRequestDep, application: str) -> Response:
    text, client, services = request.text, request.client, request.services
    snippet = next((each for each in _offered(request) if each.name == application), None)
    if snippet is None:
        raise NotFoundError
    of_command = await services.clients.clients.find(f"{client.client_id}{CLI_SUFFIX}")
    has_secret = client.secret_digest is not None
    return request.console_page(
        "admin_snippet.html",
        heading=text("Set up %(app)s") % {"app": snippet.name},
        back=Link(request.shown_name, request.client_url),
        introduction=(
            text("The secret isn't part of it: put in the one that was shown when it was created.")
            if has_secret
            else text("This client has no secret.")
        ),
        snippet=snippet.text(
            client,
            issuer=services.core.settings.issuer_url,
            cli_client_id=of_command.client_id if of_command is not None else None,
        ),
    )


def _offered(request: ClientRequest) -> Sequence[Snippet]:
    """Return the snippets for a client, first those of the application that it was created for.

    Those of other applications with a preset are left out.
    """
    issuer = request.services.core.settings.issuer_url
    suitable = [each for each in SNIPPETS if each.is_for(request.client, issuer=issuer)]
    of_preset = [each for each in suitable if _is_of_preset(request, each)]
    return [*of_preset, *(each for each in suitable if each.name not in PRESETS_BY_NAME)]


def _is_of_preset(request: ClientRequest, snippet: Snippet) -> bool:
    preset = PRESETS_BY_NAME.get(snippet.name)
    return preset is not None and any(
        preset.has_redirect_uri(uri) for uri in request.client.redirect_uri_list
    )
