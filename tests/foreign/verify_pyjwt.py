"""Verifies tokens by the published keys alone, as a service with PyJWT does.

Runs in an environment of its own: reads a list of names and tokens, and prints the claims or the
refusal of each.
"""

import json
import sys
from typing import Any

import jwt  # type: ignore[import-not-found]  # installed where this runs

ISSUER, AUDIENCE, JWKS_URI = sys.argv[1:]
KEYS = jwt.PyJWKClient(JWKS_URI)


def verified(token: str) -> Any:
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        return jwt.decode(
            token,
            KEYS.get_signing_key_from_jwt(token),
            algorithms=["ES256"],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "client_id", "jti"]},
        )
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
        return type(error).__name__


answers = {each["name"]: verified(each["token"]) for each in json.load(sys.stdin)}
sys.stdout.write(json.dumps(answers))
