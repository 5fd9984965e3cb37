"""What a user approves of a client: a change of it makes a remembered consent void."""

import hashlib
import json
import re

from app.models.clients import Client

DEFAULT_AUTH_METHOD = "client_secret_basic"
LOOPBACK_PORT = re.compile(r"^(http://(?:localhost|127\.0\.0\.1|\[::1\])):[0-9]+")


def fingerprint_of(client: Client) -> str:
    """Return a digest of the values in force by which a user knows a client.

    These are its name, logo, redirect URIs, authentication method and application type. A default
    that the client states later, the order of its redirect URIs and the port of a loopback address
    (RFC 8252 section 7.3) change nothing.
    """
    further = client.further_metadata
    uris = sorted({LOOPBACK_PORT.sub(r"\1", uri) for uri in client.redirect_uri_list})
    is_web = all(uri.startswith("https://") for uri in uris)
    seen = [
        client.client_name,
        further.get("logo_uri"),
        uris,
        client.token_endpoint_auth_method or DEFAULT_AUTH_METHOD,
        further.get("application_type") or ("web" if is_web else "native"),
    ]
    return hashlib.sha256(json.dumps(seen, ensure_ascii=True).encode()).hexdigest()
