"""Code and configuration for a client, as text to copy. The secret is never a part of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.details import Detail
from app.errors import InvalidInputError

if TYPE_CHECKING:  # so that commands import it cheaply
    from app.models.clients.clients import Client

TEMPLATES = Path(__file__).with_name("templates")
PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")
HARMLESS = re.compile(r"[A-Za-z0-9._~:/?=&+\[\] -]*")
"""Text that means the same in a quoted string of shells, YAML, TOML, INI files and Python. Clients
that register themselves choose their redirect URIs and their scope."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A template, for clients with a secret or for all clients."""

    name: str
    needs_secret: bool

    def text(self, client: "Client", *, issuer: str, cli_client_id: str | None) -> str:
        """Return the snippet for a client; `cli_client_id` is the client of Argo CD's command.

        Raise `InvalidInputError` for a client that it is not for.
        """
        if self.needs_secret and client.secret_digest is None:
            raise InvalidInputError(Detail.SNIPPET_NEEDS_SECRET)
        if not client.redirect_uri_list:
            raise InvalidInputError(Detail.SNIPPET_NEEDS_CODE_FLOW)
        values = _values_of(client, issuer)
        for name, value in values.items():
            if not HARMLESS.fullmatch(value):
                raise InvalidInputError(Detail.SNIPPET_VALUE_INVALID, field=name)
        values["cli_client"] = f"\n    cliClientID: {cli_client_id}" if cli_client_id else ""
        template = (TEMPLATES / f"{self.name}.txt").read_text(encoding="utf-8")
        return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _values_of(client: "Client", issuer: str) -> dict[str, str]:
    redirect_uri = client.redirect_uri_list[0]
    parts = urlsplit(redirect_uri)
    metadata: Mapping[str, object] = client.metadata_members
    url = str(metadata.get("client_uri") or f"{parts.scheme}://{parts.netloc}")
    return {
        "issuer": issuer,
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "url": url.rstrip("/"),
        "scope": client.scope,
    }
