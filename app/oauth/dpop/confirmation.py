"""The key that tokens, codes and families are bound to: the `cnf` claim (RFC 7800 section 3).

It is stored as JSON, in the form in which introspection shows it. The member `jkt` is the
thumbprint of a key (RFC 9449 section 6.1).
"""

import json
import re
from functools import lru_cache

from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError
from app.schemas.tokens import TokenType

JKT = "jkt"
THUMBPRINT = re.compile(r"[\w-]{43}", re.ASCII)


def confirmation_of(jkt: str | None) -> str | None:
    """Return what is stored for a key."""
    return json.dumps({JKT: jkt}) if jkt is not None else None


def requested_key(dpop_jkt: str) -> str:
    """Return the thumbprint that an authorization request names (RFC 9449 section 10).

    Raises `InvalidRequestError`.
    """
    if not THUMBPRINT.fullmatch(dpop_jkt):
        raise InvalidRequestError(Description.PARAMETER_MALFORMED.format(name="dpop_jkt"))
    return dpop_jkt


def bound_key(confirmation: str | None) -> str | None:
    """Return the thumbprint of the key that something is bound to, or None if it is not."""
    return parse_confirmation(confirmation).get(JKT) if confirmation is not None else None


def token_type_of(confirmation: str | None) -> TokenType:
    """Return the type of an access token, which tells how it is presented (section 5)."""
    return "Bearer" if confirmation is None or bound_key(confirmation) is None else "DPoP"


@lru_cache(maxsize=1024)
def parse_confirmation(stored: str) -> dict[str, str]:
    """Parse what is stored. Callers do not change the dict."""
    confirmation: dict[str, str] = json.loads(stored)
    return confirmation
