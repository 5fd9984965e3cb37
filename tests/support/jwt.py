"""Verification of our JWTs with the published keys, as a relying party does it."""

import base64
import json
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.application import Application

ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"]


async def claims_of(app: Application, token: str, *, audience: str) -> dict[str, Any]:
    """Return the claims of a token after verifying signature, issuer, audience and time."""
    claims = await verified(app, token)
    now = app.clock.now().timestamp()
    assert claims["iss"] == app.settings.issuer_url
    assert claims["aud"] == audience
    assert claims["iat"] <= now < claims["exp"]
    return claims


async def verified(app: Application, token: str) -> dict[str, Any]:
    """Return the claims of a token signed by one of the published keys."""
    header = header_of(token)
    keys = (await app.http.get("/jwks")).json()
    (key,) = [key for key in keys["keys"] if key["kid"] == header["kid"]]
    assert key["alg"] == header["alg"]
    if header["alg"] == "EdDSA":  # the library only accepts the newer name without a warning
        return _ed25519(token, key)
    decoded = jwt.decode(token, KeySet.import_key_set({"keys": [key]}), algorithms=ALGORITHMS)
    return dict(decoded.claims)


def header_of(token: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(_decoded(token.split(".")[0]))
    return header


def _ed25519(token: str, key: dict[str, Any]) -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed, _, signature = token.rpartition(".")
    public = Ed25519PublicKey.from_public_bytes(_decoded(key["x"]))
    public.verify(_decoded(signature), signed.encode())
    claims: dict[str, Any] = json.loads(_decoded(token.split(".")[1]))
    return claims


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
