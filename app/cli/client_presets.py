"""`postern clients create --preset`: the clients of a well-known application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.client_rows import row_of_new_client
from app.schemas.presets import PresetBody
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.clients.clients import NewClient
    from app.wiring import Services


def create_preset(
    name: str, *, preset: str, url: str | None, client_id: str | None
) -> list[dict[str, Any]]:
    """Create the clients of a preset and return their rows."""
    values = {"preset": preset, "client_name": name, "url": url, "client_id": client_id}
    body = parse_body(PresetBody, values)

    async def add(services: "Services") -> Sequence["NewClient"]:
        from app.wiring.presets import build_presets

        return await build_presets(services).create(body, authority=FULL)

    return [row_of_new_client(new) for new in with_services(add)]
