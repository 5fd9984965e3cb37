"""Formats of password hashes: Werkzeug, Django, Passlib, bcrypt, Argon2 and Keycloak."""

import re
from collections.abc import Callable
from re import Match

from app.security.foreign_hashes.decoding import (
    ForeignHashError,
    checked_sizes,
    from_base64,
    from_hex,
    log2_of,
    unsupported,
)
from app.security.foreign_hashes.keycloak import parse_keycloak
from app.security.foreign_hashes.kinds import Argon2, Bcrypt, ForeignHash, Pbkdf2, Scrypt

MAXIMUM_LENGTH = 2000
NUMBER = "([1-9][0-9]{0,9})"
BASE64 = "([A-Za-z0-9+/.]+=*)"
SALT = r"([^$\s]+)"
BCRYPT = r"(\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
ARGON2 = rf"\$argon2(id|i)\$(?:v=(16|19)\$)?m={NUMBER},t={NUMBER},p={NUMBER}\${BASE64}\${BASE64}"
FIRST_ARGON2_VERSION = 16
"""The version of a hash that does not state one."""


def parse(text: str) -> ForeignHash:
    """Parse a hash in any supported format, or in its normal form.

    Raise `ForeignHashError` if it is not supported, or if verifying it would take too much.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise unsupported()
    parsed = _parse(text)
    if parsed.excess is not None:
        raise ForeignHashError(f"The password hash costs too much to verify ({parsed.excess}).")
    return parsed


def _parse(text: str) -> ForeignHash:
    if text.startswith("{"):
        return parse_keycloak(text)
    for pattern, build in FORMATS:
        match = pattern.fullmatch(text)
        if match is not None:
            return build(match)
    raise unsupported()


def _werkzeug_pbkdf2(match: Match[str]) -> Pbkdf2:
    digest, iterations, salt, derived = match.groups()
    return Pbkdf2(digest, int(iterations), *checked_sizes(salt.encode(), from_hex(derived)))


def _werkzeug_scrypt(match: Match[str]) -> Scrypt:
    cost, block_size, parallelism, salt, derived = match.groups()
    parts = checked_sizes(salt.encode(), from_hex(derived))
    return Scrypt(log2_of(int(cost)), int(block_size), int(parallelism), *parts)


def _django_pbkdf2(match: Match[str]) -> Pbkdf2:
    digest, iterations, salt, derived = match.groups()
    return Pbkdf2(digest, int(iterations), *checked_sizes(salt.encode(), from_base64(derived)))


def _django_scrypt(match: Match[str]) -> Scrypt:
    cost, salt, block_size, parallelism, derived = match.groups()
    parts = checked_sizes(salt.encode(), from_base64(derived))
    return Scrypt(log2_of(int(cost)), int(block_size), int(parallelism), *parts)


def _passlib_pbkdf2(match: Match[str]) -> Pbkdf2:
    digest, iterations, salt, derived = match.groups()
    parts = checked_sizes(from_base64(salt), from_base64(derived))
    return Pbkdf2(digest or "sha1", int(iterations), *parts)


def _passlib_scrypt(match: Match[str]) -> Scrypt:
    log_cost, block_size, parallelism, salt, derived = match.groups()
    parts = checked_sizes(from_base64(salt), from_base64(derived))
    return Scrypt(int(log_cost), int(block_size), int(parallelism), *parts)


def _bcrypt(match: Match[str]) -> Bcrypt:
    return Bcrypt(match[1], int(match[2]))


def _django_bcrypt(match: Match[str]) -> Bcrypt:
    return Bcrypt(match[1], int(match[2]), is_of_digest=True)


def _argon2(match: Match[str]) -> Argon2:
    variant, version, memory_kib, time_cost, parallelism, salt, derived = match.groups()
    parts = checked_sizes(from_base64(salt), from_base64(derived))
    return Argon2(
        variant,
        int(version or FIRST_ARGON2_VERSION),
        int(memory_kib),
        int(time_cost),
        int(parallelism),
        *parts,
    )


FORMATS: tuple[tuple[re.Pattern[str], Callable[[Match[str]], ForeignHash]], ...] = tuple(
    (re.compile(pattern, re.ASCII), build)
    for pattern, build in (
        (rf"pbkdf2:(sha1|sha256|sha512):{NUMBER}\${SALT}\$([0-9a-f]+)", _werkzeug_pbkdf2),
        (rf"scrypt:{NUMBER}:{NUMBER}:{NUMBER}\${SALT}\$([0-9a-f]+)", _werkzeug_scrypt),
        (rf"pbkdf2_(sha1|sha256)\${NUMBER}\${SALT}\${BASE64}", _django_pbkdf2),
        (rf"scrypt\${NUMBER}\${SALT}\${NUMBER}\${NUMBER}\${BASE64}", _django_scrypt),
        (rf"bcrypt_sha256\${BCRYPT}", _django_bcrypt),
        (rf"(?:argon2)?{ARGON2}", _argon2),
        (BCRYPT, _bcrypt),
        (rf"\$pbkdf2(?:-(sha256|sha512))?\${NUMBER}\${BASE64}\${BASE64}", _passlib_pbkdf2),
        (rf"\$scrypt\$ln={NUMBER},r={NUMBER},p={NUMBER}\${BASE64}\${BASE64}", _passlib_scrypt),
    )
)
