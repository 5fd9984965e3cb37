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
"""Text that means the same in a quoted string of shells, YAML, TOML, INI files, Python and
JavaScript. Clients that register themselves choose their redirect URIs and their scope."""
JS_AUTH_METHODS = {
    "client_secret_basic": "ClientSecretBasic",
    "client_secret_post": "ClientSecretPost",
}
"""The functions of `openid-client` for the methods in which a client presents its secret."""

CALLBACKS = ("login/generic_oauth", "auth/callback")
"""What Grafana and Argo CD append to their URL. The redirect URI is right even after a move."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A template, for clients with a secret or for all clients.

    Some libraries lose the query of a redirect URI: `allows_query` is False for them.
    """

    name: str
    needs_secret: bool
    allows_query: bool

    def text(self, client: "Client", *, issuer: str, cli_client_id: str | None) -> str:
        """Return the snippet for a client; `cli_client_id` is the client of Argo CD's command.

        Raise `InvalidInputError` for a client that it is not for.
        """
        values = self._values(client, issuer)
        values["cli_client"] = f"\n    cliClientID: {cli_client_id}" if cli_client_id else ""
        template = (TEMPLATES / f"{self.name}.txt").read_text(encoding="utf-8")
        return PLACEHOLDER.sub(lambda match: values[match[1]], template)

    def is_for(self, client: "Client", *, issuer: str) -> bool:
        """Return whether there is a snippet for a client."""
        try:
            self._values(client, issuer)
        except InvalidInputError:
            return False
        return True

    def _values(self, client: "Client", issuer: str) -> dict[str, str]:
        if self.needs_secret and not _presents_secret(client):
            raise InvalidInputError(Detail.SNIPPET_NEEDS_SECRET)
        if not client.redirect_uri_list:
            raise InvalidInputError(Detail.SNIPPET_NEEDS_CODE_FLOW)
        if not self.allows_query and "?" in client.redirect_uri_list[0]:
            raise InvalidInputError(Detail.SNIPPET_NEEDS_NO_QUERY)
        values = _values_of(client, issuer)
        for name, value in values.items():
            if not HARMLESS.fullmatch(value):
                raise InvalidInputError(Detail.SNIPPET_VALUE_INVALID, field=name)
        return values


def _presents_secret(client: "Client") -> bool:
    return client.secret_digest is not None and _auth_method_of(client) in JS_AUTH_METHODS


def _auth_method_of(client: "Client") -> str:
    return client.token_endpoint_auth_method or "client_secret_basic"


def _values_of(client: "Client", issuer: str) -> dict[str, str]:
    redirect_uri = client.redirect_uri_list[0]
    parts = urlsplit(redirect_uri)
    metadata: Mapping[str, object] = client.metadata_members
    url = str(metadata.get("client_uri") or f"{parts.scheme}://{parts.netloc}")
    for callback in CALLBACKS:
        if redirect_uri.endswith(f"/{callback}"):
            url = redirect_uri.removesuffix(f"/{callback}")
    auth_method = _auth_method_of(client)
    return {
        "issuer": issuer,
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "url": url.rstrip("/"),
        "scope": client.scope,
        "auth_method": auth_method,
        "js_auth_method": JS_AUTH_METHODS.get(auth_method, ""),
        "callback_path": parts.path.lstrip("/"),
        "route_directory": _route_directory(parts.path),
    }


def _route_directory(path: str) -> str:
    """Return the directory of Next.js whose route handler serves a path and those beside it."""
    *parents, name = path.lstrip("/").split("/")
    return "/".join(("app", *parents, "[step]" if name else "[[...step]]"))
