"""Fingerprint of what a user approves about a client; a change invalidates stored consent."""

import hashlib
import json
import re
from typing import Any

from app.models.clients.clients import DOCUMENT, Client

DEFAULT_AUTH_METHOD = "client_secret_basic"
LOOPBACK_PORT = re.compile(r"^(http://(?:localhost|127\.0\.0\.1|\[::1\])):[0-9]+")


def fingerprint_of(client: Client) -> str:
    """Return a digest of the values in force by which a user recognises a client.

    These are its name, logo, redirect URIs, authentication method and application type. The digest
    does not change if the client states a default later, reorders its redirect URIs or changes the
    port of a loopback address (RFC 8252 section 7.3). Of a client with a document, the keys count
    too, and of its redirect URIs only that others were added.
    """
    metadata = client.registered_metadata
    uris = sorted({LOOPBACK_PORT.sub(r"\1", uri) for uri in client.redirect_uri_list})
    is_web = all(uri.startswith("https://") for uri in uris)
    values = [
        client.client_name,
        metadata.logo_uri,
        _of_document(client) if client.has_document else uris,
        client.token_endpoint_auth_method or DEFAULT_AUTH_METHOD,
        metadata.application_type or ("web" if is_web else "native"),
    ]
    return hashlib.sha256(
        json.dumps(values, ensure_ascii=True, sort_keys=True).encode()
    ).hexdigest()


def _of_document(client: Client) -> list[Any]:
    metadata = client.registered_metadata
    additions = client.metadata_members[DOCUMENT]["additions"]
    return [additions, metadata.jwks_uri, dict(metadata.jwks) if metadata.jwks else None]
