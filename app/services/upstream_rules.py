"""What a provider may be called, and what is taken of what it says about a person."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import ValidationError

from app.errors import InvalidInputError
from app.schemas.claims import StandardClaims
from app.security.text import is_scope, is_storable

NAME = re.compile(r"[a-z0-9-]{1,40}")
MAXIMUM_LABEL = 100
MAXIMUM_LENGTH = 300
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who somebody proved to be at a provider; the rest is only what it says of him."""

    provider: str
    issuer: str
    subject: str
    label: str
    username: str = ""
    name: str = ""
    email: str = ""


def check_provider(
    name: str, *, label: str, issuer: str, client_id: str, scope: str, is_production: bool
) -> None:
    """Raises `InvalidInputError`."""
    if not NAME.fullmatch(name):
        raise InvalidInputError("A name has 1 to 40 of the characters a-z, 0-9 and -.")
    if not _may_be_issuer(issuer, is_production=is_production):
        raise InvalidInputError("--issuer must be an https URL without query and fragment.")
    if not 0 < len(client_id) <= MAXIMUM_LENGTH or not is_storable(client_id):
        raise InvalidInputError("--client-id must have 1 to 300 characters.")
    if not 0 < len(label.strip()) <= MAXIMUM_LABEL or not is_storable(label):
        raise InvalidInputError("--label must have 1 to 100 characters.")
    if "openid" not in scope.split() or len(scope) > MAXIMUM_LENGTH or not is_scope(scope):
        raise InvalidInputError("--scope must be names with spaces between, openid among them.")


def claims_of(elsewhere: Elsewhere) -> dict[str, object]:
    """What may be kept of what a provider says. The address is not verified: that word is ours,
    and would give who controls a provider the mail of an account here."""
    kept: dict[str, object] = {}
    for name in ("name", "email"):
        try:
            claims = StandardClaims.model_validate({name: getattr(elsewhere, name)})
        except ValidationError:
            continue
        kept.update(claims.stated_claims())
    return kept


def _may_be_issuer(issuer: str, *, is_production: bool) -> bool:
    """OpenID Connect Discovery section 3; plain http only to this machine, in development."""
    try:
        parts = urlsplit(issuer)
        is_plain = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in HERE and not is_production
    )
    return (
        is_plain
        and is_safe
        and len(issuer) <= MAXIMUM_LENGTH
        and issuer.isascii()
        and issuer.isprintable()
        and not {" ", "\\", "?", "#"} & set(issuer)
    )
