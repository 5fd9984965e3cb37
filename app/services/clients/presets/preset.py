"""What a preset consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.schemas.attributes import AttributeDefinitionBody
from app.schemas.claim_mappings import ClaimMapping, MappingTarget
from app.schemas.client_policies import ClientPolicies
from app.schemas.presets import PresetName
from app.services.clients.kinds import KindName, metadata_of_kind

SHOWN = frozenset({MappingTarget.ID_TOKEN, MappingTarget.USERINFO})
"""Where applications read the claims of users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetClient:
    """One client of a preset.

    `paths` are redirect URIs below the URL of the application. A client that is not the first has
    suffixes for the id and the name of the first.
    """

    kind: KindName
    scope: str
    policies: ClientPolicies
    requires_pkce: bool
    paths: Sequence[str] = ()
    redirect_uris: Sequence[str] = ()
    id_suffix: str = ""
    name_suffix: str = ""

    def metadata(self, name: str, url: str | None) -> Mapping[str, Any]:
        """Return client metadata (RFC 7591 section 2), for `ClientCreate`."""
        base = url.rstrip("/") if url is not None else ""
        metadata = {
            **metadata_of_kind(self.kind),
            "client_name": f"{name}{self.name_suffix}",
            "redirect_uris": [*(f"{base}{path}" for path in self.paths), *self.redirect_uris],
            "scope": self.scope,
            "id_token_signed_response_alg": "RS256",
            "require_pkce": self.requires_pkce,
        }
        return metadata if url is None else {**metadata, "client_uri": url}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An application. `roles` are those of its first client, with their descriptions."""

    name: PresetName
    clients: Sequence[PresetClient]
    roles: Mapping[str, str]
    attributes: Sequence[AttributeDefinitionBody]

    @property
    def needs_url(self) -> bool:
        return any(client.paths for client in self.clients)

    def has_redirect_uri(self, uri: str) -> bool:
        """Return whether a redirect URI is one of this application."""
        paths = tuple(path for client in self.clients for path in client.paths)
        uris = [each for client in self.clients for each in client.redirect_uris]
        return uri in uris or uri.endswith(paths)


def mapped(name: str, source: str | None = None) -> ClaimMapping:
    """Return the mapping of a claim, from the source of the same name if none is given."""
    return ClaimMapping(name=name, source=source or name, targets=SHOWN)
