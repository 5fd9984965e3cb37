"""Password hashes of Keycloak: a JSON object with `credentialData` and `secretData`.

Both members are JSON objects, or text that holds one, as in an exported realm.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.security.foreign_hashes.decoding import (
    ForeignHashError,
    checked_sizes,
    from_base64,
    unsupported,
)
from app.security.foreign_hashes.kinds import Argon2, ForeignHash, Pbkdf2

PBKDF2_DIGESTS = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
ARGON2_VERSIONS = {"1.0": 16, "1.3": 19}


def parse_keycloak(text: str) -> ForeignHash:
    """Parse a credential of the type `password`."""
    try:
        return _parse(text)
    except ForeignHashError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise unsupported() from None


def _parse(text: str) -> ForeignHash:
    credential = _members_of(text)
    data = _members_of(credential["credentialData"])
    secret = _members_of(credential["secretData"])
    algorithm, iterations = data["algorithm"], _positive(data["hashIterations"])
    parts = checked_sizes(from_base64(secret["salt"]), from_base64(secret["value"]))
    if algorithm == "argon2":
        return _argon2(_members_of(data["additionalParameters"]), iterations, parts)
    return Pbkdf2(PBKDF2_DIGESTS[algorithm], iterations, *parts)


def _argon2(parameters: Mapping[str, Any], time_cost: int, parts: tuple[bytes, bytes]) -> Argon2:
    """Return the hash; each parameter is a list of one string."""
    variant, memory_kib, parallelism, version = (
        parameters[name][0] for name in ("type", "memory", "parallelism", "version")
    )
    return Argon2(
        variant,
        ARGON2_VERSIONS[version],
        _positive(memory_kib),
        time_cost,
        _positive(parallelism),
        *parts,
    )


def _members_of(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, which may be given as text."""
    members = json.loads(value) if isinstance(value, str) else value
    if not isinstance(members, dict):
        raise unsupported()
    return members


def _positive(value: Any) -> int:
    number = int(value)
    if number < 1:
        raise unsupported()
    return number
