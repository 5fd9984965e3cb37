"""Sectors of pairwise subjects (OpenID Connect Core section 8.1).

The clients of a sector get the same subjects, so each must prove that it belongs to the sector.
"""

import json
from collections.abc import Collection

from app.errors import OverloadedError
from app.oauth.client_metadata import AnyClient
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidClientMetadataError
from app.oauth.redirect_uris import hostname_of
from app.observability.logging import logger
from app.outbound.http import BusyError, FetchError, OutboundHttp

log = logger(__name__)

PROVE_THEIR_HOST = frozenset({"authorization_code", "refresh_token"})
"""Grants whose tokens reach only the owner of a redirect URI."""
KEY_METHOD = "private_key_jwt"


class Sectors:
    def __init__(self, outbound: OutboundHttp) -> None:
        self._outbound = outbound

    async def identifier_of(self, body: AnyClient) -> str | None:
        """Return the sector of a client with pairwise subjects, or None for public subjects.

        Raises `InvalidClientMetadataError` if the client does not prove that it belongs to it.
        """
        uri, is_pairwise = body.sector_identifier_uri, body.subject_type == "pairwise"
        has_other_grants = is_pairwise and not set(body.grant_types) <= PROVE_THEIR_HOST
        if is_pairwise and not body.all_redirect_uris:
            raise InvalidClientMetadataError(Description.PAIRWISE_REQUIRES_REDIRECT_URI)
        if has_other_grants:
            _check_keys(body)
        if uri is not None:
            await self._check_document(
                uri, [*body.all_redirect_uris, *([body.jwks_uri or ""] if has_other_grants else [])]
            )
        if not is_pairwise:
            return None
        return hostname_of(uri) if uri is not None else _common_host(body.all_redirect_uris)

    async def _check_document(self, uri: str, required: Collection[str]) -> None:
        try:
            response = await self._outbound.get(uri)
            listed = json.loads(response.body) if response.status == 200 else None
        except BusyError:  # not a failure of the document
            raise OverloadedError from None
        except (FetchError, ValueError, RecursionError) as error:
            log.info("a sector_identifier_uri could not be fetched: %s", error)
            listed = None
        if not isinstance(listed, list) or not all(
            required_uri in listed for required_uri in required
        ):
            raise InvalidClientMetadataError(Description.SECTOR_INCOMPLETE)


def _check_keys(body: AnyClient) -> None:
    """Require private_key_jwt with a `jwks_uri`, and a sector document to list it.

    Tokens of the other grants reach the holder of a key, so the sector must list the address of the
    key (CIBA Core section 4). Raises `InvalidClientMetadataError`.
    """
    is_keyed = body.token_endpoint_auth_method == KEY_METHOD and body.jwks_uri is not None
    if body.sector_identifier_uri is None or not is_keyed:
        raise InvalidClientMetadataError(Description.PAIRWISE_REQUIRES_KEYS_OF_SECTOR)


def _common_host(redirect_uris: Collection[str]) -> str:
    """Return the one host of all redirect URIs; raises `InvalidClientMetadataError`.

    A URI with a private-use scheme has no host, since its author can write any host after the
    scheme.
    """
    hosts = {hostname_of(uri) or "" for uri in redirect_uris}
    if len(hosts) != 1 or "" in hosts:
        raise InvalidClientMetadataError(Description.PAIRWISE_REQUIRES_SECTOR)
    return hosts.pop()
