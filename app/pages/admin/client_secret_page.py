"""The page that shows the new secret of a client once."""

from starlette.responses import Response

from app.pages.admin.base import ConsoleRequest
from app.pages.admin.client_forms import PATH
from app.pages.admin.secret_forms import secret_page
from app.pages.admin.views import Cell, Fact


def client_secret_page(
    request: ConsoleRequest, client_id: str, secret: str, *, of: str
) -> Response:
    text = request.text
    return secret_page(
        request,
        secret,
        of=of,
        introduction=text("It is shown once. Keep it on the server of the app only."),
        facts=[
            Fact(text("Client ID"), Cell(client_id, is_code=True)),
            Fact(text("Issuer"), Cell(request.services.core.settings.issuer_url, is_code=True)),
        ],
        next_url=f"{PATH}/{client_id}",
    )
